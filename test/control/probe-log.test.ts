import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  doubtText,
  levelOf,
  ordinal,
  spanText,
  TRANSITIONS_MAX,
  TransitionRing,
  transitionText,
} from '../../src/control/probe-log.ts'
import type { ProbeReport } from '../../src/probe/prober.ts'
import { probedUpstream, sampleProbe, sampleRoster } from '../harness/roster.ts'

const roster = sampleRoster(probedUpstream({}, ['192.168.0.102:80']))
const peer = roster.peers[0]!

function report(parts: Partial<ProbeReport>): ProbeReport {
  return {
    target: roster.targets[0]!,
    isGood: false,
    why: 'body did not contain "Test Page" (200, 5,120 bytes, 12 ms)',
    detail: '200, 5,120 bytes, 12 ms',
    startedAt: 0,
    tookMs: 12,
    state: 'down',
    before: 'up',
    streak: 3,
    needed: 3,
    ...parts,
  }
}

describe('transitionText', () => {
  const rows = [
    {
      name: 'says why a peer is down, and the how manieth failure that was',
      text: transitionText(peer, 'down', report({}), 1000),
      expected:
        'peer 192.168.0.102:80 down: body did not contain "Test Page" ' +
        '(200, 5,120 bytes, 12 ms), 3rd of 3, upstream: "web"',
    },
    {
      name: 'counts nothing where one failure decides',
      text: transitionText(peer, 'down', report({ why: 'no', streak: 1, needed: 1 }), 1000),
      expected: 'peer 192.168.0.102:80 down: no, upstream: "web"',
    },
    {
      name: 'says how long a peer was down that is back',
      text: transitionText(
        peer,
        'up',
        report({ isGood: true, why: '', state: 'up', before: 'down', streak: 2, needed: 2 }),
        34_000,
      ),
      expected:
        'peer 192.168.0.102:80 up after 34 s: 200, 5,120 bytes, 12 ms, 2nd of 2, upstream: "web"',
    },
    {
      name: 'says only what was found of a peer that was asked for the first time',
      text: transitionText(
        peer,
        'up',
        report({ isGood: true, why: '', state: 'up', before: 'checking', streak: 1, needed: 1 }),
        20,
      ),
      expected: 'peer 192.168.0.102:80 up: 200, 5,120 bytes, 12 ms, upstream: "web"',
    },
    {
      name: 'has a word where the check had none',
      text: transitionText(peer, 'down', report({ why: '', detail: '', needed: 1 }), null),
      expected: 'peer 192.168.0.102:80 down: it failed, upstream: "web"',
    },
  ]
  for (const { name, text, expected } of rows) it(name, () => assert.equal(text, expected))

  it('names the probe where there are several, and the name that led to the address', () => {
    const upstream = probedUpstream({ probes: [sampleProbe({ name: 'a' }), sampleProbe()] })
    const peers = upstream.peers.map(line => ({ ...line, name: 'app.example:80' }))
    const several = sampleRoster({ ...upstream, peers })
    const target = several.targets[0]!
    const text = transitionText(several.peers[0]!, 'down', report({ target, why: 'no' }), 0)
    assert.equal(
      text,
      'peer 10.0.0.1:80 (app.example:80) down: no, 3rd of 3, probe: "a", upstream: "web"',
    )
  })
})

describe('doubtText', () => {
  const rows: { name: string; parts: Partial<ProbeReport>; expected: string | null }[] = [
    {
      name: 'tells of a failure that decides nothing yet',
      parts: { state: 'up', streak: 1, why: 'no' },
      expected: 'peer 192.168.0.102:80 soft failure: no, 1st of 3, upstream: "web"',
    },
    {
      name: 'tells of a good answer that decides nothing yet',
      parts: { isGood: true, state: 'down', before: 'down', streak: 1, needed: 2 },
      expected:
        'peer 192.168.0.102:80 answers again: 200, 5,120 bytes, 12 ms, 1st of 2, upstream: "web"',
    },
    {
      name: 'is silent about a peer that is as it was',
      parts: { isGood: true, state: 'up', streak: 9, needed: 1 },
      expected: null,
    },
    {
      name: 'is silent about a peer that stays down',
      parts: { state: 'down', before: 'down', streak: 40 },
      expected: null,
    },
    {
      name: 'tells of a peer that waits for its first verdict',
      parts: { state: 'checking', before: 'checking', streak: 2, why: 'no' },
      expected: 'peer 192.168.0.102:80 still checking: no, 2nd of 3, upstream: "web"',
    },
  ]
  for (const { name, parts, expected } of rows) {
    it(name, () => assert.equal(doubtText(peer, report(parts)), expected))
  }
})

describe('levelOf', () => {
  it('makes an error of a peer that goes down, and a notice of everything else', () => {
    assert.equal(levelOf('down'), 'error')
    assert.equal(levelOf('up'), 'notice')
    assert.equal(levelOf('maintenance'), 'notice')
  })
})

describe('ordinal', () => {
  for (const [count, text] of [
    [1, '1st'],
    [2, '2nd'],
    [3, '3rd'],
    [4, '4th'],
    [11, '11th'],
    [12, '12th'],
    [13, '13th'],
    [21, '21st'],
    [112, '112th'],
    [102, '102nd'],
  ] as const) {
    it(`has ${text}`, () => assert.equal(ordinal(count), text))
  }
})

describe('spanText', () => {
  for (const [ms, text] of [
    [-5, '0 ms'],
    [12, '12 ms'],
    [999, '999 ms'],
    [1_240, '1.2 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_000, '59 s'],
    [60_000, '1 min'],
    [192_000, '3 min 12 s'],
    [7_500_000, '2 h 5 min'],
    [273_600_000, '3 d 4 h'],
  ] as const) {
    it(`has ${text} for ${ms} ms`, () => assert.equal(spanText(ms), text))
  }
})

describe('TransitionRing', () => {
  it('keeps the last transitions, and nothing of a configuration', () => {
    const ring = new TransitionRing()
    for (let atMs = 0; atMs < TRANSITIONS_MAX + 5; atMs++) {
      ring.add({ atMs, peer, before: 'up', state: 'down', why: 'no', text: 'line' })
    }
    assert.equal(ring.all.length, TRANSITIONS_MAX)
    assert.deepEqual(ring.all[0], {
      atMs: 5,
      upstream: 'web',
      peer: '192.168.0.102:80',
      name: '192.168.0.102:80',
      before: 'up',
      state: 'down',
      why: 'no',
      text: 'line',
    })
  })
})
