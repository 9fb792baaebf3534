// Limits of a connection in requests and time, towards clients and peers, and the statuses that say which one was met.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { askOnce, connectClient, get, request } from '../harness/client.ts'
import { startDeafPort } from '../harness/deaf-port.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import { startProxy, toPeers } from '../harness/proxy.ts'
import { fieldOf } from '../harness/raw-message.ts'

const PAGE = 'location / { return 200 "ok"; }'

describe('a client connection', () => {
  it('serves keepalive_requests requests and says at the last that it is the last', async t => {
    const proxy = await startProxy(t, { server: `keepalive_requests 3; ${PAGE}` })
    const client = await connectClient(t, proxy.port)
    const said: (string | null)[] = []
    for (let i = 0; i < 3; i++) said.push(fieldOf(await client.ask(get('/')), 'connection'))
    assert.deepEqual(said, ['keep-alive', 'keep-alive', 'close'])
    assert.equal(await client.ended(), 'end')
  })

  it('closes without a word after keepalive_timeout', async t => {
    const proxy = await startProxy(t, { server: `keepalive_timeout 150ms; ${PAGE}` })
    const client = await connectClient(t, proxy.port)
    await client.ask(get('/'))
    assert.equal((await client.rest()).length, 0)
    assert.equal(client.ending, 'end')
  })

  it('closes after every answer with keepalive_timeout 0', async t => {
    const proxy = await startProxy(t, { server: `keepalive_timeout 0; ${PAGE}` })
    const client = await connectClient(t, proxy.port)
    assert.equal(fieldOf(await client.ask(get('/')), 'connection'), 'close')
    assert.equal(await client.ended(), 'end')
  })

  it('closes without a word when nothing comes for client_header_timeout', async t => {
    const proxy = await startProxy(t, { server: `client_header_timeout 150ms; ${PAGE}` })
    const client = await connectClient(t, proxy.port)
    assert.equal((await client.rest()).length, 0)
  })

  for (const [name, drip] of [
    ['stops', false],
    ['drips in, however steadily', true],
  ] as const) {
    it(`gets 408 when a head that has begun ${name}`, async t => {
      const proxy = await startProxy(t, { server: `client_header_timeout 200ms; ${PAGE}` })
      const client = await connectClient(t, proxy.port)
      await client.send('GET / HTTP/1.1\r\nHost: a\r\n')
      const dripping = drip ? setInterval(() => void client.send('X: y\r\n'), 30) : undefined
      const response = await client.response()
      clearInterval(dripping)
      assert.equal(response.status, 408)
      assert.equal(fieldOf(response, 'connection'), 'close')
    })
  }

  it('in HTTP/1.0 closes after its answer, or stays when asked to', async t => {
    const proxy = await startProxy(t, { server: PAGE })
    const client = await connectClient(t, proxy.port)
    const stay = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'
    for (let i = 0; i < 2; i++)
      assert.equal(fieldOf(await client.ask(stay), 'connection'), 'keep-alive')
    assert.equal(fieldOf(await client.ask('GET / HTTP/1.0\r\n\r\n'), 'connection'), 'close')
    assert.equal(await client.ended(), 'end')
  })

  it('in HTTP/1.0 gets a body without known length up to the close, and a cut one with a reset', async t => {
    const origin = await startOrigin(t)
    origin.run(async (connection, index) => {
      await connection.request()
      await connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
      if (index === 0) await connection.send('0\r\n\r\n')
      else connection.end()
    })
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    const whole = await client.ask('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    assert.equal(whole.framing, 'close')
    assert.equal(whole.body.toString(), 'abc')
    assert.equal(whole.isWhole, true)
    origin.connections[0]!.end()
    await origin.connections[0]!.ended()
    const other = await connectClient(t, proxy.port)
    await other.send('GET / HTTP/1.0\r\n\r\n')
    await other.ended()
    assert.equal(other.ending, 'reset')
  })

  it('is told to go on a hundred times in a row', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ body }) => ok(String(body)))
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    for (let i = 0; i < 100; i++) {
      await client.send(
        'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
      )
      assert.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
      const response = await client.ask('body')
      assert.equal(response.body.toString(), 'body')
      assert.deepEqual(response.interims, [])
    }
    assert.equal(origin.connections.length, 1)
    assert.equal(fieldOf(origin.requests[0]!, 'expect'), null)
  })

  it('is not told to go on with a body that is refused', async t => {
    const proxy = await startProxy(t, {
      server: `client_max_body_size 3; ${PAGE} location /p { proxy_pass http://127.0.0.1:1; }`,
    })
    const client = await connectClient(t, proxy.port)
    const head = 'POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n'
    const response = await client.ask(head)
    assert.equal(response.status, 413)
    assert.deepEqual(response.interims, [])
  })

  it('gets 102 and 103 of the peer before the answer, but not in HTTP/1.0', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => `HTTP/1.1 103 Early\r\nLink: </a>\r\nConnection: x\r\n\r\n${ok('yes')}`)
    const proxy = await startProxy(t, toPeers([origin.address]))
    const modern = await askOnce(t, proxy.port, get('/'))
    assert.deepEqual(modern.interims, ['HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n'])
    const old = await askOnce(t, proxy.port, 'GET / HTTP/1.0\r\n\r\n')
    assert.deepEqual(old.interims, [])
  })

  it('that waits half-closed is answered', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    client.end()
    const connection = await origin.accept()
    await connection.request()
    await connection.send(ok('yes'))
    assert.equal((await client.response()).body.toString(), 'yes')
    assert.equal(await client.ended(), 'end')
  })

  for (const [name, request] of [
    ['without a body', get('/')],
    ['with one', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody'],
    ['of two at once', `${get('/')}${get('/')}`],
    ['of HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
  ] as const) {
    it(`that half-closes with its request (${name}) is answered, however long that takes`, async t => {
      const origin = await startOrigin(t)
      const proxy = await startProxy(t, toPeers([origin.address]))
      const client = await connectClient(t, proxy.port)
      client.socket.end(request)
      const connection = await origin.accept()
      await connection.request()
      if (name === 'of two at once') {
        await connection.send(ok('one'))
        assert.equal((await client.response()).body.toString(), 'one')
        await connection.request()
      }
      // Longer than who closes later is believed to wait.
      await new Promise(resolve => setTimeout(resolve, 1_300))
      assert.equal(connection.isOver, false)
      await connection.send(ok('yes'))
      assert.equal((await client.response()).body.toString(), 'yes')
      assert.equal(await client.ended(), 'end')
    })
  }

  it('that half-closes with its request is gone at once with compat strict, as in nginx', async t => {
    const origin = await startOrigin(t)
    const parts = toPeers([origin.address], { main: 'compat nginx/1.30 strict;' })
    const proxy = await startProxy(t, parts)
    const client = await connectClient(t, proxy.port)
    client.socket.end(get('/'))
    assert.equal(await client.ended(), 'end')
    assert.deepEqual(
      (await proxy.log()).map(line => line.status),
      ['499'],
    )
  })

  it('that has gone frees its peer, and is logged with 499', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    const connection = await origin.accept()
    await connection.request()
    // Who closes within a moment of its request could be waiting for the answer.
    const until = performance.now() + 40
    while (performance.now() < until) await proxy.holdings()
    client.destroy()
    await connection.ended()
    assert.deepEqual(
      (await proxy.log()).map(line => line.status),
      ['499'],
    )
    assert.equal(await proxy.timersLeft(), 0)
  })

  it('that has gone does not stop its request with proxy_ignore_client_abort', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(
      t,
      toPeers([origin.address], { location: 'proxy_ignore_client_abort on;' }),
    )
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    const connection = await origin.accept()
    await connection.request()
    client.end()
    await askAnother(t, proxy.port)
    assert.equal(connection.isOver, false)
    await connection.send(ok('done'))
    assert.equal((await client.response()).body.toString(), 'done')
  })
})

/** A request that is answered after the worker has seen all that was sent before it. */
async function askAnother(t: Parameters<typeof askOnce>[0], port: number): Promise<void> {
  await askOnce(t, port, 'nonsense\r\n\r\n')
}

describe('a peer connection', () => {
  it('that cannot be opened in time gives 504', async t => {
    const port = await startDeafPort(t)
    const parts = toPeers([`127.0.0.1:${port}`], { location: 'proxy_connect_timeout 150ms;' })
    const proxy = await startProxy(t, parts)
    assert.equal((await askOnce(t, proxy.port, get('/'))).status, 504)
    assert.match(await proxy.errors(), /upstream timed out \(.*\) while connecting to upstream/)
  })

  it('that is silent gives 504', async t => {
    const origin = await startOrigin(t)
    origin.run(async connection => void (await connection.request()))
    const proxy = await startProxy(
      t,
      toPeers([origin.address], { location: 'proxy_read_timeout 150ms;' }),
    )
    assert.equal((await askOnce(t, proxy.port, get('/'))).status, 504)
    await origin.connections[0]!.ended()
  })

  it('that does not take the request gives 504', async t => {
    const origin = await startOrigin(t)
    origin.run(connection => void connection.socket.pause())
    const location = 'proxy_send_timeout 200ms; client_max_body_size 0;'
    const proxy = await startProxy(t, toPeers([origin.address], { location }))
    const client = await connectClient(t, proxy.port)
    const sent = client.send(request('PUT', '/', 'x'.repeat(20_000_000)))
    assert.equal((await client.response()).status, 504)
    await sent
    assert.match(
      await proxy.errors(),
      /upstream timed out \(.*\) while sending request to upstream/,
    )
  })

  it('serves keepalive_requests requests', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('yes'))
    const proxy = await startProxy(
      t,
      toPeers([origin.address], { upstream: 'keepalive_requests 2;' }),
    )
    for (let i = 0; i < 5; i++) await askOnce(t, proxy.port, get('/'))
    assert.equal(origin.connections.length, 3)
  })

  it('is closed when it has been idle for keepalive_timeout', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('yes'))
    const proxy = await startProxy(
      t,
      toPeers([origin.address], { upstream: 'keepalive_timeout 150ms;' }),
    )
    await askOnce(t, proxy.port, get('/'))
    assert.equal(await origin.connections[0]!.ended(), 'end')
    assert.equal(await proxy.timersLeft(), 0)
  })

  it('is not kept when its peer would close it within the second', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('yes', 'Keep-Alive: timeout=1'))
    const proxy = await startProxy(t, toPeers([origin.address]))
    await askOnce(t, proxy.port, get('/'))
    await origin.connections[0]!.ended()
  })

  it('is not kept to a server without an upstream block', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('yes'))
    const proxy = await startProxy(t, {
      server: `location / { proxy_pass http://${origin.address}; }`,
    })
    await askOnce(t, proxy.port, get('/'))
    await origin.connections[0]!.ended()
  })

  it('that speaks while idle is thrown away, and its words with it', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('yes'))
    const proxy = await startProxy(t, toPeers([origin.address]))
    await askOnce(t, proxy.port, get('/'))
    await origin.connections[0]!.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison')
    await origin.connections[0]!.ended()
    assert.equal((await askOnce(t, proxy.port, get('/'))).body.toString(), 'yes')
    assert.equal(origin.connections.length, 2)
  })

  it('are kept up to as many as keepalive says, the newest', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address], { upstream: 'keepalive 2;' }))
    const clients = [0, 1, 2].map(() => connectClient(t, proxy.port))
    const connections = []
    for (const connecting of clients) {
      await (await connecting).send(get('/'))
      const connection = await origin.accept()
      await connection.request()
      connections.push(connection)
    }
    for (const [index, connection] of connections.entries()) {
      await connection.send(ok('yes'))
      await (await clients[index]!).response()
    }
    await connections[0]!.ended()
    assert.equal(connections[1]!.isOver, false)
    assert.equal(connections[2]!.isOver, false)
  })
})
