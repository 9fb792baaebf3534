// Users files in memory. As in nginx an edited file counts with the next request: each request looks whether the file is
// still the one that was read, which is one call to the system for all that ask at the same time. A file that was changed a
// moment ago is read again, because a second change in the same tick of the file system's clock would not show.

import { type BigIntStats, readFile, stat } from 'node:fs'
import { LRUCache } from 'lru-cache'
import { systemErrorCode, systemErrorText } from '../base/system-error.ts'
import { AUTH_LIMITS } from './limits.ts'
import { UsersFile } from './users-file.ts'

/** Why a file cannot be used. */
export interface UsersFileProblem {
  /** There is none, which is no mistake of the machine. */
  readonly isMissing: boolean
  /** `open() "/x" failed (2: No such file or directory)`, as nginx says it. */
  readonly text: string
}

/** Tells a problem from a file. */
export function isUsersFileProblem(
  result: UsersFile | UsersFileProblem,
): result is UsersFileProblem {
  return 'isMissing' in result
}

type OnUsers = (users: UsersFile | UsersFileProblem) => void

interface Known {
  readonly users: UsersFile
  readonly mark: string
  readonly bytes: number
}

/** A change that is younger may be followed by one that its time does not tell apart. */
const YOUNG_MS = 2_000

const IS_DIRECTORY = '21: Is a directory'
const NO_USERS = new UsersFile('')

export class UsersFiles {
  readonly #known = new LRUCache<string, Known>({
    max: AUTH_LIMITS.usersFilesMax,
    maxSize: AUTH_LIMITS.usersFilesBytesMax,
    sizeCalculation: ({ bytes }) => bytes + 1,
  })
  /** Who asks for a file: those of a look that is under way have another list. */
  readonly #asking = new Map<string, OnUsers[]>()
  readonly #wallMs: () => number

  /** @param wallMs milliseconds since 1970 */
  constructor(wallMs: () => number) {
    this.#wallMs = wallMs
  }

  /** Gives the file as it is now, later. @param path latin-1 */
  find(path: string, onUsers: OnUsers): void {
    const asking = this.#asking.get(path)
    if (asking !== undefined) {
      asking.push(onUsers)
      return
    }
    this.#asking.set(path, [onUsers])
    this.#look(path)
  }

  /** What was asked for after the look had begun needs another. */
  #look(path: string): void {
    const asked = this.#asking.get(path)!
    this.#asking.set(path, [])
    this.#read(path, users => {
      const more = this.#asking.get(path)!
      if (more.length === 0) this.#asking.delete(path)
      for (const onUsers of asked) onUsers(users)
      if (more.length > 0) this.#look(path)
    })
  }

  #read(path: string, onUsers: OnUsers): void {
    if (path.includes('\0')) {
      onUsers({ isMissing: true, text: 'the path has a zero byte' })
      return
    }
    const name = Buffer.from(path, 'latin1')
    stat(name, { bigint: true }, (error, stats) => {
      if (error !== null) {
        this.#known.delete(path)
        onUsers(problemOf(path, error))
        return
      }
      const mark = markOf(stats)
      const known = this.#known.get(path)
      if (known?.mark === mark) {
        onUsers(known.users)
        return
      }
      this.#readWhole(path, name, stats, onUsers)
    })
  }

  #readWhole(path: string, name: Buffer, stats: BigIntStats, onUsers: OnUsers): void {
    const unfit = unfitness(stats, path)
    if (unfit !== '') {
      onUsers({ isMissing: false, text: unfit })
      return
    }
    // A device: /dev/null stands for nobody.
    if (!stats.isFile()) {
      onUsers(NO_USERS)
      return
    }
    readFile(name, 'latin1', (error, text) => {
      if (error !== null) {
        this.#known.delete(path)
        onUsers(problemOf(path, error))
        return
      }
      const users = new UsersFile(text)
      // What was written while it was read shows in the next look.
      const isYoung = this.#wallMs() - Number(stats.ctimeMs) < YOUNG_MS
      if (isYoung) this.#known.delete(path)
      else this.#known.set(path, { users, mark: markOf(stats), bytes: text.length })
      onUsers(users)
    })
  }
}

/** Two files with the same mark are one that nobody has changed. */
function markOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
}

function unfitness(stats: BigIntStats, path: string): string {
  if (stats.isDirectory()) return `pread() "${path}" failed (${IS_DIRECTORY})`
  if (stats.isFIFO() || stats.isSocket()) return `"${path}" is no file`
  const max = AUTH_LIMITS.usersFileBytesMax
  return stats.size > BigInt(max) ? `"${path}" has more than ${max} bytes` : ''
}

function problemOf(path: string, error: Error): UsersFileProblem {
  const text = `open() "${path}" failed (${systemErrorText(error)})`
  return { isMissing: systemErrorCode(error) === 'ENOENT', text }
}
