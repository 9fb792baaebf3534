// Keeps the file that says whether this node can serve: written anew twice a second, removed at the end.

import { renameSync, rmSync, writeFileSync } from 'node:fs'

import type { Delay } from '../../base/delay.ts'
import { systemErrorText } from '../../base/system-error.ts'
import { type AliveState, aliveText, uptimeHundredths } from './alive-state.ts'

const TURN_MS = 500
/** A worker whose loop turns answers long before. */
const WORKER_MS = 400
/** The share of the main thread's time that looking may take, as a divisor. */
const SHARE = 20

/** What is known without asking anybody. */
export type AliveLook = Omit<AliveState, 'pid'>

export interface AliveFileOptions {
  readonly look: () => AliveLook
  /** The index of a worker that does not answer in time; null = all do. */
  readonly findStuck: (timeoutMs: number) => Promise<number | null>
  readonly log: (text: string) => void
  readonly delay: Delay
  readonly now: () => number
}

/** The file beside a control socket. */
export function alivePathOf(socketPath: string): string {
  return `${socketPath}.alive`
}

export class AliveFile {
  readonly #options: AliveFileOptions
  readonly #end = new AbortController()
  #path: string | null = null
  #isRunning = false
  #hasComplained = false

  constructor(options: AliveFileOptions) {
    this.#options = options
  }

  /** Writes beside this control socket from now on; null = nowhere. */
  use(socketPath: string | null): void {
    const path = socketPath === null ? null : alivePathOf(socketPath)
    if (path !== this.#path) this.#remove()
    this.#path = path
    if (path === null || this.#isRunning || uptimeHundredths() === null) return
    this.#isRunning = true
    void this.#run()
  }

  /** Writes what is known now, without asking the workers. */
  update(): void {
    const { refusal, groups } = this.#options.look()
    this.#write({ pid: process.pid, refusal, groups })
  }

  close(): void {
    this.#end.abort()
    this.#remove()
    this.#path = null
  }

  async #run(): Promise<void> {
    const { look, findStuck, now, delay } = this.#options
    const { signal } = this.#end
    while (!signal.aborted) {
      const startMs = now()
      const { groups } = look()
      const tookMs = now() - startMs
      const stuck = await findStuck(WORKER_MS)
      if (signal.aborted) return
      // Meanwhile it may have begun to drain.
      const own = stuck === null ? '' : `worker ${stuck} does not answer`
      this.#write({ pid: process.pid, refusal: look().refusal || own, groups })
      await delay(Math.max(TURN_MS, SHARE * tookMs), signal)
    }
  }

  #write(state: AliveState): void {
    const path = this.#path
    if (path === null) return
    try {
      // Whoever reads sees one line or the other, never half of one.
      writeFileSync(`${path}.new`, aliveText(state, uptimeHundredths() ?? 0), { mode: 0o644 })
      renameSync(`${path}.new`, path)
      this.#hasComplained = false
    } catch (error) {
      if (!this.#hasComplained) this.#options.log(`"${path}": ${systemErrorText(error)}`)
      this.#hasComplained = true
    }
  }

  #remove(): void {
    if (this.#path === null) return
    rmSync(this.#path, { force: true })
    rmSync(`${this.#path}.new`, { force: true })
  }
}
