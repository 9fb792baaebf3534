// `disable_symlinks`: opens a file only if no symbolic link leads to it, or none of another owner than what it points to
// (http://nginx.org/en/docs/http/ngx_http_core_module.html#disable_symlinks). Node has no openat(), so the way is looked at
// first, and what was opened must be the very file that the way led to: who exchanges a directory meanwhile gains nothing.

import { close, constants, fstat, lstat, open, type Stats, stat } from 'node:fs' // hot-path: serving files

import type { FileSettings, SymlinkRule } from '../model/settings.ts'
import type { Exchange } from './exchange.ts'
import type { CompileTemplate } from './file-path.ts'
import type { Render } from './runtime.ts'

/** FIFOs must not block; what is no regular file is refused after the open. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

type OnOpen = (error: Error | null, fd: number) => void
type OnStat = (error: Error | null, stats: Stats) => void

/** Opens and looks at files for the locations that share some settings. */
export class FileOpener {
  readonly #mode: SymlinkRule['mode'] | null
  readonly #from: Render | null

  constructor({ symlinks }: FileSettings, compile: CompileTemplate) {
    this.#mode = symlinks?.mode ?? null
    const from = symlinks?.from ?? null
    this.#from = from === null ? null : compile(from)
  }

  /** The call that a failure is told of. */
  get call(): string {
    return this.#mode === null ? 'open' : 'openat'
  }

  /** Opens for reading. Names are bytes, whatever encoding the file system's users meant. */
  open(exchange: Exchange, path: string, onOpen: OnOpen): void {
    const start = this.#startOf(exchange, path)
    if (this.#mode === null || start === null) {
      open(bytesOf(path), OPEN_FLAGS, onOpen)
      return
    }
    walk(path, start, this.#mode, (error, found) => {
      if (error !== null) onOpen(error, -1)
      else openSame(path, found, onOpen)
    })
  }

  stat(exchange: Exchange, path: string, onStat: OnStat): void {
    const start = this.#startOf(exchange, path)
    if (this.#mode === null || start === null) stat(bytesOf(path), onStat)
    else walk(path, start, this.#mode, onStat)
  }

  /** Length of the beginning that is not looked at; null when that is all of the path. */
  #startOf(exchange: Exchange, path: string): number | null {
    const from = this.#from === null ? '' : this.#from(exchange)
    if (from === '' || !path.startsWith(from)) return 0
    if (from.length === path.length) return null
    if (path[from.length] === '/') return from.length
    return from.endsWith('/') ? from.length - 1 : 0
  }
}

/** Looks at each name of the path behind `start`; gives what the whole of it is. */
function walk(path: string, start: number, mode: SymlinkRule['mode'], onEnd: OnStat): void {
  const next = (from: number): void => {
    const slash = path.indexOf('/', from + 1)
    const isLast = slash === -1 || /^\/+$/.test(path.slice(slash))
    const name = path.slice(0, slash === -1 ? path.length : slash)
    lookAt(name, mode, (error, stats) => {
      if (error !== null) onEnd(isLast || mode !== 'on' ? error : onTheWay(error), stats)
      else if (!isLast) next(slash)
      else if (slash !== -1 && !stats.isDirectory()) onEnd(failed('ENOTDIR', 20), stats)
      else onEnd(null, stats)
    })
  }
  next(start)
}

function lookAt(name: string, mode: SymlinkRule['mode'], onLook: OnStat): void {
  lstat(bytesOf(name), (error, link) => {
    if (error !== null || !link.isSymbolicLink()) {
      onLook(error, link)
    } else if (mode === 'on') {
      onLook(failed('ELOOP', 40), link)
    } else {
      stat(bytesOf(name), (failure, target) => {
        const isForeign = failure === null && target.uid !== link.uid
        onLook(isForeign ? failed('ELOOP', 40) : failure, target)
      })
    }
  })
}

/** A link where a directory is wanted is no directory, as the kernel says it to nginx. */
function onTheWay(error: Error): Error {
  return (error as NodeJS.ErrnoException).code === 'ELOOP' ? failed('ENOTDIR', 20) : error
}

function openSame(path: string, found: Stats, onOpen: OnOpen): void {
  open(bytesOf(path), OPEN_FLAGS, (error, fd) => {
    if (error !== null) {
      onOpen(error, -1)
      return
    }
    fstat(fd, (failure, stats) => {
      const isSame = failure === null && stats.dev === found.dev && stats.ino === found.ino
      if (isSame) {
        onOpen(null, fd)
        return
      }
      close(fd, () => {})
      onOpen(failure ?? failed('ELOOP', 40), -1)
    })
  })
}

function failed(code: string, errno: number): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code, errno: -errno })
}

function bytesOf(path: string): Buffer {
  return Buffer.from(path, 'latin1')
}
