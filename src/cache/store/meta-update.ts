// Puts other meta into the file of an entry, as a peer's 304 asks for: by one write where it fits, else into a copy of the
// file. What is in the place may be another worker's newer file by now; the number of the file tells, and then nothing is
// written: this meta is not about that body.

import { randomBytes } from 'node:crypto'

import type { EntryMeta } from '../entry.ts'
import type { BlockPool } from './block-pool.ts'
import {
  BLOCK_BYTES,
  bodyStartOf,
  decodeHeader,
  type EntryHeader,
  encodeHead,
  fitsMeta,
  HEADER_BYTES,
  metaCapacityFor,
} from './entry-file.ts'
import { entryPath } from './entry-path.ts'
import { CHANGE_FLAGS } from './file-calls.ts'
import { type CacheDirectory, NewFile } from './new-file.ts'
import type { EntryPlace } from './stored-entry.ts'

/** Gets what went wrong, if anything; whether the meta is in its place; the file's size then. */
export type OnUpdated = (error: Error | null, isWritten: boolean, fileBytes: number) => void

/** 48 random bits. */
export function makeFileId(): number {
  return randomBytes(6).readUIntLE(0, 6)
}

/** Writes the meta; `onUpdated` is called once, later. */
export function updateMeta(
  directory: CacheDirectory,
  pool: BlockPool,
  place: EntryPlace,
  meta: EntryMeta,
  onUpdated: OnUpdated,
): void {
  new MetaUpdate(directory, pool, place, meta, onUpdated).start()
}

class MetaUpdate {
  readonly #directory: CacheDirectory
  readonly #pool: BlockPool
  readonly #place: EntryPlace
  readonly #meta: EntryMeta
  readonly #onUpdated: OnUpdated
  #fd = -1
  #copy: NewFile | null = null

  constructor(
    directory: CacheDirectory,
    pool: BlockPool,
    place: EntryPlace,
    meta: EntryMeta,
    onUpdated: OnUpdated,
  ) {
    this.#directory = directory
    this.#pool = pool
    this.#place = place
    this.#meta = meta
    this.#onUpdated = onUpdated
  }

  start(): void {
    const { files, root, levels } = this.#directory
    files.open(entryPath(root, levels, this.#place.hex), CHANGE_FLAGS, (error, fd) => {
      if (error !== null) {
        this.#end(error)
        return
      }
      this.#fd = fd
      files.fstat(fd, (failed, stats) => {
        if (failed === null) this.#readHeader(stats.size)
        else this.#end(failed)
      })
    })
  }

  #readHeader(fileBytes: number): void {
    const bytes = Buffer.allocUnsafe(HEADER_BYTES)
    this.#directory.files.read(this.#fd, bytes, 0, HEADER_BYTES, 0, (error, count) => {
      const header = error === null ? decodeHeader(bytes, count, fileBytes) : ''
      if (typeof header === 'string' || header.id !== this.#place.id) this.#end(error)
      else if (fitsMeta(this.#meta, header.metaCapacity)) this.#overwrite(header, fileBytes)
      else this.#beginCopy(header, fileBytes)
    })
  }

  #overwrite(header: EntryHeader, fileBytes: number): void {
    const head = encodeHead(this.#meta, header, false)
    this.#directory.files.write(this.#fd, head, 0, head.length, 0, (error, count) => {
      // Half a head is no head: the entry is lost, and the next reader removes it.
      this.#end(error, count === head.length, fileBytes)
    })
  }

  // ── a copy with more room ──────────────────────────────────────────────────────────────────────────────────────

  #beginCopy(header: EntryHeader, fileBytes: number): void {
    const metaCapacity = metaCapacityFor(this.#meta, true)
    const copy = new NewFile(this.#directory, this.#place.hex, makeFileId())
    this.#copy = copy
    copy.open(error => {
      const facts = { ...header, metaCapacity }
      const from = bodyStartOf(header.metaCapacity)
      const shift = bodyStartOf(metaCapacity) - from
      if (error !== null) this.#end(error)
      else this.#copyFrom(from, fileBytes, shift, encodeHead(this.#meta, facts, true))
    })
  }

  /** Copies what is behind the meta, body and checksums as they are; the head comes last. */
  #copyFrom(at: number, end: number, shift: number, head: Buffer): void {
    if (at >= end) {
      this.#copy!.write([head], 0, error => {
        if (error === null) this.#publish(end + shift)
        else this.#end(error)
      })
      return
    }
    const block = this.#pool.take()
    const size = Math.min(BLOCK_BYTES, end - at)
    this.#directory.files.read(this.#fd, block, 0, size, at, (error, count) => {
      if (error !== null || count === 0) {
        this.#pool.give(block)
        this.#end(error ?? new Error('the file was cut short'))
        return
      }
      this.#copy!.write([block.subarray(0, count)], at + shift, failed => {
        this.#pool.give(block)
        if (failed === null) this.#copyFrom(at + count, end, shift, head)
        else this.#end(failed)
      })
    })
  }

  #publish(fileBytes: number): void {
    this.#copy!.publish(error => this.#end(error, error === null, fileBytes))
  }

  #end(error: Error | null, isWritten = false, fileBytes = 0): void {
    if (this.#fd !== -1) this.#directory.files.close(this.#fd, () => {})
    if (!isWritten) this.#copy?.discard()
    this.#copy?.close()
    this.#onUpdated(error, isWritten, fileBytes)
  }
}
