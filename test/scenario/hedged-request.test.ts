// A second request beside a slow one: the first head wins, the loser is given up, and what may not be sent twice is not.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { connectClient, get, request } from '../harness/client.ts'
import { type Origin, type OriginConnection, ok, startOrigin } from '../harness/origin.ts'
import { type ConfParts, startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'

/** More answers than are needed to know what is usual. */
const WARM_UP = 60

interface Setting {
  readonly proxy: TestProxy
  /** What the peers do from now on. */
  readonly slow: (deed: (connection: OriginConnection) => Promise<void>) => void
  readonly origins: readonly Origin[]
}

/** Two peers with a usual time; then the one that is asked first does as told, and the other answers. */
async function setUp(t: TestContext, location = ''): Promise<Setting> {
  let deed: ((connection: OriginConnection) => Promise<void>) | null = null
  const origins = [await startOrigin(t), await startOrigin(t)]
  for (const origin of origins) {
    origin.run(async connection => {
      for (;;) {
        await connection.when(() => connection.unread.length > 0 || connection.isOver, 'more', true)
        if (connection.unread.length === 0) return
        const message = await connection.request()
        origin.requests.push(message)
        const mine = deed
        deed = null
        if (mine === null) await connection.send(ok('answered'))
        else await mine(connection)
      }
    })
  }
  const parts: ConfParts = toPeers(
    origins.map(origin => origin.address),
    { location: `proxy_next_upstream_hedge p90 min=20ms; ${location}`, upstream: 'keepalive 8;' },
  )
  const proxy = await startProxy(t, parts)
  const client = await connectClient(t, proxy.port)
  for (let i = 0; i < WARM_UP; i++) await client.ask(get('/'))
  client.destroy()
  return { proxy, origins, slow: next => (deed = next) }
}

async function ask(t: TestContext, proxy: TestProxy, text = get('/')) {
  const client = await connectClient(t, proxy.port)
  const answer = await client.ask(text, text.split(' ')[0])
  client.destroy()
  return answer
}

/** Waits for something that happens in this process; the test's own time is its limit. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 5))
}

function never(): Promise<void> {
  return new Promise(() => {})
}

describe('a hedged request', () => {
  it('is answered by the other peer when the first takes long, and shows one try', async t => {
    const { proxy, slow, origins } = await setUp(t)
    const before = origins.map(origin => origin.requests.length)
    slow(never)
    assert.equal((await ask(t, proxy)).body.toString(), 'answered')
    const after = origins.map(origin => origin.requests.length)
    assert.deepEqual(after, [before[0]! + 1, before[1]! + 1])
    assert.equal((await proxy.log()).at(-1)?.upstreamStatus, '200')
    assert.equal((await ask(t, proxy)).status, 200)
    assert.doesNotMatch(await proxy.errors(), /\[error\]/)
  })

  it('keeps the first answer when that comes after all', async t => {
    const { proxy, slow, origins } = await setUp(t)
    slow(async connection => {
      const other = origins.find(origin => !origin.connections.includes(connection))!
      const asked = other.requests.length
      slow(never)
      await until(() => other.requests.length > asked)
      await connection.send(ok('first'))
    })
    assert.equal((await ask(t, proxy)).body.toString(), 'first')
    assert.equal((await proxy.log()).at(-1)?.upstreamStatus, '200')
    assert.equal((await ask(t, proxy)).status, 200)
  })

  it('takes the place of a first one that fails', async t => {
    const { proxy, slow, origins } = await setUp(t)
    slow(async connection => {
      const other = origins.find(origin => !origin.connections.includes(connection))!
      const asked = other.requests.length
      slow(async second => {
        connection.reset()
        await new Promise(resolve => setTimeout(resolve, 100))
        await second.send(ok('second'))
      })
      await until(() => other.requests.length > asked)
    })
    assert.equal((await ask(t, proxy)).body.toString(), 'second')
    assert.equal((await proxy.log()).at(-1)?.upstreamStatus, '502, 200')
  })

  it('puts an answer by that another one may better, for the case that there is none', async t => {
    const location = 'proxy_next_upstream error timeout http_503; proxy_read_timeout 400ms;'
    const { proxy, slow } = await setUp(t, location)
    slow(async () => {
      slow(async second => {
        await second.send('HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nsorry')
      })
      return never()
    })
    assert.equal((await ask(t, proxy)).body.toString(), 'sorry')
  })

  it('has no more time than all tries have', async t => {
    const { proxy, slow } = await setUp(t, 'proxy_next_upstream_deadline 300ms;')
    slow(async () => {
      slow(never)
      return never()
    })
    assert.equal((await ask(t, proxy)).status, 504)
  })

  it('counts in the budget of further tries, and gives its place back', async t => {
    const { proxy, slow, origins } = await setUp(t, 'proxy_next_upstream_budget 1% min=1;')
    const asked = () => origins.reduce((sum, origin) => sum + origin.requests.length, 0)
    const late = async (connection: OriginConnection) => {
      await new Promise(resolve => setTimeout(resolve, 200))
      await connection.send(ok('late'))
    }
    const before = asked()
    slow(async () => {
      slow(never)
      return never()
    })
    const waiting = await connectClient(t, proxy.port)
    await waiting.send(get('/'))
    await until(() => asked() === before + 2)
    slow(late)
    assert.equal((await ask(t, proxy)).body.toString(), 'late')
    assert.equal(asked(), before + 3, 'the budget is used up')
    waiting.reset()
    await until(() => origins.flatMap(({ connections }) => connections).some(each => each.isOver))
    slow(late)
    assert.equal((await ask(t, proxy)).body.toString(), 'answered')
    assert.equal(asked(), before + 5)
  })

  it('is not made of a POST', async t => {
    const { proxy, slow, origins } = await setUp(t)
    const before = origins.reduce((sum, origin) => sum + origin.requests.length, 0)
    slow(async connection => {
      await new Promise(resolve => setTimeout(resolve, 200))
      await connection.send(ok('late'))
    })
    assert.equal((await ask(t, proxy, request('POST', '/', 'body'))).body.toString(), 'late')
    assert.equal(
      origins.reduce((sum, origin) => sum + origin.requests.length, 0),
      before + 1,
    )
  })

  it('leaves nothing behind when the client goes', async t => {
    const { proxy, slow, origins } = await setUp(t)
    slow(async () => {
      slow(never)
      return never()
    })
    const before = origins.reduce((sum, origin) => sum + origin.requests.length, 0)
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    await until(() => origins.reduce((sum, each) => sum + each.requests.length, 0) === before + 2)
    client.reset()
    // Both are given up, and none is kept for the next.
    await until(() => origins.every(origin => origin.connections.at(-1)?.isOver === true))
    assert.equal((await ask(t, proxy)).status, 200)
  })
})
