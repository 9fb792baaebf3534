// `proxy_next_upstream` as a rule (ngx_http_upstream_next): when another peer is tried, and what counts.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FAILURES, type FailureKind } from '../../src/base/failure.ts'
import { RETRY_CONDITIONS, type RetryCondition } from '../../src/model/proxy-settings.ts'
import {
  conditionOfFailure,
  conditionOfStatus,
  countsAsFailure,
  decideRetry,
  isIdempotent,
  type TryState,
} from '../../src/proxy/retry.ts'

const STATE: TryState = {
  condition: 'error',
  triesLeft: 1,
  elapsedMs: 100,
  method: 'GET',
  isSent: true,
  canReplay: true,
}
const RULES = {
  on: ['error', 'timeout'] as readonly RetryCondition[],
  timeoutMs: 0,
  deadlineMs: 0,
}

describe('decideRetry', () => {
  const rows: readonly (readonly [string, Partial<TryState>, Partial<typeof RULES>, boolean])[] = [
    ['a listed error', {}, {}, true],
    ['an error that is not listed', {}, { on: ['timeout'] }, false],
    ['nothing listed', {}, { on: [] }, false],
    ['no try left', { triesLeft: 0 }, {}, false],
    ['the last moment of the time', { elapsedMs: 99 }, { timeoutMs: 100 }, true],
    ['the time over', { elapsedMs: 100 }, { timeoutMs: 100 }, false],
    ['a POST that was sent', { method: 'POST' }, {}, false],
    ['a POST that was not sent', { method: 'POST', isSent: false }, {}, true],
    ['a POST with non_idempotent', { method: 'POST' }, { on: ['error', 'non_idempotent'] }, true],
    ['a POST with non_idempotent alone', { method: 'POST' }, { on: ['non_idempotent'] }, false],
    ['a body that cannot be sent again', { canReplay: false }, {}, false],
    ['such a body, of which nothing was sent', { canReplay: false, isSent: false }, {}, true],
    ['a listed status', { condition: 'http_503' }, { on: ['http_503'] }, true],
    ['a status of which another is listed', { condition: 'http_503' }, { on: ['http_500'] }, false],
  ]
  for (const [name, state, rules, expected] of rows) {
    it(`${expected ? 'goes on after' : 'stops at'} ${name}`, () => {
      assert.equal(decideRetry({ ...STATE, ...state }, { ...RULES, ...rules }), expected)
    })
  }
})

describe('isIdempotent', () => {
  it('is false for POST, LOCK and PATCH only', () => {
    for (const method of ['POST', 'LOCK', 'PATCH']) assert.equal(isIdempotent(method), false)
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'post', 'PURGE'])
      assert.equal(isIdempotent(method), true)
  })
})

describe('conditionOfFailure', () => {
  const expected: Partial<Record<FailureKind, RetryCondition>> = {
    connect_failed: 'error',
    peer_closed: 'error',
    peer_reset: 'error',
    wrong_body: 'error',
    connect_slow: 'timeout',
    connect_timeout: 'timeout',
    peer_dark: 'timeout',
    peer_unhealthy: 'timeout',
    send_timeout: 'timeout',
    read_timeout: 'timeout',
    bad_response: 'invalid_header',
    bad_response_framing: 'invalid_header',
    response_head_too_large: 'invalid_header',
    unasked_upgrade: 'invalid_header',
  }
  for (const kind of Object.keys(FAILURES) as FailureKind[]) {
    it(`of ${kind} is ${expected[kind] ?? 'none'}`, () => {
      assert.equal(conditionOfFailure(kind), expected[kind] ?? null)
    })
  }
})

describe('conditionOfStatus', () => {
  it('knows the statuses of the directive and no other', () => {
    const known = RETRY_CONDITIONS.filter(condition => condition.startsWith('http_'))
    const found: (string | null)[] = []
    for (let status = 100; status < 600; status++) {
      const condition = conditionOfStatus(status)
      if (condition !== null) found.push(condition)
      if (condition !== null) assert.equal(condition, `http_${status}`)
    }
    assert.deepEqual(found.sort(), [...known].sort())
  })
})

describe('countsAsFailure', () => {
  it('is false for 403 and 404 only', () => {
    const harmless = RETRY_CONDITIONS.filter(condition => !countsAsFailure(condition))
    assert.deepEqual(harmless, ['http_403', 'http_404'])
  })
})
