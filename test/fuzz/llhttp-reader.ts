// Node's own HTTP/1 parser (llhttp), as the second opinion of the fuzz tests: what we accept it
// must accept and read the same way. Its lenient flags stay off.

import { createRequire } from 'node:module'

/** What llhttp made of some bytes. */
export interface Reading {
  /** The reason of its refusal, or null. */
  error: string | null
  /** Bytes read without a refusal. */
  consumed: number
  /** How many messages it has seen to their end. */
  messages: number
  hasHead: boolean
  method: string
  target: string
  minor: number
  status: number
  reason: string
  isKeepAlive: boolean
  fields: string[]
  trailers: string[]
  body: string
}

interface NativeParser {
  [callback: number]: unknown
  initialize(kind: number, resource: object, headBytesMax: number, lenientFlags: number): void
  execute(bytes: Buffer): number | (Error & { reason?: string })
  finish(): undefined | (Error & { reason?: string })
}

interface HttpCommon {
  readonly HTTPParser: {
    readonly REQUEST: number
    readonly RESPONSE: number
    readonly kOnHeaders: number
    readonly kOnHeadersComplete: number
    readonly kOnBody: number
    readonly kOnMessageComplete: number
    new (): NativeParser
  }
  readonly methods: readonly string[]
}

const { HTTPParser, methods } = createRequire(import.meta.url)('_http_common') as HttpCommon

/** Method names by the number that llhttp gives them. */
const METHOD_NAMES = new Map<number, string>()
for (const method of methods) {
  const target = method === 'CONNECT' ? 'a:1' : '/'
  readNumber(`${method} ${target} HTTP/1.1\r\n\r\n`, number => METHOD_NAMES.set(number, method))
}

/** The methods that llhttp knows; it refuses all others. */
export const LLHTTP_METHODS: ReadonlySet<string> = new Set(METHOD_NAMES.values())

/** Says whether llhttp takes a trailer of this name for a framing field of the head. */
export function isFramingName(name: string): boolean {
  return /^(content-length|transfer-encoding)$/i.test(name)
}

/** Reads a request. */
export function readRequest(text: string): Reading {
  return read(HTTPParser.REQUEST, text, false)
}

/** Reads a response; `isHead` says that it answers HEAD. */
export function readResponse(text: string, isHead: boolean): Reading {
  return read(HTTPParser.RESPONSE, text, isHead)
}

function read(kind: number, text: string, isHead: boolean): Reading {
  const reading: Reading = {
    ...{ error: null, consumed: 0, messages: 0, hasHead: false, method: '', target: '', minor: 0 },
    ...{ status: 0, reason: '', isKeepAlive: false, fields: [], trailers: [], body: '' },
  }
  const parser = new HTTPParser()
  parser.initialize(kind, {}, 1 << 20, 0)
  parser[HTTPParser.kOnHeaders | 0] = (fields: string[]) => {
    if (reading.messages > 0) return
    if (reading.hasHead) reading.trailers.push(...fields)
    else reading.fields.push(...fields)
  }
  parser[HTTPParser.kOnHeadersComplete | 0] = (...head: unknown[]) => {
    if (reading.messages > 0) return 0
    const [, minor, fields, method, target, status, reason, , isKeepAlive] = head
    reading.hasHead = true
    reading.minor = minor as number
    if (fields !== undefined) reading.fields.push(...(fields as string[]))
    reading.method = METHOD_NAMES.get(method as number) ?? ''
    reading.target = (target as string | undefined) ?? ''
    reading.status = (status as number | undefined) ?? 0
    reading.reason = (reason as string | undefined) ?? ''
    reading.isKeepAlive = isKeepAlive as boolean
    return isHead ? 1 : 0
  }
  parser[HTTPParser.kOnBody | 0] = (bytes: Buffer) => {
    if (reading.messages === 0) reading.body += bytes.toString('latin1')
  }
  parser[HTTPParser.kOnMessageComplete | 0] = () => {
    reading.messages++
  }
  const result = parser.execute(Buffer.from(text, 'latin1'))
  if (typeof result === 'number') reading.consumed = result
  else reading.error = result.reason ?? result.message
  return reading
}

function readNumber(text: string, take: (number: number) => void): void {
  const parser = new HTTPParser()
  parser.initialize(HTTPParser.REQUEST, {}, 1 << 20, 0)
  parser[HTTPParser.kOnHeadersComplete | 0] = (...head: unknown[]) => {
    take(head[3] as number)
    return 0
  }
  parser.execute(Buffer.from(text))
}
