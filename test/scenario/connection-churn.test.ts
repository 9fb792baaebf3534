// Connections that come and go leave nothing behind, however many there were.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { connectClient, get } from '../harness/client.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'

const ROUND = 1_000
/** A connection that is kept by mistake costs a kilobyte and more. */
const KEPT_BYTES_MAX = 150

async function churn(t: TestContext, proxy: TestProxy): Promise<void> {
  for (let i = 0; i < ROUND; i++) {
    const client = await connectClient(t, proxy.port)
    assert.equal((await client.ask(get('/'), 'GET')).status, 200)
    client.destroy()
  }
}

describe('connections of clients', () => {
  it('leave no memory behind', { timeout: 120_000 }, async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('x'))
    const proxy = await startProxy(t, toPeers([origin.address], { upstream: 'keepalive 8;' }))
    await churn(t, proxy)
    assert.ok((await proxy.timersLeft()) < 10)
    const before = await proxy.leastMemory()
    await churn(t, proxy)
    await churn(t, proxy)
    await proxy.timersLeft()
    const kept = ((await proxy.leastMemory()) - before) / (2 * ROUND)
    t.diagnostic(`${Math.round(kept)} bytes for each connection`)
    assert.ok(kept < KEPT_BYTES_MAX, `${kept} bytes for each connection`)
  })
})
