// A request body on its way through: buffered or streamed, sent again to another peer, refused, cut short. Whatever
// happens, what a peer takes for a whole body is the whole body.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectClient, get, request } from '../harness/client.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import { startProxy, toPeers } from '../harness/proxy.ts'
import { fieldOf } from '../harness/raw-message.ts'

const STREAMED = 'proxy_request_buffering off; client_body_buffer_size 16k;'
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
const LONG = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n'

describe('a buffered request body', () => {
  it('reaches the peer with a Content-Length, also when it came in chunks', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('yes'))
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    await client.send(CHUNKED, '3\r\nabc\r\n', '4;x=y\r\ndefg\r\n', '0\r\nX-Trailer: 1\r\n\r\n')
    await client.response()
    const [message] = origin.requests
    assert.equal(message?.body.toString(), 'abcdefg')
    assert.equal(message?.framing, 'length')
    assert.equal(fieldOf(message!, 'x-trailer'), null)
  })

  it('does not reach the peer before it is whole', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('yes'))
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    await client.send(`${LONG}abc`)
    const other = await connectClient(t, proxy.port)
    await other.ask(get('/other'))
    assert.deepEqual(
      origin.requests.map(message => message.start),
      ['GET /other HTTP/1.1'],
    )
    await client.send('defghij')
    assert.equal((await client.response()).status, 200)
    assert.equal(origin.requests[1]?.body.toString(), 'abcdefghij')
  })

  for (const [name, size] of [
    ['in memory', 5_000],
    ['in a file', 300_000],
  ] as const) {
    it(`is sent again, whole, to the next peer (${name})`, async t => {
      const [first, second] = [await startOrigin(t), await startOrigin(t)]
      const bodies: string[] = []
      first.run(async connection => {
        bodies.push((await connection.request()).body.toString())
        connection.end()
      })
      second.answerWith(({ body }) => ok(`got ${body.length}`))
      const proxy = await startProxy(t, toPeers([first.address, second.address]))
      const client = await connectClient(t, proxy.port)
      const body = Array.from({ length: size / 10 }, (_, i) => String(i).padStart(10)).join('')
      const response = await client.ask(request('PUT', '/', body))
      assert.equal(response.body.toString(), `got ${size}`)
      assert.ok(bodies[0] === body)
      assert.ok(second.requests[0]?.body.toString() === body)
      assert.deepEqual(
        (await proxy.log()).map(line => line.upstreamStatus),
        ['502, 200'],
      )
    })
  }

  it('is sent again to the fallback of an error page, with its method', async t => {
    const [first, second] = [await startOrigin(t), await startOrigin(t)]
    first.run(connection => connection.end())
    second.answerWith(({ start, body }) => ok(`${start} ${body}`))
    const proxy = await startProxy(t, {
      http: `upstream a { server ${first.address}; } upstream b { server ${second.address}; }`,
      server: `location / { proxy_pass http://a; error_page 502 = @b; } location @b { proxy_pass http://b; }`,
    })
    const client = await connectClient(t, proxy.port)
    const response = await client.ask(request('PUT', '/x', 'the body'))
    assert.equal(response.body.toString(), 'PUT /x HTTP/1.1 the body')
    assert.equal(response.status, 200)
  })
})

describe('a streamed request body', () => {
  it('reaches the peer as it comes', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address], { location: STREAMED }))
    const client = await connectClient(t, proxy.port)
    await client.send(`${LONG}abc`)
    const connection = await origin.accept()
    assert.match((await connection.until('abc'))!, /Content-Length: 10\r\n/)
    await client.send('defghij')
    assert.equal((await connection.bytes(7)).toString(), 'defghij')
    await connection.send(ok('yes'))
    assert.equal(fieldOf(await client.response(), 'connection'), 'keep-alive')
  })

  it('keeps its chunks made anew', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('yes'))
    const proxy = await startProxy(t, toPeers([origin.address], { location: STREAMED }))
    const client = await connectClient(t, proxy.port)
    await client.send(`${CHUNKED}3;ext\r\nabc\r\n`)
    await (await origin.accept()).when(() => origin.bytesReceived > 0, 'the head')
    await client.send('004\r\ndefg\r\n0\r\nX: y\r\n\r\n')
    await client.response()
    assert.equal(origin.requests[0]?.framing, 'chunked')
    assert.equal(origin.requests[0]?.body.toString(), 'abcdefg')
    assert.doesNotMatch(origin.connections[0]!.received, /ext|X: y/)
  })

  it('of many small chunks arrives whole at a peer that is slow to read', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(
      t,
      toPeers([origin.address], { location: `${STREAMED} client_max_body_size 0;` }),
    )
    const client = await connectClient(t, proxy.port)
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
    const sent = client.send(
      CHUNKED,
      ...Array.from({ length: 300 }, () => chunk.repeat(60)),
      '0\r\n\r\n',
    )
    const connection = await origin.accept()
    connection.socket.pause()
    // The peer reads only when the client has nowhere left to write.
    await client.when(() => true, 'nothing')
    for (let quiet = 0; quiet < 20; quiet++) await proxy.holdings()
    connection.socket.resume()
    await sent
    const message = await connection.request()
    assert.ok(message.isWhole)
    assert.equal(message.body.length, 300 * 60 * 1024)
    await connection.send(ok('yes'))
    assert.equal((await client.response()).status, 200)
  })

  for (const framing of ['length', 'chunked'] as const) {
    it(`of several megabytes arrives byte for byte, beside others, at peers that stop reading (${framing})`, async t => {
      const origin = await startOrigin(t)
      const proxy = await startProxy(
        t,
        toPeers([origin.address], { location: `${STREAMED} client_max_body_size 0;` }),
      )
      const bodies = [1, 2, 3].map(mark => countingBody(6_000_000 + mark, mark))
      const uploads = bodies.map(async body => {
        const client = await connectClient(t, proxy.port)
        const sent =
          framing === 'length'
            ? client.send(
                `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`,
                body,
              )
            : client.send(CHUNKED, `${body.length.toString(16)}\r\n`, body, '\r\n0\r\n\r\n')
        await sent
        return (await client.response()).status
      })
      const connections = [await origin.accept(), await origin.accept(), await origin.accept()]
      for (const connection of connections) connection.socket.pause()
      for (let quiet = 0; quiet < 20; quiet++) await proxy.holdings()
      for (const connection of connections) connection.socket.resume()
      const got = await Promise.all(
        connections.map(async connection => {
          const { body } = await connection.request()
          await connection.send(ok('yes'))
          return body
        }),
      )
      assert.deepEqual(await Promise.all(uploads), [200, 200, 200])
      for (const body of bodies) {
        assert.ok(
          got.some(each => each.equals(body)),
          `no peer got the ${body.length} bytes as they were sent`,
        )
      }
    })
  }

  it('may take its time: the client is waited for, not the peer', async t => {
    const origin = await startOrigin(t)
    const location = `${STREAMED} proxy_send_timeout 100ms; client_body_timeout 300ms;`
    const proxy = await startProxy(t, toPeers([origin.address], { location }))
    const client = await connectClient(t, proxy.port)
    await client.send(`${LONG}abc`)
    const response = await client.response()
    assert.equal(response.status, 408)
    assert.deepEqual(
      (await proxy.log()).map(line => line.status),
      ['408'],
    )
    assert.doesNotMatch(await proxy.errors(), /upstream timed out/)
  })

  for (const [name, bytes, status] of [
    ['is cut short', '3\r\nabc\r\n', 0],
    ['has a broken chunk', '3\r\nabcX\r\n', 400],
    ['grows too large', `9\r\nabcdefghi\r\n${'9\r\nabcdefghi\r\n'.repeat(10)}`, 413],
  ] as const) {
    it(`that ${name} never looks whole to the peer`, async t => {
      const origin = await startOrigin(t)
      const location = `${STREAMED} client_max_body_size 50;`
      const proxy = await startProxy(t, toPeers([origin.address], { location }))
      const client = await connectClient(t, proxy.port)
      await client.send(`${CHUNKED}1\r\n-\r\n`)
      const connection = await origin.accept()
      await connection.until('-\r\n')
      await client.send(bytes)
      if (status === 0) client.end()
      await connection.ended()
      assert.doesNotMatch(connection.received, /\r\n0\r\n/)
      if (status === 0) assert.equal((await client.rest()).length, 0)
      else assert.equal((await client.response()).status, status)
    })
  }

  it('is not sent to a second peer once a part of it was', async t => {
    const [first, second] = [await startOrigin(t), await startOrigin(t)]
    second.answerWith(() => ok('never'))
    const proxy = await startProxy(
      t,
      toPeers([first.address, second.address], { location: STREAMED }),
    )
    const client = await connectClient(t, proxy.port)
    await client.send('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    const connection = await first.accept()
    await connection.until('abc')
    connection.reset()
    assert.equal((await client.response()).status, 502)
    assert.equal(second.connections.length, 0)
  })

  it('whose peer fails in the middle does not go to the fallback as a request without its body', async t => {
    const [first, second] = [await startOrigin(t), await startOrigin(t)]
    second.answerWith(({ start, body }) => ok(`${start} ${body.length}`))
    const proxy = await startProxy(t, {
      http: `upstream a { server ${first.address}; } upstream b { server ${second.address}; }`,
      server: `location / { proxy_pass http://a; ${STREAMED} error_page 502 = @b; }
        location @b { proxy_pass http://b; ${STREAMED} }`,
    })
    const client = await connectClient(t, proxy.port)
    await client.send(
      'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n',
      'x'.repeat(50_000),
    )
    const connection = await first.accept()
    await connection.when(() => connection.bytesReceived > 50_000, 'half of the body')
    connection.reset()
    const response = await client.response()
    assert.equal(response.status, 502)
    assert.equal(second.connections.length, 0)
    assert.equal(fieldOf(response, 'connection'), 'close')
  })

  it('is buffered after all when it comes in chunks and the peer speaks HTTP/1.0', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ body }) => ok(String(body)))
    const location = `${STREAMED} proxy_http_version 1.0;`
    const proxy = await startProxy(t, toPeers([origin.address], { location }))
    const client = await connectClient(t, proxy.port)
    await client.send(`${CHUNKED}3\r\nabc\r\n`)
    const other = await connectClient(t, proxy.port)
    await other.ask(get('/other'))
    await client.send('0\r\n\r\n')
    assert.equal((await client.response()).body.toString(), 'abc')
    assert.deepEqual(
      origin.requests.map(message => message.framing),
      ['none', 'length'],
    )
  })
})

describe('a request body that is refused', () => {
  it('is refused by its Content-Length before it is read', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(
      t,
      toPeers([origin.address], { location: 'client_max_body_size 9;' }),
    )
    const client = await connectClient(t, proxy.port)
    const response = await client.ask(LONG)
    assert.equal(response.status, 413)
    assert.equal(fieldOf(response, 'connection'), 'close')
    assert.equal(origin.connections.length, 0)
  })

  it('gets its answer although the client is still sending', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(
      t,
      toPeers([origin.address], { location: 'client_max_body_size 1m;' }),
    )
    const client = await connectClient(t, proxy.port)
    const size = 30_000_000
    const sent = client.send(
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`,
      Buffer.alloc(size),
    )
    assert.equal((await client.response()).status, 413)
    await sent
    assert.equal(await client.ended(), 'end')
  })

  it('is not promised to the peer that gives the error page', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start, framing }) => ok(`${start} ${framing}`))
    const proxy = await startProxy(
      t,
      toPeers([origin.address], { location: 'client_max_body_size 9; error_page 413 /too-large;' }),
    )
    const client = await connectClient(t, proxy.port)
    const response = await client.ask(`${LONG}abc`)
    assert.equal(response.status, 413)
    assert.equal(response.body.toString(), 'GET /too-large HTTP/1.1 none')
  })

  it('because it took too long gets 408, and nothing goes to a peer', async t => {
    const origin = await startOrigin(t)
    const location = 'client_body_timeout 100ms;'
    const proxy = await startProxy(t, toPeers([origin.address], { location }))
    const client = await connectClient(t, proxy.port)
    await client.send(`${LONG}abc`)
    assert.equal((await client.response()).status, 408)
    assert.equal(await client.ended(), 'end')
    assert.equal(origin.connections.length, 0)
  })

  it('because the client left is no request at all', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    await client.send(`${LONG}abc`)
    client.end()
    assert.equal((await client.rest()).length, 0)
    assert.equal(origin.connections.length, 0)
    assert.deepEqual(
      (await proxy.log()).map(line => line.status),
      ['400'],
    )
  })
})

/** Bytes of which no two neighbouring runs are alike, and no two bodies. */
function countingBody(length: number, mark: number): Buffer {
  const body = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) body.writeUInt32BE((at * 31 + mark) >>> 0, at)
  return body
}
