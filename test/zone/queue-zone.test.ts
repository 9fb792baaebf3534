import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createQueueZone, QueueZone } from '../../src/zone/queue-zone.ts'

function views(count: number): { readonly main: QueueZone; readonly workers: QueueZone[] } {
  const buffer = createQueueZone(7)
  const workers = Array.from({ length: count }, (_, worker) => new QueueZone(buffer, worker))
  return { main: new QueueZone(buffer, -1), workers }
}

describe('QueueZone', () => {
  it('has room for exactly so many over all workers', () => {
    const [a, b] = views(2).workers as [QueueZone, QueueZone]
    assert.notEqual(a.join(3, false), 0)
    assert.notEqual(b.join(3, true), 0)
    assert.notEqual(b.join(3, false), 0)
    assert.equal(a.join(3, false), 0)
    assert.equal(b.join(3, true), 0)
    assert.equal(a.waiting, 3)
    b.leave(true)
    assert.notEqual(a.join(3, false), 0)
  })

  it('tells who came first, also when numbers wrap', () => {
    const { workers } = views(3)
    const [a, b, c] = workers as [QueueZone, QueueZone, QueueZone]
    a.cells[1] = 0x7fff_fffe
    const numbers = [b.join(9, false), a.join(9, false), c.join(9, false)]
    assert.deepEqual(numbers, [0x7fff_ffff, -0x8000_0000, -0x7fff_ffff])
    assert.deepEqual(
      [a, b, c].map(each => each.isFirst()),
      [false, true, false],
    )
    b.setFirst(0)
    assert.deepEqual(
      [a, b, c].map(each => each.isFirst()),
      [true, false, false],
    )
    a.setFirst(0)
    assert.ok(c.hasLine)
    c.setFirst(0)
    assert.ok(!c.hasLine)
    assert.ok(!a.isFirst())
  })

  it('never draws the number that means none', () => {
    const [a] = views(1).workers as [QueueZone]
    a.cells[1] = -1
    assert.equal(a.join(9, false), 1)
  })

  it('rings for who is first, and for who stands beside', () => {
    const [a, b, c] = views(3).workers as [QueueZone, QueueZone, QueueZone]
    a.join(9, false)
    b.join(9, false)
    c.join(9, true)
    a.ring()
    assert.deepEqual([a.rings, b.rings, c.rings], [1, 0, 1])
  })

  it('rings for a peer given back only when somebody waits', () => {
    const [a, b] = views(2).workers as [QueueZone, QueueZone]
    b.onRelease()
    assert.equal(a.rings, 0)
    a.join(9, false)
    b.onRelease()
    assert.equal(a.rings, 1)
  })

  it('goes on without a worker that died, even one that died with the lock', () => {
    const { main, workers } = views(2)
    const [a, b] = workers as [QueueZone, QueueZone]
    a.join(2, false)
    b.join(2, false)
    a.cells[0] = 0 + 2
    main.reclaim(0)
    assert.ok(b.isFirst())
    assert.equal(b.rings, 1)
    assert.equal(b.waiting, 1)
    assert.notEqual(b.join(2, false), 0)
  })
})
