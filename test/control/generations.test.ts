import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { Generations } from '../../src/control/generations.ts'
import { createPeerZone, PEERS_MAX, PeerZone } from '../../src/zone/peer-zone.ts'
import { sampleConfig, sampleUpstream } from '../harness/sample-config.ts'

function makeBench() {
  const zone = new PeerZone(createPeerZone(), -1)
  const generations = new Generations(zone)
  const make = (peersOf: Record<string, string[]>) => {
    const upstreams = Object.entries(peersOf).map(([name, peers]) => sampleUpstream(name, ...peers))
    const addresses = upstreams.map(({ name, peers }) => ({
      name,
      peers: peers.map(({ address }, peer) => ({ peer, address })),
    }))
    return generations.make(sampleConfig({ upstreams }), addresses, [])
  }
  const slotsOf = (generation: ReturnType<typeof make>) =>
    generation!.upstreams.map(({ peers }) => peers.map(({ slot }) => slot))
  return { zone, generations, make, slotsOf }
}

describe('Generations', () => {
  it('numbers them from one and enters their weights', () => {
    const { zone, make } = makeBench()
    const first = make({ a: ['10.0.0.1:80'], b: ['10.0.0.1:80'] })!
    assert.equal(first.number, 1)
    const [a, b] = first.upstreams
    assert.notEqual(a!.group, b!.group)
    assert.notEqual(a!.peers[0]!.slot, b!.peers[0]!.slot)
    assert.equal(zone.snapshotPeer(a!.peers[0]!.slot).weight, 1)
    assert.equal(make({})!.number, 2)
  })

  it('keeps the slot of a peer that stays, whatever its place in the file', () => {
    const { make, slotsOf } = makeBench()
    const [[one, two]] = slotsOf(make({ a: ['10.0.0.1:80', '10.0.0.2:80'] })) as [[number, number]]
    const [[three, again]] = slotsOf(make({ a: ['10.0.0.3:80', '10.0.0.1:80'] })) as [
      [number, number],
    ]
    assert.equal(again, one)
    assert.equal(new Set([one, two, three]).size, 3)
  })

  it('gives a slot away only when nobody uses the generations that knew it', () => {
    const { generations, make, slotsOf } = makeBench()
    const [one, two] = [{}, {}]
    const first = make({ a: ['10.0.0.1:80'] })!
    generations.hold(1, one)
    generations.hold(1, two)
    generations.setCurrent(1)
    make({ a: ['10.0.0.2:80'] })
    generations.hold(2, one)
    generations.hold(2, two)
    generations.setCurrent(2)
    generations.letGo(1, one)
    assert.deepEqual(generations.inUse, [1, 2])
    const third = make({ a: ['10.0.0.3:80'] })
    assert.notDeepEqual(slotsOf(third), slotsOf(first))
    generations.letGo(1, two)
    assert.deepEqual(generations.inUse, [2, 3])
    assert.deepEqual(slotsOf(make({ a: ['10.0.0.4:80'] })), slotsOf(first))
  })

  it('counts a worker that ended as one that uses nothing', () => {
    const { generations, make } = makeBench()
    const worker = {}
    make({})
    generations.hold(1, worker)
    generations.setCurrent(1)
    make({})
    generations.hold(2, worker)
    generations.setCurrent(2)
    generations.letGoAll(worker)
    assert.deepEqual(generations.inUse, [2])
  })

  it('ends one that was never taken', () => {
    const { generations, make } = makeBench()
    make({})
    generations.setCurrent(1)
    make({})
    generations.drop(2)
    assert.deepEqual(generations.inUse, [1])
  })

  it('refuses more peers than there are slots, and changes nothing', () => {
    const { generations, make } = makeBench()
    const peers = Array.from({ length: PEERS_MAX + 1 }, (_, index) => `10.0.0.1:${index}`)
    assert.equal(make({ a: peers }), null)
    assert.deepEqual(generations.inUse, [])
    assert.equal(make({ a: peers.slice(1) })!.number, 1)
  })
})
