// Counters that workers write and the main thread reads. Each worker writes only its own lines,
// with plain stores; counters wrap at 32 bits and the sampler, looking at least once per 4 GiB,
// makes plain numbers of them. Gauges go up and down and belong to a living worker: they are
// cleared when it ends, counters never.

import { assert } from '../base/assert.ts'
import { LINE_CELLS } from './layout.ts'
import { WORKERS_MAX } from './peer-zone.ts'

/** Number of each metric: `zone.add(METRIC.requests, 1)`. */
export const METRIC = {
  /** Connections accepted. */
  accepted: 0,
  /** Connections served; less than accepted when a limit refused some. */
  handled: 1,
  /** Requests read. */
  requests: 2,
  /** Bytes from clients and to them. */
  clientBytesReceived: 3,
  clientBytesSent: 4,
  /** Bytes from peers and to them. */
  peerBytesReceived: 5,
  peerBytesSent: 6,
  /** Tries sent to peers; connections opened to them and taken from the pool. */
  peerTries: 7,
  peerConnectionsOpened: 8,
  peerConnectionsReused: 9,
  /** Responses to clients by class. */
  responses1xx: 10,
  responses2xx: 11,
  responses3xx: 12,
  responses4xx: 13,
  responses5xx: 14,
  /** Client connections open now. */
  connectionsActive: 15,
  /** Of these, the ones between two requests. */
  connectionsIdle: 16,
  /** Exchanges under way. */
  exchangesActive: 17,
  /** Idle connections to peers. */
  peerConnectionsIdle: 18,
} as const

export type MetricName = keyof typeof METRIC
export type Metric = (typeof METRIC)[MetricName]

/** The first gauge: metrics from here on go up and down. */
const GAUGES_FROM = METRIC.connectionsActive
const NAMES = Object.keys(METRIC) as MetricName[]
/** Cells of one worker: whole lines, so that no two workers share one. */
const WORKER_CELLS = Math.ceil(NAMES.length / LINE_CELLS) * LINE_CELLS

/** Makes the memory for one process. */
export function createMetricZone(): SharedArrayBuffer {
  return new SharedArrayBuffer(WORKERS_MAX * WORKER_CELLS * Int32Array.BYTES_PER_ELEMENT)
}

/** One worker's own counters. */
export class MetricZone {
  readonly #cells: Int32Array

  constructor(buffer: SharedArrayBuffer, worker: number) {
    assert(worker >= 0 && worker < WORKERS_MAX, 'worker index is one of the zone')
    const bytes = WORKER_CELLS * Int32Array.BYTES_PER_ELEMENT
    this.#cells = new Int32Array(buffer, worker * bytes, WORKER_CELLS)
  }

  /** Adds to a counter, or moves a gauge up or down. */
  add(metric: Metric, amount: number): void {
    this.#cells[metric]! += amount
  }
}

/** The main thread's sums over all workers. */
export class MetricSampler {
  readonly #cells: Int32Array
  readonly #workers: number
  /** What each cell held when last looked at. */
  readonly #seen: Int32Array
  readonly #totals = new Float64Array(NAMES.length)

  /** @param workers how many workers there are; their indices run from 0 */
  constructor(buffer: SharedArrayBuffer, workers: number) {
    assert(workers >= 1 && workers <= WORKERS_MAX, 'the workers fit the zone')
    this.#cells = new Int32Array(buffer)
    this.#workers = workers
    this.#seen = new Int32Array(workers * WORKER_CELLS)
  }

  /** Reads all cells. No counter of one worker may grow by 4,294,967,296 between two samples. */
  sample(): Record<MetricName, number> {
    const result = {} as Record<MetricName, number>
    for (const name of NAMES) {
      const metric = METRIC[name]
      result[name] = metric < GAUGES_FROM ? this.#count(metric) : this.#gauge(metric)
    }
    return result
  }

  /**
   * Clears the gauges of a worker that ended. Its counters go on in the worker that takes its
   * index.
   */
  reclaim(worker: number): void {
    const start = worker * WORKER_CELLS
    this.#cells.fill(0, start + GAUGES_FROM, start + WORKER_CELLS)
  }

  #count(metric: number): number {
    for (let worker = 0; worker < this.#workers; worker++) {
      const cell = worker * WORKER_CELLS + metric
      const value = Atomics.load(this.#cells, cell)
      this.#totals[metric]! += (value - this.#seen[cell]!) >>> 0
      this.#seen[cell] = value
    }
    return this.#totals[metric]!
  }

  #gauge(metric: number): number {
    let sum = 0
    for (let worker = 0; worker < this.#workers; worker++) {
      sum += Atomics.load(this.#cells, worker * WORKER_CELLS + metric)
    }
    return sum
  }
}
