// Several ranges of one representation in one body (RFC 9110 §14.6), as nginx writes them.

import { type ByteRange, contentRange } from './file-range.ts'
import type { FilePart } from './file-source.ts'

export interface Multipart {
  /** Bytes of all parts together. */
  readonly length: number
  readonly parts: readonly FilePart[]
  /** Content-Type of the whole. */
  readonly line: string
}

/**
 * Puts the ranges into one body.
 *
 * @param length of the representation
 * @param typeLine its Content-Type; empty = none
 */
export function makeMultipart(
  ranges: readonly ByteRange[],
  length: number,
  typeLine: string,
): Multipart {
  const boundary = nextBoundary()
  const parts: FilePart[] = []
  let bytes = 0
  for (const range of ranges) {
    const head = `\r\n--${boundary}\r\n${typeLine}Content-Range: ${contentRange(range, length)}\r\n\r\n`
    parts.push(head, range)
    bytes += head.length + range.end - range.start
  }
  const tail = `\r\n--${boundary}--\r\n`
  parts.push(tail)
  const line = `Content-Type: multipart/byteranges; boundary=${boundary}\r\n`
  return { length: bytes + tail.length, parts, line }
}

let boundaries = 0

/** Twenty digits: unlike any in the body by chance only, as everywhere. */
function nextBoundary(): string {
  return String(++boundaries).padStart(20, '0')
}
