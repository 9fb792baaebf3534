// Whether a failed try goes on to another peer: `proxy_next_upstream` as a pure function (ngx_http_upstream_next). Nothing
// here touches a peer; what a failure means for the peer's health is decided beside it, because nginx ties the two.

import type { Failure, FailureKind } from '../base/failure.ts'
import type { RetryCondition, RetrySettings } from '../model/proxy-settings.ts'

/** Methods that nginx does not send twice (RFC 9110 §9.2.2; LOCK and PATCH as in nginx). */
const NOT_IDEMPOTENT: ReadonlySet<string> = new Set(['POST', 'LOCK', 'PATCH'])

/** Whether sending it twice may do it twice. */
export function isIdempotent(method: string): boolean {
  return method === 'GET' || !NOT_IDEMPOTENT.has(method)
}

/** What a try came to, in the words of `proxy_next_upstream`; null: nothing to retry on. */
export function conditionOfFailure(kind: FailureKind): RetryCondition | null {
  switch (kind) {
    case 'connect_failed':
    case 'peer_closed':
    case 'peer_reset':
    case 'wrong_body':
      return 'error'
    case 'connect_slow':
    case 'connect_timeout':
    case 'peer_dark':
    case 'peer_unhealthy':
    case 'send_timeout':
    case 'read_timeout':
      return 'timeout'
    case 'bad_response':
    case 'bad_response_framing':
    case 'response_head_too_large':
    case 'unasked_upgrade':
      return 'invalid_header'
    default:
      return null
  }
}

const STATUS_CONDITIONS: Readonly<Record<number, RetryCondition>> = {
  403: 'http_403',
  404: 'http_404',
  429: 'http_429',
  500: 'http_500',
  502: 'http_502',
  503: 'http_503',
  504: 'http_504',
}

/** The condition of a status; null for one that is never retried. */
export function conditionOfStatus(status: number): RetryCondition | null {
  return status < 403 ? null : (STATUS_CONDITIONS[status] ?? null)
}

/** Where an exchange stands when a try has failed. */
export interface TryState {
  readonly condition: RetryCondition
  /** Tries left after the failed one; 0 = none. */
  readonly triesLeft: number
  /** Milliseconds since the first try began. */
  readonly elapsedMs: number
  readonly method: string
  /** At least a part of the request was written to the peer. */
  readonly isSent: boolean
  /** The request body, if any, can be sent again. */
  readonly canReplay: boolean
}

/** Decides whether another peer is tried. */
export function decideRetry(
  state: TryState,
  rules: Pick<RetrySettings, 'on' | 'timeoutMs' | 'deadlineMs'>,
): boolean {
  if (state.triesLeft <= 0) return false
  if (!rules.on.includes(state.condition)) return false
  if (rules.timeoutMs > 0 && state.elapsedMs >= rules.timeoutMs) return false
  if (rules.deadlineMs > 0 && state.elapsedMs >= rules.deadlineMs) return false
  if (!state.isSent) return true
  if (!state.canReplay) return false
  return isIdempotent(state.method) || rules.on.includes('non_idempotent')
}

/**
 * Whether the condition counts against the peer. 403 and 404 never do; a 5xx or 429 only when it is acted upon; the
 * rest always, also with `proxy_next_upstream off`.
 */
export function countsAsFailure(condition: RetryCondition): boolean {
  return condition !== 'http_403' && condition !== 'http_404'
}

/** Why no peer gave an answer, as `proxy_cache_use_stale` has it. */
export function staleConditionOf({ failure }: Failure): 'error' | 'timeout' | 'invalid_header' {
  const condition = conditionOfFailure(failure)
  return condition === 'timeout' || condition === 'invalid_header' ? condition : 'error'
}
