// A thread for test/zone/limit-threads.test.ts: asks for many requests of a few keys in both kinds of zones, as fast as it
// can, and tells how many it got and whether there ever were more than there may be.

import { parentPort, workerData } from 'node:worker_threads'
import { digestOf } from '../../src/base/digest.ts'
import { ConnectionLimitZone } from '../../src/zone/connection-limit-zone.ts'
import { RequestLimitZone } from '../../src/zone/request-limit-zone.ts'

/** What a thread is given. */
export interface LimitingStart {
  readonly requests: SharedArrayBuffer
  readonly connections: SharedArrayBuffer
  /** One cell for each key: how many the threads have of it, counted by themselves. */
  readonly held: SharedArrayBuffer
  readonly worker: number
  readonly keys: number
  readonly rounds: number
  readonly burst: number
  readonly most: number
  /** The round in which it dies, with what it has; -1 = never. */
  readonly diesIn: number
}

/** What it tells at its end. */
export interface LimitingEnd {
  /** By key. */
  readonly passed: readonly number[]
  /** The most that it saw of any key. */
  readonly heldMost: number
}

const start = workerData as LimitingStart
const requests = new RequestLimitZone(start.requests, start.worker, 1)
const connections = new ConnectionLimitZone(start.connections, start.worker)
const held = new Int32Array(start.held)
const keys = Array.from({ length: start.keys }, (_, index) => digestOf(`key ${index}`))
const passed = keys.map(() => 0)
let heldMost = 0

for (let round = 0; round < start.rounds; round++) {
  const index = (round * 7 + start.worker) % keys.length
  const key = keys[index]!
  if (requests.judge(key, start.burst * 1000, 1_000_000, true)) passed[index]!++
  const taken = connections.take(key, start.most)
  if (taken <= 0) continue
  heldMost = Math.max(heldMost, Atomics.add(held, index, 1) + 1)
  if (round >= start.diesIn && start.diesIn !== -1) process.exit(0)
  Atomics.sub(held, index, 1)
  connections.release(taken)
}
const end: LimitingEnd = { passed, heldMost }
parentPort!.postMessage(end)
