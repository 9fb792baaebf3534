// An append-only file for many short lines: those of one turn of the event loop, or of a configured buffer, go out in
// one write of whole lines, so that workers can share the file. Lines are latin-1, one character for one byte, and pass unchanged. Opening may
// throw, writing never does: what a full disk or a slow reader cannot take is dropped and counted.

import { closeSync, writeSync } from 'node:fs'

import { openLog } from './log-file.ts'
import { systemErrorCode, systemErrorText } from './system-error.ts'

/** Bytes of one write where no buffer is configured. */
const GATHER_BYTES = 65536
/** A pipe that is full is tried again after this, and so many bytes are kept for it. */
const RETRY_MS = 5
const HELD_BYTES_MAX = 1048576

export interface LineLogOptions {
  /** Lines go out when they fill this; 0 = at the end of this turn of the event loop. */
  readonly bufferBytes: number
  /** With a buffer: no line waits longer than this; 0 = until the buffer is full. */
  readonly flushMs: number
  /** Hears of every failed write: the lines that were dropped, and the system error. */
  readonly onLoss: (lines: number, reason: string) => void
}

export class LineLog {
  readonly path: string
  #bufferBytes: number
  #flushMs: number
  readonly #onLoss: (lines: number, reason: string) => void
  #fd: number
  #pending = ''
  #timer: NodeJS.Timeout | null = null
  #immediate: NodeJS.Immediate | null = null
  /** Bytes of lines that were begun and that the file did not take. */
  #held: Buffer | null = null
  #scratch = Buffer.alloc(0)

  /** Opens `path` (absolute, or `/dev/stdout`, `/dev/stderr`, `stderr`); throws the system error. */
  constructor(path: string, options: LineLogOptions) {
    this.path = path
    this.#bufferBytes = options.bufferBytes
    this.#flushMs = options.flushMs
    this.#onLoss = options.onLoss
    this.#fd = openLog(path)
  }

  /** Changes the buffering, as a reload may; lines that wait go out. */
  configure(bufferBytes: number, flushMs: number): void {
    if (bufferBytes === this.#bufferBytes && flushMs === this.#flushMs) return
    this.flush()
    this.#bufferBytes = bufferBytes
    this.#flushMs = flushMs
  }

  /** Takes one line, its line feed included. */
  write(line: string): void {
    const bytesMax = this.#bufferBytes === 0 ? GATHER_BYTES : this.#bufferBytes
    if (this.#pending.length + line.length > bytesMax) this.flush()
    this.#pending += line
    if (this.#bufferBytes === 0) this.#immediate ??= setImmediate(() => this.flush())
    else if (this.#flushMs > 0) this.#timer ??= setTimeout(() => this.flush(), this.#flushMs)
  }

  /** Writes what waits, at once. */
  flush(): void {
    this.#stopTimers()
    const text = this.#pending
    if (text === '' && this.#held === null) return
    this.#pending = ''
    if (this.#fd < 0) return
    let bytes = this.#encode(text)
    if (this.#held !== null) bytes = Buffer.concat([this.#held, bytes])
    this.#held = null
    this.#writeOut(bytes)
  }

  /** Opens the path anew and goes on there; throws the system error and keeps the old file when that fails. */
  reopen(): void {
    this.flush()
    const fd = openLog(this.path)
    this.#closeFile()
    this.#fd = fd
  }

  /** Writes what waits and closes. */
  close(): void {
    this.flush()
    this.#stopTimers()
    this.#held = null
    this.#closeFile()
  }

  #encode(text: string): Buffer {
    // One buffer serves all writes: they are over when `writeSync` returns.
    if (this.#scratch.length < text.length) {
      this.#scratch = Buffer.allocUnsafeSlow(Math.max(text.length, GATHER_BYTES))
    }
    this.#scratch.write(text, 0, text.length, 'latin1')
    return this.#scratch.subarray(0, text.length)
  }

  #writeOut(bytes: Buffer): void {
    let at = 0
    try {
      while (at < bytes.length) at += writeSync(this.#fd, bytes, at)
    } catch (error) {
      const rest = bytes.subarray(at)
      if (systemErrorCode(error) === 'EAGAIN' && rest.length <= HELD_BYTES_MAX) {
        // A pipe whose reader is behind: the rest goes first the next time.
        this.#held = Buffer.from(rest)
        this.#timer ??= setTimeout(() => this.flush(), RETRY_MS)
        return
      }
      this.#onLoss(countLines(rest), systemErrorText(error))
    }
  }

  #stopTimers(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#immediate !== null) clearImmediate(this.#immediate)
    this.#timer = null
    this.#immediate = null
  }

  #closeFile(): void {
    const fd = this.#fd
    this.#fd = -1
    if (fd > 2) closeSync(fd)
  }
}

function countLines(bytes: Buffer): number {
  let lines = 0
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) lines++
  return lines
}
