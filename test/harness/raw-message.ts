// Reads HTTP/1.1 messages off a raw connection for tests, by the letter of RFC 9112 §6 and without any code of the
// project, so that what the project writes is judged by somebody else. Throws at whatever a strict reader would refuse.

import type { RawConnection } from './raw-connection.ts'

/** One message as it came. */
export interface RawMessage {
  /** Request line or status line. */
  readonly start: string
  /** Names as sent, with their values, in order. */
  readonly fields: readonly (readonly [string, string])[]
  /** The head as it came, with its empty line. */
  readonly head: string
  readonly body: Buffer
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  /** The body came to the end that its framing says. */
  readonly isWhole: boolean
  /** The lines of the trailer section. */
  readonly trailers: readonly string[]
}

/** A response and what came before it. */
export interface RawResponse extends RawMessage {
  readonly status: number
  readonly interims: readonly string[]
}

/** The values of a field, joined; null when there is none. */
export function fieldOf(message: RawMessage, name: string): string | null {
  const values = message.fields.filter(([each]) => each.toLowerCase() === name.toLowerCase())
  return values.length === 0 ? null : values.map(([, value]) => value).join(', ')
}

/** Reads one request; null when the connection ends before its head is whole. */
export async function readRequest(connection: RawConnection): Promise<RawMessage | null> {
  const head = await connection.until('\r\n\r\n')
  if (head === null) return null
  const parsed = parseHead(head)
  if (!/^[!-~]+ [!-~\x80-\xff]+ HTTP\/1\.[01]$/.test(parsed.start))
    throw new Error(`bad request line ${JSON.stringify(parsed.start)}`)
  return readBody(connection, head, parsed, 'none')
}

/** Reads one response; null when the connection ends before its head is whole. */
export async function readResponse(
  connection: RawConnection,
  method = 'GET',
): Promise<RawResponse | null> {
  const interims: string[] = []
  for (;;) {
    const head = await connection.until('\r\n\r\n')
    if (head === null) return null
    const parsed = parseHead(head)
    const match = /^HTTP\/1\.1 ([1-5]\d\d) [\t -~\x80-\xff]*$/.exec(parsed.start)
    if (match === null) throw new Error(`bad status line ${JSON.stringify(parsed.start)}`)
    const status = Number(match[1])
    if (status < 200 && status !== 101) {
      interims.push(head)
      continue
    }
    const hasBody = method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304
    const message = hasBody
      ? await readBody(connection, head, parsed, 'close')
      : {
          ...parsed,
          head,
          body: Buffer.alloc(0),
          framing: 'none' as const,
          isWhole: true,
          trailers: [],
        }
    return { ...message, status, interims }
  }
}

interface ParsedHead {
  readonly start: string
  readonly fields: readonly (readonly [string, string])[]
}

function parseHead(head: string): ParsedHead {
  const [start = '', ...lines] = head.slice(0, -4).split('\r\n')
  const fields = lines.map(line => {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\0\r\n]*?)[ \t]*$/.exec(line)
    if (match === null) throw new Error(`bad field line ${JSON.stringify(line)}`)
    return [match[1]!, match[2]!] as const
  })
  return { start, fields }
}

async function readBody(
  connection: RawConnection,
  head: string,
  parsed: ParsedHead,
  unframed: 'none' | 'close',
): Promise<RawMessage> {
  const values = (name: string) =>
    parsed.fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)
  const lengths = values('content-length')
  const codings = values('transfer-encoding')
  if (lengths.length + codings.length > 1)
    throw new Error(`two framings in ${JSON.stringify(head)}`)
  const base = { ...parsed, head, trailers: [] as readonly string[] }
  if (codings.length === 1) {
    if (codings[0] !== 'chunked') throw new Error(`coding ${codings[0]}`)
    return { ...base, framing: 'chunked', ...(await readChunks(connection)) }
  }
  if (lengths.length === 1) {
    if (!/^\d+$/.test(lengths[0]!)) throw new Error(`length ${lengths[0]}`)
    const length = Number(lengths[0])
    const body = await connection.bytes(length)
    return { ...base, framing: 'length', body, isWhole: body.length === length }
  }
  if (unframed === 'none') return { ...base, framing: 'none', body: Buffer.alloc(0), isWhole: true }
  const body = await connection.rest()
  return { ...base, framing: 'close', body, isWhole: connection.ending === 'end' }
}

async function readChunks(
  connection: RawConnection,
): Promise<{ body: Buffer; isWhole: boolean; trailers: readonly string[] }> {
  const chunks: Buffer[] = []
  const cut = () => ({ body: Buffer.concat(chunks), isWhole: false, trailers: [] })
  for (;;) {
    const line = await connection.until('\r\n')
    if (line === null) return cut()
    if (!/^[0-9a-f]+\r\n$/i.test(line)) throw new Error(`chunk line ${JSON.stringify(line)}`)
    const size = Number.parseInt(line, 16)
    if (size === 0) break
    const chunk = await connection.bytes(size)
    chunks.push(chunk)
    const end = await connection.bytes(2)
    if (end.length < 2) return cut()
    if (end.toString('latin1') !== '\r\n') throw new Error('no CRLF after a chunk')
  }
  const trailers: string[] = []
  for (;;) {
    const line = await connection.until('\r\n')
    if (line === null) return cut()
    if (line === '\r\n') return { body: Buffer.concat(chunks), isWhole: true, trailers }
    trailers.push(line.slice(0, -2))
  }
}
