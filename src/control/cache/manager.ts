// Keeps one cache within its limits, in the background: looks every second whether there is too much, and walks over all
// entries when the oldest of them may have been unused for too long (nginx: the cache manager).

import { statfsSync } from 'node:fs'

import { failedCallText } from '../../base/system-error.ts'
import type { CacheCare } from './cache-files.ts'
import { Evictor, removeInactive } from './evict.ts'
import { runPaced } from './paced-task.ts'
import { PlaceWatch } from './place-watch.ts'

/** Between two looks at how much there is. */
const LOOK_MS = 1_000
/** Entries are looked through at least so often: a clock that was set forward or a loader brings what is older. */
const WALK_SECONDS_MAX = 60

export class CacheManager {
  readonly #care: CacheCare
  readonly #evictor: Evictor
  readonly #place: PlaceWatch
  readonly #onOtherFiles: () => void
  /** Wall second. */
  #walkAt = 0

  /** @param onOtherFiles the directory is there again, or is another one */
  constructor(care: CacheCare, onOtherFiles: () => void = () => {}) {
    this.#care = care
    this.#place = new PlaceWatch(care)
    this.#onOtherFiles = onOtherFiles
    this.#evictor = new Evictor(care)
  }

  /** Goes on until it is told to end. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal)
      await this.#care.time.delay(LOOK_MS, signal)
    }
  }

  /** Looks once, and removes what has to go. */
  async look(signal?: AbortSignal): Promise<void> {
    const care = this.#care
    const { path, time } = care
    const pacing = () => path.manager
    if (this.#place.look()) this.#onOtherFiles()
    // What cannot be seen is not removed: it may be back.
    if (care.zone.isGone) return
    const nowSeconds = Math.floor(time.wallNow() / 1000)
    if (nowSeconds >= this.#walkAt || nowSeconds < this.#walkAt - WALK_SECONDS_MAX) {
      const counts = await runPaced(removeInactive(care), pacing, time, signal)
      if (counts === null) return
      const overAt = Math.ceil(counts.oldestSeconds + path.inactiveMs / 1000)
      this.#walkAt = Math.min(Math.max(overAt, nowSeconds + 1), nowSeconds + WALK_SECONDS_MAX)
    }
    const excess = this.#excessBytes()
    if (excess > 0) await runPaced(this.#evictor.free(excess), pacing, time, signal)
  }

  /** Bytes that are too many; 0 or less where none are. */
  #excessBytes(): number {
    const { path, zone } = this.#care
    const { bytesMax, freeBytesMin } = path
    const overMax = bytesMax === 0 ? 0 : zone.bytes - bytesMax
    return freeBytesMin === 0 ? overMax : Math.max(overMax, freeBytesMin - this.#freeBytes())
  }

  /** What is free where the files are, for who has no privileges; Infinity when that cannot be known. */
  #freeBytes(): number {
    const { path, files } = this.#care
    try {
      const { bavail, bsize } = statfsSync(path.path)
      return bavail * bsize
    } catch (error) {
      files.complain('statfs', failedCallText(error, path.path))
      return Number.POSITIVE_INFINITY
    }
  }
}
