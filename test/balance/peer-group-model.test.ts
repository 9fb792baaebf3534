// Random histories of picks, ends of tries and passing time, run through `PeerGroup` and through
// the plain rules: after every step both must have picked the same peer and hold the same state.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { OUTCOMES } from '../../src/balance/outcome.ts'
import { PeerGroup } from '../../src/balance/peer-group.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import { PEER } from '../../src/zone/layout.ts'
import { createPeerZone, PeerZone } from '../../src/zone/peer-zone.ts'
import { makePeer, START_SECONDS } from './group-fixture.ts'
import { type ModelRequest, ReferenceModel } from './reference-model.ts'

const peerArbitrary = fc.record({
  weight: fc.integer({ min: 1, max: 12 }),
  maxConns: fc.constantFrom(0, 0, 0, 1, 3),
  maxFails: fc.integer({ min: 0, max: 4 }),
  failTimeoutSeconds: fc.integer({ min: 0, max: 5 }),
  isBackup: fc.boolean(),
  isDown: fc.constantFrom(false, false, false, true),
})

const stepArbitrary = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('request' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('try' as const), which: fc.nat(20) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      which: fc.nat(20),
      outcome: fc.constantFrom(...OUTCOMES),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.nat(7) }) },
)

interface Request {
  readonly tried: TriedSet
  readonly model: ModelRequest
}

describe('PeerGroup', () => {
  it('does what the plain rules say, in any history', () => {
    const peers = fc.array(peerArbitrary, { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(
        fc.oneof(fc.array(peerArbitrary, { minLength: 1, maxLength: 4 }), peers),
        fc.array(stepArbitrary, { maxLength: 120 }),
        (settings, steps) => {
          const group = settings.map((setting, slot) => makePeer({ ...setting, slot }))
          const zone = new PeerZone(createPeerZone(), 0)
          const real = new PeerGroup(zone, 0, group)
          const model = new ReferenceModel(group)
          const requests: Request[] = []
          const tries: number[] = []
          let now = START_SECONDS

          const pick = (request: Request) => {
            const expected = model.pick(request.model, now)
            assert.equal(real.pick(request.tried, now), expected)
            if (expected !== -1) tries.push(expected)
          }
          for (const step of steps) {
            if (step.kind === 'wait') now += step.seconds
            if (step.kind === 'request') {
              requests.push({ tried: new TriedSet(), model: { tried: [], isOnBackups: false } })
              pick(requests.at(-1)!)
            }
            if (step.kind === 'try' && requests.length > 0) {
              const request = requests[step.which % requests.length]!
              if (!model.isSingle) {
                assert.equal(
                  real.hasEligible(request.tried, now),
                  model.hasEligible(request.model, now),
                )
              }
              pick(request)
            }
            if (step.kind === 'end' && tries.length > 0) {
              const [peer] = tries.splice(step.which % tries.length, 1)
              assert.equal(
                real.release(peer!, step.outcome, now),
                model.release(peer!, step.outcome, now),
              )
            }
            for (const peer of model.peers) {
              const line = zone.peerLine(peer.slot)
              const status = zone.snapshotPeer(peer.slot)
              assert.deepEqual(
                {
                  currentWeight: zone.cells[line + PEER.currentWeight],
                  effectiveWeight: status.effectiveWeight,
                  conns: status.conns,
                  fails: status.fails,
                  failedAt: status.failedAt ?? 0,
                  checkedAt: status.checkedAt ?? 0,
                },
                {
                  currentWeight: peer.currentWeight,
                  effectiveWeight: peer.effectiveWeight,
                  conns: peer.conns,
                  fails: peer.fails,
                  failedAt: peer.accessed,
                  checkedAt: peer.checked,
                },
              )
            }
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
