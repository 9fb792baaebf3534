// The line before one upstream, with two workers in one thread: bells ring when the test says so, time moves when told.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SystemClock } from '../../src/base/clock.ts'
import { type Timer, TimerWheel } from '../../src/base/timer-wheel.ts'
import { makeRefusal, RequestQueue } from '../../src/proxy/queue.ts'
import { type LineRequest, type Waiter, WaitLine } from '../../src/proxy/wait-line.ts'
import { createQueueZone, QueueZone } from '../../src/zone/queue-zone.ts'

/** Peers that are free, and what became of the requests, in order. */
class Room {
  free = 0
  readonly log: string[] = []
}

class TestWorker {
  readonly line: WaitLine
  readonly queue: RequestQueue
  readonly timers = new Map<Timer, number>()
  readonly #room: Room
  #bell: { readonly seen: number; readonly call: () => void } | null = null

  constructor(buffer: SharedArrayBuffer, index: number, room: Room, size = 9) {
    this.#room = room
    const clock = new SystemClock()
    const wheel = new TimerWheel(clock)
    wheel.set = (timer, delayMs) => void this.timers.set(timer, delayMs)
    wheel.remove = timer => void this.timers.delete(timer)
    this.line = new WaitLine(new QueueZone(buffer, index), {
      clock,
      wheel,
      onRing: (_, seen, call) => {
        assert.equal(this.#bell, null, 'listens once at a time')
        this.#bell = { seen, call }
      },
    })
    this.queue = new RequestQueue({ size, timeoutMs: 60_000 }, this.line)
  }

  /** A request that waits; it needs a free peer, and `canPick`. */
  join(name: string, isBeside = false, queue = this.queue, canPick = () => true): Waiter | null {
    const request: LineRequest = {
      pickNow: () => {
        if (this.#room.free === 0 || !canPick()) return false
        this.#room.free--
        return true
      },
      onTurn: () => this.#room.log.push(name),
      onWaitOver: () => this.#room.log.push(`${name} late`),
    }
    return queue.join(request, isBeside)
  }

  /** Turns to the bell if it rang; whether it did. */
  hear(): boolean {
    const bell = this.#bell
    if (bell === null || this.line.zone.rings === bell.seen) return false
    this.#bell = null
    bell.call()
    return true
  }
}

function twoWorkers(size?: number): { room: Room; a: TestWorker; b: TestWorker } {
  const buffer = createQueueZone(1)
  const room = new Room()
  const [a, b] = [new TestWorker(buffer, 0, room, size), new TestWorker(buffer, 1, room, size)]
  return { room, a, b }
}

/** Lets both workers answer their bells until all are still. */
function settle(...workers: TestWorker[]): void {
  for (let i = 0; i < 50; i++) {
    if (!workers.map(worker => worker.hear()).includes(true)) return
  }
  assert.fail('the bells never stop')
}

describe('WaitLine', () => {
  it('is one line over workers: who came first goes first', () => {
    const { room, a, b } = twoWorkers()
    a.join('1')
    b.join('2')
    b.join('3')
    a.join('4')
    for (const expected of ['1', '2', '3', '4']) {
      room.free = 1
      // Whoever gives the peer back, the right worker hears of it.
      b.queue.onRelease()
      settle(a, b)
      assert.equal(room.log.at(-1), expected)
    }
    assert.equal(a.line.length + b.line.length, 0)
    assert.ok(!a.queue.hasLine)
  })

  it('passes room on to other workers until it is used up', () => {
    const { room, a, b } = twoWorkers()
    a.join('1')
    b.join('2')
    a.join('3')
    b.join('4')
    room.free = 3
    a.queue.onRelease()
    settle(b, a)
    assert.deepEqual(room.log, ['1', '2', '3'])
  })

  it('lets a request go on at once when a peer became free meanwhile', () => {
    const { room, a } = twoWorkers()
    room.free = 1
    assert.notEqual(a.join('1'), null)
    assert.deepEqual(room.log, ['1'])
    assert.equal(a.timers.size, 0)
  })

  it('has room for so many over all workers', () => {
    const { a, b } = twoWorkers(2)
    assert.notEqual(a.join('1'), null)
    const second = b.join('2')
    assert.equal(a.join('3'), null)
    b.queue.leave(second!)
    assert.notEqual(a.join('4'), null)
  })

  it('passes the turn on when the first one leaves', () => {
    const { room, a, b } = twoWorkers()
    const first = a.join('1')!
    b.join('2')
    room.free = 1
    a.queue.leave(first)
    a.queue.leave(first)
    settle(a, b)
    assert.deepEqual(room.log, ['2'])
    assert.equal(a.line.zone.waiting, 0)
  })

  it('tells a request whose time is over, once', () => {
    const { room, a, b } = twoWorkers()
    const first = a.join('1')!
    b.join('2')
    assert.equal(a.timers.get(first.timer), 60_000)
    first.timer.onExpire()
    assert.deepEqual(room.log, ['1 late'])
    assert.equal(a.line.zone.waiting, 1)
    room.free = 1
    settle(a, b)
    assert.deepEqual(room.log, ['1 late', '2'])
  })

  it('looks now and then although no bell rang', () => {
    const { room, a } = twoWorkers()
    const { timer } = a.join('1')!
    const [look] = [...a.timers.keys()].filter(each => each !== timer)
    room.free = 1
    look!.onExpire()
    assert.deepEqual(room.log, ['1'])
  })

  it('lets nobody wait behind a request that stands beside the line', () => {
    const { room, a, b } = twoWorkers()
    let mayRetry = false
    a.join('retry', true, a.queue, () => mayRetry)
    assert.ok(!b.queue.hasLine)
    b.join('1')
    room.free = 2
    b.queue.onRelease()
    settle(a, b)
    assert.deepEqual(room.log, ['1'])
    mayRetry = true
    b.queue.onRelease()
    settle(a, b)
    assert.deepEqual(room.log, ['1', 'retry'])
  })

  it('looks at once when the peers are others', () => {
    const { room, a, b } = twoWorkers()
    a.join('1')
    b.join('2')
    a.join('3')
    room.free = 2
    // Not its turn: the first request is in the other worker.
    b.queue.onPeersChanged()
    assert.deepEqual(room.log, [])
    a.queue.onPeersChanged()
    settle(a, b)
    assert.deepEqual(room.log, ['1', '2'])
  })

  it('puts the requests of an old configuration beside the line', () => {
    const { room, a, b } = twoWorkers()
    const old = a.queue
    const waiter = a.join('old', false, old, () => false)!
    const next = new RequestQueue({ size: 9, timeoutMs: 60_000 }, a.line)
    old.retire()
    assert.ok(waiter.isBeside)
    assert.ok(!next.hasLine)
    a.join('new', false, next)
    b.join('other')
    room.free = 2
    b.queue.onRelease()
    settle(a, b)
    assert.deepEqual(room.log, ['new', 'other'])
    // Who joins it now joins beside.
    assert.ok(a.join('old too', false, old, () => false)!.isBeside)
  })
})

describe('makeRefusal', () => {
  const rows = [
    ['nginx', 60_000, 502, 0],
    ['yaml', 60_000, 503, 10],
    ['yaml', 2_100, 503, 3],
    ['yaml', 1, 503, 1],
  ] as const
  for (const [format, timeoutMs, status, retryAfterSeconds] of rows) {
    it(`is ${status} after ${timeoutMs} ms in ${format}, and back in ${retryAfterSeconds} s`, () => {
      assert.deepEqual(makeRefusal(format, { size: 1, timeoutMs }), { status, retryAfterSeconds })
    })
  }
})
