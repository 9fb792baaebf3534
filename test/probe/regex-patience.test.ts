// What regexes that backtrack may cost: for one peer, and for many in one second.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PROBE_LIMITS } from '../../src/probe/limits.ts'
import { RegexBudget, RegexPatience } from '../../src/probe/regex-patience.ts'
import { textFault } from '../../src/probe/text-matcher.ts'
import { regex } from './probe-values.ts'

const SOURCE = ' (a+)+$'

describe('RegexPatience', () => {
  it('lets a regex rest that was too slow, longer each time, up to a limit', () => {
    let nowMs = 5_000
    const patience = new RegexPatience(() => nowMs, new RegexBudget())
    const rests: number[] = []
    for (let i = 0; i < 7; i++) {
      assert.ok(patience.allow(SOURCE).triesMax > 0)
      patience.onSlow(SOURCE, 40)
      const startMs = nowMs
      while (patience.allow(SOURCE).triesMax === 0) nowMs += 1_000
      rests.push((nowMs - startMs) / 1000)
    }
    assert.deepEqual(rests, [10, 20, 40, 80, 160, 300, 300])
  })

  it('begins anew after a run that came to its end', () => {
    let nowMs = 0
    const patience = new RegexPatience(() => nowMs, new RegexBudget())
    patience.onSlow(SOURCE, 40)
    nowMs += PROBE_LIMITS.regexSlowMs
    patience.onDone(SOURCE)
    patience.onSlow(SOURCE, 40)
    nowMs += PROBE_LIMITS.regexSlowMs
    assert.ok(patience.allow(SOURCE).triesMax > 0)
  })

  it('leaves the same regex of other peers, and other regexes, alone', () => {
    const shared = new RegexBudget()
    const patience = new RegexPatience(() => 0, shared)
    patience.onSlow(SOURCE, 40)
    assert.equal(patience.allow(SOURCE).triesMax, 0)
    assert.ok(patience.allow(' b+$').triesMax > 0)
    assert.ok(new RegexPatience(() => 0, shared).allow(SOURCE).triesMax > 0)
  })
})

describe('RegexBudget', () => {
  it('gives slow regexes less and less of a second, and all of the next', () => {
    const budget = new RegexBudget()
    const { regexMs, regexHurriedMs, regexTriesMax, regexSecondMsMax } = PROBE_LIMITS
    assert.deepEqual(budget.allow(SOURCE, 0), { triesMax: regexTriesMax, limitMs: regexMs })
    budget.spend(SOURCE, 40, 0)
    assert.deepEqual(budget.allow(SOURCE, 10), { triesMax: 1, limitMs: regexMs })
    budget.spend(SOURCE, 20, 20)
    assert.deepEqual(budget.allow(SOURCE, 30), { triesMax: 1, limitMs: regexHurriedMs })
    budget.spend(SOURCE, regexSecondMsMax, 40)
    assert.equal(budget.allow(SOURCE, 999).triesMax, 0)
    assert.equal(budget.allow(' b+$', 999).triesMax, regexTriesMax)
    assert.deepEqual(budget.allow(SOURCE, 1000), { triesMax: 1, limitMs: regexMs })
  })
})

describe('textFault with patience', () => {
  it('takes bounded time for sixty peers whose pages change and make a regex backtrack', () => {
    const test = regex('(x+x+)+y')
    const shared = new RegexBudget()
    const now = () => performance.now()
    const peers = Array.from({ length: 60 }, () => new RegexPatience(now, shared))
    const startMs = now()
    for (let round = 0; round < 5; round++) {
      for (const [index, peer] of peers.entries()) {
        const page = `${'x'.repeat(400)} ${round} ${index}`
        const fault = textFault('body', page, test, peer)
        assert.match(fault, /^regex ".*" (took more than 20 ms|was too slow to match) on the body/)
      }
    }
    const tookMs = now() - startMs
    // Freely it would be 60 x 5 x 2 x 20 ms = 12 s.
    assert.ok(tookMs < 1000, `${tookMs} ms`)
    // Another probe does not feel it.
    assert.equal(textFault('body', 'xxy', regex('x+y'), peers[0]), '')
  })

  it('finds a good page good with a regex that is slow on others', () => {
    const test = regex('(z+z+)+y')
    const shared = new RegexBudget()
    const now = () => performance.now()
    assert.notEqual(textFault('body', 'z'.repeat(400), test, new RegexPatience(now, shared)), '')
    assert.equal(textFault('body', 'zzzy', test, new RegexPatience(now, shared)), '')
  })

  it('says that a regex rests, and answers from memory meanwhile', () => {
    const test = regex('(w+w+)+y')
    const patience = new RegexPatience(() => performance.now(), new RegexBudget())
    assert.equal(textFault('body', 'wwwy', test, patience), '')
    const fault = textFault('body', 'w'.repeat(400), test, patience)
    assert.equal(fault, 'regex "(w+w+)+y" took more than 20 ms on the body')
    assert.equal(
      textFault('body', 'another page', test, patience),
      'regex "(w+w+)+y" was too slow to match on the body: it rests',
    )
    assert.equal(textFault('body', 'wwwy', test, patience), '')
  })
})
