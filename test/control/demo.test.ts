import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { trialText } from '../../src/control/demo-trials.ts'

const by = (origin: number) => ({ origin, isWrong: false })
const WRONG = { origin: 0, isWrong: true }

describe('trialText', () => {
  it('says that requests go on only when every one was answered', () => {
    assert.equal(
      trialText([by(3), by(1), by(3)]),
      'all 3 were answered: origin 1 ×1, origin 3 ×2; requests go on',
    )
    assert.equal(trialText([by(1), null]), '1 of 2 were answered: origin 1 ×1')
    assert.equal(trialText([null, null]), 'none of 2 was answered: no origin is left')
  })

  it('does not take a wrong page for an answer', () => {
    assert.equal(
      trialText([by(1), WRONG, by(3)]),
      '2 of 3 were answered: origin 1 ×1, origin 3 ×1; 1 with the wrong page',
    )
    assert.equal(trialText([WRONG, WRONG]), 'none of 2 was answered; 2 with the wrong page')
  })
})
