// The balancing methods by the name that the model gives them, one row each.

import type { Method } from '../model/upstream.ts'
import type { Balancer } from './balancer.ts'
import { makeRoundRobin } from './round-robin.ts'

/** Makes the balancer of one list of one group. */
export const METHODS: Readonly<Record<Method, () => Balancer>> = {
  round_robin: makeRoundRobin,
}
