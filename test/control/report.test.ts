// Findings as one line of a log: what a terminal could obey never gets there.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findingLine } from '../../src/control/report.ts'

const origin = { file: 'a.conf', line: 2, column: 3, endColumn: 4 }

describe('findingLine', () => {
  it('says what, where and what to do', () => {
    const finding = { severity: 'warning', message: 'No', origin, hint: 'yes' } as const
    assert.equal(findingLine(finding), 'No in a.conf:2:3 (yes)')
    assert.equal(findingLine({ ...finding, hint: '' }), 'No in a.conf:2:3')
    const whole = { ...origin, line: 0 }
    assert.equal(findingLine({ ...finding, origin: whole, hint: '' }), 'No in a.conf')
  })

  it('replaces control characters of what was quoted', () => {
    const message = 'bad "\x1b[31m\0\n"'
    const finding = { severity: 'error', message, origin, hint: '\x9b' } as const
    assert.equal(findingLine(finding), 'bad "\ufffd[31m\ufffd\ufffd" in a.conf:2:3 (\ufffd)')
  })
})
