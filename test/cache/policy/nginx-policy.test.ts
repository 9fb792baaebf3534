// The rules of nginx without nginx: the table of responses, whole seconds at their borders, and
// what an entry is made of.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NginxPolicy } from '../../../src/cache/policy/nginx-policy.ts'
import { PLAIN_DEMAND } from '../../../src/cache/policy/policy.ts'
import { goodResponse } from '../../http/parse-text.ts'
import { fillIn, PLACES, placeOf } from './nginx-places.ts'
import { entryOf, Predicted, requestOf, responseOf } from './nginx-predicted.ts'
import { RESPONSES } from './nginx-responses.ts'

const NOW = 1_750_000_000
const REQUEST = requestOf([])

function stored(lines: readonly string[], nowMs = NOW * 1000, status = 200): Predicted {
  const predicted = new Predicted(PLACES.plain.settings)
  predicted.store(REQUEST, responseOf(status, lines), nowMs)
  return predicted
}

describe('NginxPolicy', () => {
  for (const row of RESPONSES) {
    it(`says ${row.want} after ${row.name}, ${row.status} in ${row.place}`, () => {
      const predicted = new Predicted(placeOf(row.place).settings)
      const lines = row.lines.map(line => fillIn(line, NOW))
      predicted.store(requestOf(row.asked[0]), responseOf(row.status, lines), NOW * 1000 + 500)
      assert.equal(predicted.word(requestOf(row.asked[1]), NOW * 1000 + 900), row.want)
    })
  }

  for (const [name, lines, fromMs, lastFreshMs] of [
    ['max-age at a second’s start', ['Cache-Control: max-age=10'], 0, 10_999],
    ['max-age at a second’s end', ['Cache-Control: max-age=10'], 999, 10_999],
    ['X-Accel-Expires', ['X-Accel-Expires: 1'], 500, 1999],
    ['X-Accel-Expires of a moment', [`X-Accel-Expires: @${NOW + 3}`], 500, 3999],
    ['Expires', [fillIn('Expires: {+5}', NOW)], 0, 5999],
    ['Expires of this second', [fillIn('Expires: {+0}', NOW)], 999, 999],
  ] as const) {
    it(`takes ${name} for fresh to the end of its last second`, () => {
      const predicted = stored(lines, NOW * 1000 + fromMs)
      assert.equal(predicted.word(REQUEST, NOW * 1000 + lastFreshMs), 'HIT')
      assert.equal(predicted.word(REQUEST, NOW * 1000 + lastFreshMs + 1), 'EXPIRED')
    })
  }

  it('does not store what expired a second ago', () => {
    assert.equal(stored([fillIn('Expires: {+0}', NOW)], (NOW + 1) * 1000).entry, null)
  })

  it('counts stale-while-revalidate and stale-if-error from the last fresh second', () => {
    const { entry, policy } = stored([
      'Cache-Control: max-age=10, stale-while-revalidate=5, stale-if-error=7',
    ])
    assert.ok(entry !== null)
    const at = (ms: number) => policy.reuse(entry, PLAIN_DEMAND, NOW * 1000 + ms)
    const onError = (ms: number) =>
      policy.mayServeOnError(entry, PLAIN_DEMAND, NOW * 1000 + ms, 'error')
    assert.equal(at(10_999), 'fresh')
    assert.equal(at(11_000), 'stale-while-updating')
    assert.equal(at(15_999), 'stale-while-updating')
    assert.equal(at(16_000), 'validate')
    assert.equal(onError(17_999), true)
    assert.equal(onError(18_000), false)
  })

  it('takes stale-while-revalidate for stale-if-error where that is not said', () => {
    const { staleErrorMs, staleWhileMs } = stored([
      'Cache-Control: max-age=10, stale-while-revalidate=5',
    ]).entry!.meta.freshness
    assert.deepEqual([staleWhileMs, staleErrorMs], [5000, 5000])
  })

  for (const value of ['99999999999999999999', '9'.repeat(400)]) {
    it(`keeps a max-age of ${value.length} digits within what a date can say`, () => {
      const { freshUntilMs } = stored([`Cache-Control: max-age=${value}`]).entry!.meta.freshness
      assert.ok(freshUntilMs > NOW * 1000)
      assert.ok(!Number.isNaN(new Date(freshUntilMs).getTime()))
    })
  }

  it('stores status line and fields as they came, without those of the connection', () => {
    const lines = ['x-a:  1 ', 'Connection: close', 'X-Accel-Expires: 9', 'Set-Cookie2: b']
    const { head } = stored([...lines, 'Keep-Alive: x', 'ETag: "e"']).entry!.meta
    assert.equal(
      head,
      'HTTP/1.1 200 X\r\nx-a: 1\r\nX-Accel-Expires: 9\r\nSet-Cookie2: b\r\nETag: "e"\r\n\r\n',
    )
  })

  it('stores no transfer coding', () => {
    const { head } = stored(['X-Accel-Expires: 9', 'Transfer-Encoding: chunked']).entry!.meta
    assert.doesNotMatch(head, /chunked/)
  })

  it('stores the names of Vary in lower case and their values as the request has them', () => {
    const predicted = new Predicted(PLACES.any.settings)
    const request = requestOf(['Accept-Language: de,  en', 'X-A: 1, 2', 'X-A: 3'])
    predicted.store(request, responseOf(200, ['Vary: X-A , Accept-Language', 'Vary: X-B']), 0)
    const { vary, variant } = predicted.entry!.meta
    assert.equal(vary, 'x-a,accept-language,x-b')
    assert.equal(variant, 'x-a:1, 2,3\r\naccept-language:de,en\r\nx-b:\r\n')
  })

  it('never takes one value for another with a line break in between', () => {
    const predicted = new Predicted(PLACES.any.settings)
    predicted.store(requestOf(['A: b:c']), responseOf(200, ['Vary: A, B']), 0)
    assert.equal(predicted.word(requestOf(['A: b', 'B: c']), 0), 'MISS')
  })

  it('stores no interim response', () => {
    const policy = new NginxPolicy(PLACES.any.settings)
    const response = goodResponse('HTTP/1.1 103 Early Hints\r\n\r\n')
    assert.equal(policy.plan(REQUEST, 'GET', response, { requestMs: 0, responseMs: 0 }), null)
  })

  it('freshens with a 304 only', () => {
    const { entry, policy } = stored(['X-Accel-Expires: 9', 'ETag: "e"'])
    const times = { requestMs: 0, responseMs: 0 }
    const head = responseOf(200, ['Cache-Control: max-age=60', 'ETag: "e"'])
    assert.equal(policy.freshen(entry!, REQUEST, head, times), null)
  })

  it('leaves the entry as it is where neither the 304 nor what is stored says a time', () => {
    const { entry, policy } = stored([fillIn('Expires: {+1}', NOW)])
    const times = { requestMs: 0, responseMs: (NOW + 5) * 1000 }
    assert.equal(policy.freshen(entry!, REQUEST, responseOf(304, []), times), entry!.meta)
  })

  it('changes nothing of an entry but its times', () => {
    const { entry, policy } = stored(['X-Accel-Expires: 9', 'ETag: "e"', 'Vary: A'])
    const times = { requestMs: (NOW + 20) * 1000, responseMs: (NOW + 21) * 1000 }
    const head = responseOf(304, ['Cache-Control: max-age=5, stale-if-error=3', 'X: y', 'Vary: B'])
    const meta = policy.freshen(entry!, REQUEST, head, times)
    const freshness = {
      freshUntilMs: (NOW + 27) * 1000,
      staleWhileMs: 0,
      staleErrorMs: 3000,
    }
    assert.deepEqual(meta, {
      ...entry!.meta,
      ...times,
      freshness: { ...entry!.meta.freshness, ...freshness },
    })
  })

  it('gives nothing of its own to an answer, and makes nothing invalid', () => {
    const policy = new NginxPolicy(PLACES.any.settings)
    assert.equal(policy.answerLines(), '')
    assert.deepEqual(policy.hidesOnReuse(), [])
    assert.deepEqual(policy.invalidates(), [])
    assert.equal(policy.demandOf(), PLAIN_DEMAND)
  })

  it('asks with no validator of a head that has none', () => {
    const policy = new NginxPolicy(PLACES.revalidating.settings)
    const meta = stored(['X-Accel-Expires: 9']).entry!.meta
    assert.equal(policy.conditionLines(entryOf(meta)), '')
  })
})
