// The memory that all threads of a process share, made once: the peer zone with its generations, and the counters.

import { createMetricZone, MetricSampler } from '../zone/metric-zone.ts'
import { createPeerZone, PeerZone, WORKERS_MAX } from '../zone/peer-zone.ts'
import { Generations } from './generations.ts'

/** The zones, and the main thread's views of them. */
export class SharedMemory {
  /** For the workers. */
  readonly peerZone = createPeerZone()
  /** For the workers. */
  readonly metricZone = createMetricZone()
  readonly peers = new PeerZone(this.peerZone, -1)
  readonly metrics = new MetricSampler(this.metricZone, WORKERS_MAX)
  readonly generations = new Generations(this.peers)

  /** Clears up after a worker that ended, before another takes its index. */
  reclaim(worker: number): void {
    this.metrics.reclaim(worker)
    this.peers.reclaim(worker)
    this.generations.reclaim(worker)
  }
}
