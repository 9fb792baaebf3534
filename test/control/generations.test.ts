import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { Generations } from '../../src/control/generations.ts'
import { createPeerZone, PEERS_MAX, PeerZone } from '../../src/zone/peer-zone.ts'
import { QueueZone } from '../../src/zone/queue-zone.ts'
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

  const addressesOf = (name: string, ...peers: string[]) => ({
    name,
    peers: peers.map(text => {
      const [host = '', port] = text.split(':')
      return { peer: 0, address: { kind: 'tcp' as const, host, port: Number(port) } }
    }),
  })

  it('wakes who waits for a peer when the last reason not to pick it goes', () => {
    const { zone, generations } = makeBench()
    const upstream = { ...sampleUpstream('a', '10.0.0.1:80'), queue: { size: 5, timeoutMs: 1 } }
    const peers = [{ peer: 0, address: upstream.peers[0]!.address }]
    const config = sampleConfig({ upstreams: [upstream] })
    const { upstreams, memories } = generations.make(config, [{ name: 'a', peers }], [])!
    const { slot } = upstreams[0]!.peers[0]!
    const line = new QueueZone(memories[0]!.line!, 0)
    line.join(5, false)
    const rings = () => line.rings
    const before = rings()
    zone.setState(slot, 'down', true)
    zone.setState(slot, 'unhealthy', true)
    zone.setState(slot, 'down', false)
    assert.equal(rings(), before)
    zone.setState(slot, 'unhealthy', false)
    assert.equal(rings(), before + 1)
    zone.setState(slot, 'unhealthy', false)
    assert.equal(rings(), before + 1, 'it was not out')
  })

  describe('changePeers', () => {
    const begin = () => {
      const bench = makeBench()
      const [one, two] = [{}, {}]
      const first = bench.make({ a: ['10.0.0.1:80', '10.0.0.2:80'], b: ['10.0.0.9:80'] })!
      for (const holder of [one, two]) bench.generations.hold(1, holder)
      bench.generations.setCurrent(1)
      return { ...bench, one, two, first }
    }

    it('keeps the slots of addresses that stay, and makes the others new', () => {
      const { generations, first, slotsOf, zone } = begin()
      const slots = slotsOf(first)[0]!
      zone.setState(slots[1]!, 'down', true)
      const next = generations.changePeers(
        first,
        0,
        addressesOf('a', '10.0.0.2:80', '10.0.0.3:80'),
      )!
      const [kept, fresh] = slotsOf(next)[0]!
      assert.equal(kept, slots[1])
      assert.deepEqual(zone.snapshotPeer(kept!).states, ['down'])
      assert.equal(slots.includes(fresh!), false)
      assert.deepEqual(zone.snapshotPeer(fresh!).states, [])
      assert.equal(next.number, first.number)
      assert.equal(next.upstreams[0]!.group, first.upstreams[0]!.group)
      assert.notEqual(next.upstreams[0]!.version, first.upstreams[0]!.version)
      assert.equal(next.upstreams[1], first.upstreams[1])
    })

    it('gives the slot of an address that went away only when every worker has let go', () => {
      const { generations, first, slotsOf, one, two } = begin()
      const gone = slotsOf(first)[0]![0]!
      const { version } = first.upstreams[0]!
      const second = generations.changePeers(first, 0, addressesOf('a', '10.0.0.2:80'))!
      generations.letGoPeers(version, one)
      const third = generations.changePeers(
        second,
        0,
        addressesOf('a', '10.0.0.2:80', '10.0.0.4:80'),
      )!
      assert.equal(slotsOf(third)[0]!.includes(gone), false)
      generations.letGoPeers(version, two)
      const fourth = generations.changePeers(
        third,
        0,
        addressesOf('a', '10.0.0.2:80', '10.0.0.4:80', '10.0.0.5:80'),
      )!
      assert.equal(slotsOf(fourth)[0]!.includes(gone), true)
    })

    it('ends all lists of a generation with it, and those of a worker with its end', () => {
      const { generations, first, make, one, two } = begin()
      generations.changePeers(first, 0, addressesOf('a', '10.0.0.3:80'))
      assert.equal(generations.listsInUse, 3)
      generations.letGoAll(two)
      make({ a: ['10.0.0.3:80'] })
      generations.hold(2, one)
      generations.setCurrent(2)
      assert.equal(generations.listsInUse, 4)
      generations.letGo(1, one)
      assert.equal(generations.listsInUse, 1)
      assert.deepEqual(generations.inUse, [2])
    })

    it('may leave a group without peers', () => {
      const { generations, first } = begin()
      const next = generations.changePeers(first, 0, addressesOf('a'))!
      assert.deepEqual(next.upstreams[0]!.peers, [])
    })

    it('refuses more peers than there are slots, and changes nothing', () => {
      const { generations, first } = begin()
      const many = Array.from({ length: PEERS_MAX }, (_, index) => `10.1.0.1:${index}`)
      assert.equal(generations.changePeers(first, 0, addressesOf('a', ...many)), null)
      assert.equal(generations.listsInUse, 2)
    })
  })

  it('refuses more peers than there are slots, and changes nothing', () => {
    const { generations, make } = makeBench()
    const peers = Array.from({ length: PEERS_MAX + 1 }, (_, index) => `10.0.0.1:${index}`)
    assert.equal(make({ a: peers }), null)
    assert.deepEqual(generations.inUse, [])
    assert.equal(make({ a: peers.slice(1) })!.number, 1)
  })
})
