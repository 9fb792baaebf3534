// A worker's views of the zones that `limit_req` and `limit_conn` count in, and the clock that all workers read for them.

import type { Clock } from '../base/clock.ts'
import { type LimitZones, makeLimitKey, type WorkerLimitZone } from '../proxy/limits.ts'
import { compileTemplate } from '../proxy/variables.ts'
import { ConnectionLimitZone } from '../zone/connection-limit-zone.ts'
import { RequestLimitZone } from '../zone/request-limit-zone.ts'
import type { Generation } from './messages.ts'

const NANOSECONDS_PER_MS = 1_000_000n

/** What turns a thread's own monotonic time, which begins with the thread, into the machine's. */
const OWN_START_MS = Math.round(
  Number(process.hrtime.bigint() / NANOSECONDS_PER_MS) - performance.now(),
)

/** The zones of a generation, by name. */
export class WorkerLimitZones implements LimitZones {
  readonly #clock: Clock
  readonly #zones: ReadonlyMap<string, WorkerLimitZone>

  constructor({ config, limits }: Generation, clock: Clock, workerIndex: number) {
    this.#clock = clock
    this.#zones = new Map(
      config.limitZones.map((written, index): [string, WorkerLimitZone] => {
        const { name, kind, rate } = written
        const key = makeLimitKey(name, written.key, compileTemplate(written.key))
        const memory = limits[index]!
        if (kind === 'connections') {
          return [name, { kind, key, zone: new ConnectionLimitZone(memory, workerIndex) }]
        }
        return [name, { kind, key, zone: new RequestLimitZone(memory, workerIndex, rate), rate }]
      }),
    )
  }

  find(name: string): WorkerLimitZone | null {
    return this.#zones.get(name) ?? null
  }

  now(): number {
    return this.#clock.nowMs + OWN_START_MS
  }
}
