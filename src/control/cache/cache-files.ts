// The files of one cache for the thread that looks after them: where each is, and removing it. What goes wrong with the
// disk goes wrong for thousands of files: one line says it, until another kind of failure comes or a minute has passed.

import { unlinkSync } from 'node:fs'

import { type Digest, digestHex } from '../../base/digest.ts'
import { failedCallText, systemErrorCode } from '../../base/system-error.ts'
import { entryPath } from '../../cache/store/entry-path.ts'
import type { CachePath } from '../../model/cache.ts'
import type { LogLevel } from '../../model/settings.ts'
import type { CacheZone } from '../../zone/cache-zone.ts'
import type { TaskTime } from './paced-task.ts'

const QUIET_MS = 60_000

/** What the work on one cache needs. */
export interface CacheCare {
  /** As the newest configuration has it. */
  readonly path: CachePath
  readonly zone: CacheZone
  readonly files: CacheFiles
  /** This run of the program, in the names of files that it is writing. */
  readonly run: string
  readonly log: (level: LogLevel, text: string) => void
  readonly time: TaskTime
}

export class CacheFiles {
  readonly #path: Pick<CachePath, 'name' | 'path' | 'levels'>
  readonly #log: CacheCare['log']
  readonly #now: () => number
  /** When a failure was said last, by what kind it is. */
  readonly #said = new Map<string, number>()

  constructor(
    path: Pick<CachePath, 'name' | 'path' | 'levels'>,
    log: CacheCare['log'],
    now: () => number,
  ) {
    this.#path = path
    this.#log = log
    this.#now = now
  }

  pathOf(hash: Digest): string {
    return entryPath(this.#path.path, this.#path.levels, digestHex(hash))
  }

  /** Removes a file. @returns false when it is still there, which is said; one that was gone is gone */
  remove(path: string): boolean {
    try {
      unlinkSync(path)
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === 'ENOENT' || code === 'ENOTDIR') return true
      this.complain(`unlink ${code}`, failedCallText(error, path))
      return false
    }
    return true
  }

  /** Says what went wrong. @param kind what it is alike: the next one is not said soon */
  complain(kind: string, text: string): void {
    const now = this.#now()
    const saidMs = this.#said.get(kind)
    if (saidMs !== undefined && now - saidMs < QUIET_MS) return
    this.#said.set(kind, now)
    this.#log('error', `cache "${this.#path.name}": ${text}`)
  }
}
