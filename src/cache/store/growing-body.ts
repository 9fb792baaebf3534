// A body that is still coming: its youngest bytes in memory, all of them in a file, readers wherever they are. Nobody but
// the disk holds the peer back, and that only when it is slower than the peer. When the disk fails, the body goes on
// from memory as long as the slowest reader keeps up, and the peer waits for that one.

import { assert } from '../../base/assert.ts'
import type { BodySource } from '../../base/body-source.ts'
import type { BlockPool } from './block-pool.ts'
import type { BlockFile } from './block-source.ts'
import { BodyWindow, type WindowBlock } from './body-window.ts'
import { BLOCK_BYTES, encodeTable, isBlockSound } from './entry-file.ts'
import type { FileCalls } from './file-calls.ts'
import { GrowingReader } from './growing-reader.ts'
import type { NewFile, OnDone } from './new-file.ts'
import type { EntryBody } from './stored-entry.ts'

/** Kept in memory behind what came last: readers that follow closely never wait for the disk. */
export const WINDOW_BYTES = 262_144
/** May wait for the disk before the peer has to. */
const PENDING_BYTES_MAX = 1_048_576
const WRITE_BLOCKS = 16

/** Where the body is written. */
export type BodyFile = Pick<NewFile, 'fd' | 'path' | 'open' | 'write' | 'discard' | 'close'>

export interface GrowingOptions {
  readonly files: FileCalls
  readonly pool: BlockPool
  /** Opened when the first block is full, or the body ends. */
  readonly file: BodyFile
  readonly bodyStart: number
  /** Expected; -1 = not known. */
  readonly bytes: number
  /** Told once when the file cannot be written. */
  readonly onFailed: (error: Error, path: string) => void
}

/** Begins held once. */
export class GrowingBody implements EntryBody, BlockFile {
  readonly text = null
  readonly files: FileCalls
  readonly pool: BlockPool
  readonly bodyStart: number
  /** Called once after an `append` that said false; also from within a reader's `read`. */
  onReady: (() => void) | null = null
  /** Why the body broke off; null while it has not. */
  brokenBy: string | null = null
  isEnded = false
  readonly #window: BodyWindow
  readonly #file: BodyFile
  readonly #onFailed: (error: Error, path: string) => void
  readonly #readers: GrowingReader[] = []
  /** Bytes of the body that are in the file. */
  #written = 0
  #holds = 1
  /** The file is wanted; else it is used only for slow readers, and goes with the last of them. */
  #isKept = true
  #isBusy = false
  #diskError: Error | null = null
  #isWaiting = false
  /** Before that, who has the entry will still want the whole body. */
  #wasOpened = false
  #hasTable = false
  #isPlain = false
  /** Null once the head is written. */
  #makeHead: (() => Buffer) | null = null
  #onFinished: OnDone | null = null

  constructor(options: GrowingOptions) {
    this.files = options.files
    this.pool = options.pool
    this.bodyStart = options.bodyStart
    this.#file = options.file
    this.#onFailed = options.onFailed
    this.#window = new BodyWindow(options.pool, options.bytes)
  }

  get length(): number {
    return this.#window.length
  }

  get fd(): number {
    return this.#file.fd
  }

  get path(): string {
    return this.#file.path
  }

  get bodyBytes(): number {
    return this.#written
  }

  /** The disk has failed, and only readers can make room for more. */
  get isStuck(): boolean {
    return this.#diskError !== null && this.#isBehind()
  }

  // ── the writer's side ──────────────────────────────────────────────────────────────────────────────────────────

  /** Copies bytes[from, to) to the end. @returns false = wait for `onReady` */
  append(bytes: Buffer, from: number, to: number): boolean {
    assert(!this.isEnded && this.brokenBy === null, 'append to a body that is over')
    this.#window.append(bytes, from, to)
    this.#write()
    this.#notifyReaders()
    this.#trim()
    this.#isWaiting = this.#isBehind()
    return !this.#isWaiting
  }

  /** Says that no more bytes come, without wanting the file. */
  end(): void {
    this.isEnded = true
    this.#window.end()
    this.forget()
    this.#notifyReaders()
  }

  /**
   * Says that no more bytes come, and writes what is missing of the file.
   *
   * @param makeHead of header and meta, up to the body; null = the file is the body and nothing else
   */
  finish(makeHead: (() => Buffer) | null, onFinished: OnDone): void {
    if (this.#diskError !== null) {
      const error = this.#diskError
      this.end()
      queueMicrotask(() => onFinished(error))
      return
    }
    this.isEnded = true
    this.#window.end()
    this.#makeHead = makeHead
    this.#isPlain = makeHead === null
    this.#onFinished = onFinished
    this.#write()
    this.#notifyReaders()
  }

  /** The file is not wanted any more. */
  forget(): void {
    this.#isKept = false
    if (!this.#isBusy) this.#file.discard()
    this.#settle()
  }

  /** The body broke off; readers get what came. */
  abort(detail: string): void {
    this.brokenBy = detail
    this.forget()
    this.#notifyReaders()
  }

  /** The whole body, the caller's; null when memory has not all of it. */
  whole(): Buffer | null {
    return this.#window.whole()
  }

  // ── the readers' side ──────────────────────────────────────────────────────────────────────────────────────────

  open(start: number, end: number): BodySource {
    const reader = new GrowingReader(this, start, end)
    this.#wasOpened = true
    this.#readers.push(reader)
    return reader
  }

  hold(): void {
    this.#holds++
  }

  release(): void {
    this.#holds--
    if (this.#diskError !== null) this.#notifyWriter()
    this.#settle()
  }

  /** For a reader: the block in memory with the byte at `position`, below `length`; null = it may be in the file. */
  blockAt(position: number): WindowBlock | null {
    return position < this.#window.start ? null : this.#window.blockAt(position)
  }

  lend(block: WindowBlock): void {
    this.#window.lend(block)
  }

  /** For a reader: its caller does not look at the block any more. */
  takeBack(block: WindowBlock): void {
    this.#window.takeBack(block)
  }

  /** For a reader: it has moved on. */
  onMoved(): void {
    if (this.#diskError === null) return
    this.#trim()
    this.#notifyWriter()
  }

  /** For a reader: it is closed. */
  leave(reader: GrowingReader): void {
    const index = this.#readers.indexOf(reader)
    if (index !== -1) this.#readers.splice(index, 1)
    this.#trim()
    this.#notifyWriter()
    this.release()
  }

  loadChecksum(_index: number, onLoaded: OnDone): void {
    onLoaded(null)
  }

  isSound(index: number, block: Buffer): boolean {
    return isBlockSound(block, this.#window.crcs[index]!)
  }

  onDamaged(): void {}

  // ── the file ───────────────────────────────────────────────────────────────────────────────────────────────────

  #write(): void {
    if (this.#isBusy || this.#diskError !== null || this.brokenBy !== null) return
    const isFinishing = this.#onFinished !== null
    const isFull = this.#window.crcs.length * BLOCK_BYTES > this.#written
    if (!isFinishing && (this.isEnded || !isFull || this.length <= BLOCK_BYTES)) return
    if (this.#file.fd === -1) {
      this.#run(onDone => this.#file.open(onDone), 0)
    } else if (isFinishing) {
      this.#writeRest()
    } else {
      const pieces = this.#window.pieces(this.#written, WRITE_BLOCKS)
      const place = this.bodyStart + this.#written
      const size = pieces.length * BLOCK_BYTES
      this.#run(onDone => this.#file.write(pieces, place, onDone), size)
    }
  }

  #writeRest(): void {
    const head = this.#makeHead
    const size = this.length - this.#written
    const pieces = this.#window.pieces(this.#written, Number.POSITIVE_INFINITY)
    if (this.#isPlain && size > 0) {
      const place = this.bodyStart + this.#written
      this.#run(onDone => this.#file.write(pieces, place, onDone), size)
    } else if (head === null) {
      this.#finished(null)
    } else if (this.#written === 0) {
      this.#makeHead = null
      const all = [head(), ...pieces, encodeTable(this.#window.crcs)]
      this.#run(onDone => this.#file.write(all, 0, onDone), size)
    } else if (size > 0 || !this.#hasTable) {
      this.#hasTable = true
      const place = this.bodyStart + this.#written
      const rest = [...pieces, encodeTable(this.#window.crcs)]
      this.#run(onDone => this.#file.write(rest, place, onDone), size)
    } else {
      // Last of all: without it the file is nothing.
      this.#makeHead = null
      this.#run(onDone => this.#file.write([head()], 0, onDone), 0)
    }
  }

  /** Makes one call that brings `size` bytes of the body into the file, then goes on. */
  #run(call: (onDone: OnDone) => void, size: number): void {
    this.#isBusy = true
    call(error => {
      this.#isBusy = false
      if (error !== null) {
        this.#fail(error)
        return
      }
      this.#written += size
      if (!this.#isKept) this.#file.discard()
      this.#write()
      this.#trim()
      this.#notifyWriter()
      this.#settle()
    })
  }

  #fail(error: Error): void {
    this.#diskError = error
    const { path } = this.#file
    this.#isKept = false
    this.#file.discard()
    this.#onFailed(error, path)
    this.#finished(error)
    this.#trim()
    // Also when it is stuck: who has let nobody read so far learns it at the next append.
    if (!this.#wasOpened) this.#wakeWriter()
    else this.#notifyWriter()
    this.#settle()
  }

  #finished(error: Error | null): void {
    const onFinished = this.#onFinished
    this.#onFinished = null
    onFinished?.(error)
  }

  #isBehind(): boolean {
    if (this.isEnded || this.brokenBy !== null) return false
    if (this.#diskError === null) return this.length - this.#written > PENDING_BYTES_MAX
    return this.length - this.#slowest() > WINDOW_BYTES
  }

  /** Drops what nobody will look at in memory. */
  #trim(): void {
    if (this.#diskError !== null) this.#window.dropTo(this.#slowest())
    else if (this.length > WINDOW_BYTES) {
      this.#window.dropTo(Math.min(this.#written, this.length - WINDOW_BYTES))
    }
  }

  /** Place of the reader that is furthest behind. */
  #slowest(): number {
    if (!this.#wasOpened && this.#holds > 0) return 0
    let slowest = this.length
    for (const reader of this.#readers) slowest = Math.min(slowest, reader.needsFrom)
    return slowest
  }

  #notifyWriter(): void {
    if (!this.#isBehind()) this.#wakeWriter()
  }

  #wakeWriter(): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.onReady?.()
  }

  #notifyReaders(): void {
    const readers = this.#readers
    for (let i = readers.length - 1; i >= 0; i--) readers[i]?.notify()
  }

  /** Frees everything once nobody can want it any more. */
  #settle(): void {
    const isOver = this.isEnded || this.brokenBy !== null
    if (!isOver || this.#holds > 0 || this.#isBusy || this.#onFinished !== null) return
    this.#window.clear()
    this.#file.close()
  }
}
