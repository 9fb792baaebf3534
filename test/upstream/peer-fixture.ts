// What a test of connections to peers needs: a clock that stands still unless the test moves it, a sink that can be
// awaited, a bare server that keeps what it got, and a pool over them.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { SystemClock } from '../../src/base/clock.ts'
import type { Failure } from '../../src/base/failure.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import type { HeadLimits } from '../../src/http/request-parser.ts'
import type { Keepalive } from '../../src/model/upstream.ts'
import { ConnectionPool } from '../../src/upstream/connection-pool.ts'
import { type Egress, PLAIN_EGRESS } from '../../src/upstream/egress.ts'
import type { PeerAddress } from '../../src/upstream/peer-address.ts'
import type { PeerConnection, PeerTimeouts } from '../../src/upstream/peer-connection.ts'
import type { ResponseSink } from '../../src/upstream/response-sink.ts'
import { afterTest } from '../harness/after-test.ts'

export const TIMES: PeerTimeouts = { connectMs: 5_000, sendMs: 5_000, readMs: 5_000 }

export const LIMITS: HeadLimits = {
  lineBytesMax: 4096,
  headBytesMax: 4096,
  fieldsMax: 100,
  fieldLineBytesMax: 4096,
  allowUnderscores: true,
  ignoreInvalidFields: true,
}

const KEEPALIVE: Keepalive = {
  idleMax: 8,
  requestsMax: 100,
  ageMaxMs: 1e9,
  idleTimeoutMs: 1e9,
  isLocal: false,
}

/** A clock that stands still unless the test moves it. */
export class TestClock extends SystemClock {
  override refresh(): void {}
  override resync(): void {}
  move(ms: number): void {
    this.nowMs += ms
  }
}

/** A sink whose events can be awaited; `failed` never rejects. */
export class Waiting implements ResponseSink {
  readonly connected = Promise.withResolvers<void>()
  readonly ended = Promise.withResolvers<void>()
  readonly failed = Promise.withResolvers<Failure>()

  constructor() {
    // Whoever waits for a failure does not wait for these.
    this.connected.promise.catch(() => {})
    this.ended.promise.catch(() => {})
  }

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
    this.failed.resolve(failure)
    this.connected.reject(new Error(`${failure.failure} ${failure.detail}`))
    this.ended.reject(new Error(`${failure.failure} ${failure.detail}`))
  }
  onPeerDrain(): void {}
}

/** A server on loopback that answers whatever it gets with `answer`, and keeps its sockets and what they brought. */
export class BareOrigin {
  readonly sockets: Socket[] = []
  readonly received: string[] = []
  answer: string = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
  readonly server: Server

  constructor() {
    this.server = createServer(socket => {
      const index = this.sockets.push(socket) - 1
      this.received[index] = ''
      socket.on('error', () => {})
      socket.on('data', bytes => {
        this.received[index] += bytes.toString('latin1')
        socket.write(this.answer)
      })
    })
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }
}

/** Opens it; the test's end closes it. */
export async function startBareOrigin(
  t: TestContext,
  host = '127.0.0.1',
  port = 0,
): Promise<BareOrigin> {
  const origin = new BareOrigin()
  origin.server.listen(port, host)
  await once(origin.server, 'listening')
  afterTest(t, () => {
    origin.server.close()
    for (const socket of origin.sockets) socket.destroy()
  })
  return origin
}

/** A pool over some addresses. */
export class PoolFixture {
  readonly clock = new TestClock()
  readonly wheel = new TimerWheel(this.clock)
  readonly pool: ConnectionPool
  readonly addresses: readonly PeerAddress[]

  constructor(
    t: TestContext,
    addresses: readonly PeerAddress[],
    keepalive: Partial<Keepalive> = {},
    isStrict = false,
  ) {
    this.addresses = addresses
    const { clock, wheel } = this
    this.pool = new ConnectionPool(
      clock,
      wheel,
      { ...KEEPALIVE, ...keepalive },
      addresses,
      isStrict,
    )
    afterTest(t, () => this.pool.close())
  }

  /** Begins to connect; `sink` says how it ends. */
  open(egress: Egress = PLAIN_EGRESS, peer = 0): { connection: PeerConnection; sink: Waiting } {
    const sink = new Waiting()
    const connection = this.pool.open(this.addresses[peer]!, sink, { ...TIMES, egress })
    return { connection, sink }
  }

  take(egress: Egress = PLAIN_EGRESS, peer = 0): PeerConnection | null {
    const times = { ...TIMES, egress }
    return this.pool.take(this.addresses[peer]!, new Waiting(), times, Number.POSITIVE_INFINITY)
  }

  /** One request and its whole answer. */
  async serve(connection: PeerConnection, sink: Waiting): Promise<void> {
    const mayReuse = this.pool.mayReuse(connection)
    connection.send('GET / HTTP/1.1\r\n\r\n', 'GET', LIMITS, true, mayReuse, false)
    await sink.ended.promise
  }

  /** A new connection with one request behind it. */
  async openAndServe(egress: Egress = PLAIN_EGRESS): Promise<PeerConnection> {
    const { connection, sink } = this.open(egress)
    await sink.connected.promise
    await this.serve(connection, sink)
    return connection
  }

  /** Another request on a connection that is idle. */
  async serveAgain(egress: Egress = PLAIN_EGRESS): Promise<PeerConnection> {
    const sink = new Waiting()
    const times = { ...TIMES, egress }
    const connection = this.pool.take(this.addresses[0]!, sink, times, Number.POSITIVE_INFINITY)
    if (connection === null) throw new Error('no connection is idle')
    await this.serve(connection, sink)
    return connection
  }

  /** Lets time pass and fires what is due. */
  move(ms: number): void {
    this.clock.move(ms)
    this.wheel.turn()
  }
}

/** Turns the event loop until `isSo`; fails after two seconds. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 2_000
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`waited for ${what}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}
