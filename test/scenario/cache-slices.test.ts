// Large responses in pieces (`slice`): each is fetched and stored by itself, and the client gets the whole, a part of it, or
// a cut that it can see, but never bytes of two representations.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  assertAtRest,
  cached,
  cacheOf,
  makeStale,
  standard,
  storedCount,
  whenStored,
} from '../harness/cached-proxy.ts'
import { askOnce, connectClient, get, request } from '../harness/client.ts'
import { startProxy } from '../harness/proxy.ts'
import {
  answerText,
  numbered,
  type RangeOrigin,
  startRangeOrigin,
} from '../harness/range-origin.ts'
import { fieldOf } from '../harness/raw-message.ts'

const BODY = numbered(95)
const SLICES = 'slice 10; proxy_cache_key $uri$slice_range; proxy_set_header Range $slice_range;'
const VALID = `${SLICES} proxy_cache_valid 200 206 1h;`

async function sliced(t: TestContext, lines = VALID) {
  const peer = await startRangeOrigin(t, BODY)
  const proxy = await startProxy(t, cached([peer.origin.address], { location: lines }))
  return { peer, proxy }
}

function starts({ ranges }: RangeOrigin): number[] {
  return ranges.map(range => Number(/^bytes=(\d+)-/.exec(range)?.[1] ?? -1))
}

describe('slice', () => {
  it('gives the whole, piece by piece, and then from the store', async t => {
    const { peer, proxy } = await sliced(t)
    for (const expected of ['MISS', 'HIT']) {
      const whole = await askOnce(t, proxy.port, get('/'))
      assert.deepEqual([whole.status, cacheOf(whole), whole.framing], [200, expected, 'length'])
      assert.equal(String(whole.body), BODY)
      assert.equal(fieldOf(whole, 'content-range'), null)
      await whenStored(proxy, 10)
    }
    assert.deepEqual(starts(peer), [0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
    await assertAtRest(proxy)
  })

  it('does the same in standard mode, which asks for pieces by itself', async t => {
    const peer = await startRangeOrigin(t, BODY)
    const proxy = await startProxy(t, standard([peer.origin.address], { location: 'slice 10;' }))
    for (const expected of ['MISS', 'HIT']) {
      const whole = await askOnce(t, proxy.port, get('/'))
      assert.deepEqual([whole.status, cacheOf(whole)], [200, expected])
      assert.equal(String(whole.body), BODY)
      await whenStored(proxy, 10)
    }
    const part = await askOnce(t, proxy.port, get('/', 'Range: bytes=5-24'))
    assert.deepEqual([part.status, String(part.body)], [206, BODY.slice(5, 25)])
    assert.equal(peer.ranges.length, 10)
    await assertAtRest(proxy)
  })

  it('fetches only the pieces that a range needs', async t => {
    const { peer, proxy } = await sliced(t)
    const rows = [
      { range: '42-58', from: 42, to: 59, asked: [40, 50] },
      { range: '45-45', from: 45, to: 46, asked: [] },
      { range: '90-', from: 90, to: 95, asked: [90] },
      { range: '-3', from: 92, to: 95, asked: [0] },
      { range: '93-500', from: 93, to: 95, asked: [] },
    ]
    for (const { range, from, to, asked } of rows) {
      peer.ranges.length = 0
      const part = await askOnce(t, proxy.port, get('/', `Range: bytes=${range}`))
      assert.deepEqual([part.status, String(part.body)], [206, BODY.slice(from, to)], range)
      assert.equal(fieldOf(part, 'content-range'), `bytes ${from}-${to - 1}/95`)
      assert.deepEqual(starts(peer), asked, range)
    }
    const beyond = await askOnce(t, proxy.port, get('/', 'Range: bytes=95-'))
    assert.equal(beyond.status, 416)
    const several = await askOnce(t, proxy.port, get('/', 'Range: bytes=0-1,44-45,93-'))
    assert.equal(several.status, 206)
    for (const text of [BODY.slice(0, 2), BODY.slice(44, 46), BODY.slice(93)])
      assert.ok(String(several.body).includes(`\r\n\r\n${text}\r\n--`), text)
    await assertAtRest(proxy)
  })

  it('answers HEAD with the length of the whole', async t => {
    const { peer, proxy } = await sliced(t)
    const head = await askOnce(t, proxy.port, request('HEAD', '/', ''), 'HEAD')
    assert.deepEqual([head.status, fieldOf(head, 'content-length')], [200, '95'])
    assert.equal(peer.ranges.length, 1)
    await assertAtRest(proxy)
  })

  it('passes on what a peer without ranges sends, and stores that', async t => {
    const { peer, proxy } = await sliced(t)
    peer.twist = () => answerText('200 OK', BODY, 'Cache-Control: max-age=100')
    for (const expected of ['MISS', 'HIT']) {
      const whole = await askOnce(t, proxy.port, get('/'))
      assert.deepEqual([whole.status, cacheOf(whole), String(whole.body)], [200, expected, BODY])
      await whenStored(proxy, 1)
    }
    await assertAtRest(proxy)
  })

  for (const [name, lines] of [
    ['nothing says how long they are good', SLICES],
    ['the configuration forbids it', `${VALID} proxy_no_cache 1;`],
    ['nobody asked often enough', `${VALID} proxy_cache_min_uses 3;`],
  ] as const) {
    it(`gives the whole also when no piece is stored: ${name}`, async t => {
      const { peer, proxy } = await sliced(t, lines)
      peer.lines = []
      const whole = await askOnce(t, proxy.port, get('/'))
      assert.deepEqual([whole.status, String(whole.body)], [200, BODY])
      const part = await askOnce(t, proxy.port, get('/', 'Range: bytes=42-58'))
      assert.deepEqual([part.status, String(part.body)], [206, BODY.slice(42, 59)])
      assert.equal(storedCount(proxy), 0)
      await assertAtRest(proxy)
    })
  }

  for (const [name, twist] of [
    ['of another entity tag', (it: RangeOrigin) => void (it.etag = '"two"')],
    ['of another length', (it: RangeOrigin) => void (it.body = numbered(99))],
    [
      'that are whole responses',
      (it: RangeOrigin) => void (it.twist = () => answerText('200 OK', BODY)),
    ],
    ['that are errors', (it: RangeOrigin) => void (it.twist = () => answerText('500 No', 'no'))],
    [
      'that are others than asked for',
      (it: RangeOrigin) => {
        it.twist = () => answerText('206 P', 'x', 'ETag: "one"', 'Content-Range: bytes 70-70/95')
      },
    ],
    [
      'that are shorter than they say',
      (it: RangeOrigin) => {
        it.twist = range => {
          const start = Number(/\d+/.exec(range)![0])
          const place = `Content-Range: bytes ${start}-${start + 9}/95`
          return answerText('206 P', 'x', 'Cache-Control: max-age=9', 'ETag: "one"', place)
        }
      },
    ],
  ] as const) {
    it(`cuts the answer at pieces ${name}`, async t => {
      const { peer, proxy } = await sliced(t)
      const first = await askOnce(t, proxy.port, get('/', 'Range: bytes=0-19'))
      assert.equal(String(first.body), BODY.slice(0, 20))
      twist(peer)
      for (let i = 0; i < 2; i++) {
        const cut = await askOnce(t, proxy.port, get('/'))
        assert.equal(cut.isWhole, false)
        assert.equal(String(cut.body), BODY.slice(0, cut.body.length))
        assert.ok(cut.body.length <= 21, String(cut.body))
      }
      assert.match(await proxy.errors(), /slicing response|piece/)
      await assertAtRest(proxy)
    })
  }

  it('asks for a stale piece anew, and for nothing else, beside the answer', async t => {
    const lines = `${VALID} proxy_cache_use_stale updating; proxy_cache_background_update on;`
    const { peer, proxy } = await sliced(t, lines)
    await askOnce(t, proxy.port, get('/', 'Range: bytes=15-25'))
    await whenStored(proxy, 2)
    makeStale(proxy)
    peer.ranges.length = 0
    const part = await askOnce(t, proxy.port, get('/', 'Range: bytes=15-25'))
    assert.deepEqual([cacheOf(part), String(part.body)], ['STALE', BODY.slice(15, 26)])
    await assertAtRest(proxy)
    assert.deepEqual(peer.ranges.toSorted(), ['bytes=10-19', 'bytes=20-29'])
    const again = await askOnce(t, proxy.port, get('/', 'Range: bytes=15-25'))
    assert.deepEqual([cacheOf(again), String(again.body)], ['HIT', BODY.slice(15, 26)])
  })

  it('asks for no further piece when the client has left', async t => {
    const { peer, proxy } = await sliced(t)
    const gate = Promise.withResolvers<void>()
    const client = await connectClient(t, proxy.port)
    peer.twist = (_, index) => {
      if (index === 2) {
        client.reset()
        gate.resolve()
      }
      return null
    }
    await client.send(get('/'))
    await gate.promise
    await assertAtRest(proxy)
    assert.ok(peer.ranges.length <= 4, String(peer.ranges))
    peer.twist = null
    const whole = await askOnce(t, proxy.port, get('/'))
    assert.equal(String(whole.body), BODY)
    await assertAtRest(proxy)
  })
})
