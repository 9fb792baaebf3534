// Every balancing method with every choice it has, by name, for suites that run over all of them;
// and the keys of made-up requests.

import type { Method } from '../../src/model/upstream.ts'
import { SeededRandom } from '../harness/seeded-random.ts'

export interface MethodRow {
  readonly name: string
  readonly method: Method
  /** How far the shares of many different keys may lie off the weights. */
  readonly tolerance: number
}

const EVEN = 0.1
/** A ring of 160 points for each unit of weight is uneven by nature. */
const RING = 0.35

export const METHOD_ROWS: readonly MethodRow[] = [
  { name: 'round_robin', method: { kind: 'round_robin' }, tolerance: 0 },
  { name: 'least_conn', method: { kind: 'least_conn' }, tolerance: EVEN },
  { name: 'ip_hash', method: { kind: 'ip_hash' }, tolerance: EVEN },
  { name: 'hash', method: hash('modulo'), tolerance: EVEN },
  { name: 'hash consistent', method: hash('ketama'), tolerance: RING },
  { name: 'hash maglev', method: hash('maglev'), tolerance: EVEN },
  { name: 'hash consistent bounded', method: hash('ketama', 125), tolerance: RING },
  { name: 'hash maglev bounded', method: hash('maglev', 150), tolerance: EVEN },
  { name: 'random', method: random(false), tolerance: EVEN },
  { name: 'random two', method: random(true), tolerance: EVEN },
  { name: 'random two least_time=header', method: random(true, 'header'), tolerance: EVEN },
  { name: 'random two least_time=last_byte', method: random(true, 'last_byte'), tolerance: EVEN },
  { name: 'least_time header', method: leastTime('header', false), tolerance: EVEN },
  { name: 'least_time header inflight', method: leastTime('header', true), tolerance: EVEN },
  { name: 'least_time last_byte', method: leastTime('last_byte', false), tolerance: EVEN },
  { name: 'least_time last_byte inflight', method: leastTime('last_byte', true), tolerance: EVEN },
  { name: 'least_time peak_ewma', method: { kind: 'peak_ewma' }, tolerance: EVEN },
]

export function hash(
  placement: 'modulo' | 'ketama' | 'maglev',
  boundedPercent: number | null = null,
): Method {
  return { kind: 'hash', key: [{ variable: 'request_uri' }], placement, boundedPercent }
}

function random(isTwo: boolean, time?: 'header' | 'last_byte'): Method {
  return { kind: 'random', isTwo, by: time === undefined ? 'least_conn' : `least_time=${time}` }
}

function leastTime(by: 'header' | 'last_byte', countsInflight: boolean): Method {
  return { kind: 'least_time', by, countsInflight }
}

/** Keys as different as those of clients: addresses, so that `ip_hash` takes them too. */
export function makeKeys(seed: number): () => string {
  const random = new SeededRandom(seed)
  const octet = () => random.below(256)
  return () => `${octet()}.${octet()}.${octet()}.${octet()}`
}
