import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { trialText } from '../../src/control/demo.ts'

const by = (origin: number) => ({ origin, pid: 1, port: 1, answers: 1 })

describe('trialText', () => {
  it('says that requests go on only when every one was answered', () => {
    assert.equal(
      trialText([by(3), by(1), by(3)]),
      'all 3 were answered: origin 1 ×1, origin 3 ×2; requests go on',
    )
    assert.equal(trialText([by(1), null]), '1 of 2 were answered: origin 1 ×1')
    assert.equal(trialText([null, null]), 'none of 2 was answered: no origin is left')
  })
})
