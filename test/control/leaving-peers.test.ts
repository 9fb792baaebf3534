// Which addresses stay when a name has others, with verdicts and a time that the test decides.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { LeavingPeers } from '../../src/control/leaving-peers.ts'
import { addressText } from '../../src/model/listener.ts'
import { ManualDelay } from '../harness/manual-delay.ts'
import { probedUpstream, sampleProbe } from '../harness/roster.ts'
import { tcp } from '../harness/sample-config.ts'

const OLD = ['10.0.0.1:80', '10.0.0.2:80']
const NEW = ['10.0.0.7:80', '10.0.0.8:80']
const peers = (addresses: readonly string[]) =>
  addresses.map(address => ({ peer: 0, address: tcp(address) }))
const mandatory = probedUpstream({
  probes: [sampleProbe({ isMandatory: true, intervalMs: 2000, timeoutMs: 500 })],
})

class Bench {
  readonly up = new Set(OLD)
  readonly time = new ManualDelay()
  nowMs = 1000
  changes = 0
  readonly leaving = new LeavingPeers({
    isUp: (upstream, address) => upstream === 'web' && this.up.has(address),
    onChange: () => {
      this.changes++
    },
    now: () => this.nowMs,
    delay: this.time.delay,
  })

  stay(wanted = NEW, current = OLD, upstream = mandatory): string[] {
    const list = { name: 'web', peers: peers(wanted) }
    const found = this.leaving.stay(upstream, list, peers(current))
    return found.peers.map(({ address }) => addressText(address))
  }
}

describe('LeavingPeers', () => {
  it('keeps those that are well while nobody else is, until one is', async () => {
    const bench = new Bench()
    bench.up.delete(OLD[1]!)
    assert.deepEqual(bench.stay(), [...NEW, OLD[0]])
    bench.up.add(NEW[1]!)
    bench.leaving.onTransition('web')
    await Promise.resolve()
    assert.equal(bench.changes, 1)
    assert.deepEqual(bench.stay(NEW, [...NEW, OLD[0]!]), NEW)
    assert.deepEqual(bench.time.waiting, [])
  })

  it('keeps them for an interval and a timeout at most', async () => {
    const bench = new Bench()
    assert.deepEqual(bench.stay(), [...NEW, ...OLD])
    assert.deepEqual(
      bench.time.waiting.map(({ ms }) => ms),
      [2500],
    )
    // Another change in between gives no more time.
    bench.nowMs += 2400
    assert.deepEqual(bench.stay([NEW[0]!]), [NEW[0], ...OLD])
    bench.nowMs += 100
    for (const { resolve } of bench.time.waiting.splice(0)) resolve()
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(bench.changes, 1)
    assert.deepEqual(bench.stay(), NEW)
  })

  it('keeps none that has failed', () => {
    const bench = new Bench()
    bench.stay()
    bench.up.clear()
    assert.deepEqual(bench.stay(), NEW)
    assert.deepEqual(bench.time.waiting, [])
  })

  const usual = probedUpstream({ probes: [sampleProbe()] })
  const heavy = {
    ...mandatory,
    peers: mandatory.peers.map(peer => ({ ...peer, weight: 200_000_000 })),
  }
  const rows = [
    {
      name: 'where one of those that stay is well',
      wanted: [OLD[1]!, NEW[0]!],
      upstream: mandatory,
    },
    { name: 'where new ones serve at once', wanted: NEW, upstream: usual },
    { name: 'without a probe', wanted: NEW, upstream: probedUpstream({ probes: [] }) },
    { name: 'where the name has none left', wanted: [], upstream: mandatory },
    { name: 'where all together weigh too much', wanted: NEW, upstream: heavy },
  ]
  for (const { name, wanted, upstream } of rows) {
    it(`keeps nobody ${name}`, () => {
      const bench = new Bench()
      assert.deepEqual(bench.stay(wanted, OLD, upstream), wanted)
      assert.deepEqual(bench.time.waiting, [])
    })
  }

  it('hears of nobody who keeps nothing, and ends with the program', async () => {
    const bench = new Bench()
    bench.leaving.onTransition('web')
    await Promise.resolve()
    assert.equal(bench.changes, 0)
    bench.stay()
    bench.leaving.close()
    assert.deepEqual(bench.time.waiting, [])
  })
})
