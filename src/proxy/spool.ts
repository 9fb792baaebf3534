// Bytes of one body on their way: in memory up to a bound, what is beyond in a temporary file. The stream is cut in
// three: blocks in memory, then what stands in the file, then blocks that wait for the disk (readable all the while).
// Two uses: a request body is kept whole and read again for each peer; of a response only the unread part is kept.
// Length: one stream in three places, whose borders only make sense side by side.

import { close, read, unlink, writev } from 'node:fs' // hot-path: bodies beyond the memory bound

import { assert } from '../base/assert.ts'
import { type Failure, fail } from '../base/failure.ts'
import { failedCallText } from '../base/system-error.ts'
import { openTemporaryFile } from '../base/temporary-file.ts'
import { latin1Text } from '../http/latin1.ts'
import { SpoolReader } from './spool-reader.ts'

const BLOCK_BYTES_MIN = 1024
const BLOCK_BYTES_MAX = 65536
/** Bytes that may wait for the disk before the writer is asked to pause. */
const PENDING_BYTES_MAX = 262144
const WRITE_BYTES = 16384

export interface SpoolOptions {
  /** Bytes kept in memory; those that wait for the disk come on top. */
  readonly memoryBytesMax: number
  /** Bytes in the file; 0 = no file. */
  readonly fileBytesMax: number
  /** Directory of the file; made when it is missing. */
  readonly tempPath: string
  /** Bytes that have been read are forgotten, and both bounds are of unread bytes. There is one reader. */
  readonly isConsumed?: boolean
  /** Smallest write to the file; default 16 KiB. */
  readonly writeBytes?: number
  /** All of it goes to the file, and at the end every byte; that stays when the spool is closed (`kept`) or goes with it. */
  readonly file?: 'kept' | 'removed'
}

/**
 * `ok` and `wait`: taken; after `wait` the writer pauses until `onReady`. `full`: nothing was taken, because both
 * bounds are used up, or the spool failed or was closed. A consumed spool that is past its bound says `wait` and takes
 * all the same: what was read in one piece may come in many small appends, and none of them may get lost.
 */
export type AppendResult = 'ok' | 'wait' | 'full'

interface Block {
  readonly bytes: Buffer
  /** Place of the block's first byte in the stream. */
  readonly start: number
  used: number
  next: Block | null
}

export class Spool {
  /** Called once after an `append` that said `wait`; also from within a reader's `read`. */
  onReady: (() => void) | null = null
  /** With `file`: called once when the file has every byte, after `end`. */
  onStored: (() => void) | null = null
  /** Called once when the file fails; `failure` is set then. */
  onFailure: (() => void) | null = null
  failure: Failure | null = null
  /** The temporary file while there is one, else empty. */
  path = ''
  readonly #memoryBytesMax: number
  readonly #fileBytesMax: number
  readonly #tempPath: string
  readonly #isConsumed: boolean
  readonly #writeBytes: number
  readonly #file: 'kept' | 'removed' | null
  readonly #readers: SpoolReader[] = []
  #first: Block | null = null
  #last: Block | null = null
  #length = 0
  #isEnded = false
  #isClosed = false
  #isWaiting = false
  /** Everything before it is forgotten; stays 0 in a spool that is kept whole. */
  #consumed = 0
  #fd = -1
  /** Calls to the file system that have not come back. */
  #calls = 0
  #isWriting = false
  /** The file holds [fileStart, fileEnd) of the stream; fileStart is -1 while the file is not in use. */
  #fileStart = -1
  #fileEnd = 0

  constructor(options: SpoolOptions) {
    this.#file = options.file ?? null
    this.#memoryBytesMax = this.#file === null ? options.memoryBytesMax : 0
    this.#fileBytesMax = options.fileBytesMax
    this.#tempPath = options.tempPath
    this.#isConsumed = options.isConsumed ?? false
    // Bytes that wait for a full write must not stop the writer first.
    const writeBytes = Math.min(options.writeBytes ?? WRITE_BYTES, PENDING_BYTES_MAX / 2)
    // At least one: a write of nothing would pass for a full disk.
    this.#writeBytes = Math.max(1, writeBytes)
  }

  /** Bytes taken so far, in all. */
  get length(): number {
    return this.#length
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Whether every byte that is still kept stands in memory: then `reader` never waits before the end. */
  get isInMemory(): boolean {
    return this.#fileStart === -1
  }

  /** All of it as latin-1 while it stands in memory, and none was forgotten; else null. */
  get text(): string | null {
    if (!this.isInMemory || this.#isConsumed || this.failure !== null) return null
    let text = ''
    for (let block = this.#first; block !== null; block = block.next)
      text += latin1Text(block.bytes, 0, block.used)
    return text
  }

  /** Of a consumed spool: the reader has got all that came. */
  get isRead(): boolean {
    return this.#isConsumed && this.#consumed === this.#length
  }

  /** Copies `bytes[from, to)` to the end. */
  append(bytes: Buffer, from: number, to: number): AppendResult {
    assert(!this.#isEnded, 'append to a spool that has ended')
    if (this.#isClosed || this.failure !== null) return 'full'
    if (!this.#isConsumed && !this.#admits(to - from)) return 'full'
    this.#store(bytes, from, to)
    this.#write()
    this.#notifyReaders()
    this.#isWaiting = this.#isBehind()
    return this.#isWaiting ? 'wait' : 'ok'
  }

  /** Says that no more bytes come. */
  end(): void {
    this.#isEnded = true
    this.#notifyReaders()
    if (this.#file === null) return
    this.#write()
    this.#notifyStored()
  }

  #notifyStored(): void {
    if (!this.#isEnded || this.failure !== null || this.#fileEnd < this.#length) return
    const { onStored } = this
    this.onStored = null
    onStored?.()
  }

  /** Makes a reader of the bytes from `position` on. A consumed spool has one, from the start. */
  reader(position = 0): SpoolReader {
    assert(position >= this.#consumed && position <= this.#length, 'reader outside of the spool')
    assert(!this.#isConsumed || this.#readers.length === 0, 'second reader of a consumed spool')
    const reader = new SpoolReader(this, position)
    this.#readers.push(reader)
    return reader
  }

  /** Frees memory and file. Nothing is called after it. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.onReady = null
    this.onFailure = null
    this.onStored = null
    for (const reader of this.#readers.slice()) reader.close()
    this.#forget()
  }

  /** For the reader: the bytes at `position`; `'file'` when they stand there; null at the end and after a failure. */
  find(position: number): Buffer | 'file' | 'wait' | null {
    if (this.failure !== null) return null
    if (position === this.#length) return this.#isEnded ? null : 'wait'
    const start = this.#fileStart
    if (start !== -1 && position >= start && position < this.#fileEnd) return 'file'
    let block = this.#first
    while (block !== null && position >= block.start + block.used) block = block.next
    assert(block !== null && position >= block.start, 'spool lost bytes')
    return block.bytes.subarray(position - block.start, block.used)
  }

  /** For the reader: fills `target` from the file at `position`; `onRead` gets the count, never after `close`. */
  readFile(target: Buffer, position: number, onRead: (count: number) => void): void {
    const size = Math.min(target.length, this.#fileEnd - position)
    this.#calls++
    read(this.#fd, target, 0, size, position - this.#fileStart, (error, count) => {
      this.#calls--
      if (this.#isClosed || this.failure !== null) this.#forget()
      else if (error !== null || count === 0) this.#fail(error ?? new Error('file was cut short'))
      else onRead(count)
    })
  }

  /** For the reader: the bytes before `position` were read. */
  consume(position: number): void {
    if (!this.#isConsumed) return
    this.#consumed = position
    let block = this.#first
    // The last block stays while it can grow: a reader at the writer's heels must not cost a block for each piece.
    while (block !== null && block.start + block.used <= position && !this.#canGrow(block)) {
      block = block.next
    }
    this.#first = block
    if (block === null) this.#last = null
    this.#rewind()
    this.#notifyWriter()
  }

  /** For the reader: it is closed. */
  forgetReader(reader: SpoolReader): void {
    const index = this.#readers.indexOf(reader)
    if (index !== -1) this.#readers.splice(index, 1)
  }

  #admits(size: number): boolean {
    const bound = this.#memoryBytesMax + this.#fileBytesMax
    if (!this.#isConsumed) return this.#length + size <= bound
    const unread = this.#length - this.#consumed
    if (unread === 0) return true
    if (this.#fileStart === -1) return unread < bound
    return this.#length - this.#fileStart < this.#fileBytesMax
  }

  #isBehind(): boolean {
    if (this.#isClosed || this.failure !== null) return false
    if (this.#isConsumed && !this.#admits(1)) return true
    if (this.#fileStart === -1) return false
    return this.#length - Math.max(this.#fileEnd, this.#consumed) > PENDING_BYTES_MAX
  }

  #store(bytes: Buffer, from: number, to: number): void {
    let at = from
    while (at < to) {
      let room = to - at
      if (this.#fileStart === -1 && this.#fileBytesMax > 0) {
        room = Math.min(room, this.#memoryBytesMax - (this.#length - this.#consumed))
        if (room <= 0) {
          this.#fileStart = this.#length
          this.#fileEnd = this.#length
          room = to - at
        }
      }
      const block = this.#blockFor(room)
      const end = Math.min(at + room, at + block.bytes.length - block.used)
      bytes.copy(block.bytes, block.used, at, end)
      block.used += end - at
      this.#length += end - at
      at = end
    }
  }

  #blockFor(size: number): Block {
    const last = this.#last
    if (last !== null && this.#canGrow(last)) return last
    const wanted = Math.max(size, BLOCK_BYTES_MIN, last === null ? 0 : last.bytes.length * 2)
    const bytes = Buffer.allocUnsafeSlow(Math.min(wanted, BLOCK_BYTES_MAX))
    const block: Block = { bytes, start: this.#length, used: 0, next: null }
    if (last === null) this.#first = block
    else last.next = block
    this.#last = block
    return block
  }

  /** A block that stays in memory does not go on with bytes for the file. */
  #canGrow(block: Block): boolean {
    if (block !== this.#last || block.used === block.bytes.length) return false
    return this.#fileStart === -1 || block.start >= this.#fileStart
  }

  #write(): void {
    if (this.#isWriting || this.#isClosed || this.failure !== null) return
    this.#rewind()
    if (this.#fileStart === -1) return
    const bytesMin = this.#isEnded && this.#file !== null ? 1 : this.#writeBytes
    if (this.#length - this.#fileEnd < bytesMin) return
    this.#isWriting = true
    if (this.#fd === -1) {
      this.#open()
      return
    }
    const pieces: Buffer[] = []
    for (let block = this.#first; block !== null; block = block.next) {
      const from = Math.max(this.#fileEnd - block.start, 0)
      if (block.start >= this.#fileStart && from < block.used) {
        pieces.push(block.bytes.subarray(from, block.used))
      }
    }
    this.#calls++
    writev(this.#fd, pieces, this.#fileEnd - this.#fileStart, (error, count) => {
      this.#calls--
      this.#isWriting = false
      if (this.#isClosed || this.failure !== null) this.#forget()
      else if (error !== null || count === 0) this.#fail(error ?? new Error('nothing was written'))
      else this.#onWritten(count)
    })
  }

  #open(): void {
    this.#calls++
    openTemporaryFile(this.#tempPath, (error, fd, path) => {
      this.#calls--
      this.#isWriting = false
      this.#fd = fd
      this.path = path
      if (this.#isClosed || this.failure !== null) this.#forget()
      else if (error !== null) this.#fail(error)
      else this.#onWritten(0)
    })
  }

  #onWritten(count: number): void {
    this.#fileEnd += count
    this.#dropWritten()
    this.#write()
    this.#notifyWriter()
    if (this.#file !== null) this.#notifyStored()
  }

  #dropWritten(): void {
    let previous: Block | null = null
    for (let block = this.#first; block !== null; block = block.next) {
      const isWritten = block.start >= this.#fileStart && block.start + block.used <= this.#fileEnd
      if (!isWritten) {
        previous = block
        continue
      }
      if (previous === null) this.#first = block.next
      else previous.next = block.next
    }
    this.#last = previous
  }

  /** When all that the file holds was read: uses it from its start again, or not at all. */
  #rewind(): void {
    if (!this.#isConsumed || this.#fileStart === -1) return
    if (this.#isWriting || this.#consumed < this.#fileEnd) return
    const isSmall = this.#length - this.#consumed <= this.#memoryBytesMax
    // A block that was read in part stays where it is, and so does the file's start in front of it.
    this.#fileStart = isSmall ? -1 : (this.#first?.start ?? this.#length)
    this.#fileEnd = this.#consumed
  }

  #notifyWriter(): void {
    if (!this.#isWaiting || this.#isBehind()) return
    this.#isWaiting = false
    this.onReady?.()
  }

  #notifyReaders(): void {
    const readers = this.#readers
    for (let i = readers.length - 1; i >= 0; i--) readers[i]?.notify()
  }

  #fail(error: unknown): void {
    this.failure = fail('spool_failed', failedCallText(error, this.path))
    this.#isWaiting = false
    this.#forget()
    this.onFailure?.()
    this.#notifyReaders()
  }

  #forget(): void {
    this.#first = null
    this.#last = null
    const isKept = this.#file === 'kept' && this.failure === null && this.#isEnded
    if (this.path !== '' && !isKept) unlink(this.path, () => {})
    this.path = ''
    if (this.#calls > 0 || this.#fd === -1) return
    close(this.#fd, () => {})
    this.#fd = -1
  }
}
