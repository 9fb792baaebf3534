import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import { createSessionZone, SessionZone } from '../../src/zone/session-zone.ts'
import { SeededRandom } from '../harness/seeded-random.ts'

const START = 1_800_000_000
const MINUTES = 60_000

class Fixture {
  readonly buffer: SharedArrayBuffer
  readonly zone: SessionZone
  now = START
  readonly #peer = new Int32Array(4)

  constructor(bytes = 32_768) {
    this.buffer = createSessionZone(bytes)
    this.zone = new SessionZone(this.buffer, 0)
  }

  learn(session: string, peer: string, mayCreate = true): void {
    this.zone.learn(digestOf(session), digestOf(peer), this.now, 10 * MINUTES, mayCreate)
  }

  /** Which of these peers the session has; null = it has none. */
  find(session: string, peers: readonly string[], zone = this.zone): string | null {
    if (!zone.find(digestOf(session), this.now, 10 * MINUTES, this.#peer)) return null
    const found = peers.find(peer => digestOf(peer).every((cell, at) => cell === this.#peer[at]))
    assert.ok(found !== undefined, 'a session has a peer that it was bound to')
    return found
  }
}

describe('SessionZone', () => {
  it('finds what was learnt, in every thread’s view', () => {
    const fixture = new Fixture()
    fixture.learn('s1', 'a')
    fixture.learn('s2', 'b')
    const other = new SessionZone(fixture.buffer, 3)
    assert.equal(fixture.find('s1', ['a', 'b'], other), 'a')
    assert.equal(fixture.find('s2', ['a', 'b'], other), 'b')
    assert.equal(fixture.find('s3', ['a', 'b'], other), null)
  })

  it('binds a session anew', () => {
    const fixture = new Fixture()
    fixture.learn('s', 'a')
    fixture.learn('s', 'b')
    assert.equal(fixture.find('s', ['a', 'b']), 'b')
    assert.equal(fixture.zone.count, 1)
  })

  it('makes no session that was only looked up', () => {
    const fixture = new Fixture()
    fixture.learn('s', 'a', false)
    assert.equal(fixture.find('s', ['a']), null)
    fixture.learn('s', 'a')
    fixture.learn('s', 'b', false)
    assert.equal(fixture.find('s', ['a', 'b']), 'b')
  })

  it('forgets a session that nobody used for its time, and not before', () => {
    const fixture = new Fixture()
    fixture.learn('s', 'a')
    fixture.now += 599
    fixture.learn('s', 'a', false)
    fixture.now += 600
    assert.equal(fixture.find('s', ['a']), 'a')
    fixture.now += 2
    assert.equal(fixture.find('s', ['a']), null)
    // The next one that is learnt takes its place.
    fixture.learn('t', 'a')
    assert.equal(fixture.zone.count, 1)
  })

  it('drops the session unused for longest when it is full', () => {
    const fixture = new Fixture()
    const { capacity } = fixture.zone
    for (let i = 0; i < capacity; i++) fixture.learn(`s${i}`, 'a')
    fixture.learn('s0', 'a')
    fixture.learn('one more', 'a')
    assert.equal(fixture.zone.count, capacity)
    assert.equal(fixture.find('s0', ['a']), 'a')
    assert.equal(fixture.find('s1', ['a']), null)
    assert.equal(fixture.find('s2', ['a']), 'a')
    assert.equal(fixture.find('one more', ['a']), 'a')
  })

  it('has room for 4000 sessions in a megabyte, and more', () => {
    assert.ok(new SessionZone(createSessionZone(1024 * 1024), 0).capacity >= 20_000)
    assert.ok(new SessionZone(createSessionZone(32_768), 0).capacity >= 128)
  })

  it('agrees with a plain map over thousands of random steps', t => {
    const random = new SeededRandom(7)
    const fixture = new Fixture()
    const model = new Map<string, { peer: string; usedAt: number }>()
    const peers = ['a', 'b', 'c']
    for (let step = 0; step < 5000; step++) {
      fixture.now += random.below(3)
      const session = `s${random.below(600)}`
      const known = model.get(session)
      const isThere = known !== undefined && fixture.now - known.usedAt <= 600
      if (random.below(2) === 0) {
        const found = fixture.find(session, peers)
        if (found !== null) assert.equal(found, known?.peer)
        else if (isThere) model.delete(session)
        // Only a full table forgets one that is still in time.
        if (isThere && found === null) assert.equal(fixture.zone.count, fixture.zone.capacity)
        continue
      }
      const peer = peers[random.below(3)]!
      fixture.learn(session, peer)
      model.set(session, { peer, usedAt: fixture.now })
      assert.equal(fixture.find(session, peers), peer)
    }
    t.diagnostic(`${fixture.zone.count} sessions in the end`)
    assert.ok(fixture.zone.count <= fixture.zone.capacity)
  })

  it('forgets everything when a worker died inside it, and goes on', () => {
    const fixture = new Fixture()
    fixture.learn('s', 'a')
    const main = new SessionZone(fixture.buffer, -1)
    main.reclaim(5)
    assert.equal(fixture.find('s', ['a']), 'a', 'a worker that was not inside changes nothing')
    // What a worker 5 would have left: its mark on the lock.
    new Int32Array(fixture.buffer)[0] = 5 + 2
    main.reclaim(5)
    assert.equal(fixture.find('s', ['a']), null)
    fixture.learn('s', 'a')
    assert.equal(fixture.find('s', ['a']), 'a')
  })
})
