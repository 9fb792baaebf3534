import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { type Deaths, decideRestart } from '../../src/control/restart.ts'

const served = (livedMs: number) => ({ hasServed: true, livedMs })
const never = { hasServed: false, livedMs: 5 }
const none: Deaths = { deaths: 0, startDeaths: 0 }

describe('decideRestart', () => {
  it('starts at once after the first death', () => {
    assert.deepEqual(decideRestart(none, served(1), 0), {
      kind: 'restart',
      delayMs: 0,
      deaths: 1,
      startDeaths: 0,
    })
  })

  it('doubles the pause up to half a minute and never gives up on a worker that served', () => {
    let deaths = none
    const delays: number[] = []
    for (let death = 0; death < 40; death++) {
      const decision = decideRestart(deaths, served(100), 0)
      assert.ok(decision.kind === 'restart')
      delays.push(decision.delayMs)
      deaths = decision
    }
    assert.deepEqual(delays.slice(0, 6), [0, 100, 200, 400, 800, 1600])
    assert.deepEqual(new Set(delays.slice(10)), new Set([30_000]))
  })

  it('forgets deaths when the worker lived long', () => {
    const decision = decideRestart({ deaths: 7, startDeaths: 0 }, served(60_000), 0)
    assert.deepEqual(decision, { kind: 'restart', delayMs: 0, deaths: 1, startDeaths: 0 })
  })

  it('does not forget deaths because a worker took long to fail at start', () => {
    const life = { hasServed: false, livedMs: 60_000 }
    const decision = decideRestart({ deaths: 2, startDeaths: 2 }, life, 0)
    assert.deepEqual(decision, { kind: 'restart', delayMs: 200, deaths: 3, startDeaths: 3 })
  })

  it('gives up when the fifth start in a row failed and nobody serves', () => {
    const before = { deaths: 4, startDeaths: 4 }
    assert.deepEqual(decideRestart(before, never, 0), { kind: 'give-up', startDeaths: 5 })
  })

  it('goes on trying as long as another worker serves', () => {
    const before = { deaths: 50, startDeaths: 50 }
    assert.deepEqual(decideRestart(before, never, 1), {
      kind: 'restart',
      delayMs: 30_000,
      deaths: 51,
      startDeaths: 51,
    })
  })
})
