// Stored bodies that turn out to be damaged when their answer has begun: a peer has the rest, and the client gets every
// byte right, or sees that the answer broke off.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { BLOCK_BYTES } from '../../src/cache/store/entry-file.ts'
import {
  assertAtRest,
  cached,
  cacheOf,
  standard,
  storedCount,
  whenStored,
} from '../harness/cached-proxy.ts'
import { connectClient, get } from '../harness/client.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import {
  answerText,
  numbered,
  type RangeOrigin,
  startRangeOrigin,
} from '../harness/range-origin.ts'
import type { RawMessage } from '../harness/raw-message.ts'

const BODY = numbered(300_000)
const LAST_BLOCK = Math.floor((BODY.length - 1) / BLOCK_BYTES) * BLOCK_BYTES
const FRESH = 'Cache-Control: max-age=100'
const MODES = { nginx: cached, standard } as const
type Mode = keyof typeof MODES

/** A response that is stored, in a cache that has it in its file alone. */
async function stored(t: TestContext, mode: Mode, location = '', lines?: readonly string[]) {
  const peer = await startRangeOrigin(t, BODY)
  if (lines !== undefined) {
    peer.twist = () => answerText('200 OK', BODY, ...lines)
  }
  const parts = { location, path: 'memory=0', peer: 'max_fails=0' }
  const proxy = await startProxy(t, MODES[mode]([peer.origin.address], parts))
  assert.equal((await ask(t, proxy)).body.length, BODY.length)
  await whenStored(proxy, 1)
  peer.twist = null
  peer.ranges.length = 0
  return { peer, proxy }
}

/** Takes what comes, also where it breaks off. */
async function ask(t: TestContext, proxy: TestProxy, ...lines: readonly string[]) {
  const client = await connectClient(t, proxy.port)
  await client.send(get('/', ...lines))
  const answer = await client.response()
  client.destroy()
  return answer
}

function entryFiles(proxy: TestProxy): string[] {
  return readdirSync(join(proxy.directory, 'cache'), { recursive: true, withFileTypes: true })
    .filter(found => found.isFile())
    .map(found => join(found.parentPath, found.name))
}

/** Turns a bit of the stored body. @param at place in the body */
function damage(proxy: TestProxy, at: number, body = BODY): void {
  for (const file of entryFiles(proxy)) {
    const bytes = readFileSync(file)
    const start = bytes.indexOf(body.slice(0, 100), 0, 'latin1')
    if (start === -1) continue
    bytes[start + at]! ^= 4
    writeFileSync(file, bytes)
  }
}

function assertRight(answer: RawMessage, body = BODY): void {
  assert.deepEqual([answer.isWhole, answer.body.length], [true, body.length])
  assert.ok(String(answer.body) === body, 'every byte is the right one')
}

/** What came is right, and it is not all. */
function assertCut(answer: RawMessage): void {
  assert.equal(answer.isWhole, false)
  assert.ok(BODY.startsWith(String(answer.body)))
}

async function complaints(proxy: TestProxy): Promise<string[]> {
  return (await proxy.errors()).split('\n').filter(line => line.includes('[crit]'))
}

function timeAgo(seconds: number): string {
  return new Date(Date.now() - seconds * 1000).toUTCString()
}

function sameSecond(time: string): string[] {
  return [`Date: ${time}`, `Last-Modified: ${time}`]
}

const PLACES = [
  ['the first block', 5, 0],
  ['a block in the middle', 2 * BLOCK_BYTES + 77, 2 * BLOCK_BYTES],
  ['the last block', BODY.length - 1, LAST_BLOCK],
] as const

for (const mode of ['nginx', 'standard'] as const) {
  describe(`a stored body that is damaged, in ${mode} mode`, () => {
    for (const [name, at, from] of PLACES) {
      it(`goes on from the peer: ${name}`, async t => {
        const { peer, proxy } = await stored(t, mode)
        damage(proxy, at)
        const answer = await ask(t, proxy)
        assert.deepEqual([answer.status, cacheOf(answer)], [200, 'HIT'])
        assertRight(answer)
        assert.deepEqual(peer.ranges, [`bytes=${from}-`])
        await assertAtRest(proxy)
        assert.equal(storedCount(proxy), 0)
        const lines = await complaints(proxy)
        assert.equal(lines.length, 1, lines.join('\n'))
        const text = `has a damaged body; it is removed, and the answer goes on from the upstream at byte ${from}`
        assert.ok(lines[0]!.includes(text), lines[0])
        // The next one is fetched and stored anew.
        const next = await ask(t, proxy)
        assert.equal(cacheOf(next), 'MISS')
        assertRight(next)
        await whenStored(proxy, 1)
        assertRight(await ask(t, proxy))
        assert.equal(peer.ranges.length, 2)
        assert.equal((await complaints(proxy)).length, 1)
      })
    }

    it('skips what the client has when the peer gives the whole', async t => {
      const { peer, proxy } = await stored(t, mode)
      peer.twist = () => answerText('200 OK', BODY, FRESH, 'ETag: "one"')
      damage(proxy, 150_000)
      assertRight(await ask(t, proxy))
      await assertAtRest(proxy)
    })

    it('goes on where the file is cut short while it is answered from', async t => {
      const body = numbered(12_000_000)
      const peer = await startRangeOrigin(t, body)
      const parts = { path: 'memory=0', peer: 'max_fails=0' }
      const proxy = await startProxy(t, MODES[mode]([peer.origin.address], parts))
      await ask(t, proxy)
      await whenStored(proxy, 1)
      peer.ranges.length = 0
      const client = await connectClient(t, proxy.port, { isPaused: true })
      await client.send(get('/'))
      // More than the sockets take has not been read by then.
      for (let i = 0; i < 50; i++) await proxy.holdings()
      for (const file of entryFiles(proxy)) truncateSync(file, 1000)
      client.socket.resume()
      assertRight(await client.response(), body)
      assert.equal(peer.ranges.length, 1)
      assert.match(peer.ranges[0]!, /^bytes=[1-9]\d+-$/)
      await assertAtRest(proxy)
    })

    it('asks for no more than a range wants', async t => {
      const { peer, proxy } = await stored(t, mode)
      damage(proxy, 150_000)
      const answer = await ask(t, proxy, 'Range: bytes=100000-249999')
      assert.equal(answer.status, 206)
      assertRight(answer, BODY.slice(100_000, 250_000))
      assert.deepEqual(peer.ranges, [`bytes=${2 * BLOCK_BYTES}-249999`])
      await assertAtRest(proxy)
    })

    it('takes the end of a range from a whole, and lets go of the rest', async t => {
      const { peer, proxy } = await stored(t, mode)
      peer.twist = () => answerText('200 OK', BODY, FRESH, 'ETag: "one"')
      damage(proxy, 150_000)
      const answer = await ask(t, proxy, 'Range: bytes=100000-199999')
      assertRight(answer, BODY.slice(100_000, 200_000))
      await assertAtRest(proxy)
    })

    it('goes on within several ranges', async t => {
      const { proxy } = await stored(t, mode)
      damage(proxy, 150_000)
      const answer = await ask(t, proxy, 'Range: bytes=0-9,140000-160000,290000-290009')
      assert.deepEqual([answer.status, answer.isWhole], [206, true])
      for (const [from, to] of [
        [0, 10],
        [140_000, 160_001],
        [290_000, 290_010],
      ] as const) {
        assert.ok(String(answer.body).includes(`\r\n\r\n${BODY.slice(from, to)}\r\n--`), `${from}`)
      }
      await assertAtRest(proxy)
    })

    it('believes a date that is old enough to be a strong one', async t => {
      const lines = [FRESH, `Date: ${timeAgo(0)}`, `Last-Modified: ${timeAgo(3600)}`]
      const { peer, proxy } = await stored(t, mode, '', lines)
      const asked: string[] = []
      peer.twist = range => {
        asked.push(range)
        const place = `Content-Range: bytes 131072-299999/${BODY.length}`
        return answerText('206 Partial Content', BODY.slice(131_072), ...lines, place)
      }
      damage(proxy, 150_000)
      assertRight(await ask(t, proxy))
      assert.deepEqual(asked, ['bytes=131072-'])
    })

    const ETAG = 'ETag: "one"'
    const whole = `Content-Range: bytes 131072-299999/${BODY.length}`
    const rest = BODY.slice(131_072)
    const REFUSED: readonly (readonly [string, () => string | null])[] = [
      ['has another one by now', () => answerText('200 OK', BODY, FRESH, 'ETag: "two"')],
      [
        'gives a part of another one',
        () => answerText('206 Partial Content', rest, 'ETag: "two"', whole),
      ],
      ['gives a part of no name', () => answerText('206 Partial Content', rest, whole)],
      [
        'gives another part',
        () =>
          answerText(
            '206 Partial Content',
            BODY.slice(131_073),
            ETAG,
            `Content-Range: bytes 131073-299999/${BODY.length}`,
          ),
      ],
      [
        'gives too little',
        () =>
          answerText(
            '206 Partial Content',
            BODY.slice(131_072, 200_000),
            ETAG,
            `Content-Range: bytes 131072-199999/${BODY.length}`,
          ),
      ],
      [
        'gives a part of something longer',
        () =>
          answerText(
            '206 Partial Content',
            rest,
            ETAG,
            `Content-Range: bytes 131072-299999/${BODY.length + 1}`,
          ),
      ],
      [
        'lies about how much it sends',
        () => answerText('206 Partial Content', `${rest}x`, ETAG, whole),
      ],
      ['gives a part without a place', () => answerText('206 Partial Content', rest, ETAG)],
      ['has a shorter whole', () => answerText('200 OK', BODY.slice(1), FRESH, ETAG)],
      [
        'has it compressed',
        () => answerText('200 OK', BODY, FRESH, ETAG, 'Content-Encoding: gzip'),
      ],
      ['does not have it any more', () => answerText('404 Not Found', 'none')],
      ['is not well', () => answerText('503 Service Unavailable', 'not now')],
      ['says that nothing has changed', () => 'HTTP/1.1 304 Not Modified\r\nETag: "one"\r\n\r\n'],
    ]
    it('breaks off where the peer does not have what fits', async t => {
      const { peer, proxy } = await stored(t, mode)
      for (const [name, answer] of REFUSED) {
        await whenStored(proxy, 1)
        const before = (await complaints(proxy)).length
        peer.twist = answer
        damage(proxy, 150_000)
        assertCut(await ask(t, proxy))
        await assertAtRest(proxy)
        assert.equal(storedCount(proxy), 0, name)
        const lines = (await complaints(proxy)).slice(before)
        assert.equal(lines.length, 1, `${name}: ${lines.join('\n')}`)
        assert.match(lines[0]!, /has a damaged body, and the upstream has not the same any more/)
        peer.twist = null
        assertRight(await ask(t, proxy))
      }
    })

    it('breaks off where the peer does', async t => {
      const { peer, proxy } = await stored(t, mode)
      for (const connection of peer.origin.connections) connection.destroy()
      peer.origin.run(async connection => {
        await connection.request()
        const head = ['HTTP/1.1 206 Partial Content', ETAG, whole, `Content-Length: ${rest.length}`]
        await connection.send(`${head.join('\r\n')}\r\n\r\n${rest.slice(0, 50_000)}`)
        connection.end()
      })
      damage(proxy, 150_000)
      assertCut(await ask(t, proxy))
      await assertAtRest(proxy)
    })

    it('breaks off where there is no peer', async t => {
      const { peer, proxy } = await stored(t, mode)
      peer.origin.stopListening()
      for (const connection of peer.origin.connections) connection.destroy()
      damage(proxy, 150_000)
      assertCut(await ask(t, proxy))
      await assertAtRest(proxy)
      const lines = await complaints(proxy)
      assert.equal(lines.length, 1, lines.join('\n'))
      assert.match(lines[0]!, /has a damaged body, and no upstream answers/)
    })

    for (const [name, lines] of [
      ['nothing', () => []],
      ['a weak tag', () => ['ETag: W/"one"']],
      ['a date of the same second', () => sameSecond(timeAgo(0))],
    ] as const) {
      it(`breaks off where ${name} tells what would fit`, async t => {
        const { peer, proxy } = await stored(t, mode, '', [FRESH, ...lines()])
        damage(proxy, 150_000)
        assertCut(await ask(t, proxy))
        assert.deepEqual(peer.ranges, [])
        await assertAtRest(proxy)
      })
    }

    it('keeps nothing of a client that leaves meanwhile', async t => {
      const { peer, proxy } = await stored(t, mode)
      damage(proxy, 5)
      peer.origin.run(() => {})
      for (const connection of peer.origin.connections) connection.destroy()
      peer.origin.skipToNew()
      const client = await connectClient(t, proxy.port)
      await client.send(get('/'))
      const connection = await peer.origin.accept()
      await connection.until('\r\n\r\n')
      client.reset()
      await assertAtRest(proxy)
      assert.equal(storedCount(proxy), 0)
    })

    it('fetches a damaged piece anew', async t => {
      const slices =
        mode === 'nginx'
          ? 'slice 100000; proxy_cache_key $uri$slice_range; proxy_set_header Range $slice_range;'
          : 'slice 100000;'
      const peer = await startRangeOrigin(t, BODY)
      const parts = { location: `${slices} proxy_cache_valid 200 206 1h;`, path: 'memory=0' }
      const proxy = await startProxy(t, MODES[mode]([peer.origin.address], parts))
      assertRight(await ask(t, proxy))
      await whenStored(proxy, 3)
      peer.ranges.length = 0
      damage(proxy, 70_000, BODY.slice(100_000, 200_000))
      assertRight(await ask(t, proxy))
      assert.deepEqual(peer.ranges, ['bytes=100000-199999'])
      await whenStored(proxy, 3)
      assertRight(await ask(t, proxy))
      assert.equal(peer.ranges.length, 1)
      const lines = await complaints(proxy)
      assert.equal(lines.length, 1, lines.join('\n'))
      await assertAtRest(proxy)
    })
  })
}

async function storeParts(t: TestContext): Promise<{ peer: RangeOrigin; proxy: TestProxy }> {
  const peer = await startRangeOrigin(t, BODY)
  const parts = { location: 'proxy_cache_max_range_offset 0;', path: 'memory=0' }
  const proxy = await startProxy(t, standard([peer.origin.address], parts))
  const part = await ask(t, proxy, 'Range: bytes=100-199999')
  assert.equal(part.status, 206)
  await whenStored(proxy, 1)
  peer.ranges.length = 0
  return { peer, proxy }
}

describe('a stored part that is damaged', () => {
  it('goes on from the peer', async t => {
    const { peer, proxy } = await storeParts(t)
    damage(proxy, 150_000, BODY.slice(100))
    const answer = await ask(t, proxy, 'Range: bytes=200-180000')
    assertRight(answer, BODY.slice(200, 180_001))
    // Blocks lie as the part begins.
    assert.deepEqual(peer.ranges, [`bytes=${2 * BLOCK_BYTES + 100}-180000`])
    await assertAtRest(proxy)
  })

  it('becomes a part of the whole all the same', async t => {
    const { peer, proxy } = await storeParts(t)
    damage(proxy, 150_000, BODY.slice(100))
    const answer = await ask(t, proxy, 'Range: bytes=100-250000')
    assertRight(answer, BODY.slice(100, 250_001))
    await assertAtRest(proxy)
    await whenStored(proxy, 1)
    peer.ranges.length = 0
    assertRight(await ask(t, proxy, 'Range: bytes=100-240000'), BODY.slice(100, 240_001))
    assert.deepEqual(peer.ranges, [])
  })
})
