// A file on its way to its place: written under a name that no reader looks for, then renamed, so that nobody ever sees
// half an entry. It is not flushed to the disk: what a killed process wrote the system still has, and of what a power cut
// leaves the checksums tell what is whole.

import { dirname } from 'node:path'

import { systemErrorCode } from '../../base/system-error.ts'
import { decodeHeader, HEADER_BYTES } from './entry-file.ts'
import { entryPath, levelDirectories, temporaryPath } from './entry-path.ts'
import { type FileCalls, READ_FLAGS } from './file-calls.ts'
import { writePieces } from './write-pieces.ts'

const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

export type OnDone = (error: Error | null) => void

/** Where the files of a cache are. */
export interface CacheDirectory {
  readonly files: FileCalls
  /** Must be there: when it has gone, so has perhaps the disk that was mounted on it. */
  readonly root: string
  readonly levels: readonly number[]
  /** Where files are written; null = beside their place. */
  readonly tempPath: string | null
  /** Of this start of the program, the same in all workers: lower-case letters and digits, at most 32. */
  readonly run: string
}

/** One file; its owner makes one call at a time. */
export class NewFile {
  fd = -1
  /** Of the temporary file while there is one, then of the entry; empty before. */
  path = ''
  readonly #directory: CacheDirectory
  readonly #hex: string
  readonly #id: number

  constructor(directory: CacheDirectory, hex: string, id: number) {
    this.#directory = directory
    this.#hex = hex
    this.#id = id
  }

  open(onDone: OnDone): void {
    const { tempPath, run } = this.#directory
    const place = tempPath ?? dirname(this.#target)
    this.#open(temporaryPath(place, this.#hex, run, this.#id), onDone, true)
  }

  /** Writes all of the pieces, the first one at `position`. */
  write(pieces: readonly Buffer[], position: number, onDone: OnDone): void {
    writePieces(this.#directory.files, this.fd, pieces, position, onDone)
  }

  /** Puts the file in its place, over what is there. */
  publish(onDone: OnDone): void {
    this.#rename(this.path, onDone, 'anything')
  }

  /** Whether what was published is still what lies there: another worker may have put its own in the same place. */
  get isInPlace(): boolean {
    const { files } = this.#directory
    const bytes = Buffer.allocUnsafe(HEADER_BYTES)
    try {
      const fd = files.openSync(this.path, READ_FLAGS)
      const count = files.readSync(fd, bytes, 0, HEADER_BYTES, 0)
      const header = decodeHeader(bytes, count, files.fstatSync(fd).size)
      files.closeSync(fd)
      return typeof header !== 'string' && header.id === this.#id
    } catch (error) {
      if (systemErrorCode(error) === '') throw error // hot-path: a mistake of our own, no failed call
      return false
    }
  }

  /** Removes the temporary file; what is written to it from now on goes when it is closed. */
  discard(): void {
    if (this.path !== '') this.#directory.files.unlink(this.path, () => {})
    this.path = ''
  }

  close(): void {
    if (this.fd !== -1) this.#directory.files.close(this.fd, () => {})
    this.fd = -1
  }

  get #target(): string {
    return entryPath(this.#directory.root, this.#directory.levels, this.#hex)
  }

  #open(path: string, onDone: OnDone, mayMake: boolean): void {
    this.#directory.files.open(path, 'wx+', FILE_MODE, (error, fd) => {
      if (error === null) {
        this.fd = fd
        this.path = path
        onDone(null)
      } else if (mayMake && systemErrorCode(error) === 'ENOENT') {
        this.#makePlace(failed => {
          if (failed === null) this.#open(path, onDone, false)
          else onDone(failed)
        })
      } else {
        onDone(error)
      }
    })
  }

  /** Makes the directory that files are written in; one for temporary files may have stood in a cache that was emptied. */
  #makePlace(onDone: OnDone): void {
    const { tempPath } = this.#directory
    if (tempPath === null) this.#makeLevels(onDone)
    else this.#makeAll([tempPath], onDone)
  }

  /** @param mends what may still be put right: a level that is missing, a copy from another file system */
  #rename(from: string, onDone: OnDone, mends: 'anything' | 'copy' | 'nothing'): void {
    const target = this.#target
    this.#directory.files.rename(from, target, error => {
      const code = error === null ? '' : systemErrorCode(error)
      if (error === null) {
        this.path = target
        onDone(null)
      } else if (mends === 'anything' && code === 'ENOENT') {
        this.#makeLevels(failed => {
          if (failed === null) this.#rename(from, onDone, 'copy')
          else onDone(failed)
        })
      } else if (mends !== 'nothing' && code === 'EXDEV') {
        this.#copyOver(onDone)
      } else {
        onDone(error)
      }
    })
  }

  /** From another file system: a copy beside the place is what gets renamed. */
  #copyOver(onDone: OnDone): void {
    const { files, run } = this.#directory
    const copy = temporaryPath(dirname(this.#target), this.#hex, run, this.#id)
    this.#makeLevels(failed => {
      if (failed !== null) {
        onDone(failed)
        return
      }
      files.copyFile(this.path, copy, error => {
        // The open descriptor stays that of the first file, with the same bytes.
        this.discard()
        this.path = copy
        if (error === null) this.#rename(copy, onDone, 'nothing')
        else onDone(error)
      })
    })
  }

  #makeLevels(onDone: OnDone): void {
    const { root, levels } = this.#directory
    this.#makeAll(levelDirectories(root, levels, this.#hex), onDone)
  }

  #makeAll(directories: readonly string[], onDone: OnDone): void {
    const { files } = this.#directory
    const make = (level: number): void => {
      const directory = directories[level]
      if (directory === undefined) {
        onDone(null)
        return
      }
      files.mkdir(directory, DIRECTORY_MODE, error => {
        if (error === null || systemErrorCode(error) === 'EEXIST') make(level + 1)
        else onDone(error)
      })
    }
    make(0)
  }
}
