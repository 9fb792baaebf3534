// What one worker stores, every worker finds; what one of them changes or removes, nobody answers any more.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, describe, it } from 'node:test'

import { digestHex, digestOf } from '../../../src/base/digest.ts'
import type { CacheEntry } from '../../../src/cache/entry.ts'
import type { DiskStore } from '../../../src/cache/store/disk-store.ts'
import { SYSTEM_FILES } from '../../../src/cache/store/file-calls.ts'
import {
  append,
  begin,
  end,
  fill,
  find,
  keyOf,
  load,
  makeMeta,
  pattern,
  readEntry,
  StoreFixture,
} from './store-fixture.ts'

const MEMORY = 8 * 1024 * 1024
const LATER = { ...makeMeta('').freshness, freshUntilMs: 1_950_000_000_000 }

async function entryOf(store: DiskStore, text: string): Promise<CacheEntry> {
  const { entry } = await find(store, keyOf(text))
  assert.ok(entry !== null, `"${text}" is not stored`)
  return entry
}

/** Changes of meta go on in the thread pool. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100_000 && !isTrue(); turn++) await new Promise(setImmediate)
  assert.ok(isTrue())
}

describe('DiskStore', () => {
  it('answers with what was stored, in memory and from the file, for all sizes', async () => {
    for (const memoryBytes of [0, MEMORY]) {
      const fixture = new StoreFixture({ memoryBytes })
      for (const size of [0, 1, 16_384, 16_385, 65_536, 65_537, 524_288, 1_000_000]) {
        const key = keyOf(`size ${size}`)
        const body = pattern(size)
        assert.ok(await fill(fixture.store, key, body))
        for (let i = 0; i < 3; i++) {
          const entry = await entryOf(fixture.store, key.text)
          assert.deepEqual(entry.meta, makeMeta(key.text, { length: size }))
          assert.equal(entry.head.status, 200)
          assert.equal(entry.text, size <= 16_384 ? body.toString('latin1') : null)
          assert.ok((await readEntry(entry)).equals(body))
          entry.release()
        }
      }
      fixture.remove()
    }
  })

  it('makes no call to the file system for a miss, nor for a hit from memory', async () => {
    let calls = 0
    const counted = Object.fromEntries(
      Object.keys(SYSTEM_FILES)
        .filter(name => typeof fs[name as 'open'] === 'function')
        .map(name => [
          name,
          (...values: unknown[]) => {
            calls++
            return (fs[name as 'open'] as (...values: unknown[]) => unknown)(...values)
          },
        ]),
    )
    const fixture = new StoreFixture({ memoryBytes: MEMORY, files: counted })
    assert.ok(await fill(fixture.store, keyOf('hot'), pattern(10_000)))
    // Written with as few calls as can be: a new level takes two more, and the open again.
    assert.ok(calls <= 7, `${calls} calls`)
    calls = 0
    assert.equal((await find(fixture.store, keyOf('never stored'))).entry, null)
    const entry = fixture.store.peek(keyOf('hot'))
    assert.ok(entry !== null && (await readEntry(entry)).equals(pattern(10_000)))
    assert.equal((await find(fixture.store, keyOf('hot'))).entry, entry)
    assert.equal(calls, 0)
    assert.equal(fixture.zone.counters.totals().memoryHits, 1)
    fixture.remove()
  })

  it('keeps in memory no more than it was given', async () => {
    const fixture = new StoreFixture({ memoryBytes: 1024 * 1024 })
    for (let i = 0; i < 100; i++)
      assert.ok(await fill(fixture.store, keyOf(`${i}`), pattern(50_000)))
    assert.ok(fixture.store.memoryBytes > 500_000 && fixture.store.memoryBytes <= 1024 * 1024)
    assert.equal(fixture.store.peek(keyOf('0')), null)
    assert.notEqual(fixture.store.peek(keyOf('99')), null)
    fixture.store.close()
    assert.equal(fixture.store.peek(keyOf('99')), null)
    fixture.remove()
  })

  it('answers with what is whole before its file is in its place, unless it was purged', async () => {
    const fixture = new StoreFixture()
    for (const isPurged of [false, true]) {
      const key = keyOf(`coming ${isPurged}`)
      const writer = await begin(fixture.store, key, 1000)
      append(writer, pattern(1000))
      assert.equal(fixture.store.peek(key), null)
      const stored = end(writer)
      if (isPurged) fixture.store.remove(key)
      const entry = fixture.store.peek(key)
      assert.equal(entry === null, isPurged)
      if (entry !== null) {
        assert.ok((await readEntry(entry)).equals(pattern(1000)))
        entry.release()
      }
      writer.entry.release()
      assert.equal(await stored, !isPurged)
      assert.equal((await load(fixture.store, key)) === null, isPurged)
    }
    await until(() => fixture.files().length === 1)
    fixture.remove()
  })

  it('counts uses, so that what is asked for once need not be stored', async () => {
    const fixture = new StoreFixture()
    for (let uses = 1; uses < 4; uses++) {
      assert.equal((await find(fixture.store, keyOf('a'))).uses, uses)
    }
    fixture.remove()
  })

  it('keeps variants side by side, and removes them with their key', async () => {
    const fixture = new StoreFixture({ memoryBytes: MEMORY })
    const [first, second] = [keyOf('page'), keyOf('page', 'accept-language: de')]
    const vary = 'accept-language'
    assert.ok(await fill(fixture.store, first, pattern(10, 1), { vary, variant: 'en' }))
    assert.ok(await fill(fixture.store, second, pattern(10, 2), { vary }))
    assert.ok((await load(fixture.store, first))?.equals(pattern(10, 1)))
    assert.ok((await load(fixture.store, second))?.equals(pattern(10, 2)))
    assert.equal(await load(fixture.store, keyOf('page', 'accept-language: fr')), null)
    fixture.store.remove(second)
    assert.equal(await load(fixture.store, second), null)
    assert.ok((await load(fixture.store, first))?.equals(pattern(10, 1)))
    assert.ok(await fill(fixture.store, second, pattern(10, 2), { vary }))
    fixture.store.remove(first)
    assert.equal(await load(fixture.store, first), null)
    assert.equal(await load(fixture.store, second), null)
    await until(() => fixture.files().length === 0)
    fixture.remove()
  })

  it('names the file by the MD5 of the key', async () => {
    const fixture = new StoreFixture()
    assert.ok(await fill(fixture.store, keyOf('http://a/é'), pattern(10)))
    const hex = digestHex(digestOf('http://a/é'))
    assert.deepEqual(fixture.files(), [`${hex.slice(31)}/${hex.slice(29, 31)}/${hex}`])
    fixture.remove()
  })

  it('finds files of an earlier run before the loader has met them', async () => {
    const before = new StoreFixture()
    assert.ok(await fill(before.store, keyOf('old'), pattern(300)))
    const now = new StoreFixture({ isCold: true }, 1, before.root)
    assert.equal(await load(now.store, keyOf('never stored')), null)
    assert.ok((await load(now.store, keyOf('old')))?.equals(pattern(300)))
    assert.equal(now.zone.entryCount, 1)
    assert.equal(now.zone.bytes, now.readFile(now.files()[0]!).length)
    now.store.remove(keyOf('old'))
    assert.equal(await load(now.store, keyOf('old')), null)
    before.remove()
  })

  it('removes a file of an earlier run that the loader has not met', async () => {
    const before = new StoreFixture()
    assert.ok(await fill(before.store, keyOf('old'), pattern(300)))
    const now = new StoreFixture({ isCold: true }, 1, before.root)
    now.store.remove(keyOf('old'))
    assert.equal(await load(now.store, keyOf('old')), null)
    before.remove()
  })

  it('refuses an entry for which the zone has no room', async () => {
    const fixture = new StoreFixture()
    const lookup = { entry: null, slot: -1, uses: 1, purgeMark: 0 }
    assert.equal(fixture.store.create(keyOf('a'), makeMeta('a'), 10, lookup), null)
    assert.equal(fixture.store.lock(-1, 5000), 0)
    fixture.remove()
  })
})

describe('DiskStore.freshen', () => {
  for (const [name, memoryBytes, size] of [
    ['in memory', MEMORY, 1000],
    ['in a small file', 0, 1000],
    ['in a large file', 0, 400_000],
  ] as const) {
    for (const [how, more] of [
      ['in its place', ''],
      ['in a copy of the file where it has no room', `X-More: ${'m'.repeat(5000)}\r\n`],
    ] as const) {
      it(`puts other meta ${how}, for an entry ${name}`, async () => {
        const fixture = new StoreFixture({ memoryBytes }, 2)
        const [own, other] = [fixture.stores[0]!, fixture.stores[1]!]
        const key = keyOf('a')
        const body = pattern(size)
        assert.ok(await fill(own, key, body))
        assert.ok((await load(other, key))?.equals(body))
        const entry = await entryOf(own, 'a')
        const head = `HTTP/1.1 200 OK\r\nETag: "2"\r\n${more}\r\n`
        const meta = { ...entry.meta, head, freshness: LATER }
        const fresh = own.freshen(key, entry, meta, () => {})
        entry.release()
        assert.deepEqual(fresh.meta, meta)
        assert.ok((await readEntry(fresh)).equals(body))
        fresh.release()
        const { slot } = await find(own, key)
        const version = entry.version
        await until(() => fixture.zone.version(slot) !== version)
        for (const store of fixture.stores) {
          const found = await entryOf(store, 'a')
          assert.deepEqual(found.meta, meta)
          assert.equal(found.head.fields.value(0), '"2"')
          assert.ok((await readEntry(found)).equals(body))
          found.release()
        }
        await until(() => fixture.files().length === 1)
        assert.equal(fixture.zone.bytes, fixture.readFile(fixture.files()[0]!).length)
        assert.deepEqual(fixture.lines, [])
        fixture.remove()
      })
    }
  }

  it('never puts its meta on the body that another worker has stored meanwhile', async () => {
    const fixture = new StoreFixture({}, 2)
    const key = keyOf('a')
    assert.ok(await fill(fixture.stores[0]!, key, pattern(1000, 1)))
    const old = await entryOf(fixture.stores[0]!, 'a')
    const head = 'HTTP/1.1 200 OK\r\nETag: "young"\r\n\r\n'
    assert.ok(await fill(fixture.stores[1]!, key, pattern(1000, 2), { head }))
    const fresh = fixture.stores[0]!.freshen(key, old, { ...old.meta, freshness: LATER }, () => {})
    assert.ok((await readEntry(fresh)).equals(pattern(1000, 1)))
    for (const store of fixture.stores) {
      const found = await entryOf(store, 'a')
      assert.equal(found.meta.head, head)
      assert.ok((await readEntry(found)).equals(pattern(1000, 2)))
    }
    fixture.remove()
  })

  it('leaves a file alone that took the place of the one it is about', async () => {
    const fixture = new StoreFixture()
    const key = keyOf('a')
    assert.ok(await fill(fixture.store, key, pattern(1000, 1)))
    const path = fixture.files()[0]!
    const old = await entryOf(fixture.store, 'a')
    const other = new StoreFixture()
    assert.ok(await fill(other.store, key, pattern(1000, 2)))
    const young = other.readFile(path)
    fs.writeFileSync(`${fixture.root}/${path}`, young)
    fixture.store.freshen(key, old, { ...old.meta, freshness: LATER }, () => {}).release()
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
    assert.ok(fixture.readFile(path).equals(young))
    fixture.remove()
    other.remove()
  })
})

describe('DiskStore, in several workers', () => {
  const fixture = new StoreFixture({ memoryBytes: MEMORY }, 2)
  const [one, two] = [fixture.stores[0]!, fixture.stores[1]!]
  after(() => fixture.remove())

  it('answers no more from memory what another worker has replaced', async () => {
    const key = keyOf('replaced')
    assert.ok(await fill(one, key, pattern(100, 1)))
    assert.ok((await load(two, key))?.equals(pattern(100, 1)))
    assert.notEqual(two.peek(key), null)
    assert.ok(await fill(one, key, pattern(100, 2)))
    assert.equal(two.peek(key), null)
    assert.ok((await load(two, key))?.equals(pattern(100, 2)))
    assert.ok((await readEntry(one.peek(key)!)).equals(pattern(100, 2)))
  })

  it('answers no more from memory what another worker has removed', async () => {
    const key = keyOf('removed')
    assert.ok(await fill(one, key, pattern(100)))
    assert.ok((await load(two, key))?.equals(pattern(100)))
    one.remove(key)
    assert.equal(two.peek(key), null)
    assert.equal(await load(two, key), null)
  })

  it('stores nothing that was purged while it came', async () => {
    const key = keyOf('purged')
    const writer = await begin(one, key, 100)
    append(writer, pattern(50))
    two.remove(key)
    append(writer, pattern(100).subarray(50))
    assert.equal(await end(writer), false)
    assert.ok((await readEntry(writer.entry)).equals(pattern(100)))
    writer.entry.release()
    assert.equal(await load(two, key), null)
    assert.equal(await load(one, key), null)
  })

  it('answers what was purged softly as stale, from that moment on', async () => {
    const key = keyOf('soft')
    assert.ok(await fill(one, key, pattern(100)))
    const { slot } = await find(one, key)
    assert.ok(fixture.zone.expire(slot, digestOf(key.text)))
    assert.equal(one.peek(key), null)
    const entry = await entryOf(one, 'soft')
    assert.equal(entry.meta.freshness.freshUntilMs, fixture.clock.wallMs)
    one.freshen(key, entry, { ...entry.meta, freshness: LATER }, () => {}).release()
    await until(() => !fixture.zone.isExpired(slot))
    assert.deepEqual((await entryOf(two, 'soft')).meta.freshness, LATER)
  })

  it('keeps one whole response when both write the same key at once', async () => {
    for (let round = 0; round < 20; round++) {
      const key = keyOf(`both ${round}`)
      const size = round % 2 === 0 ? 3000 : 300_000
      const bodies = [pattern(size, 1), pattern(size, 2)]
      const writers = await Promise.all([one, two].map(store => begin(store, key, size)))
      for (let at = 0; at < size; at += 50_000) {
        writers.forEach((writer, i) => {
          append(writer, bodies[i]!.subarray(at, at + 50_000))
        })
      }
      assert.deepEqual(await Promise.all(writers.map(writer => end(writer))), [true, true])
      for (const writer of writers) writer.entry.release()
      for (const store of [one, two]) {
        const body = await load(store, key)
        assert.ok(bodies.some(each => body?.equals(each)))
      }
    }
  })

  it('lets one of them fetch, and tells the other when that is over', async () => {
    const { slot } = await find(one, keyOf('locked'))
    const token = one.lock(slot, 5000)
    assert.notEqual(token, 0)
    assert.equal(two.lock(slot, 5000), 0)
    const isFree = new Promise<boolean>(resolve => {
      two.wait(slot, 60_000, resolve)
    })
    one.unlock(slot, token)
    assert.equal(await isFree, true)
    assert.notEqual(two.lock(slot, 5000), 0)
  })
})
