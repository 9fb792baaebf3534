// A client that reads slowly: its response is bounded in memory, its peer is set free by spooling or held back, and its
// patience is measured between two steps, not over the whole.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Client, connectClient, get } from '../harness/client.ts'
import { type Origin, type OriginConnection, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'

const SIZE = 16_000_000

interface Asked {
  readonly client: Client
  readonly peer: OriginConnection
  readonly proxy: TestProxy
  readonly origin: Origin
}

async function ask(t: TestContext, location: string, server = ''): Promise<Asked> {
  const origin = await startOrigin(t)
  const proxy = await startProxy(t, toPeers([origin.address], { location, server }))
  const client = await connectClient(t, proxy.port, { isPaused: true })
  await client.send(get('/'))
  const peer = await origin.accept()
  await peer.request()
  return { client, peer, proxy, origin }
}

/** Bytes that show by themselves where they belong. */
function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 8 <= size; at += 8) bytes.writeUInt32BE(at / 8, at)
  return bytes
}

function inChunks(bytes: Buffer, size: number): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size)
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')])
}

const FRAMINGS = [
  ['with a Content-Length', `Content-Length: ${SIZE}`, (bytes: Buffer) => bytes],
  ['in chunks', 'Transfer-Encoding: chunked', (bytes: Buffer) => inChunks(bytes, 50_000)],
  ['in many small chunks', 'Transfer-Encoding: chunked', (bytes: Buffer) => inChunks(bytes, 700)],
  ['until the end', 'Connection: close', (bytes: Buffer) => bytes],
] as const

describe('a slow client', () => {
  for (const [name, line, encode] of FRAMINGS) {
    it(`sets its peer free, with proxy_buffering, and gets every byte (${name})`, async t => {
      const { client, peer, proxy } = await ask(t, '')
      const before = await proxy.leastMemory()
      const bytes = pattern(SIZE)
      await peer.send(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`, encode(bytes))
      if (name === 'until the end') peer.end()
      // The peer has got rid of it all, and the client has not read a byte.
      assert.ok((await proxy.leastMemory()) - before < 8_000_000)
      client.socket.resume()
      const response = await client.response()
      assert.ok(response.isWhole)
      assert.ok(response.body.equals(bytes))
    })
  }

  it('gets every byte when the file may hold little of it', async t => {
    const { client, peer, proxy } = await ask(t, 'proxy_max_temp_file_size 128k;')
    const bytes = pattern(SIZE)
    const sent = peer.send(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      inChunks(bytes, 900),
    )
    for (let turn = 0; turn < 200; turn++) await proxy.holdings()
    client.socket.resume()
    const response = await client.response()
    await sent
    assert.ok(response.isWhole)
    assert.ok(response.body.equals(bytes))
  })

  for (const [name, location] of [
    ['proxy_buffering off', 'proxy_buffering off;'],
    ['proxy_max_temp_file_size 0', 'proxy_max_temp_file_size 0;'],
  ] as const) {
    it(`holds its peer back with ${name}`, async t => {
      const { client, peer, proxy } = await ask(t, location)
      const before = await proxy.leastMemory()
      const bytes = pattern(SIZE)
      let isSent = false
      const sent = peer
        .send(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`, bytes)
        .then(() => {
          isSent = true
        })
      const until = performance.now() + 400
      let most = 0
      while (performance.now() < until) most = Math.max(most, await proxy.mostMemory())
      assert.equal(isSent, false)
      assert.ok(most - before < 10_000_000)
      client.socket.resume()
      const response = await client.response()
      await sent
      assert.ok(response.body.equals(bytes))
    })
  }

  it('that has left does not keep its peer, nor a file', async t => {
    const { client, peer, proxy } = await ask(t, '')
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE + 1}\r\n\r\n`, pattern(SIZE))
    client.reset()
    await peer.ended()
    assert.equal(await proxy.timersLeft(), 0)
    assert.deepEqual(
      (await proxy.log()).map(line => line.status),
      ['200'],
    )
  })

  it('that reads nothing is cut off after send_timeout', async t => {
    const { client, peer, proxy } = await ask(t, 'proxy_buffering off; send_timeout 200ms;')
    const sent = peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`, pattern(SIZE))
    await peer.ended()
    peer.destroy()
    await sent
    assert.match(await proxy.errors(), /client timed out/)
    client.socket.resume()
    assert.equal((await client.response()).isWhole, false)
  })

  it('of an answer of our own is forgotten after keepalive_timeout like any other', async t => {
    const page = 'x'.repeat(4_000)
    const server = `keepalive_timeout 200ms; location / { return 200 "${page}"; }`
    const proxy = await startProxy(t, { server })
    const client = await connectClient(t, proxy.port, { isPaused: true })
    // So many answers that the last ones wait in the worker.
    await client.send(get('/').repeat(900))
    await proxy.holdings()
    client.socket.resume()
    await client.ended()
    assert.ok(client.bytesReceived > 900 * page.length)
  })
})
