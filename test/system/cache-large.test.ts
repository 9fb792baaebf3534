// Videos of a gigabyte through the cache: memory stays flat, a slow client does not hold the origin, a client that leaves
// loses nothing for the next one, and who wants the middle of what is not stored does not wait for all of it.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { describe, it } from 'node:test'

import { BodyOrigin, take } from './cache-origin.ts'
import { CacheProxy, until } from './cache-proxy.ts'

const MIB = 1_048_576
const VIDEO_BYTES = 1024 * MIB
const VIDEO = `/${VIDEO_BYTES}/video`
/**
 * Of a growing body 1 MiB waits for the disk and 256 KiB stay for readers, the pool keeps 8 MiB of blocks, and sockets have
 * their buffers: some 15 MiB a worker. What the collector has not come to yet is on top of it: a gigabyte in memory would
 * be twelve times this.
 */
const GROWTH_MAX = 80 * MIB

/** Watches the memory of a process until it is told to end. */
function watchMemory(proxy: CacheProxy): { most(): number; end(): void } {
  let most = 0
  const look = () => {
    most = Math.max(most, proxy.residentBytes())
  }
  const timer = setInterval(look, 20)
  return {
    most: () => {
      look()
      return most
    },
    end: () => clearInterval(timer),
  }
}

/** Begins to ask, reads so many bytes and no more. */
async function readSome(port: number, path: string, bytes: number): Promise<IncomingMessage> {
  const asked = request({ host: '127.0.0.1', port, path, agent: false })
  asked.on('error', () => {})
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  response.on('error', () => {})
  let count = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  response.on('data', (chunk: Buffer) => {
    count += chunk.length
    if (count < bytes) return
    response.pause()
    resolve()
  })
  await promise
  return response
}

const inMib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`

describe('a response of a gigabyte', { timeout: 120_000 }, () => {
  it('goes through with flat memory, while a slow client holds nobody', async t => {
    const origin = await BodyOrigin.open(t)
    const proxy = new CacheProxy(t, { origin: origin.address, path: 'memory=4m', workers: 1 })
    await proxy.start()
    // Code and pools are warm.
    assert.equal((await take(proxy.port, '/20000000/warm')).wrongAt, -1)
    assert.equal((await take(proxy.port, '/20000000/warm')).wrongAt, -1)
    const before = proxy.residentBytes()
    const memory = watchMemory(proxy)
    const startMs = performance.now()
    const slow = await readSome(proxy.port, VIDEO, MIB)
    await origin.until(() => origin.finished === 2)
    const filledMs = performance.now() - startMs
    assert.equal(origin.bytes, VIDEO_BYTES + 20_000_000)
    const filling = memory.most() - before
    t.diagnostic(
      `origin done after ${filledMs.toFixed(0)} ms, the client at 1 MiB; +${inMib(filling)} over ${inMib(before)}`,
    )
    assert.ok(filling < GROWTH_MAX, inMib(filling))
    slow.destroy()
    await proxy.stored(2)

    const hit = await take(proxy.port, VIDEO)
    assert.deepEqual(
      [hit.cache, hit.bytes, hit.wrongAt, hit.isWhole],
      ['HIT', VIDEO_BYTES, -1, true],
    )
    const place = VIDEO_BYTES - 3 * MIB - 17
    const range = { range: `bytes=${place}-${place + MIB}` }
    const part = await take(proxy.port, VIDEO, range)
    assert.deepEqual([part.status, part.bytes, part.wrongAt], [206, MIB + 1, -1])
    const reading = memory.most() - before
    memory.end()
    t.diagnostic(`a hit of all of it: +${inMib(reading)}`)
    assert.ok(reading < GROWTH_MAX, inMib(reading))
    assert.equal(origin.requests.length, 2)
  })

  it('is not fetched whole for its middle, in slices', async t => {
    const origin = await BodyOrigin.open(t)
    const slices = `slice 1m;
      proxy_cache_key $uri$is_args$args$slice_range;
      proxy_set_header Range $slice_range;
      proxy_cache_valid 200 206 1h;`
    const proxy = new CacheProxy(t, { origin: origin.address, location: slices })
    origin.isConstant = true
    await proxy.start()
    const place = VIDEO_BYTES / 2 + 12_345
    const range = { range: `bytes=${place}-${place + 2 * MIB - 1}` }
    for (const expected of ['MISS', 'HIT']) {
      const part = await take(proxy.port, VIDEO, range)
      assert.deepEqual([part.status, part.bytes, part.wrongAt], [206, 2 * MIB, -1])
      if (expected === 'MISS') await proxy.stored(3)
      assert.equal(part.cache, expected)
    }
    assert.equal(origin.bytes, 3 * MIB)
    // A client that leaves in the middle of all of it costs what it has taken, and the piece that is under way.
    const leaver = await readSome(proxy.port, VIDEO, 5 * MIB)
    leaver.destroy()
    await until(async () => {
      const { bytes } = origin
      await take(proxy.port, '/1/another')
      return origin.bytes === bytes + 1 || origin.bytes === bytes
    }, 'the origin to rest')
    t.diagnostic(`3 slices for the middle, ${inMib(origin.bytes)} after a client left at 5 MiB`)
    assert.ok(origin.bytes < 40 * MIB, inMib(origin.bytes))
  })

  it('is not fetched whole for its middle, in standard mode', async t => {
    const origin = await BodyOrigin.open(t)
    origin.isConstant = true
    const proxy = new CacheProxy(t, {
      origin: origin.address,
      location: 'proxy_cache_mode standard; proxy_cache_max_range_offset 1m;',
    })
    await proxy.start()
    const place = VIDEO_BYTES / 2
    for (const [from, to] of [
      [place, place + MIB],
      [place, place + MIB],
      [place + 1000, place + 5000],
    ] as const) {
      const part = await take(proxy.port, VIDEO, { range: `bytes=${from}-${to - 1}` })
      assert.deepEqual([part.status, part.bytes, part.wrongAt], [206, to - from, -1])
      await proxy.stored(1)
    }
    assert.equal(origin.bytes, MIB)
    assert.equal(origin.requests.length, 1)
  })

  it('is there for the next one when the first client has left', async t => {
    const origin = await BodyOrigin.open(t)
    const proxy = new CacheProxy(t, { origin: origin.address, workers: 1 })
    await proxy.start()
    const path = `/${200 * MIB}/left`
    const leaver = await readSome(proxy.port, path, MIB)
    leaver.destroy()
    await origin.until(() => origin.finished === 1)
    await proxy.stored(1)
    const next = await take(proxy.port, path)
    assert.deepEqual([next.cache, next.bytes, next.wrongAt], ['HIT', 200 * MIB, -1])
    assert.equal(origin.requests.length, 1)
  })
})
