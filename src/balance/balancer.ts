// The seam for balancing methods: given the peers of one list, which is next. A method sees either
// the primaries or the backups, never both, and keeps whatever it has to remember between requests
// in the zone, where all workers see it. Adding a method is one file with a `Balancer` and one row
// in `methods.ts`.

import type { TriedSet } from './tried.ts'

/** Chooses one peer of the list that it was made for. */
export interface Balancer {
  /**
   * Called under the group's lock: must not throw, wait or allocate. It moves only what the method
   * itself remembers; counting the request and marking it as tried is the group's.
   *
   * @param at zone seconds
   * @param key what the request is hashed by; '' for a method that does not ask for one
   * @param atMs zone milliseconds; 0 for a method that does not measure times
   * @returns index in the list of an eligible member, or -1 when there is none
   */
  pick(tried: TriedSet, at: number, key: string, atMs: number): number

  /**
   * Called under the group's lock when a request goes to `member` because it is bound to it, for a
   * method whose later picks should know.
   */
  charge?(member: number, tried: TriedSet, at: number): void
}
