// What is said of the times of tries that another one always ends first.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkRetries } from '../../src/model/check-retries.ts'
import { defaultSettings } from '../../src/model/defaults.ts'
import type { Origin } from '../../src/model/origin.ts'

const origin: Origin = { file: 'site.conf', line: 1, column: 1, endColumn: 2 }

const ROWS: readonly (readonly [tryMs: number, deadlineMs: number, found: string])[] = [
  [0, 0, ''],
  [500, 0, ''],
  [0, 500, ''],
  [499, 500, ''],
  [500, 500, '500ms, all tries together 500ms'],
  [5_000, 2_000, '5s, all tries together 2s'],
]

describe('checkRetries', () => {
  for (const [tryTimeoutMs, deadlineMs, expected] of ROWS) {
    const what = `${tryTimeoutMs} ms for one try and ${deadlineMs} ms for all`
    it(`${expected === '' ? 'has nothing to say of' : 'warns of'} ${what}`, () => {
      const { retry } = defaultSettings('nginx/1.30', '/').proxy
      const found: string[] = []
      checkRetries({ ...retry, tryTimeoutMs, deadlineMs }, origin, (severity, message, at) => {
        assert.equal(at, origin)
        found.push(`${severity}: ${message}`)
      })
      const problem = 'warning: The time of one try is never reached: one may take'
      assert.deepEqual(found, expected === '' ? [] : [`${problem} ${expected}`])
    })
  }
})
