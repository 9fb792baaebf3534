// Retries and who is blamed, through the whole proxy: the rows of test/scenario/retry-rules.ts, then the groups as a whole.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { connectClient, get, request } from '../harness/client.ts'
import { type Origin, type OriginConnection, ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'
import { type PeerDeed, RETRY_ROWS, type RetryRow } from './retry-rules.ts'

function answer(status: number): string {
  return `HTTP/1.1 ${status} S\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
}

async function perform(deed: PeerDeed, connection: OriginConnection): Promise<void> {
  if (typeof deed === 'number') await connection.send(answer(deed))
  else if (deed === 'nonsense') await connection.send('nonsense\r\n\r\n')
  else if (deed === 'cut') await connection.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut')
  if (deed === 'reset') connection.reset()
  else if (deed !== 'silent') connection.end()
}

/** An origin that does `deed` to every request but those for /probe, which it answers. */
async function peerThat(t: TestContext, deed: PeerDeed): Promise<Origin> {
  const origin = await startOrigin(t)
  if (deed === 'refuse') origin.stopListening()
  origin.run(async connection => {
    const { start } = await connection.request()
    await perform(start.includes('/probe') ? 200 : deed, connection)
  })
  return origin
}

async function statusOf(
  t: TestContext,
  proxy: TestProxy,
  method: string,
  path: string,
): Promise<number> {
  const client = await connectClient(t, proxy.port)
  const body = method === 'GET' ? '' : 'body'
  const response = await client.ask(request(method, path, body), method)
  client.destroy()
  return response.isWhole ? response.status : 0
}

async function runRow(t: TestContext, proxy: TestProxy, row: RetryRow): Promise<void> {
  const first = await peerThat(t, row.deed)
  const second = await peerThat(t, row.second ?? 200)
  const lines = `proxy_read_timeout 150ms; ${row.lines ?? ''}`
  await proxy.reload(toPeers([first.address, second.address], { location: lines }))
  const before = (await proxy.log()).length
  assert.equal(await statusOf(t, proxy, row.method ?? 'GET', '/'), row.status)
  await statusOf(t, proxy, 'GET', '/probe')
  await statusOf(t, proxy, 'GET', '/probe')
  const [line, ...probes] = (await proxy.log()).slice(before)
  assert.equal(line?.upstreamStatus, row.tries)
  const isAsked = probes.some(probe => probe.upstreamAddress.includes(first.address))
  assert.equal(isAsked, !row.isBlamed, `${row.isBlamed ? 'left out' : 'asked again'} afterwards`)
}

describe('the next peer', () => {
  it('is tried, and the first one blamed, as the rows say', async t => {
    const proxy = await startProxy(t, { server: '' })
    for (const row of RETRY_ROWS) await t.test(row.name, t => runRow(t, proxy, row))
  })
})

describe('a group of peers', () => {
  it('of one address alone is never out of service', async t => {
    const origin = await peerThat(t, 'close')
    const proxy = await startProxy(t, toPeers([origin.address]))
    for (let i = 0; i < 3; i++) assert.equal(await statusOf(t, proxy, 'GET', '/'), 502)
    assert.equal(await statusOf(t, proxy, 'GET', '/probe'), 200)
  })

  it('of one peer and one that is down has none left after one failure', async t => {
    const origin = await peerThat(t, 'close')
    const proxy = await startProxy(t, {
      http: `upstream peers { server ${origin.address}; server 127.0.0.1:1 down; }`,
      server: 'location / { proxy_pass http://peers; }',
    })
    assert.equal(await statusOf(t, proxy, 'GET', '/'), 502)
    assert.equal(await statusOf(t, proxy, 'GET', '/probe'), 502)
    const lines = await proxy.log()
    assert.deepEqual(
      lines.map(line => line.upstreamAddress),
      [origin.address, 'peers'],
    )
    assert.deepEqual(
      lines.map(line => line.upstreamStatus),
      ['502', '502'],
    )
    assert.match(await proxy.errors(), /no live upstreams/)
  })

  it('asks a backup in the same request when the last primary fails', async t => {
    const [first, second] = [await peerThat(t, 'close'), await peerThat(t, 200)]
    const proxy = await startProxy(t, {
      http: `upstream peers { server ${first.address}; server ${second.address} backup; }`,
      server: 'location / { proxy_pass http://peers; }',
    })
    assert.equal(await statusOf(t, proxy, 'GET', '/'), 200)
    assert.equal(await statusOf(t, proxy, 'GET', '/'), 200)
    const lines = await proxy.log()
    assert.deepEqual(
      lines.map(line => line.upstreamStatus),
      ['502, 200', '200'],
    )
  })

  it('that is full everywhere answers 502', async t => {
    const origin = await peerThat(t, 'silent')
    const proxy = await startProxy(
      t,
      toPeers([origin.address, origin.address], { peer: 'max_conns=1' }),
    )
    const clients = [await connectClient(t, proxy.port), await connectClient(t, proxy.port)]
    for (const client of clients) {
      const before = origin.connections.length
      await client.send(get('/'))
      const connection = await origin.accept()
      await connection.when(() => connection.bytesReceived > 0, 'the request')
      assert.equal(origin.connections.length, before + 1)
    }
    assert.equal(await statusOf(t, proxy, 'GET', '/'), 502)
    clients[0]!.reset()
    await origin.connections[0]!.ended()
    assert.equal(await statusOf(t, proxy, 'GET', '/probe'), 200)
  })

  const LISTED = 'proxy_next_upstream http_500;'

  it('gives its last real answer when nobody else is left to ask', async t => {
    const [first, second] = [await peerThat(t, 500), await peerThat(t, 500)]
    const peers = [first.address, second.address]
    const proxy = await startProxy(t, toPeers(peers, { location: LISTED }))
    for (let i = 0; i < 3; i++) assert.equal(await statusOf(t, proxy, 'GET', '/'), 500)
    const lines = await proxy.log()
    assert.deepEqual(
      lines.map(line => line.upstreamStatus),
      ['500, 500', '500', '500'],
    )
  })

  it('throws its last answer away in compat strict, as nginx does', async t => {
    const [first, second] = [await peerThat(t, 500), await peerThat(t, 500)]
    const peers = [first.address, second.address]
    const proxy = await startProxy(t, toPeers(peers, { location: LISTED, main: 'compat strict;' }))
    assert.equal(await statusOf(t, proxy, 'GET', '/'), 500)
    assert.equal(await statusOf(t, proxy, 'GET', '/'), 502)
    const lines = await proxy.log()
    assert.deepEqual(
      lines.map(line => line.upstreamStatus),
      ['500, 500', '500, 502'],
    )
  })

  it('is asked no further once the client has gone', async t => {
    const [first, second] = [await peerThat(t, 'silent'), await peerThat(t, 200)]
    const location = 'proxy_read_timeout 200ms;'
    const proxy = await startProxy(t, toPeers([first.address, second.address], { location }))
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    const connection = await first.accept()
    await connection.when(() => connection.bytesReceived > 0, 'the request')
    client.reset()
    await connection.ended()
    assert.equal(second.connections.length, 0)
    const lines = await proxy.log()
    assert.deepEqual(
      lines.map(line => [line.status, line.upstreamStatus]),
      [['499', '-']],
    )
  })
})

describe('a kept connection that its peer has closed', () => {
  /** Two requests on one connection; the second is met by `deed` on the old connection, by 200 on a new one. */
  async function stale(t: TestContext, method: string, deed: PeerDeed, main = '') {
    const origin = await startOrigin(t)
    origin.run(async connection => {
      await connection.request()
      await connection.send(ok('first'))
      await connection.when(
        () => connection.unread.length > 0 || connection.isOver,
        'another',
        true,
      )
      if (connection.unread.length > 0) await perform(deed, connection)
    })
    const other = await startOrigin(t)
    other.run(() => assert.fail('the other peer is down'))
    const proxy = await startProxy(t, {
      main,
      http: `upstream peers { server ${origin.address}; server ${other.address} down; }`,
      server: 'location / { proxy_pass http://peers; }',
    })
    assert.equal(await statusOf(t, proxy, 'GET', '/'), 200)
    const status = await statusOf(t, proxy, method, '/')
    return { status, proxy, origin, after: await statusOf(t, proxy, 'GET', '/') }
  }

  for (const deed of ['close', 'reset'] as const) {
    it(`costs nobody anything (${deed})`, async t => {
      const { status, proxy, origin, after } = await stale(t, 'GET', deed)
      assert.equal(status, 200)
      assert.equal(after, 200)
      assert.equal(origin.connections.length, 3)
      assert.deepEqual(
        (await proxy.log()).map(line => line.upstreamStatus),
        ['200', '200', '200'],
      )
      assert.equal(await proxy.errors(), '')
    })
  }

  it('costs a POST its answer, and still the peer nothing', async t => {
    const { status, proxy, after } = await stale(t, 'POST', 'close')
    assert.equal(status, 502)
    assert.equal(after, 200)
    assert.deepEqual(
      (await proxy.log()).map(line => line.upstreamStatus),
      ['200', '502', '200'],
    )
  })

  it('that has begun to answer is a failure like any other', async t => {
    const { status, after } = await stale(t, 'GET', 'nonsense')
    assert.equal(status, 502)
    assert.equal(after, 502)
  })

  it('counts as a failed try that is given back, in compat strict', async t => {
    const origin = await startOrigin(t)
    origin.run(async (connection, index) => {
      await connection.request()
      await connection.send(ok('first'))
      await connection.when(
        () => connection.unread.length > 0 || connection.isOver,
        'another',
        true,
      )
      if (index === 0) connection.end()
    })
    const proxy = await startProxy(t, toPeers([origin.address], { main: 'compat strict;' }))
    assert.equal(await statusOf(t, proxy, 'GET', '/'), 200)
    assert.equal(await statusOf(t, proxy, 'GET', '/'), 200)
    assert.deepEqual(
      (await proxy.log()).map(line => line.upstreamStatus),
      ['200', '502, 200'],
    )
  })
})
