// A thread for test/zone/group-lock.test.ts: adds to a plain cell, which loses counts unless the
// lock holds.

import { workerData } from 'node:worker_threads'
import { lockCell, unlockCell } from '../../src/zone/group-lock.ts'

const { buffer, worker, count } = workerData as {
  buffer: SharedArrayBuffer
  worker: number
  count: number
}
const cells = new Int32Array(buffer)
for (let i = 0; i < count; i++) {
  lockCell(cells, 0, worker)
  cells[1]!++
  unlockCell(cells, 0)
}
