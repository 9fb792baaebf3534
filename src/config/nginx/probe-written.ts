// A `health_check` as it was written, before anything around it is known, and the makers of the rows
// of its parameters: a time, a number, a text, a path, a switch, a word alone.

import type { ListenAddress } from '../../model/listener.ts'
import type { Origin } from '../../model/origin.ts'
import type { TextTest } from '../../model/probe.ts'
import type { Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import { parseCount, parseFlag, parseTimeMs } from './values.ts'

/** What `type=` may say. */
export const PROBE_TYPES = ['http', 'tcp', 'external', 'ping', 'function', 'fixed'] as const
export type ProbeType = (typeof PROBE_TYPES)[number]

/** One `health_check` as written; what is missing was not. */
export interface WrittenProbe {
  readonly origin: Origin
  /** By property of `Probe` or of its check. */
  readonly origins: Record<string, Origin>
  type: ProbeType
  match?: Word
  name?: string
  uri?: string
  method?: string
  host?: string
  readonly headers: (readonly [string, string])[]
  body?: string
  withinMs?: number
  redirectsMax?: number
  keepaliveMs?: number
  isHttp2?: boolean
  isTls?: boolean
  serverName?: string
  isVerified?: boolean
  trustedPath?: string
  certificatePath?: string
  keyPath?: string
  daysLeftMin?: number
  send?: string
  expect?: TextTest
  command?: string
  readonly arguments: string[]
  readonly environment: (readonly [string, string])[]
  modulePath?: string
  tries?: number
  isUp?: boolean
  connects?: number
  port?: number
  intervalMs?: number
  jitterMs?: number
  timeoutMs?: number
  doubtIntervalMs?: number
  downIntervalMs?: number
  rise?: number
  fall?: number
  isMandatory?: boolean
  isPersistent?: boolean
  isAskedOnFailure?: boolean
  keepsSessions?: boolean
  virtual?: ListenAddress
}

/** One parameter of `health_check`. */
export interface Parameter {
  readonly name: string
  /** Missing = for all. */
  readonly types?: readonly ProbeType[]
  /** A word alone, without `=`. */
  readonly isFlag?: true
  readonly isRepeatable?: true
  /** The property of the model that it writes, for places. */
  readonly property: string
  /** The value as documentation writes it. */
  readonly value: string
  /** Reads the text behind `=`; false = not such a value. */
  readonly read: (text: string, draft: WrittenProbe, reading: Reading, word: Word) => boolean
  readonly hint: string
}

type NumberKey = {
  [K in keyof WrittenProbe]-?: WrittenProbe[K] extends number | undefined ? K : never
}[keyof WrittenProbe]
type TextKey = {
  [K in keyof WrittenProbe]-?: WrittenProbe[K] extends string | undefined
    ? string extends WrittenProbe[K]
      ? K
      : never
    : never
}[keyof WrittenProbe]
type FlagKey = {
  [K in keyof WrittenProbe]-?: WrittenProbe[K] extends boolean | undefined ? K : never
}[keyof WrittenProbe]

/** What a row may say beside its form. */
export type Options = Partial<Pick<Parameter, 'types' | 'property'>>

/** A time to milliseconds. */
export function time(name: string, key: NumberKey, min: number, options: Options = {}): Parameter {
  const hint = min === 0 ? `write a time: ${name}=500ms` : `write a time, not 0: ${name}=2s`
  return number(name, key, { value: 'time', hint, ...options }, text => {
    const ms = parseTimeMs(text)
    return ms !== null && ms >= min ? ms : null
  })
}

/** A whole number. */
export function count(
  name: string,
  key: NumberKey,
  [min, max]: readonly [number, number],
  options: Options = {},
): Parameter {
  const upTo = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`
  const hint = `write a whole number from ${min}${upTo}`
  return number(name, key, { value: 'number', hint, ...options }, text => {
    const value = parseCount(text)
    return value !== null && value >= min && value <= max ? value : null
  })
}

function number(
  name: string,
  key: NumberKey,
  options: Options & Pick<Parameter, 'value' | 'hint'>,
  parse: (text: string) => number | null,
): Parameter {
  return {
    name,
    property: key,
    ...options,
    read(text, draft) {
      const value = parse(text)
      if (value !== null) draft[key] = value
      return value !== null
    },
  }
}

/** Any text but the empty one. */
export function text(name: string, key: TextKey, value: string, options: Options = {}): Parameter {
  return {
    name,
    property: key,
    value,
    hint: `write ${name}=${value}`,
    ...options,
    read(written, draft) {
      if (written !== '') draft[key] = written
      return written !== ''
    },
  }
}

/** A path under the prefix; a command without a slash is looked up on the PATH. */
export function file(name: string, key: TextKey, options: Options = {}): Parameter {
  return {
    ...text(name, key, 'file', options),
    read(written, draft, reading) {
      const isName = key === 'command' && !written.includes('/')
      if (written !== '') draft[key] = isName ? written : reading.underPrefix(written)
      return written !== ''
    },
  }
}

/** `on` or `off`. */
export function onOff(name: string, key: FlagKey, options: Options = {}): Parameter {
  return {
    name,
    property: key,
    value: 'on|off',
    hint: 'it must be "on" or "off"',
    ...options,
    read(written, draft) {
      const value = parseFlag(written)
      if (value !== null) draft[key] = value
      return value !== null
    },
  }
}

/** A word alone. */
export function flag(name: string, key: FlagKey): Parameter {
  return {
    name,
    isFlag: true,
    property: key,
    value: '',
    hint: `write "${name}" alone`,
    read(_written, draft) {
      draft[key] = true
      return true
    },
  }
}
