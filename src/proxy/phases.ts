// What a request passes in its location before the content answers, in nginx's order of phases
// (https://nginx.org/en/docs/dev/development_guide.html#http_phases). A phase that a location has nothing to say about
// costs its requests nothing: it is left out when the location is compiled.

import { checkAccess } from './access.ts'
import { realIpPhase } from './real-ip.ts'
import { limitPhase } from './request-limits.ts'
import { rewritePhase } from './rewrite-phase.ts'
import type { Handler, LocationRuntime } from './runtime.ts'
import type { Trace } from './trace.ts'

/** Makes the handler that does its part and then lets `next` go on; `next` itself where there is nothing to do. */
export type Phase = (location: LocationRuntime, next: Handler) => Handler

/** In the order in which requests meet them. */
const PHASES: readonly Phase[] = [
  rewritePhase,
  // preaccess: set_real_ip_from, limit_req, limit_conn
  realIpPhase,
  limitPhase,
  // access: allow, deny, auth_basic, auth_request, under satisfy
  checkAccess,
]

/**
 * The location's way: every phase, then `content`.
 *
 * @param trace hears of phases that have something to say; null where requests are served
 */
export function compilePhases(
  location: LocationRuntime,
  content: Handler,
  trace: Trace | null,
): Handler {
  return PHASES.reduceRight((next, phase) => {
    const handler = phase(location, next)
    return trace === null || handler === next ? handler : tracedPhase(trace, phase, handler)
  }, content)
}

function tracedPhase(trace: Trace, phase: Phase, handler: Handler): Handler {
  const topic = phase === limitPhase ? 'limit' : phase === checkAccess ? 'access' : null
  if (topic === null) return handler
  return exchange => {
    trace.onPhase(exchange, topic)
    handler(exchange)
  }
}
