// What watching over a group costs a pick and its release while all is well: nginx's rules alone
// against outlier detection and panic, in turns and in one process, with the clock of a busy worker
// (a second every 50,000 requests). Checks that both pick the same peers first. Run:
// node bench/micro/balance/health.bench.ts

import assert from 'node:assert/strict'
import { PeerGroup } from '../../../src/balance/peer-group.ts'
import { TriedSet } from '../../../src/balance/tried.ts'
import {
  DEFAULT_OUTLIERS,
  NGINX_HEALTH,
  type PassiveHealth,
} from '../../../src/model/passive-health.ts'
import { PLAIN_PEER } from '../../../src/model/upstream.ts'
import { createPeerZone, PeerZone } from '../../../src/zone/peer-zone.ts'
import { NOW_SECONDS } from './picking-loop.ts'

const WATCHING: PassiveHealth = { ...NGINX_HEALTH, outliers: DEFAULT_OUTLIERS, panicPercent: 50 }
const ROUNDS = 60
const REQUESTS = 10_000
const REQUESTS_PER_SECOND = 50_000

class Loop {
  readonly #group: PeerGroup
  readonly #tried = new TriedSet()
  #requests = 0
  best = Number.POSITIVE_INFINITY

  constructor(count: number, health: PassiveHealth) {
    const peers = Array.from({ length: count }, (_, slot) => {
      return { ...PLAIN_PEER, name: `10.0.0.${slot}`, slot }
    })
    this.#group = new PeerGroup(new PeerZone(createPeerZone(), 0), 0, peers, { health })
  }

  step(): number {
    const now = NOW_SECONDS + Math.trunc(this.#requests++ / REQUESTS_PER_SECOND)
    this.#tried.clear()
    const peer = this.#group.pick(this.#tried, now)
    this.#group.release(peer, 'success', now)
    return peer
  }

  time(): void {
    const start = performance.now()
    for (let i = 0; i < REQUESTS; i++) this.step()
    this.best = Math.min(this.best, ((performance.now() - start) * 1e6) / REQUESTS)
  }
}

process.stdout.write('ns per pick and release, best round: nginx alone, with outliers and panic\n')
for (const count of [2, 3, 10, 100, 1000]) {
  const plain = new Loop(count, NGINX_HEALTH)
  const watching = new Loop(count, WATCHING)
  for (let i = 0; i < 1000; i++) assert.equal(plain.step(), watching.step())
  for (let round = 0; round < ROUNDS; round++) {
    plain.time()
    watching.time()
  }
  const [before, after] = [plain.best, watching.best].map(ns => ns.toFixed(0).padStart(6))
  process.stdout.write(`  ${`${count} peers`.padEnd(12)}${before}${after}\n`)
}
