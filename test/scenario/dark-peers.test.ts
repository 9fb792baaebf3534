// Peers whose host went dark: no answer to a SYN, and silence on what was open. With timeouts of a minute nobody here
// would get an answer before the test gives up, unless another peer is asked in time.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { connectClient, get, request } from '../harness/client.ts'
import { type DarkPeer, startDarkPeer } from '../harness/dark-peer.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'

interface Setting {
  readonly dark: DarkPeer
  readonly good: Origin
  readonly proxy: TestProxy
}

async function setUp(t: TestContext, location = '', upstream = 'keepalive 8;'): Promise<Setting> {
  const dark = await startDarkPeer(t)
  const good = await startOrigin(t)
  good.answerWith(() => ok('good'))
  const proxy = await startProxy(t, toPeers([dark.address, good.address], { location, upstream }))
  return { dark, good, proxy }
}

async function askEach(t: TestContext, proxy: TestProxy, requests: readonly string[]) {
  return Promise.all(
    requests.map(async text => {
      const client = await connectClient(t, proxy.port)
      const response = await client.ask(text, text.split(' ')[0])
      client.destroy()
      return response.status
    }),
  )
}

/** The accept queue of a peer that can go dark holds one. */
async function askOneByOne(t: TestContext, proxy: TestProxy, requests: readonly string[]) {
  for (const text of requests) await askEach(t, proxy, [text])
}

/** Longer than the silence that counts against a peer. */
const LONG_SILENCE_MS = 700

const TEN = Array.from({ length: 10 }, (_, i) => get(`/${i}`))

describe('a peer that takes no connection', () => {
  it('costs nobody the answer, and is left alone after the first', async t => {
    const { dark, proxy } = await setUp(t)
    await dark.goDark()
    assert.deepEqual(await askEach(t, proxy, TEN), Array(10).fill(200))
    assert.deepEqual(await askEach(t, proxy, TEN), Array(10).fill(200))
    const log = await proxy.log()
    assert.ok(
      log.some(line => line.upstreamStatus === '504, 200'),
      'a request went on to the second',
    )
    assert.ok(
      log.slice(10).every(line => !line.upstreamAddress.includes(dark.address)),
      'it was asked again',
    )
    const lines = (await proxy.errors())
      .split('\n')
      .filter(line => /slower than|disabled/.test(line))
    assert.ok(lines.length >= 2)
    for (const line of lines) assert.ok(line.includes(`upstream: "http://${dark.address}/`), line)
  })

  it('costs no POST either: nothing was sent to it', async t => {
    const { dark, good, proxy } = await setUp(t)
    await dark.goDark()
    const posts = Array.from({ length: 4 }, (_, i) => request('POST', `/${i}`, 'body'))
    assert.deepEqual(await askEach(t, proxy, posts), Array(4).fill(200))
    assert.equal(good.requests.length, 4, 'each was sent once')
  })

  it('is waited for where the rules forbid another try, or with compat strict', async t => {
    for (const [lines, main] of [
      ['proxy_next_upstream off;', ''],
      ['proxy_connect_hedge off;', ''],
      ['', 'compat nginx/1.30 strict;'],
    ] as const) {
      const dark = await startDarkPeer(t)
      const good = await startOrigin(t)
      good.answerWith(() => ok('good'))
      const location = `${lines} proxy_connect_timeout 700ms;`
      const parts = toPeers([dark.address, good.address], { location })
      const proxy = await startProxy(t, { ...parts, main: `${parts.main ?? ''} ${main}` })
      await dark.goDark()
      await askEach(t, proxy, TEN.slice(0, 2))
      const first = (await proxy.log()).find(line => line.upstreamAddress.includes(dark.address))
      assert.match(first?.upstreamStatus ?? '', /^504/, lines + main)
      assert.doesNotMatch(await proxy.errors(), /slower than usual/, lines + main)
    }
  })
})

describe('a peer that falls silent on open connections', () => {
  it('costs no GET the answer', async t => {
    const { dark, proxy } = await setUp(t)
    // A connection to each is open and idle.
    await askOneByOne(t, proxy, TEN)
    await dark.goDark()
    assert.deepEqual(await askEach(t, proxy, TEN), Array(10).fill(200))
    assert.match(await proxy.errors(), /does not answer at all/)
    const before = (await proxy.log()).length
    await askEach(t, proxy, TEN)
    const after = (await proxy.log()).slice(before)
    assert.ok(after.every(line => !line.upstreamAddress.includes(dark.address)))
  })

  it('is waited for when it is there and takes its time', async t => {
    const slow = await startOrigin(t)
    const good = await startOrigin(t)
    slow.run(async connection => {
      await connection.request()
      await stays(1_800)
      await connection.send(ok('late'))
    })
    good.answerWith(() => ok('good'))
    const proxy = await startProxy(
      t,
      toPeers([slow.address, good.address], { upstream: 'keepalive 8;' }),
    )
    assert.deepEqual(await askEach(t, proxy, TEN.slice(0, 4)), Array(4).fill(200))
    const log = await proxy.log()
    assert.deepEqual(
      log.map(line => line.upstreamStatus),
      Array(4).fill('200'),
      'no try was given up',
    )
    assert.equal(log.filter(line => line.upstreamAddress === slow.address).length, 2)
  })

  it('is blamed when a client leaves after a while in which nothing was heard of it', async t => {
    const { dark, proxy } = await setUp(t)
    await askOneByOne(t, proxy, TEN)
    await dark.goDark()
    // A POST that was sent cannot go elsewhere: its client leaves.
    const clients = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const client = await connectClient(t, proxy.port)
        await client.send(request('POST', '/', 'body'))
        return client
      }),
    )
    const good = await Promise.all(
      clients.map(client => Promise.race([client.response(), stays(LONG_SILENCE_MS)])),
    )
    assert.ok(good.some(answer => answer === null))
    for (const client of clients) client.destroy()
    assert.deepEqual(await askEach(t, proxy, TEN), Array(10).fill(200))
  })
})

describe('a peer that takes connections and says nothing', () => {
  async function setUp(t: TestContext) {
    const hung = await startOrigin(t)
    hung.run(async () => {})
    const good = await startOrigin(t)
    good.answerWith(() => ok('good'))
    const proxy = await startProxy(t, toPeers([hung.address, good.address]))
    return { hung, proxy }
  }

  /** How many of so many clients, one after the other, left without an answer. */
  async function leavers(t: TestContext, proxy: TestProxy, count: number): Promise<number> {
    let left = 0
    for (let i = 0; i < count; i++) {
      const client = await connectClient(t, proxy.port)
      await client.send(get(`/${i}`))
      if ((await Promise.race([client.response(), stays(LONG_SILENCE_MS)])) === null) left++
      client.destroy()
    }
    return left
  }

  it('is left alone after the third client in a row that left it', async t => {
    const { proxy } = await setUp(t)
    assert.equal(await leavers(t, proxy, 6), 3)
    // That a client is gone shows a moment later: it may only have ended its side.
    for (let i = 0; i < 20 && !/temporarily disabled/.test(await proxy.errors()); i++) {
      await stays(200)
    }
    assert.match(await proxy.errors(), /temporarily disabled/)
    assert.equal(await leavers(t, proxy, 6), 0)
  })

  it('is not blamed for one client who leaves, nor for two with an answer between them', async t => {
    const origin = await startOrigin(t)
    const good = await startOrigin(t)
    good.answerWith(() => ok('good'))
    origin.run(async connection => {
      const { start } = await connection.request()
      if (start.includes('/slow')) return
      await connection.send(ok('fast'))
    })
    const proxy = await startProxy(t, toPeers([origin.address, good.address]))
    for (let round = 0; round < 4; round++) {
      const client = await connectClient(t, proxy.port)
      await client.send(get('/slow'))
      await stays(LONG_SILENCE_MS)
      client.destroy()
      await askEach(t, proxy, TEN.slice(0, 3))
    }
    assert.doesNotMatch(await proxy.errors(), /temporarily disabled/)
  })
})

function stays(milliseconds: number): Promise<null> {
  return new Promise(resolve => setTimeout(resolve, milliseconds, null))
}
