// Files of FastDFS whose names know length and CRC-32: what does not match is asked for elsewhere, and neither stored nor
// shown to anybody.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { crc32 } from 'node:zlib'
import { encodeFastdfsName } from '../cache/fastdfs-encoder.ts'
import {
  assertAtRest,
  cached,
  cacheOf,
  settle,
  storedCount,
  whenStored,
} from '../harness/cached-proxy.ts'
import { askOnce, connectClient, get } from '../harness/client.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { filesLeft, openFiles, startProxy, type TestProxy } from '../harness/proxy.ts'

const BODY = 'picture'.repeat(30_000)
const NAME = encodeFastdfsName({
  source: [10, 0, 0, 1],
  createdAt: 1_700_000_000,
  size: BigInt(BODY.length),
  crc32: crc32(BODY),
})
const FRESH = 'Cache-Control: max-age=100'
const WRONG: readonly (readonly [string, string])[] = [
  ['too short', ok('picture', FRESH)],
  ['too long', ok(`${BODY}and more`, FRESH)],
  ['another one', ok(`P${BODY.slice(1)}`, FRESH)],
  [
    'chunked and cut',
    `HTTP/1.1 200 OK\r\n${FRESH}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\npictu\r\n0\r\n\r\n`,
  ],
]

async function start(t: TestContext, origins: readonly Origin[]): Promise<TestProxy> {
  const location = 'fastdfs_verify on; proxy_cache_lock on; proxy_buffer_size 8k;'
  const addresses = origins.map(({ address }) => address)
  return startProxy(t, cached(addresses, { location, peer: 'max_fails=0' }))
}

describe('fastdfs_verify', () => {
  for (const [name, text] of WRONG) {
    it(`asks the next peer when the body is ${name}`, async t => {
      const [wrong, right] = [await startOrigin(t), await startOrigin(t)]
      wrong.answerWith(() => text)
      right.answerWith(() => ok(BODY, FRESH))
      const proxy = await start(t, [wrong, right])
      for (let i = 0; i < 2; i++) {
        const answer = await askOnce(t, proxy.port, get(`${NAME}?${i}`))
        assert.deepEqual([answer.status, cacheOf(answer)], [200, 'MISS'])
        assert.equal(String(answer.body), BODY)
        await whenStored(proxy, i + 1)
        const again = await askOnce(t, proxy.port, get(`${NAME}?${i}`))
        assert.deepEqual([cacheOf(again), String(again.body)], ['HIT', BODY])
        await assertAtRest(proxy)
      }
      assert.ok(wrong.requests.length > 0)
    })

    it(`stores and shows nothing when all bodies are ${name}`, async t => {
      const origin = await startOrigin(t)
      origin.answerWith(() => text)
      const proxy = await start(t, [origin])
      await settle(proxy)
      const before = openFiles()
      const answer = await askOnce(t, proxy.port, get(NAME))
      assert.equal(answer.status, 502)
      assert.ok(!String(answer.body).includes('pictu'))
      await assertAtRest(proxy)
      assert.equal(storedCount(proxy), 0)
      for (const connection of origin.connections) connection.destroy()
      assert.ok((await filesLeft(before)) <= before)
      assert.match(await proxy.errors(), /FastDFS name/)
    })
  }

  it('goes on when the client leaves, also to the next peer', async t => {
    const [first, second] = [await startOrigin(t), await startOrigin(t)]
    const proxy = await start(t, [first, second])
    const client = await connectClient(t, proxy.port)
    await client.send(get(NAME))
    const peer = await first.accept()
    await peer.request()
    await peer.send(ok('picture', FRESH).slice(0, -2))
    await settle(proxy)
    assert.equal(client.bytesReceived, 0)
    client.reset()
    await settle(proxy)
    await peer.send('re')
    const next = await second.accept()
    await next.request()
    assert.equal((await proxy.holdings()).exchanges, 1)
    await next.send(ok(BODY, FRESH))
    await whenStored(proxy, 1)
    await assertAtRest(proxy)
    const answer = await askOnce(t, proxy.port, get(NAME))
    assert.deepEqual([cacheOf(answer), String(answer.body)], ['HIT', BODY])
  })

  it('takes what breaks off for wrong', async t => {
    const [first, second] = [await startOrigin(t), await startOrigin(t)]
    first.run(async connection => {
      await connection.request()
      await connection.send(ok(BODY, FRESH).slice(0, 5000))
      connection.reset()
    })
    second.answerWith(() => ok(BODY, FRESH))
    const proxy = await start(t, [first, second])
    const answer = await askOnce(t, proxy.port, get(NAME))
    assert.deepEqual([answer.status, String(answer.body)], [200, BODY])
    await assertAtRest(proxy)
  })

  it('fetches anew, and verifies, what turns out to be damaged when its answer has begun', async t => {
    const [wrong, right] = [await startOrigin(t), await startOrigin(t)]
    const location = 'fastdfs_verify on;'
    const parts = { location, peer: 'max_fails=0', path: 'memory=0' }
    const proxy = await startProxy(t, cached([wrong.address, right.address], parts))
    for (const origin of [wrong, right]) origin.answerWith(() => ok(BODY, FRESH))
    await askOnce(t, proxy.port, get(NAME))
    await whenStored(proxy, 1)
    const root = join(proxy.directory, 'cache')
    for (const name of readdirSync(root)) {
      const bytes = readFileSync(join(root, name))
      bytes[150_000]! ^= 1
      writeFileSync(join(root, name), bytes)
    }
    for (const connection of wrong.connections) connection.destroy()
    wrong.answerWith(() => ok(`P${BODY.slice(1)}`, FRESH))
    const answer = await askOnce(t, proxy.port, get(NAME))
    assert.deepEqual([answer.isWhole, cacheOf(answer)], [true, 'HIT'])
    assert.ok(String(answer.body) === BODY)
    await whenStored(proxy, 1)
    await assertAtRest(proxy)
    assert.equal(cacheOf(await askOnce(t, proxy.port, get(NAME))), 'HIT')
    assert.match(await proxy.errors(), /the answer goes on from the upstream at byte 131072/)
  })

  const RANDOM = 0x8012_3456n << 32n
  const parts = { source: [10, 0, 0, 1], createdAt: 1_700_000_000, crc32: 1 } as const
  const UNVERIFIED = [
    ['a slave', encodeFastdfsName({ ...parts, size: RANDOM | 5n, after: '123_150x150.jpg' })],
    ['an appender file', encodeFastdfsName({ ...parts, size: RANDOM | (1n << 58n) })],
  ] as const
  for (const [name, path] of UNVERIFIED) {
    it(`stores ${name} as it comes: its name says nothing of it`, async t => {
      const origin = await startOrigin(t)
      origin.answerWith(() => ok('small picture', FRESH))
      const proxy = await start(t, [origin])
      for (const expected of ['MISS', 'HIT']) {
        const answer = await askOnce(t, proxy.port, get(path))
        assert.deepEqual([cacheOf(answer), String(answer.body)], [expected, 'small picture'])
        await whenStored(proxy, 1)
      }
    })
  }

  it('verifies a file in a trunk', async t => {
    const origin = await startOrigin(t)
    const small = 'small picture'
    const size = RANDOM | (1n << 59n) | BigInt(small.length)
    const after = `${'A'.repeat(16)}123.jpg`
    const path = encodeFastdfsName({ ...parts, size, crc32: crc32(small), after })
    const proxy = await start(t, [origin])
    origin.answerWith(() => ok('Small picture', FRESH))
    assert.equal((await askOnce(t, proxy.port, get(path))).status, 502)
    for (const connection of origin.connections) connection.destroy()
    origin.answerWith(() => ok(small, FRESH))
    assert.equal(String((await askOnce(t, proxy.port, get(path))).body), small)
  })
})
