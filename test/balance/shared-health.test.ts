// Real threads on one group: every ejection and every panic is decided from what all of them saw,
// and noticed by exactly one.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { DEFAULT_OUTLIERS, NGINX_HEALTH } from '../../src/model/passive-health.ts'
import { GROUP, HEALTH } from '../../src/zone/layout.ts'
import { createPeerZone, PeerZone } from '../../src/zone/peer-zone.ts'
import type { HealthReport, HealthTask } from './health-worker.ts'

const THREADS = 4

const threads = new Set<Worker>()
afterEach(async () => {
  for (const thread of threads) await thread.terminate()
  threads.clear()
})

type Wish = Pick<HealthTask, 'health' | 'seconds' | 'perSecond' | 'failsOneIn' | 'maxFails'>

async function run(wish: Wish): Promise<{ main: PeerZone; reports: HealthReport[] }> {
  const buffer = createPeerZone()
  const main = new PeerZone(buffer, -1)
  const peers = wish.failsOneIn.length
  main.initializeGroup(
    0,
    wish.failsOneIn.map((_, slot) => ({ slot, weight: 1 })),
  )
  const barrier = new Int32Array(new SharedArrayBuffer(4))
  const reports = Array.from({ length: THREADS }, async (_, worker) => {
    const workerData: HealthTask = { ...wish, buffer, worker, peers, barrier, threads: THREADS }
    const thread = new Worker(new URL('./health-worker.ts', import.meta.url), { workerData })
    threads.add(thread)
    const [report] = await once(thread, 'message')
    return report as HealthReport
  })
  return { main, reports: await Promise.all(reports) }
}

function kindsOf(reports: readonly HealthReport[]): string[] {
  return reports.flatMap(({ news }) =>
    news.map(each => (each.kind === 'ejected' ? `${each.peer} ${each.cause}` : each.kind)),
  )
}

const outliers = { ...DEFAULT_OUTLIERS, baseSeconds: 60, maxEjectedPercent: 50 }

describe('HealthWatch over several threads', { timeout: 60_000 }, () => {
  it('ejects once for the failures in a row of all, which no thread has seen alone', async () => {
    const { main, reports } = await run({
      health: { ...NGINX_HEALTH, outliers: { ...outliers, consecutive: 200 } },
      maxFails: 0,
      seconds: 2,
      perSecond: 180,
      failsOneIn: [1, 0, 0],
    })
    assert.deepEqual(kindsOf(reports), ['0 failures_in_a_row'])
    const line = main.healthLine(0)
    assert.equal(main.cells[line + HEALTH.ejections], 1)
    // Each thread may have had one more under way.
    const faults = main.cells[line + HEALTH.faults]!
    assert.ok(faults >= 200 && faults < 200 + THREADS, `${faults}`)
    assert.deepEqual(main.snapshotPeer(0).states, ['ejected'])
  })

  it('compares the sums of all, once in an interval', async () => {
    const { reports } = await run({
      health: { ...NGINX_HEALTH, outliers: { ...outliers, consecutive: 0 } },
      maxFails: 0,
      seconds: 12,
      // 120 for each peer in ten seconds, 30 of each thread.
      perSecond: 18,
      failsOneIn: [0, 3, 0, 0, 0, 0],
    })
    assert.deepEqual(kindsOf(reports), ['1 success_rate'])
  })

  it('never ejects more than the share, however many fail at once', async () => {
    const { main, reports } = await run({
      health: { ...NGINX_HEALTH, outliers },
      maxFails: 0,
      seconds: 3,
      perSecond: 400,
      failsOneIn: [1, 1, 1, 1, 1, 1, 1, 1],
    })
    assert.equal(kindsOf(reports).length, 4)
    const ejected = [0, 1, 2, 3, 4, 5, 6, 7].filter(
      slot => main.snapshotPeer(slot).states.length > 0,
    )
    assert.equal(ejected.length, 4)
  })

  it('enters panic once, and no thread is left without a peer', async () => {
    const { main, reports } = await run({
      health: { ...NGINX_HEALTH, panicPercent: 50 },
      maxFails: 1,
      seconds: 3,
      perSecond: 300,
      failsOneIn: [1, 1, 1],
    })
    assert.deepEqual(kindsOf(reports), ['panic'])
    assert.equal(main.cells[main.groupLine(0) + GROUP.panics], 1)
    assert.equal(
      reports.reduce((sum, { misses }) => sum + misses, 0),
      0,
    )
  })
})
