// What a probe asks, while it is read and written: one flat draft for all types, and the two ways
// between it and the model. A key of another type is a mistake, so that nobody believes in a path
// that is never asked for.

import {
  PLAIN_EXPECTATION,
  type ProbeCheck,
  type ProbeTls,
  type ResponseExpectation,
  type TextTest,
} from '../../model/probe.ts'
import type { Entry, Reading, YamlNode } from './reading.ts'
import { isNothing } from './row.ts'

/** What `type` may say. */
export const CHECK_TYPES = ['http', 'tcp', 'external', 'ping', 'function', 'fixed'] as const
type CheckType = (typeof CHECK_TYPES)[number]

/** A name and its value. */
export type Pair = readonly [string, string]

/** A question while it is read: what belongs to other types stands in it unused. */
export interface CheckDraft {
  readonly type: CheckType
  readonly path: string
  readonly method: string
  readonly host: string | null
  readonly headers: readonly Pair[]
  readonly body: string
  readonly tls: ProbeTls | null
  readonly isHttp2: boolean
  readonly redirectsMax: number
  readonly keepaliveMs: number
  readonly response: ResponseExpectation
  readonly send: string
  readonly answer: TextTest | null
  readonly command: string
  readonly arguments: readonly string[]
  readonly environment: readonly Pair[]
  readonly modulePath: string
  readonly tries: number
  readonly isUp: boolean
  /** 0 = each check asks in full. */
  readonly connects: number
}

/** What holds where a key is missing. */
export const BLANK_CHECK: CheckDraft = {
  type: 'http',
  path: '/',
  method: 'GET',
  host: null,
  headers: [],
  body: '',
  tls: null,
  isHttp2: false,
  redirectsMax: 0,
  keepaliveMs: 0,
  response: PLAIN_EXPECTATION,
  send: '',
  answer: null,
  command: '',
  arguments: [],
  environment: [],
  modulePath: '',
  tries: 1,
  isUp: true,
  connects: 0,
}

/** The keys of each type beside `type` itself. */
const KEYS: Readonly<Record<CheckType, readonly string[]>> = {
  http: [
    ...['path', 'method', 'host', 'headers', 'body', 'tls', 'http2', 'redirects', 'keepalive'],
    ...['expect', 'connects'],
  ],
  tcp: ['tls', 'send', 'expect', 'connects'],
  external: ['command', 'args', 'env', 'connects'],
  ping: ['tries', 'connects'],
  function: ['module', 'connects'],
  fixed: ['up'],
}

/** Reports keys of other types, and what the type cannot do without. False = something was wrong. */
export function checkKeys(draft: CheckDraft, node: YamlNode, reading: Reading): boolean {
  let isWhole = true
  const entries = reading.entries(node) ?? new Map<string, Entry>()
  for (const { name, key } of entries.values()) {
    const owners = CHECK_TYPES.filter(type => KEYS[type].includes(name))
    if (owners.length === 0 || owners.includes(draft.type)) continue
    isWhole = false
    const hint = entries.has('type') ? '' : `add "type: ${owners[0]}"`
    const types = owners.join(', ')
    reading.error(key, `Cannot use "${name}" with type ${draft.type}: it is for ${types}`, hint)
  }
  for (const [type, name, value] of [
    ['external', 'command', draft.command],
    ['function', 'module', draft.modulePath],
  ] as const) {
    const entry = entries.get(name)
    const isWritten = entry !== undefined && !isNothing(entry, reading)
    if (draft.type !== type || value !== '' || isWritten) continue
    isWhole = false
    reading.error(node, `Missing "${name}" in a probe of type ${type}`)
  }
  return isWhole
}

/** The question that a draft comes to. */
export function checkOf(draft: CheckDraft): ProbeCheck {
  const full = fullCheck(draft)
  const { connects, type } = draft
  if (connects === 0 || !KEYS[type].includes('connects')) return full
  return { kind: 'combined', connects, full }
}

function fullCheck(draft: CheckDraft): ProbeCheck {
  const { tls } = draft
  switch (draft.type) {
    case 'http': {
      const { isHttp2, method, path, host, headers, body, redirectsMax, keepaliveMs } = draft
      const request = { isHttp2, method, path, host: host === '' ? null : host, headers, body }
      return { kind: 'http', tls, ...request, redirectsMax, keepaliveMs, expect: draft.response }
    }
    case 'tcp':
      return { kind: 'tcp', tls, send: draft.send, expect: draft.answer }
    case 'external': {
      const { command, environment } = draft
      return { kind: 'external', command, arguments: draft.arguments, environment }
    }
    case 'ping':
      return { kind: 'ping', tries: draft.tries }
    case 'function':
      return { kind: 'function', modulePath: draft.modulePath }
    case 'fixed':
      return { kind: 'fixed', isUp: draft.isUp }
  }
}

/** The draft that comes to a question; what it says nothing of is as in `base`. */
export function draftOfCheck(check: ProbeCheck, base: CheckDraft): CheckDraft {
  switch (check.kind) {
    case 'combined':
      return { ...draftOfCheck(check.full, base), connects: check.connects }
    case 'http': {
      const { kind, expect, ...request } = check
      return { ...base, connects: 0, type: kind, ...request, response: expect }
    }
    case 'tcp': {
      const { kind, expect, ...rest } = check
      return { ...base, connects: 0, type: kind, ...rest, answer: expect }
    }
    case 'fixed':
      return { ...base, type: 'fixed', isUp: check.isUp }
    case 'external':
    case 'ping':
    case 'function': {
      const { kind, ...rest } = check
      return { ...base, connects: 0, type: kind, ...rest }
    }
  }
}
