// One pick in one list of peers, whatever the method: what slow starts make of it, and the window
// that it opens.

import type { Balancer } from './balancer.ts'
import type { PeerList } from './peer-list.ts'
import type { TriedSet } from './tried.ts'

/**
 * Picks a member; a request that would find only peers that start slowly gets one of these.
 *
 * @returns -1 when none is eligible
 */
export function pickOne(
  list: PeerList,
  balancer: Balancer,
  tried: TriedSet,
  at: number,
  key: string,
  atMs: number,
): number {
  const member = balancer.pick(tried, at, key, atMs)
  if (member !== -1 || !list.hasSlowStart) return member
  list.ignoresSlowStart = true
  const slow = balancer.pick(tried, at, key, atMs)
  list.ignoresSlowStart = false
  return slow
}

/** Opens the window of a member that was picked, and gives its index in the group. */
export function openPicked(list: PeerList, member: number, at: number): number {
  list.openWindow(member, at)
  return list.peerOf(member)
}
