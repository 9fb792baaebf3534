// Runs sequences of requests through the real nginx and through the program, each with a cache of its own in front of one origin
// that answers as the step says, and wants the same of both: status, fields, body, cache status, and what the origin is asked.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pass } from 'node:timers/promises'
import { type Pair, startPair, withoutNginx } from '../harness/beside-nginx.ts'
import type { Reply, Sequence, Step } from './cache-steps.ts'
import { compareLines, converse, describeExchange } from './transcript.ts'

/** The table can be proven with nginx on both sides. */
const SECOND = process.env.CACHE_BESIDE === 'nginx' ? 'nginx' : 'headgate'

/** Tells the origin for whom a request comes. */
const SIDE = 'X-Side'

/** Of what an origin is asked, this matters to a cache. */
const TELLING = /^(?:if-|range:|cache-control:|accept-encoding:|x-seen:)/i

const LINE_MAX = 120
const PATIENCE_MS = 3_000
const PATIENCE_STEP_MS = 20

/** Makes the tests of tables by their titles. */
export function describeCaches(
  title: string,
  tables: Readonly<Record<string, readonly Sequence[]>>,
): void {
  describe(title, { skip: withoutNginx() }, () => {
    const all = Object.values(tables).flat()
    const origin = new SteppedOrigin()
    let pair: Pair | null = null
    before(async () => {
      await origin.open()
      pair = await startPair(makeConfig(all, origin.port), 'compat nginx/1.28 strict;', SECOND)
    })
    after(async () => {
      // First: a server that ends in peace waits for its origins.
      origin.close()
      await pair?.end()
      pair?.remove()
    })
    for (const [what, sequences] of Object.entries(tables)) {
      describe(what, () => {
        for (const each of sequences) {
          it(each.name, () => compare(each, `case${all.indexOf(each)}`, origin, pair!))
        }
      })
    }
  })
}

function makeConfig(all: readonly Sequence[], originPort: number): string {
  const locations = all.map(
    ({ location }, index) => `location /case${index}/ { proxy_pass http://origin; ${location} }`,
  )
  return `access_log off;
proxy_cache_path DIRECTORY/cache levels=1:2 keys_zone=one:2m inactive=10m;
upstream origin { server 127.0.0.1:${originPort} max_fails=0; }
server { listen 127.0.0.1:PORT;
proxy_cache one; proxy_http_version 1.1; proxy_set_header Connection "";
proxy_set_header ${SIDE} PORT; proxy_set_header Accept-Encoding "";
add_header X-Cache-Status $upstream_cache_status always;
location = /page { internal; return 404 "our page"; }
${locations.join('\n')}
}`
}

async function compare(
  { steps }: Sequence,
  name: string,
  origin: SteppedOrigin,
  { nginx, headgate }: Pair,
): Promise<void> {
  const found: string[] = []
  const meant: string[] = []
  for (const [index, step] of steps.entries()) {
    await pass(step.afterMs)
    const [theirs, ours] = await Promise.all(
      [nginx, headgate].map(({ port }) => run(step, name, origin, port)),
    )
    const title = `${index + 1}. ${step.request.split(' HTTP')[0]}`
    found.push(title, `nginx ${theirs!.status}`, ...compareLines(theirs!.lines, ours!.lines))
    const differs = SECOND === 'nginx' ? [] : (step.differs?.lines ?? [])
    meant.push(title, `nginx ${step.status}`, ...differs)
  }
  assert.deepEqual(found, meant)
}

interface Seen {
  readonly status: string
  readonly lines: readonly string[]
}

async function run(step: Step, name: string, origin: SteppedOrigin, port: number): Promise<Seen> {
  const text = step.request.replaceAll('CASE', name)
  const deadline = performance.now() + PATIENCE_MS
  origin.prepare(port, step.reply)
  for (;;) {
    const updated = step.isUpdating ? origin.answered(port) : null
    const answers = await Promise.all(
      Array.from({ length: step.times }, () => converse('127.0.0.1', port, text)),
    )
    await updated
    const asked = origin.take(port).map(request => describeAsked(request, name))
    const seen = answers.map(text => describeAnswer(text, step.request.startsWith('HEAD ')))
    const status = seen
      .map(({ status }) => status)
      .sort()
      .join(' ')
    const isOver = !step.isPatient || status === step.status || performance.now() > deadline
    if (isOver) return { status, lines: [...asked, ...seen.flatMap(({ lines }) => lines).sort()] }
    await pass(PATIENCE_STEP_MS)
  }
}

function describeAsked(request: string, name: string): string {
  const [line = '', ...fields] = request.split('\r\n\r\n')[0]!.split('\r\n')
  const telling = fields.filter(field => TELLING.test(field)).sort()
  return `> ${[line.replaceAll(name, 'CASE'), ...telling].join(' | ')}`
}

function describeAnswer(answer: string, isHead: boolean): Seen {
  const lines = describeExchange([], answer)
    .filter(line => !/^< (?:connection|x-accel-expires): /i.test(line))
    // It has no chunks, whatever its fields say.
    .filter(line => !isHead || line !== '< body  (cut)')
    .map(line => (line.length <= LINE_MAX ? line : `< ${line.length} of ${hash(line)}`))
  const status = lines.find(line => line.startsWith('< X-Cache-Status: '))
  return { status: status?.slice('< X-Cache-Status: '.length) ?? '-', lines }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** Answers each side as its step says, and keeps what it was asked. */
class SteppedOrigin {
  readonly #replies = new Map<number, Reply>()
  readonly #received = new Map<number, string[]>()
  readonly #events = new EventEmitter()
  readonly #sockets = new Set<Socket>()
  readonly #server: Server = createServer(socket => this.#serve(socket))

  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  prepare(side: number, reply: Reply): void {
    this.#replies.set(side, reply)
  }

  /** Resolves when a side has had its next answer. */
  async answered(side: number): Promise<void> {
    await once(this.#events, String(side), { signal: AbortSignal.timeout(PATIENCE_MS) })
  }

  /** What a side asked since the last call. */
  take(side: number): string[] {
    const received = this.#received.get(side) ?? []
    this.#received.delete(side)
    return received
  }

  #serve(socket: Socket): void {
    let text = ''
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {})
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece
      if (!isWhole(text)) return
      void this.#reply(socket, text)
      text = ''
    })
  }

  async #reply(socket: Socket, text: string): Promise<void> {
    const side = Number(new RegExp(`\r\n${SIDE}: (\\d+)`, 'i').exec(text)?.[1])
    const reply = this.#replies.get(side)
    if (reply === undefined) throw new Error(`nobody says which side asks: ${text}`)
    this.#received.set(side, [...(this.#received.get(side) ?? []), text])
    if (reply.isSilent === true) return
    if (reply.delayMs !== undefined) await pass(reply.delayMs)
    const bytes = typeof reply.text === 'string' ? reply.text : reply.text(text)
    const now = Math.floor(Date.now() / 1000)
    const dated = bytes
      .replaceAll(/NOW([+-]\d+)/g, (_, seconds: string) => String(now + Number(seconds)))
      .replaceAll(/DATE([+-]\d+)/g, (_, seconds: string) =>
        new Date((now + Number(seconds)) * 1000).toUTCString(),
      )
    socket.end(dated, 'latin1', () => this.#events.emit(String(side)))
  }
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))
  return text.length - end - 4 >= Number(length?.[1] ?? 0)
}
