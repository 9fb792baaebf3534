// An append-only file for many short lines: they are gathered for a moment and go out in one write of whole lines,
// so that workers can share the file. Lines are latin-1, one character for one byte, and pass unchanged. Opening may
// throw, writing never does: what a full disk or a slow reader cannot take is dropped and counted.

import { closeSync, writeSync } from 'node:fs'

import { openLog } from './log-file.ts'
import { systemErrorCode, systemErrorText } from './system-error.ts'

/** Bytes of one write where no buffer is configured. */
const GATHER_BYTES = 65536
/** How long lines wait for company where no buffer is configured. */
const GATHER_MS = 2
/** Bytes kept for a pipe that is full. */
const HELD_BYTES_MAX = 1048576

export interface LineLogOptions {
  /** Lines go out when they fill this; 0 = after a moment. */
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
    if (this.#timer !== null) return
    const delay = this.#bufferBytes === 0 ? GATHER_MS : this.#flushMs
    if (delay > 0) this.#timer = setTimeout(() => this.#onTimer(), delay)
  }

  /** Writes what waits, at once. */
  flush(): void {
    this.#stopTimer()
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
    this.#stopTimer()
    this.#held = null
    this.#closeFile()
  }

  #onTimer(): void {
    this.#timer = null
    this.flush()
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
        this.#timer ??= setTimeout(() => this.#onTimer(), Math.max(this.#flushMs, GATHER_MS))
        return
      }
      this.#onLoss(countLines(rest), systemErrorText(error))
    }
  }

  #stopTimer(): void {
    if (this.#timer === null) return
    clearTimeout(this.#timer)
    this.#timer = null
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
