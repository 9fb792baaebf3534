// The real worker, which dies of an uncaught error when a file `die-<index>` appears in the directory of the
// configuration.

import { existsSync, rmSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import { workerData } from 'node:worker_threads'

import type { WorkerStart } from '../../src/worker/messages.ts'

const start = workerData as WorkerStart
const directory = dirname(start.generation.config.file)
const order = join(directory, `die-${start.index}`)

const watcher = watch(directory, () => {
  if (!existsSync(order)) return
  rmSync(order)
  throw new Error('died as told')
})
watcher.unref()

await import('../../src/worker/worker.ts')
