// Real threads on one group: the order is exact over all of them, nothing in flight is lost, and a
// thread that is terminated in the middle, inside the lock too, leaves nothing behind.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { createPeerZone, PeerZone } from '../../src/zone/peer-zone.ts'
import type { PickingTask } from './picking-worker.ts'

const WEIGHTS = [5, 1, 1, 3]
const TOTAL = 10

/** A lock that is not given back would hold threads for ever: they end with the test. */
const threads = new Set<Worker>()
afterEach(async () => {
  for (const thread of threads) await thread.terminate()
  threads.clear()
})

interface Running {
  readonly thread: Worker
  /** Picks of each peer by this thread. */
  readonly counts: Promise<number[]>
  readonly exit: Promise<unknown>
}

function makeZone(): { buffer: SharedArrayBuffer; main: PeerZone } {
  const buffer = createPeerZone()
  const main = new PeerZone(buffer, -1)
  main.initializeGroup(
    0,
    WEIGHTS.map((weight, slot) => ({ weight, slot })),
  )
  return { buffer, main }
}

function start(buffer: SharedArrayBuffer, worker: number, task: Partial<PickingTask>): Running {
  const workerData: PickingTask = {
    buffer,
    worker,
    weights: WEIGHTS,
    picks: 10_000,
    inFlight: 0,
    end: 'exit',
    ...task,
  }
  const thread = new Worker(new URL('./picking-worker.ts', import.meta.url), { workerData })
  threads.add(thread)
  return {
    thread,
    counts: once(thread, 'message').then(([counts]) => counts as number[]),
    exit: once(thread, 'exit'),
  }
}

function connsOf(main: PeerZone): number[] {
  return WEIGHTS.map((_, slot) => main.snapshotPeer(slot).conns)
}

describe('PeerGroup over several threads', { timeout: 60_000 }, () => {
  it('serves each peer exactly its share of what four threads pick at once', async () => {
    const { buffer, main } = makeZone()
    const running = [0, 1, 2, 3].map(worker => start(buffer, worker, { inFlight: worker * 5 }))
    const counts = await Promise.all(running.map(({ counts }) => counts))
    await Promise.all(running.map(({ exit }) => exit))
    const sums = WEIGHTS.map((_, peer) => counts.reduce((sum, own) => sum + own[peer]!, 0))
    assert.deepEqual(
      sums,
      WEIGHTS.map(weight => (40_000 * weight) / TOTAL),
    )
    assert.deepEqual(
      sums,
      WEIGHTS.map((_, slot) => main.snapshotPeer(slot).requests),
    )
    assert.deepEqual(connsOf(main), [0, 0, 0, 0])
  })

  it('gets back what a terminated thread had in flight', async () => {
    const { buffer, main } = makeZone()
    const dying = start(buffer, 0, { picks: 20, inFlight: 20, end: 'hold' })
    await dying.counts
    assert.deepEqual(
      connsOf(main),
      WEIGHTS.map(weight => 2 * weight),
    )
    await dying.thread.terminate()
    main.reclaim(0)
    assert.deepEqual(connsOf(main), [0, 0, 0, 0])
  })

  it('lets threads that wait for the lock of a terminated one go on', async () => {
    const { buffer, main } = makeZone()
    const dying = start(buffer, 0, { picks: 7, inFlight: 7, end: 'hold-locked' })
    await dying.counts
    const others = [1, 2].map(worker => start(buffer, worker, { picks: 1000 }))
    await Promise.all(others.map(({ thread }) => once(thread, 'online')))
    await dying.thread.terminate()
    main.reclaim(0)
    await Promise.all(others.map(({ exit }) => exit))
    assert.deepEqual(connsOf(main), [0, 0, 0, 0])
    const requests = WEIGHTS.reduce((sum, _, slot) => sum + main.snapshotPeer(slot).requests, 0)
    assert.equal(requests, 2007)
  })

  it('survives threads terminated at any moment, and serves exact shares afterwards', async () => {
    const { buffer, main } = makeZone()
    const endless = { picks: Number.MAX_SAFE_INTEGER, inFlight: 3 }
    for (let round = 0; round < 5; round++) {
      const dying = [0, 1].map(worker => start(buffer, worker, endless))
      const before = main.snapshotPeer(0).requests
      await Promise.all(dying.map(({ thread }) => once(thread, 'online')))
      while (main.snapshotPeer(0).requests < before + 1000) await turn()
      await Promise.all(dying.map(({ thread }) => thread.terminate()))
      main.reclaim(0)
      main.reclaim(1)
      assert.deepEqual(connsOf(main), [0, 0, 0, 0])
    }
    const last = start(buffer, 0, { picks: 1000 })
    assert.deepEqual(
      await last.counts,
      WEIGHTS.map(weight => weight * 100),
    )
    await last.exit
  })
})

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
