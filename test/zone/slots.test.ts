// Slots over reloads: what stays, what is freed and when it may be used again.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PEER } from '../../src/zone/layout.ts'
import { createPeerZone, PeerZone } from '../../src/zone/peer-zone.ts'
import { makeGroupSlots, makePeerSlots, peerKey, SlotTable } from '../../src/zone/slots.ts'

/** A table that also tells which slots it cleared. */
function makeTable(capacity: number): { table: SlotTable; cleared: number[] } {
  const cleared: number[] = []
  return { table: new SlotTable(capacity, slot => cleared.push(slot)), cleared }
}

describe('SlotTable', () => {
  it('gives different keys different slots, in the order of the keys', () => {
    const slots = makeTable(10).table.assign(1, ['a', 'b', 'c'])!
    assert.equal(new Set(slots).size, 3)
  })

  it('keeps a key on its slot over reloads and does not clear it again', () => {
    const { table, cleared } = makeTable(10)
    const [a, b] = table.assign(1, ['a', 'b'])!
    const [b2, c, a2] = table.assign(2, ['b', 'c', 'a'])!
    table.release(1)
    assert.deepEqual([a2, b2], [a, b])
    assert.deepEqual(cleared, [a, b, c])
  })

  it('does not give a slot away while an older generation is in use', () => {
    const { table } = makeTable(10)
    const [a] = table.assign(1, ['a'])!
    const [b] = table.assign(2, ['b'])!
    assert.notEqual(b, a)
    table.release(1)
    assert.deepEqual(table.assign(3, ['b', 'c']), [b, a])
  })

  it('gives a key its old slot back when it returns before the old generation ended', () => {
    const { table } = makeTable(10)
    const [a] = table.assign(1, ['a'])!
    table.assign(2, ['b'])
    assert.equal(table.assign(3, ['a'])![0], a)
    table.release(1)
    table.release(2)
    assert.equal(table.assign(4, ['a'])![0], a)
  })

  it('takes generations that end out of order', () => {
    const { table } = makeTable(3)
    const [a] = table.assign(1, ['a'])!
    table.assign(2, ['b'])
    table.assign(3, ['c'])
    table.release(2)
    assert.notEqual(table.assign(4, ['d'])![0], a, 'generation 1 still uses its slot')
  })

  it('clears a slot each time it is given to a new key', () => {
    const { table, cleared } = makeTable(1)
    table.assign(1, ['a'])
    table.release(1)
    table.assign(2, ['b'])
    assert.deepEqual(cleared, [0, 0])
  })

  it('gives the same key in two lines two slots, and keeps each', () => {
    const { table } = makeTable(10)
    const first = table.assign(1, ['a', 'a', 'a'])!
    assert.equal(new Set(first).size, 3)
    assert.deepEqual(table.assign(2, ['a', 'a']), first.slice(0, 2))
  })

  it('refuses more keys than there are slots and changes nothing', () => {
    const { table } = makeTable(2)
    const [a] = table.assign(1, ['a'])!
    assert.equal(table.assign(2, ['b', 'c']), null)
    assert.equal(table.assign(2, ['a', 'b'])![0], a)
    table.release(1)
    table.release(2)
    assert.equal(table.assign(3, ['x', 'y'])!.length, 2)
  })

  it('takes a generation once and ends it once', () => {
    const { table } = makeTable(2)
    table.assign(1, ['a'])
    assert.throws(() => table.assign(1, ['a']), /assigned once/)
    table.release(1)
    assert.throws(() => table.release(1), /in use/)
  })

  it('never lets two keys in use share a slot, whatever the reloads', () => {
    const keys = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 8 })
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, fc.nat(5)), { maxLength: 30 }), steps => {
        const { table } = makeTable(64)
        const inUse = new Map<number, Map<string, number>>()
        for (const [generation, [list, toRelease]] of steps.entries()) {
          const slots = table.assign(generation, list)!
          const counts = new Map<string, number>()
          const named = new Map<string, number>()
          for (const [at, key] of list.entries()) {
            const count = counts.get(key) ?? 0
            counts.set(key, count + 1)
            named.set(`${key}${count}`, slots[at]!)
          }
          inUse.set(generation, named)
          const victim = [...inUse.keys()][toRelease]
          if (victim !== undefined) {
            table.release(victim)
            inUse.delete(victim)
          }
          const ownerOf = new Map<number, string>()
          for (const generationSlots of inUse.values()) {
            for (const [key, slot] of generationSlots) {
              assert.equal(ownerOf.get(slot) ?? key, key)
              ownerOf.set(slot, key)
            }
          }
        }
      }),
    )
  })
})

describe('makePeerSlots', () => {
  it('hands out peer slots that are new in line and in every worker row', () => {
    const buffer = createPeerZone()
    const main = new PeerZone(buffer, -1)
    const worker = new PeerZone(buffer, 3)
    const table = makePeerSlots(main)
    const [slot] = table.assign(1, [peerKey('app', '10.0.0.1:80')])!
    main.initializeGroup(0, [{ slot: slot!, weight: 7 }])
    main.cells[main.peerLine(slot!) + PEER.fails] = 4
    worker.cells[worker.ownConnsCell(slot!)] = 9
    table.release(1)
    assert.deepEqual(table.assign(2, [peerKey('other', '10.0.0.1:80')]), [slot])
    assert.equal(worker.cells[worker.ownConnsCell(slot!)], 0)
    const status = main.snapshotPeer(slot!)
    assert.deepEqual([status.weight, status.fails], [0, 0])
  })

  it('tells the same address in two upstreams apart', () => {
    const table = makePeerSlots(new PeerZone(createPeerZone(), -1))
    const slots = table.assign(1, [peerKey('a', '10.0.0.1:80'), peerKey('b', '10.0.0.1:80')])!
    assert.notEqual(slots[0], slots[1])
  })
})

describe('makeGroupSlots', () => {
  it('hands out group slots whose lock is free', () => {
    const main = new PeerZone(createPeerZone(), -1)
    const table = makeGroupSlots(main)
    const [group] = table.assign(1, ['app'])!
    main.lock(group!)
    table.release(1)
    assert.deepEqual(table.assign(2, ['other']), [group])
    assert.equal(main.tryLock(group!, 10), true)
  })
})
