// Time that moves only when a test says so, for the DNS client.

import { setImmediate as turn } from 'node:timers/promises'

import type { NameTime } from '../../src/dns/name-time.ts'

interface Waiting {
  readonly atMs: number
  readonly over: () => void
}

export class FakeTime implements NameTime {
  #nowMs = 1_000_000
  readonly #waiting = new Set<Waiting>()

  readonly now = (): number => this.#nowMs

  readonly delay = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise(resolve => {
      const waiting: Waiting = {
        atMs: this.#nowMs + ms,
        over: () => {
          this.#waiting.delete(waiting)
          signal?.removeEventListener('abort', waiting.over)
          resolve()
        },
      }
      if (signal?.aborted === true) {
        resolve()
        return
      }
      this.#waiting.add(waiting)
      signal?.addEventListener('abort', waiting.over, { once: true })
    })

  /** Delays that are not over. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Moves on by `ms`, ending each delay at its time, and lets what follows from it happen. */
  async pass(ms: number): Promise<void> {
    const until = this.#nowMs + ms
    await turn()
    for (;;) {
      const next = [...this.#waiting].sort((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined || next.atMs > until) break
      this.#nowMs = next.atMs
      next.over()
      await turn()
    }
    this.#nowMs = until
    await turn()
  }
}
