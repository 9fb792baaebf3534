// The standard mode behind its seam: what hangs together over several rules, stated over many responses at once (RFC 9111).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PLAIN_DEMAND } from '../../../src/cache/policy/policy.ts'
import { makeStandardPolicy, STANDARD_OPTIONS } from '../../../src/cache/policy/standard-policy.ts'
import {
  AT_ONCE,
  dateAfter,
  entryOf,
  entryWith,
  linesOf,
  NOW_MS,
  request,
  response,
} from './policy-heads.ts'

const policy = makeStandardPolicy()

const directive = fc.constantFrom<string>(
  'max-age=0',
  'max-age=60',
  'max-age="7"',
  's-maxage=5',
  'public',
  'private',
  'private="x-a"',
  'no-cache',
  'no-cache="x-b"',
  'no-store',
  'must-revalidate',
  'stale-while-revalidate=9',
  'stale-if-error=9',
  'x-unknown="a, b"',
)
const line = fc.oneof(
  fc
    .array(directive, { minLength: 1, maxLength: 4 })
    .map(list => `Cache-Control: ${list.join(', ')}`),
  fc
    .array(directive, { minLength: 1, maxLength: 3 })
    .map(list => `CDN-Cache-Control: ${list.join(', ')}`),
  fc.constantFrom(
    'ETag: "a"',
    'ETag: W/"b"',
    `Last-Modified: ${dateAfter(-3600)}`,
    `Expires: ${dateAfter(30)}`,
    'Expires: 0',
    'Age: 3',
    'Vary: foo, accept-encoding',
    'X-A: 1',
    'X-B: 1',
    'Connection: x-c',
    'X-C: 1',
    'Set-Cookie: a=b',
  ),
)
const lines = fc.array(line, { maxLength: 8 })
const status = fc.constantFrom(200, 203, 204, 299, 301, 302, 404, 410, 500, 503)
const fieldOf = (name: string, text: string) =>
  linesOf(text).some(found => found.toLowerCase().startsWith(`${name}:`))

describe('makeStandardPolicy', () => {
  it('stores nothing that is private, or of the connection, and no Age', () => {
    fc.assert(
      fc.property(lines, status, (all, code) => {
        const plan = policy.plan(request(), 'GET', response(all, code), AT_ONCE)
        if (plan === null) return
        assert.ok(!fieldOf('age', plan.head) && !fieldOf('connection', plan.head))
        if (all.some(text => text === 'Connection: x-c')) assert.ok(!fieldOf('x-c', plan.head))
      }),
    )
  })

  it('never answers as fresh what must always be asked about, nor stale what must not be stale', () => {
    fc.assert(
      fc.property(lines, status, fc.nat(200), (all, code, seconds) => {
        const plan = policy.plan(request(), 'GET', response(all, code), AT_ONCE)
        if (plan === null) return
        const entry = entryOf(plan, policy)
        const nowMs = NOW_MS + seconds * 1000
        const found = policy.reuse(entry, PLAIN_DEMAND, nowMs)
        const { freshness } = entry.meta
        if (freshness.isAlwaysValidated) assert.equal(found, 'validate')
        if (nowMs >= freshness.freshUntilMs) assert.notEqual(found, 'fresh')
        if (freshness.mustRevalidate) {
          assert.notEqual(found, 'stale-while-updating')
          const mayServe = policy.mayServeOnError(entry, PLAIN_DEMAND, nowMs, 'error')
          assert.ok(!mayServe || nowMs < freshness.freshUntilMs)
        }
      }),
    )
  })

  it('gives the request that made an entry that entry', () => {
    fc.assert(
      fc.property(
        lines,
        fc.array(fc.constantFrom('Foo: 1', 'Foo:', 'Accept-Encoding: br, gzip')),
        (all, asked) => {
          const plan = policy.plan(request(asked), 'GET', response(all), AT_ONCE)
          if (plan === null) return
          const { meta } = entryOf(plan, policy, request(asked))
          assert.ok(policy.isSelected(meta, request(asked)))
        },
      ),
    )
  })

  it('has an entry with a validator say the same again after a 304 that says nothing new', () => {
    fc.assert(
      fc.property(lines, all => {
        const plan = policy.plan(request(), 'GET', response([...all, 'ETag: "z"']), AT_ONCE)
        if (plan === null) return
        const entry = entryOf(plan, policy)
        const times = { requestMs: NOW_MS + 9000, responseMs: NOW_MS + 9000 }
        const answer = response([`Date: ${dateAfter(9)}`, 'ETag: "z"'], 304)
        const meta = policy.freshen(entry, request(), answer, times)
        if (meta === null) return
        const again = policy.freshen(entryWith(meta), request(), answer, times)
        assert.deepEqual(again?.freshness, meta.freshness)
        assert.deepEqual([...linesOf(again!.head)].sort(), [...linesOf(meta.head)].sort())
      }),
    )
  })

  it('is not changed by a directive that nobody knows', () => {
    fc.assert(
      fc.property(fc.array(directive, { minLength: 1 }), fc.nat(9), (list, at) => {
        const of = (members: readonly string[]) => {
          const answer = response([`Cache-Control: ${members.join(', ')}`, 'ETag: "a"'])
          return policy.plan(request(), 'GET', answer, AT_ONCE)?.freshness
        }
        assert.deepEqual(of(list.toSpliced(at, 0, 'foo="max-age=1, no-store"')), of(list))
      }),
    )
  })

  it('hides fields that need to be asked about each time, of the targeted field too', () => {
    const hidden = (all: readonly string[]) => {
      const plan = policy.plan(request(), 'GET', response(all), AT_ONCE)
      const entry = entryOf(plan!, policy)
      assert.equal(policy.hidesOnReuse(entry), policy.hidesOnReuse(entry))
      return policy.hidesOnReuse(entry)
    }
    assert.deepEqual(hidden(['Cache-Control: max-age=60, no-cache="Set-Cookie, a"']), [
      'set-cookie',
      'a',
    ])
    assert.deepEqual(hidden(['CDN-Cache-Control: max-age=60, no-cache="b"']), ['b'])
    assert.deepEqual(hidden(['Cache-Control: max-age=60']), [])
  })

  it('asks with the validators of the entry, and tells its age', () => {
    const answer = response(['Cache-Control: max-age=60', 'ETag: "a"', 'Age: 5'])
    const entry = entryOf(policy.plan(request(), 'GET', answer, AT_ONCE)!, policy)
    assert.equal(policy.conditionLines(entry), 'If-None-Match: "a"\r\n')
    assert.equal(policy.answerLines(entry, NOW_MS + 3000), 'Age: 8\r\n')
  })

  it('takes other targeted fields where it is told so', () => {
    const other = makeStandardPolicy({ ...STANDARD_OPTIONS, targets: ['our-cache-control'] })
    const answer = response(['Our-Cache-Control: max-age=60', 'Cache-Control: no-store'])
    assert.notEqual(other.plan(request(), 'GET', answer, AT_ONCE), null)
    assert.equal(policy.plan(request(), 'GET', answer, AT_ONCE), null)
  })
})
