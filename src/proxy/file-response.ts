// The answer that a file gives: its fields, and which of its bytes, after conditions and ranges were judged. Entity
// tags have nginx's form, modification time and size in hexadecimal, so that caches filled by it stay valid.

import { close, type Stats } from 'node:fs' // hot-path: serving files
import type { BodySource } from '../base/body-source.ts'
import type { Failure } from '../base/failure.ts'
import { formatHttpDate } from '../http/date.ts'
import { FIELD } from '../http/field-list.ts'
import { hasErrorPage } from './answer.ts'
import { builtInPage } from './error-page.ts'
import type { Exchange } from './exchange.ts'
import { judgeConditions, rangeHolds, type Validators } from './file-conditions.ts'
import { type ByteRange, contentRange, parseRanges } from './file-range.ts'
import { type FilePart, FileSource, TextSource } from './file-source.ts'
import { mediaType } from './media-type.ts'
import { makeMultipart } from './multipart.ts'
import type { LocationRuntime } from './runtime.ts'

/** The head of an answer. */
export interface FileAnswer {
  readonly status: number
  /** Field lines, each with CRLF, without Content-Length. */
  readonly lines: string
  /** Bytes of the body, also where none is sent. */
  readonly length: number
}

/** How a file handler answers; tests put their own in its place. */
export interface FileAnswers {
  status(exchange: Exchange, status: number): void
  redirect(exchange: Exchange, status: number, location: string): void
  source(exchange: Exchange, found: FileAnswer, source: BodySource | null): void
  /** A text whose length nobody says. */
  list(exchange: Exchange, lines: string, text: string): void
  /** Goes on with another path of the server, method and arguments kept. */
  internal(exchange: Exchange, uri: string): void
  /** The client went away. */
  cut(exchange: Exchange, failure: Failure): void
}

/** Statuses whose answers have a date of the file. */
const DATED: ReadonlySet<number> = new Set([200, 206, 304])

/** Answers with an open regular file; closes it, now or when it was sent. */
export function makeFileAnswer(
  exchange: Exchange,
  location: LocationRuntime,
  stats: Stats,
  fd: number,
  answers: FileAnswers,
): void {
  const { fields } = exchange.head
  const settings = location.settings.files
  const known = validatorsOf(stats)
  const validators = settings.hasEtag ? known : { ...known, etag: '' }
  // A page that stands for an error is sent whole, and has no date of its own.
  const isErrorPage = exchange.errorStatus > 0 && exchange.errorStatus !== 200
  const condition = isErrorPage ? 0 : judgeConditions(fields, validators, settings.modifiedSince)
  if (condition === 412) {
    close(fd, () => {})
    answers.status(exchange, 412)
    return
  }
  const type = exchange.keptType || mediaType(exchange.uri, location.settings.files)
  const dated =
    isErrorPage && !DATED.has(exchange.errorStatus)
      ? ''
      : `Last-Modified: ${formatHttpDate(validators.modified)}\r\n`
  const lines = validators.etag === '' ? dated : `${dated}ETag: ${validators.etag}\r\n`
  if (condition === 304) {
    close(fd, () => {})
    answers.source(exchange, { status: 304, lines, length: 0 }, null)
    return
  }
  const { size } = stats
  const isRanged = !isErrorPage && settings.rangesMax !== 0
  const rangeIndex = isRanged ? fields.findId(FIELD.range) : -1
  const ranges =
    rangeIndex !== -1 && rangeHolds(fields, validators)
      ? parseRanges(fields.value(rangeIndex), size, settings.rangesMax)
      : null
  if (ranges === 'unsatisfiable') {
    close(fd, () => {})
    refuseRange(exchange, location, size, answers)
    return
  }
  const body = ranges === null ? whole(size, type, isRanged) : partial(ranges, size, type)
  const found = { status: body.status, lines: body.lines + lines, length: body.length }
  if (exchange.method === 'HEAD' || body.length === 0) {
    close(fd, () => {})
    answers.source(exchange, found, null)
  } else {
    answers.source(exchange, found, new FileSource(fd, body.parts))
  }
}

/** Modification time in whole seconds, and the tag made of it. */
export function validatorsOf(stats: Stats): Validators {
  const modified = Math.floor(stats.mtimeMs / 1000)
  return { etag: `"${modified.toString(16)}-${stats.size.toString(16)}"`, modified }
}

interface Body extends FileAnswer {
  readonly parts: readonly FilePart[]
}

function whole(size: number, type: string, isRanged: boolean): Body {
  const ranges = isRanged ? 'Accept-Ranges: bytes\r\n' : ''
  const lines = typeLine(type) + ranges
  return { status: 200, lines, length: size, parts: [{ start: 0, end: size }] }
}

function partial(ranges: readonly ByteRange[], size: number, type: string): Body {
  const [first] = ranges
  if (first !== undefined && ranges.length === 1) {
    const lines = `${typeLine(type)}Content-Range: ${contentRange(first, size)}\r\n`
    return { status: 206, lines, length: first.end - first.start, parts: [first] }
  }
  const { length, parts, line } = makeMultipart(ranges, size, typeLine(type))
  return { status: 206, lines: line, length, parts }
}

function refuseRange(
  exchange: Exchange,
  location: LocationRuntime,
  size: number,
  answers: FileAnswers,
): void {
  if (hasErrorPage(exchange, 416)) {
    answers.status(exchange, 416)
    return
  }
  const page = builtInPage(416, location.signature)
  // As in nginx, what is added to the whole stays with what could not be given.
  const added = location.response.wholeLines(exchange)
  const lines = `Content-Type: text/html\r\n${added}Content-Range: bytes */${size}\r\n`
  answers.source(exchange, { status: 416, lines, length: page.length }, new TextSource(page))
}

function typeLine(type: string): string {
  return type === '' ? '' : `Content-Type: ${type}\r\n`
}
