// `limit_except`: methods that it does not name go another way, which is a location of its own. As in nginx that is settled
// before anything of the location counts (http://nginx.org/en/docs/http/ngx_http_core_module.html#limit_except).

import type { LimitExcept, Location } from '../model/route.ts'
import type { Handler, LocationRuntime } from './runtime.ts'

/** Makes the handler that tells methods apart; `own` where all are alike. */
export function limitMethods(
  limit: LimitExcept | undefined,
  own: Handler,
  compile: (location: Location) => LocationRuntime,
): Handler {
  if (limit === undefined) return own
  const methods = new Set(limit.methods)
  const other = compile(limit.location)
  return exchange => {
    if (methods.has(exchange.method)) {
      own(exchange)
      return
    }
    exchange.location = other
    other.handler(exchange)
  }
}
