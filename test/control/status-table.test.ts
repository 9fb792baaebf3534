import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { StatusPeer, StatusProbe, StatusReport } from '../../src/control/status-report.ts'
import { statusTable } from '../../src/control/status-table.ts'

const NOW = '2026-11-21T10:00:00.000Z'

const PROBE: StatusProbe = {
  name: '/alive',
  kind: 'http',
  address: '10.0.0.1:80',
  state: 'up',
  checks: 9,
  fails: 0,
  last: {
    at: '2026-11-21T09:59:58.788Z',
    tookMs: 12,
    good: true,
    detail: '200, 5,120 bytes, 12 ms',
    why: '',
    streak: 9,
    needed: 1,
  },
}

function peer(address: string, parts: Partial<StatusPeer> = {}): StatusPeer {
  return {
    address,
    name: address,
    backup: false,
    weight: 1,
    active: 0,
    requests: 0,
    failures: 0,
    ejections: 0,
    state: 'up',
    since: null,
    why: '',
    probes: [],
    ...parts,
  }
}

function report(peers: readonly StatusPeer[], parts: Partial<StatusReport> = {}): StatusReport {
  return {
    format: 1,
    version: '1.2.3',
    pid: 42,
    now: NOW,
    startedAt: '2026-11-21T06:48:00.000Z',
    config: '/etc/headgate/a.yaml',
    generation: 3,
    workers: 2,
    upstreams: [
      {
        name: 'web',
        virtuals: ['192.168.0.110:80'],
        method: 'round_robin',
        sticky: null,
        panic: false,
        peers,
      },
    ],
    caches: [],
    limits: [],
    transitions: [],
    ...parts,
  }
}

const STYLE = { hasColor: false, columns: 0, transitionsMax: 10 }

const WRONG_PAGE = 'body did not contain "Test Page" (200, 9 bytes, 3 ms)'
const DOWN: StatusProbe = {
  ...PROBE,
  state: 'down',
  last: { ...PROBE.last!, good: false, why: WRONG_PAGE, streak: 3, needed: 3 },
}

describe('statusTable', () => {
  it('lays out services and peers', () => {
    const text = statusTable(
      report([
        peer('192.168.0.101:80', { active: 12, requests: 1_234_567, probes: [PROBE] }),
        peer('192.168.0.102:80', { state: 'down', weight: 10, why: WRONG_PAGE, probes: [DOWN] }),
        peer('10.0.0.3:80', { name: 'app.example:80', backup: true }),
      ]),
      STYLE,
    )
    assert.deepEqual(text.split('\n'), [
      'headgate 1.2.3 pid 42, 2 workers, generation 3, up 3 h 12 min: /etc/headgate/a.yaml',
      'Prot LocalAddress:Port Scheduler Flags',
      '  -> RemoteAddress:Port           Weight   ActiveConn Requests  State Last check',
      'TCP  192.168.0.110:80 round_robin (web)',
      '  -> 192.168.0.101:80             1        12         1,234,567 up    1.2 s ago: 200, 5,120 bytes, 12 ms',
      `  -> 192.168.0.102:80             10       0          0         down  1.2 s ago: ${WRONG_PAGE}`,
      '  -> 10.0.0.3:80 (app.example:80) 1 backup 0          0         up    -',
      '',
    ])
  })

  const checks: { name: string; peer: StatusPeer; expected: RegExp }[] = [
    {
      name: 'counts towards a verdict that is not there yet',
      peer: peer('a', {
        probes: [
          { ...PROBE, last: { ...PROBE.last!, good: false, why: 'no', streak: 1, needed: 3 } },
        ],
      }),
      expected: /up +1\.2 s ago: no, 1 of 3$/,
    },
    {
      name: 'shows the bad answer of two probes',
      peer: peer('a', { state: 'down', why: WRONG_PAGE, probes: [PROBE, DOWN] }),
      expected: /down +1\.2 s ago: body did not contain "Test Page" \(200, 9 bytes, 3 ms\)$/,
    },
    {
      name: 'says that nobody was asked yet',
      peer: peer('a', { state: 'checking', probes: [{ ...PROBE, last: null }] }),
      expected: /checking +not asked yet$/,
    },
    {
      name: 'shows no check of a peer that is only up by the configuration',
      peer: peer('a', { probes: [{ ...PROBE, kind: 'fixed', last: null }] }),
      expected: /up +-$/,
    },
    {
      name: 'says why beside the last check where that is something else',
      peer: peer('a', { state: 'maintenance', why: 'maintenance file /m/a', probes: [PROBE] }),
      expected: /ago: 200, 5,120 bytes, 12 ms; maintenance file \/m\/a$/,
    },
    {
      name: 'shows nothing of what a peer sent that a terminal would obey',
      peer: peer('a', { state: 'down', why: '\x1b[2J\r\n' }),
      expected: /down +\\x1b\[2J\\x0d\\x0a$/,
    },
  ]
  for (const { name, peer: shown, expected } of checks) {
    it(name, () => assert.match(statusTable(report([shown]), STYLE).split('\n')[4]!, expected))
  }

  it('has a line for each address of clients, and one where there is none', () => {
    const [upstream] = report([]).upstreams
    const virtuals = ['192.168.0.110:80', 'unix:/run/web.sock']
    const upstreams = [
      { ...upstream!, virtuals, sticky: 'source 600s', panic: true },
      { ...upstream!, name: 'idle', virtuals: [] },
    ]
    assert.deepEqual(statusTable(report([], { upstreams }), STYLE).split('\n').slice(3), [
      'TCP  192.168.0.110:80 round_robin (web, sticky source 600s, PANIC)',
      'UNIX /run/web.sock round_robin (web, sticky source 600s, PANIC)',
      '  (no peers)',
      'TCP  - round_robin (idle)',
      '  (no peers)',
      '',
    ])
  })

  it('shows the last transitions, the newest last', () => {
    const entry = { upstream: 'web', peer: 'a', name: 'a', state: 'down', before: 'up', why: '' }
    const transitions = [1, 2, 3].map(count => ({ ...entry, at: NOW, text: `line ${count}` }))
    const text = statusTable(report([], { transitions }), { ...STYLE, transitionsMax: 2 })
    assert.match(text, /\n\nLast transitions\n\S+ \S+ line 2\n\S+ \S+ line 3\n$/)
  })

  it('paints the state and nothing else', () => {
    const text = statusTable(report([peer('a', { state: 'down', why: 'x down' })]), {
      ...STYLE,
      hasColor: true,
    })
    const [, rest] = text.split('-> a')
    assert.match(rest!, /^ +1 +0 +0 +\x1b\[31mdown\x1b\[0m +x down\n$/)
  })

  it('cuts lines to the screen, before it paints', () => {
    const text = statusTable(report([peer('a', { state: 'down', why: 'y'.repeat(200) })]), {
      ...STYLE,
      hasColor: true,
      columns: 70,
    })
    const line = text.split('\n')[4]!
    assert.equal(line.replaceAll(/\x1b\[\d+m/g, '').length, 70)
    assert.match(line, /y…$/)
  })
})
