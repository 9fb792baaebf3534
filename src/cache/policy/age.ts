// Age of a response (RFC 9111 §4.2.3, §5.1): what it had when it came, by its own Age, its Date and the time that asking
// took, and then the time that it lay here. Reckoned in milliseconds, told in whole seconds.

import { FIELD, type FieldList } from '../../http/field-list.ts'
import type { EntryMeta } from '../entry.ts'
import { parseDeltaSeconds } from './cache-control.ts'
import { originSeconds } from './date-value.ts'
import { firstValue } from './field-values.ts'
import type { ResponseTimes } from './policy.ts'

/** Seconds in Age: the first member of a list; what is no number is not there (§5.1). */
export function parseAge(value: string | null): number {
  if (value === null) return 0
  const comma = value.indexOf(',')
  return Math.max(0, parseDeltaSeconds(comma === -1 ? value : value.slice(0, comma).trim()))
}

/** `corrected_initial_age` in seconds, with a fraction. */
export function initialAge(fields: FieldList, times: ResponseTimes): number {
  const { requestMs, responseMs } = times
  const apparent = Math.max(0, Math.floor(responseMs / 1000) - originSeconds(fields, responseMs))
  const delay = Math.max(0, responseMs - requestMs) / 1000
  return Math.max(apparent, parseAge(firstValue(fields, FIELD.age)) + delay)
}

/** `current_age` in seconds, with a fraction. A clock that was set back makes nothing younger than it came. */
export function currentAge(meta: EntryMeta, nowMs: number): number {
  return meta.initialAgeSeconds + Math.max(0, nowMs - meta.responseMs) / 1000
}

let keptSeconds = -1
let keptLine = ''

/** `Age: 3\r\n`: on every answer from a stored response (§4). */
export function ageLine(meta: EntryMeta, nowMs: number): string {
  const seconds = Math.floor(currentAge(meta, nowMs))
  if (seconds !== keptSeconds) {
    keptSeconds = seconds
    keptLine = `Age: ${seconds}\r\n`
  }
  return keptLine
}
