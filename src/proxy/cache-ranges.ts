// Ranges that go on to the peer: those that lie too far behind, those of pieces, and what stored parts lack.

import type { CacheEntry } from '../cache/entry.ts'
import { isRangeFarBehind } from '../cache/policy/nginx-range.ts'
import { FIELD } from '../http/field-list.ts'
import type { Exchange } from './exchange.ts'
import type { CacheRuntime } from './runtime.ts'

/** Whether the request asks for what lies so far behind that the peer is asked for that alone. */
export function isRangePassed({ head }: Exchange, { settings, slices }: CacheRuntime): boolean {
  const { rangeOffsetMax, mode } = settings
  const index =
    rangeOffsetMax === null || mode === 'standard' ? -1 : head.fields.findId(FIELD.range)
  if (index === -1 || slices !== null) return false
  return isRangeFarBehind(head.fields.value(index), rangeOffsetMax)
}

/**
 * Request lines that ask for a part, where that is asked for or is all that is missing.
 *
 * @param base stored parts that are not those that are asked for
 */
export function rangeLines(
  exchange: Exchange,
  { policy, settings }: CacheRuntime,
  base: CacheEntry | null,
): string {
  const { fields } = exchange.head
  if (settings.mode === 'nginx') return ''
  const { sliceRange } = exchange
  if (sliceRange !== '') return `Range: ${sliceRange}\r\n`
  const index = fields.findId(FIELD.range)
  if (index === -1) return base === null ? '' : policy.completingLines(base)
  const range = fields.value(index)
  if (base === null && !isRangeFarBehind(range, settings.rangeOffsetMax)) return ''
  const condition = fields.findId(FIELD.if_range)
  const line = condition === -1 ? '' : `If-Range: ${fields.value(condition)}\r\n`
  return `Range: ${range}\r\n${line}`
}
