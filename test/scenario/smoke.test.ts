// The main paths through the whole proxy, once each: if one of these fails, nothing else is worth reading.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectClient, get, request } from '../harness/client.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import { startProxy, toPeers } from '../harness/proxy.ts'
import { fieldOf } from '../harness/raw-message.ts'

describe('the proxy', () => {
  it('passes a request on and its answer back, twice over one connection on each side', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) => ok(`answer to ${start}`, 'X-From: origin'))
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    for (const path of ['/one', '/two']) {
      const response = await client.ask(get(path))
      assert.equal(response.status, 200)
      assert.equal(response.body.toString(), `answer to GET ${path} HTTP/1.1`)
      assert.equal(fieldOf(response, 'x-from'), 'origin')
    }
    assert.equal(origin.connections.length, 1)
    const lines = await proxy.log()
    assert.deepEqual(
      lines.map(line => [line.request, line.status, line.upstreamStatus, line.upstreamAddress]),
      [
        ['GET /one HTTP/1.1', '200', '200', origin.address],
        ['GET /two HTTP/1.1', '200', '200', origin.address],
      ],
    )
  })

  it('passes a body on', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ body }) => ok(`got ${body.length}`))
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    for (const size of [1, 1000, 16_385, 300_000]) {
      const response = await client.ask(request('POST', '/', 'x'.repeat(size)))
      assert.equal(response.body.toString(), `got ${size}`)
    }
  })

  it('passes a large answer back', async t => {
    const origin = await startOrigin(t)
    const body = Array.from({ length: 200_000 }, (_, index) => `${index};`).join('')
    origin.answerWith(() => ok(body))
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    const response = await client.ask(get('/'))
    assert.ok(response.isWhole)
    assert.ok(response.body.toString() === body)
  })

  it('answers 502 when nobody listens', async t => {
    const origin = await startOrigin(t)
    origin.stopListening()
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    const response = await client.ask(get('/'))
    assert.equal(response.status, 502)
    assert.match(await proxy.errors(), /connect\(\) failed \(111: Connection refused\)/)
  })
})
