// Requests that no client waits for: a stored response that is fetched anew while clients get the old one.

import { CacheFetch } from './cache-fetch.ts'
import { detach } from './detach.ts'
import type { Exchange } from './exchange.ts'
import type { FetchPlan } from './fetch-plan.ts'
import type { LocationRuntime } from './runtime.ts'

/** Makes the exchange that fetches a stale entry anew; the plan's lock is its own from here. */
export function makeUpdate(
  exchange: Exchange,
  plan: FetchPlan,
  location: LocationRuntime,
): Exchange {
  const update = detach(exchange)
  update.cacheStatus = 'EXPIRED'
  update.sliceRange = exchange.sliceRange
  plan.stale?.hold()
  update.fetch = new CacheFetch(update, location, plan)
  return update
}
