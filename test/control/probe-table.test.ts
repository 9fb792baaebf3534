// Verdicts of a prober that the test plays, and what workers read of them in the peer zone.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { CONTROL_LIMITS } from '../../src/control/limits.ts'
import type { Transition } from '../../src/control/probe-log.ts'
import { ProbeTable } from '../../src/control/probe-table.ts'
import type { Generation } from '../../src/worker/messages.ts'
import { PEER } from '../../src/zone/layout.ts'
import { FakeProber } from '../harness/fake-prober.ts'
import { ManualDelay } from '../harness/manual-delay.ts'
import { Ground, probedUpstream, sampleProbe } from '../harness/roster.ts'
import { sampleConfig, tcp } from '../harness/sample-config.ts'

const A = '10.0.0.1:80'
const B = '10.0.0.2:80'

class Bench extends Ground {
  readonly prober = new FakeProber()
  readonly time = new ManualDelay()
  readonly transitions: Transition[] = []
  readonly lines: string[] = []
  nowMs = 1_700_000_000_000
  made = 0
  readonly table = new ProbeTable({
    zone: this.zone,
    makeProber: async onReport => {
      this.made++
      this.prober.onReport = onReport
      return this.prober
    },
    onTransition: transition => this.transitions.push(transition),
    log: (level, text) => this.lines.push(`[${level}] ${text}`),
    now: () => this.nowMs,
    delay: this.time.delay,
  })

  /** As a process does it: prepared, then served. */
  async serve(generation: Generation): Promise<Generation> {
    await this.table.prepare(generation)
    this.table.use(generation)
    return generation
  }

  changes(): string[] {
    return this.transitions.map(({ peer, before, state }) => `${peer.address} ${before} ${state}`)
  }

  recoveredAt(generation: Generation, peer: number): number {
    const line = this.zone.peerLine(generation.upstreams[0]!.peers[peer]!.slot)
    return this.zone.cells[line + PEER.recoveredAt]!
  }
}

const mandatory = (parts = {}) =>
  probedUpstream({ probes: [sampleProbe({ isMandatory: true, ...parts })] })

describe('ProbeTable', () => {
  it('makes no prober as long as nobody wants one', async () => {
    const bench = new Bench()
    await bench.serve(bench.make(probedUpstream({ probes: [] })))
    assert.equal(bench.made, 0)
    await bench.serve(bench.make(probedUpstream()))
    await bench.serve(bench.make(probedUpstream()))
    assert.equal(bench.made, 1)
  })

  it('takes a peer out that is down, and gives it back', async () => {
    const bench = new Bench()
    const generation = await bench.serve(bench.make(probedUpstream()))
    assert.deepEqual(bench.states(generation), ['', ''])
    bench.prober.report(A, 'down')
    assert.deepEqual(bench.states(generation), ['unhealthy', ''])
    bench.prober.report(A, 'up')
    assert.deepEqual(bench.states(generation), ['', ''])
    assert.deepEqual(bench.changes(), [`${A} up down`, `${A} down up`])
  })

  it('marks when a peer came back, for its slow start', async () => {
    const bench = new Bench()
    const generation = await bench.serve(bench.make(probedUpstream()))
    bench.prober.report(A, 'down')
    assert.equal(bench.recoveredAt(generation, 0), 0)
    bench.prober.report(A, 'up')
    assert.equal(bench.recoveredAt(generation, 0), 1_700_000_000 - 946_684_800)
  })

  it('leaves a peer to its sessions where the probe keeps them', async () => {
    const bench = new Bench()
    const probes = [sampleProbe({ keepsSessions: true })]
    const generation = await bench.serve(bench.make(probedUpstream({ probes })))
    bench.prober.report(A, 'down')
    assert.deepEqual(bench.states(generation), ['quiesced', ''])
    bench.prober.report(A, 'up')
    assert.deepEqual(bench.states(generation), ['', ''])
  })

  it('takes out a mandatory peer before anybody has served it, sessions or not', async () => {
    for (const keepsSessions of [false, true]) {
      const bench = new Bench()
      const generation = bench.make(mandatory({ keepsSessions }))
      await bench.table.prepare(generation)
      assert.deepEqual(bench.states(generation), ['unhealthy', 'unhealthy'])
      bench.table.use(generation)
      bench.prober.report(B, 'up')
      assert.deepEqual(bench.states(generation), ['unhealthy', ''])
      assert.deepEqual(bench.changes(), [`${B} checking up`])
    }
  })

  it('keeps a peer that is always down out from the first moment, without a word', async () => {
    const bench = new Bench()
    const check = { kind: 'fixed', isUp: false } as const
    const generation = bench.make(probedUpstream({ probes: [sampleProbe({ check })] }))
    await bench.table.prepare(generation)
    assert.deepEqual(bench.states(generation), ['unhealthy', 'unhealthy'])
    bench.table.use(generation)
    bench.prober.report(A, 'down', { before: 'down', why: 'is off' })
    assert.deepEqual(bench.changes(), [])
    assert.deepEqual(bench.lines, [])
  })

  it('asks again after a reload what is mandatory, unless that is persistent', async () => {
    for (const isPersistent of [false, true]) {
      const bench = new Bench()
      await bench.serve(bench.make(mandatory({ isPersistent })))
      bench.prober.report(A, 'up')
      bench.prober.report(B, 'up')
      const next = bench.make(mandatory({ isPersistent }))
      const expected = isPersistent ? '' : 'unhealthy'
      await bench.table.prepare(next)
      assert.deepEqual(bench.states(next), ['', ''], 'the workers before still pick by this')
      bench.table.use(next)
      assert.deepEqual(bench.states(next), [expected, expected])
    }
  })

  it('has modules loaded anew by a reload, and not by a change of names', async () => {
    const bench = new Bench()
    const generation = await bench.serve(bench.make(probedUpstream()))
    const peers = [{ peer: 0, address: tcp(B) }]
    bench.table.use(bench.generations.changePeers(generation, 0, { name: 'web', peers })!)
    assert.equal(bench.prober.renewals, 0)
    await bench.serve(bench.make(probedUpstream()))
    assert.equal(bench.prober.renewals, 1)
  })

  it('does not ask again when only names have changed', async () => {
    const bench = new Bench()
    const generation = await bench.serve(bench.make(mandatory()))
    bench.prober.report(A, 'up')
    const peers = [A, '10.0.0.3:80'].map(text => ({ peer: 0, address: tcp(text) }))
    const next = bench.generations.changePeers(generation, 0, { name: 'web', peers })!
    bench.table.mark(next)
    assert.deepEqual(bench.states(next), ['', 'unhealthy'])
    bench.table.use(next)
    assert.deepEqual(bench.states(next), ['', 'unhealthy'])
    assert.equal(bench.prober.targets.length, 2)
  })

  it('goes back to what was known when a configuration is refused', async () => {
    const bench = new Bench()
    const generation = await bench.serve(bench.make(probedUpstream()))
    bench.prober.report(A, 'down')
    const refused = bench.make(mandatory({ name: 'other' }))
    await bench.table.prepare(refused)
    assert.deepEqual(bench.states(generation), ['unhealthy', ''])
    bench.table.use(generation)
    assert.deepEqual(bench.states(generation), ['unhealthy', ''])
  })

  it('keeps a verdict over a reload by upstream and address', async () => {
    const bench = new Bench()
    await bench.serve(bench.make(probedUpstream()))
    bench.prober.report(B, 'down')
    const next = await bench.serve(bench.make(probedUpstream({}, [B, '10.0.0.3:80'])))
    assert.deepEqual(bench.states(next), ['unhealthy', ''])
    assert.deepEqual(bench.table.stateOf(bench.table.roster.peers[0]!)?.state, 'down')
  })

  const persistent = (name: string, parts = {}) =>
    mandatory({ name, isPersistent: true, keepsSessions: true, ...parts })

  it('lets a probe that takes the place of another begin with its verdict', async () => {
    const bench = new Bench()
    await bench.serve(bench.make(persistent('/old')))
    bench.prober.report(A, 'up')
    bench.prober.report(B, 'up')
    bench.prober.report(B, 'down', { why: 'gone', isGood: false })
    const next = bench.make(persistent('/new'))
    await bench.table.prepare(next)
    assert.deepEqual(bench.states(next), ['', 'quiesced'])
    bench.table.use(next)
    assert.deepEqual(bench.states(next), ['', 'quiesced'])
    assert.deepEqual(
      bench.prober.targets.map(({ probe, begins }) => [probe.name, begins]),
      [
        ['/new', 'up'],
        ['/new', 'down'],
      ],
    )
    const [a, b] = bench.table.roster.peers.map(peer => bench.table.stateOf(peer)!)
    assert.deepEqual([a!.state, a!.why, b!.state, b!.why], ['up', '', 'down', 'gone'])
    assert.deepEqual(bench.lines, [
      '[notice] the check of 2 peers has changed: checking again, as before until then, ' +
        'upstream: "web"',
    ])
  })

  it('keeps a peer out that was found down, also where its new probe is not mandatory', async () => {
    const bench = new Bench()
    await bench.serve(bench.make(probedUpstream({ probes: [sampleProbe({ name: '/old' })] })))
    bench.prober.report(A, 'down')
    const next = await bench.serve(
      bench.make(probedUpstream({ probes: [sampleProbe({ name: '/new' })] })),
    )
    assert.deepEqual(bench.states(next), ['unhealthy', ''])
  })

  it('bars nobody who is well by a probe that is added', async () => {
    const bench = new Bench()
    await bench.serve(bench.make(persistent('/one')))
    bench.prober.report(A, 'up')
    const { probes } = persistent('/one')
    const [added] = persistent('/two').probes
    const next = await bench.serve(bench.make(probedUpstream({ probes: [...probes, added!] })))
    assert.deepEqual(bench.states(next), ['', 'unhealthy'])
    assert.deepEqual(
      bench.prober.targets.map(({ begins }) => begins),
      [undefined, 'up', undefined, undefined],
    )
  })

  it('lets a probe that shall forget begin anew, bound sessions kept', async () => {
    const bench = new Bench()
    await bench.serve(bench.make(mandatory({ keepsSessions: true })))
    bench.prober.report(A, 'up')
    const next = await bench.serve(bench.make(mandatory({ keepsSessions: true })))
    assert.deepEqual(bench.states(next), ['quiesced', 'unhealthy'])
  })

  it('says that a probe of the same name asks something else', async () => {
    const bench = new Bench()
    await bench.serve(bench.make(persistent('page', { port: 81 })))
    bench.prober.report('10.0.0.1:81', 'up')
    const next = await bench.serve(bench.make(persistent('page', { port: 82 })))
    assert.deepEqual(bench.states(next), ['', 'unhealthy'])
    assert.equal(bench.lines.length, 1)
    await bench.serve(bench.make(persistent('page', { port: 82 })))
    assert.equal(bench.lines.length, 1, 'nothing has changed')
  })

  it('gives peers back whose probe went with a reload, and without a slow start', async () => {
    const bench = new Bench()
    await bench.serve(bench.make(probedUpstream()))
    bench.prober.report(A, 'down')
    const next = await bench.serve(bench.make(probedUpstream({ probes: [] })))
    assert.deepEqual(bench.states(next), ['', ''])
    assert.equal(bench.recoveredAt(next, 0), 0)
    assert.deepEqual(bench.prober.targets, [])
    assert.equal(bench.table.stateOf(bench.table.roster.peers[0]!), null)
  })

  it('starts anew with a peer that was gone in between', async () => {
    const bench = new Bench()
    await bench.serve(bench.make(probedUpstream()))
    bench.prober.report(A, 'down')
    await bench.serve(bench.make(probedUpstream({}, [B])))
    const back = await bench.serve(bench.make(probedUpstream()))
    assert.deepEqual(bench.states(back), ['', ''])
  })

  it('has a peer up only while all its probes say so', async () => {
    const bench = new Bench()
    const probes = [sampleProbe({ name: 'one' }), sampleProbe({ name: 'two' })]
    const generation = await bench.serve(bench.make(probedUpstream({ probes })))
    const [one, two] = bench.prober.targets
    bench.prober.report(A, 'down', { target: one! })
    bench.prober.report(A, 'down', { target: two! })
    bench.prober.report(A, 'up', { target: one! })
    assert.deepEqual(bench.states(generation), ['unhealthy', ''])
    bench.prober.report(A, 'up', { target: two! })
    assert.deepEqual(bench.states(generation), ['', ''])
    assert.deepEqual(bench.changes(), [`${A} up down`, `${A} down up`])
    assert.match(bench.transitions[0]!.text, /, probe: "one", upstream: "web"$/)
    assert.equal(bench.lines.length, 2, 'the other probe is heard of in between')
  })

  it('closes a peer to sessions too when one of two failed probes does not keep them', async () => {
    const bench = new Bench()
    const probes = [sampleProbe({ name: 'one', keepsSessions: true }), sampleProbe({ name: 'two' })]
    const generation = await bench.serve(bench.make(probedUpstream({ probes })))
    const [one, two] = bench.prober.targets
    bench.prober.report(A, 'down', { target: one! })
    assert.deepEqual(bench.states(generation), ['quiesced', ''])
    bench.prober.report(A, 'down', { target: two! })
    assert.deepEqual(bench.states(generation), ['unhealthy', ''])
    bench.prober.report(A, 'up', { target: two! })
    assert.deepEqual(bench.states(generation), ['quiesced', ''])
    assert.equal(bench.recoveredAt(generation, 0), 0)
  })

  it('has a raced peer up while any of its addresses is', async () => {
    const bench = new Bench()
    const upstream = probedUpstream({}, ['app.example:80'])
    const { address } = upstream.peers[0]!
    const peers = [{ peer: 0, address, rivals: [tcp(A), tcp(B)] }]
    const config = sampleConfig({ upstreams: [upstream] })
    const generation = await bench.serve(bench.makeFrom(config, [{ name: 'web', peers }]))
    bench.prober.report(A, 'down')
    assert.deepEqual(bench.states(generation), [''])
    bench.prober.report(B, 'down')
    assert.deepEqual(bench.states(generation), ['unhealthy'])
    bench.prober.report(A, 'up')
    assert.deepEqual(bench.states(generation), [''])
  })

  it('says what is not decided yet at level info', async () => {
    const bench = new Bench()
    await bench.serve(bench.make(probedUpstream()))
    bench.prober.report(A, 'up', { isGood: false, streak: 1, needed: 3, why: 'no answer' })
    assert.deepEqual(bench.lines, [
      `[info] peer ${A} soft failure: no answer, 1st of 3, upstream: "web"`,
    ])
    assert.deepEqual(bench.transitions, [])
  })

  it('has a probe asked at once after a failed request, where it wants that', async () => {
    const bench = new Bench()
    const probes = [sampleProbe({ isAskedOnFailure: true })]
    const generation = await bench.serve(bench.make(probedUpstream({ probes })))
    assert.deepEqual(
      bench.time.waiting.map(({ ms }) => ms),
      [CONTROL_LIMITS.failureWatchMs],
    )
    const line = bench.zone.peerLine(generation.upstreams[0]!.peers[1]!.slot)
    bench.zone.cells[line + PEER.failures]!++
    await bench.time.pass()
    assert.deepEqual(bench.prober.asked, [B])
    await bench.time.pass()
    assert.deepEqual(bench.prober.asked, [B])
    await bench.table.close()
    assert.deepEqual(bench.time.waiting, [])
  })

  it('watches nobody whose probe does not want that', async () => {
    const bench = new Bench()
    await bench.serve(bench.make(probedUpstream()))
    assert.deepEqual(bench.time.waiting, [])
  })

  it('changes nothing any more once it is closed', async () => {
    const bench = new Bench()
    const generation = await bench.serve(bench.make(probedUpstream()))
    await bench.table.close()
    bench.prober.report(A, 'down')
    assert.deepEqual(bench.states(generation), ['', ''])
    assert.equal(bench.prober.isClosed, true)
  })
})
