// Limits of checks that run at once: never more, nobody forgotten, and nobody held up by others'
// keys.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Lane } from '../../src/probe/lane.ts'
import { seedFor } from '../harness/seeded-random.ts'

describe('Lane', () => {
  it('starts at once while there is room, and then in the order of coming', () => {
    const lane = new Lane(2, 2)
    const started: string[] = []
    for (const name of ['a', 'b', 'c', 'd']) lane.enter('host', () => started.push(name))
    assert.deepEqual(started, ['a', 'b'])
    lane.leave('host')
    assert.deepEqual(started, ['a', 'b', 'c'])
    lane.leave('host')
    assert.deepEqual(started, ['a', 'b', 'c', 'd'])
  })

  it('does not let one key hold up another', () => {
    const lane = new Lane(10, 2)
    const started: string[] = []
    for (let i = 0; i < 100; i++) lane.enter('dead', () => started.push('dead'))
    lane.enter('alive', () => started.push('alive'))
    assert.deepEqual(started, ['dead', 'dead', 'alive'])
  })

  it('lets keys take turns when all of the room is taken', () => {
    const lane = new Lane(2, 4)
    const started: string[] = []
    for (let i = 0; i < 6; i++) lane.enter('one', () => started.push('one'))
    for (let i = 0; i < 2; i++) lane.enter('two', () => started.push('two'))
    for (let i = 0; i < 4; i++) lane.leave('one')
    assert.deepEqual(started.slice(2), ['one', 'two', 'one', 'two'])
  })

  it('takes out of the line who waits, and says when somebody does not', () => {
    const lane = new Lane(1, 1)
    const started: string[] = []
    const [first, second] = [() => started.push('first'), () => started.push('second')]
    lane.enter('host', first)
    lane.enter('host', second)
    assert.equal(lane.cancel('host', first), false)
    assert.equal(lane.cancel('host', second), true)
    assert.equal(lane.cancel('host', second), false)
    lane.leave('host')
    assert.deepEqual(started, ['first'])
    assert.equal(lane.keys, 0)
  })

  it('never runs more than it may, and ends with everybody served and nothing kept', t => {
    const random = seedFor(t)
    const lane = new Lane(7, 3)
    const running: string[] = []
    let started = 0
    let cancelled = 0
    const waiting: { key: string; start: () => void }[] = []
    const counts = () => Map.groupBy(running, key => key)
    for (let i = 0; i < 5000; i++) {
      if (random.oneIn(2)) {
        const key = `host ${random.below(5)}`
        const entry = {
          key,
          start: () => {
            waiting.splice(waiting.indexOf(entry), 1)
            running.push(key)
            started++
          },
        }
        waiting.push(entry)
        lane.enter(key, entry.start)
      } else if (random.oneIn(5) && waiting.length > 0) {
        const entry = random.pick(waiting)
        assert.equal(lane.cancel(entry.key, entry.start), true)
        waiting.splice(waiting.indexOf(entry), 1)
        cancelled++
      } else if (running.length > 0) {
        const [key] = running.splice(random.below(running.length), 1)
        lane.leave(key!)
      }
      assert.ok(running.length <= 7)
      assert.equal(lane.running, running.length)
      for (const list of counts().values()) assert.ok(list.length <= 3)
      // Room is never left empty while somebody could use it.
      if (running.length < 7) {
        for (const { key } of waiting) assert.equal(counts().get(key)?.length, 3)
      }
    }
    while (running.length > 0) lane.leave(running.shift()!)
    assert.equal(waiting.length, 0)
    assert.equal(lane.keys, 0)
    assert.equal(lane.running, 0)
    assert.ok(started > 1000 && cancelled > 0)
  })
})
