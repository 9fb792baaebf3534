import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { buildRoster } from '../../src/control/peer-roster.ts'
import { addressText } from '../../src/model/listener.ts'
import type { ProbeCheck } from '../../src/model/probe.ts'
import { Ground, probedUpstream, sampleProbe, sampleRoster } from '../harness/roster.ts'
import { sampleConfig, sampleUpstream, tcp } from '../harness/sample-config.ts'

const asked = (roster: { readonly targets: readonly { readonly address: never }[] }) =>
  roster.targets.map(({ address }) => addressText(address))

describe('buildRoster', () => {
  it('asks every address of an upstream with a probe, and no other', () => {
    const roster = sampleRoster(probedUpstream(), sampleUpstream('other', '10.9.9.9:80'))
    assert.deepEqual(asked(roster as never), ['10.0.0.1:80', '10.0.0.2:80'])
    assert.deepEqual(
      roster.peers.map(({ address, probes }) => [address, probes.length]),
      [
        ['10.0.0.1:80', 1],
        ['10.0.0.2:80', 1],
        ['10.9.9.9:80', 0],
      ],
    )
  })

  it('asks at the port of the probe', () => {
    const roster = sampleRoster(probedUpstream({ probes: [sampleProbe({ port: 8080 })] }))
    assert.deepEqual(asked(roster as never), ['10.0.0.1:8080', '10.0.0.2:8080'])
  })

  it('does not ask what the configuration takes out', () => {
    const upstream = probedUpstream()
    const peers = upstream.peers.map((peer, index) => ({ ...peer, isDown: index === 0 }))
    assert.deepEqual(asked(sampleRoster({ ...upstream, peers }) as never), ['10.0.0.2:80'])
  })

  it('asks an address once that stands on two lines, and gives both the answer', () => {
    const roster = sampleRoster(probedUpstream({}, ['10.0.0.1:80', '10.0.0.1:80']))
    assert.equal(roster.targets.length, 1)
    const [first, second] = roster.peers
    assert.notEqual(first!.id, second!.id)
    assert.notEqual(first!.slot, second!.slot)
    assert.deepEqual(roster.byKey.get(roster.targets[0]!.key), [first, second])
  })

  it('asks an address twice when its lines have two questions', () => {
    const own: ProbeCheck = { kind: 'tcp', tls: null, send: 'x', expect: null }
    const upstream = probedUpstream({ probes: [sampleProbe({ checksOfPeers: { 1: own } })] }, [
      '10.0.0.1:80',
      '10.0.0.1:80',
    ])
    const roster = sampleRoster(upstream)
    assert.deepEqual(
      roster.targets.map(({ check }) => (check.kind === 'tcp' ? check.send : '')),
      ['', 'x'],
    )
    assert.deepEqual(
      roster.peers.map(({ probes }) => probes[0]!.keys.length),
      [1, 1],
    )
  })

  it('keeps the keys of what is the same in another generation with other peers before it', () => {
    const before = sampleRoster(probedUpstream())
    const after = sampleRoster(probedUpstream({}, ['10.0.0.7:80', '10.0.0.2:80', '10.0.0.1:80']))
    const keys = new Set(after.targets.map(({ key }) => key))
    assert.equal(before.targets.filter(({ key }) => keys.has(key)).length, 2)
    const ids = new Set(after.peers.map(({ id }) => id))
    assert.equal(before.peers.filter(({ id }) => ids.has(id)).length, 2)
  })

  it('gives a mandatory probe that is not persistent another key in another epoch', () => {
    const rows = [
      { isMandatory: true, isPersistent: false, isSame: false },
      { isMandatory: true, isPersistent: true, isSame: true },
      { isMandatory: false, isPersistent: false, isSame: true },
    ]
    for (const { isSame, ...parts } of rows) {
      const generation = new Ground().make(probedUpstream({ probes: [sampleProbe(parts)] }))
      const keys = [1, 2].map(epoch => buildRoster(generation, epoch).targets[0]!.key)
      assert.equal(keys[0] === keys[1], isSame, JSON.stringify(parts))
    }
  })

  it('asks all addresses that a raced peer stands for', () => {
    const upstream = probedUpstream({}, ['app.example:80'])
    const rivals = [tcp('10.0.0.1:80'), tcp('10.0.0.2:80')]
    const address = upstream.peers[0]!.address
    const generation = new Ground().makeFrom(sampleConfig({ upstreams: [upstream] }), [
      { name: 'web', peers: [{ peer: 0, address, rivals }] },
    ])
    const roster = buildRoster(generation, 0)
    assert.deepEqual(asked(roster as never), ['10.0.0.1:80', '10.0.0.2:80'])
    assert.equal(roster.peers[0]!.probes[0]!.keys.length, 2)
  })
})
