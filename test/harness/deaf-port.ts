// A port of this machine that neither accepts nor refuses: its queue is full, so that a connect hangs as it does towards a
// host that has gone away. A thread listens and then blocks, because Node accepts whatever it can.

import { once } from 'node:events'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import { afterTest } from './after-test.ts'

const LISTENER = `
  const { createServer } = require('node:net')
  const { parentPort } = require('node:worker_threads')
  const server = createServer()
  server.listen(0, '127.0.0.1', 1, () => {
    parentPort.postMessage(server.address().port)
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
  })`
/** More than a queue of one takes. */
const FILLERS = 6

/** Opens it; the test's end closes it. */
export async function startDeafPort(t: TestContext): Promise<number> {
  const worker = new Worker(LISTENER, { eval: true })
  const [port] = (await once(worker, 'message')) as [number]
  const fillers = Array.from({ length: FILLERS }, () => connect({ host: '127.0.0.1', port }))
  for (const filler of fillers) filler.on('error', () => {})
  afterTest(t, async () => {
    for (const filler of fillers) filler.destroy()
    await worker.terminate()
  })
  await Promise.all(fillers.slice(0, 2).map(filler => once(filler, 'connect')))
  return port
}
