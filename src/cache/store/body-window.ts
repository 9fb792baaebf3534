// The youngest bytes of a growing body: what the disk does not have yet, and a little more for the readers that follow
// closely. Blocks lie where they will in the file, so that each is summed up once, when it is full.

import { crc32 } from 'node:zlib'

import type { BlockPool } from './block-pool.ts'
import { BLOCK_BYTES } from './entry-file.ts'

const FIRST_BYTES = 4_096

/** A block, in memory. */
export interface WindowBlock {
  bytes: Buffer
  /** Number of bytes that are in it. */
  used: number
  /** Readers whose caller looks at it now. */
  readers: number
  isDropped: boolean
}

export class BodyWindow {
  /** Of all bytes that came. */
  length = 0
  /** Checksums of all blocks that are complete. */
  readonly crcs: number[] = []
  readonly #pool: BlockPool
  readonly #blocks: WindowBlock[] = []
  /** Number of the first block in memory. */
  #first = 0
  /** Bytes that are expected, -1 = not known. */
  readonly #expected: number

  constructor(pool: BlockPool, expected: number) {
    this.#pool = pool
    this.#expected = expected
  }

  /** Place of the first byte in memory. */
  get start(): number {
    return Math.min(this.#first * BLOCK_BYTES, this.length)
  }

  /** Copies bytes[from, to) to the end. */
  append(bytes: Buffer, from: number, to: number): void {
    let at = from
    while (at < to) {
      const block = this.#blockFor(to - at)
      const end = Math.min(to, at + block.bytes.length - block.used)
      bytes.copy(block.bytes, block.used, at, end)
      block.used += end - at
      this.length += end - at
      at = end
      if (block.used === BLOCK_BYTES) this.#complete(block)
    }
  }

  /** Says that no more bytes come. */
  end(): void {
    const last = this.#blocks.at(-1)
    if (last !== undefined && last.used < BLOCK_BYTES) this.#complete(last)
  }

  /** The block with the byte at `position`, which is in memory. */
  blockAt(position: number): WindowBlock {
    return this.#blocks[Math.floor(position / BLOCK_BYTES) - this.#first]!
  }

  /** The bytes of complete blocks from the one at `position` on, at most `count` of them. */
  pieces(position: number, count: number): Buffer[] {
    const from = Math.floor(position / BLOCK_BYTES) - this.#first
    const to = Math.min(from + count, this.crcs.length - this.#first)
    const pieces: Buffer[] = []
    for (let i = from; i < to; i++) {
      const block = this.#blocks[i]!
      pieces.push(block.bytes.subarray(0, block.used))
    }
    return pieces
  }

  /** Drops complete blocks that end before or at `position`. */
  dropTo(position: number): void {
    const count = Math.min(Math.floor(position / BLOCK_BYTES), this.crcs.length) - this.#first
    if (count > 0) this.#drop(count)
  }

  /** Drops all. */
  clear(): void {
    this.#drop(this.#blocks.length)
    this.#first = Number.MAX_SAFE_INTEGER / BLOCK_BYTES
  }

  /** All bytes as one buffer, which is the caller's; null when some are not in memory any more. */
  whole(): Buffer | null {
    if (this.#first !== 0) return null
    const only = this.#blocks[0]
    if (only !== undefined && only.used === this.length && only.used === only.bytes.length) {
      // Not used again: the caller has it.
      if (only.used < BLOCK_BYTES) return only.bytes
    }
    const whole = Buffer.allocUnsafeSlow(this.length)
    let at = 0
    for (const block of this.#blocks) at += block.bytes.copy(whole, at, 0, block.used)
    return whole
  }

  /** A reader's caller looks at the block. */
  lend(block: WindowBlock): void {
    block.readers++
  }

  /** It does not any more. */
  takeBack(block: WindowBlock): void {
    block.readers--
    if (block.isDropped && block.readers === 0) this.#pool.give(block.bytes)
  }

  #drop(count: number): void {
    for (const block of this.#blocks.splice(0, count)) {
      block.isDropped = true
      if (block.readers === 0) this.#pool.give(block.bytes)
    }
    this.#first += count
  }

  #complete(block: WindowBlock): void {
    this.crcs.push(crc32(block.bytes.subarray(0, block.used)))
  }

  #blockFor(size: number): WindowBlock {
    const last = this.#blocks.at(-1)
    if (last !== undefined && last.used < last.bytes.length) return last
    if (last !== undefined && last.used < BLOCK_BYTES) {
      this.#grow(last, size)
      return last
    }
    const block = { bytes: this.#newBytes(size), used: 0, readers: 0, isDropped: false }
    this.#blocks.push(block)
    return block
  }

  /** Small bodies get small buffers, of their own size where that is known. */
  #newBytes(size: number): Buffer {
    const isFirst = this.length === 0
    if (!isFirst || this.#expected >= BLOCK_BYTES) return this.#pool.take()
    const wanted = this.#expected > 0 ? this.#expected : Math.max(size, FIRST_BYTES)
    return wanted >= BLOCK_BYTES ? this.#pool.take() : Buffer.allocUnsafeSlow(wanted)
  }

  #grow(block: WindowBlock, size: number): void {
    const wanted = Math.max(block.used + size, 2 * block.bytes.length)
    const bytes = wanted >= BLOCK_BYTES ? this.#pool.take() : Buffer.allocUnsafeSlow(wanted)
    block.bytes.copy(bytes, 0, 0, block.used)
    // Readers may look at the old one, which is left to the collector.
    block.bytes = bytes
  }
}
