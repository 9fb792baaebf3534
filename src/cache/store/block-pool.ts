// Buffers of one block, used again: bodies of any size go through the store in a few of them, and the collector never sees
// the rest. A buffer that may still be on its way to a socket is not given back but left to the collector.

import { BLOCK_BYTES } from './entry-file.ts'

/** 8 MiB: as much as 128 slow readers at work need. */
const KEPT_MAX = 128

export class BlockPool {
  readonly #free: Buffer[] = []

  /** A buffer of `BLOCK_BYTES` with anything in it. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES)
  }

  /** Takes one back; nobody may look at it any more. Buffers of other sizes are left to the collector. */
  give(bytes: Buffer): void {
    if (bytes.length === BLOCK_BYTES && this.#free.length < KEPT_MAX) this.#free.push(bytes)
  }
}
