// The path and query of a request target. Paths are made plain once, before any location is looked
// for, by the rules of nginx (escapes decoded, then slashes and dots resolved, the decoded ones
// too), so that no second reading of the same path can mean something else. Texts here are latin-1:
// one character is one byte.

import { type Failure, fail } from '../base/failure.ts'

/** A target taken apart at its first `?`. */
export interface TargetParts {
  /** The part before `?`, as sent. */
  readonly path: string
  /** The part after `?`, as sent; empty without one. */
  readonly args: string
}

/** Index of the `?` that ends the path, or the target's length. */
export function pathEnd(target: string): number {
  const mark = target.indexOf('?')
  return mark < 0 ? target.length : mark
}

/** Takes a target apart at its first `?`. */
export function splitTarget(target: string): TargetParts {
  const mark = target.indexOf('?')
  if (mark < 0) return { path: target, args: '' }
  return { path: target.slice(0, mark), args: target.slice(mark + 1) }
}

/**
 * Decodes escapes, resolves `.` and `..`, and merges slashes.
 *
 * @param rawPath the path as sent, without the query
 * @param mergeSlashes runs of slashes count as one (nginx `merge_slashes`)
 * @returns the plain path, which may hold any byte but NUL; `rawPath` itself when there is nothing
 * to do
 * Fails with `bad_path` for a bad escape, `%00`, or a path that leaves the root.
 */
export function normalizePath(rawPath: string, mergeSlashes = true): string | Failure {
  if (rawPath.charCodeAt(0) !== SLASH) {
    return rawPath === '*' ? rawPath : fail('bad_path', 'no slash at the start')
  }
  if (isPlain(rawPath, mergeSlashes)) return rawPath
  const decoded = decodePath(rawPath)
  if (typeof decoded !== 'string') return decoded
  return resolveDots(decoded, mergeSlashes)
}

/**
 * Escapes a plain path for a request line: space, controls, `"`, `#`, `%`, `<`, `>`, `?`, `\`, `^`,
 * backtick, braces, `|`, DEL and every byte above, as nginx does where a `proxy_pass` with a URI
 * replaces the path. nginx leaves the path as it is when the client's had no escape (`/a{b` stays
 * so); that is the caller's to ask.
 */
export function escapeUri(path: string): string {
  let from = 0
  let escaped = ''
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i) & 0xff
    if (NEEDS_ESCAPE[code] === 0) continue
    escaped += path.slice(from, i) + ESCAPES[code]!
    from = i + 1
  }
  return from === 0 ? path : escaped + path.slice(from)
}

const SLASH = 0x2f
const DOT = 0x2e
const PERCENT = 0x25

const NEEDS_ESCAPE = buildEscapeTable()
const ESCAPES = buildEscapes()

/**
 * Says whether a path has no escape, no segment that starts with a dot, and no two slashes to
 * merge.
 */
function isPlain(path: string, mergeSlashes: boolean): boolean {
  let isAfterSlash = false
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i)
    if (code === PERCENT) return false
    if (isAfterSlash && (code === DOT || (mergeSlashes && code === SLASH))) return false
    isAfterSlash = code === SLASH
  }
  return true
}

function decodePath(path: string): string | Failure {
  let at = path.indexOf('%')
  if (at < 0) return path
  let decoded = ''
  let from = 0
  while (at >= 0) {
    const high = hexValue(path.charCodeAt(at + 1))
    const low = hexValue(path.charCodeAt(at + 2))
    if (high < 0 || low < 0) return fail('bad_path', 'percent sign without two hex digits')
    const byte = high * 16 + low
    if (byte === 0) return fail('bad_path', 'encoded NUL')
    decoded += path.slice(from, at) + String.fromCharCode(byte)
    from = at + 3
    at = path.indexOf('%', from)
  }
  return decoded + path.slice(from)
}

/** Resolves the segments of a decoded path that starts with a slash. */
function resolveDots(path: string, mergeSlashes: boolean): string | Failure {
  const segments: string[] = []
  let from = 1
  while (from <= path.length) {
    const slash = path.indexOf('/', from)
    const isLast = slash < 0
    const segment = path.slice(from, isLast ? path.length : slash)
    from = isLast ? path.length + 1 : slash + 1
    if (segment === '..') {
      if (segments.length === 0) return fail('bad_path', 'leaves the root')
      segments.pop()
      if (isLast) segments.push('')
    } else if (segment === '.') {
      if (isLast) segments.push('')
    } else if (segment !== '' || isLast || !mergeSlashes) {
      segments.push(segment)
    }
  }
  return `/${segments.join('/')}`
}

/** The value of a hex digit, -1 for anything else, also for the NaN past a string's end. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1
}

function buildEscapeTable(): Uint8Array {
  const table = new Uint8Array(256)
  for (let byte = 0; byte < 256; byte++) if (byte <= 0x20 || byte >= 0x7f) table[byte] = 1
  for (const char of '"#%<>?\\^`{|}') table[char.charCodeAt(0)] = 1
  return table
}

function buildEscapes(): readonly string[] {
  const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0')
  return Array.from({ length: 256 }, (_, byte) => `%${hex(byte)}`)
}
