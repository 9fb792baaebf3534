// The tables that `sticky learn` and `sticky source` keep their sessions in, over all groups: each belongs to one of
// them, because it tells which peer of that one a session has, and none is larger than anybody
// can mean.

import type { Report } from './check.ts'
import { originOf } from './origin.ts'
import type { Upstream } from './upstream.ts'

/** Bytes of one table: room for twenty million sessions. */
const BYTES_MAX = 1024 * 1024 * 1024

/** Checks the tables of all groups. */
export function checkSessionZones(upstreams: readonly Upstream[], report: Report): void {
  const owners = new Map<string, string>()
  for (const upstream of upstreams) {
    const { sticky } = upstream
    if (sticky === null || !('zone' in sticky)) continue
    const { name, bytes } = sticky.zone
    const origin = originOf(upstream, 'sticky')
    const owner = owners.get(name)
    if (owner !== undefined) {
      const problem = `Sessions "${name}" belong to upstream "${owner}" already`
      report('error', problem, origin, 'give the sessions of each upstream a name of their own')
    }
    owners.set(name, upstream.name)
    if (bytes > BYTES_MAX) {
      const problem = `Cannot keep ${bytes} bytes of sessions: wants at most 1g`
      report('error', problem, origin, 'a megabyte has room for 20,000')
    }
  }
}
