// Memory of the zones that requests and connections are counted in, kept as long as a generation in use has it: it goes on
// over a reload where the zone's name, key and size stay.

import type { LimitZone } from '../model/limit-settings.ts'
import { templateText } from '../model/template.ts'
import { ConnectionLimitZone, createConnectionLimitZone } from '../zone/connection-limit-zone.ts'
import { LIMIT_OUTCOMES, type LimitOutcome, outcomeCount } from '../zone/limit-counters.ts'
import { createRequestLimitZone, RequestLimitZone } from '../zone/request-limit-zone.ts'

/** One zone as `status` tells of it. */
export interface StatusLimit {
  readonly name: string
  /** `requests` or `connections`. */
  readonly kind: string
  /** As it is written. */
  readonly key: string
  /** Keys that are in the zone now, and that have room; of connections counted for each worker. */
  readonly keys: number
  readonly capacity: number
  readonly passed: number
  readonly delayed: number
  readonly rejected: number
  readonly delayedDryRun: number
  readonly rejectedDryRun: number
}

interface Kept {
  readonly kind: LimitZone['kind']
  readonly memory: SharedArrayBuffer
}

/** By key, in one generation. */
type Held = ReadonlyMap<string, Kept>

export class LimitMemories {
  /** Of the generations in use. */
  readonly #generations = new Map<number, Held>()

  /** The memory of each zone of a generation, in their order. */
  take(generation: number, zones: readonly LimitZone[]): readonly SharedArrayBuffer[] {
    const held = new Map<string, Kept>()
    const memories = zones.map(zone => {
      const key = keyOf(zone)
      const kept = this.#find(key) ?? { kind: zone.kind, memory: createMemory(zone) }
      held.set(key, kept)
      return kept.memory
    })
    this.#generations.set(generation, held)
    return memories
  }

  /** The generation is not used any more. */
  release(generation: number): void {
    this.#generations.delete(generation)
  }

  /** Clears up after a worker that ended, before another takes its index. */
  reclaim(worker: number): void {
    const all = new Map([...this.#generations.values()].flatMap(held => [...held]))
    for (const { kind, memory } of all.values()) {
      if (kind === 'connections') new ConnectionLimitZone(memory, -1).reclaim(worker)
      else new RequestLimitZone(memory, -1, 1).reclaim(worker)
    }
  }

  #find(key: string): Kept | null {
    for (const held of this.#generations.values()) {
      const kept = held.get(key)
      if (kept !== undefined) return kept
    }
    return null
  }
}

/** What the zones of a generation have counted. */
export function limitStatus(
  zones: readonly LimitZone[],
  memories: readonly SharedArrayBuffer[],
): StatusLimit[] {
  return zones.map(({ name, kind, key }, index): StatusLimit => {
    const memory = memories[index]!
    const view =
      kind === 'connections'
        ? new ConnectionLimitZone(memory, -1)
        : new RequestLimitZone(memory, -1, 1)
    const [passed, delayed, rejected, delayedDryRun, rejectedDryRun] = LIMIT_OUTCOMES.map(
      (outcome: LimitOutcome) => outcomeCount(view.cells, outcome),
    ) as [number, number, number, number, number]
    return {
      name,
      kind,
      key: templateText(key),
      keys: view.count,
      capacity: view.capacity,
      passed,
      delayed,
      rejected,
      delayedDryRun,
      rejectedDryRun,
    }
  })
}

function keyOf({ kind, bytes, key, name }: LimitZone): string {
  return `${kind} ${bytes} ${name} ${templateText(key)}`
}

function createMemory({ kind, bytes }: LimitZone): SharedArrayBuffer {
  return kind === 'connections' ? createConnectionLimitZone(bytes) : createRequestLimitZone(bytes)
}
