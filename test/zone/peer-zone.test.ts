// The peer zone without threads: what the main thread sets, what stays, what a dead worker leaves
// behind.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GROUP, PEER, ZONE_EPOCH_SECONDS } from '../../src/zone/layout.ts'
import {
  createPeerZone,
  PEERS_MAX,
  PeerZone,
  WORKERS_MAX,
  zoneMs,
} from '../../src/zone/peer-zone.ts'

function makeZones(): { main: PeerZone; first: PeerZone; second: PeerZone } {
  const buffer = createPeerZone()
  return {
    main: new PeerZone(buffer, -1),
    first: new PeerZone(buffer, 0),
    second: new PeerZone(buffer, 1),
  }
}

/** Counts requests in flight as a pick does. */
function begin(zone: PeerZone, slot: number, count: number): void {
  zone.cells[zone.ownConnsCell(slot)]! += count
}

describe('PeerZone', () => {
  it('refuses a buffer of another size and a worker outside its rows', () => {
    assert.throws(() => new PeerZone(new SharedArrayBuffer(64), 0), /size/)
    const buffer = createPeerZone()
    assert.throws(() => new PeerZone(buffer, WORKERS_MAX), /worker index/)
    assert.throws(() => new PeerZone(buffer, -2), /worker index/)
    assert.throws(() => new PeerZone(buffer, 0).peerLine(PEERS_MAX), /peer slot/)
  })

  it('costs no memory for what nobody touches', () => {
    const before = process.memoryUsage.rss()
    const buffer = createPeerZone()
    const main = new PeerZone(buffer, -1)
    new PeerZone(buffer, WORKERS_MAX - 1)
    main.initializeGroup(0, [{ slot: 0, weight: 1 }])
    main.reclaim(WORKERS_MAX - 1)
    const grownMiB = (process.memoryUsage.rss() - before) / 2 ** 20
    assert.ok(buffer.byteLength > 64 * 2 ** 20)
    assert.ok(grownMiB < 16, `resident memory grew by ${grownMiB} MiB`)
  })

  it('clears what outlier detection knows with the rest of a peer', () => {
    const main = new PeerZone(createPeerZone(), -1)
    const [cleared, next] = [main.healthLine(PEERS_MAX - 2), main.healthLine(PEERS_MAX - 1)]
    main.cells.fill(7, cleared, next + (next - cleared))
    main.clearPeer(PEERS_MAX - 2)
    const cells = (line: number) => [...main.cells.subarray(line, line + (next - cleared))]
    assert.ok(cells(cleared).every(cell => cell === 0))
    assert.ok(cells(next).every(cell => cell === 7))
    assert.throws(() => main.healthLine(PEERS_MAX), /peer slot/)
  })

  it('shows a new peer as one that nothing happened to', () => {
    const { main } = makeZones()
    main.initializeGroup(0, [{ slot: 5, weight: 3 }])
    assert.deepEqual(main.snapshotPeer(5), {
      weight: 3,
      effectiveWeight: 3,
      conns: 0,
      fails: 0,
      failedAt: null,
      checkedAt: null,
      states: [],
      requests: 0,
      failures: 0,
      ejections: 0,
    })
  })

  it('gives times as wall seconds', () => {
    const { main } = makeZones()
    main.cells[main.peerLine(5) + PEER.accessed] = 100
    assert.equal(main.snapshotPeer(5).failedAt, ZONE_EPOCH_SECONDS + 100)
  })

  it('sets and clears each state on its own', () => {
    const { main } = makeZones()
    main.setState(5, 'down', true)
    main.setState(5, 'unhealthy', true)
    assert.deepEqual(main.snapshotPeer(5).states, ['down', 'unhealthy'])
    main.setState(5, 'down', false)
    assert.deepEqual(main.snapshotPeer(5).states, ['unhealthy'])
  })

  it('reads wrapped counters as unsigned', () => {
    const { main } = makeZones()
    main.cells[main.peerLine(5) + PEER.requests] = -1
    assert.equal(main.snapshotPeer(5).requests, 0xffffffff)
  })
})

describe('PeerZone.tryLock', () => {
  it('takes a free lock and gives up on a kept one', () => {
    const { main, first } = makeZones()
    assert.equal(first.tryLock(0, 10), true)
    assert.equal(main.tryLock(0, 10), false)
    first.unlock(0)
    assert.equal(main.tryLock(0, 10), true)
  })
})

describe('PeerZone.initializeGroup', () => {
  it('does not wait for ever for a lock whose holder may be dead', () => {
    const { main, first } = makeZones()
    main.initializeGroup(0, [{ slot: 1, weight: 1 }])
    main.cells[main.peerLine(1) + PEER.currentWeight] = -4
    first.lock(0)
    main.initializeGroup(0, [{ slot: 1, weight: 2 }])
    assert.equal(main.cells[main.peerLine(1) + PEER.currentWeight], 0)
    assert.equal(main.snapshotPeer(1).weight, 2)
    assert.equal(main.tryLock(0, 10), false, 'the lock is not given back for another')
  })

  it('keeps what a staying peer went through and takes its new weight', () => {
    const { main, first } = makeZones()
    main.initializeGroup(0, [{ slot: 5, weight: 3 }])
    main.cells[main.peerLine(5) + PEER.fails] = 2
    begin(first, 5, 7)
    main.setState(5, 'draining', true)
    main.initializeGroup(0, [{ slot: 5, weight: 9 }])
    const status = main.snapshotPeer(5)
    assert.equal(status.weight, 9)
    assert.equal(status.fails, 2)
    assert.equal(status.conns, 7)
    assert.deepEqual(status.states, ['draining'])
  })

  const one = { slot: 1, weight: 1 }
  const two = { slot: 2, weight: 2 }
  const three = { slot: 3, weight: 3 }
  const rounds = [
    { what: 'nothing changed', after: [one, two], isReset: false },
    { what: 'a peer came', after: [one, two, three], isReset: true },
    { what: 'a peer left', after: [one], isReset: true },
    { what: 'a peer was replaced', after: [one, three], isReset: true },
    { what: 'a weight changed', after: [one, { slot: 2, weight: 5 }], isReset: true },
  ]
  for (const { what, after, isReset } of rounds) {
    it(`${isReset ? 'starts the round over' : 'goes on with the round'} when ${what}`, () => {
      const { main } = makeZones()
      main.initializeGroup(0, [one, two])
      main.cells[main.peerLine(1) + PEER.currentWeight] = -4
      main.initializeGroup(0, after)
      assert.equal(main.cells[main.peerLine(1) + PEER.currentWeight], isReset ? 0 : -4)
    })
  }

  it('refuses a weight of 0', () => {
    const { main } = makeZones()
    assert.throws(() => main.initializeGroup(0, [{ slot: 1, weight: 0 }]), /weight/)
  })
})

describe('PeerZone.enroll', () => {
  it('enters a peer that nobody set, and leaves a set weight alone', () => {
    const { main, first } = makeZones()
    first.enroll(1, 0, 4)
    assert.equal(first.snapshotPeer(1).weight, 4)
    main.initializeGroup(0, [{ slot: 2, weight: 6 }])
    first.enroll(2, 0, 4)
    assert.equal(first.snapshotPeer(2).weight, 6)
  })
})

describe('PeerZone.reclaim', () => {
  it('takes back what the dead worker had in flight and nothing else', () => {
    const { main, first, second } = makeZones()
    main.initializeGroup(0, [
      { slot: 1, weight: 1 },
      { slot: 2, weight: 1 },
    ])
    begin(first, 1, 3)
    begin(first, 2, 1)
    begin(second, 1, 2)
    main.reclaim(0)
    assert.equal(main.snapshotPeer(1).conns, 2)
    assert.equal(main.snapshotPeer(2).conns, 0)
    main.reclaim(1)
    assert.equal(main.snapshotPeer(1).conns, 0)
  })

  it('frees the lock that the dead worker held, and no other', () => {
    const { main, first, second } = makeZones()
    main.initializeGroup(0, [{ slot: 1, weight: 1 }])
    main.initializeGroup(7, [{ slot: 2, weight: 1 }])
    first.lock(7)
    second.lock(0)
    main.reclaim(0)
    assert.equal(main.tryLock(0, 10), false)
    assert.equal(main.tryLock(7, 10), true)
  })

  it('starts the round over when the worker died inside one, else goes on with it', () => {
    for (const isInside of [true, false]) {
      const { main, first } = makeZones()
      main.initializeGroup(0, [{ slot: 1, weight: 1 }])
      main.cells[main.peerLine(1) + PEER.currentWeight] = 5
      if (isInside) first.lock(0)
      main.reclaim(0)
      assert.equal(main.cells[main.peerLine(1) + PEER.currentWeight], isInside ? 0 : 5)
    }
  })

  it('clears a worker that never did anything', () => {
    const { main } = makeZones()
    assert.doesNotThrow(() => main.reclaim(9))
    assert.throws(() => main.reclaim(-1), /worker/)
  })

  it('takes back what a worker had in flight to a group', () => {
    const { main, first, second } = makeZones()
    main.initializeGroup(3, [{ slot: 1, weight: 1 }])
    first.cells[first.ownGroupConnsCell(3)]! += 2
    second.cells[second.ownGroupConnsCell(3)]! += 5
    assert.equal(main.groupConnsOf(3), 7)
    main.reclaim(1)
    assert.equal(main.groupConnsOf(3), 2)
    main.clearGroup(3)
    assert.equal(main.groupConnsOf(3), 0)
  })

  it('notes when the last reason to be out has gone, if told the time', () => {
    const { main } = makeZones()
    main.initializeGroup(0, [{ slot: 1, weight: 1 }])
    const recoveredAt = () => main.cells[main.peerLine(1) + PEER.recoveredAt]
    main.setState(1, 'down', true)
    main.setState(1, 'unhealthy', true)
    main.setState(1, 'down', false, ZONE_EPOCH_SECONDS + 10)
    assert.equal(recoveredAt(), 0)
    main.setState(1, 'unhealthy', false)
    assert.equal(recoveredAt(), 0)
    main.setState(1, 'unhealthy', true)
    main.setState(1, 'unhealthy', false, ZONE_EPOCH_SECONDS + 20)
    assert.equal(recoveredAt(), 20)
    main.setState(1, 'unhealthy', false, ZONE_EPOCH_SECONDS + 30)
    assert.equal(recoveredAt(), 20, 'it was not out')
  })

  it('numbers the changes of a group’s weights, and nothing else', () => {
    const { main } = makeZones()
    const version = () => main.cells[main.groupLine(0) + GROUP.version]!
    main.initializeGroup(0, [{ slot: 1, weight: 1 }])
    const first = version()
    main.initializeGroup(0, [{ slot: 1, weight: 1 }])
    assert.equal(version(), first)
    main.initializeGroup(0, [{ slot: 1, weight: 2 }])
    assert.equal(version(), first + 1)
  })
})

describe('zoneMs', () => {
  it('keeps differences right where it wraps', () => {
    const start = ZONE_EPOCH_SECONDS + 2 ** 31 / 1000
    assert.ok(zoneMs(start) < 0)
    assert.equal((zoneMs(start + 0.25) - zoneMs(start - 0.25)) | 0, 500)
  })
})
