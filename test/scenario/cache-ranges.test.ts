// Ranges of stored responses: from what is whole, what still grows and what is a part, and from peers that send other bytes
// than they were asked for.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertAtRest,
  cached,
  cacheOf,
  standard,
  storedCount,
  whenStored,
} from '../harness/cached-proxy.ts'
import { askOnce, connectClient, get, request } from '../harness/client.ts'
import { startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { answerText, numbered, startRangeOrigin } from '../harness/range-origin.ts'
import { fieldOf, type RawResponse } from '../harness/raw-message.ts'

const BODY = numbered(1000)

interface Row {
  readonly range: string
  readonly lines?: readonly string[]
  readonly status: number
  /** Of one part. */
  readonly from?: number
  readonly to?: number
}

const ROWS: readonly Row[] = [
  { range: 'bytes=0-0', status: 206, from: 0, to: 1 },
  { range: 'bytes=10-19', status: 206, from: 10, to: 20 },
  { range: 'bytes=990-', status: 206, from: 990, to: 1000 },
  { range: 'bytes=-7', status: 206, from: 993, to: 1000 },
  { range: 'bytes=-5000', status: 206, from: 0, to: 1000 },
  { range: 'bytes=500-5000', status: 206, from: 500, to: 1000 },
  { range: 'bytes=1000-', status: 416 },
  { range: 'bytes=5-4', status: 200 },
  { range: 'lines=1-2', status: 200 },
  { range: 'bytes=10-19', lines: ['If-Range: "one"'], status: 206, from: 10, to: 20 },
  { range: 'bytes=10-19', lines: ['If-Range: "two"'], status: 200 },
  { range: 'bytes=10-19', lines: ['If-None-Match: "one"'], status: 304 },
]

function assertRow(answer: RawResponse, row: Row, name: string): void {
  const text = `${name} ${row.range} ${row.lines ?? ''}`
  assert.equal(answer.status, row.status, text)
  assert.ok(answer.isWhole, text)
  if (row.status === 200) assert.equal(String(answer.body), BODY, text)
  if (row.status === 416) assert.equal(fieldOf(answer, 'content-range'), 'bytes */1000', text)
  if (row.from === undefined || row.to === undefined) return
  assert.equal(String(answer.body), BODY.slice(row.from, row.to), text)
  assert.equal(fieldOf(answer, 'content-range'), `bytes ${row.from}-${row.to - 1}/1000`, text)
  assert.equal(fieldOf(answer, 'content-length'), String(row.to - row.from), text)
}

function ask(t: Parameters<typeof askOnce>[0], proxy: TestProxy, ...lines: readonly string[]) {
  return askOnce(t, proxy.port, get('/', ...lines))
}

describe('ranges of a stored response', () => {
  for (const [name, make] of [
    ['nginx', cached],
    ['standard', standard],
  ] as const) {
    it(`are as RFC 9110 has them, in ${name} mode`, async t => {
      const peer = await startRangeOrigin(t, BODY)
      const proxy = await startProxy(t, make([peer.origin.address]))
      await ask(t, proxy)
      await whenStored(proxy, 1)
      for (const row of ROWS) {
        // nginx gives 416 where the RFC lets a range be ignored.
        if (name === 'nginx' && row.range === 'bytes=5-4') continue
        const answer = await ask(t, proxy, `Range: ${row.range}`, ...(row.lines ?? []))
        assertRow(answer, row, name)
      }
      const several = await ask(t, proxy, 'Range: bytes=0-4,500-504,-5')
      assert.equal(several.status, 206)
      const boundary = /boundary=(.+)$/.exec(fieldOf(several, 'content-type')!)![1]
      const parts = [BODY.slice(0, 5), BODY.slice(500, 505), BODY.slice(995)]
      const bodies = String(several.body)
        .split(`--${boundary}`)
        .slice(1, -1)
        .map(part => part.split('\r\n\r\n')[1]!.replace(/\r\n$/, ''))
      assert.deepEqual(bodies, parts)
      assert.equal(peer.ranges.length, 1)
      await assertAtRest(proxy)
    })

    it(`are given as soon as they come while it grows, in ${name} mode`, async t => {
      const origin = await startOrigin(t)
      const location = 'proxy_cache_lock on;'
      const proxy = await startProxy(t, make([origin.address], { location }))
      const first = await connectClient(t, proxy.port)
      await first.send(get('/', 'Range: bytes=100-199'))
      const peer = await origin.accept()
      const message = await peer.request()
      assert.equal(fieldOf(message, 'range'), null)
      const head = `HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nETag: "one"\r\nAccept-Ranges: bytes\r\nContent-Length: 1000\r\n\r\n`
      await peer.send(head + BODY.slice(0, 150))
      await first.until(BODY.slice(100, 150))
      await peer.send(BODY.slice(150, 250))
      assert.equal(String(await first.bytes(50)), BODY.slice(150, 200))
      await peer.send(BODY.slice(250))
      await whenStored(proxy, 1)
      assertRow(await ask(t, proxy, 'Range: bytes=-7'), ROWS[3]!, name)
      await assertAtRest(proxy)
    })
  }

  it('are not made of a body whose length is not known yet', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(
      () =>
        'HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nAccept-Ranges: bytes\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n3e8\r\n' +
        `${BODY}\r\n0\r\n\r\n`,
    )
    for (const make of [cached, standard]) {
      const proxy = await startProxy(t, make([origin.address]))
      const first = await ask(t, proxy, 'Range: bytes=10-19')
      assert.deepEqual([first.status, String(first.body)], [200, BODY])
      await whenStored(proxy, 1)
      assertRow(await ask(t, proxy, 'Range: bytes=10-19'), ROWS[1]!, 'chunked')
    }
  })
})

describe('parts of a response, in standard mode', () => {
  const LINES = 'proxy_cache_max_range_offset 0;'
  const place = (text: string) => `Content-Range: ${text}`
  const common = ['Cache-Control: max-age=100', 'ETag: "one"']

  it('are stored, used, and put together to the whole', async t => {
    const peer = await startRangeOrigin(t, BODY)
    const proxy = await startProxy(t, standard([peer.origin.address], { location: LINES }))
    const take = async (range: string, from: number, to: number, expected: string) => {
      const answer = await ask(t, proxy, `Range: bytes=${range}`)
      assert.deepEqual([answer.status, cacheOf(answer)], [206, expected], range)
      assert.equal(String(answer.body), BODY.slice(from, to), range)
      assert.equal(fieldOf(answer, 'content-range'), `bytes ${from}-${to - 1}/1000`)
      await assertAtRest(proxy)
    }
    await take('100-199', 100, 200, 'MISS')
    await take('120-149', 120, 150, 'HIT')
    await take('300-399', 300, 400, 'MISS')
    await take('150-349', 150, 350, 'MISS')
    await take('100-399', 100, 400, 'HIT')
    await take('400-', 400, 1000, 'MISS')
    assert.deepEqual(peer.ranges, ['bytes=100-199', 'bytes=300-399', 'bytes=150-349', 'bytes=400-'])
    const whole = await ask(t, proxy)
    assert.deepEqual([whole.status, String(whole.body)], [200, BODY])
    assert.equal(peer.ranges.at(-1), 'bytes=0-99')
    await assertAtRest(proxy)
    const again = await ask(t, proxy)
    assert.deepEqual([cacheOf(again), String(again.body)], ['HIT', BODY])
    await take('0-9', 0, 10, 'HIT')
    assert.equal(storedCount(proxy), 1)
  })

  it('are asked for anew as a whole when what is missing does not come', async t => {
    for (const text of [
      answerText('206 P', 'x'.repeat(50), ...common, place('bytes 0-49/1000')),
      answerText('206 P', 'x'.repeat(100), common[0]!, 'ETag: "two"', place('bytes 0-99/1000')),
      answerText('206 P', 'x'.repeat(100), 'Cache-Control: no-store', place('bytes 0-99/1000')),
      answerText('416 No', '', place('bytes */50')),
      answerText('404 No', 'gone'),
    ]) {
      const peer = await startRangeOrigin(t, BODY)
      const location = `${LINES} proxy_cache_lock on;`
      const proxy = await startProxy(t, standard([peer.origin.address], { location }))
      await ask(t, proxy, 'Range: bytes=100-')
      await whenStored(proxy, 1)
      const head = await askOnce(t, proxy.port, request('HEAD', '/', ''), 'HEAD')
      assert.deepEqual([head.status, fieldOf(head, 'content-length')], [200, '1000'])
      assert.equal(peer.ranges.length, 1)
      peer.twist = range => (range === '' ? null : text)
      const whole = await ask(t, proxy)
      assert.deepEqual([whole.status, String(whole.body)], [200, BODY])
      assert.deepEqual(peer.ranges, ['bytes=100-', 'bytes=0-99', ''])
      await assertAtRest(proxy)
      assert.equal(cacheOf(await ask(t, proxy)), 'HIT')
    }
  })

  it('are dropped when the representation is another one', async t => {
    const peer = await startRangeOrigin(t, BODY)
    const proxy = await startProxy(t, standard([peer.origin.address], { location: LINES }))
    await ask(t, proxy, 'Range: bytes=100-199')
    await whenStored(proxy, 1)
    peer.body = 'n'.repeat(1000)
    peer.etag = '"two"'
    const part = await ask(t, proxy, 'Range: bytes=150-249')
    assert.deepEqual([part.status, String(part.body)], [206, 'n'.repeat(100)])
    await assertAtRest(proxy)
    const whole = await ask(t, proxy)
    assert.deepEqual([whole.status, String(whole.body)], [200, 'n'.repeat(1000)])
    const old = await ask(t, proxy, 'Range: bytes=100-149')
    assert.equal(String(old.body), 'n'.repeat(50))
  })

  it('are dropped when a whole response comes in their place', async t => {
    const peer = await startRangeOrigin(t, BODY)
    const proxy = await startProxy(t, standard([peer.origin.address], { location: LINES }))
    await ask(t, proxy, 'Range: bytes=100-199')
    await whenStored(proxy, 1)
    peer.twist = () => answerText('200 OK', 'n'.repeat(500), 'Cache-Control: max-age=100')
    const whole = await ask(t, proxy)
    assert.deepEqual([whole.status, String(whole.body)], [200, 'n'.repeat(500)])
    await assertAtRest(proxy)
    const part = await ask(t, proxy, 'Range: bytes=100-149')
    assert.deepEqual([cacheOf(part), String(part.body)], ['HIT', 'n'.repeat(50)])
  })

  const lies: readonly (readonly [string, string])[] = [
    ['too short a body', answerText('206 P', 'short', ...common, place('bytes 100-199/1000'))],
    [
      'too long a body',
      answerText('206 P', 'l'.repeat(200), ...common, place('bytes 100-199/1000')),
    ],
    [
      'a place behind the end',
      answerText('206 P', 'x'.repeat(100), ...common, place('bytes 950-1049/1000')),
    ],
    ['no Content-Range', answerText('206 P', 'x'.repeat(100), ...common)],
    ['another unit', answerText('206 P', 'x'.repeat(100), ...common, place('lines 100-199/1000'))],
    ['nonsense', answerText('206 P', 'x'.repeat(100), ...common, place('bytes 199-100/1000'))],
    [
      'too short a chunked body',
      `HTTP/1.1 206 P\r\n${common.join('\r\n')}\r\n${place('bytes 100-199/1000')}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n0\r\n\r\n`,
    ],
    [
      'too long a chunked body',
      `HTTP/1.1 206 P\r\n${common.join('\r\n')}\r\n${place('bytes 100-101/1000')}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwrong\r\n0\r\n\r\n`,
    ],
  ]
  for (const [name, text] of lies) {
    it(`are not stored when a peer sends ${name}`, async t => {
      const peer = await startRangeOrigin(t, BODY)
      const proxy = await startProxy(t, standard([peer.origin.address], { location: LINES }))
      peer.twist = () => text
      await ask(t, proxy, 'Range: bytes=100-199')
      await assertAtRest(proxy)
      assert.equal(storedCount(proxy), 0)
      peer.twist = null
      const whole = await ask(t, proxy)
      assert.deepEqual([whole.status, String(whole.body)], [200, BODY])
      await assertAtRest(proxy)
    })
  }

  it('that are others than asked for are answered as what they are', async t => {
    const peer = await startRangeOrigin(t, BODY)
    const proxy = await startProxy(t, standard([peer.origin.address], { location: LINES }))
    peer.twist = () =>
      answerText('206 P', BODY.slice(500, 600), ...common, place('bytes 500-599/1000'))
    const part = await ask(t, proxy, 'Range: bytes=100-199')
    assert.equal(part.status, 206)
    assert.equal(fieldOf(part, 'content-range'), 'bytes 500-599/1000')
    assert.equal(String(part.body), BODY.slice(500, 600))
    await assertAtRest(proxy)
    peer.twist = null
    const right = await ask(t, proxy, 'Range: bytes=100-199')
    assert.equal(String(right.body), BODY.slice(100, 200))
    const stored = await ask(t, proxy, 'Range: bytes=520-539')
    assert.equal(String(stored.body), BODY.slice(520, 540))
    await assertAtRest(proxy)
  })
})

describe('proxy_cache_max_range_offset', () => {
  it('has the peer asked for what lies behind it, and nothing of that stored', async t => {
    const peer = await startRangeOrigin(t, BODY)
    const location = 'proxy_cache_max_range_offset 500; proxy_cache_valid 1h;'
    const proxy = await startProxy(t, cached([peer.origin.address], { location }))
    const far = await ask(t, proxy, 'Range: bytes=600-699')
    assert.deepEqual([far.status, String(far.body)], [206, BODY.slice(600, 700)])
    assert.deepEqual(peer.ranges, ['bytes=600-699'])
    assert.equal(storedCount(proxy), 0)
    const near = await ask(t, proxy, 'Range: bytes=400-699')
    assert.deepEqual([near.status, String(near.body)], [206, BODY.slice(400, 700)])
    assert.deepEqual(peer.ranges, ['bytes=600-699', ''])
    await whenStored(proxy, 1)
    await assertAtRest(proxy)
  })
})
