// `expires` (http://nginx.org/en/docs/http/ngx_http_headers_module.html#expires).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Expires } from '../../src/model/settings.ts'
import { compileExpires, parseExpires } from '../../src/proxy/expires.ts'
import { makeExchange } from './exchange-fixture.ts'

/** 28 September 2001, 12:00:00 UTC. */
const NOW = 1_001_678_400
const CLOCK = { nowMs: 0, wallMs: NOW * 1000, wallSeconds: NOW }
const EXCHANGE = makeExchange(['GET / HTTP/1.1', 'Host: a'])

function fieldsOf(expires: Expires, lastModified = '', variable = '') {
  const rule = compileExpires(expires, CLOCK, () => () => variable, parseExpires)
  return rule === null ? null : rule(EXCHANGE, lastModified)
}

const HOUR_AGO = 'Fri, 28 Sep 2001 11:00:00 GMT'

describe('compileExpires', () => {
  const rows: readonly (readonly [string, Expires, string, string, string])[] = [
    ['epoch', { kind: 'epoch' }, '', 'Thu, 01 Jan 1970 00:00:01 GMT', 'no-cache'],
    ['max', { kind: 'max' }, '', 'Thu, 31 Dec 2037 23:55:55 GMT', 'max-age=315360000'],
    [
      'a time',
      { kind: 'access', seconds: 3600 },
      '',
      'Fri, 28 Sep 2001 13:00:00 GMT',
      'max-age=3600',
    ],
    [
      'a time of zero',
      { kind: 'access', seconds: 0 },
      '',
      'Fri, 28 Sep 2001 12:00:00 GMT',
      'max-age=0',
    ],
    [
      'a negative time',
      { kind: 'access', seconds: -1 },
      '',
      'Fri, 28 Sep 2001 11:59:59 GMT',
      'no-cache',
    ],
    [
      'modified',
      { kind: 'modified', seconds: 7200 },
      HOUR_AGO,
      'Fri, 28 Sep 2001 13:00:00 GMT',
      'max-age=3600',
    ],
    [
      'modified, already over',
      { kind: 'modified', seconds: 1800 },
      HOUR_AGO,
      'Fri, 28 Sep 2001 11:30:00 GMT',
      'no-cache',
    ],
    [
      'modified without a time',
      { kind: 'modified', seconds: 60 },
      '',
      'Fri, 28 Sep 2001 12:01:00 GMT',
      'max-age=60',
    ],
    [
      'modified with nonsense',
      { kind: 'modified', seconds: 60 },
      'soon',
      'Fri, 28 Sep 2001 12:01:00 GMT',
      'max-age=60',
    ],
  ]
  for (const [name, expires, lastModified, date, cacheControl] of rows) {
    it(`gives the fields of ${name}`, () => {
      assert.deepEqual(fieldsOf(expires, lastModified), { expires: date, cacheControl })
    })
  }

  it('gives nothing for off', () => {
    assert.equal(fieldsOf({ kind: 'off' }), null)
  })

  it('counts a time of day from the local midnight, always ahead', () => {
    const local = new Date(NOW * 1000)
    const secondOfDay = local.getHours() * 3600 + local.getMinutes() * 60 + local.getSeconds()
    const ahead = fieldsOf({ kind: 'daily', secondOfDay: (secondOfDay + 60) % 86_400 })
    assert.equal(ahead?.cacheControl, 'max-age=60')
    const passed = fieldsOf({ kind: 'daily', secondOfDay: (secondOfDay + 86_340) % 86_400 })
    assert.equal(passed?.cacheControl, 'max-age=86340')
  })

  for (const [text, cacheControl] of [
    ['1h', 'max-age=3600'],
    ['off', undefined],
    ['nonsense', undefined],
    ['', undefined],
  ] as const) {
    it(`reads "${text}" out of a variable`, () => {
      const fields = fieldsOf(
        { kind: 'variable', value: [{ variable: 'x' }], isModified: false },
        '',
        text,
      )
      assert.equal(fields?.cacheControl, cacheControl)
    })
  }
})

describe('parseExpires', () => {
  const rows: readonly (readonly [string, Expires | null])[] = [
    ['off', { kind: 'off' }],
    ['epoch', { kind: 'epoch' }],
    ['max', { kind: 'max' }],
    ['30', { kind: 'access', seconds: 30 }],
    ['+1d2h', { kind: 'access', seconds: 93_600 }],
    ['-5m', { kind: 'access', seconds: -300 }],
    ['1y', { kind: 'access', seconds: 31_536_000 }],
    ['1M', { kind: 'access', seconds: 2_592_000 }],
    ['@15h30m', { kind: 'daily', secondOfDay: 55_800 }],
    ['@25h', null],
    ['1m1h', null],
    ['500ms', null],
    ['modified 1w', null],
    ['1q', null],
    ['h1', null],
    ['modified', null],
    ['', null],
  ]
  for (const [text, expected] of rows) {
    it(`reads "${text}"`, () => {
      assert.deepEqual(parseExpires(text), expected)
    })
  }

  it('counts from the file where the directive said so before its variable', () => {
    assert.deepEqual(parseExpires('+24h', true), { kind: 'modified', seconds: 86_400 })
    for (const text of ['off', 'max', '@1h', 'modified 1h']) {
      assert.equal(parseExpires(text, true), null)
    }
  })
})
