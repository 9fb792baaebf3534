// What a location limits, compiled: the zones of `limit_req` and `limit_conn` with their keys as functions of the exchange.
// Zones are memory that all workers share (zone/request-limit-zone.ts, zone/connection-limit-zone.ts).

import type { LogLevel } from '../base/log-level.ts'
import type { LimitSettings } from '../model/limit-settings.ts'
import { templateText } from '../model/template.ts'
import type { ConnectionLimitZone } from '../zone/connection-limit-zone.ts'
import type { RequestLimitZone } from '../zone/request-limit-zone.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import type { Render } from './runtime.ts'

/** Who a zone counts apart from whom. */
export interface LimitKey {
  /** Of the zone. */
  readonly name: string
  readonly render: Render
  /** As it is written. */
  readonly text: string
}

/** A zone as a worker has it. */
export type WorkerLimitZone =
  | {
      readonly kind: 'requests'
      readonly key: LimitKey
      readonly zone: RequestLimitZone
      readonly rate: number
    }
  | { readonly kind: 'connections'; readonly key: LimitKey; readonly zone: ConnectionLimitZone }

/** The zones of a configuration in one worker. */
export interface LimitZones {
  find(name: string): WorkerLimitZone | null
  /** Milliseconds by one clock for all workers. */
  now(): number
}

/** One `limit_req`; requests in thousandths. */
export interface RequestLimitRuntime {
  readonly key: LimitKey
  readonly zone: RequestLimitZone
  readonly rate: number
  readonly burst: number
  /** What is over the rate by more than this waits. */
  readonly delay: number
}

/** One `limit_conn`. */
export interface ConnectionLimitRuntime {
  readonly key: LimitKey
  readonly zone: ConnectionLimitZone
  readonly max: number
}

export interface LimitsRuntime {
  readonly requests: readonly RequestLimitRuntime[]
  readonly connections: readonly ConnectionLimitRuntime[]
  now(): number
}

/** Null where nothing is limited. */
export function compileLimits(settings: LimitSettings, zones: LimitZones): LimitsRuntime | null {
  const requests = settings.requests.flatMap((limit): RequestLimitRuntime[] => {
    const found = zones.find(limit.zone)
    if (found?.kind !== 'requests') return []
    const { key, zone, rate } = found
    const delay = limit.delay === null ? Number.POSITIVE_INFINITY : limit.delay * 1000
    return [{ key, zone, rate, burst: limit.burst * 1000, delay }]
  })
  const connections = settings.connections.flatMap((limit): ConnectionLimitRuntime[] => {
    const found = zones.find(limit.zone)
    if (found?.kind !== 'connections') return []
    return [{ key: found.key, zone: found.zone, max: limit.max }]
  })
  if (requests.length === 0 && connections.length === 0) return null
  return { requests, connections, now: () => zones.now() }
}

/** The text of a key for an exchange; null where it is not counted, which is said if it is too long. */
export function keyText(exchange: Exchange, key: LimitKey, bytesMax: number): string | null {
  const text = key.render(exchange)
  if (text === '') return null
  if (text.length <= bytesMax) return text
  const problem = `the value of the "${key.text}" key is more than ${bytesMax} bytes`
  logFailure(exchange, 'error', `${problem}: "${text}"`)
  return null
}

/** Makes the key of a zone. */
export function makeLimitKey(
  name: string,
  key: Parameters<typeof templateText>[0],
  render: Render,
): LimitKey {
  return { name, render, text: templateText(key) }
}

/** Delays are logged one level below refusals, as in nginx. */
export function levelBelow(level: LogLevel): LogLevel {
  return level === 'error' ? 'warn' : level === 'warn' ? 'notice' : 'info'
}
