// Notices that a file of the configuration has changed on disk (ldirectord: `autoreload`,
// `callback`). It compares contents, not times alone, against what was read last, and waits until
// a file has kept its size and time for one more look, so that one that is being written is left
// to its writer. A file that is gone for a moment, as editors have it, is no change yet.

import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'

import type { Delay } from '../base/delay.ts'
import { CONTROL_LIMITS } from './limits.ts'

export interface FileWatchOptions {
  /** Some file is another than was read; not said again for the same contents. */
  readonly onChange: (files: readonly string[]) => void
  readonly delay: Delay
}

/** One file. */
interface Watched {
  /** Of the contents that were read last, or that were told as a change. */
  digest: string
  /** Size and time at the last look; empty = not looked at yet. */
  stamp: string
  /** The stamp whose contents have been compared. */
  comparedStamp: string
}

export class FileWatch {
  readonly #options: FileWatchOptions
  readonly #end = new AbortController()
  #files = new Map<string, Watched>()
  #isOn = false
  #isWatching = false

  constructor(options: FileWatchOptions) {
    this.#options = options
  }

  /**
   * Goes on with what was read now.
   *
   * @param texts contents by absolute path
   * @param isOn whether anybody wants to know of changes
   */
  use(texts: ReadonlyMap<string, string>, isOn: boolean): void {
    this.#isOn = isOn
    this.#files = new Map(
      [...texts].map(([path, text]) => [
        path,
        { digest: digestOf(text), stamp: '', comparedStamp: '' },
      ]),
    )
    if (!isOn || this.#isWatching || this.#end.signal.aborted) return
    this.#isWatching = true
    void this.#watch()
  }

  close(): void {
    this.#end.abort()
  }

  /** Looks at all files once. */
  async look(): Promise<void> {
    const changed: string[] = []
    const files = this.#files
    for (const [path, file] of files) {
      if (await hasChanged(path, file)) changed.push(path)
    }
    // Meanwhile the configuration may have been read anew.
    if (changed.length === 0 || files !== this.#files || this.#end.signal.aborted) return
    this.#options.onChange(changed)
  }

  async #watch(): Promise<void> {
    const { signal } = this.#end
    while (!signal.aborted && this.#isOn) {
      await this.#options.delay(CONTROL_LIMITS.fileWatchMs, signal)
      if (!signal.aborted && this.#isOn) await this.look()
    }
    this.#isWatching = false
  }
}

async function hasChanged(path: string, file: Watched): Promise<boolean> {
  const stamp = await stampOf(path)
  if (stamp === '' || stamp === file.comparedStamp) return false
  if (stamp !== file.stamp) {
    file.stamp = stamp
    return false
  }
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return false
  file.comparedStamp = stamp
  const digest = digestOf(text)
  if (digest === file.digest) return false
  file.digest = digest
  return true
}

async function stampOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => null)
  return found === null ? '' : `${found.ino} ${found.size} ${found.mtimeNs}`
}

/** Without a byte order mark, which is not kept where a text was read. */
function digestOf(text: string): string {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  return createHash('sha256').update(body).digest('hex')
}
