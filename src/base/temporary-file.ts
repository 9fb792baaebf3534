// Temporary files for bodies that do not fit in memory: a name nobody can foresee, opened only if it did not exist
// (O_EXCL), readable by nobody else. The directory is made when it is missing; the caller unlinks the file.

import { randomBytes } from 'node:crypto'
import { mkdir, open } from 'node:fs'
import { dirname, join } from 'node:path'

import { systemErrorCode } from './system-error.ts'

const NAME_BYTES = 16
const TRIES_MAX = 3

/** Gets the open file and its path, or the system error. */
export type OnTemporaryFile = (error: Error | null, fd: number, path: string) => void

/** Opens a new file for reading and writing in `directory`; never throws. */
export function openTemporaryFile(directory: string, onOpen: OnTemporaryFile): void {
  tryOpen(directory, onOpen, 1)
}

function tryOpen(directory: string, onOpen: OnTemporaryFile, tries: number): void {
  const path = join(directory, randomBytes(NAME_BYTES).toString('hex'))
  open(path, 'wx+', 0o600, (error, fd) => {
    if (error === null) {
      onOpen(null, fd, path)
      return
    }
    const code = systemErrorCode(error)
    if (tries < TRIES_MAX && code === 'EEXIST') {
      tryOpen(directory, onOpen, tries + 1)
    } else if (tries < TRIES_MAX && code === 'ENOENT') {
      makeDirectory(directory, failed => {
        if (failed === null) tryOpen(directory, onOpen, tries + 1)
        else onOpen(failed, -1, '')
      })
    } else {
      onOpen(error, -1, '')
    }
  })
}

/**
 * Makes a directory and what is missing above it. Not with Node's own `recursive`: that never ends where an existing
 * directory answers ENOENT, as /proc does.
 */
function makeDirectory(directory: string, onMade: (error: Error | null) => void): void {
  mkdir(directory, { mode: 0o700 }, error => {
    const code = error === null ? '' : systemErrorCode(error)
    const parent = dirname(directory)
    if (error === null || code === 'EEXIST') {
      onMade(null)
    } else if (code !== 'ENOENT' || parent === directory) {
      onMade(error)
    } else {
      makeDirectory(parent, failed => {
        if (failed !== null) onMade(failed)
        else mkdir(directory, { mode: 0o700 }, again => onMade(isMade(again) ? null : again))
      })
    }
  })
}

function isMade(error: Error | null): boolean {
  return error === null || systemErrorCode(error) === 'EEXIST'
}
