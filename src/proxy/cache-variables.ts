// Variables of what a cache had to say to a request, and of what it asks a peer for
// (https://nginx.org/en/docs/http/ngx_http_upstream_module.html#var_upstream_cache_status, ngx_http_slice_module). The two
// validators are there while a peer is asked whether a stale response still holds.

import type { Exchange } from './exchange.ts'
import type { Variable, VariableTable } from './variable.ts'

/** The value of a line that the request to the peer gets. */
function condition(name: string): Variable {
  const start = `${name}: `
  return ({ fetch }: Exchange) => {
    const line = fetch?.conditionLines.split('\r\n').find(one => one.startsWith(start))
    return line?.slice(start.length) ?? null
  }
}

export const CACHE_VARIABLES: VariableTable = {
  slice_range: exchange => exchange.sliceRange || null,
  upstream_cache_etag: condition('If-None-Match'),
  upstream_cache_last_modified: condition('If-Modified-Since'),
  upstream_cache_status: exchange => exchange.cacheStatus || null,
}
