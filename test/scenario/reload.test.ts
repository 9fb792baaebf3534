// Reload and drain of one worker while requests are in flight: what was begun ends as it began, nothing is dropped, and
// what is not needed any more goes.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { askOnce, connectClient, get } from '../harness/client.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import { startProxy, toPeers } from '../harness/proxy.ts'
import { fieldOf } from '../harness/raw-message.ts'

describe('a reload', () => {
  it('serves new requests from the new configuration, also on old connections, and old ones from the old', async t => {
    const [first, second] = [await startOrigin(t), await startOrigin(t)]
    second.answerWith(() => ok('second'))
    const proxy = await startProxy(t, toPeers([first.address]))
    const [busy, idle] = [await connectClient(t, proxy.port), await connectClient(t, proxy.port)]
    await busy.send(get('/slow'))
    const connection = await first.accept()
    await connection.request()
    const { port } = proxy
    await proxy.reload(toPeers([second.address]))
    assert.equal(proxy.port, port)
    assert.deepEqual(proxy.released, [])
    assert.equal((await idle.ask(get('/'))).body.toString(), 'second')
    assert.equal((await askOnce(t, proxy.port, get('/'))).body.toString(), 'second')
    await connection.send(ok('first'))
    assert.equal((await busy.response()).body.toString(), 'first')
    await proxy.whenReleased(1)
    assert.equal((await busy.ask(get('/'))).body.toString(), 'second')
  })

  it('closes idle connections to the peers of the old configuration', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('yes'))
    const proxy = await startProxy(t, toPeers([origin.address]))
    await askOnce(t, proxy.port, get('/'))
    await proxy.reload({ server: 'location / { return 204; }' })
    await origin.connections[0]!.ended()
    await proxy.whenReleased(1)
    assert.equal((await askOnce(t, proxy.port, get('/'))).status, 204)
  })

  it('finishes an upload that began before it', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ body }) => ok(String(body)))
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabcde')
    // The head has been read when another request after it has been answered.
    await askOnce(t, proxy.port, get('/other'))
    await proxy.reload({ server: 'location / { return 204; }' })
    await client.send('fghij')
    assert.equal((await client.response()).body.toString(), 'abcdefghij')
    await proxy.whenReleased(1)
  })

  it('keeps what it knows of a peer that stays', async t => {
    const [first, second] = [await startOrigin(t), await startOrigin(t)]
    first.stopListening()
    second.answerWith(() => ok('second'))
    const parts = toPeers([first.address, second.address])
    const proxy = await startProxy(t, parts)
    await askOnce(t, proxy.port, get('/'))
    await proxy.reload(parts)
    for (let i = 0; i < 3; i++) await askOnce(t, proxy.port, get('/'))
    const tries = (await proxy.log()).map(line => line.upstreamStatus)
    assert.deepEqual(tries, ['502, 200', '200', '200', '200'])
  })

  it('many times over leaves nothing behind', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('yes'))
    const parts = toPeers([origin.address])
    const proxy = await startProxy(t, parts)
    for (let number = 2; number <= 30; number++) {
      await askOnce(t, proxy.port, get('/'))
      assert.equal(await proxy.reload(parts), number)
      await proxy.whenReleased(number - 1)
    }
    await origin.connections.at(-1)!.ended()
    assert.equal(proxy.released.length, 29)
  })

  it('that cannot be taken changes nothing', async t => {
    const proxy = await startProxy(t, { server: 'location / { return 200 "old"; }' })
    await assert.rejects(
      proxy.reload({
        server: 'access_log /proc/no/such/file; location / { return 200 "new"; }',
      }),
      /no such file/i,
    )
    assert.equal((await askOnce(t, proxy.port, get('/'))).body.toString(), 'old')
  })
})

describe('a drain', () => {
  it('lets a request in flight end, says so to its client, and closes idle connections at once', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address]))
    const [busy, idle] = [await connectClient(t, proxy.port), await connectClient(t, proxy.port)]
    await busy.send(get('/'))
    const connection = await origin.accept()
    await connection.request()
    const drained = proxy.drain(0)
    assert.equal(await idle.ended(), 'end')
    await assert.rejects(connectClient(t, proxy.port), /ECONNREFUSED/)
    await connection.send(ok('last'))
    const response = await busy.response()
    assert.equal(response.body.toString(), 'last')
    assert.equal(fieldOf(response, 'connection'), 'close')
    await drained
  })

  it('ends with nothing to wait for', async t => {
    const proxy = await startProxy(t, { server: 'location / { return 200 "ok"; }' })
    const client = await connectClient(t, proxy.port)
    await client.ask(get('/'))
    await proxy.drain(0)
    assert.equal(await client.ended(), 'end')
  })

  it('cuts what takes longer than it may', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    const connection = await origin.accept()
    await connection.request()
    await proxy.drain(100)
    await client.ended()
    await connection.ended()
    assert.equal(client.bytesReceived, 0)
  })
})
