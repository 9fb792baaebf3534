// One request to an API: bounded in time and size, and whatever comes of it is the text asked for or a `CloudError` whose
// words name the request and what the API said. Redirects are not followed: a token goes nowhere else.

import { systemErrorText } from '../../base/system-error.ts'
import { CloudError } from './provider.ts'

const BODY_BYTES_MAX = 1_048_576
const SAID_MAX = 300

/** Statuses that another try may change: busy, too many, a server's own trouble. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 423, 425, 429])

export interface ApiCall {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Statuses beyond 408, 409, 423, 425, 429 and 5xx after which it makes sense to try again. */
  readonly passing?: readonly number[]
}

/** What sends a request: `fetch`, or one that signs. */
export type Send = (url: string, init: RequestInit) => Promise<Response>

/** The body of a 2xx answer. Rejects with a `CloudError`. */
export async function callApi(
  call: ApiCall,
  signal: AbortSignal,
  send: Send = fetch,
): Promise<string> {
  const { url, method = 'GET', headers = {}, body, passing = [] } = call
  const what = `${method} ${url}`
  let status = 0
  let text = ''
  try {
    const init = { method, headers, redirect: 'manual', signal } satisfies RequestInit
    const response = await send(url, body === undefined ? init : { ...init, body })
    status = response.status
    text = await readText(response)
  } catch (error) {
    throw new CloudError(`${what}: ${callText(error, signal)}`, false)
  }
  if (status >= 200 && status < 300) return text
  const isPassing = status >= 500 || PASSING.has(status) || passing.includes(status)
  throw new CloudError(`${what}: ${status}${saidText(text)}${hintText(status)}`, !isPassing)
}

/** The same as JSON. */
export async function callJson(call: ApiCall, signal: AbortSignal): Promise<unknown> {
  const text = await callApi(call, signal)
  try {
    return JSON.parse(text === '' ? 'null' : text)
  } catch {
    throw new CloudError(`${call.method ?? 'GET'} ${call.url}: the answer is no JSON`, false)
  }
}

/** A number that a metadata service gives as the id of this machine. */
export async function callOwnId(url: string, signal: AbortSignal): Promise<string> {
  const id = (await callApi({ url }, signal)).trim()
  if (/^\d+$/.test(id)) return id
  throw new CloudError(`the metadata service gives "${id.slice(0, 40)}" as the id`, false)
}

/** A property of something that came as JSON; undefined where there is none. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = (found as Record<string, unknown>)[name]
  }
  return found
}

/** An id, which clouds write as a number or as a text; null for anything else. */
export function idOf(value: unknown): string | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' ? value : null
}

async function readText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of response.body ?? []) {
    bytes += piece.length
    if (bytes > BODY_BYTES_MAX) throw new Error(`more than ${BODY_BYTES_MAX} bytes came`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function callText(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'no answer in time'
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return systemErrorText(cause)
}

/** What the API says of it: the message of its JSON, else the beginning of its text. */
function saidText(text: string): string {
  let said = text
  try {
    const value: unknown = JSON.parse(text)
    const message = at(value, 'message') ?? at(value, 'error', 'message')
    if (typeof message === 'string') said = message
  } catch {
    said = /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? text
  }
  const line = said.replaceAll(/\s+/g, ' ').trim().slice(0, SAID_MAX)
  return line === '' ? '' : `, ${line}`
}

function hintText(status: number): string {
  if (status === 401) return ' (the token is not valid)'
  return status === 403 ? ' (the token may not do this)' : ''
}
