// The real worker with one window in it: says on demand how many timers hang in its wheel, how many exchanges run and what
// memory it holds, so that tests can see that nothing is left behind. Changes nothing that the worker does.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort } from 'node:worker_threads'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import { WorkerSnapshot } from '../../src/worker/snapshot.ts'

/** What a worker holds. */
export interface Holdings {
  readonly kind: 'holdings'
  readonly timers: number
  /** Of all generations in which one has ended so far. */
  readonly exchanges: number
  /** Bytes of JavaScript heap and of buffers; without garbage when that was asked for. */
  readonly memoryBytes: number
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const wheels = new Set<TimerWheel>()
const { set } = TimerWheel.prototype
TimerWheel.prototype.set = function (this: TimerWheel, timer, delayMs) {
  wheels.add(this)
  set.call(this, timer, delayMs)
}

const snapshots = new Set<WorkerSnapshot>()
const { onExchangeEnd } = WorkerSnapshot.prototype
WorkerSnapshot.prototype.onExchangeEnd = function (this: WorkerSnapshot, exchange) {
  snapshots.add(this)
  onExchangeEnd.call(this, exchange)
}

parentPort!.on('message', (message: { readonly kind: string; readonly collects?: boolean }) => {
  if (message.kind !== 'tell-holdings') return
  if (message.collects === true) collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  let timers = 0
  for (const wheel of wheels) timers += wheel.count
  let exchanges = 0
  for (const snapshot of snapshots) exchanges += snapshot.active
  const answer: Holdings = {
    kind: 'holdings',
    timers,
    exchanges,
    memoryBytes: heapUsed + external,
  }
  parentPort!.postMessage(answer)
})

await import('../../src/worker/worker.ts')
