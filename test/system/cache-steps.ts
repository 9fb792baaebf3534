// Words of the tables that compare caches: what is asked, what the origin answers then, and what `$upstream_cache_status` is to
// be in nginx. A difference that is meant stands at its step, with its reason.

import { request } from './transcript.ts'

/** What the origin does with the requests of a step. */
export interface Reply {
  /** Bytes in latin-1; the connection closes after them. `NOW+n` and `NOW-n` become seconds since 1970. */
  readonly text: string | ((request: string) => string)
  readonly delayMs?: number
  /** Nothing comes, and the connection stays open. */
  readonly isSilent?: boolean
}

/** A difference that is meant. */
export interface Difference {
  readonly because: string
  /** Lines that only one has: `nginx < HTTP/1.1 200 OK`, `headgate > GET /a HTTP/1.1`. */
  readonly lines: readonly string[]
}

/** A request, or several at once, and the status in `X-Cache-Status`, `-` = none. */
export interface Step {
  readonly request: string
  readonly status: string
  readonly reply: Reply
  /** Sent so many times at once; `status` is then that of all, sorted, separated by spaces. */
  readonly times: number
  /** The origin is asked once more beside the answer; the step ends when it has answered. */
  readonly isUpdating: boolean
  /** Asked again until the status is as wanted: what happened beside an answer may not be over yet. */
  readonly isPatient: boolean
  /** Real seconds pass first: both have clocks of their own. */
  readonly afterMs: number
  readonly differs: Difference | null
}

/** What a step has beyond its request. */
export type StepDetails = Partial<Omit<Step, 'request' | 'status' | 'reply'>> & {
  readonly fields?: readonly string[]
  readonly method?: string
  readonly body?: string
  readonly reply?: Reply
}

/** A location of its own and what is asked of it. */
export interface Sequence {
  readonly name: string
  /** Content of the location; its cache is `one`, with `$upstream_cache_status` in X-Cache-Status. */
  readonly location: string
  readonly steps: readonly Step[]
}

/** Makes a sequence. */
export function sequence(name: string, location: string, ...steps: readonly Step[]): Sequence {
  return { name, location, steps }
}

/** A GET or what the details say; without a reply the origin says a small 200. */
export function ask(path: string, status: string, details: StepDetails = {}): Step {
  const { fields = [], method = 'GET', body = '', reply = ok(), ...rest } = details
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  return {
    request: `${request(method, `/CASE${path}`, ...fields, ...length)}${body}`,
    status,
    reply,
    times: 1,
    isUpdating: false,
    isPatient: false,
    afterMs: 0,
    differs: null,
    ...rest,
  }
}

/** The same step, with a difference that is meant. */
export function unlike(step: Step, because: string, ...lines: readonly string[]): Step {
  return { ...step, differs: { because, lines } }
}

/** A 200 with fields and a body. */
export function ok(body = 'first', ...fields: readonly string[]): Reply {
  return answer('200 OK', body, ...fields)
}

/** A response with Content-Length. */
export function answer(status: string, body: string, ...fields: readonly string[]): Reply {
  return raw(`HTTP/1.1 ${status}`, ...fields, `Content-Length: ${body.length}`, '', body)
}

/** Lines as they are; the last has no line end. */
export function raw(...lines: readonly string[]): Reply {
  return { text: lines.join('\r\n') }
}

/** The connection closes without an answer. */
export const DEAD: Reply = { text: '' }

/** The origin reads and says nothing. */
export const SILENT: Reply = { text: '', isSilent: true }

/** Stored, and stale at once: an absolute time that is over. */
export const STALE_AT_ONCE = 'X-Accel-Expires: @NOW-1'

/** An origin that keeps to Range for one body, as a file server does. */
export function ranged(body: string, ...fields: readonly string[]): Reply {
  return {
    text: asked => {
      const range = /\r\nrange: bytes=(\d+)-(\d*)/i.exec(asked)
      const start = Number(range?.[1] ?? 0)
      const end = Math.min(body.length, Number(range?.[2] || body.length - 1) + 1)
      const piece = body.slice(start, end)
      const isPart = range !== null && start < body.length
      const head = isPart
        ? [
            'HTTP/1.1 206 Partial Content',
            `Content-Range: bytes ${start}-${end - 1}/${body.length}`,
          ]
        : ['HTTP/1.1 200 OK']
      const content = isPart ? piece : body
      return [
        ...head,
        'Accept-Ranges: bytes',
        ...fields,
        `Content-Length: ${content.length}`,
        '',
        content,
      ].join('\r\n')
    },
  }
}
