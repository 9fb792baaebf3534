// Which idle connection a request gets, and which ones go: `keepalive` and its companions
// (http://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive), over real sockets and a clock that the test
// turns.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { SystemClock } from '../../src/base/clock.ts'
import type { Failure } from '../../src/base/failure.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import type { HeadLimits } from '../../src/http/request-parser.ts'
import type { Keepalive } from '../../src/model/upstream.ts'
import { ConnectionPool } from '../../src/upstream/connection-pool.ts'
import { PeerAddress } from '../../src/upstream/peer-address.ts'
import type { PeerConnection } from '../../src/upstream/peer-connection.ts'
import type { ResponseSink } from '../../src/upstream/response-sink.ts'
import { afterTest } from '../harness/after-test.ts'

const TIMES = { connectMs: 5_000, sendMs: 5_000, readMs: 5_000 }
const LIMITS: HeadLimits = {
  lineBytesMax: 4096,
  headBytesMax: 4096,
  fieldsMax: 100,
  fieldLineBytesMax: 4096,
  allowUnderscores: true,
  ignoreInvalidFields: true,
}
const KEEPALIVE: Keepalive = {
  idleMax: 4,
  requestsMax: 100,
  ageMaxMs: 1e9,
  idleTimeoutMs: 1e9,
  isLocal: false,
}

/** A clock that stands still unless the test moves it. */
class TestClock extends SystemClock {
  override refresh(): void {}
  override resync(): void {}
  move(ms: number): void {
    this.nowMs += ms
  }
}

/** A sink that resolves at the end of its response. */
class Waiting implements ResponseSink {
  readonly connected = Promise.withResolvers<void>()
  readonly ended = Promise.withResolvers<void>()
  onConnected(): void {
    this.connected.resolve()
  }
  onInterim(): void {}
  onHead(): void {}
  onData(): void {}
  onPause(): void {}
  onEnd(): void {
    this.ended.resolve()
  }
  onFailure(failure: Failure): void {
    this.connected.reject(new Error(failure.failure))
    this.ended.reject(new Error(failure.failure))
  }
  onPeerDrain(): void {}
}

class Fixture {
  readonly clock = new TestClock()
  readonly wheel = new TimerWheel(this.clock)
  readonly pool: ConnectionPool
  readonly addresses: readonly PeerAddress[]

  constructor(server: Server, keepalive: Partial<Keepalive>, isStrict: boolean) {
    const { port } = server.address() as AddressInfo
    const make = (text: string) => new PeerAddress(text, { kind: 'tcp', host: '127.0.0.1', port })
    this.addresses = [make('first'), make('second')]
    this.pool = new ConnectionPool(
      this.clock,
      this.wheel,
      { ...KEEPALIVE, ...keepalive },
      this.addresses,
      isStrict,
    )
  }

  async open(peer = 0): Promise<{ connection: PeerConnection; sink: Waiting }> {
    const sink = new Waiting()
    const connection = this.pool.open(this.addresses[peer]!, sink, TIMES)
    await sink.connected.promise
    return { connection, sink }
  }

  /** One request and its whole answer. */
  async serve(connection: PeerConnection, sink: Waiting): Promise<void> {
    const mayReuse = this.pool.mayReuse(connection)
    connection.send('GET / HTTP/1.1\r\n\r\n', 'GET', LIMITS, true, mayReuse, false)
    await sink.ended.promise
  }

  async openAndServe(peer = 0): Promise<PeerConnection> {
    const { connection, sink } = await this.open(peer)
    await this.serve(connection, sink)
    return connection
  }

  take(peer = 0, idleMsMax = Number.POSITIVE_INFINITY): PeerConnection | null {
    return this.pool.take(this.addresses[peer]!, new Waiting(), TIMES, idleMsMax)
  }
}

async function makeFixture(
  t: TestContext,
  keepalive: Partial<Keepalive> = {},
  options: { readonly line?: string; readonly isStrict?: boolean } = {},
): Promise<Fixture> {
  const line = options.line === undefined ? '' : `${options.line}\r\n`
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\n${line}Content-Length: 0\r\n\r\n`))
    afterTest(t, () => void socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterTest(t, () => void server.close())
  const fixture = new Fixture(server, keepalive, options.isStrict ?? false)
  afterTest(t, () => fixture.pool.close())
  return fixture
}

describe('ConnectionPool', () => {
  it('gives the connection that was used last, of the peer that was asked for', async t => {
    const fixture = await makeFixture(t)
    const first = await fixture.openAndServe(0)
    const second = await fixture.openAndServe(0)
    const other = await fixture.openAndServe(1)
    assert.equal(fixture.pool.idleCount, 3)
    assert.equal(fixture.take(0), second)
    assert.equal(fixture.take(0), first)
    assert.equal(fixture.take(0), null)
    assert.equal(fixture.take(1), other)
    assert.equal(fixture.pool.idleCount, 0)
  })

  it('passes over one that has been idle for longer than a request may risk', async t => {
    const fixture = await makeFixture(t)
    const connection = await fixture.openAndServe()
    fixture.clock.move(1_001)
    assert.equal(fixture.take(0, 1_000), null)
    assert.equal(fixture.take(0), connection)
  })

  it('closes the one that was used longest ago when there are too many, whichever peer it leads to', async t => {
    const fixture = await makeFixture(t, { idleMax: 2 })
    const first = await fixture.openAndServe(0)
    const second = await fixture.openAndServe(1)
    const third = await fixture.openAndServe(1)
    assert.equal(fixture.pool.idleCount, 2)
    assert.equal(fixture.take(0), null)
    assert.deepEqual([fixture.take(1), fixture.take(1)], [third, second])
    assert.notEqual(first, second)
  })

  it('keeps none without keepalive', async t => {
    const fixture = await makeFixture(t, { idleMax: 0 })
    await fixture.openAndServe()
    assert.equal(fixture.pool.idleCount, 0)
  })

  it('closes a connection after as many requests as it may serve', async t => {
    const fixture = await makeFixture(t, { requestsMax: 2 })
    const { connection, sink } = await fixture.open()
    await fixture.serve(connection, sink)
    const again = new Waiting()
    assert.equal(fixture.pool.take(fixture.addresses[0]!, again, TIMES, 1e9), connection)
    await fixture.serve(connection, again)
    assert.equal(connection.requests, 2)
    assert.equal(fixture.pool.idleCount, 0)
  })

  it('closes a connection after the response in which it became too old', async t => {
    const fixture = await makeFixture(t, { ageMaxMs: 1_000 })
    const { connection, sink } = await fixture.open()
    fixture.clock.move(1_001)
    await fixture.serve(connection, sink)
    assert.equal(fixture.pool.idleCount, 0)
  })

  it('closes a connection that has been idle for too long', async t => {
    const fixture = await makeFixture(t, { idleTimeoutMs: 1_000 })
    await fixture.openAndServe()
    fixture.clock.move(900)
    fixture.wheel.turn()
    assert.equal(fixture.pool.idleCount, 1)
    fixture.clock.move(200)
    fixture.wheel.turn()
    assert.equal(fixture.pool.idleCount, 0)
    assert.equal(fixture.wheel.count, 0)
  })

  for (const [name, isStrict, left] of [
    ['a second before its peer would', false, 0],
    ['when its own time is over, in compat strict', true, 1],
  ] as const) {
    it(`closes a connection ${name}`, async t => {
      const fixture = await makeFixture(t, {}, { line: 'Keep-Alive: timeout=5', isStrict })
      await fixture.openAndServe()
      fixture.clock.move(3_900)
      fixture.wheel.turn()
      assert.equal(fixture.pool.idleCount, 1)
      fixture.clock.move(200)
      fixture.wheel.turn()
      assert.equal(fixture.pool.idleCount, left)
    })
  }

  it('keeps what leads to addresses that stay, and closes what leads to others', async t => {
    const fixture = await makeFixture(t)
    const [first, second] = fixture.addresses as [PeerAddress, PeerAddress]
    const kept = await fixture.openAndServe(1)
    await fixture.openAndServe(0)
    const { connection, sink } = await fixture.open(0)
    fixture.pool.retain([second, new PeerAddress('third', first.address)])
    assert.equal(fixture.pool.idleCount, 1)
    await fixture.serve(connection, sink)
    assert.equal(fixture.pool.idleCount, 1)
    assert.equal(fixture.take(0), null)
    assert.equal(fixture.take(1), kept)
    assert.equal(fixture.wheel.count, 1)
  })

  it('when closed lets go of what is idle and keeps nothing more', async t => {
    const fixture = await makeFixture(t)
    await fixture.openAndServe()
    const { connection, sink } = await fixture.open()
    fixture.pool.close()
    assert.equal(fixture.pool.idleCount, 0)
    await fixture.serve(connection, sink)
    assert.equal(fixture.pool.idleCount, 0)
    assert.equal(fixture.wheel.count, 0)
  })
})
