// A thread for test/balance/shared-health.test.ts: sends made-up requests over the shared zone, with
// the peers that fail told by the test, and says what it noticed.

import { parentPort, workerData } from 'node:worker_threads'
import type { HealthNews } from '../../src/balance/health-watch.ts'
import { PeerGroup } from '../../src/balance/peer-group.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import type { PassiveHealth } from '../../src/model/passive-health.ts'
import { PeerZone } from '../../src/zone/peer-zone.ts'
import { makePeer, START_SECONDS } from './group-fixture.ts'

/** What the test asks of one thread. */
export interface HealthTask {
  readonly buffer: SharedArrayBuffer
  readonly worker: number
  readonly peers: number
  readonly maxFails: number
  readonly health: PassiveHealth
  /** Seconds of the run, and requests in each. */
  readonly seconds: number
  readonly perSecond: number
  /** Of each peer one request in so many fails; 0 = none. */
  readonly failsOneIn: readonly number[]
  /** A cell that all threads wait for at the end of each second. */
  readonly barrier: Int32Array
  readonly threads: number
}

/** What one thread saw. */
export interface HealthReport {
  readonly news: readonly HealthNews[]
  /** Picks that found nobody. */
  readonly misses: number
}

const task = workerData as HealthTask
const zone = new PeerZone(task.buffer, task.worker)
const peers = Array.from({ length: task.peers }, (_, slot) =>
  makePeer({ slot, maxFails: task.maxFails }),
)
const group = new PeerGroup(zone, 0, peers, { health: task.health, seed: task.worker })
const tried = new TriedSet()
const seen = peers.map(() => task.worker)
let misses = 0
for (let second = 0; second < task.seconds; second++) {
  const now = START_SECONDS + second
  for (let i = 0; i < task.perSecond; i++) {
    tried.clear()
    const peer = group.pick(tried, now)
    if (peer === -1) {
      misses++
      continue
    }
    const oneIn = task.failsOneIn[peer]!
    seen[peer]!++
    const isFault = oneIn > 0 && seen[peer]! % oneIn === 0
    group.release(peer, isFault ? 'failure' : 'success', now)
  }
  meet(second)
}
const report: HealthReport = { news: group.watch?.takeNews() ?? [], misses }
parentPort!.postMessage(report)

/** Waits until all threads have ended the second. */
function meet(second: number): void {
  const all = (second + 1) * task.threads
  Atomics.add(task.barrier, 0, 1)
  Atomics.notify(task.barrier, 0)
  for (let here = Atomics.load(task.barrier, 0); here < all; here = Atomics.load(task.barrier, 0)) {
    Atomics.wait(task.barrier, 0, here, 100)
  }
}
