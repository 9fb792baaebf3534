// `limit_conn`: how many requests of one key may be in hand at once, over all workers. What a request counts for it gives
// back when it ends, however that comes about (finish.ts).

import { digestOf } from '../base/digest.ts'
import type { LimitSettings } from '../model/limit-settings.ts'
import { AT_LIMIT, type ConnectionLimitZone, NO_ROOM } from '../zone/connection-limit-zone.ts'
import type { LimitOutcome } from '../zone/limit-counters.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { type ConnectionLimitRuntime, keyText, type LimitsRuntime } from './limits.ts'

/** As in nginx, whose keys here have one byte for their length. */
const KEY_BYTES_MAX = 255

/** What one request counts for. */
export class ConnectionHolds {
  readonly #zones: ConnectionLimitZone[] = []
  readonly #taken: number[] = []

  add(zone: ConnectionLimitZone, taken: number): void {
    this.#zones.push(zone)
    this.#taken.push(taken)
  }

  /** Counts that the request was let through. */
  tally(): void {
    for (const zone of this.#zones) zone.tally('PASSED')
  }

  release(): void {
    for (let i = 0; i < this.#zones.length; i++) this.#zones[i]!.release(this.#taken[i]!)
  }
}

/** Counts the request, unless it was. @returns false = there are too many */
export function holdConnections(
  exchange: Exchange,
  { connections }: LimitsRuntime,
  settings: LimitSettings,
): boolean {
  if (connections.length === 0 || exchange.connectionLimit !== '') return true
  const holds = new ConnectionHolds()
  for (const limit of connections) {
    const text = keyText(exchange, limit.key, KEY_BYTES_MAX)
    if (text === null) continue
    exchange.connectionLimit = 'PASSED'
    const taken = limit.zone.take(digestOf(text), limit.max)
    if (taken === AT_LIMIT || taken === NO_ROOM) {
      holds.release()
      return refuse(exchange, limit, taken, settings)
    }
    holds.add(limit.zone, taken)
  }
  if (exchange.connectionLimit === 'PASSED') {
    exchange.connectionHolds = holds
    holds.tally()
  }
  return true
}

/** As in nginx nothing is said of a zone that is full. */
function refuse(
  exchange: Exchange,
  { key, zone }: ConnectionLimitRuntime,
  taken: number,
  { isConnectionDryRun, connectionLogLevel }: LimitSettings,
): boolean {
  const dry = isConnectionDryRun ? ', dry run,' : ''
  if (taken === AT_LIMIT) {
    logFailure(exchange, connectionLogLevel, `limiting connections${dry} by zone "${key.name}"`)
  }
  const outcome: LimitOutcome = isConnectionDryRun ? 'REJECTED_DRY_RUN' : 'REJECTED'
  exchange.connectionLimit = outcome
  zone.tally(outcome)
  return isConnectionDryRun
}
