import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SystemClock } from '../../src/base/clock.ts'
import { fail } from '../../src/base/failure.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import type { ExchangeFlow } from '../../src/downstream/client-handler.ts'
import type { ClientLink } from '../../src/downstream/detached-client.ts'
import { PacedClient } from '../../src/downstream/paced-client.ts'
import { SeededRandom } from '../harness/seeded-random.ts'

const TICK_MS = 25
/** At the beginning of a second. */
const START_MS = 1_000_000

/** A clock that stands until it is told, a client that takes what it is told to, and one that writes to it. */
class Fixture {
  readonly clock = {
    nowMs: START_MS,
    wallMs: 0,
    wallSeconds: 0,
    resync: () => {},
    refresh: () => {},
  }
  readonly wheel = new TimerWheel(this.clock as unknown as SystemClock)
  readonly sent: Buffer[] = []
  /** Moments and sizes of what went. */
  readonly writes: [ms: number, bytes: number][] = []
  readonly heard: string[] = []
  takes = true
  flow: ExchangeFlow | null = null
  readonly paced: PacedClient

  constructor(rate: number, after = 0) {
    const note = (name: string) => () => this.heard.push(name)
    const write = (bytes: Buffer): boolean => {
      this.sent.push(Buffer.from(bytes))
      this.writes.push([this.clock.nowMs - START_MS, bytes.length])
      return this.takes
    }
    const client = {
      flow: null,
      queuedBytes: 0,
      writeText: (text: string) => write(Buffer.from(text, 'latin1')),
      writeBytes: write,
      finishResponse: note('finished'),
      abort: note('aborted'),
    } as unknown as ClientLink
    const pace = { rate, after, startedMs: START_MS }
    this.paced = new PacedClient(client, pace, this.clock, this.wheel)
    this.paced.flow = {
      onDrain: note('drain'),
      onClientGone: note('gone'),
      onClientEnd: note('end'),
      onBodyData: note('data'),
      onBodyEnd: note('body end'),
      onBodyFailure: note('body failure'),
    }
    assert.equal(client.flow, this.paced)
  }

  /** Lets time go by, tick after tick. */
  pass(ms: number): void {
    const end = this.clock.nowMs + ms
    while (this.clock.nowMs < end) {
      this.clock.nowMs = Math.min(end, this.clock.nowMs + TICK_MS)
      this.wheel.turn()
    }
  }

  get sentBytes(): number {
    return this.writes.reduce((sum, [, bytes]) => sum + bytes, 0)
  }

  get text(): string {
    return Buffer.concat(this.sent).toString('latin1')
  }
}

describe('PacedClient', () => {
  it('lets what is worth a second go at once', () => {
    const fixture = new Fixture(1000)
    assert.equal(fixture.paced.writeText('a'.repeat(1000)), true)
    assert.deepEqual(fixture.writes, [[0, 1000]])
  })

  it('sends a second’s worth with each second, and says when all is gone', () => {
    const fixture = new Fixture(1000)
    assert.equal(fixture.paced.writeBytes(Buffer.alloc(3500)), false)
    assert.deepEqual(fixture.writes, [[0, 1000]])
    assert.equal(fixture.paced.queuedBytes, 2500)
    fixture.pass(950)
    assert.equal(fixture.sentBytes, 1000)
    fixture.pass(100)
    assert.equal(fixture.sentBytes, 2000)
    assert.deepEqual(fixture.heard, [])
    fixture.pass(3000)
    assert.equal(fixture.sentBytes, 3500)
    assert.deepEqual(fixture.heard, ['drain'])
  })

  it('counts nothing of what may go before', () => {
    const fixture = new Fixture(1000, 5000)
    assert.equal(fixture.paced.writeBytes(Buffer.alloc(5800)), true)
    assert.equal(fixture.paced.writeBytes(Buffer.alloc(300)), false)
    assert.equal(fixture.sentBytes, 5800)
    fixture.pass(900)
    assert.equal(fixture.sentBytes, 6000)
    fixture.pass(1000)
    assert.equal(fixture.sentBytes, 6100)
  })

  it('lets nothing pass what waits', () => {
    const fixture = new Fixture(10)
    fixture.paced.writeText('0123456789')
    fixture.paced.writeText('abc')
    fixture.paced.writeBytes(Buffer.from('def'))
    fixture.pass(3000)
    fixture.paced.writeText('ghi')
    fixture.pass(3000)
    assert.equal(fixture.text, '0123456789abcdefghi')
  })

  it('rests after each write for as long as that was worth', () => {
    const fixture = new Fixture(1000)
    fixture.paced.writeText('a'.repeat(100))
    assert.equal(fixture.paced.writeText('b'.repeat(100)), false)
    fixture.pass(75)
    assert.equal(fixture.sentBytes, 100)
    fixture.pass(75)
    assert.equal(fixture.sentBytes, 200)
  })

  it('waits for a client that does not read, and then for the time', () => {
    const fixture = new Fixture(1000)
    fixture.takes = false
    assert.equal(fixture.paced.writeBytes(Buffer.alloc(1500)), false)
    fixture.pass(5000)
    assert.equal(fixture.sentBytes, 1000)
    fixture.takes = true
    fixture.paced.onDrain()
    assert.equal(fixture.sentBytes, 1500)
    assert.deepEqual(fixture.heard, ['drain'])
  })

  it('does not say that all is gone while the client has not taken it', () => {
    const fixture = new Fixture(1000)
    fixture.paced.writeBytes(Buffer.alloc(1000))
    fixture.takes = false
    fixture.paced.writeBytes(Buffer.alloc(500))
    fixture.pass(3000)
    assert.equal(fixture.sentBytes, 1500)
    assert.deepEqual(fixture.heard, [])
    fixture.paced.onDrain()
    assert.deepEqual(fixture.heard, ['drain'])
  })

  it('lets somebody wait for the end', () => {
    const fixture = new Fixture(1000)
    const waiter = {
      onSent: () => fixture.heard.push('sent'),
      onGone: () => fixture.heard.push('waiter gone'),
    }
    assert.equal(fixture.paced.waitUntilSent(waiter), false)
    fixture.paced.writeBytes(Buffer.alloc(1500))
    assert.equal(fixture.paced.waitUntilSent(waiter), true)
    fixture.pass(3000)
    assert.deepEqual(fixture.heard, ['sent'])
  })

  it('forgets what waits when the client has gone, and leaves no timer', () => {
    const fixture = new Fixture(1000)
    fixture.paced.writeBytes(Buffer.alloc(5000))
    assert.equal(fixture.wheel.count, 1)
    fixture.paced.onClientGone(fail('client_gone'))
    assert.equal(fixture.wheel.count, 0)
    fixture.pass(5000)
    assert.equal(fixture.sentBytes, 1000)
    assert.deepEqual(fixture.heard, ['gone'])
  })

  it('tells who waits for the end that the client has gone', () => {
    const fixture = new Fixture(1000)
    fixture.paced.writeBytes(Buffer.alloc(5000))
    fixture.paced.waitUntilSent({
      onSent: () => fixture.heard.push('sent'),
      onGone: () => fixture.heard.push('waiter gone'),
    })
    fixture.paced.onClientGone(fail('client_gone'))
    assert.deepEqual(fixture.heard, ['waiter gone'])
  })

  it('never gives the socket a small part of memory that is only lent', () => {
    const fixture = new Fixture(1000)
    const lent = Buffer.alloc(20_000, 'x')
    const seen: boolean[] = []
    const { sent } = fixture
    fixture.paced.writeBytes(lent)
    fixture.pass(30_000)
    for (const piece of sent) seen.push(piece.buffer === lent.buffer)
    assert.equal(fixture.sentBytes, 20_000)
    assert.ok(seen.every(isPart => !isPart))
  })

  it('sends the same bytes in the same order, whatever is written when, never too fast', () => {
    const random = new SeededRandom(3)
    for (let round = 0; round < 20; round++) {
      const rate = 500 + random.below(5000)
      const after = random.below(3) * 1000
      const fixture = new Fixture(rate, after)
      let written = ''
      for (let i = 0; i < 60; i++) {
        const text = String.fromCharCode(97 + random.below(26)).repeat(random.below(1500))
        written += text
        fixture.takes = random.below(4) > 0
        if (random.below(2) === 0) fixture.paced.writeText(text)
        else fixture.paced.writeBytes(Buffer.from(text, 'latin1'))
        fixture.pass(random.below(200))
        fixture.takes = true
        fixture.paced.onDrain()
      }
      for (let i = 0; i < 400 && fixture.paced.waitingBytes > 0; i++) {
        fixture.pass(1000)
        fixture.paced.onDrain()
      }
      assert.equal(fixture.text, written)
      let sum = 0
      for (const [ms, bytes] of fixture.writes) {
        sum += bytes
        assert.ok(sum <= after + rate * (Math.floor(ms / 1000) + 1), `${sum} bytes after ${ms} ms`)
      }
    }
  })
})
