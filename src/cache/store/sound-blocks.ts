// Which blocks of which files were found sound by this worker: the next reader need not sum them up again, which for a
// large body costs more than everything else. Any change of the file since then shows in its times, also one of its body
// by somebody else's hand. A file that was changed a moment ago may be changed again within the grain of its clock: of
// such a file nothing is remembered.

import type { Stats } from 'node:fs' // hot-path: a type only
import { LRUCache } from 'lru-cache'

/** Some 200 bytes each, but for the largest files. */
const FILES_MAX = 8_192
const SETTLED_MS = 2_000

/** What was found of one file. */
export class SoundFile {
  readonly #inode: number
  readonly #changedMs: number
  readonly #bits: Uint8Array

  constructor(stats: Stats, blocks: number) {
    this.#inode = stats.ino
    this.#changedMs = stats.ctimeMs
    this.#bits = new Uint8Array(Math.ceil(blocks / 8))
  }

  isOf(stats: Stats): boolean {
    return stats.ino === this.#inode && stats.ctimeMs === this.#changedMs
  }

  has(block: number): boolean {
    return (this.#bits[block >> 3]! & (1 << (block & 7))) !== 0
  }

  add(block: number): void {
    this.#bits[block >> 3]! |= 1 << (block & 7)
  }
}

export class SoundBlocks {
  readonly #files = new LRUCache<string, SoundFile>({ max: FILES_MAX })

  /**
   * What is known of a file.
   *
   * @param hex its name
   * @param stats of the open file
   * @returns null when nothing may be remembered of it
   */
  of(hex: string, stats: Stats, blocks: number, wallMs: number): SoundFile | null {
    const known = this.#files.get(hex)
    if (known?.isOf(stats)) return known
    if (Math.abs(wallMs - stats.ctimeMs) < SETTLED_MS) return null
    const file = new SoundFile(stats, blocks)
    this.#files.set(hex, file)
    return file
  }
}
