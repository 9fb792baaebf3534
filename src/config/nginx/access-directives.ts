// Who may have what: `allow`, `deny`, `satisfy`, passwords, `auth_request`, and `limit_except` with other settings for
// some methods (http://nginx.org/en/docs/http/ngx_http_access_module.html, ngx_http_auth_basic_module.html,
// ngx_http_auth_request_module.html, ngx_http_core_module.html#limit_except).

import { networkText, parseNetwork } from '../../base/network.ts'
import {
  type AccessRule,
  type AccessSettings,
  type AddressRange,
  LIMITABLE_METHODS,
  limitedMethods,
} from '../../model/access.ts'
import { literalText } from '../../model/template.ts'
import { isKnownVariable } from '../../model/variables.ts'
import { ALL_LEVELS, type DirectiveRow, type LevelScope, MANY, scopeRow } from './directive-row.ts'
import { choiceRow, levelRow, timeRow, valueRow } from './level-rows.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import { type Level, type LevelValues, type LocationScope, locationScope } from './scope.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'

/** All levels, and the block of `limit_except`. */
const WITH_METHODS = [...ALL_LEVELS, 'limit_except'] as const

export const ACCESS_DIRECTIVES: readonly DirectiveRow[] = [
  levelRow(
    'allow',
    {
      within: WITH_METHODS,
      isRepeatable: true,
      syntax: 'address | CIDR | unix: | all',
      doc: 'lets clients pass; the first rule that matches decides, none: they pass',
    },
    readRule,
  ),
  levelRow(
    'deny',
    {
      within: WITH_METHODS,
      isRepeatable: true,
      syntax: 'address | CIDR | unix: | all',
      doc: 'answers clients with 403; rules replace those of the level above',
    },
    readRule,
  ),
  choiceRow(
    'satisfy',
    'access.satisfy',
    { all: 'all', any: 'any' } satisfies Record<string, AccessSettings['satisfy']>,
    { doc: 'whether address, password and `auth_request` must all agree, or one is enough' },
  ),
  valueRow(
    'auth_basic',
    'access.realm',
    {
      within: WITH_METHODS,
      syntax: 'string | off',
      doc: 'asks for a name and a password',
    },
    (word, _directive, reading) => {
      const realm = parseTemplate(word, reading)
      return literalText(realm) === 'off' ? OFF : realm
    },
  ),
  valueRow(
    'auth_basic_user_file',
    'access.usersPath',
    {
      within: WITH_METHODS,
      syntax: 'file',
      doc: 'lines of name:password: bcrypt, crypt() with MD5 and SHA-2, apr1, {SHA}, {SSHA}, {PLAIN}',
    },
    (word, _directive, reading) => {
      const [first, ...rest] = parseTemplate(word, reading)
      if (first === undefined) return [reading.besideMain('')]
      return typeof first === 'string' ? [reading.besideMain(first), ...rest] : [first, ...rest]
    },
  ),
  timeRow('auth_delay', 'access.delayMs', {
    doc: 'how long a request without the right password waits for its 401',
  }),
  valueRow(
    'auth_request',
    'access.request',
    {
      syntax: 'uri | off',
      doc: 'asks a location of the server first: 2xx lets pass, 401 and 403 do not, others are 500',
    },
    word => (word.text === 'off' ? '' : word.text),
  ),
  levelRow(
    'auth_request_set',
    {
      args: [2, 2],
      isRepeatable: true,
      syntax: '$variable value',
      doc: 'a variable of the request from those of the answer to `auth_request`',
    },
    readSet,
  ),
  scopeRow(
    'limit_except',
    {
      within: ['location'],
      args: [1, MANY],
      hasBlock: true,
      isRepeatable: true,
      syntax: 'method … { … }',
      doc: 'other rules, and another `proxy_pass`, for all methods but these; GET brings HEAD',
    },
    readLimitExcept,
  ),
]

/** The realm that asks for nothing. */
const OFF: LevelValues['access.realm'] = []

/** The settings of access, by the names that levels have for them. */
export const ACCESS_KEYS = [
  'access.satisfy',
  'access.rules',
  'access.realm',
  'access.usersPath',
  'access.delayMs',
  'access.request',
  'access.requestSets',
] as const satisfies readonly (keyof LevelValues)[]

/** Lays what a level wrote over what holds above it. */
export function buildAccess(values: Level['values'], above: AccessSettings): AccessSettings {
  const realm = values['access.realm']
  const request = values['access.request']
  return {
    satisfy: values['access.satisfy'] ?? above.satisfy,
    rules: values['access.rules'] ?? above.rules,
    realm: realm === undefined ? above.realm : realm === OFF ? null : realm,
    usersPath: values['access.usersPath'] ?? above.usersPath,
    delayMs: values['access.delayMs'] ?? above.delayMs,
    request: request === undefined ? above.request : request === '' ? null : request,
    requestSets: values['access.requestSets'] ?? above.requestSets,
  }
}

function readRule(directive: Directive, { level }: LevelScope, reading: Reading): void {
  const from = readRange(directive.args[0]!, reading)
  if (from === null) return
  const action = directive.name.text === 'allow' ? 'allow' : 'deny'
  const rule: AccessRule = { action, from }
  // Lists of addresses may have a hundred thousand lines: the level's own one grows.
  const own = level.values['access.rules'] as AccessRule[] | undefined
  if (own === undefined) level.set('access.rules', [rule], statementOrigin(directive))
  else own.push(rule)
}

function readRange(word: Word, reading: Reading): AddressRange | null {
  const { text } = word
  if (text === 'all') return { kind: 'all' }
  if (text === 'unix:') return { kind: 'unix' }
  const written = parseNetwork(text)
  if (written === null) {
    const hint = 'write an address, a network such as 10.0.0.0/8, "unix:" or "all"'
    reading.refuse(word, `invalid parameter "${text}"`, hint)
    return null
  }
  const network = networkText(written.network)
  if (written.hasLowBits) {
    const message = `low address bits of ${text} are meaningless`
    reading.diagnostics.warning(message, wordOrigin(word), `it stands for ${network}`)
  }
  return { kind: 'network', network }
}

function readSet(directive: Directive, { level }: LevelScope, reading: Reading): void {
  const [variable, value] = directive.args
  const name = /^\$(\w+)$/.exec(variable!.text)?.[1]?.toLowerCase()
  if (name === undefined) {
    reading.refuse(variable!, `invalid variable name "${variable!.text}"`, 'write a name after "$"')
    return
  }
  if (isKnownVariable(name)) {
    reading.refuse(variable!, `the duplicate "${name}" variable`, 'choose a name of your own')
    return
  }
  reading.captures.add(name)
  const set = { name, value: parseTemplate(value!, reading) }
  // Of two for one variable the later one counts.
  const before = (level.values['access.requestSets'] ?? []).filter(other => other.name !== name)
  level.set('access.requestSets', [...before, set], statementOrigin(directive))
}

const METHODS: ReadonlySet<string> = new Set(LIMITABLE_METHODS)

function readLimitExcept(directive: Directive, scope: LocationScope, reading: Reading): void {
  const methods: string[] = []
  let isWhole = true
  for (const word of directive.args) {
    const method = word.text.toUpperCase()
    if (METHODS.has(method)) methods.push(method)
    else {
      isWhole = false
      reading.refuse(
        word,
        `invalid method "${word.text}"`,
        `known are ${LIMITABLE_METHODS.join(', ')}`,
      )
    }
  }
  if (!isWhole) return
  if (scope.limitExcept !== undefined) {
    const first = scope.limitExcept.scope.origin
    const hint = `it stands in ${first.file}:${first.line} already`
    reading.diagnostics.error(
      '"limit_except" directive is duplicate',
      directiveOrigin(directive),
      hint,
    )
    return
  }

  const inner = locationScope(scope, {
    block: 'limit_except',
    origin: statementOrigin(directive),
    match: scope.match,
    text: scope.text,
  })
  scope.limitExcept = { methods: limitedMethods(methods), scope: inner }
  reading.walk(directive.block!, inner)
}
