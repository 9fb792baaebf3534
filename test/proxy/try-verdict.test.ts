// What the end of a try counts for, with nginx's coupling and with a list of one's own.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Outcome } from '../../src/balance/outcome.ts'
import { type FailureKind, fail } from '../../src/base/failure.ts'
import {
  DEFAULT_OUTLIERS,
  FAIL_CONDITIONS,
  type FailCondition,
  NGINX_HEALTH,
} from '../../src/model/passive-health.ts'
import { decideOutcome, isFault, type TryEnd } from '../../src/proxy/try-verdict.ts'

function answered(status: number, headerMs = 5): TryEnd {
  return { failure: null, status, headerMs }
}

function failed(kind: FailureKind): TryEnd {
  return { failure: fail(kind), status: 502, headerMs: -1 }
}

interface Row {
  readonly what: string
  readonly end: TryEnd
  /** What nginx makes of it. */
  readonly outcome: Outcome
  /** Null = nginx's coupling. */
  readonly on: readonly FailCondition[] | null
  readonly slowMs?: number
  readonly counts: Outcome
  readonly isFault: boolean
}

const ROWS: readonly Row[] = [
  {
    what: 'a 200',
    end: answered(200),
    outcome: 'success',
    on: null,
    counts: 'success',
    isFault: false,
  },
  {
    what: 'a 500 that was not retried',
    end: answered(500),
    outcome: 'success',
    on: null,
    counts: 'success',
    isFault: true,
  },
  {
    what: 'a 429 that was retried',
    end: answered(429),
    outcome: 'failure',
    on: null,
    counts: 'failure',
    isFault: false,
  },
  {
    what: 'a 501',
    end: answered(501),
    outcome: 'success',
    on: null,
    counts: 'success',
    isFault: false,
  },
  {
    what: 'a 505',
    end: answered(505),
    outcome: 'success',
    on: null,
    counts: 'success',
    isFault: false,
  },
  {
    what: 'a 599',
    end: answered(599),
    outcome: 'success',
    on: null,
    counts: 'success',
    isFault: true,
  },
  {
    what: 'a connection refused',
    end: failed('connect_failed'),
    outcome: 'failure',
    on: null,
    counts: 'failure',
    isFault: true,
  },
  {
    what: 'a client that left',
    end: answered(500),
    outcome: 'neutral',
    on: ['http_500'],
    counts: 'neutral',
    isFault: false,
  },
  {
    what: 'a listed 500 that was not retried',
    end: answered(500),
    outcome: 'success',
    on: ['http_500'],
    counts: 'failure',
    isFault: true,
  },
  {
    what: 'a retried 500 that is not listed',
    end: answered(500),
    outcome: 'failure',
    on: ['error'],
    counts: 'success',
    isFault: false,
  },
  {
    what: 'a listed 404',
    end: answered(404),
    outcome: 'success',
    on: ['http_404'],
    counts: 'failure',
    isFault: true,
  },
  {
    what: 'a timeout that is not listed',
    end: failed('read_timeout'),
    outcome: 'failure',
    on: ['error'],
    counts: 'neutral',
    isFault: false,
  },
  {
    what: 'a bad head that is listed',
    end: failed('bad_response'),
    outcome: 'failure',
    on: ['invalid_header'],
    counts: 'failure',
    isFault: true,
  },
  {
    what: 'anything with an empty list',
    end: failed('connect_failed'),
    outcome: 'failure',
    on: [],
    counts: 'neutral',
    isFault: false,
  },
  {
    what: 'a 200 that took just as long as it may',
    end: answered(200, 2000),
    outcome: 'success',
    on: null,
    slowMs: 2000,
    counts: 'success',
    isFault: false,
  },
  {
    what: 'a 200 that took longer',
    end: answered(200, 2001),
    outcome: 'success',
    on: null,
    slowMs: 2000,
    counts: 'failure',
    isFault: true,
  },
  {
    what: 'a retried 503 beside a slow limit that it kept',
    end: answered(503, 10),
    outcome: 'failure',
    on: null,
    slowMs: 2000,
    counts: 'failure',
    isFault: true,
  },
]

describe('decideOutcome and isFault', () => {
  for (const row of ROWS) {
    const list = row.on === null ? 'as nginx' : `on [${row.on.join(' ')}]`
    it(`make of ${row.what}, ${list}: ${row.counts}, ${row.isFault ? 'a fault' : 'no fault'}`, () => {
      const slowMs = row.slowMs ?? 0
      const health = { ...NGINX_HEALTH, failOn: row.on, slowMs, outliers: DEFAULT_OUTLIERS }
      assert.equal(decideOutcome(row.outcome, row.end, health), row.counts)
      assert.equal(isFault(row.outcome, row.end, health), row.isFault)
      assert.equal(isFault(row.outcome, row.end, { ...health, outliers: null }), false)
    })
  }

  for (const condition of FAIL_CONDITIONS.filter(each => /^http_\d+$/.test(each))) {
    it(`counts exactly its own status for ${condition}`, () => {
      const health = { ...NGINX_HEALTH, failOn: [condition] }
      const counted: number[] = []
      for (let status = 200; status < 600; status++) {
        if (decideOutcome('success', answered(status), health) === 'failure') counted.push(status)
      }
      assert.deepEqual(counted, [Number(condition.slice('http_'.length))])
    })
  }
})
