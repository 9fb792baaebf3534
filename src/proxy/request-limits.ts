// `limit_req` and `limit_conn` before the content of a location, in the order in which nginx asks them (requests first), and
// once for each request: where an internal redirect leads, nothing is counted again. Rules and words are those of
// ngx_http_limit_req_module and ngx_http_limit_conn_module.

import { digestOf } from '../base/digest.ts'
import { type Failure, failureReason } from '../base/failure.ts'
import { Timer } from '../base/timer-wheel.ts'
import type { LimitSettings } from '../model/limit-settings.ts'
import type { LimitOutcome } from '../zone/limit-counters.ts'
import { answerStatus } from './answer.ts'
import { holdConnections } from './connection-limits.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { HalfCloseWatch, patienceMs } from './half-close.ts'
import { keyText, type LimitsRuntime, levelBelow, type RequestLimitRuntime } from './limits.ts'
import type { Handler, LocationRuntime } from './runtime.ts'
import { WaitingFlow } from './waiting-flow.ts'

/** A request counts by so long a key at most. */
const KEY_BYTES_MAX = 65_535

/** The phase of limits; `next` itself where the location has none. */
export function limitPhase(location: LocationRuntime, next: Handler): Handler {
  const limits = location.limits ?? null
  if (limits === null) return next
  const settings = location.settings.limits
  const afterRequests: Handler = exchange => {
    exchange.step = 'filter'
    if (holdConnections(exchange, limits, settings)) next(exchange)
    else answerStatus(exchange, settings.connectionStatus)
  }
  if (limits.requests.length === 0) return afterRequests
  return exchange => {
    exchange.step = 'filter'
    const verdict = exchange.requestLimit === '' ? judge(exchange, limits, settings) : 0
    if (verdict === REFUSED) answerStatus(exchange, settings.requestStatus)
    else if (verdict > 0) new DelayedRequest(exchange, afterRequests).start(verdict)
    else afterRequests(exchange)
  }
}

const REFUSED = -1

/** One zone that has agreed, with the key that it counts by. */
interface Agreed {
  readonly limit: RequestLimitRuntime
  readonly key: ReturnType<typeof digestOf>
}

/** Counts the request. @returns how long it has to wait in milliseconds, or `REFUSED` */
function judge(exchange: Exchange, limits: LimitsRuntime, settings: LimitSettings): number {
  const { requests } = limits
  const counting: RequestLimitRuntime[] = []
  const agreed: Agreed[] = []
  // Whose wait is the longest; the last one where nobody waits.
  let decisive: RequestLimitRuntime | null = null
  let excess = 0
  for (let i = 0; i < requests.length; i++) {
    const limit = requests[i]!
    const text = keyText(exchange, limit.key, KEY_BYTES_MAX)
    if (text === null) continue
    const key = digestOf(text)
    const isLast = i === requests.length - 1
    const fits = limit.zone.judge(key, limit.burst, limits.now(), isLast)
    if (!fits) return refuse(exchange, limit, settings)
    decisive = limit
    excess = isLast ? limit.zone.excess : 0
    counting.push(limit)
    if (!isLast) agreed.push({ limit, key })
  }
  if (decisive === null) return 0
  let delayMs = delayOf(decisive, excess)
  for (const { limit, key } of agreed.reverse()) {
    limit.zone.account(key, limits.now())
    const ms = delayOf(limit, limit.zone.excess)
    if (ms <= delayMs) continue
    delayMs = ms
    decisive = limit
    excess = limit.zone.excess
  }
  if (delayMs === 0) {
    note(exchange, counting, 'PASSED')
    return 0
  }
  const { isRequestDryRun, requestLogLevel } = settings
  const dry = isRequestDryRun ? ', dry run' : ''
  const text = `delaying request${dry}, excess: ${excessText(excess)}, by zone "${decisive.key.name}"`
  logFailure(exchange, levelBelow(requestLogLevel), text)
  note(exchange, counting, isRequestDryRun ? 'DELAYED_DRY_RUN' : 'DELAYED')
  return isRequestDryRun ? 0 : delayMs
}

function refuse(exchange: Exchange, limit: RequestLimitRuntime, settings: LimitSettings): number {
  const { isRequestDryRun, requestLogLevel } = settings
  const dry = isRequestDryRun ? ', dry run' : ''
  const { excess } = limit.zone
  const text = `limiting requests${dry}, excess: ${excessText(excess)} by zone "${limit.key.name}"`
  logFailure(exchange, requestLogLevel, text)
  note(exchange, [limit], isRequestDryRun ? 'REJECTED_DRY_RUN' : 'REJECTED')
  return isRequestDryRun ? 0 : REFUSED
}

/** For `$limit_req_status`, and for who asks how the limits do. */
function note(
  exchange: Exchange,
  limits: readonly RequestLimitRuntime[],
  outcome: LimitOutcome,
): void {
  exchange.requestLimit = outcome
  for (const { zone } of limits) zone.tally(outcome)
}

function delayOf(limit: RequestLimitRuntime, excess: number): number {
  return excess <= limit.delay ? 0 : Math.floor(((excess - limit.delay) * 1000) / limit.rate)
}

/** Thousandths as nginx writes them: `1.500`. */
function excessText(excess: number): string {
  return `${Math.floor(excess / 1000)}.${String(excess % 1000).padStart(3, '0')}`
}

/** A request that waits until its rate lets it go on. Who leaves meanwhile leaves nothing behind. */
class DelayedRequest extends WaitingFlow {
  readonly #next: Handler
  readonly #timer = new Timer(() => this.#goOn())
  #halfClose: HalfCloseWatch | null = null

  constructor(exchange: Exchange, next: Handler) {
    super(exchange)
    this.#next = next
  }

  start(delayMs: number): void {
    const { connection, snapshot } = this.exchange
    connection.flow = this
    snapshot.services.wheel.set(this.#timer, delayMs)
    if (connection.isHalfClosed) this.onClientEnd()
  }

  #goOn(): void {
    this.#forget()
    this.leave()
    this.#next(this.exchange)
  }

  #forget(): void {
    this.exchange.snapshot.services.wheel.remove(this.#timer)
    this.#halfClose?.cancel()
  }

  override onClientEnd(): void {
    const { snapshot, startedMs } = this.exchange
    const { services, isStrict } = snapshot
    const waitMs = patienceMs(services.clock.nowMs - startedMs, isStrict)
    if (waitMs === null) return
    this.#halfClose?.cancel()
    this.#halfClose = new HalfCloseWatch(services, waitMs, () => {
      this.onClientGone({ failure: 'client_gone', detail: 'closed while it waited' })
    })
  }

  override onClientGone(failure: Failure): void {
    this.#forget()
    const text = 'client prematurely closed connection'
    logFailure(this.exchange, 'info', text, failureReason(failure))
    super.onClientGone(failure)
  }
}
