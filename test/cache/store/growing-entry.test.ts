// Readers of an entry that is still being written: each at its own pace and from its own place, none of them in the peer's
// way, and memory flat whatever the size.

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'

import type { BodySource } from '../../../src/base/body-source.ts'
import type { EntryWriter } from '../../../src/cache/store/cache-store.ts'
import {
  append,
  begin,
  end,
  find,
  keyOf,
  load,
  pattern,
  readAll,
  readable,
  readEntry,
  StoreFixture,
} from './store-fixture.ts'

const ENDLESS = Number.MAX_SAFE_INTEGER

function ready(writer: EntryWriter): Promise<void> {
  return new Promise(resolve => {
    writer.onReady = resolve
  })
}

/** Appends all of it, waiting where the writer asks for it. */
async function appendAll(writer: EntryWriter, bytes: Buffer, pieceBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (!append(writer, bytes.subarray(at, at + pieceBytes))) await ready(writer)
  }
}

function readNow(source: BodySource): Buffer {
  const bytes = source.read()
  assert.ok(bytes !== null && bytes !== 'wait', String(bytes))
  return Buffer.from(bytes)
}

describe('EntryWriter', () => {
  const fixture = new StoreFixture({ memoryBytes: 4 * 1024 * 1024 })
  after(() => fixture.remove())

  it('lets a reader follow at its heels, of a body whose length nobody knows', async () => {
    const key = keyOf('heels')
    const writer = await begin(fixture.store, key, -1)
    const source = writer.entry.open(0, ENDLESS)
    assert.equal(source.read(), 'wait')
    const pieces = ['one', 'two', 'three']
    for (const piece of pieces) {
      const isReadable = readable(source)
      assert.ok(append(writer, Buffer.from(piece)))
      await isReadable
      assert.equal(readNow(source).toString(), piece)
      assert.equal(source.read(), 'wait')
    }
    assert.ok(await end(writer))
    assert.equal(source.read(), null)
    assert.equal(source.failure, null)
    source.close()
    writer.entry.release()
    const { entry } = await find(fixture.store, key)
    assert.equal(entry!.meta.length, 11)
    assert.equal(entry!.text, 'onetwothree')
  })

  it('keeps trailers', async () => {
    const key = keyOf('trailers')
    const writer = await begin(fixture.store, key, -1)
    append(writer, pattern(100_000))
    assert.ok(await end(writer, 'X-Sum: 1\r\n'))
    writer.entry.release()
    const { entry } = await find(fixture.store, key)
    assert.equal(entry!.meta.trailers, 'X-Sum: 1\r\n')
    assert.ok((await readEntry(entry!)).equals(pattern(100_000)))
    entry!.release()
  })

  it('does not keep a response whose trailers have no room, and delivers it all the same', async () => {
    const writer = await begin(fixture.store, keyOf('long trailers'), -1)
    const source = writer.entry.open(0, ENDLESS)
    append(writer, pattern(300))
    assert.equal(await end(writer, `X-Long: ${'x'.repeat(5000)}\r\n`), false)
    assert.ok((await readAll(source)).equals(pattern(300)))
    writer.entry.release()
    assert.equal(await load(fixture.store, keyOf('long trailers')), null)
  })

  it('gives every reader the same bytes, whatever the order of writing and reading', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1_500_000 }),
        fc.integer({ min: 500, max: 200_000 }),
        fc.array(
          fc.tuple(
            fc.double({ min: 0, max: 1, noNaN: true }),
            fc.double({ min: 0, max: 1, noNaN: true }),
          ),
          {
            maxLength: 5,
          },
        ),
        async (size, pieceBytes, shares) => {
          const key = keyOf(`property ${size} ${pieceBytes}`)
          const body = pattern(size, size % 251)
          const writer = await begin(fixture.store, key, size)
          const reads = shares.map(async ([a, b], index) => {
            const [from, to] = [Math.floor(Math.min(a, b) * size), Math.ceil(Math.max(a, b) * size)]
            // Some begin in the middle of things.
            for (let turn = 0; turn < index * 3; turn++) await new Promise(setImmediate)
            const bytes = await readAll(writer.entry.open(from, to))
            assert.ok(bytes.equals(body.subarray(from, to)), `${from} to ${to}`)
          })
          await appendAll(writer, body, pieceBytes)
          assert.ok(await end(writer))
          await Promise.all(reads)
          writer.entry.release()
          assert.ok((await load(fixture.store, key))?.equals(body))
        },
      ),
      { numRuns: 25 },
    )
  })

  it('never holds the peer back for a slow reader, and that one gets all from the file', async () => {
    const key = keyOf('slow')
    const body = pattern(8_000_000)
    const writer = await begin(fixture.store, key, body.length)
    const slow = writer.entry.open(0, body.length)
    slow.onReadable = () => {}
    const first = slow.read()
    assert.equal(first, 'wait')
    await appendAll(writer, body, 60_000)
    assert.ok(await end(writer))
    assert.ok((await readAll(slow)).equals(body))
    writer.entry.release()
  })

  it('lets a reader wait for a range that has not come', async () => {
    const body = pattern(900_000)
    const writer = await begin(fixture.store, keyOf('ahead'), body.length)
    const source = writer.entry.open(700_000, 700_010)
    assert.equal(source.read(), 'wait')
    append(writer, body.subarray(0, 500_000))
    assert.equal(source.read(), 'wait')
    const isReadable = readable(source)
    append(writer, body.subarray(500_000))
    await isReadable
    assert.ok(readNow(source).equals(body.subarray(700_000, 700_010)))
    assert.equal(source.read(), null)
    source.close()
    assert.ok(await end(writer))
    writer.entry.release()
  })

  it('opens a range of a part by its place in the representation', async () => {
    const key = keyOf('part')
    const body = pattern(1000)
    const parts = [{ start: 5000, end: 6000 }]
    const writer = await begin(fixture.store, key, 1000, { parts, length: 20_000 })
    append(writer, body)
    assert.ok((await readAll(writer.entry.open(5100, 5200))).equals(body.subarray(100, 200)))
    assert.ok(await end(writer))
    writer.entry.release()
    const { entry } = await find(fixture.store, key)
    assert.equal(entry!.text, null)
    assert.ok((await readAll(entry!.open(5900, 6000))).equals(body.subarray(900)))
    const absent = entry!.open(4999, 5001)
    assert.equal(absent.read(), null)
    assert.equal(absent.failure?.detail, 'the range is not in the cache')
    entry!.release()
  })

  it('gives readers what came before the response broke off, then fails them; nothing is kept', async () => {
    for (const size of [1000, 600_000]) {
      const key = keyOf(`broken ${size}`)
      const body = pattern(size)
      const writer = await begin(fixture.store, key, 2 * size)
      const source = writer.entry.open(0, 2 * size)
      await appendAll(writer, body, 60_000)
      const late = writer.entry.open(10, 20)
      const waiting = writer.entry.open(size + 10, size + 20)
      assert.equal(waiting.read(), 'wait')
      const isReadable = readable(waiting)
      writer.abort('connection reset')
      await isReadable
      assert.equal(waiting.read(), null)
      assert.deepEqual(waiting.failure, {
        failure: 'truncated_response',
        detail: 'connection reset',
      })
      waiting.close()
      assert.ok((await readAll(source)).equals(body))
      assert.equal(source.failure?.detail, 'connection reset')
      assert.ok((await readAll(late)).equals(body.subarray(10, 20)))
      assert.equal(late.failure, null)
      writer.entry.release()
      assert.equal(await load(fixture.store, key), null)
    }
    await assertNoTemporaryFiles(fixture)
  })

  it('keeps nothing of a body that is shorter or longer than announced', async () => {
    for (const size of [99, 101]) {
      const key = keyOf(`lying ${size}`)
      const writer = await begin(fixture.store, key, 100)
      const source = writer.entry.open(0, 100)
      append(writer, pattern(size))
      assert.equal(await end(writer), false)
      assert.equal((await readAll(source)).length, Math.min(size, 100))
      assert.equal(source.failure !== null, size < 100)
      writer.entry.release()
      assert.equal(await load(fixture.store, key), null)
    }
  })

  it('keeps nothing of what it was told to forget, and serves it to the end', async () => {
    for (const size of [5000, 900_000]) {
      const key = keyOf(`forgotten ${size}`)
      const body = pattern(size)
      const writer = await begin(fixture.store, key, size)
      const source = writer.entry.open(0, size)
      await appendAll(writer, body.subarray(0, size / 2), 60_000)
      writer.forget()
      await appendAll(writer, body.subarray(size / 2), 60_000)
      assert.equal(await end(writer), false)
      assert.ok((await readAll(source)).equals(body))
      writer.entry.release()
      assert.equal(await load(fixture.store, key), null)
    }
    await assertNoTemporaryFiles(fixture)
  })

  it('keeps nothing of a body that grows beyond the size of the cache', async () => {
    const small = new StoreFixture({ bytesMax: 100_000 })
    const lookup = await find(small.store, keyOf('a'))
    assert.ok(await begin(small.store, keyOf('fits'), 100_000))
    await assert.rejects(begin(small.store, keyOf('too large'), 100_001))
    const writer = await begin(small.store, keyOf('grows'), -1)
    const source = writer.entry.open(0, ENDLESS)
    await appendAll(writer, pattern(300_000), 50_000)
    assert.equal(await end(writer), false)
    assert.ok((await readAll(source)).equals(pattern(300_000)))
    writer.entry.release()
    assert.equal(lookup.entry, null)
    await assertNoTemporaryFiles(small)
    small.remove()
  })

  it('frees file and memory when all have gone in the middle, and goes on storing', async () => {
    const key = keyOf('all gone')
    const body = pattern(700_000)
    const writer = await begin(fixture.store, key, body.length)
    const source = writer.entry.open(0, body.length)
    await appendAll(writer, body.subarray(0, 400_000), 60_000)
    readNow(source)
    source.close()
    writer.entry.release()
    await appendAll(writer, body.subarray(400_000), 60_000)
    assert.ok(await end(writer))
    assert.ok((await load(fixture.store, key))?.equals(body))
  })

  it('holds memory flat for a large body with a reader that is slow', async () => {
    const piece = pattern(65_536)
    const count = 3000
    const writer = await begin(fixture.store, keyOf('huge'), count * piece.length)
    const slow = writer.entry.open(0, count * piece.length)
    const fast = writer.entry.open(0, count * piece.length)
    let fastBytes = 0
    fast.onReadable = () => {
      for (let bytes = fast.read(); bytes !== null && bytes !== 'wait'; bytes = fast.read()) {
        fastBytes += bytes.length
      }
    }
    fast.onReadable()
    slow.read()
    let most = 0
    for (let i = 0; i < count; i++) {
      if (!writer.append(piece, 0, piece.length)) await ready(writer)
      if (i === 200) most = 0
      most = Math.max(most, process.memoryUsage().arrayBuffers)
    }
    const { arrayBuffers } = process.memoryUsage()
    assert.ok(await end(writer))
    // What nobody uses any more counts until it is collected: half of the body would be too much even so.
    const bound = (count * piece.length) / 2
    assert.ok(most < bound, `${most} bytes of buffers at the most, ${arrayBuffers} now`)
    let slowBytes = 0
    for (let bytes = slow.read(); bytes !== null; bytes = slow.read()) {
      if (bytes === 'wait') await readable(slow)
      else slowBytes += bytes.length
    }
    assert.equal(slowBytes, count * piece.length)
    while (fastBytes < slowBytes) await new Promise(setImmediate)
    slow.close()
    fast.close()
    writer.entry.release()
    fixture.store.remove(keyOf('huge'))
  })
})

/** Removing goes on in the thread pool. */
async function assertNoTemporaryFiles(fixture: StoreFixture): Promise<void> {
  const left = () => fixture.files().filter(name => name.includes('.'))
  for (let turn = 0; turn < 1000 && left().length > 0; turn++) await new Promise(setImmediate)
  assert.deepEqual(left(), [])
}
