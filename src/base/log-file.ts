// A file that lines are appended to and that can be opened anew after rotation (USR1). Opening may throw, so that a
// wrong path ends the start with a clear line; writing never does: a full disk must not end a proxy. Lines that were
// lost are counted, and the next line that gets through says how many.

import { closeSync, openSync, writeSync } from 'node:fs'
import { systemErrorText } from './system-error.ts'

/** Paths that mean an already open descriptor: opening them by name fails when it is a socket. */
const STANDARD: Readonly<Record<string, number>> = {
  stderr: 2,
  '/dev/stderr': 2,
  '/dev/stdout': 1,
}

/** The lines that could not be written since the last one that could. */
export interface Loss {
  readonly count: number
  /** `28: No space left on device`. */
  readonly reason: string
}

/** An append-only file; every write is one `write(2)` with O_APPEND, so threads and processes may share it. */
export class LogFile {
  readonly path: string
  #fd: number
  #lostCount = 0
  #lostReason = ''

  /** Opens `path` (an absolute path, `stderr`, `/dev/stderr` or `/dev/stdout`); throws the system error. */
  constructor(path: string) {
    this.path = path
    this.#fd = openLog(path)
  }

  /**
   * Appends `text` at once. Never throws.
   *
   * @param onLoss makes the line that goes before `text` when earlier ones were lost
   * @returns false when `text` is lost (disk full, reader gone, file closed)
   */
  write(text: string, onLoss?: (loss: Loss) => string): boolean {
    if (this.#fd < 0) return false
    let bytes = Buffer.from(text)
    if (this.#lostCount > 0 && onLoss !== undefined) {
      const line = onLoss({ count: this.#lostCount, reason: this.#lostReason })
      bytes = Buffer.concat([Buffer.from(line), bytes])
    }
    try {
      for (let offset = 0; offset < bytes.length; ) {
        offset += writeSync(this.#fd, bytes, offset)
      }
      this.#lostCount = 0
      return true
    } catch (error) {
      this.#lostCount++
      this.#lostReason = systemErrorText(error)
      return false
    }
  }

  /** Opens the path anew and goes on there; throws the system error and keeps the old file when that fails. */
  reopen(): void {
    const fd = openLog(this.path)
    this.close()
    this.#fd = fd
  }

  close(): void {
    const fd = this.#fd
    this.#fd = -1
    if (fd > 2) closeSync(fd)
  }
}

/** Opens an append-only file, or one of the standard streams; throws the system error. */
export function openLog(path: string): number {
  return STANDARD[path] ?? openSync(path, 'a', 0o644)
}
