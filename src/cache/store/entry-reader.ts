// Finds an entry in its file. A small file is read as a whole by four system calls, in the request's own turn: for what is
// in the system's memory, and nearly all of a cache is, that costs less than one hop to another thread. Of a large one
// only header and meta are read here. What is wrong with a file is told in words; then it is nobody's entry.

import type { Clock } from '../../base/clock.ts'
import { failedCallText, systemErrorCode } from '../../base/system-error.ts'
import type { ResponseHead } from '../../http/response-parser.ts'
import type { EntryMeta } from '../entry.ts'
import type { BlockPool } from './block-pool.ts'
import type { EntryKey } from './cache-store.ts'
import {
  BLOCK_BYTES,
  blockCountOf,
  bodyStartOf,
  decodeHeader,
  decodeMeta,
  type EntryHeader,
  HEADER_BYTES,
  isBlockSound,
} from './entry-file.ts'
import { FileBody } from './file-body.ts'
import { type FileCalls, READ_FLAGS } from './file-calls.ts'
import { MemoryBody } from './memory-body.ts'
import type { OpenFile } from './open-entries.ts'
import { SoundBlocks, type SoundFile } from './sound-blocks.ts'
import { type EntryBody, parseStoredHead } from './stored-entry.ts'

/** Files up to this are read at once. */
export const SMALL_BYTES = 69_632
/** Read of larger ones: nearly all heads fit. */
const FIRST_BYTES = 4_096
const TRIES_MAX = 3

/** What a file has. */
export interface FoundEntry {
  readonly meta: EntryMeta
  readonly head: ResponseHead
  readonly body: EntryBody
  readonly id: number
  readonly fileBytes: number
  /** Of a small file, which is the caller's now: to close, or to read again. */
  readonly open: OpenFile | null
}

/**
 * Why a file has no entry: it is not there; it cannot be read now; it has another key's; it is broken and has to go.
 */
export interface NoEntry {
  readonly kind: 'missing' | 'unreadable' | 'collision' | 'broken'
  readonly text: string
}

interface Head {
  readonly header: EntryHeader
  readonly meta: EntryMeta
  readonly head: ResponseHead
}

export class EntryReader {
  readonly #files: FileCalls
  readonly #pool: BlockPool
  readonly #clock: Clock
  readonly #sound = new SoundBlocks()
  readonly #scratch = Buffer.allocUnsafeSlow(SMALL_BYTES)

  constructor(files: FileCalls, pool: BlockPool, clock: Clock) {
    this.#files = files
    this.#pool = pool
    this.#clock = clock
  }

  /**
   * Reads the entry of `key`.
   *
   * @param hex of the key
   * @param memoryMax larger bodies are left in their files
   * @param onDamaged called later, when a body that was left there turns out to be broken
   * @param onFound called once, for small and for very large files before this returns
   */
  read(
    path: string,
    hex: string,
    key: EntryKey,
    memoryMax: number,
    onDamaged: () => void,
    onFound: (found: FoundEntry | NoEntry) => void,
  ): void {
    let fd = -1
    try {
      fd = this.#files.openSync(path, READ_FLAGS)
      const stats = this.#files.fstatSync(fd)
      const found = this.#readHead(fd, stats.size, path, hex, key)
      if ('kind' in found) {
        this.#files.closeSync(fd)
        onFound(found)
        return
      }
      const { header } = found
      const blocks = blockCountOf(header.bodyBytes)
      const sound = this.#sound.of(hex, stats, blocks, this.#clock.wallMs)
      const facts = { ...found, id: header.id, fileBytes: stats.size, open: null }
      if (stats.size <= SMALL_BYTES) {
        const start = bodyStartOf(header.metaCapacity)
        if (!isBodySound(this.#scratch, start, header, sound)) {
          this.#files.closeSync(fd)
          onFound(broken(path, 'has a damaged body'))
          return
        }
        const body = MemoryBody.copy(this.#scratch, start, start + header.bodyBytes)
        const place = { bodyStart: start, bodyBytes: header.bodyBytes }
        const checksums = checksumsOf(this.#scratch, start + header.bodyBytes, blocks)
        onFound({ ...facts, body, open: { ...facts, ...place, fd, checksums } })
      } else if (header.bodyBytes <= memoryMax) {
        this.#readWhole(fd, path, facts, sound, onFound)
      } else {
        const tools = { files: this.#files, pool: this.#pool }
        onFound({ ...facts, body: new FileBody(tools, fd, path, header, sound, onDamaged) })
      }
    } catch (error) {
      if (systemErrorCode(error) === '') throw error // hot-path: a mistake of our own, no failed call
      if (fd !== -1) this.#files.close(fd, () => {})
      onFound(failed(error, path))
    }
  }

  /** Header and meta of an open file; of a small one all of it is in `#scratch` afterwards. */
  #readHead(fd: number, size: number, path: string, hex: string, key: EntryKey): Head | NoEntry {
    let text = ''
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const head = this.#tryHead(fd, size)
      if (typeof head === 'string') {
        // Another worker may be putting other meta in its place just now.
        text = head
        continue
      }
      const { header, meta } = head
      if (header.hex !== hex) return broken(path, 'has the name of another entry')
      const isKey = meta.key === key.text && (key.variant === '' || meta.variant === key.variant)
      if (!isKey) return { kind: 'collision', text: `cache file "${path}" has another key` }
      const parsed = parseStoredHead(meta.head)
      if (parsed === null) return broken(path, 'has a head that cannot be read')
      return { header, meta, head: parsed }
    }
    return broken(path, text)
  }

  #tryHead(fd: number, size: number): Omit<Head, 'head'> | string {
    let bytes = this.#scratch
    const wanted = size <= SMALL_BYTES ? size : FIRST_BYTES
    const count = this.#files.readSync(fd, bytes, 0, wanted, 0)
    const header = decodeHeader(bytes, count, size)
    if (typeof header === 'string') return header
    const metaEnd = HEADER_BYTES + header.metaBytes
    if (metaEnd > count) {
      bytes = Buffer.allocUnsafe(metaEnd)
      if (this.#files.readSync(fd, bytes, 0, metaEnd, 0) < metaEnd) return 'was cut short'
    }
    const meta = decodeMeta(bytes, header)
    return typeof meta === 'string' ? meta : { header, meta }
  }

  #readWhole(
    fd: number,
    path: string,
    found: Omit<FoundEntry, 'body'> & { readonly header: EntryHeader },
    sound: SoundFile | null,
    onFound: (found: FoundEntry | NoEntry) => void,
  ): void {
    const start = bodyStartOf(found.header.metaCapacity)
    const bytes = Buffer.allocUnsafeSlow(found.fileBytes - start)
    this.#files.read(fd, bytes, 0, bytes.length, start, (error, count) => {
      this.#files.close(fd, () => {})
      if (error !== null) {
        onFound(failed(error, path))
      } else if (count < bytes.length) {
        onFound(broken(path, 'was cut short'))
      } else if (!isBodySound(bytes, 0, found.header, sound)) {
        onFound(broken(path, 'has a damaged body'))
      } else {
        const body = MemoryBody.own(bytes.subarray(0, found.header.bodyBytes))
        onFound({ ...found, body })
      }
    })
  }
}

/** Whether all blocks of a body are what was written; its checksums follow it. */
function isBodySound(
  bytes: Buffer,
  start: number,
  header: EntryHeader,
  sound: SoundFile | null,
): boolean {
  const end = start + header.bodyBytes
  let table = end
  for (let at = start, index = 0; at < end; at += BLOCK_BYTES, index++, table += 4) {
    if (sound?.has(index)) continue
    const block = bytes.subarray(at, Math.min(end, at + BLOCK_BYTES))
    if (!isBlockSound(block, bytes.readUInt32LE(table))) return false
    sound?.add(index)
  }
  return true
}

function checksumsOf(bytes: Buffer, from: number, blocks: number): number[] {
  return Array.from({ length: blocks }, (_, index) => bytes.readUInt32LE(from + 4 * index))
}

function broken(path: string, text: string): NoEntry {
  return { kind: 'broken', text: `cache file "${path}" ${text}` }
}

function failed(error: unknown, path: string): NoEntry {
  const kind = systemErrorCode(error) === 'ENOENT' ? 'missing' : 'unreadable'
  return { kind, text: failedCallText(error, path) }
}
