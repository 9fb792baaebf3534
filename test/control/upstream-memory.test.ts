import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UpstreamMemories } from '../../src/control/upstream-memory.ts'
import type { Upstream } from '../../src/model/upstream.ts'
import { QueueZone } from '../../src/zone/queue-zone.ts'
import { sampleUpstream } from '../harness/sample-config.ts'

function learning(name: string, zone: string, bytes = 65_536): Upstream {
  return {
    ...sampleUpstream(name, '10.0.0.1:80'),
    sticky: {
      kind: 'learn',
      create: [],
      lookup: [],
      zone: { name: zone, bytes },
      timeoutMs: 1,
      isAfterHeader: false,
    },
  }
}

function queueing(name: string, size = 5): Upstream {
  return { ...sampleUpstream(name, '10.0.0.1:80'), queue: { size, timeoutMs: 1 } }
}

describe('UpstreamMemories', () => {
  it('gives memory to those that need some', () => {
    const [plain, learn, queue] = new UpstreamMemories().take(1, [
      sampleUpstream('a', '10.0.0.1:80'),
      learning('b', 'z'),
      queueing('c'),
    ])
    assert.deepEqual(plain, { sessions: null, line: null })
    assert.equal(learn!.sessions?.byteLength, 65_536)
    assert.equal(learn!.line, null)
    assert.notEqual(queue!.line, null)
  })

  it('keeps sessions by the zone’s name and size, and a line by the upstream’s name', () => {
    const memories = new UpstreamMemories()
    const [b, c] = memories.take(1, [learning('b', 'z'), queueing('c')])
    const [other, same] = memories.take(2, [queueing('c', 9), learning('moved', 'z')])
    assert.equal(same!.sessions, b!.sessions)
    assert.equal(other!.line, c!.line)
    memories.release(1)
    const [larger, still] = memories.take(3, [learning('b', 'z', 131_072), queueing('c')])
    assert.notEqual(larger!.sessions, b!.sessions)
    assert.equal(still!.line, c!.line)
  })

  it('gives memory to sessions by address as well', () => {
    const zone = { name: 'z', bytes: 65_536 }
    const sticky = { kind: 'source', prefix4: 24, prefix6: 64, zone, timeoutMs: 1 } as const
    const group = { ...sampleUpstream('a', '10.0.0.1:80'), sticky }
    const memories = new UpstreamMemories()
    const [before] = memories.take(1, [group])
    const [after] = memories.take(2, [group])
    assert.equal(before!.sessions?.byteLength, 65_536)
    assert.equal(after!.sessions, before!.sessions)
  })

  it('forgets what no generation uses any more', () => {
    const memories = new UpstreamMemories()
    const [before] = memories.take(1, [queueing('c')])
    memories.release(1)
    const [after] = memories.take(2, [queueing('c')])
    assert.notEqual(after!.line, before!.line)
    assert.notEqual(new QueueZone(after!.line!, 0).id, new QueueZone(before!.line!, 0).id)
  })

  it('rings where somebody waits', () => {
    const memories = new UpstreamMemories()
    const [queue, , idle] = memories.take(1, [queueing('c'), learning('b', 'z'), queueing('d')])
    const [waits, idles] = [new QueueZone(queue!.line!, 0), new QueueZone(idle!.line!, 0)]
    waits.join(5, false)
    const before = waits.rings
    memories.ring()
    assert.deepEqual([waits.rings, idles.rings], [before + 1, 0])
  })

  it('takes back the places of a worker that died', () => {
    const memories = new UpstreamMemories()
    const [queue] = memories.take(1, [queueing('c'), learning('b', 'z')])
    const [dead, other] = [new QueueZone(queue!.line!, 0), new QueueZone(queue!.line!, 1)]
    dead.join(5, false)
    other.join(5, false)
    memories.reclaim(0)
    assert.equal(other.waiting, 1)
    assert.ok(other.isFirst())
  })
})
