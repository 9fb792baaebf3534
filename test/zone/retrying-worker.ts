// A thread for test/zone/group-load.test.ts: asks for places again and again, and tells how many it got.

import { parentPort, workerData } from 'node:worker_threads'
import { GroupLoad } from '../../src/zone/group-load.ts'
import { PeerZone } from '../../src/zone/peer-zone.ts'

const { buffer, worker, group, most, count } = workerData as {
  buffer: SharedArrayBuffer
  worker: number
  group: number
  most: number
  count: number
}
const load = new GroupLoad(new PeerZone(buffer, worker), group)
let taken = 0
for (let i = 0; i < count; i++) {
  if (load.takeRetry(most)) taken++
}
parentPort!.postMessage(taken)
