import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { GroupLoad } from '../../src/zone/group-load.ts'
import { createPeerZone, PeerZone } from '../../src/zone/peer-zone.ts'

const GROUP = 7

/** The loads of so many workers, and the zone as the main thread sees it. */
function makeLoads(workers: number): {
  main: PeerZone
  loads: GroupLoad[]
  memory: SharedArrayBuffer
} {
  const memory = createPeerZone()
  const loads = Array.from({ length: workers }, (_, worker) => {
    return new GroupLoad(new PeerZone(memory, worker), GROUP)
  })
  return { main: new PeerZone(memory, -1), loads, memory }
}

describe('GroupLoad', () => {
  it('counts requests over all workers', () => {
    const [first, second] = makeLoads(2).loads
    first!.onBegin()
    second!.onBegin()
    second!.onBegin()
    first!.onEnd()
    assert.deepEqual([first!.requests, second!.requests], [2, 2])
  })

  it('gives no more places than there are, whichever worker asks', () => {
    const [first, second] = makeLoads(2).loads
    assert.deepEqual([first!.takeRetry(2), second!.takeRetry(2)], [true, true])
    assert.deepEqual([first!.takeRetry(2), second!.takeRetry(2)], [false, false])
    first!.giveRetry()
    assert.equal(second!.takeRetry(2), true)
    assert.equal(first!.retrying, 2)
  })

  it('keeps groups apart', () => {
    const { memory, loads } = makeLoads(1)
    const other = new GroupLoad(new PeerZone(memory, 0), GROUP + 1)
    loads[0]!.onBegin()
    loads[0]!.takeRetry(1)
    assert.deepEqual([other.requests, other.retrying, other.takeRetry(1)], [0, 0, true])
  })

  it('forgets what a worker that ended had in hand, and nothing else', () => {
    const { main, loads } = makeLoads(2)
    for (const load of loads) {
      load.onBegin()
      load.takeRetry(2)
    }
    main.reclaim(0)
    assert.deepEqual([loads[1]!.requests, loads[1]!.retrying], [1, 1])
    assert.equal(loads[1]!.takeRetry(2), true)
  })

  it('starts anew in a slot that is given to another group', () => {
    const { main, loads } = makeLoads(1)
    loads[0]!.onBegin()
    loads[0]!.takeRetry(1)
    main.clearGroup(GROUP)
    assert.deepEqual([loads[0]!.requests, loads[0]!.retrying], [0, 0])
  })

  it('gives exactly so many places to threads that ask at the same time', async () => {
    const { memory } = makeLoads(1)
    const most = 500
    const threads = [0, 1, 2].map(worker => {
      const workerData = { buffer: memory, worker, group: GROUP, most, count: 2_000 }
      return new Worker(new URL('./retrying-worker.ts', import.meta.url), { workerData })
    })
    const taken = await Promise.all(threads.map(async thread => (await once(thread, 'message'))[0]))
    assert.equal(
      taken.reduce((sum, count) => sum + count, 0),
      most,
    )
  })
})
