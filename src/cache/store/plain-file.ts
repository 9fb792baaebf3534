// A response on its way to being a file like any other (nginx: `proxy_store`): written in the directory for temporary
// files, given its access and date there, then renamed, so that nobody who serves the file ever sees half of it.

import { basename, dirname } from 'node:path'

import { systemErrorCode } from '../../base/system-error.ts'
import { openTemporaryFile } from '../../base/temporary-file.ts'
import type { FileCalls } from './file-calls.ts'
import type { OnDone } from './new-file.ts'
import { writePieces } from './write-pieces.ts'

export interface PlainFileOptions {
  readonly files: FileCalls
  /** Where it is written. */
  readonly tempPath: string
  /** What it becomes; latin-1, one character for one byte of the name. */
  readonly target: string
  /** Access to the file; who may read it may search the directories that are made for it. */
  readonly mode: number
  /** Its date; NaN = when it was written. */
  readonly modifiedSeconds: number
}

/** One file; its owner makes one call at a time. */
export class PlainFile {
  fd = -1
  readonly #options: PlainFileOptions
  /** Of what is not in its place yet; empty before and after. */
  #path: string | Buffer = ''

  constructor(options: PlainFileOptions) {
    this.#options = options
  }

  /** Of the temporary file while there is one. */
  get path(): string {
    return this.#path.toString()
  }

  open(onDone: OnDone): void {
    openTemporaryFile(this.#options.tempPath, (error, fd, path) => {
      this.fd = fd
      this.#path = path
      onDone(error)
    })
  }

  /** Writes all of the pieces, the first one at `position`. */
  write(pieces: readonly Buffer[], position: number, onDone: OnDone): void {
    writePieces(this.#options.files, this.fd, pieces, position, onDone)
  }

  /** Puts the file in its place, over what is there; a failure leaves nothing. The descriptor may be closed by then. */
  publish(onDone: OnDone): void {
    this.#dress(error => {
      if (error === null) this.#rename(onDone, true)
      else this.#giveUp(error, onDone)
    })
  }

  /** Removes the temporary file. */
  discard(): void {
    if (this.#path !== '') this.#options.files.unlink(this.#path, () => {})
    this.#path = ''
  }

  close(): void {
    if (this.fd !== -1) this.#options.files.close(this.fd, () => {})
    this.fd = -1
  }

  #dress(onDone: OnDone): void {
    const { files, mode, modifiedSeconds } = this.#options
    files.chmod(this.#path, mode, error => {
      if (error !== null || Number.isNaN(modifiedSeconds)) onDone(error)
      else files.utimes(this.#path, modifiedSeconds, modifiedSeconds, onDone)
    })
  }

  #rename(onDone: OnDone, mayMend: boolean): void {
    const { files, target } = this.#options
    files.rename(this.#path, bytesOf(target), error => {
      const code = error === null ? '' : systemErrorCode(error)
      if (error === null) {
        this.#path = ''
        onDone(null)
      } else if (mayMend && code === 'ENOENT') {
        this.#makeDirectory(dirname(target), failed => {
          if (failed === null) this.#rename(onDone, false)
          else this.#giveUp(failed, onDone)
        })
      } else if (code === 'EXDEV') {
        this.#copyOver(onDone)
      } else {
        this.#giveUp(error, onDone)
      }
    })
  }

  /** From another file system, whose directory is there: a copy beside the place is what gets renamed. Its name was drawn by lot. */
  #copyOver(onDone: OnDone): void {
    const { files, target } = this.#options
    const copy = bytesOf(`${target}.${basename(this.path)}`)
    files.copyFile(this.#path, copy, error => {
      this.discard()
      this.#path = copy
      if (error !== null) this.#giveUp(error, onDone)
      else
        this.#dress(failed => {
          if (failed === null) this.#rename(onDone, false)
          else this.#giveUp(failed, onDone)
        })
    })
  }

  #giveUp(error: Error, onDone: OnDone): void {
    this.discard()
    onDone(error)
  }

  /** And what is missing above it. */
  #makeDirectory(path: string, onDone: OnDone): void {
    const { files, mode } = this.#options
    const make = (onMade: OnDone): void =>
      files.mkdir(bytesOf(path), directoryMode(mode), error =>
        onMade(systemErrorCode(error) === 'EEXIST' ? null : error),
      )
    make(error => {
      const parent = dirname(path)
      if (systemErrorCode(error) !== 'ENOENT' || parent === path) {
        onDone(error)
        return
      }
      this.#makeDirectory(parent, failed => {
        if (failed === null) make(onDone)
        else onDone(failed)
      })
    })
  }
}

/** Who may read files may search directories (ngx_dir_access). */
function directoryMode(mode: number): number {
  return mode | ((mode & 0o444) >> 2)
}

/** Names are bytes, whatever encoding the file system's users meant. */
function bytesOf(path: string): Buffer {
  return Buffer.from(path, 'latin1')
}
