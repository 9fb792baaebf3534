// A cache's directory, its zone, and stores of several workers over them, for the tests of cache/store.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { BodySource } from '../../../src/base/body-source.ts'
import { SystemClock } from '../../../src/base/clock.ts'
import { TimerWheel } from '../../../src/base/timer-wheel.ts'
import type { CacheEntry, EntryMeta } from '../../../src/cache/entry.ts'
import type { EntryKey, EntryWriter, Lookup } from '../../../src/cache/store/cache-store.ts'
import { DiskStore } from '../../../src/cache/store/disk-store.ts'
import { type FileCalls, SYSTEM_FILES } from '../../../src/cache/store/file-calls.ts'
import {
  type CachePath,
  LOADER_PACING,
  MANAGER_PACING,
  PURGER_PACING,
} from '../../../src/model/cache.ts'
import { CacheWaits } from '../../../src/zone/cache-waits.ts'
import { CacheZone, createCacheZone } from '../../../src/zone/cache-zone.ts'

export const RUN = 'thisrun'

export function makeMeta(key: string, more: Partial<EntryMeta> = {}): EntryMeta {
  const length = more.length ?? -1
  return {
    key,
    vary: '',
    variant: '',
    url: `http://example.com/${key}`,
    head: 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n',
    trailers: '',
    family: '',
    requestMs: 1_800_000_000_000,
    responseMs: 1_800_000_000_100,
    initialAgeSeconds: 0,
    freshness: {
      freshUntilMs: 1_900_000_000_000,
      staleWhileMs: 0,
      staleErrorMs: 0,
      mustRevalidate: false,
      isAlwaysValidated: false,
    },
    tags: [],
    isOwn: false,
    parts: null,
    ...more,
    length,
  }
}

export function keyOf(text: string, variant = ''): EntryKey {
  return { text, variant }
}

/** Bytes of which each place is recognisable, other ones for each seed. */
export function pattern(size: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + (i >> 16) + seed * 13) & 0xff
  return bytes
}

export interface FixtureOptions {
  readonly levels?: readonly number[]
  readonly bytesMax?: number
  readonly memoryBytes?: number
  readonly files?: Partial<FileCalls>
  readonly tempPath?: string
  readonly isCold?: boolean
}

export class StoreFixture {
  readonly root: string
  readonly zones: CacheZone[] = []
  readonly stores: DiskStore[] = []
  readonly lines: string[] = []
  readonly clock = new SystemClock()

  /** @param directory made and removed by the caller; else a new one in the temporary directory */
  constructor(options: FixtureOptions = {}, workers = 1, directory?: string) {
    this.root = directory ?? mkdtempSync(join(tmpdir(), 'store-'))
    const memory = createCacheZone(1024 * 1024)
    const cache: CachePath = {
      origin: { file: '', line: 1, column: 1 } as unknown as CachePath['origin'],
      name: 'test',
      zoneBytes: 1024 * 1024,
      path: this.root,
      levels: options.levels ?? [1, 2],
      inactiveMs: 600_000,
      bytesMax: options.bytesMax ?? 0,
      freeBytesMin: 0,
      manager: MANAGER_PACING,
      loader: LOADER_PACING,
      purger: PURGER_PACING,
      usesTempPath: options.tempPath !== undefined,
      memoryBytes: 0,
    }
    for (let worker = 0; worker < workers; worker++) {
      const zone = new CacheZone(memory, worker)
      const wheel = new TimerWheel(this.clock)
      this.zones.push(zone)
      this.stores.push(
        new DiskStore({
          cache,
          zone,
          waits: new CacheWaits(zone, this.clock, wheel),
          clock: this.clock,
          log: (level, text) => this.lines.push(`${level}: ${text}`),
          memoryBytes: options.memoryBytes ?? 0,
          tempPath: options.tempPath ?? '',
          run: RUN,
          files: { ...SYSTEM_FILES, ...options.files },
        }),
      )
    }
    if (options.isCold !== true) this.zones[0]!.setLoaderState('done')
  }

  get store(): DiskStore {
    return this.stores[0]!
  }

  get zone(): CacheZone {
    return this.zones[0]!
  }

  /** All files below the directory, as paths from it. */
  files(): string[] {
    return readdirSync(this.root, { recursive: true, withFileTypes: true })
      .filter(item => item.isFile())
      .map(item => join(item.parentPath, item.name).slice(this.root.length + 1))
      .sort()
  }

  readFile(path: string): Buffer {
    return readFileSync(join(this.root, path))
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 })
  }
}

export function find(store: DiskStore, key: EntryKey): Promise<Lookup> {
  return new Promise(resolve => {
    store.find(key, resolve)
  })
}

/** Begins an entry as a request would. */
export async function begin(
  store: DiskStore,
  key: EntryKey,
  bytes: number,
  more: Partial<EntryMeta> = {},
): Promise<EntryWriter> {
  const lookup = await find(store, key)
  lookup.entry?.release()
  const meta = makeMeta(key.text, { variant: key.variant, length: bytes, ...more })
  const writer = store.create(key, meta, bytes, lookup)
  if (writer === null) throw new Error('the store refused the entry')
  return writer
}

/** Appends from a buffer that is used for something else afterwards. */
export function append(writer: EntryWriter, bytes: Buffer): boolean {
  const borrowed = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')])
  const isTaken = writer.append(borrowed, 6, 6 + bytes.length)
  borrowed.fill(0xee)
  return isTaken
}

export function end(writer: EntryWriter, trailers = ''): Promise<boolean> {
  return new Promise(resolve => {
    writer.end(trailers, resolve)
  })
}

/** Stores a response. @returns whether it is kept */
export async function fill(
  store: DiskStore,
  key: EntryKey,
  body: Buffer,
  more: Partial<EntryMeta> = {},
): Promise<boolean> {
  const writer = await begin(store, key, body.length, more)
  append(writer, body)
  const isStored = await end(writer)
  writer.entry.release()
  return isStored
}

export function readable(source: BodySource): Promise<void> {
  return new Promise(resolve => {
    source.onReadable = resolve
  })
}

/** Reads to the end, or until the source fails: then the failure says so. */
export async function readAll(source: BodySource): Promise<Buffer> {
  const pieces: Buffer[] = []
  for (;;) {
    const bytes = source.read()
    if (bytes === null) break
    if (bytes === 'wait') await readable(source)
    else pieces.push(Buffer.from(bytes))
  }
  source.close()
  return Buffer.concat(pieces)
}

export function readEntry(entry: CacheEntry): Promise<Buffer> {
  return readAll(entry.open(0, entry.meta.length))
}

/** The body that the cache has for a key; null = none. Fails when a body breaks off. */
export async function load(store: DiskStore, key: EntryKey): Promise<Buffer | null> {
  const { entry } = await find(store, key)
  if (entry === null) return null
  const source = entry.open(0, entry.meta.length)
  entry.release()
  const body = await readAll(source)
  return source.failure === null ? body : null
}
