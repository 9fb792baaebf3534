// Which limit a check runs under: what it uses of the machine, and whom it would use it for.

import { unreachable } from '../base/assert.ts'
import type { ProbeTarget } from './probe-target.ts'

/** What checks use of the machine. */
export type LaneKind = 'connection' | 'program' | 'function'

/** Decides under which limit a target's checks run. */
export function laneOf(target: ProbeTarget): { readonly kind: LaneKind; readonly key: string } {
  const { check, address } = target
  switch (check.kind) {
    case 'http':
    case 'tcp':
    case 'fixed':
      return { kind: 'connection', key: address.kind === 'unix' ? address.path : address.host }
    case 'external':
      return { kind: 'program', key: check.command }
    case 'ping':
      return { kind: 'program', key: 'ping' }
    case 'function':
      return { kind: 'function', key: check.modulePath }
    case 'combined':
      return laneOf({ ...target, check: check.full })
    default:
      return unreachable(check)
  }
}
