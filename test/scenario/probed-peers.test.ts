// What an active check says reaches requests that are under way, too: who waits for a peer that hangs is not left to wait.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { connectClient, get, request } from '../harness/client.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'

/** A peer that takes everything and answers nothing, and one that answers. */
async function setUp(t: TestContext, location = ''): Promise<TestProxy> {
  const hanging = await startOrigin(t)
  hanging.run(async () => {})
  const good = await startOrigin(t)
  good.answerWith(() => ok('good'))
  const proxy = await startProxy(t, toPeers([hanging.address, good.address], { location }))
  return proxy
}

async function ask(t: TestContext, proxy: TestProxy, text: string) {
  const client = await connectClient(t, proxy.port)
  const response = await client.ask(text, text.split(' ')[0])
  client.destroy()
  return response
}

describe('a peer that a probe takes out', () => {
  for (const state of ['unhealthy', 'quiesced'] as const) {
    it(`gives the requests that wait for it to the others (${state})`, async t => {
      const proxy = await setUp(t)
      const waiting = ask(t, proxy, get('/waits'))
      assert.equal((await ask(t, proxy, get('/other'))).status, 200)
      proxy.setPeerState(0, state, true)
      const response = await waiting
      assert.deepEqual([response.status, response.body.toString()], [200, 'good'])
      const log = await proxy.log()
      assert.equal(log.find(line => line.request.includes('/waits'))!.upstreamStatus, '504, 200')
      assert.match(await proxy.errors(), /found down by its probe while it was waited for/)
    })
  }

  it('gets no new request until it is back', async t => {
    const proxy = await setUp(t, 'proxy_next_upstream off;')
    proxy.setPeerState(0, 'unhealthy', true)
    for (let i = 0; i < 6; i++) assert.equal((await ask(t, proxy, get(`/${i}`))).status, 200)
    proxy.setPeerState(0, 'unhealthy', false)
    proxy.setPeerState(1, 'unhealthy', true)
    const log = await proxy.log()
    assert.ok(log.every(line => line.upstreamStatus === '200'))
  })

  it('keeps a POST that it was sent: nobody knows what became of it', async t => {
    const proxy = await setUp(t, 'proxy_read_timeout 4s;')
    const waiting = ask(t, proxy, request('POST', '/waits', 'body'))
    assert.equal((await ask(t, proxy, get('/other'))).status, 200)
    proxy.setPeerState(0, 'unhealthy', true)
    assert.equal((await waiting).status, 504)
    assert.match(await proxy.errors(), /upstream timed out/)
  })
})
