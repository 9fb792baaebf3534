// What a pick with its release costs: smooth round robin under the group's lock against a
// precomputed order with a shared cursor, alone and with two threads on one group; and what the
// second gives away. Checks equal orders first. Run: node bench/micro/balance/pick.bench.ts

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { TriedSet } from '../../../src/balance/tried.ts'
import { createPeerZone, PeerZone } from '../../../src/zone/peer-zone.ts'
import { type LoopTask, makeGroup, NOW_SECONDS } from './picking-loop.ts'

const WAYS = ['lock', 'cursor'] as const
const GROUPS = [
  { name: '1 peer (single)', weights: [1] },
  { name: '2 peers', weights: [1, 1] },
  { name: '3 peers 5,1,1', weights: [5, 1, 1] },
  { name: '10 peers', weights: Array.from({ length: 10 }, (_, peer) => 1 + (peer % 3)) },
  { name: '100 peers', weights: Array.from({ length: 100 }, (_, peer) => 1 + (peer % 3)) },
  { name: '1000 peers', weights: Array.from({ length: 1000 }, () => 1) },
]

function orderOf(weights: readonly number[], way: LoopTask['way'], count: number): string {
  const group = makeGroup(new PeerZone(createPeerZone(), 0), weights, way)
  return Array.from({ length: count }, () => group.pick(new TriedSet(), NOW_SECONDS)).join()
}

/** First and second tries of each peer when the heaviest of 6,3,1 fails every time. */
function triesByPeer(way: LoopTask['way']): string {
  const group = makeGroup(new PeerZone(createPeerZone(), 0), [6, 3, 1], way)
  const firsts = [0, 0, 0]
  const seconds = [0, 0, 0]
  for (let i = 0; i < 10_000; i++) {
    const tried = new TriedSet()
    const first = group.pick(tried, NOW_SECONDS)
    group.release(first, 'neutral', NOW_SECONDS)
    firsts[first]!++
    if (first !== 0) continue
    const second = group.pick(tried, NOW_SECONDS)
    group.release(second, 'neutral', NOW_SECONDS)
    seconds[second]!++
  }
  return `first ${firsts.join(' ')}, second ${seconds.join(' ')}`
}

/** What a lock's two atomic operations cost here and now: the yardstick for the other numbers. */
function timeAtomics(): number {
  const cells = new Int32Array(new SharedArrayBuffer(64))
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 30; round++) {
    const start = performance.now()
    for (let i = 0; i < 20_000; i++) {
      Atomics.compareExchange(cells, 0, 0, 1)
      Atomics.exchange(cells, 0, 0)
    }
    best = Math.min(best, ((performance.now() - start) * 1e6) / 20_000)
  }
  return best
}

/** Each measurement in threads of its own: code optimized for one way must not slow the other. */
async function timeThreads(weights: readonly number[], way: LoopTask['way'], threads: number) {
  const buffer = createPeerZone()
  const requests = Math.ceil((threads === 1 ? 20_000 : 200_000) / Math.sqrt(weights.length))
  const running = Array.from({ length: threads }, (_, worker) => {
    const rounds = threads === 1 ? 40 : 6
    const workerData: LoopTask = { buffer, worker, weights, way, requests, rounds }
    return new Worker(new URL('./picking-loop.ts', import.meta.url), { workerData })
  })
  const results = await Promise.all(running.map(thread => once(thread, 'message')))
  const times = results.map(([time]) => time as { best: number; median: number })
  return threads === 1 ? times[0]!.best : Math.max(...times.map(({ median }) => median))
}

async function printTable(title: string, groups: typeof GROUPS, threads: number): Promise<void> {
  process.stdout.write(`${title}\n`)
  for (const { name, weights } of groups) {
    const columns: string[] = []
    for (const way of WAYS) {
      columns.push(`${way} ${(await timeThreads(weights, way, threads)).toFixed(0)}`)
    }
    process.stdout.write(`  ${name.padEnd(18)} ${columns.join('   ')}\n`)
  }
}

// Longer lists go by a rotation, whose order is its own.
for (const { weights } of GROUPS.slice(1).filter(group => group.weights.length <= 100)) {
  assert.equal(orderOf(weights, 'lock', 3000), orderOf(weights, 'cursor', 3000))
}

process.stdout.write(`ns of the two atomic operations of a lock: ${timeAtomics().toFixed(0)}\n`)
await printTable('ns per pick and release, one thread: best round', GROUPS, 1)
await printTable('the same, two threads that do nothing else: median', GROUPS.slice(1, 5), 2)
process.stdout.write('tries by peer, weights 6,3,1, the first fails every time\n')
for (const way of WAYS) process.stdout.write(`  ${way.padEnd(18)} ${triesByPeer(way)}\n`)
