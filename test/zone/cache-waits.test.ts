// Waiting for another worker's fetch: woken by any thread, out of time by the wheel, given up by the one who waits.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { SystemClock } from '../../src/base/clock.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import { CacheWaits } from '../../src/zone/cache-waits.ts'
import { CacheZone } from '../../src/zone/cache-zone.ts'
import { KEY, KIB, makeZones, OTHER, START, START_MS } from './cache-keys.ts'

class TestClock {
  nowMs = 1_000_000
  wallMs = START_MS
  wallSeconds = START
  refreshes = 0
  resync(): void {}
  refresh(): void {
    this.refreshes++
  }
}

class Fixture {
  readonly buffer: SharedArrayBuffer
  /** The worker that waits, and one that fetches. */
  readonly zone: CacheZone
  readonly other: CacheZone
  readonly slot: number
  readonly waits: CacheWaits
  readonly clock = new TestClock()
  readonly calls: string[] = []
  readonly #wheel: TimerWheel

  constructor() {
    const { buffer, zones } = makeZones(64 * KIB, 2)
    this.buffer = buffer
    this.zone = zones[0]!
    this.other = zones[1]!
    // What is used of a clock.
    const clock = this.clock as unknown as SystemClock
    this.#wheel = new TimerWheel(clock)
    this.waits = new CacheWaits(this.zone, clock, this.#wheel)
    this.slot = this.zone.use(KEY, KEY[0]!, START)
  }

  wait(name: string, timeoutMs = 5000, slot = this.slot): () => void {
    return this.waits.wait(slot, timeoutMs, isFree => {
      this.calls.push(`${name} ${isFree ? 'free' : 'timeout'}`)
    })
  }

  /** Resolves when somebody who waits now is woken. */
  woken(slot = this.slot): Promise<void> {
    return new Promise(resolve => this.waits.wait(slot, 60_000, () => resolve()))
  }

  pass(ms: number): void {
    this.clock.nowMs += ms
    this.#wheel.turn()
  }
}

describe('CacheWaits', () => {
  it('wakes all who wait for a slot when another thread gives its lock back', async () => {
    const fixture = new Fixture()
    const { buffer, slot, zone } = fixture
    const url = new URL('./cache-fetching-worker.ts', import.meta.url)
    const thread = new Worker(url, { workerData: { buffer, slot } })
    const ended = once(thread, 'exit')
    const [token] = await once(thread, 'message')
    assert.notEqual(token, 0)
    assert.equal(zone.lock(slot, START_MS, 5000), 0)
    fixture.wait('a')
    fixture.wait('b')
    const woken = fixture.woken()
    assert.equal(fixture.waits.count, 3)
    thread.postMessage('give')
    await woken
    assert.deepEqual(fixture.calls, ['a free', 'b free'])
    assert.equal(fixture.waits.count, 0)
    assert.ok(fixture.clock.refreshes > 0, 'those who go on have the time of now')
    assert.notEqual(zone.lock(slot, START_MS, 5000), 0)
    await ended
  })

  it('wakes those behind a worker that died', async () => {
    const fixture = new Fixture()
    fixture.other.lock(fixture.slot, START_MS, 5000)
    const woken = fixture.woken()
    new CacheZone(fixture.buffer, -1).reclaim(1)
    await woken
    assert.ok(!fixture.zone.isLocked(fixture.slot))
  })

  it('wakes those who wait when a late holder comes back', async () => {
    const fixture = new Fixture()
    const { other, slot, zone } = fixture
    const late = other.lock(slot, START_MS, 5000)
    const woken = fixture.woken()
    assert.notEqual(zone.lock(slot, START_MS + 6000, 5000), 0)
    other.unlock(slot, late)
    await woken
    assert.ok(zone.isLocked(slot))
  })

  it('calls later, and at once, when nobody has the lock any more', async () => {
    const fixture = new Fixture()
    fixture.wait('a')
    assert.deepEqual(fixture.calls, [])
    await Promise.resolve()
    await Promise.resolve()
    assert.deepEqual(fixture.calls, ['a free'])
  })

  it('tells when the time is over, once and not too early', async () => {
    const fixture = new Fixture()
    const token = fixture.other.lock(fixture.slot, START_MS, 5000)
    fixture.wait('a', 100)
    fixture.wait('b', 300)
    fixture.pass(99)
    assert.deepEqual(fixture.calls, [])
    fixture.pass(51)
    assert.deepEqual(fixture.calls, ['a timeout'])
    const woken = fixture.woken()
    fixture.other.unlock(fixture.slot, token)
    await woken
    fixture.pass(1000)
    assert.deepEqual(fixture.calls, ['a timeout', 'b free'])
  })

  it('does not call who gave up', async () => {
    const fixture = new Fixture()
    const token = fixture.other.lock(fixture.slot, START_MS, 5000)
    const giveUp = fixture.wait('a')
    fixture.wait('b')
    giveUp()
    giveUp()
    assert.equal(fixture.waits.count, 1)
    const woken = fixture.woken()
    fixture.other.unlock(fixture.slot, token)
    await woken
    fixture.pass(60_000)
    assert.deepEqual(fixture.calls, ['b free'])
  })

  it('does not call one whom another’s call made give up', async () => {
    const fixture = new Fixture()
    const token = fixture.other.lock(fixture.slot, START_MS, 5000)
    let giveUp: () => void = () => assert.fail('it waits by then')
    fixture.waits.wait(fixture.slot, 5000, () => giveUp())
    giveUp = fixture.wait('a')
    const woken = fixture.woken()
    fixture.other.unlock(fixture.slot, token)
    await woken
    assert.deepEqual(fixture.calls, [])
    assert.equal(fixture.waits.count, 0)
  })

  it('waits again behind the next one who fetches', async () => {
    const fixture = new Fixture()
    const { other, slot } = fixture
    for (let round = 0; round < 3; round++) {
      const token = other.lock(slot, START_MS + round * 100, 5000)
      assert.notEqual(token, 0)
      const woken = fixture.woken()
      other.unlock(slot, token)
      await woken
    }
    assert.equal(fixture.waits.count, 0)
  })

  it('keeps slots apart', async () => {
    const fixture = new Fixture()
    const second = fixture.zone.use(OTHER, OTHER[0]!, START)
    const tokens = [fixture.slot, second].map(slot => fixture.other.lock(slot, START_MS, 5000))
    fixture.wait('first')
    const woken = fixture.woken(second)
    fixture.other.unlock(second, tokens[1]!)
    await woken
    assert.deepEqual(fixture.calls, [])
    assert.equal(fixture.waits.count, 1)
  })

  it('counts waits', () => {
    const fixture = new Fixture()
    fixture.wait('a')
    fixture.wait('b')
    assert.equal(fixture.other.counters.totals().lockWaits, 2)
  })

  it('keeps no process alive', { timeout: 20_000 }, async () => {
    const program = fileURLToPath(new URL('./cache-waiting-program.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 15_000 })
    assert.equal(stdout, '1 waits\n')
  })
})
