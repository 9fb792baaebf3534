import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { digestOf } from '../../src/base/digest.ts'
import {
  ConnectionLimitZone,
  createConnectionLimitZone,
} from '../../src/zone/connection-limit-zone.ts'
import { createRequestLimitZone } from '../../src/zone/request-limit-zone.ts'
import type { LimitingEnd, LimitingStart } from './limiting-worker.ts'

const THREADS = 4
const KEYS = 5
const BYTES = 65_536

function startThreads(start: Omit<LimitingStart, 'worker' | 'diesIn'>, dying: number): Worker[] {
  return Array.from({ length: THREADS }, (_, worker) => {
    const workerData: LimitingStart = { ...start, worker, diesIn: worker === dying ? 500 : -1 }
    return new Worker(new URL('./limiting-worker.ts', import.meta.url), { workerData })
  })
}

function makeStart(): Omit<LimitingStart, 'worker' | 'diesIn'> {
  return {
    requests: createRequestLimitZone(BYTES),
    connections: createConnectionLimitZone(BYTES),
    held: new SharedArrayBuffer(KEYS * Int32Array.BYTES_PER_ELEMENT),
    keys: KEYS,
    rounds: 5_000,
    burst: 1_000,
    most: 2,
  }
}

async function endOf(thread: Worker): Promise<LimitingEnd | null> {
  let end: LimitingEnd | null = null
  thread.on('message', message => {
    end = message
  })
  await once(thread, 'exit')
  return end
}

describe('zones of limits with four threads', { timeout: 60_000 }, () => {
  it('let through exactly what may pass, and never have more in hand than may be', async () => {
    const start = makeStart()
    const ends = await Promise.all(startThreads(start, -1).map(endOf))
    for (let key = 0; key < KEYS; key++) {
      const passed = ends.map(end => end!.passed[key]!)
      assert.equal(
        passed.reduce((sum, count) => sum + count),
        start.burst + 1,
      )
    }
    for (const end of ends) assert.ok(end!.heldMost <= start.most, `${end!.heldMost}`)
    assert.equal(new ConnectionLimitZone(start.connections, -1).count, 0)
  })

  it('lose nothing but what a thread had that died', async () => {
    const start = makeStart()
    const main = new ConnectionLimitZone(start.connections, -1)
    const threads = startThreads(start, 2)
    const ends = threads.map(endOf)
    assert.equal(await ends[2], null)
    main.reclaim(2)
    await Promise.all(ends)
    for (let key = 0; key < KEYS; key++) assert.equal(main.heldBy(digestOf(`key ${key}`)), 0)
    assert.equal(main.count, 0)
  })
})
