// The cache's zone under threads that do everything at once in a table too small for their keys, and with threads that
// are killed in the middle of it.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { BUCKET_CELLS, BUCKETS_AT } from '../../src/zone/cache-layout.ts'
import { SlotRecord } from '../../src/zone/cache-slot.ts'
import { CacheZone, createCacheZone } from '../../src/zone/cache-zone.ts'
import { seedFor } from '../harness/seeded-random.ts'
import type { HammerTask } from './cache-hammering-worker.ts'
import { counted, KIB, recount } from './cache-keys.ts'

const KEYS = 60

class Hammer {
  readonly buffer = createCacheZone(3 * KIB)
  readonly main = new CacheZone(this.buffer, -1)
  readonly holders = new SharedArrayBuffer((this.main.slotsEnd + 1) * 4)
  readonly #cells = new Int32Array(this.holders)

  start(worker: number, steps: number, seed: number): Worker {
    const { buffer, holders } = this
    const workerData: HammerTask = { buffer, holders, worker, keys: KEYS, steps, seed }
    return new Worker(new URL('./cache-hammering-worker.ts', import.meta.url), { workerData })
  }

  get steps(): number {
    return Atomics.load(this.#cells, this.#cells.length - 1)
  }

  /** Resolves when the threads together have done so many steps more. */
  async stepsMore(count: number): Promise<void> {
    const end = this.steps + count
    while (this.steps < end) await new Promise(setImmediate)
  }

  checkRest(): void {
    const record = new SlotRecord()
    for (let cell = BUCKETS_AT; cell < this.main.cells.length; cell += BUCKET_CELLS) {
      assert.equal(this.main.cells[cell], 0, 'no bucket is locked')
    }
    for (let slot = 0; slot < this.main.slotsEnd; slot++) {
      if (this.main.read(slot, record)) assert.ok(!record.isLocked)
    }
    assert.deepEqual(counted(this.main), recount(this.main))
  }
}

describe('CacheZone with threads', () => {
  it('counts right, has no key twice, and lets one fetch at a time', async t => {
    const seed = seedFor(t).seed
    const hammer = new Hammer()
    const threads = [0, 1, 2].map(worker => hammer.start(worker, 20_000, seed + worker))
    // A thread that finds something wrong ends with an error instead.
    await Promise.all(threads.map(thread => once(thread, 'message')))
    await Promise.all(threads.map(thread => thread.terminate()))
    hammer.checkRest()
    t.diagnostic(`${hammer.main.counters.totals().evictions} evicted`)
    assert.ok(hammer.main.counters.totals().evictions > 0)
  })

  it('counts right when threads are killed in the middle', async t => {
    const seed = seedFor(t).seed
    const hammer = new Hammer()
    for (let round = 0; round < 10; round++) {
      const threads = [0, 1].map(worker => hammer.start(worker, 0, seed + 2 * round + worker))
      const failed = threads.map(thread => once(thread, 'message'))
      await Promise.race([hammer.stepsMore(2_000), ...failed])
      await threads[0]!.terminate()
      hammer.main.reclaim(0)
      // The other one goes on with what the dead one left.
      await Promise.race([hammer.stepsMore(2_000), ...failed])
      await threads[1]!.terminate()
      hammer.main.reclaim(1)
      new Int32Array(hammer.holders).fill(0)
      hammer.checkRest()
    }
  })
})
