import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { Maintenance, maintenanceNames } from '../../src/control/maintenance.ts'
import { buildRoster } from '../../src/control/peer-roster.ts'
import type { PeerVerdict, Transition } from '../../src/control/probe-log.ts'
import type { Upstream } from '../../src/model/upstream.ts'
import type { Generation } from '../../src/worker/messages.ts'
import { ManualDelay } from '../harness/manual-delay.ts'
import { Ground, probedUpstream, sampleProbe, sampleRoster } from '../harness/roster.ts'
import { sampleConfig, tcp } from '../harness/sample-config.ts'

const PATH = '/etc/maintenance'
const A = '10.0.0.1:80'

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

class Bench extends Ground {
  files: readonly string[] | Error = []
  readonly time = new ManualDelay()
  readonly transitions: Transition[] = []
  readonly lines: string[] = []
  verdict: PeerVerdict = 'up'
  readonly maintenance = new Maintenance({
    zone: this.zone,
    onTransition: transition => this.transitions.push(transition),
    verdictOf: () => this.verdict,
    whyOf: () => 'connect() failed (111: Connection refused)',
    log: (level, text) => this.lines.push(`[${level}] ${text}`),
    now: () => 1_700_000_000_000,
    delay: this.time.delay,
    list: async () => {
      if (this.files instanceof Error) throw this.files
      return this.files
    },
  })

  use(generation: Generation): void {
    this.maintenance.use(buildRoster(generation, 0).peers)
  }
}

const watched = (parts: Partial<Upstream> = {}) =>
  probedUpstream({ probes: [], maintenancePath: PATH, ...parts })

describe('Maintenance', () => {
  it('takes a peer out when its file comes, and gives it back when that goes', async () => {
    const bench = new Bench()
    const generation = bench.make(watched())
    await bench.maintenance.prepare(generation)
    bench.use(generation)
    await bench.maintenance.look()
    assert.deepEqual(bench.states(generation), ['', ''])
    bench.files = [A, 'README']
    await bench.maintenance.look()
    assert.deepEqual(bench.states(generation), ['down', ''])
    bench.files = []
    await bench.maintenance.look()
    assert.deepEqual(bench.states(generation), ['', ''])
    assert.deepEqual(
      bench.transitions.map(({ text }) => text),
      [
        `peer ${A} in maintenance: maintenance file ${PATH}/${A}, upstream: "web"`,
        `peer ${A} back from maintenance: maintenance file ${PATH}/${A} is gone, upstream: "web"`,
      ],
    )
    bench.maintenance.close()
  })

  it('leaves a peer to its sessions where its probes do, and only there', async () => {
    const keeping = sampleProbe({ keepsSessions: true })
    const rows = [
      { probes: [keeping], expected: 'draining' },
      { probes: [keeping, sampleProbe({ name: 'other' })], expected: 'down' },
      { probes: [sampleProbe()], expected: 'down' },
    ]
    const bench = new Bench()
    bench.files = [A]
    for (const { probes, expected } of rows) {
      // A reload from one to the next leaves nothing behind.
      const generation = bench.make(watched({ probes }))
      await bench.maintenance.prepare(generation)
      bench.use(generation)
      assert.deepEqual(bench.states(generation), [expected, ''])
    }
    bench.maintenance.close()
  })

  it('says that a peer which comes back is still down, and why', async () => {
    const bench = new Bench()
    const generation = bench.make(watched())
    bench.files = [A]
    await bench.maintenance.prepare(generation)
    bench.use(generation)
    bench.verdict = 'down'
    bench.files = []
    await bench.maintenance.look()
    const { text, state } = bench.transitions.at(-1)!
    assert.equal(state, 'down')
    assert.equal(
      text,
      `peer ${A} back from maintenance: maintenance file ${PATH}/${A} is gone, ` +
        'still down: connect() failed (111: Connection refused), upstream: "web"',
    )
    bench.maintenance.close()
  })

  it('looks at the directory again and again', async () => {
    const bench = new Bench()
    const generation = bench.make(watched())
    bench.use(generation)
    await bench.maintenance.look()
    bench.files = ['10.0.0.2']
    await bench.time.pass()
    assert.deepEqual(bench.states(generation), ['', 'down'])
    bench.maintenance.close()
    assert.deepEqual(bench.time.waiting, [])
  })

  it('takes a peer out before anybody has served it', async () => {
    const bench = new Bench()
    bench.files = [A]
    const generation = bench.make(watched())
    await bench.maintenance.prepare(generation)
    assert.deepEqual(bench.states(generation), ['down', ''])
    bench.use(generation)
    assert.equal(bench.maintenance.fileOf(`web\n${A}`), `${PATH}/${A}`)
    assert.equal(bench.transitions.length, 1)
    bench.maintenance.close()
  })

  it('says nothing again when a reload changes nothing', async () => {
    const bench = new Bench()
    bench.files = [A]
    for (let count = 0; count < 2; count++) {
      const generation = bench.make(watched())
      await bench.maintenance.prepare(generation)
      bench.use(generation)
      assert.deepEqual(bench.states(generation), ['down', ''])
    }
    assert.equal(bench.transitions.length, 1)
    bench.maintenance.close()
  })

  it('gives peers back whose configuration has no directory any more', async () => {
    const bench = new Bench()
    bench.files = [A]
    const generation = bench.make(watched())
    await bench.maintenance.prepare(generation)
    bench.use(generation)
    const next = bench.make(watched({ maintenancePath: null }))
    await bench.maintenance.prepare(next)
    bench.use(next)
    assert.deepEqual(bench.states(next), ['', ''])
    bench.maintenance.close()
  })

  it('leaves everybody as they are while a directory cannot be read, and says so once', async () => {
    const bench = new Bench()
    bench.files = [A]
    const generation = bench.make(watched())
    bench.use(generation)
    await bench.maintenance.look()
    bench.files = systemError('EACCES')
    await bench.maintenance.look()
    await bench.maintenance.look()
    assert.deepEqual(bench.states(generation), ['down', ''])
    assert.deepEqual(bench.lines, [
      `[warn] opendir() "${PATH}" failed (13: Permission denied): maintenance files are not seen`,
    ])
    bench.maintenance.close()
  })

  it('gives everybody back when the directory is gone', async () => {
    const bench = new Bench()
    bench.files = [A]
    const generation = bench.make(watched())
    bench.use(generation)
    await bench.maintenance.look()
    bench.files = systemError('ENOENT')
    await bench.maintenance.look()
    assert.deepEqual(bench.states(generation), ['', ''])
    bench.maintenance.close()
  })
})

describe('maintenanceNames', () => {
  it('has address and port, address, and the same for the name, in full and short', () => {
    const upstream = watched({}) as Upstream
    const line = {
      ...upstream.peers[0]!,
      name: 'app.example.com:80',
      address: tcp('app.example.com:80'),
    }
    const config = sampleConfig({ upstreams: [{ ...upstream, peers: [line] }] })
    const generation = new Ground().makeFrom(config, [
      { name: 'web', peers: [{ peer: 0, address: tcp('10.0.0.1:80') }] },
    ])
    assert.deepEqual(maintenanceNames(buildRoster(generation, 0).peers[0]!), [
      '10.0.0.1:80',
      '10.0.0.1',
      'app.example.com:80',
      'app:80',
      'app.example.com',
      'app',
    ])
  })

  it('takes an IPv6 address with brackets and without', () => {
    const [peer] = sampleRoster(watched({})).peers
    const resolved = { ...peer!.resolved, address: tcp('fd00::1:80') }
    const address = { kind: 'tcp', host: 'fd00::1', port: 80 } as const
    const names = maintenanceNames({
      address: '[fd00::1]:80',
      resolved: { ...resolved, address },
      line: { ...peer!.line, name: '[fd00::1]:80', address },
    })
    assert.deepEqual(names, ['[fd00::1]:80', 'fd00::1:80', 'fd00::1', '[fd00::1]'])
  })

  it('never has a name that no file can have', () => {
    const [peer] = sampleRoster(watched()).peers
    const address = { kind: 'unix', path: '/run/app.sock' } as const
    const line = { ...peer!.line, name: 'unix:/run/app.sock', address }
    const resolved = { ...peer!.resolved, address }
    assert.deepEqual(maintenanceNames({ address: 'unix:/run/app.sock', resolved, line }), [])
  })
})
