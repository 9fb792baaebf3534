// The body of an entry in its open file. The file stays open while somebody has the entry or reads from it: replaced or
// removed meanwhile, its bytes are there to the end.

import type { BodySource } from '../../base/body-source.ts'
import type { BlockPool } from './block-pool.ts'
import { type BlockFile, BlockSource, RUN_BLOCKS_MAX } from './block-source.ts'
import {
  blockCountOf,
  bodyStartOf,
  type EntryHeader,
  isBlockSound,
  tableStartOf,
} from './entry-file.ts'
import type { FileCalls } from './file-calls.ts'
import type { SoundFile } from './sound-blocks.ts'
import type { EntryBody } from './stored-entry.ts'

/** Checksums that are read at once: those of 64 MiB. A multiple of `RUN_BLOCKS_MAX`. */
const PAGE_CHECKSUMS = 1024
/** Pages that are kept: those of 4 GiB. */
const PAGES_MAX = 64

/** Owns the file. Begins held once. */
export class FileBody implements EntryBody, BlockFile {
  readonly text = null
  readonly files: FileCalls
  readonly pool: BlockPool
  readonly fd: number
  readonly path: string
  readonly bodyStart: number
  readonly bodyBytes: number
  readonly #tableStart: number
  readonly #sound: SoundFile | null
  readonly #onDamaged: () => void
  readonly #pages = new Map<number, Buffer>()
  #holds = 1

  constructor(
    tools: { readonly files: FileCalls; readonly pool: BlockPool },
    fd: number,
    path: string,
    header: EntryHeader,
    sound: SoundFile | null,
    onDamaged: () => void,
  ) {
    this.files = tools.files
    this.pool = tools.pool
    this.fd = fd
    this.path = path
    this.bodyStart = bodyStartOf(header.metaCapacity)
    this.bodyBytes = header.bodyBytes
    this.#tableStart = tableStartOf(header)
    this.#sound = sound
    this.#onDamaged = onDamaged
  }

  open(start: number, end: number): BodySource {
    return new BlockSource(this, start, end)
  }

  hold(): void {
    this.#holds++
  }

  release(): void {
    this.#holds--
    if (this.#holds === 0) this.files.close(this.fd, () => {})
  }

  loadChecksum(index: number, onLoaded: (error: Error | null) => void): void {
    const page = Math.floor(index / PAGE_CHECKSUMS)
    if (this.#pages.has(page) || this.#isRunSound(index)) {
      onLoaded(null)
      return
    }
    const first = page * PAGE_CHECKSUMS
    const size = 4 * Math.min(PAGE_CHECKSUMS, blockCountOf(this.bodyBytes) - first)
    const target = Buffer.allocUnsafeSlow(size)
    this.files.read(this.fd, target, 0, size, this.#tableStart + first * 4, (error, count) => {
      if (error === null && count === size) {
        this.#keepPage(page, target)
      }
      onLoaded(error ?? (count < size ? new Error('the file was cut short') : null))
    })
  }

  #isRunSound(index: number): boolean {
    const sound = this.#sound
    if (sound === null) return false
    const blocks = blockCountOf(this.bodyBytes)
    const end = Math.min(blocks, index - (index % RUN_BLOCKS_MAX) + RUN_BLOCKS_MAX)
    for (let i = index; i < end; i++) if (!sound.has(i)) return false
    return true
  }

  isSound(index: number, block: Buffer): boolean {
    if (this.#sound?.has(index)) return true
    const page = this.#pages.get(Math.floor(index / PAGE_CHECKSUMS))
    if (page === undefined) return false
    if (!isBlockSound(block, page.readUInt32LE((index % PAGE_CHECKSUMS) * 4))) return false
    this.#sound?.add(index)
    return true
  }

  onDamaged(): void {
    this.#onDamaged()
  }

  #keepPage(page: number, table: Buffer): void {
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size < PAGES_MAX) break
      this.#pages.delete(oldest)
    }
    this.#pages.set(page, table)
  }
}
