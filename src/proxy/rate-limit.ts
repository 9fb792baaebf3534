// How fast a response may go to its client: `limit_rate` and `limit_rate_after`, what a peer asks for by X-Accel-Limit-Rate,
// and what `set $limit_rate` gave. What is said of one exchange holds to its end. A response with a rate gets a connection
// that paces (downstream/paced-client.ts); others do not notice.

import { type Pace, PacedClient } from '../downstream/paced-client.ts'
import { FIELD } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { LimitSettings, Rate } from '../model/limit-settings.ts'
import type { ProxySettings } from '../model/proxy-settings.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import type { LocationRuntime } from './runtime.ts'
import { compileTemplate } from './variables.ts'

/** Bytes, or bytes per second, of one exchange. */
export type SizeOf = (exchange: Exchange) => number

/** A location's rate, compiled. */
export interface RateRuntime {
  readonly rate: SizeOf
  readonly after: SizeOf
}

/** Null where nothing is said of it. */
export function compileRate({ rate, rateAfter }: LimitSettings): RateRuntime | null {
  if (rate === 0 && rateAfter === 0) return null
  const whileSending = 'while sending response to client'
  return { rate: compileSize(rate, whileSending), after: compileSize(rateAfter, whileSending) }
}

/** Where a peer's responses are read only so fast; null = as they come. As in nginx only what is buffered. */
export function compileReadRate({ limitRate, isBuffering }: ProxySettings): SizeOf | null {
  return limitRate === 0 || !isBuffering ? null : compileSize(limitRate, 'while reading upstream')
}

/** As in nginx what comes to no size is no limit, and an error. */
function compileSize(size: Rate, action: string): SizeOf {
  if (typeof size === 'number') return () => size
  const render = compileTemplate(size)
  return exchange => {
    const text = render(exchange)
    const value = parseRate(text)
    if (value === null) logFailure(exchange, 'error', `invalid size "${text}" ${action}`)
    return value ?? 0
  }
}

/** Lets the response of which nothing is written yet go only as fast as it may. */
export function paceResponse(exchange: Exchange, location: LocationRuntime): void {
  const settings = location.rate ?? null
  if (settings === null && exchange.limitRate <= 0) return
  if (exchange.isDetached || exchange.pacer !== null) return
  if (exchange.limitRate === -1) exchange.limitRate = settings!.rate(exchange)
  const rate = exchange.limitRate
  if (rate === 0) return
  const after = settings?.after(exchange) ?? 0
  const pace: Pace = { rate, after, startedMs: exchange.startedMs }
  const { clock, wheel } = exchange.snapshot.services
  exchange.pacer = new PacedClient(exchange.connection, pace, clock, wheel)
  exchange.connection = exchange.pacer
}

/** Takes a rate that a peer asks for, unless that is ignored. */
export function takeAccelRate(
  exchange: Exchange,
  { fields }: ResponseHead,
  ignored: ProxySettings['ignoreFields'],
): void {
  const index = fields.findId(FIELD.x_accel_limit_rate)
  if (index === -1 || ignored.includes('x-accel-limit-rate')) return
  const text = fields.value(index)
  if (/^\d{1,15}$/.test(text)) exchange.limitRate = Number(text)
}

/** `set $limit_rate VALUE`. */
export function setLimitRate(exchange: Exchange, text: string): void {
  const rate = parseRate(text)
  if (rate === null) logFailure(exchange, 'error', `invalid $limit_rate "${text}"`)
  else exchange.limitRate = rate
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 * 1024 }

/** Bytes, or with k or m; null for anything else. */
function parseRate(text: string): number | null {
  const match = /^(\d{1,12})([km]?)$/i.exec(text)
  return match === null ? null : Number(match[1]) * UNITS[match[2]!.toLowerCase()]!
}
