// A worker that serves nothing and speaks every message of worker/messages.ts. The name of an upstream says how it
// behaves: `die-at-start`, `die-1-at-start` (only worker 1), `die-at-reload`, `refuse`, `refuse-1`, `hang`,
// `hang-on-drain`, `purge`. While it runs, `killFakeWorker` ends it, through its cell of what should be the metric zone.

import { parentPort, workerData } from 'node:worker_threads'

import type { FromWorker, Generation, ToWorker, WorkerStart } from '../../src/worker/messages.ts'

const start = workerData as WorkerStart
const port = parentPort!
let generation = start.generation

const say = (message: FromWorker) => port.postMessage(message)

function behaves(name: string, of: Generation = generation): boolean {
  return of.upstreams.some(upstream => upstream.name === name)
}

function take(next: Generation, isStart: boolean): void {
  if (behaves('hang', next)) {
    say({ kind: 'log', level: 'info', text: `worker ${start.index} hangs` })
    return
  }
  if (behaves(`die-${start.index}-at-start`, next) && isStart) throw new Error('died as told')
  if (behaves('die-at-reload', next) && !isStart) throw new Error('died as told')
  if (behaves('die-at-start', next)) throw new Error('died as told')
  if (behaves('refuse', next) || behaves(`refuse-${start.index}`, next)) {
    say({ kind: 'failed', generation: next.number, message: `worker ${start.index} refuses` })
    if (isStart) process.exit(1)
    return
  }
  const before = generation.number
  generation = next
  const bound = next.listeners.map(address =>
    address.kind === 'tcp' && address.port === 0 ? { ...address, port: 40_000 } : address,
  )
  say({ kind: 'ready', generation: next.number, bound })
  const listeners = next.listeners.map(address =>
    address.kind === 'tcp' ? String(address.port) : address.path,
  )
  const text = `worker ${start.index} of ${start.count} took ${next.number}: ${listeners.join(' ')}`
  say({ kind: 'log', level: 'info', text })
  if (behaves('purge')) say({ kind: 'purge-prefix', id: 7, cache: 'pages', prefix: '/a' })
  if (isStart) return
  say({ kind: 'released', generation: before })
  say({ kind: 'log', level: 'info', text: `worker ${start.index} released ${before}` })
}

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'reload':
      take(message.generation, false)
      break
    case 'peers': {
      const { upstream } = message
      const before = generation.upstreams.find(({ name }) => name === upstream.name)!
      generation = {
        ...generation,
        upstreams: generation.upstreams.map(each => (each === before ? upstream : each)),
      }
      const text = `worker ${start.index} got ${upstream.name} with ${upstream.peers.length} peers`
      say({ kind: 'log', level: 'info', text })
      say({ kind: 'released-peers', version: before.version })
      break
    }
    case 'stop-accepting':
      say({ kind: 'log', level: 'info', text: `worker ${start.index} stopped accepting` })
      break
    case 'drain':
      say({
        kind: 'log',
        level: 'info',
        text: `worker ${start.index} drains: ${message.timeoutMs}`,
      })
      if (behaves('hang-on-drain')) break
      say({ kind: 'drained' })
      port.close()
      break
    case 'cache-key': {
      const { id, url, method } = message
      if (url === 'hang') break
      if (url === 'die') throw new Error('died as told')
      const key = `${method} ${url} by ${start.index}`
      const found = [{ cache: 'pages', key, isPrefix: false }]
      say({ kind: 'cache-key', id, found, problem: '' })
      break
    }
    case 'purged':
      say({ kind: 'log', level: 'info', text: `${message.id} purged ${message.count}` })
      break
    case 'reopen-logs':
      say({ kind: 'reopened' })
      break
  }
})

const cells = new Int32Array(start.metricZone)
const told = Atomics.waitAsync(cells, start.index, 0)
void Promise.resolve(told.value).then(() => {
  Atomics.store(cells, start.index, 0)
  throw new Error('died as told')
})

take(start.generation, true)
