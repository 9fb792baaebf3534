// Reason texts, as nginx writes them.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mayHaveBody, reasonText, statusText } from '../../src/http/status.ts'

describe('statusText', () => {
  it('is number, space and reason, also without a reason', () => {
    assert.equal(statusText(200), '200 OK')
    assert.equal(statusText(302), '302 Moved Temporarily')
    assert.equal(statusText(599), '599 ')
    assert.equal(statusText(999), '999 ')
    assert.equal(reasonText(599), '')
    assert.equal(reasonText(502), 'Bad Gateway')
  })
})

describe('mayHaveBody', () => {
  it('is false for 1xx, 204 and 304', () => {
    for (const status of [100, 101, 103, 204, 304]) assert.equal(mayHaveBody(status), false)
    for (const status of [200, 205, 301, 404, 500]) assert.equal(mayHaveBody(status), true)
  })
})
