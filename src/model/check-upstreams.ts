// What must hold in a group of peers whatever the dialect, beside what check.ts says of every peer:
// its weights fit the sums that picks make, and its settings fit each other.

import type { Report } from './check.ts'
import { originOf } from './origin.ts'
import { METHODS_WITHOUT_BACKUP, type Upstream, WEIGHT_TOTAL_MAX } from './upstream.ts'

/** Checks one group. */
export function checkUpstream(upstream: Upstream, report: Report): void {
  const { name, peers } = upstream
  const total = peers.reduce((sum, { weight }) => sum + weight, 0)
  if (Number.isSafeInteger(total) && total > WEIGHT_TOTAL_MAX) {
    const most = peers.reduce((found, peer) => (peer.weight > found.weight ? peer : found))
    const problem = `Cannot use weights of ${total} together in upstream "${name}"`
    const hint = `wants at most ${WEIGHT_TOTAL_MAX}: only their proportion matters`
    report('error', problem, originOf(most, 'weight'), hint)
  }
  if (METHODS_WITHOUT_BACKUP.has(upstream.method.kind)) reportPlainBackups(upstream, report)
  checkOutliers(upstream, report)
}

/**
 * nginx refuses a backup that stands below such a method, and says nothing to one above it. Here
 * both work; but who picked a method for its keys should know that it ends at the backups.
 */
function reportPlainBackups({ method, peers }: Upstream, report: Report): void {
  for (const peer of peers) {
    if (!peer.isBackup) continue
    const problem = `Backups do not follow method ${method.kind}: they go by round robin`
    report('warning', problem, originOf(peer, 'isBackup'), 'nginx refuses them below the method')
  }
}

/** A maximum below the first ejection would shorten what was asked for. */
function checkOutliers(upstream: Upstream, report: Report): void {
  const { outliers } = upstream.passiveHealth
  if (outliers === null || outliers.maxSeconds >= outliers.baseSeconds) return
  const { maxSeconds, baseSeconds } = outliers
  const problem = `Cannot eject for ${maxSeconds}s at most: the first ejection takes ${baseSeconds}s`
  report('error', problem, originOf(upstream, 'health.outliers'), '"max" is at least "base"')
}
