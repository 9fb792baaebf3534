// Whatever happens to the files of a cache, a body that is given out is the one that was stored, or it breaks off.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { digestHex, digestOf } from '../../../src/base/digest.ts'
import { decodeHeader, decodeMeta, encodeHead } from '../../../src/cache/store/entry-file.ts'
import { entryPath } from '../../../src/cache/store/entry-path.ts'
import {
  fill,
  find,
  keyOf,
  load,
  makeMeta,
  pattern,
  readAll,
  readEntry,
  StoreFixture,
} from './store-fixture.ts'

const KEY = keyOf('http://example.com/a')

function pathOf(fixture: StoreFixture, key: string): string {
  return entryPath(fixture.root, [1, 2], digestHex(digestOf(key)))
}

/** Makes the zone believe that the file is the key's entry, as after its loading. */
function announce(fixture: StoreFixture, key: string, bytes: number): void {
  const digest = digestOf(key)
  const slot = fixture.zone.use(digest, digest[0]!, fixture.clock.wallSeconds)
  const facts = { bytes, freshUntilSeconds: 1_900_000_000, tagBloom: 0 }
  assert.ok(fixture.zone.store(slot, digest, facts, fixture.zone.purgeMark(slot)))
}

describe('DiskStore', () => {
  const fixture = new StoreFixture()
  after(() => fixture.remove())

  it('gives out nothing of a file that was cut short, wherever that was', async () => {
    const body = pattern(300)
    assert.ok(await fill(fixture.store, KEY, body))
    const path = pathOf(fixture, KEY.text)
    const whole = fixture.readFile(path.slice(fixture.root.length + 1))
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length))
      announce(fixture, KEY.text, whole.length)
      fixture.lines.length = 0
      assert.equal(await load(fixture.store, KEY), null, `${length} bytes`)
      assert.equal(fixture.lines.length, 1)
      assert.match(
        fixture.lines[0]!,
        /^crit: cache file ".*" (is too small|has \d+ bytes).*, removed$/,
      )
    }
    assert.deepEqual(fixture.files(), [])
    assert.equal(fixture.zone.counters.totals().corrupt, whole.length)
    writeFileSync(path, whole)
    announce(fixture, KEY.text, whole.length)
    assert.ok((await load(fixture.store, KEY))?.equals(body))
  })

  it('never gives out a wrong body or meta when any byte of a file was changed', async () => {
    const sizes = [1, 300, 16_385, 65_537, 200_000]
    for (const size of sizes) {
      const key = keyOf(`flipped ${size}`)
      const body = pattern(size)
      assert.ok(await fill(fixture.store, key, body))
      const path = pathOf(fixture, key.text)
      const whole = fixture.readFile(path.slice(fixture.root.length + 1))
      const places = fc.oneof(fc.nat(Math.min(whole.length - 1, 800)), fc.nat(whole.length - 1))
      const flip = fc.tuple(places, fc.integer({ min: 1, max: 255 }))
      await fc.assert(
        fc.asyncProperty(flip, async ([at, change]) => {
          const bytes = Buffer.from(whole)
          bytes[at]! ^= change
          writeFileSync(path, bytes)
          announce(fixture, key.text, whole.length)
          const { entry } = await find(fixture.store, key)
          if (entry === null) return
          assert.deepEqual(entry.meta, makeMeta(key.text, { length: size }))
          const source = entry.open(0, size)
          const read = await readAll(source)
          entry.release()
          const isStart = read.equals(body.subarray(0, read.length))
          assert.ok(isStart, `wrong bytes after a change at ${at}`)
          assert.ok(read.length === size || source.failure !== null)
        }),
        { numRuns: 120 },
      )
    }
  })

  it('removes a large file once a reader has met the damage, and says so to the reader', async () => {
    const key = keyOf('large')
    const body = pattern(500_000)
    assert.ok(await fill(fixture.store, key, body))
    const path = pathOf(fixture, key.text)
    const whole = fixture.readFile(path.slice(fixture.root.length + 1))
    whole[whole.length - 1000]! ^= 1
    writeFileSync(path, whole)
    const { entry } = await find(fixture.store, key)
    const source = entry!.open(0, body.length)
    const read = await readAll(source)
    assert.ok(read.length < body.length && read.equals(body.subarray(0, read.length)))
    assert.match(source.failure?.detail ?? '', /^cache file ".*" has a damaged body$/)
    entry!.release()
    assert.equal((await find(fixture.store, key)).entry, null)
    assert.ok(!fixture.files().includes(path.slice(fixture.root.length + 1)))
  })

  it('notices a change of a file that it has found sound before', async () => {
    const key = keyOf('changed later')
    const body = pattern(100_000)
    assert.ok(await fill(fixture.store, key, body))
    const path = pathOf(fixture, key.text)
    const whole = fixture.readFile(path.slice(fixture.root.length + 1))
    // What is known of the file is remembered only when its last change is some time ago.
    fixture.clock.wallMs += 10_000
    for (let i = 0; i < 3; i++) assert.ok((await load(fixture.store, key))?.equals(body))
    whole[whole.length - 5000]! ^= 1
    const { ctimeMs } = statSync(path)
    // Until the grain of the file system's clock has passed.
    do writeFileSync(path, whole)
    while (statSync(path).ctimeMs === ctimeMs)
    assert.equal(await load(fixture.store, key), null)
    fixture.clock.refresh()
  })

  it('goes on with a file that is replaced while it is read', async () => {
    const key = keyOf('replaced')
    const [old, young] = [pattern(400_000, 1), pattern(400_000, 2)]
    assert.ok(await fill(fixture.store, key, old))
    const { entry } = await find(fixture.store, key)
    const source = entry!.open(0, old.length)
    assert.equal(source.read(), 'wait')
    assert.ok(await fill(fixture.store, key, young))
    assert.ok((await readAll(source)).equals(old))
    assert.ok((await readAll(entry!.open(0, 10))).equals(old.subarray(0, 10)))
    entry!.release()
    assert.ok((await load(fixture.store, key))?.equals(young))
  })

  it('goes on with a file that is removed while it is read', async () => {
    const key = keyOf('removed')
    const body = pattern(400_000)
    assert.ok(await fill(fixture.store, key, body))
    const { entry } = await find(fixture.store, key)
    const source = entry!.open(100_000, 300_000)
    fixture.store.remove(key)
    assert.equal((await find(fixture.store, key)).entry, null)
    assert.ok((await readAll(source)).equals(body.subarray(100_000, 300_000)))
    entry!.release()
  })

  it('fails a reader whose file is cut while it is read', async () => {
    const key = keyOf('cut')
    const body = pattern(900_000)
    assert.ok(await fill(fixture.store, key, body))
    const { entry } = await find(fixture.store, key)
    truncateSync(pathOf(fixture, key.text), 300_000)
    const source = entry!.open(0, body.length)
    const read = await readAll(source)
    entry!.release()
    assert.ok(read.length < body.length && read.equals(body.subarray(0, read.length)))
    assert.notEqual(source.failure, null)
  })

  it('takes no entry of another key under the same hash, and leaves it where it is', async () => {
    const other = keyOf('the other key')
    const body = pattern(50)
    assert.ok(await fill(fixture.store, other, body))
    // Another entry's file under the name and with the hash of this one: what colliding hashes come to.
    const key = keyOf('the key')
    const { hex, whole } = collide(fixture, other.text, key.text)
    announce(fixture, key.text, whole.length)
    fixture.lines.length = 0
    assert.equal((await find(fixture.store, key)).entry, null)
    assert.match(fixture.lines[0]!, /^alert: cache file ".*" has another key$/)
    assert.ok(fixture.files().some(path => path.endsWith(hex)))
    assert.ok(await fill(fixture.store, key, pattern(60)))
    assert.ok((await load(fixture.store, key))?.equals(pattern(60)))
  })

  it('neither waits for nor follows what only has the name of an entry', async () => {
    const body = pattern(300)
    const key = keyOf('http://example.com/no-file')
    assert.ok(await fill(fixture.store, key, body))
    const path = pathOf(fixture, key.text)
    const copy = `${fixture.root}/copy`
    renameSync(path, copy)
    fixture.lines.length = 0
    for (const [what, make] of [
      ['a pipe', () => execFileSync('mkfifo', [path])],
      ['a link', () => symlinkSync(copy, path)],
      ['a directory', () => mkdirSync(path)],
    ] as const) {
      make()
      announce(fixture, key.text, 720)
      assert.equal(await load(fixture.store, key), null, what)
      rmSync(path, { recursive: true, force: true })
    }
    assert.match(fixture.lines[0]!, /is too small, removed$/)
    rmSync(copy)
  })

  it('takes no file that has the name of another entry', async () => {
    assert.ok(await fill(fixture.store, keyOf('named'), pattern(50)))
    const target = pathOf(fixture, 'wanted')
    assert.ok(await fill(fixture.store, keyOf('wanted'), pattern(50)))
    renameSync(pathOf(fixture, 'named'), target)
    announce(fixture, 'wanted', 50)
    assert.equal(await load(fixture.store, keyOf('wanted')), null)
  })

  it('finds nothing, without a word, where somebody has removed the files', async () => {
    const key = keyOf('by hand')
    assert.ok(await fill(fixture.store, key, pattern(50)))
    rmSync(pathOf(fixture, key.text))
    fixture.lines.length = 0
    assert.equal((await find(fixture.store, key)).entry, null)
    assert.deepEqual(fixture.lines, [])
    // The zone knows it from then on.
    assert.equal(fixture.zone.isStored((await find(fixture.store, key)).slot), false)
  })

  it('reads a head of sixty-four kilobytes', async () => {
    const key = keyOf('k'.repeat(65_536))
    const head = `HTTP/1.1 200 OK\r\nX-Long: ${'v'.repeat(65_000)}\r\n\r\n`
    for (const size of [10, 200_000]) {
      assert.ok(await fill(fixture.store, key, pattern(size), { head }))
      const { entry } = await find(fixture.store, key)
      assert.equal(entry!.meta.head, head)
      assert.ok((await readEntry(entry!)).equals(pattern(size)))
      entry!.release()
    }
  })
})

/** Puts the file of one key where another key's would be, as if both had one hash. */
function collide(fixture: StoreFixture, from: string, to: string) {
  const hex = digestHex(digestOf(to))
  const whole = fixture.readFile(pathOf(fixture, from).slice(fixture.root.length + 1))
  const header = decodeHeader(whole, whole.length, whole.length)
  assert.ok(typeof header !== 'string')
  const meta = decodeMeta(whole, header)
  assert.ok(typeof meta !== 'string')
  encodeHead(meta, { ...header, hex }, true).copy(whole)
  const path = pathOf(fixture, to)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, whole)
  return { hex, whole }
}
