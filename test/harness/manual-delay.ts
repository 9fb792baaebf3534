// Time for code that waits by `Delay`: nothing passes until the test says so.

import type { Delay } from '../../src/base/delay.ts'

export class ManualDelay {
  /** The waits under way, in milliseconds. */
  readonly waiting: { readonly ms: number; readonly resolve: () => void }[] = []
  #wanted = Promise.withResolvers<void>()

  readonly delay: Delay = (ms, signal) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (signal?.aborted) return Promise.resolve()
    const wait = { ms, resolve }
    this.waiting.push(wait)
    signal?.addEventListener('abort', () => {
      const at = this.waiting.indexOf(wait)
      if (at !== -1) this.waiting.splice(at, 1)
      resolve()
    })
    this.#wanted.resolve()
    return promise
  }

  /** Ends all waits that are under way, and resolves when somebody waits again. */
  async pass(): Promise<void> {
    this.#wanted = Promise.withResolvers<void>()
    for (const { resolve } of this.waiting.splice(0)) resolve()
    await this.#wanted.promise
  }
}
