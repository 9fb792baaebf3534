// The timed loop of bench/micro/balance/pick.bench.ts, alone and as a thread of its own: picks and
// releases for a number of requests, and says how long one took.

import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { PeerGroup } from '../../../src/balance/peer-group.ts'
import type { GroupPeer } from '../../../src/balance/peer-list.ts'
import { TriedSet } from '../../../src/balance/tried.ts'
import { PLAIN_PEER } from '../../../src/model/upstream.ts'
import { PeerZone } from '../../../src/zone/peer-zone.ts'
import { SharedCursor } from './shared-cursor.ts'

export const NOW_SECONDS = 1_800_000_000
/** Slot of the cursor's line, past every peer of the benchmark. */
const CURSOR_SLOT = 2000

export interface LoopTask {
  readonly buffer: SharedArrayBuffer
  readonly worker: number
  readonly weights: readonly number[]
  readonly way: 'lock' | 'cursor'
  readonly requests: number
  /** Short rounds, the best of which counts. */
  readonly rounds: number
}

/** Makes what the benchmark calls the same in both ways. */
export function makeGroup(zone: PeerZone, weights: readonly number[], way: LoopTask['way']) {
  const peers = weights.map(
    (weight, slot): GroupPeer => ({
      ...PLAIN_PEER,
      name: `10.0.0.${slot}`,
      slot,
      weight,
    }),
  )
  return way === 'lock' ? new PeerGroup(zone, 0, peers) : new SharedCursor(zone, peers, CURSOR_SLOT)
}

/** Nanoseconds for one pick and its release: best and median round. */
export function timeLoop(task: LoopTask): { best: number; median: number } {
  const group = makeGroup(new PeerZone(task.buffer, task.worker), task.weights, task.way)
  const tried = new TriedSet()
  const times: number[] = []
  for (let round = 0; round < task.rounds; round++) {
    const start = performance.now()
    for (let i = 0; i < task.requests; i++) {
      tried.clear()
      const peer = group.pick(tried, NOW_SECONDS)
      group.release(peer, 'success', NOW_SECONDS)
    }
    times.push(((performance.now() - start) * 1e6) / task.requests)
  }
  times.sort((a, b) => a - b)
  return { best: times[0]!, median: times[times.length >> 1]! }
}

if (!isMainThread) parentPort!.postMessage(timeLoop(workerData as LoopTask))
