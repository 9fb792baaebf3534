// The real worker, which stops listening to anybody when the file `stick` appears in the directory of the
// configuration: `spin` in it means a loop that never ends, anything else a system call that never comes back.

import { existsSync, readFileSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'

import type { FromWorker, WorkerStart } from '../../src/worker/messages.ts'

const start = workerData as WorkerStart
const directory = dirname(start.generation.config.file)
const order = join(directory, 'stick')

function say(text: string): void {
  const message: FromWorker = { kind: 'log', level: 'notice', text }
  parentPort!.postMessage(message)
}

const watcher = watch(directory, () => {
  if (!existsSync(order)) return
  const how = readFileSync(order, 'utf8')
  if (how === '') return
  say(`worker ${start.index} sticks`)
  if (how === 'spin') for (;;);
  // Opening a FIFO waits for somebody at its other end.
  readFileSync(join(directory, 'fifo'))
})
watcher.unref()

await import('../../src/worker/worker.ts')
