import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import {
  AT_LIMIT,
  ConnectionLimitZone,
  createConnectionLimitZone,
  NO_ROOM,
} from '../../src/zone/connection-limit-zone.ts'
import { SeededRandom } from '../harness/seeded-random.ts'

const BYTES = 32_768

function viewsOf(count: number, bytes = BYTES): ConnectionLimitZone[] {
  const buffer = createConnectionLimitZone(bytes)
  return Array.from({ length: count }, (_, worker) => new ConnectionLimitZone(buffer, worker))
}

describe('ConnectionLimitZone', () => {
  it('counts a key over all workers up to its limit, and takes back', () => {
    const [a, b] = viewsOf(2)
    const key = digestOf('k')
    const first = a!.take(key, 3)
    const second = b!.take(key, 3)
    const third = b!.take(key, 3)
    for (const taken of [first, second, third]) assert.ok(taken > 0)
    assert.equal(a!.take(key, 3), AT_LIMIT)
    assert.equal(b!.take(key, 3), AT_LIMIT)
    assert.equal(a!.heldBy(key), 3)
    b!.release(second)
    assert.ok(a!.take(key, 3) > 0)
    assert.equal(b!.take(key, 3), AT_LIMIT)
    assert.ok(b!.take(digestOf('other'), 1) > 0)
  })

  it('has no entry for a key that nobody has in hand', () => {
    const [zone] = viewsOf(1)
    for (let i = 0; i < 10_000; i++) zone!.release(zone!.take(digestOf(`k${i}`), 1))
    assert.equal(zone!.count, 0)
  })

  it('says when there is no room for another key, and has room again', () => {
    const [zone] = viewsOf(1)
    const taken: number[] = []
    for (let i = 0; i < zone!.capacity; i++) taken.push(zone!.take(digestOf(`k${i}`), 9))
    assert.ok(taken.every(one => one > 0))
    assert.equal(zone!.take(digestOf('one more'), 9), NO_ROOM)
    assert.ok(zone!.take(digestOf('k7'), 9) > 0, 'a key that is there needs no room')
    zone!.release(taken[3]!)
    assert.ok(zone!.take(digestOf('one more'), 9) > 0)
  })

  it('gives back what a worker had that died, and nothing of the others', () => {
    const buffer = createConnectionLimitZone(BYTES)
    const [a, b] = [0, 1].map(worker => new ConnectionLimitZone(buffer, worker))
    const main = new ConnectionLimitZone(buffer, -1)
    const key = digestOf('k')
    const kept = a!.take(key, 10)
    for (let i = 0; i < 4; i++) b!.take(key, 10)
    b!.take(digestOf('only of b'), 10)
    main.reclaim(1)
    assert.equal(a!.heldBy(key), 1)
    assert.equal(a!.heldBy(digestOf('only of b')), 0)
    assert.equal(a!.count, 1)
    // The one that takes its place begins with nothing.
    const again = new ConnectionLimitZone(buffer, 1)
    const taken = again.take(key, 2)
    assert.ok(taken > 0)
    assert.equal(again.take(key, 2), AT_LIMIT)
    again.release(taken)
    a!.release(kept)
    assert.equal(a!.count, 0)
  })

  it('puts the table together again when the worker died inside it', () => {
    const buffer = createConnectionLimitZone(BYTES)
    const [a, b] = [0, 1].map(worker => new ConnectionLimitZone(buffer, worker))
    const main = new ConnectionLimitZone(buffer, -1)
    const keys = Array.from({ length: 200 }, (_, i) => digestOf(`k${i}`))
    const taken = keys.map(key => a!.take(key, 10))
    for (const key of keys) b!.take(key, 10)
    // What a death in the middle leaves at worst: its mark on the lock, and chains that lead nowhere.
    const cells = new Int32Array(buffer)
    cells[0] = 1 + 2
    cells.fill(0, 16, 16 + 256)
    main.reclaim(1)
    for (const key of keys) assert.equal(a!.heldBy(key), 1)
    assert.equal(a!.count, keys.length)
    for (const one of taken) a!.release(one)
    assert.equal(a!.count, 0)
  })

  it('does not hang where another one holds the lock that died too', () => {
    const buffer = createConnectionLimitZone(BYTES)
    const [a, b] = [0, 1].map(worker => new ConnectionLimitZone(buffer, worker))
    const main = new ConnectionLimitZone(buffer, -1)
    a!.take(digestOf('a'), 9)
    b!.take(digestOf('b'), 9)
    new Int32Array(buffer)[0] = 1 + 2
    main.reclaim(0)
    main.reclaim(1)
    assert.equal(main.count, 0)
    assert.equal(main.heldBy(digestOf('a')), 0)
  })

  it('agrees with a plain map over thousands of random steps of three workers', () => {
    const random = new SeededRandom(5)
    const views = viewsOf(3)
    const held = new Map<string, number>()
    const open: { key: string; worker: number; taken: number }[] = []
    for (let step = 0; step < 20_000; step++) {
      if (open.length > 0 && random.below(2) === 0) {
        const [one] = open.splice(random.below(open.length), 1)
        views[one!.worker]!.release(one!.taken)
        held.set(one!.key, held.get(one!.key)! - 1)
        continue
      }
      const key = `k${random.below(40)}`
      const worker = random.below(3)
      const most = 1 + random.below(6)
      const count = held.get(key) ?? 0
      const taken = views[worker]!.take(digestOf(key), most)
      assert.equal(taken > 0, count < most)
      if (taken <= 0) continue
      open.push({ key, worker, taken })
      held.set(key, count + 1)
    }
    for (const [key, count] of held) assert.equal(views[0]!.heldBy(digestOf(key)), count)
  })
})
