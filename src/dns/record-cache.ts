// What is known of one name and type: asked for once however many want it, kept for its time to live. A question that
// nobody waits for any more is given up.

import { LRUCache } from 'lru-cache'

import { DNS_LIMITS } from './limits.ts'
import type { DnsRecord, Question, Reply } from './message.ts'
import { codeText, REPLY_CODES } from './message.ts'
import type { NameTime } from './name-time.ts'
import type { ServerList } from './server-list.ts'

/** What is known; `alias` has to be asked for under its other name. */
export type Known =
  | {
      readonly outcome: 'found'
      readonly records: readonly DnsRecord[]
      readonly additionals: readonly DnsRecord[]
      readonly expiresAtMs: number
    }
  | { readonly outcome: 'alias'; readonly target: string; readonly expiresAtMs: number }
  | {
      readonly outcome: 'missing'
      /** Whether there is no such name; else it has no records of the type. */
      readonly isNoName: boolean
      readonly reason: string
      readonly expiresAtMs: number
    }
  | { readonly outcome: 'failed'; readonly reason: string }

interface Flight {
  readonly known: Promise<Known>
  readonly over: AbortController
  waiting: number
}

const GIVEN_UP: Known = { outcome: 'failed', reason: 'given up' }

export class RecordCache {
  readonly #servers: ServerList
  readonly #time: NameTime
  /** 0 = what the records say. */
  readonly #validMs: number
  readonly #kept = new LRUCache<string, Known>({ max: DNS_LIMITS.answersMax })
  readonly #flights = new Map<string, Flight>()
  #isClosed = false

  constructor(servers: ServerList, validMs: number, time: NameTime) {
    this.#servers = servers
    this.#validMs = validMs
    this.#time = time
  }

  /** Questions on their way. */
  get flightCount(): number {
    return this.#flights.size
  }

  /** Finds out about a name, until `signal` is aborted: then it is `failed`. */
  async ask(question: Question, signal: AbortSignal): Promise<Known> {
    const key = `${question.type} ${question.name}`
    const kept = this.#kept.get(key)
    if (kept !== undefined && kept.outcome !== 'failed') {
      if (kept.expiresAtMs > this.#time.now()) return kept
      this.#kept.delete(key)
    }
    if (this.#isClosed || signal.aborted) return GIVEN_UP
    const flight = this.#flights.get(key) ?? this.#start(key, question)
    if (flight === null) return { outcome: 'failed', reason: 'too many questions at once' }
    return this.#wait(key, flight, signal)
  }

  close(): void {
    this.#isClosed = true
    for (const flight of this.#flights.values()) flight.over.abort()
    this.#kept.clear()
  }

  #start(key: string, question: Question): Flight | null {
    if (this.#flights.size >= DNS_LIMITS.questionsMax) return null
    const over = new AbortController()
    const flight: Flight = { known: this.#fly(key, question, over.signal), over, waiting: 0 }
    this.#flights.set(key, flight)
    return flight
  }

  async #fly(key: string, question: Question, signal: AbortSignal): Promise<Known> {
    const { reply, reason } = await this.#servers.ask(question, signal)
    if (!signal.aborted) this.#flights.delete(key)
    if (reply === null) return { outcome: 'failed', reason }
    const known = readReply(reply, question, this.#validMs, this.#time.now())
    if (!this.#isClosed) this.#kept.set(key, known)
    return known
  }

  /** Waits with the others; the last one to give up gives up for all. */
  async #wait(key: string, flight: Flight, signal: AbortSignal): Promise<Known> {
    flight.waiting++
    const { promise, resolve } = Promise.withResolvers<Known>()
    const giveUp = (): void => resolve(GIVEN_UP)
    signal.addEventListener('abort', giveUp, { once: true })
    void flight.known.then(resolve)
    const known = await promise
    signal.removeEventListener('abort', giveUp)
    flight.waiting--
    if (flight.waiting === 0 && this.#flights.get(key) === flight) {
      this.#flights.delete(key)
      flight.over.abort()
    }
    return known
  }
}

/** Follows the aliases inside a reply to the records at their end. */
function readReply(reply: Reply, question: Question, validMs: number, nowMs: number): Known {
  const { answers } = reply
  let name = question.name
  let isAlias = false
  let ttlMs: number = DNS_LIMITS.ttlMsMax
  for (let depth = 0; depth < DNS_LIMITS.aliasDepthMax; depth++) {
    const alias = answers.find(record => record.type === 'CNAME' && record.name === name)
    if (alias?.type !== 'CNAME') break
    ttlMs = Math.min(ttlMs, alias.ttlMs)
    name = alias.target
    isAlias = true
  }
  const records = answers.filter(record => record.type === question.type && record.name === name)
  const additionals = targetRecords(records, reply.additionals)
  for (const record of [...records, ...additionals]) ttlMs = Math.min(ttlMs, record.ttlMs)
  const expiresAtMs = nowMs + Math.min(validMs === 0 ? ttlMs : validMs, DNS_LIMITS.ttlMsMax)
  if (records.length > 0) return { outcome: 'found', records, additionals, expiresAtMs }
  const isNoName = reply.code === REPLY_CODES.noSuchName
  if (isAlias && !isNoName) return { outcome: 'alias', target: name, expiresAtMs }
  const missingMs = Math.min(reply.missingTtlMs ?? Infinity, DNS_LIMITS.missingTtlMsMax)
  return {
    outcome: 'missing',
    isNoName,
    // As nginx: a name without an address is a name that is not found.
    reason: codeText(REPLY_CODES.noSuchName),
    expiresAtMs: nowMs + (validMs === 0 ? missingMs : Math.min(validMs, DNS_LIMITS.ttlMsMax)),
  }
}

/** The addresses that came along with services; others were not asked for. */
function targetRecords(records: readonly DnsRecord[], additionals: readonly DnsRecord[]) {
  const targets = new Set(records.flatMap(record => (record.type === 'SRV' ? [record.target] : [])))
  return additionals.filter(({ type, name }) => type !== 'SRV' && targets.has(name))
}
