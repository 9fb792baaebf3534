// Reads a part of a body from its file in the thread pool, ahead of the socket: one block for a client that is slow, up to
// four at once for one that waits for the disk. A block is given out only after its checksum; those at the ends of the
// part are read whole for that.

import type { BodySource } from '../../base/body-source.ts'
import { type Failure, fail } from '../../base/failure.ts'
import { callFailedText } from '../../base/system-error.ts'
import type { BlockPool } from './block-pool.ts'
import { BLOCK_BYTES } from './entry-file.ts'
import type { FileCalls } from './file-calls.ts'

/** Blocks of one read. */
export const RUN_BLOCKS_MAX = 4

/** A file with the body of an entry. */
export interface BlockFile {
  readonly files: FileCalls
  readonly pool: BlockPool
  readonly fd: number
  /** For messages. */
  readonly path: string
  /** Place of the body in the file. */
  readonly bodyStart: number
  /** Bytes of the body that are in the file. */
  readonly bodyBytes: number
  /**
   * Makes sure that `isSound` can judge the block, and those after it up to the next multiple of `RUN_BLOCKS_MAX`;
   * `onLoaded` gets what went wrong, at once or later.
   */
  loadChecksum(index: number, onLoaded: (error: Error | null) => void): void
  /** Whether the block is what was written. */
  isSound(index: number, block: Buffer): boolean
  /** Somebody read what is not sound. */
  onDamaged(): void
  hold(): void
  release(): void
}

/** Holds the file until it is closed. */
export class BlockSource implements BodySource {
  onReadable: (() => void) | null = null
  failure: Failure | null = null
  readonly #file: BlockFile
  readonly #end: number
  /** Place in the body of the next byte that `read` gives. */
  #position: number
  /** Number of the next block to be read from the file. */
  #next: number
  /** Blocks that were read, and the one that the caller has. */
  #ahead: Buffer[] = []
  #given: Buffer | null = null
  /** Blocks to read at once: more when the caller waits for them, fewer when they wait for it. */
  #depth = 1
  #isReading = false
  #isWaiting = false
  #isClosed = false

  constructor(file: BlockFile, start: number, end: number) {
    this.#file = file
    this.#position = start
    this.#next = Math.floor(start / BLOCK_BYTES)
    this.#end = Math.min(end, file.bodyBytes)
    file.hold()
  }

  read(): Buffer | 'wait' | null {
    if (this.#isClosed || this.failure !== null) return null
    // The caller came back: what it had is free.
    if (this.#given !== null) this.#file.pool.give(this.#given)
    this.#given = this.#ahead.shift() ?? null
    if (this.#given !== null) {
      if (this.#ahead.length === 0) this.#fetch()
      return this.#give(this.#given)
    }
    if (!this.#isReading && !this.#fetch()) return null
    this.#depth = Math.min(2 * this.#depth, RUN_BLOCKS_MAX)
    this.#isWaiting = true
    return 'wait'
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.onReadable = null
    // What the caller has may be on its way to the socket still: that block is not used again.
    this.#given = null
    for (const block of this.#ahead) this.#file.pool.give(block)
    this.#ahead = []
    if (!this.#isReading) this.#file.release()
  }

  #give(block: Buffer): Buffer | null {
    const file = this.#file
    const index = Math.floor(this.#position / BLOCK_BYTES)
    const start = index * BLOCK_BYTES
    const size = Math.min(BLOCK_BYTES, file.bodyBytes - start)
    if (!file.isSound(index, block.subarray(0, size))) {
      this.failure = fail('internal', `cache file "${file.path}" has a damaged body`)
      file.onDamaged()
      return null
    }
    const piece = block.subarray(this.#position - start, Math.min(size, this.#end - start))
    this.#position += piece.length
    return piece
  }

  /** Starts to read the next blocks; false at the end. */
  #fetch(): boolean {
    const first = this.#next
    const last = Math.ceil(this.#end / BLOCK_BYTES)
    if (this.#isReading || first >= last || this.#position >= this.#end) return this.#isReading
    const room = RUN_BLOCKS_MAX - (first % RUN_BLOCKS_MAX)
    const count = Math.min(this.#depth, room, last - first)
    this.#isReading = true
    this.#next = first + count
    this.#file.loadChecksum(first, error => {
      if (error !== null || this.#isClosed) this.#onRead(error, [])
      else this.#readBlocks(first, count)
    })
    return true
  }

  #readBlocks(first: number, count: number): void {
    const { files, pool, fd, bodyStart, bodyBytes } = this.#file
    const start = first * BLOCK_BYTES
    const size = Math.min(count * BLOCK_BYTES, bodyBytes - start)
    const blocks = Array.from({ length: count }, () => pool.take())
    const last = blocks.at(-1)!
    const targets = blocks.slice(0, -1)
    targets.push(last.subarray(0, size - (count - 1) * BLOCK_BYTES))
    files.readv(fd, targets, bodyStart + start, (error, got) => {
      const cut = error === null && got < size
      this.#onRead(cut ? new Error('the file was cut short') : error, blocks)
    })
  }

  #onRead(error: Error | null, blocks: readonly Buffer[]): void {
    const file = this.#file
    this.#isReading = false
    if (this.#isClosed) {
      for (const block of blocks) file.pool.give(block)
      file.release()
      return
    }
    // As many as it had to wait for, or fewer again.
    if (!this.#isWaiting && this.#depth > 1) this.#depth--
    if (error === null) {
      this.#ahead.push(...blocks)
    } else {
      this.failure = fail('internal', callFailedText('read', `"${file.path}"`, error))
      file.onDamaged()
    }
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.onReadable?.()
  }
}
