// Byte ranges of a file (RFC 9110 §14), parsed as nginx parses them: anything that is not understood is refused with
// 416, ranges that overlap to more than the whole are not worth parts and give the whole.

const PREFIX = 'bytes='

/** Bytes [start, end) of the file. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Reads the value of Range.
 *
 * @param rangesMax more of them give the whole; null = any number
 * @returns the parts to send; null = the whole file with 200; `'unsatisfiable'` = 416
 */
export function parseRanges(
  value: string,
  length: number,
  rangesMax: number | null = null,
): ByteRange[] | null | 'unsatisfiable' {
  if (value.length < 7 || value.slice(0, 6).toLowerCase() !== PREFIX) return null
  const ranges: ByteRange[] = []
  let size = 0
  for (const spec of value.slice(6).split(',')) {
    const parts = /^ *(?:(\d+) *- *(\d*)|-(\d+)) *$/.exec(spec)
    const range =
      parts === null ? null : rangeOf(parts[1] ?? '', parts[2] || parts[3] || '', length)
    if (range === null) return 'unsatisfiable'
    if (range.start < range.end) {
      ranges.push(range)
      size += range.end - range.start
      if (rangesMax !== null && ranges.length > rangesMax) return null
    } else if (range.start === 0) {
      return null
    }
  }
  if (ranges.length === 0) return 'unsatisfiable'
  return size > length ? null : ranges
}

function rangeOf(first: string, last: string, length: number): ByteRange | null {
  const start = Number(first)
  const end = Number(last)
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end)) return null
  if (first === '') return { start: end < length ? length - end : 0, end: length }
  if (last === '') return { start, end: length }
  return { start, end: Math.min(end + 1, length) }
}

/** `bytes 0-99/1234` */
export function contentRange({ start, end }: ByteRange, length: number): string {
  return `bytes ${start}-${end - 1}/${length}`
}
