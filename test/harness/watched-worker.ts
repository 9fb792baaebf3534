// The real worker with one window in it: says on demand how many timers hang in its wheel and what memory it holds, so
// that tests can see that nothing is left behind. Changes nothing that the worker does.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort } from 'node:worker_threads'
import { TimerWheel } from '../../src/base/timer-wheel.ts'

/** What a worker holds. */
export interface Holdings {
  readonly kind: 'holdings'
  readonly timers: number
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

parentPort!.on('message', (message: { readonly kind: string; readonly collects?: boolean }) => {
  if (message.kind !== 'tell-holdings') return
  if (message.collects === true) collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  let timers = 0
  for (const wheel of wheels) timers += wheel.count
  const answer: Holdings = { kind: 'holdings', timers, memoryBytes: heapUsed + external }
  parentPort!.postMessage(answer)
})

await import('../../src/worker/worker.ts')
