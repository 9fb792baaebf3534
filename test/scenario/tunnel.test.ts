// Upgraded connections (RFC 9110 §7.8): who may become a tunnel, and what a tunnel carries: every byte both ways, with
// backpressure both ways, until both sides have ended.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Client, connectClient, get } from '../harness/client.ts'
import { type Origin, type OriginConnection, ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'
import { fieldOf } from '../harness/raw-message.ts'

const NGINX_WAY = `proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";`
const ASK = get('/chat', 'Connection: keep-alive, Upgrade', 'Upgrade: websocket')
const SWITCH =
  'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\nX-Key: 1\r\n\r\n'

interface Both {
  readonly client: Client
  readonly peer: OriginConnection
  readonly proxy: TestProxy
  readonly origin: Origin
}

async function openTunnel(t: TestContext, location = '', early = ''): Promise<Both> {
  const origin = await startOrigin(t)
  const proxy = await startProxy(t, toPeers([origin.address], { location: NGINX_WAY + location }))
  const client = await connectClient(t, proxy.port)
  await client.send(ASK + early)
  const peer = await origin.accept()
  await peer.request()
  await peer.send(SWITCH)
  const { status } = await client.response()
  assert.equal(status, 101)
  return { client, peer, proxy, origin }
}

describe('an upgrade', () => {
  it('reaches the peer with the two nginx lines, and its answer the client', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address], { location: NGINX_WAY }))
    const client = await connectClient(t, proxy.port)
    await client.send(ASK)
    const peer = await origin.accept()
    const message = await peer.request()
    assert.equal(fieldOf(message, 'upgrade'), 'websocket')
    assert.equal(fieldOf(message, 'connection'), 'upgrade')
    await peer.send(`${SWITCH}hello`)
    const response = await client.response()
    assert.equal(fieldOf(response, 'upgrade'), 'websocket')
    assert.equal(fieldOf(response, 'connection'), 'upgrade')
    assert.equal(fieldOf(response, 'x-key'), '1')
    assert.equal((await client.bytes(5)).toString(), 'hello')
  })

  it('does not reach the peer without them', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('plain'))
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    assert.equal((await client.ask(ASK)).body.toString(), 'plain')
    assert.equal(fieldOf(origin.requests[0]!, 'upgrade'), null)
    assert.equal(fieldOf(origin.requests[0]!, 'connection'), null)
  })

  it('that the peer declines is an ordinary request, and the connections stay', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('declined'))
    const proxy = await startProxy(t, toPeers([origin.address], { location: NGINX_WAY }))
    const client = await connectClient(t, proxy.port)
    assert.equal((await client.ask(ASK)).body.toString(), 'declined')
    assert.equal((await client.ask(get('/next'))).body.toString(), 'declined')
    assert.equal(origin.connections.length, 1)
  })

  it('with a body is refused', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address], { location: NGINX_WAY }))
    const client = await connectClient(t, proxy.port)
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n'
    const response = await client.ask(`${head}Content-Length: 3\r\n\r\nabc`)
    assert.equal(response.status, 400)
    assert.equal(origin.connections.length, 0)
  })

  it('keeps bytes that come with the head back until the peer has agreed', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address], { location: NGINX_WAY }))
    const client = await connectClient(t, proxy.port)
    await client.send(`${ASK}early`)
    const peer = await origin.accept()
    await peer.request()
    await client.send(' bird')
    assert.equal(peer.unread.length, 0)
    await peer.send(SWITCH)
    assert.equal((await peer.bytes(10)).toString(), 'early bird')
  })

  it('that is declined leaves what came with its head a request', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) => ok(start))
    const proxy = await startProxy(t, toPeers([origin.address], { location: NGINX_WAY }))
    const client = await connectClient(t, proxy.port)
    await client.send(ASK + get('/smuggled'))
    assert.equal((await client.response()).body.toString(), 'GET /chat HTTP/1.1')
    assert.equal((await client.response()).body.toString(), 'GET /smuggled HTTP/1.1')
  })
})

describe('a tunnel', () => {
  it('carries bytes both ways', async t => {
    const { client, peer } = await openTunnel(t)
    for (const text of ['one', 'GET / HTTP/1.1\r\n\r\n', '\0\xff']) {
      await client.send(text)
      assert.equal((await peer.bytes(text.length)).toString('latin1'), text)
      await peer.send(text)
      assert.equal((await client.bytes(text.length)).toString('latin1'), text)
    }
  })

  it('carries megabytes both ways at once, every byte in its place', async t => {
    const { client, peer } = await openTunnel(t)
    const bytes = Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => ((i * 7919) >> 5) & 0xff))
    const sent = Promise.all([client.send(bytes), peer.send(bytes)])
    assert.ok((await client.bytes(bytes.length)).equals(bytes))
    assert.ok((await peer.bytes(bytes.length)).equals(bytes))
    await sent
  })

  for (const [name, who] of [
    ['client', 'client'],
    ['peer', 'peer'],
  ] as const) {
    it(`passes the end of the ${name} on and stays open the other way`, async t => {
      const { client, peer, proxy } = await openTunnel(t)
      const [from, to] = who === 'client' ? [client, peer] : [peer, client]
      await from.send('bye')
      from.end()
      assert.equal((await to.rest()).toString(), 'bye')
      assert.equal(to.ending, 'end')
      await to.send('one ', 'more ', 'word')
      to.end()
      assert.equal((await from.rest()).toString(), 'one more word')
      assert.equal(from.ending, 'end')
      assert.deepEqual(
        (await proxy.log()).map(line => [line.status, line.upstreamStatus]),
        [['101', '101']],
      )
    })

    it(`gives the ${name} all that was sent before both ended, however slowly it reads`, async t => {
      const { client, peer, proxy } = await openTunnel(t)
      const [slow, fast] = who === 'client' ? [client, peer] : [peer, client]
      slow.socket.pause()
      slow.end()
      await fast.ended()
      const bytes = Buffer.alloc(14_000_000, 'x')
      const sent = fast.send(bytes).then(() => fast.end())
      for (let turn = 0; turn < 40; turn++) await proxy.holdings()
      slow.socket.resume()
      await sent
      await slow.when(() => slow.isOver, 'the end')
      assert.equal(slow.bytesReceived >= bytes.length, true, `${slow.bytesReceived} bytes`)
      assert.equal(slow.ending, 'end')
    })

    it(`does not gather what the ${name} does not read`, async t => {
      const { client, peer, proxy } = await openTunnel(t)
      const [slow, fast] = who === 'client' ? [client, peer] : [peer, client]
      const before = await proxy.leastMemory()
      slow.socket.pause()
      let isSent = false
      void fast.send(Buffer.alloc(40_000_000)).then(() => {
        isSent = true
      })
      const most = await proxy.mostMemory()
      assert.equal(isSent, false)
      assert.ok(most - before < 10_000_000, `${most - before} bytes more`)
    })

    it(`ends when the ${name} is reset`, async t => {
      const { client, peer, proxy } = await openTunnel(t)
      const [from, to] = who === 'client' ? [client, peer] : [peer, client]
      from.reset()
      await to.ended()
      assert.equal(await proxy.timersLeft(), 0)
    })
  }

  it('ends when it is silent for proxy_read_timeout, whichever way', async t => {
    const { client, peer } = await openTunnel(
      t,
      'proxy_read_timeout 150ms; proxy_send_timeout 10ms;',
    )
    const began = performance.now()
    await client.send('hello')
    await peer.bytes(5)
    await Promise.all([client.ended(), peer.ended()])
    assert.ok(performance.now() - began >= 140)
  })

  it('outlives the configuration that it began with', async t => {
    const { client, peer, proxy, origin } = await openTunnel(t)
    const number = await proxy.reload(toPeers([origin.address]))
    assert.equal(number, 2)
    await client.send('still')
    assert.equal((await peer.bytes(5)).toString(), 'still')
    assert.deepEqual(proxy.released, [])
    client.end()
    peer.end()
    await proxy.whenReleased(1)
  })
})
