// How the proxy makes its connections to peers, through the whole of it: `proxy_bind`, the PROXY protocol, `keepalive`
// with and without `local`, and names that are raced for. What nginx does with the same lines stands in test/system.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { afterTest } from '../harness/after-test.ts'
import { Client, connectClient, get } from '../harness/client.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { startProxy, toPeers } from '../harness/proxy.ts'

function clientsOf(origin: Origin): (string | undefined)[] {
  return origin.connections.map(connection => connection.socket.remoteAddress)
}

async function startAnswering(t: Parameters<typeof startOrigin>[0]): Promise<Origin> {
  const origin = await startOrigin(t)
  origin.answerWith(() => ok('fine'))
  return origin
}

describe('proxy_bind', () => {
  it('makes connections go out from its address, and each location take only its own', async t => {
    const origin = await startAnswering(t)
    const proxy = await startProxy(t, {
      http: `upstream peers { server ${origin.address}; keepalive 8; }`,
      server: `proxy_bind 127.0.0.7;
        location / { proxy_pass http://peers; }
        location /8/ { proxy_bind 127.0.0.8; proxy_pass http://peers; }
        location /off/ { proxy_bind off; proxy_pass http://peers; }`,
    })
    const client = await connectClient(t, proxy.port)
    for (const path of ['/', '/8/', '/off/', '/', '/8/', '/off/']) {
      assert.equal((await client.ask(get(path))).status, 200)
    }
    assert.deepEqual(clientsOf(origin), ['127.0.0.7', '127.0.0.8', '127.0.0.1'])
  })

  it('takes what variables come to, and binds nothing where that is empty or no address', async t => {
    const origin = await startAnswering(t)
    const location = 'proxy_bind $http_x_from;'
    const proxy = await startProxy(t, toPeers([origin.address], { location }))
    const client = await connectClient(t, proxy.port)
    for (const from of ['127.0.0.9', '', 'localhost', '127.0.0.9']) {
      const field = from === '' ? '' : `X-From: ${from}\r\n`
      const response = await client.ask(`GET / HTTP/1.1\r\nHost: test\r\n${field}\r\n`)
      assert.equal(response.status, 200)
    }
    // What is no address binds nothing, so that connection serves both; and the first address has its own again.
    assert.deepEqual(clientsOf(origin), ['127.0.0.9', '127.0.0.1'])
    assert.match(await proxy.errors(), /\[error\] .*invalid local address "localhost"/)
  })

  it('answers 500 where the address is not of this machine, and blames no peer', async t => {
    const origin = await startAnswering(t)
    const other = await startAnswering(t)
    const proxy = await startProxy(t, {
      http: `upstream peers { server ${origin.address}; server ${other.address}; }`,
      server: `location /bound/ { proxy_bind 192.0.2.1; proxy_pass http://peers; }
        location / { proxy_pass http://peers; }`,
    })
    // After a 500 of our own the connection ends.
    const ask = async (path: string) => {
      const client = await connectClient(t, proxy.port)
      return (await client.ask(get(path))).status
    }
    for (let i = 0; i < 3; i++) assert.equal(await ask('/bound/'), 500)
    assert.equal(origin.connections.length + other.connections.length, 0)
    const words =
      /\[crit\] .*bind\(192\.0\.2\.1\) failed \(99: Cannot assign requested address\) while connecting to upstream/
    assert.match(await proxy.errors(), words)
    for (let i = 0; i < 2; i++) assert.equal(await ask('/'), 200)
    assert.deepEqual([origin.connections.length, other.connections.length], [1, 1])
  })
})

describe('proxy_protocol in upstream', () => {
  it('v1 tells the peer of each client connection, once and first', async t => {
    const origin = await startOrigin(t)
    origin.run(async connection => {
      const header = await connection.until('\r\n')
      for (;;) {
        await connection.request()
        await connection.send(ok(header!))
      }
    })
    const upstream = 'keepalive 8; proxy_protocol v1;'
    const proxy = await startProxy(t, toPeers([origin.address], { upstream }))
    const clients = [await connectClient(t, proxy.port), await connectClient(t, proxy.port)]
    for (const client of [...clients, ...clients]) {
      const { localPort } = client.socket
      const { body } = await client.ask(get('/'))
      const header = `PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${proxy.port}\r\n`
      assert.equal(body.toString('latin1'), header)
    }
    assert.equal(origin.connections.length, 2)
    for (const client of clients) client.destroy()
  })

  it('says of a client of a unix socket that nothing is known', async t => {
    const origin = await startOrigin(t)
    origin.run(async connection => {
      const header = await connection.until('\r\n')
      await connection.request()
      await connection.send(ok(header!))
    })
    const upstream = 'proxy_protocol v1;'
    const server = 'listen unix:DIR/front.sock;'
    const proxy = await startProxy(t, toPeers([origin.address], { upstream, server }))
    const socket = connect(join(proxy.directory, 'front.sock'))
    const client = new Client(socket)
    afterTest(t, () => client.destroy())
    const { body } = await client.ask(get('/'))
    assert.equal(body.toString('latin1'), 'PROXY UNKNOWN\r\n')
  })

  it('v2 sends its bytes before the request', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address], { upstream: 'proxy_protocol v2;' }))
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    const connection = await origin.accept()
    await connection.when(() => connection.received.endsWith('\r\n\r\n'), 'the request')
    const ports = Buffer.alloc(4)
    ports.writeUInt16BE(client.socket.localPort!, 0)
    ports.writeUInt16BE(proxy.port, 2)
    const head = '0d0a0d0a000d0a515549540a' + '21' + '11' + '000c' + '7f000001' + '7f000001'
    const received = Buffer.from(connection.received, 'latin1')
    assert.equal(received.toString('hex', 0, 28), head + ports.toString('hex'))
    assert.match(received.toString('latin1', 28), /^GET \/ HTTP\/1\.1\r\n/)
    await connection.send(ok('fine'))
    assert.equal((await client.response()).status, 200)
  })

  it('sends it again on the connection that stands in for one that was dead', async t => {
    const origin = await startOrigin(t)
    origin.run(async connection => {
      const header = await connection.until('\r\n')
      await connection.request()
      await connection.send(ok(header!))
      // The second request on it is answered with an end.
      await connection.request().catch(() => {})
      connection.end()
    })
    const upstream = 'keepalive 8; proxy_protocol v1;'
    const proxy = await startProxy(t, toPeers([origin.address], { upstream }))
    const client = await connectClient(t, proxy.port)
    const header = `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.socket.localPort} ${proxy.port}\r\n`
    for (let i = 0; i < 2; i++) {
      const { status, body } = await client.ask(get('/'))
      assert.deepEqual([status, body.toString('latin1')], [200, header])
    }
    assert.equal(origin.connections.length, 2)
    assert.deepEqual(
      (await proxy.log()).map(line => line.upstreamStatus),
      ['200', '200'],
    )
  })
})

describe('keepalive in upstream', () => {
  const locations = `location /a { proxy_pass http://peers; } location /b { proxy_pass http://peers; }`
  for (const [name, line, count] of [
    ['shares connections between locations', 'keepalive 8;', 1],
    ['keeps those of one location from another with local', 'keepalive 8 local;', 2],
  ] as const) {
    it(name, async t => {
      const origin = await startAnswering(t)
      const http = `upstream peers { server ${origin.address}; ${line} }`
      const proxy = await startProxy(t, { http, server: locations })
      const client = await connectClient(t, proxy.port)
      for (const path of ['/a', '/b', '/a', '/b']) {
        assert.equal((await client.ask(get(path))).status, 200)
      }
      assert.equal(origin.connections.length, count)
    })
  }

  it('lets a connection go in time that its peer allows two requests', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('fine', 'Keep-Alive: timeout=60, max=2'))
    const proxy = await startProxy(t, toPeers([origin.address], { upstream: 'keepalive 8;' }))
    const client = await connectClient(t, proxy.port)
    for (let i = 0; i < 4; i++) assert.equal((await client.ask(get('/'))).status, 200)
    assert.equal(origin.connections.length, 2)
  })
})

/** The origin listens on one of them. */
const TWO_ADDRESSES = { 'app.test': ['127.0.0.1', '::1'] }

describe('server … race', () => {
  it('is one peer, which is reached by the address that opens, and shown by it', async t => {
    const origin = await startAnswering(t)
    const options = { peer: 'race', location: 'add_header X-Peer $upstream_addr;' }
    const parts = toPeers([`app.test:${origin.port}`], options)
    const proxy = await startProxy(t, { ...parts, hosts: TWO_ADDRESSES })
    const client = await connectClient(t, proxy.port)
    for (let i = 0; i < 2; i++) {
      const { status, head } = await client.ask(get('/'))
      assert.equal(status, 200)
      assert.match(head, new RegExp(`X-Peer: ${origin.address}`))
    }
    assert.equal(origin.connections.length, 1)
    assert.deepEqual(
      (await proxy.log()).map(line => line.upstreamAddress),
      [origin.address, origin.address],
    )
  })

  it('that nobody answers is one try, named as it was written', async t => {
    const origin = await startOrigin(t)
    origin.stopListening()
    const address = `app.test:${origin.port}`
    const parts = toPeers([address], { peer: 'race' })
    const proxy = await startProxy(t, { ...parts, hosts: TWO_ADDRESSES })
    const client = await connectClient(t, proxy.port)
    assert.equal((await client.ask(get('/'))).status, 502)
    const [line] = await proxy.log()
    assert.deepEqual([line!.upstreamStatus, line!.upstreamAddress], ['502', address])
    const words = /connect\(\) failed \(111: Connection refused\) while connecting to upstream/
    assert.match(await proxy.errors(), words)
  })
})
