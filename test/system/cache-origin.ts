// An origin whose every answer is another body, known by its entity tag: whatever comes out of a cache tells of itself which
// answer it is, and each of its bytes can be held against that. It counts requests and the bytes that it was asked for.

import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { afterTest } from '../harness/after-test.ts'

/** Prime, so that no block of any size is like the one before it. */
const PERIOD = 1_000_003
const PIECE_BYTES = 65_536

const base = makeBase()

function makeBase(): Buffer {
  const bytes = Buffer.allocUnsafe(PERIOD + PIECE_BYTES)
  let state = 12_345
  for (let i = 0; i < PERIOD; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0
    bytes[i] = state >>> 16
  }
  bytes.copy(bytes, PERIOD, 0, PIECE_BYTES)
  return bytes
}

/** Bytes [start, end) of the body of that number, at most 64 KiB; not to be changed. */
export function bodyBytes(number: number, start: number, end: number): Buffer {
  const at = (start + number * 7_919) % PERIOD
  return base.subarray(at, at + Math.min(end - start, PIECE_BYTES))
}

/** One request that the origin has got. */
export interface OriginRequest {
  readonly path: string
  readonly range: string
}

/** Answers `/BYTES/…` with a body of so many bytes. */
export class BodyOrigin {
  /** What it was asked for so far. */
  readonly requests: OriginRequest[] = []
  /** Body bytes that it has handed to its sockets. */
  bytes = 0
  /** Bodies that it has handed to its sockets whole. */
  finished = 0
  /** Answers wait for `release`. */
  isHolding = false
  /** Fields of its answers. */
  fields: Readonly<Record<string, string>> = { 'cache-control': 'max-age=3600' }
  /** It says what time it is. */
  hasDate = true
  /** The same body for each request of a path, as storages have it. */
  isConstant = false
  readonly #numbers = new Map<string, number>()
  readonly #held: (() => void)[] = []
  #watchers: (() => void)[] = []
  readonly #server = createServer((asked, response) => this.#onRequest(asked, response))
  #port = 0

  static async open(t: TestContext): Promise<BodyOrigin> {
    const origin = new BodyOrigin()
    await origin.listen()
    afterTest(t, () => origin.close())
    return origin
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** Listens, after `close` on the same port again. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** Requests for a path. */
  countOf(path: string): number {
    return this.requests.filter(each => each.path === path).length
  }

  /** Resolves when something has happened that makes it so. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>(resolve => this.#watchers.push(resolve))
  }

  /** Lets go of what it holds. */
  release(): void {
    for (const answer of this.#held.splice(0)) answer()
  }

  #wake(): void {
    for (const wake of this.#watchers.splice(0)) wake()
  }

  #onRequest(asked: IncomingMessage, response: ServerResponse): void {
    const path = asked.url!
    const range = asked.headers.range ?? ''
    this.requests.push({ path, range })
    const known = this.#numbers.get(path)
    const number = this.isConstant && known !== undefined ? known : this.requests.length
    this.#numbers.set(path, number)
    const answer = () => void this.#answer(asked, response, number)
    if (this.isHolding) this.#held.push(answer)
    else answer()
    this.#wake()
  }

  async #answer(asked: IncomingMessage, response: ServerResponse, number: number): Promise<void> {
    const length = Number(asked.url!.split('/')[1])
    const [start, end] = rangeOf(asked.headers.range, length)
    const isPart = end - start < length || asked.headers.range !== undefined
    response.on('error', () => {})
    response.sendDate = this.hasDate
    response.writeHead(isPart ? 206 : 200, {
      etag: `"${number}"`,
      'content-length': end - start,
      'accept-ranges': 'bytes',
      ...(isPart ? { 'content-range': `bytes ${start}-${end - 1}/${length}` } : {}),
      ...this.fields,
    })
    for (let at = start; at < end; ) {
      if (response.destroyed) break
      const piece = bodyBytes(number, at, end)
      at += piece.length
      this.bytes += piece.length
      if (response.write(piece)) continue
      this.#wake()
      await new Promise<void>(resolve => {
        const go = () => {
          response.off('drain', go).off('close', go)
          resolve()
        }
        response.on('drain', go).on('close', go)
      })
    }
    if (!response.destroyed) {
      response.end()
      this.finished++
    }
    this.#wake()
  }
}

function rangeOf(range: string | undefined, length: number): readonly [number, number] {
  const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? '')
  if (match === null) return [0, length]
  const last = match[2] === '' ? length - 1 : Math.min(Number(match[2]), length - 1)
  return [Number(match[1]), last + 1]
}

/** An answer, held against what the origin has. */
export interface Taken {
  readonly status: number
  /** What `X-Cache` says, as the configurations of these tests set it. */
  readonly cache: string
  /** Which of the origin's answers it is; 0 = none. */
  readonly number: number
  readonly bytes: number
  /** Place of the first byte that is not the origin's; -1 = all are. */
  readonly wrongAt: number
  /** All that was announced came. */
  readonly isWhole: boolean
}

/** Asks on a connection of its own, which lands at any worker, and looks at every byte. Rejects without an answer. */
export async function take(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Taken> {
  const asked = request({ host: '127.0.0.1', port, path, agent: false, headers, method })
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const number = Number(/^(?:W\/)?"(\d+)"$/.exec(response.headers.etag ?? '')?.[1] ?? 0)
  let place = Number(/^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1] ?? 0)
  let bytes = 0
  let wrongAt = -1
  let isWhole = true
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (wrongAt === -1 && number !== 0 && !isOf(number, place, chunk)) wrongAt = place
      place += chunk.length
      bytes += chunk.length
    }
  } catch {
    isWhole = false
  }
  const announced = response.headers['content-length']
  if (method !== 'HEAD' && announced !== undefined) isWhole &&= Number(announced) === bytes
  const cache = String(response.headers['x-cache'] ?? '')
  return { status: response.statusCode!, cache, number, bytes, wrongAt, isWhole }
}

function isOf(number: number, place: number, chunk: Buffer): boolean {
  for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
    const piece = chunk.subarray(at, at + PIECE_BYTES)
    const right = bodyBytes(number, place + at, place + at + piece.length)
    if (!piece.equals(right)) return false
  }
  return true
}

/** Asks for many, so many at a time; null = no answer. */
export async function takeAll(
  port: number,
  paths: readonly string[],
  headers: Readonly<Record<string, string>> = {},
  atOnce = 32,
): Promise<(Taken | null)[]> {
  const taken: (Taken | null)[] = new Array(paths.length).fill(null)
  let next = 0
  const lane = async () => {
    while (next < paths.length) {
      const index = next++
      try {
        taken[index] = await take(port, paths[index]!, headers)
      } catch {
        // The proxy was killed.
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return taken
}
