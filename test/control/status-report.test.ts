// What the report says of a peer, state by state.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Maintenance } from '../../src/control/maintenance.ts'
import { ProbeTable } from '../../src/control/probe-table.ts'
import {
  makeStatusReport,
  methodText,
  type StatusPeer,
  type StatusProbe,
} from '../../src/control/status-report.ts'
import type { Method, Upstream } from '../../src/model/upstream.ts'
import type { Generation } from '../../src/worker/messages.ts'
import { PEER } from '../../src/zone/layout.ts'
import { zoneSeconds } from '../../src/zone/peer-zone.ts'
import { afterTest } from '../harness/after-test.ts'
import { FakeProber } from '../harness/fake-prober.ts'
import { ManualDelay } from '../harness/manual-delay.ts'
import { Ground, probedUpstream, sampleProbe } from '../harness/roster.ts'
import { sampleConfig } from '../harness/sample-config.ts'

const A = '10.0.0.1:80'
const NOW_MS = 1_700_000_000_000

class Bench extends Ground {
  readonly prober = new FakeProber()
  readonly #time = new ManualDelay()
  files: string[] = []
  readonly #around = {
    zone: this.zone,
    onTransition: () => {},
    log: () => {},
    now: () => NOW_MS,
    delay: this.#time.delay,
  }
  readonly probes = new ProbeTable({
    ...this.#around,
    makeProber: async onReport => {
      this.prober.onReport = onReport
      return this.prober
    },
  })
  readonly maintenance = new Maintenance({
    ...this.#around,
    verdictOf: () => 'up',
    list: async () => this.files,
  })

  async serve(upstream: Upstream, hasAddresses = true): Promise<Generation> {
    const config = sampleConfig({ upstreams: [upstream] })
    const generation = hasAddresses
      ? this.makeFrom(config)
      : this.makeFrom(config, [{ name: upstream.name, peers: [] }])
    await this.probes.prepare(generation)
    await this.maintenance.prepare(generation)
    this.probes.use(generation)
    this.maintenance.use(this.probes.roster.peers)
    return generation
  }

  report(generation: Generation) {
    const { zone, probes, maintenance } = this
    const { config } = generation
    return makeStatusReport({
      running: { config, lines: [], generation, listening: { wanted: [], bound: [] } },
      workers: 2,
      zone,
      probes,
      maintenance,
      caches: [],
      transitions: [],
      nowMs: NOW_MS,
      startedMs: NOW_MS - 5_000,
    })
  }

  peer(generation: Generation, index = 0): StatusPeer {
    return this.report(generation).upstreams[0]!.peers[index]!
  }
}

interface Row {
  readonly name: string
  readonly upstream: Upstream
  readonly before?: (bench: Bench, generation: Generation) => void
  readonly state: string
  readonly why: RegExp
}

const plain = probedUpstream({ probes: [] })
const first = (parts: Partial<Upstream['peers'][number]>): Upstream => ({
  ...plain,
  peers: plain.peers.map((peer, index) => (index === 0 ? { ...peer, ...parts } : peer)),
})

const ROWS: readonly Row[] = [
  { name: 'a peer that nobody asks', upstream: plain, state: 'up', why: /^$/ },
  {
    name: 'a peer that the configuration takes out',
    upstream: first({ isDown: true }),
    state: 'down',
    why: /^marked down in the configuration$/,
  },
  {
    name: 'a peer that finishes what it has',
    upstream: first({ isDraining: true }),
    state: 'draining',
    why: /^only what is bound to it$/,
  },
  {
    name: 'a peer that was not asked yet and has to be',
    upstream: probedUpstream({ probes: [sampleProbe({ isMandatory: true })] }),
    state: 'checking',
    why: /^$/,
  },
  {
    name: 'a peer that a check took out',
    upstream: probedUpstream(),
    before: bench => bench.prober.report(A, 'down', { why: 'no answer' }),
    state: 'down',
    why: /^no answer$/,
  },
  {
    name: 'a peer that a check took out but for its sessions',
    upstream: probedUpstream({
      probes: [sampleProbe({ keepsSessions: true })],
      sticky: { kind: 'route', values: [] },
    }),
    before: bench => bench.prober.report(A, 'down', { why: 'no answer' }),
    state: 'down',
    why: /^no answer; bound sessions stay$/,
  },
  {
    name: 'the same where nothing is bound to a peer',
    upstream: probedUpstream({ probes: [sampleProbe({ keepsSessions: true })] }),
    before: bench => bench.prober.report(A, 'down', { why: 'no answer' }),
    state: 'down',
    why: /^no answer$/,
  },
  {
    name: 'a peer that was ejected',
    upstream: plain,
    before: (bench, generation) => {
      bench.zone.setState(generation.upstreams[0]!.peers[0]!.slot, 'ejected', true)
    },
    state: 'ejected',
    why: /^by outlier detection$/,
  },
  {
    name: 'a peer that failed users too often',
    upstream: first({ maxFails: 2, failTimeoutSeconds: 10 }),
    before: (bench, generation) => {
      const line = bench.zone.peerLine(generation.upstreams[0]!.peers[0]!.slot)
      bench.zone.cells[line + PEER.fails] = 2
      bench.zone.cells[line + PEER.checked] = zoneSeconds(NOW_MS / 1000) - 4
    },
    state: 'ejected',
    why: /^2 failures \(max_fails 2\), for 7 s more$/,
  },
  {
    name: 'a peer whose ban is over',
    upstream: first({ maxFails: 2, failTimeoutSeconds: 10 }),
    before: (bench, generation) => {
      const line = bench.zone.peerLine(generation.upstreams[0]!.peers[0]!.slot)
      bench.zone.cells[line + PEER.fails] = 2
      bench.zone.cells[line + PEER.checked] = zoneSeconds(NOW_MS / 1000) - 11
    },
    state: 'up',
    why: /^$/,
  },
]

describe('makeStatusReport', () => {
  for (const { name, upstream, before, state, why } of ROWS) {
    it(`has ${state} for ${name}`, async () => {
      const bench = new Bench()
      const generation = await bench.serve(upstream)
      before?.(bench, generation)
      const peer = bench.peer(generation)
      assert.equal(peer.state, state)
      assert.match(peer.why, why)
    })
  }

  it('has maintenance before everything that a check says', async t => {
    const bench = new Bench()
    afterTest(t, () => bench.maintenance.close())
    bench.files = [A]
    const generation = await bench.serve(probedUpstream({ maintenancePath: '/m' }))
    bench.prober.report(A, 'down')
    const { state, why } = bench.peer(generation)
    assert.deepEqual([state, why], ['maintenance', `maintenance file /m/${A}`])
  })

  it('has a line without an address, too', async () => {
    const bench = new Bench()
    const generation = await bench.serve(probedUpstream({}, ['app.example:80']), false)
    const { address, state, why } = bench.peer(generation)
    assert.deepEqual([address, state], ['app.example:80', 'resolving'])
    assert.equal(why, 'it has no address yet')
  })

  it('counts what peers were given', async () => {
    const bench = new Bench()
    const generation = await bench.serve(plain)
    const line = bench.zone.peerLine(generation.upstreams[0]!.peers[1]!.slot)
    bench.zone.cells[line + PEER.requests] = -1
    bench.zone.cells[line + PEER.failures] = 3
    const { weight, requests, failures } = bench.peer(generation, 1)
    assert.deepEqual([weight, requests, failures], [1, 2 ** 32 - 1, 3])
  })

  it('has no last check of a probe that asks nothing', async () => {
    const bench = new Bench()
    const check = { kind: 'fixed', isUp: true } as const
    const generation = await bench.serve(probedUpstream({ probes: [sampleProbe({ check })] }))
    bench.prober.report(A, 'up')
    const [{ kind, checks, last }] = bench.peer(generation).probes as [StatusProbe]
    assert.deepEqual([kind, checks, last], ['fixed', 0, null])
  })

  it('has what each probe found last', async () => {
    const bench = new Bench()
    const generation = await bench.serve(probedUpstream({ probes: [sampleProbe({ port: 99 })] }))
    assert.deepEqual(bench.peer(generation).probes, [
      {
        name: 'tcp',
        kind: 'tcp',
        address: '10.0.0.1:99',
        state: 'up',
        checks: 0,
        fails: 0,
        last: null,
      },
    ])
    bench.prober.report('10.0.0.1:99', 'down', { why: 'no', startedAt: NOW_MS - 50, streak: 2 })
    const [{ checks, fails, last } = {}] = bench.peer(generation).probes
    assert.deepEqual([checks, fails], [1, 1])
    assert.deepEqual(last, {
      at: '2023-11-14T22:13:19.950Z',
      tookMs: 12,
      good: false,
      detail: '',
      why: 'no',
      streak: 2,
      needed: 1,
    })
  })

  it('is the same text again when nothing has changed, and survives JSON', async () => {
    const bench = new Bench()
    const report = bench.report(await bench.serve(probedUpstream()))
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report)
    assert.equal(report.startedAt, '2023-11-14T22:13:15.000Z')
  })
})

describe('methodText', () => {
  const rows: [Method, string][] = [
    [{ kind: 'round_robin' }, 'round_robin'],
    [{ kind: 'random', isTwo: true, by: 'least_conn' }, 'random two least_conn'],
    [{ kind: 'random', isTwo: false, by: 'least_conn' }, 'random'],
    [{ kind: 'least_time', by: 'header', countsInflight: true }, 'least_time header inflight'],
    [{ kind: 'hash', key: [], placement: 'ketama', boundedPercent: null }, 'hash ketama'],
  ]
  for (const [method, text] of rows) {
    it(`has ${text}`, () => assert.equal(methodText(method), text))
  }
})
