// A thread for test/balance/shared-picking.test.ts: picks and releases over the shared zone, or
// stops in the middle and waits to be terminated.

import { parentPort, workerData } from 'node:worker_threads'
import { PeerGroup } from '../../src/balance/peer-group.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import { PeerZone } from '../../src/zone/peer-zone.ts'
import { makePeer, START_SECONDS } from './group-fixture.ts'

/** What the test asks of one thread. */
export interface PickingTask {
  readonly buffer: SharedArrayBuffer
  readonly worker: number
  readonly weights: readonly number[]
  readonly picks: number
  /** Requests that the thread keeps in flight while it picks on, and gives back at the end. */
  readonly inFlight: number
  /** After the picks: end, or hold what is in flight (and the group's lock) until terminated. */
  readonly end: 'exit' | 'hold' | 'hold-locked'
}

const task = workerData as PickingTask
const zone = new PeerZone(task.buffer, task.worker)
const group = new PeerGroup(
  zone,
  0,
  task.weights.map((weight, slot) => makePeer({ weight, slot, maxFails: 0 })),
)
const tried = new TriedSet()
const counts = task.weights.map(() => 0)
const held: number[] = []
for (let i = 0; i < task.picks; i++) {
  tried.clear()
  const peer = group.pick(tried, START_SECONDS)
  counts[peer]!++
  held.push(peer)
  if (held.length > task.inFlight) group.release(held.shift()!, 'success', START_SECONDS)
}
if (task.end === 'exit') for (const peer of held) group.release(peer, 'success', START_SECONDS)
if (task.end === 'hold-locked') zone.lock(0)
parentPort!.postMessage(counts)
// A cell that nobody wakes: the thread stays here, inside the lock if it was told so.
if (task.end !== 'exit') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
