// A directory of a cache with entries in it, written as the store writes them, and the care for it by hand: the time passes
// when a test says so.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { crc32 } from 'node:zlib'
import { type Digest, digestHex, digestOf } from '../../../src/base/digest.ts'
import type { EntryMeta } from '../../../src/cache/entry.ts'
import {
  BLOCK_BYTES,
  encodeHead,
  encodeTable,
  metaCapacityFor,
} from '../../../src/cache/store/entry-file.ts'
import { entryPath } from '../../../src/cache/store/entry-path.ts'
import { type CacheCare, CacheFiles } from '../../../src/control/cache/cache-files.ts'
import { makeRun } from '../../../src/control/cache/cache-run.ts'
import { type CachePath, PLAIN_CACHE_PATH } from '../../../src/model/cache.ts'
import { BUILT_IN } from '../../../src/model/origin.ts'
import { CACHE_THREAD } from '../../../src/zone/cache-layout.ts'
import { CacheZone, createCacheZone } from '../../../src/zone/cache-zone.ts'
import { afterTest } from '../../harness/after-test.ts'

/** When the entries were stored: 2026-11-21. */
export const STORED_MS = Date.UTC(2026, 10, 21, 9)

export function makeCachePath(parts: Partial<CachePath> & { readonly path: string }): CachePath {
  return {
    ...PLAIN_CACHE_PATH,
    origin: BUILT_IN,
    name: 'pages',
    zoneBytes: 1024 * 1024,
    levels: [1, 2],
    usesTempPath: false,
    ...parts,
  }
}

export interface EntryParts extends Partial<EntryMeta> {
  readonly key: string
}

/** Meta of a page that is fresh for an hour. */
export function makeMeta(parts: EntryParts, length: number): EntryMeta {
  return {
    vary: '',
    variant: '',
    family: 'f',
    url: `http://example.com${parts.key}`,
    head: 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n',
    trailers: '',
    requestMs: STORED_MS - 10,
    responseMs: STORED_MS,
    initialAgeSeconds: 0,
    freshness: {
      freshUntilMs: STORED_MS + 3_600_000,
      staleWhileMs: 0,
      staleErrorMs: 0,
      mustRevalidate: false,
      isAlwaysValidated: false,
    },
    tags: [],
    length,
    isOwn: false,
    parts: null,
    ...parts,
  }
}

/** The bytes of an entry's file. */
export function makeEntry(parts: EntryParts, body: string): Buffer {
  const bytes = Buffer.from(body)
  const meta = makeMeta(parts, bytes.length)
  const metaCapacity = metaCapacityFor(meta, false)
  const facts = { metaCapacity, bodyBytes: bytes.length, hex: hexOf(parts), id: 1 }
  const crcs: number[] = []
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    crcs.push(crc32(bytes.subarray(at, at + BLOCK_BYTES)))
  }
  return Buffer.concat([encodeHead(meta, facts, true), bytes, encodeTable(crcs)])
}

export function hashOf({ key, variant = '' }: EntryParts): Digest {
  return digestOf(variant === '' ? key : `${key}\0${variant}`)
}

export function hexOf(parts: EntryParts): string {
  return digestHex(hashOf(parts))
}

/** A cache and who looks after it. */
export class CacheBench {
  readonly lines: string[] = []
  readonly memory: SharedArrayBuffer
  /** As a worker has it. */
  readonly zone: CacheZone
  readonly care: { -readonly [Name in keyof CacheCare]: CacheCare[Name] }
  nowMs = STORED_MS

  constructor(t: TestContext, parts: Partial<CachePath> = {}) {
    const root = mkdtempSync(join(tmpdir(), 'cache-'))
    afterTest(t, () => rmSync(root, { recursive: true, force: true }))
    const path = makeCachePath({ path: root, ...parts })
    const log: CacheCare['log'] = (level, text) => this.lines.push(`[${level}] ${text}`)
    this.memory = createCacheZone(path.zoneBytes)
    this.zone = new CacheZone(this.memory, 0)
    const time = { now: () => this.nowMs, wallNow: () => this.nowMs, delay: async () => {} }
    this.care = {
      path,
      zone: new CacheZone(this.memory, CACHE_THREAD),
      files: new CacheFiles(path, log, time.now),
      run: makeRun(),
      log,
      time,
    }
  }

  get root(): string {
    return this.care.path.path
  }

  pathOf(parts: EntryParts): string {
    return entryPath(this.root, this.care.path.levels, hexOf(parts))
  }

  /** Writes a file that the zone knows nothing of. */
  write(path: string, bytes: Buffer | string): void {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
  }

  /** Writes an entry as an earlier run left it. */
  leave(parts: EntryParts, body = 'a page'): string {
    const path = this.pathOf(parts)
    this.write(path, makeEntry(parts, body))
    return path
  }

  /** Stores an entry as a worker does: file and zone. @returns its slot */
  store(parts: EntryParts, body = 'a page'): number {
    const bytes = makeEntry(parts, body)
    this.write(this.pathOf(parts), bytes)
    const { zone } = this
    const slot = zone.use(hashOf(parts), digestOf(parts.key)[0]!, this.seconds)
    const meta = makeMeta(parts, body.length)
    const facts = {
      bytes: bytes.length,
      freshUntilSeconds: Math.floor(meta.freshness.freshUntilMs / 1000),
      tagBloom: 0,
    }
    zone.store(slot, hashOf(parts), facts, zone.purgeMark(slot))
    return slot
  }

  get seconds(): number {
    return Math.floor(this.nowMs / 1000)
  }

  isStored(parts: EntryParts): boolean {
    const slot = this.zone.find(hashOf(parts), digestOf(parts.key)[0]!)
    return slot !== -1 && this.zone.isStored(slot)
  }

  /** Names of all files in the tree. */
  files(): string[] {
    return readdirSync(this.root, { recursive: true, withFileTypes: true })
      .filter(found => !found.isDirectory())
      .map(found => found.name)
      .sort()
  }
}

/** Runs steps to their end at once. */
export function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
