// Connections that begin with a header of the PROXY protocol: how it is awaited, and what becomes of those without one.

import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import { SystemClock } from '../../src/base/clock.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import type { OwnedSocket } from '../../src/downstream/accept.ts'
import { ClientConnection } from '../../src/downstream/client-connection.ts'
import type { ClientHandler } from '../../src/downstream/client-handler.ts'

/** A clock that stands still unless the test moves it. */
class TestClock extends SystemClock {
  override refresh(): void {}
  override resync(): void {}
}

class DeafSocket extends EventEmitter {
  writableLength = 0
  destroyed = false
  writableEnded = false
  connecting = false
  remoteAddress = '127.0.0.1'
  remotePort = 1
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
  headerTimeoutMs: 5_000,
  keepaliveTimeoutMs: 60_000,
  sendTimeoutMs: 1_000,
  lingeringTimeMs: 0,
  lingeringTimeoutMs: 0,
}

class Fixture {
  readonly clock = new TestClock()
  readonly wheel = new TimerWheel(this.clock)
  readonly socket = new DeafSocket()
  readonly connection: ClientConnection
  /** What was asked for, with the client that the header named. */
  readonly asked: string[] = []
  readonly said: string[] = []
  refused = 0

  constructor(expectsProxyHeader: boolean) {
    const handler: ClientHandler = {
      clock: this.clock,
      wheel: this.wheel,
      expectsProxyHeader,
      limits: () => LIMITS,
      onRequest: connection => {
        const { head, proxyHeader } = connection
        this.asked.push(`${head!.target} ${proxyHeader?.source.address ?? 'nobody'}`)
        connection.finishResponse(1000)
      },
      onBadRequest: connection => {
        this.refused++
        connection.abort(false)
      },
      onBadProxyHeader: (_connection, level, text) => this.said.push(`${level}: ${text}`),
      onClose: () => {},
    }
    this.connection = new ClientConnection(this.socket as unknown as OwnedSocket, handler)
  }

  send(text: string): void {
    const bytes = Buffer.from(text, 'latin1')
    this.connection.onBytes(bytes, bytes.length)
  }

  pass(ms: number): void {
    this.clock.nowMs += ms
    this.wheel.turn()
  }
}

const HEADER = 'PROXY TCP4 203.0.113.1 192.0.2.7 4242 443\r\n'
const REQUEST = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'

describe('a connection with a header in front', () => {
  it('hands requests on that come with it, and those after them', () => {
    const fixture = new Fixture(true)
    fixture.send(HEADER + REQUEST + REQUEST.replace('/a', '/b'))
    fixture.send(REQUEST.replace('/a', '/c'))
    const client = '203.0.113.1'
    assert.deepEqual(fixture.asked, [`/a ${client}`, `/b ${client}`, `/c ${client}`])
  })

  it('puts it together from single bytes, and the request behind it', () => {
    const fixture = new Fixture(true)
    for (const byte of HEADER + REQUEST) fixture.send(byte)
    assert.deepEqual(fixture.asked, ['/a 203.0.113.1'])
  })

  it('is closed with one line for a request without one, and answers nothing', () => {
    const fixture = new Fixture(true)
    fixture.send(REQUEST)
    assert.deepEqual(fixture.said, ['error: broken header: "GET /a HTTP/1.1"'])
    assert.deepEqual([fixture.asked, fixture.refused], [[], 0])
    assert.equal(fixture.socket.destroyed, true)
    assert.equal(fixture.wheel.count, 0)
  })

  it('is closed when it does not come in the time of a request head, however it drips', () => {
    const fixture = new Fixture(true)
    for (let i = 0; i < 4; i++) {
      fixture.send(HEADER[i]!)
      fixture.pass(1_200)
    }
    assert.equal(fixture.socket.destroyed, false)
    fixture.pass(1_200)
    assert.equal(fixture.socket.destroyed, true)
    assert.deepEqual(fixture.said, ['info: client timed out'])
    assert.equal(fixture.refused, 0)
  })

  it('counts as idle until it is there, and leaves without a word', () => {
    const fixture = new Fixture(true)
    fixture.send('PROXY ')
    assert.equal(fixture.connection.closeIfIdle(), true)
    assert.equal(fixture.socket.destroyed, true)
    const leaver = new Fixture(true)
    leaver.send('PROXY ')
    leaver.socket.emit('end')
    assert.deepEqual([leaver.said, leaver.refused], [[], 0])
  })
})

describe('a connection without one', () => {
  it('takes a header for a bad request', () => {
    const fixture = new Fixture(false)
    fixture.send(HEADER + REQUEST)
    assert.deepEqual([fixture.asked, fixture.refused, fixture.said], [[], 1, []])
  })
})
