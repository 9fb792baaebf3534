// `resolver` and `resolver_timeout`: who is asked for names while the program runs, and how long. They are inherited
// apart; groups take those of `http` where they write none. Messages are nginx's (ngx_resolver_create).

import {
  DEFAULT_RESOLVER,
  type ResolverServer,
  type ResolverSettings,
} from '../../model/resolver.ts'
import { isAddressProblem, parsePeerAddress } from './address.ts'
import { ALL_LEVELS, type DirectiveRow, MANY, scopeRow } from './directive-row.ts'
import { readTimeMs } from './level-rows.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { parseTimeSeconds } from './values.ts'

/** `resolver` as it was written: what is missing in it depends on what stands elsewhere. */
export type WrittenResolver = Omit<ResolverSettings, 'timeoutMs' | 'holdMs'> & {
  /** Null where it is not written: then the compat profile decides. */
  readonly holdMs: number | null
}

const WITHIN = [...ALL_LEVELS, 'upstream'] as const
const DNS_PORT = 53

export const RESOLVER_DIRECTIVES: readonly DirectiveRow[] = [
  scopeRow(
    'resolver',
    {
      within: WITHIN,
      args: [1, MANY],
      syntax: 'address … [valid=time] [ipv4=on|off] [ipv6=on|off] [status_zone=zone] [hold=time]',
      doc:
        'name servers for names that are looked up while the program runs; `hold` is how long ' +
        'the last addresses stay when a name is gone, 1h, with `strict` 0 (not of nginx)',
    },
    (directive, scope, reading) => {
      const resolver = readResolver(directive, reading)
      if (resolver === null) return
      if (scope.kind === 'upstream') scope.resolver = resolver
      else scope.level.set('resolver', resolver, statementOrigin(directive))
    },
  ),
  scopeRow(
    'resolver_timeout',
    { within: WITHIN, syntax: 'time', doc: 'time for looking up one name; 0 is no limit' },
    (directive, scope, reading) => {
      const value = readTimeMs(directive.args[0]!, directive, reading)
      if (value === null) return
      if (scope.kind === 'upstream') scope.resolverTimeoutMs = value
      else scope.level.set('resolverTimeoutMs', value, statementOrigin(directive))
    },
  ),
]

/** What one level wrote of the two directives. */
interface WrittenLevel {
  readonly resolver?: WrittenResolver | undefined
  readonly resolverTimeoutMs?: number | undefined
}

/** Lays what a level wrote over what holds above it. */
export function buildResolver(
  { resolver, resolverTimeoutMs }: WrittenLevel,
  above: ResolverSettings,
  isStrict: boolean,
): ResolverSettings {
  if (resolver === undefined && resolverTimeoutMs === undefined) return above
  const timeoutMs = resolverTimeoutMs ?? above.timeoutMs
  if (resolver === undefined) return { ...above, timeoutMs }
  const defaultHoldMs = isStrict ? 0 : DEFAULT_RESOLVER.holdMs
  return { ...resolver, holdMs: resolver.holdMs ?? defaultHoldMs, timeoutMs }
}

type Draft = { -readonly [K in keyof WrittenResolver]: WrittenResolver[K] }
type Parameter = (value: string, draft: Draft) => boolean

function timeParameter(key: 'validMs' | 'holdMs'): Parameter {
  return (value, draft) => {
    const seconds = parseTimeSeconds(value)
    if (seconds !== null) draft[key] = seconds * 1000
    return seconds !== null
  }
}

function switchParameter(key: 'asksIpv4' | 'asksIpv6'): Parameter {
  return (value, draft) => {
    draft[key] = value === 'on'
    return value === 'on' || value === 'off'
  }
}

const PARAMETERS: ReadonlyMap<string, { readonly hint: string; readonly read: Parameter }> =
  new Map([
    ['valid', { hint: 'write whole seconds: 30s', read: timeParameter('validMs') }],
    ['hold', { hint: 'write whole seconds: 30m', read: timeParameter('holdMs') }],
    ['ipv4', { hint: 'it must be "on" or "off"', read: switchParameter('asksIpv4') }],
    ['ipv6', { hint: 'it must be "on" or "off"', read: switchParameter('asksIpv6') }],
    [
      'status_zone',
      {
        hint: 'a zone has a name',
        read: (value, draft) => {
          draft.statusZone = value
          return value !== ''
        },
      },
    ],
  ])

function readResolver(directive: Directive, reading: Reading): WrittenResolver | null {
  const servers: ResolverServer[] = []
  const { timeoutMs: _, ...blank } = DEFAULT_RESOLVER
  const draft: Draft = { ...blank, origin: statementOrigin(directive), holdMs: null, servers }
  const errorsBefore = reading.errorCount
  for (const word of directive.args) {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(word.text) ?? []
    const parameter = PARAMETERS.get(name)
    if (parameter === undefined) {
      const server = readServer(word, reading)
      if (server !== null) servers.push(server)
    } else if (!parameter.read(value, draft)) {
      reading.refuse(word, `invalid parameter: ${word.text}`, parameter.hint)
    }
  }
  if (reading.errorCount > errorsBefore) return null
  const { diagnostics } = reading
  if (servers.length === 0) {
    const hint = 'write the address of a name server'
    diagnostics.error('no name servers defined', statementOrigin(directive), hint)
    return null
  }
  if (!draft.asksIpv4 && !draft.asksIpv6) {
    const message = '"ipv4" and "ipv6" cannot both be "off"'
    diagnostics.error(message, statementOrigin(directive))
    return null
  }
  return draft
}

function readServer(word: Word, reading: Reading): ResolverServer | null {
  const { text } = word
  const parsed = parsePeerAddress(text)
  if (isAddressProblem(parsed)) {
    const isName = parsed.problem === 'invalid host' && !text.startsWith('[')
    const problem = isName ? 'host not found' : parsed.problem
    const known = [...PARAMETERS.keys()].map(name => `"${name}="`).join(', ')
    const hint = text.includes('=') ? `parameters are ${known}` : ''
    reading.refuse(word, `${problem} in resolver "${text}"`, hint)
    return null
  }
  if (text === 'off') {
    // As in nginx it is taken for a name, which nobody has.
    const hint = 'where names are not to be looked up, leave the directive out'
    reading.refuse(word, 'host not found in resolver "off"', hint)
    return null
  }
  const { address, hasPort } = parsed
  if (address.kind === 'unix') {
    reading.refuse(word, `invalid host in resolver "${text}"`, 'a name server has an IP address')
    return null
  }
  const { host } = address
  return { origin: wordOrigin(word), name: text, host, port: hasPort ? address.port : DNS_PORT }
}
