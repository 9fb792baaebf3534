// The text of one configuration file and where its lines start, so that any offset becomes line and
// column. A byte order mark is dropped here: editors write it, no dialect wants it, and columns
// count without it.

import type { Origin } from '../model/origin.ts'

/** One configuration text. Offsets count UTF-16 units of `text`. */
export interface Source {
  /** The name that messages show: the path as it was given. */
  readonly file: string
  readonly text: string
  /** Offset of the first character of each line; never empty. */
  readonly lineStarts: readonly number[]
}

/** Makes a source from the text of a file. */
export function makeSource(file: string, text: string): Source {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  const lineStarts = [0]
  for (let at = body.indexOf('\n'); at !== -1; at = body.indexOf('\n', at + 1)) {
    lineStarts.push(at + 1)
  }
  return { file, text: body, lineStarts }
}

/**
 * Makes the origin of `start`…`end` (exclusive). Offsets outside the text are moved to its end;
 * what spans several lines ends with its first line; the result is at least one column wide.
 */
export function originAt(source: Source, start: number, end: number): Origin {
  const from = Math.max(0, Math.min(start, source.text.length))
  const line = lineOf(source.lineStarts, from)
  const lineStart = source.lineStarts[line]!
  const lineEnd = lineStart + lineText(source, line + 1).length
  const to = Math.max(from + 1, Math.min(end, lineEnd))
  return {
    file: source.file,
    line: line + 1,
    column: from - lineStart + 1,
    endColumn: to - lineStart + 1,
  }
}

/** The text of line `line` (from 1) without its line ending; empty when there is no such line. */
export function lineText(source: Source, line: number): string {
  const start = source.lineStarts[line - 1]
  if (start === undefined) return ''
  const next = source.lineStarts[line]
  const text = source.text.slice(start, next === undefined ? undefined : next - 1)
  return text.endsWith('\r') ? text.slice(0, -1) : text
}

/** Index of the last line that starts at or before `offset`. */
function lineOf(lineStarts: readonly number[], offset: number): number {
  let low = 0
  let high = lineStarts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (lineStarts[middle]! <= offset) low = middle
    else high = middle - 1
  }
  return low
}
