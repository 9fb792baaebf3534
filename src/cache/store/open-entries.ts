// Small files that were read a short while ago, still open and with what they say of themselves at hand: the next reader
// makes one call where opening, asking and closing take three more (nginx: `open_file_cache`). An entry whose version in
// the zone has changed is another one by now; its bytes are held against their checksums each time.

import { LRUCache } from 'lru-cache'

import type { ResponseHead } from '../../http/response-parser.ts'
import type { EntryMeta } from '../entry.ts'
import { type EntryKey, entryName } from './cache-store.ts'
import { BLOCK_BYTES, isBlockSound } from './entry-file.ts'
import type { FileCalls } from './file-calls.ts'
import { MemoryBody } from './memory-body.ts'

/** A file that was read and found sound. */
export interface OpenFile {
  readonly fd: number
  readonly id: number
  readonly meta: EntryMeta
  readonly head: ResponseHead
  /** Place of the body in the file, and its length. */
  readonly bodyStart: number
  readonly bodyBytes: number
  /** Of each block. */
  readonly checksums: readonly number[]
}

interface OpenEntry extends OpenFile {
  /** Of the slot, when it was read. */
  readonly version: number
}

export class OpenEntries {
  readonly #files: FileCalls
  readonly #entries: LRUCache<string, OpenEntry>
  readonly #scratch: Buffer

  /**
   * @param filesMax held open at once, at least 1
   * @param bytesMax of the largest body
   */
  constructor(files: FileCalls, filesMax: number, bytesMax: number) {
    this.#files = files
    this.#scratch = Buffer.allocUnsafeSlow(bytesMax)
    this.#entries = new LRUCache({
      max: filesMax,
      dispose: ({ fd }) => files.close(fd, () => {}),
    })
  }

  /** Takes the file over. */
  keep(key: EntryKey, file: OpenFile, version: number): void {
    this.#entries.set(entryName(key), { ...file, version })
  }

  /** The key's file, if it has this version still. */
  find(key: EntryKey, version: number): OpenFile | null {
    const name = entryName(key)
    const entry = this.#entries.get(name)
    if (entry === undefined) return null
    if (entry.version === version) return entry
    this.#entries.delete(name)
    return null
  }

  /** Reads a body; null = the file is not what it was. */
  read(key: EntryKey, file: OpenFile): MemoryBody | null {
    const body = this.#tryRead(file)
    if (body === null) this.#entries.delete(entryName(key))
    return body
  }

  #tryRead({ fd, bodyStart, bodyBytes, checksums }: OpenFile): MemoryBody | null {
    const bytes = this.#scratch
    let count = 0
    try {
      count = this.#files.readSync(fd, bytes, 0, bodyBytes, bodyStart)
    } catch {
      return null
    }
    if (count !== bodyBytes) return null
    for (let index = 0, at = 0; at < bodyBytes; index++, at += BLOCK_BYTES) {
      const block = bytes.subarray(at, Math.min(bodyBytes, at + BLOCK_BYTES))
      if (!isBlockSound(block, checksums[index]!)) return null
    }
    return MemoryBody.copy(bytes, 0, bodyBytes)
  }

  clear(): void {
    this.#entries.clear()
  }
}
