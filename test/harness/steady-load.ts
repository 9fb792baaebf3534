// A load of so many requests a second from this host or one of a test network, with phases. Nothing here asserts time: phases end
// with a number of requests, and how long answers took is for printing.

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { NetworkHost } from './network-hosts.ts'

const CLIENT = fileURLToPath(new URL('./steady-load-client.ts', import.meta.url))

/** Where the client runs. */
export type LoadHost = Pick<NetworkHost, 'spawn'>

export const THIS_HOST: LoadHost = {
  spawn: (command, args, cwd) => spawn(command, args, { cwd, stdio: 'pipe' }),
}

/** A request that has ended. */
export interface Ended {
  /** In the order in which they began. */
  readonly number: number
  readonly tookMs: number
  /** A status; or `left`: the client waited too long, `cut`: the answer broke off, else the code of the error. */
  readonly outcome: string
}

export interface SteadyLoadOptions {
  /** With SEQ where the number of the request goes. */
  readonly url: string
  readonly perSecond: number
  /** How long a user waits. */
  readonly timeoutMs: number
  /** The User-Agent. */
  readonly name: string
}

export class SteadyLoad {
  readonly name: string
  readonly ended: Ended[] = []
  readonly #child: ChildProcess
  readonly #done: Promise<void>
  #errors = ''
  #checks: (() => void)[] = []
  #hasStopped = false

  constructor(host: LoadHost, options: SteadyLoadOptions) {
    const { url, perSecond, timeoutMs, name } = options
    this.name = name
    const words = [CLIENT, url, String(perSecond), String(timeoutMs), name]
    this.#child = host.spawn(process.execPath, words, '/')
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
    let rest = ''
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const line of lines) this.#take(line)
      for (const check of this.#checks) check()
    })
    this.#done = new Promise(resolve => {
      this.#child.on('close', () => {
        this.#hasStopped = true
        for (const check of this.#checks) check()
        resolve()
      })
    })
  }

  #take(line: string): void {
    const [number, tookMs, outcome = ''] = line.split(' ')
    this.ended.push({ number: Number(number), tookMs: Number(tookMs), outcome })
  }

  /** Resolves when `count` more requests have ended. */
  more(count: number): Promise<void> {
    const wanted = this.ended.length + count
    return this.until(() => this.ended.length >= wanted)
  }

  /** Resolves once `isTrue`; looked at whenever requests have ended. */
  until(isTrue: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const check = () => {
      if (isTrue()) resolve()
      else if (this.#hasStopped) reject(new Error(`the load ended early: ${this.#errors}`))
      else return
      this.#checks = this.#checks.filter(other => other !== check)
    }
    this.#checks.push(check)
    check()
    return promise
  }

  /** Begins no more requests; resolves when the last one has ended. */
  async stop(): Promise<readonly Ended[]> {
    this.#child.stdin!.end()
    await this.#done
    return this.ended
  }
}

/** Those that did not get a 200. */
export function failures(ended: readonly Ended[]): readonly Ended[] {
  return ended.filter(each => each.outcome !== '200')
}

/** What came of a load, for people. */
export function describeLoad(ended: readonly Ended[]): string {
  const outcomes = new Map<string, number>()
  for (const { outcome } of ended) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  const counts = [...outcomes].map(([outcome, count]) => `${outcome} × ${count}`).join(', ')
  const times = ended.map(each => each.tookMs).sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]
  const slow = times.filter(each => each > 100).length
  return (
    `${ended.length} requests: ${counts}; p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ` +
    `p99.9 ${at(0.999)} ms, longest ${at(1)} ms, ${slow} over 100 ms`
  )
}
