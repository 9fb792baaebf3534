// What a pick with its release costs by each method among 2, 100 and 10,000 peers of weights 1 to
// 3, how long the tables of consistent hashing take to build, and what a pick leaves on the heap.
// Run: node bench/micro/balance/methods.bench.ts

import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { PeerGroup } from '../../../src/balance/peer-group.ts'
import type { GroupPeer } from '../../../src/balance/peer-list.ts'
import { buildPlacement } from '../../../src/balance/placement.ts'
import { TriedSet } from '../../../src/balance/tried.ts'
import { type Method, PLAIN_PEER } from '../../../src/model/upstream.ts'
import { createPeerZone, PeerZone } from '../../../src/zone/peer-zone.ts'

const NOW_SECONDS = 1_800_000_000
const SIZES = [2, 100, 10_000]
const ROUNDS = 15

const ROWS: readonly { readonly name: string; readonly method: Method }[] = [
  { name: 'round_robin', method: { kind: 'round_robin' } },
  { name: 'ip_hash', method: { kind: 'ip_hash' } },
  { name: 'hash', method: hash('modulo') },
  { name: 'hash consistent', method: hash('ketama') },
  { name: 'hash maglev', method: hash('maglev') },
  { name: 'hash consistent bounded=150%', method: hash('ketama', 150) },
  { name: 'random', method: { kind: 'random', isTwo: false, by: 'least_conn' } },
  { name: 'random two', method: { kind: 'random', isTwo: true, by: 'least_conn' } },
  { name: 'least_conn', method: { kind: 'least_conn' } },
  {
    name: 'least_time header',
    method: { kind: 'least_time', by: 'header', countsInflight: false },
  },
  { name: 'least_time peak_ewma', method: { kind: 'peak_ewma' } },
]

function hash(
  placement: 'modulo' | 'ketama' | 'maglev',
  boundedPercent: number | null = null,
): Method {
  return { kind: 'hash', key: [], placement, boundedPercent }
}

function makePeers(count: number): GroupPeer[] {
  return Array.from({ length: count }, (_, slot) => ({
    ...PLAIN_PEER,
    slot,
    name: `10.${slot >> 16}.${(slot >> 8) & 255}.${slot & 255}:80`,
    weight: 1 + (slot % 3),
  }))
}

/** Nanoseconds for a pick with its release, best round, and bytes that one leaves. */
function measure(method: Method, count: number): { ns: number; bytes: number } {
  const zone = new PeerZone(createPeerZone(), 0)
  const group = new PeerGroup(zone, 0, makePeers(count), { method, seed: 1 })
  const keys = Array.from({ length: 1024 }, (_, at) => `192.${at & 255}.${at >> 8}.${at % 7}`)
  const tried = new TriedSet()
  // Methods that look at every peer get fewer rounds of picks.
  const picks = method.kind.startsWith('least') || method.kind === 'peak_ewma' ? 200 : 20_000
  const run = () => {
    for (let i = 0; i < picks; i++) {
      tried.clear()
      const peer = group.pick(tried, NOW_SECONDS, keys[i & 1023]!)
      assert(peer !== -1)
      group.release(peer, 'success', NOW_SECONDS)
    }
  }
  for (let i = 0; i < 3; i++) run()
  collectGarbage()
  let ns = Number.POSITIVE_INFINITY
  let bytes = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const heap = process.memoryUsage().heapUsed
    const start = performance.now()
    run()
    ns = Math.min(ns, ((performance.now() - start) * 1e6) / picks)
    bytes = Math.min(bytes, Math.max(0, process.memoryUsage().heapUsed - heap) / picks)
  }
  return { ns, bytes }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

process.stdout.write(
  `ns per pick and release${' '.repeat(10)}${SIZES.map(n => String(n).padStart(8)).join('')}   bytes\n`,
)
for (const { name, method } of ROWS) {
  const found = SIZES.map(count => measure(method, count))
  const times = found.map(({ ns }) => ns.toFixed(0).padStart(8)).join('')
  const bytes = Math.max(...found.map(({ bytes }) => bytes)).toFixed(1)
  process.stdout.write(`  ${name.padEnd(31)}${times}   ${bytes}\n`)
}
process.stdout.write('ms to build a table\n')
for (const placement of ['ketama', 'maglev'] as const) {
  const times = SIZES.map(count => {
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < 3; round++) {
      const start = performance.now()
      buildPlacement(placement, makePeers(count))
      best = Math.min(best, performance.now() - start)
    }
    return best.toFixed(1).padStart(8)
  })
  process.stdout.write(`  ${placement.padEnd(31)}${times.join('')}\n`)
}
