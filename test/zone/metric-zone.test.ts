// Counters of workers as the main thread sums them: wrapping, several workers, workers that end.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createMetricZone, METRIC, MetricSampler, MetricZone } from '../../src/zone/metric-zone.ts'

describe('MetricSampler', () => {
  it('sums each counter over the workers', () => {
    const buffer = createMetricZone()
    new MetricZone(buffer, 0).add(METRIC.requests, 3)
    new MetricZone(buffer, 1).add(METRIC.requests, 4)
    new MetricZone(buffer, 1).add(METRIC.accepted, 1)
    const sample = new MetricSampler(buffer, 2).sample()
    assert.equal(sample.requests, 7)
    assert.equal(sample.accepted, 1)
    assert.equal(sample.handled, 0)
  })

  it('counts on past 32 bits', () => {
    const buffer = createMetricZone()
    const zone = new MetricZone(buffer, 0)
    const sampler = new MetricSampler(buffer, 1)
    for (let round = 1; round <= 5; round++) {
      zone.add(METRIC.clientBytesSent, 2_000_000_000)
      zone.add(METRIC.clientBytesSent, 2_000_000_000)
      assert.equal(sampler.sample().clientBytesSent, round * 4_000_000_000)
    }
  })

  it('adds up to the true sum for any amounts', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(0x7fffffff)), { maxLength: 50 }), adds => {
        const buffer = createMetricZone()
        const zones = [0, 1, 2, 3].map(worker => new MetricZone(buffer, worker))
        const sampler = new MetricSampler(buffer, 4)
        let sum = 0
        for (const [worker, amount] of adds) {
          zones[worker]!.add(METRIC.peerBytesSent, amount)
          sum += amount
          assert.equal(sampler.sample().peerBytesSent, sum)
        }
      }),
    )
  })

  it('lets gauges go down again', () => {
    const buffer = createMetricZone()
    const zone = new MetricZone(buffer, 0)
    const sampler = new MetricSampler(buffer, 2)
    zone.add(METRIC.connectionsActive, 3)
    new MetricZone(buffer, 1).add(METRIC.connectionsActive, 1)
    assert.equal(sampler.sample().connectionsActive, 4)
    zone.add(METRIC.connectionsActive, -2)
    assert.equal(sampler.sample().connectionsActive, 2)
  })

  it('forgets the gauges of a worker that ended and keeps its counters', () => {
    const buffer = createMetricZone()
    const zone = new MetricZone(buffer, 1)
    new MetricZone(buffer, 0).add(METRIC.connectionsActive, 5)
    zone.add(METRIC.connectionsActive, 2)
    zone.add(METRIC.peerConnectionsIdle, 2)
    zone.add(METRIC.requests, 10)
    const sampler = new MetricSampler(buffer, 2)
    sampler.reclaim(1)
    new MetricZone(buffer, 1).add(METRIC.requests, 1)
    const sample = sampler.sample()
    assert.equal(sample.connectionsActive, 5)
    assert.equal(sample.peerConnectionsIdle, 0)
    assert.equal(sample.requests, 11)
  })
})

describe('MetricZone', () => {
  it('keeps the workers apart by whole cache lines', () => {
    const buffer = createMetricZone()
    const last = Object.values(METRIC).at(-1)!
    new MetricZone(buffer, 0).add(last, 1)
    const other = new MetricSampler(buffer, 1)
    new MetricZone(buffer, 1).add(METRIC.accepted, 1)
    assert.equal(other.sample().accepted, 0)
    assert.equal((buffer.byteLength / 256) % 64, 0)
  })

  it('refuses a worker that the zone has no room for', () => {
    assert.throws(() => new MetricZone(createMetricZone(), 256), /worker index/)
    assert.throws(() => new MetricZone(createMetricZone(), -1), /worker index/)
  })
})
