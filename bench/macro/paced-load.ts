/**
 * A load of so many requests a second, whatever the proxy makes of them: each has its moment, and its
 * latency counts from that moment, so that a proxy that stalls does not thereby slow its own load
 * down. Answers come out by the second, with what their `X-Cache-Status` says.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What is asked, how often, and for how long. */
export interface PacedPlan {
  readonly port: number
  readonly requestsPerSecond: number
  readonly seconds: number
  readonly connections: number
  /** The target of the next request. */
  nextTarget(): string
  /** Called at the end of each second with its number, from 0. */
  onSecond?(second: number): void
}

/** The answers to the requests whose moment was in one second. */
export interface PacedSecond {
  readonly answered: number
  readonly hits: number
  /** Not answered, or with another status than 200. */
  readonly failed: number
  /** Milliseconds, in ascending order. */
  readonly latencies: readonly number[]
}

interface Bucket {
  hits: number
  failed: number
  readonly latencies: number[]
}

/** Those that still wait for an answer at the end have this long. */
const LAST_MS_MAX = 5_000

const TICK_MS = 1

const HEAD_END = '\r\n\r\n'

/**
 * Drives a load and waits for its end.
 *
 * Fails when an answer has no Content-Length: without it there is no telling where it ends.
 */
export async function runPacedLoad(plan: PacedPlan): Promise<PacedSecond[]> {
  const run = new PacedRun(plan)
  try {
    await run.open()
    await run.drive()
  } finally {
    run.close()
  }
  return run.result()
}

/** All latencies of some seconds, in ascending order. */
export function joinLatencies(seconds: readonly PacedSecond[]): number[] {
  return seconds.flatMap(second => second.latencies).sort((a, b) => a - b)
}

/**
 * Picks a percentile by rank.
 *
 * @param sorted in ascending order
 * @param percent 0 to 100
 * @returns NaN of nothing
 */
export function pickPercentile(sorted: readonly number[], percent: number): number {
  const rank = Math.ceil((percent / 100) * sorted.length)
  return sorted[Math.max(0, rank - 1)] ?? Number.NaN
}

class PacedRun {
  readonly #plan: PacedPlan
  readonly #buckets: Bucket[]
  readonly #idle: PacedConnection[] = []
  readonly #all: PacedConnection[] = []
  /** Moments that have come while every connection was busy. */
  readonly #late: number[] = []
  #startedAt = 0
  #sent = 0
  #ended = 0
  #fault: Error | null = null

  constructor(plan: PacedPlan) {
    this.#plan = plan
    this.#buckets = Array.from({ length: plan.seconds }, () => {
      return { hits: 0, failed: 0, latencies: [] }
    })
  }

  async open(): Promise<void> {
    for (let count = 0; count < this.#plan.connections; count++) {
      const connection = new PacedConnection(this.#plan.port, fault => {
        this.#fault ??= fault
      })
      this.#all.push(connection)
      await connection.open()
      this.#idle.push(connection)
    }
  }

  async drive(): Promise<void> {
    const { requestsPerSecond, seconds } = this.#plan
    const total = requestsPerSecond * seconds
    this.#startedAt = performance.now()
    let told = 0
    const lastMs = seconds * 1000 + LAST_MS_MAX
    for (;;) {
      if (this.#fault !== null) throw this.#fault
      const elapsed = performance.now() - this.#startedAt
      const due = Math.min(total, Math.floor((elapsed * requestsPerSecond) / 1000) + 1)
      for (; this.#sent < due; this.#sent++) {
        this.#late.push((this.#sent * 1000) / requestsPerSecond)
      }
      this.#dispatch()
      for (; told < seconds && elapsed >= (told + 1) * 1000; told++) this.#plan.onSecond?.(told)
      if ((this.#ended === total && told === seconds) || elapsed > lastMs) break
      await new Promise(resolve => setTimeout(resolve, TICK_MS))
    }
    for (const connection of this.#all) {
      if (connection.dueMs !== null) this.#bucketOf(connection.dueMs).failed++
    }
    for (const dueMs of this.#late) this.#bucketOf(dueMs).failed++
  }

  close(): void {
    for (const connection of this.#all) connection.close()
  }

  result(): PacedSecond[] {
    return this.#buckets.map(({ hits, failed, latencies }) => ({
      answered: latencies.length,
      hits,
      failed,
      latencies: latencies.toSorted((a, b) => a - b),
    }))
  }

  #dispatch(): void {
    while (this.#late.length > 0 && this.#idle.length > 0) {
      // The one that rested longest: none is to be closed for idling.
      const connection = this.#idle.shift()
      const dueMs = this.#late.shift()
      if (connection === undefined || dueMs === undefined) return
      connection.ask(this.#plan.nextTarget(), dueMs, (isGood, isHit) => {
        this.#count(dueMs, isGood, isHit)
        this.#idle.push(connection)
        this.#dispatch()
      })
    }
  }

  #count(dueMs: number, isGood: boolean, isHit: boolean): void {
    const bucket = this.#bucketOf(dueMs)
    this.#ended++
    if (!isGood) {
      bucket.failed++
      return
    }
    if (isHit) bucket.hits++
    bucket.latencies.push(performance.now() - this.#startedAt - dueMs)
  }

  #bucketOf(dueMs: number): Bucket {
    const bucket = this.#buckets[Math.floor(dueMs / 1000)]
    if (bucket === undefined) throw new Error(`No second for the moment ${dueMs}`)
    return bucket
  }
}

class PacedConnection {
  /** The moment of the request that waits for its answer; null = it is idle. */
  dueMs: number | null = null
  readonly #socket: Socket
  #head = ''
  #bodyLeft = -1
  #isGood = false
  #isHit = false
  #onEnd: (isGood: boolean, isHit: boolean) => void = () => {}

  constructor(port: number, onFault: (fault: Error) => void) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#socket.on('data', bytes => {
      try {
        this.#take(bytes)
      } catch (error) {
        onFault(error instanceof Error ? error : new Error(String(error)))
      }
    })
    this.#socket.on('error', onFault)
    this.#socket.on('end', () => onFault(new Error('The proxy closed a connection under load')))
  }

  async open(): Promise<void> {
    await once(this.#socket, 'connect')
  }

  close(): void {
    this.#socket.removeAllListeners('end')
    this.#socket.destroy()
  }

  ask(target: string, dueMs: number, onEnd: (isGood: boolean, isHit: boolean) => void): void {
    this.dueMs = dueMs
    this.#onEnd = onEnd
    this.#socket.write(`GET ${target} HTTP/1.1\r\nHost: bench.test\r\n\r\n`)
  }

  #take(bytes: Buffer): void {
    let from = 0
    if (this.#bodyLeft < 0) {
      const known = this.#head.length
      this.#head += bytes.toString('latin1')
      const end = this.#head.indexOf(HEAD_END)
      if (end < 0) return
      from = end + HEAD_END.length - known
      this.#readHead(this.#head.slice(0, end))
      this.#head = ''
    }
    this.#bodyLeft -= bytes.length - from
    if (this.#bodyLeft > 0) return
    if (this.#bodyLeft < 0) throw new Error('An answer is longer than its Content-Length')
    this.#bodyLeft = -1
    this.dueMs = null
    this.#onEnd(this.#isGood, this.#isHit)
  }

  #readHead(head: string): void {
    const length = /\r\ncontent-length: (\d+)/i.exec(head)
    if (length === null) throw new Error(`An answer has no Content-Length:\n${head}`)
    this.#bodyLeft = Number(length[1])
    this.#isGood = head.startsWith('HTTP/1.1 200 ')
    this.#isHit = /\r\nx-cache-status: hit/i.test(head)
  }
}
