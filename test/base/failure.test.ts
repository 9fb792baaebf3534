import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { errnoText } from '../../src/base/errno-text.ts'
import {
  FAILURES,
  type FailureKind,
  fail,
  failureReason,
  failureText,
} from '../../src/base/failure.ts'

const timedOut = `(${errnoText('ETIMEDOUT')})`
const refused = `(${errnoText('ECONNREFUSED')})`

describe('failureText and failureReason', () => {
  const rows: readonly [FailureKind, string, string, string][] = [
    ['connect_failed', 'ECONNREFUSED', `connect() failed ${refused}`, ''],
    ['connect_timeout', '', `upstream timed out ${timedOut}`, ''],
    ['read_timeout', '', `upstream timed out ${timedOut}`, ''],
    ['client_timeout', 'no head', `client timed out ${timedOut}`, 'no head'],
    ['peer_closed', 'in the head', 'upstream prematurely closed connection', 'in the head'],
    ['bad_chunk', 'byte 0x7a', 'client sent invalid chunked body', 'byte 0x7a'],
    ['bad_chunk', '', 'client sent invalid chunked body', ''],
    ['spool_failed', 'open() "/x" failed', 'open() "/x" failed', ''],
    ['spool_failed', '', 'cannot write the temporary file', ''],
  ]
  for (const [kind, detail, text, reason] of rows) {
    it(`say "${text}"${reason && ` and "${reason}"`} of ${kind}`, () => {
      assert.equal(failureText(fail(kind, detail)), text)
      assert.equal(failureReason(fail(kind, detail)), reason)
    })
  }

  it('never lose the particular', () => {
    for (const kind of Object.keys(FAILURES) as FailureKind[]) {
      const failure = fail(kind, 'the particular')
      const told = `${failureText(failure)} ${failureReason(failure)}`
      assert.ok(told.includes('the particular'), kind)
    }
  })
})
