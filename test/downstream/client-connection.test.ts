// The parts of a client connection that need a socket which does what no real one does on demand: a client that takes some
// bytes, and how the time of `send_timeout` runs meanwhile. Everything else is tested through the whole proxy.

import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import { SystemClock } from '../../src/base/clock.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import type { OwnedSocket } from '../../src/downstream/accept.ts'
import { ClientConnection } from '../../src/downstream/client-connection.ts'
import type { ClientHandler, ExchangeFlow } from '../../src/downstream/client-handler.ts'

/** A clock that stands still unless the test moves it. */
class TestClock extends SystemClock {
  override refresh(): void {}
  override resync(): void {}
}

/** A socket whose kernel takes as much as the test says. */
class SlowSocket extends EventEmitter {
  writableLength = 0
  destroyed = false
  writableEnded = false
  connecting = false
  remoteAddress = '127.0.0.1'
  remotePort = 1
  _handle = { writeQueueSize: 0 }
  write(bytes: string | Buffer): boolean {
    this.writableLength += bytes.length
    this._handle.writeQueueSize += bytes.length
    return false
  }
  /** libuv writes on; the stream hears of it only when all is written. */
  takeSome(count: number): void {
    this._handle.writeQueueSize -= count
  }
  setNoDelay(): void {}
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

const LIMITS = {
  head: {
    lineBytesMax: 8192,
    headBytesMax: 65_536,
    fieldsMax: 100,
    fieldLineBytesMax: 8192,
    allowUnderscores: false,
    ignoreInvalidFields: true,
  },
  headerTimeoutMs: 60_000,
  keepaliveTimeoutMs: 60_000,
  sendTimeoutMs: 1_000,
  lingeringTimeMs: 0,
  lingeringTimeoutMs: 0,
}

class Fixture {
  readonly clock = new TestClock()
  readonly wheel = new TimerWheel(this.clock)
  readonly socket = new SlowSocket()
  whyGone = ''
  readonly connection: ClientConnection

  constructor() {
    const handler: ClientHandler = {
      clock: this.clock,
      wheel: this.wheel,
      limits: () => LIMITS,
      onRequest: connection => {
        connection.flow = this.#flow()
        connection.setSendTimeout({ sendTimeoutMs: 1_000, resetsTimedOut: false })
        connection.writeBytes(Buffer.alloc(100_000))
      },
      onBadRequest: () => assert.fail('a good request'),
      onClose: () => {},
    }
    this.connection = new ClientConnection(this.socket as unknown as OwnedSocket, handler)
    const request = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    this.connection.onBytes(request, request.length)
  }

  #flow(): ExchangeFlow {
    const nothing = () => {}
    return {
      onBodyData: nothing,
      onBodyEnd: nothing,
      onBodyFailure: nothing,
      onDrain: nothing,
      onClientEnd: nothing,
      onClientGone: ({ failure }) => {
        this.whyGone ||= failure
      },
    }
  }

  pass(ms: number): void {
    this.clock.nowMs += ms
    this.wheel.turn()
  }
}

describe('ClientConnection', () => {
  it('gives a client that takes nothing up after send_timeout', () => {
    const fixture = new Fixture()
    fixture.pass(900)
    assert.equal(fixture.whyGone, '')
    fixture.pass(200)
    assert.equal(fixture.whyGone, 'client_timeout')
    assert.equal(fixture.socket.destroyed, true)
  })

  it('waits for a client that takes a little in every send_timeout, however long the whole lasts', () => {
    const fixture = new Fixture()
    for (let i = 0; i < 20; i++) {
      fixture.socket.takeSome(1_000)
      fixture.pass(1_100)
      assert.equal(fixture.whyGone, '', `after ${i} steps`)
    }
    fixture.pass(1_100)
    assert.equal(fixture.whyGone, 'client_timeout')
  })

  it('leaves no timer when it is closed', () => {
    const fixture = new Fixture()
    fixture.socket.destroy()
    assert.equal(fixture.whyGone, 'client_gone')
    assert.equal(fixture.wheel.count, 0)
  })
})
