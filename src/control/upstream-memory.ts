// Memory that the workers share for single upstreams, beside the peer zone: learned sessions and waiting lines. Kept as
// long as a generation in use has it: a zone of sessions goes on over a reload by its name and size, a line by the name
// of its upstream.

import type { Upstream } from '../model/upstream.ts'
import type { UpstreamMemory } from '../worker/messages.ts'
import { createQueueZone, QueueZone } from '../zone/queue-zone.ts'
import { createSessionZone, SessionZone } from '../zone/session-zone.ts'

/** By key, in one generation. */
type Held = ReadonlyMap<string, SharedArrayBuffer>

export class UpstreamMemories {
  /** Of the generations in use. */
  readonly #generations = new Map<number, Held>()
  #lines = 0

  /** The memory of each upstream of a generation, in their order. */
  take(generation: number, upstreams: readonly Upstream[]): readonly UpstreamMemory[] {
    const held = new Map<string, SharedArrayBuffer>()
    const takeOne = (key: string, make: () => SharedArrayBuffer): SharedArrayBuffer => {
      const memory = held.get(key) ?? this.#find(key) ?? make()
      held.set(key, memory)
      return memory
    }
    const memories = upstreams.map(({ name, sticky, queue }): UpstreamMemory => {
      const zone = sticky !== null && 'zone' in sticky ? sticky.zone : null
      return {
        sessions:
          zone === null
            ? null
            : takeOne(`${SESSIONS}${zone.bytes} ${zone.name}`, () => createSessionZone(zone.bytes)),
        line:
          queue === null ? null : takeOne(`${LINE}${name}`, () => createQueueZone(++this.#lines)),
      }
    })
    this.#generations.set(generation, held)
    return memories
  }

  /** The generation is not used any more. */
  release(generation: number): void {
    this.#generations.delete(generation)
  }

  /** Lets those who wait for a peer look at once. */
  ring(): void {
    for (const held of this.#generations.values()) {
      for (const [key, memory] of held) {
        if (key.startsWith(LINE)) new QueueZone(memory, -1).ring()
      }
    }
  }

  /** Clears up after a worker that ended, before another takes its index. */
  reclaim(worker: number): void {
    const all = new Map([...this.#generations.values()].flatMap(held => [...held]))
    for (const [key, memory] of all) {
      if (key.startsWith(LINE)) new QueueZone(memory, -1).reclaim(worker)
      else new SessionZone(memory, -1).reclaim(worker)
    }
  }

  #find(key: string): SharedArrayBuffer | null {
    for (const held of this.#generations.values()) {
      const memory = held.get(key)
      if (memory !== undefined) return memory
    }
    return null
  }
}

const SESSIONS = 'sessions '
const LINE = 'line '
