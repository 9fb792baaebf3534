// The pid file: the number and a newline, written when the listeners are bound, removed at the end. A stale one is
// overwritten, as in nginx; removing looks first whose it is, so that an old process leaves the file of a new one alone.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'

import { callFailedText } from '../base/system-error.ts'

/** What a pid file says. */
export type PidFile =
  | { readonly kind: 'pid'; readonly pid: number }
  | { readonly kind: 'invalid'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly error: unknown }

/** The pid file of this process, wherever the configuration has it. */
export class OwnPidFile {
  #path = ''

  /**
   * Writes it where it shall be now, and removes it where it was.
   *
   * @param path empty = nowhere
   * @returns why it could not be written, or the empty string
   */
  move(path: string): string {
    if (path === this.#path) return ''
    this.remove()
    try {
      writePidFile(path, process.pid)
      this.#path = path
      return ''
    } catch (error) {
      return callFailedText('open', `"${path}"`, error)
    }
  }

  remove(): void {
    removePidFile(this.#path, process.pid)
  }
}

/** Writes the pid file; an empty path writes none. Throws the system error. */
export function writePidFile(path: string, pid: number): void {
  if (path !== '') writeFileSync(path, `${pid}\n`, { mode: 0o644 })
}

/** Reads a pid file. */
export function readPidFile(path: string): PidFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8').slice(0, 64).trim()
  } catch (error) {
    return { kind: 'unreadable', error }
  }
  const pid = /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : 0
  return pid === 0 ? { kind: 'invalid', text } : { kind: 'pid', pid }
}

/** Removes the pid file if it names `pid`. Never throws. */
export function removePidFile(path: string, pid: number): void {
  if (path === '') return
  const found = readPidFile(path)
  if (found.kind !== 'pid' || found.pid !== pid) return
  try {
    rmSync(path, { force: true })
  } catch {
    // The directory is gone or no longer ours: nothing is left to do at the end of the process.
  }
}
