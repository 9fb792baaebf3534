// What surrounds another try: the answer that is put by meanwhile, the time of a try and of all, the wait, the budget.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { connectClient, get } from '../harness/client.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'

const ON_503 = 'proxy_next_upstream error timeout http_503;'

function busy(body: string, isChunked = false): string {
  const framed = isChunked
    ? `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    : `Content-Length: ${body.length}\r\n\r\n${body}`
  return `HTTP/1.1 503 Busy\r\nX-From: peer\r\n${framed}`
}

async function closesUnanswered(t: TestContext): Promise<Origin> {
  const origin = await startOrigin(t)
  origin.run(async connection => {
    await connection.request()
    connection.end()
  })
  return origin
}

async function silent(t: TestContext): Promise<Origin> {
  const origin = await startOrigin(t)
  origin.run(async connection => {
    await connection.request()
  })
  return origin
}

async function ask(t: TestContext, proxy: TestProxy) {
  const client = await connectClient(t, proxy.port)
  const answer = await client.ask(get('/'))
  client.destroy()
  return answer
}

describe('an answer that another peer could better', () => {
  for (const [name, body, isChunked] of [
    ['small', 'sorry', false],
    ['without a body', '', false],
    ['in chunks', 'sorry', true],
    ['larger than what is kept', 'sorry'.repeat(100_000), false],
  ] as const) {
    it(`is the client's after all when no other has one (${name})`, async t => {
      const first = await startOrigin(t)
      first.answerWith(() => busy(body, isChunked))
      const second = await closesUnanswered(t)
      const proxy = await startProxy(
        t,
        toPeers([first.address, second.address], { location: ON_503 }),
      )
      const answer = await ask(t, proxy)
      assert.equal(answer.status, 503)
      assert.ok(answer.isWhole)
      assert.equal(answer.body.toString(), body)
      assert.equal((await proxy.log())[0]?.upstreamStatus, '503, 502')
      assert.equal(await proxy.timersLeft(), 0)
    })
  }

  it('is forgotten when another has one', async t => {
    const first = await startOrigin(t)
    first.answerWith(() => busy('sorry'.repeat(100_000)))
    const second = await startOrigin(t)
    second.answerWith(() => ok('fine'))
    const proxy = await startProxy(
      t,
      toPeers([first.address, second.address], { location: ON_503 }),
    )
    const answer = await ask(t, proxy)
    assert.equal(answer.body.toString(), 'fine')
    assert.equal((await proxy.log())[0]?.upstreamStatus, '503, 200')
  })

  it("is not the client's when it broke off", async t => {
    const first = await startOrigin(t)
    first.run(async connection => {
      await connection.request()
      await connection.send('HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\ncut')
      connection.end()
    })
    const second = await startOrigin(t)
    second.run(async connection => {
      await connection.request()
      await new Promise(resolve => setTimeout(resolve, 100))
      connection.end()
    })
    const proxy = await startProxy(
      t,
      toPeers([first.address, second.address], { location: ON_503 }),
    )
    assert.equal((await ask(t, proxy)).status, 502)
  })

  it('gives way to an error page that the configuration has for it', async t => {
    const first = await startOrigin(t)
    first.answerWith(() => busy('sorry'))
    const second = await closesUnanswered(t)
    const location = `${ON_503} proxy_intercept_errors on; error_page 503 =200 /page;`
    const proxy = await startProxy(
      t,
      toPeers([first.address, second.address], {
        location,
        server: 'location = /page { return 200 "our page"; }',
      }),
    )
    assert.equal((await ask(t, proxy)).body.toString(), 'our page')
  })

  it('is thrown away with compat strict, as in nginx', async t => {
    const first = await startOrigin(t)
    first.answerWith(() => busy('sorry'))
    const second = await closesUnanswered(t)
    const parts = toPeers([first.address, second.address], { location: ON_503 })
    const proxy = await startProxy(t, { ...parts, main: 'compat nginx/1.30 strict;' })
    assert.equal((await ask(t, proxy)).status, 502)
  })
})

describe('the time of a try', () => {
  it('ends one that takes too long, and another peer is asked', async t => {
    const [first, second] = [await silent(t), await startOrigin(t)]
    second.answerWith(() => ok('fine'))
    const location = 'proxy_next_upstream_try_timeout 500ms;'
    const proxy = await startProxy(t, toPeers([first.address, second.address], { location }))
    assert.equal((await ask(t, proxy)).body.toString(), 'fine')
    assert.equal((await proxy.log())[0]?.upstreamStatus, '504, 200')
  })

  it('of all tries together ends the last of them with 504', async t => {
    const [first, second] = [await silent(t), await silent(t)]
    const location = 'proxy_next_upstream_try_timeout 150ms; proxy_next_upstream_deadline 250ms;'
    const proxy = await startProxy(t, toPeers([first.address, second.address], { location }))
    assert.equal((await ask(t, proxy)).status, 504)
    assert.equal((await proxy.log())[0]?.upstreamStatus, '504, 504')
  })

  it('of all tries lets no other begin once it is over', async t => {
    const [first, second] = [await silent(t), await startOrigin(t)]
    second.answerWith(() => ok('too late'))
    const location = 'proxy_next_upstream_deadline 100ms;'
    const proxy = await startProxy(t, toPeers([first.address, second.address], { location }))
    assert.equal((await ask(t, proxy)).status, 504)
    assert.equal((await proxy.log())[0]?.upstreamStatus, '504')
  })

  it('does not count once the answer has begun', async t => {
    const first = await startOrigin(t)
    first.run(async connection => {
      await connection.request()
      await connection.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
      await new Promise(resolve => setTimeout(resolve, 300))
      await connection.send('def')
    })
    const location = 'proxy_next_upstream_try_timeout 100ms; proxy_next_upstream_deadline 100ms;'
    const proxy = await startProxy(t, toPeers([first.address], { location }))
    assert.equal((await ask(t, proxy)).body.toString(), 'abcdef')
  })
})

describe('the wait before another try', () => {
  it('comes before it, and a client that leaves meanwhile leaves nothing behind', async t => {
    const first = await closesUnanswered(t)
    const second = await startOrigin(t)
    second.answerWith(() => ok('fine'))
    const asked = await startOrigin(t)
    const quick = 'proxy_next_upstream_backoff 20ms 50ms;'
    const proxy = await startProxy(t, toPeers([first.address, second.address], { location: quick }))
    assert.equal((await ask(t, proxy)).body.toString(), 'fine')
    await proxy.reload(
      toPeers([asked.address, second.address], {
        location: 'proxy_next_upstream_backoff 600s 600s;',
      }),
    )
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    const connection = await asked.accept()
    await connection.until('\r\n\r\n')
    connection.end()
    await proxy.holdings()
    client.reset()
    assert.equal(await proxy.timersLeft(), 0)
  })
})

describe('the time of all tries', () => {
  it('ends the wait before another try, and blames nobody', async t => {
    const first = await startOrigin(t)
    first.answerWith(() => 'HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nContent-Length: 5\r\n\r\nsorry')
    const second = await startOrigin(t)
    second.answerWith(() => ok('fine'))
    const location = `${ON_503} proxy_next_upstream_deadline 200ms; proxy_next_upstream_backoff 20ms 5s;`
    const proxy = await startProxy(t, toPeers([first.address, second.address], { location }))
    assert.equal((await ask(t, proxy)).body.toString(), 'sorry')
    assert.equal(second.connections.length, 0)
    assert.equal((await ask(t, proxy)).body.toString(), 'fine')
  })
})

describe('the budget of further tries', () => {
  it('lets so many wait for another peer at once, and passes on what the others got', async t => {
    const first = await startOrigin(t)
    first.answerWith(() => busy('sorry'))
    const second = await startOrigin(t)
    const location = `${ON_503} proxy_next_upstream_budget 1% min=1;`
    const upstream = `server ${second.address} backup;`
    const parts = toPeers([`${first.address} max_fails=0`], { location, upstream })
    const proxy = await startProxy(t, parts)
    const waiting = await connectClient(t, proxy.port)
    await waiting.send(get('/'))
    await second.accept()
    const answers = [await ask(t, proxy), await ask(t, proxy)]
    assert.deepEqual(
      answers.map(answer => answer.body.toString()),
      ['sorry', 'sorry'],
      'the budget is used up',
    )
    waiting.destroy()
    const [held] = second.connections
    await held!.when(() => held!.isOver, 'the try to be given up', true)
    const next = await connectClient(t, proxy.port)
    await next.send(get('/'))
    await second.accept()
  })
})
