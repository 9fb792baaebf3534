// What is stale, beside a real nginx: what stands in for a peer that fails, what is answered while
// it is fetched anew, and what a 304 changes.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { StaleCondition } from '../../../src/model/cache.ts'
import { withoutNginx } from '../../harness/beside-nginx.ts'
import { CachingNginx } from './caching-nginx.ts'
import { fillIn, type PlaceName, placeOf } from './nginx-places.ts'
import { Predicted, requestOf, responseOf } from './nginx-predicted.ts'
import {
  REVALIDATIONS,
  type RevalidationRow,
  WAITING_REVALIDATIONS,
} from './nginx-revalidations.ts'

const OPTIONS = { skip: withoutNginx(), timeout: 120_000, concurrency: 16 }

/** How a peer fails, and what the setting calls it. */
const FAILURES: readonly (readonly [answer: string, condition: StaleCondition])[] = [
  ['close', 'error'],
  ['hang', 'timeout'],
  [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 'invalid_header'],
  ...([500, 502, 503, 504, 403, 404, 429] as const).map(
    status =>
      [
        `HTTP/1.1 ${status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
        `http_${status}`,
      ] as const,
  ),
]

/** Stale for two seconds. */
const PAST = 'X-Accel-Expires: {@-2}'
const STALE_PLACES: readonly (readonly [
  name: string,
  place: PlaceName,
  lines: readonly string[],
])[] = [
  ['nothing that allows it', 'plain', [PAST]],
  ['use_stale error', 'stale-error', [PAST]],
  ['use_stale timeout', 'stale-timeout', [PAST]],
  ['use_stale invalid_header', 'stale-invalid', [PAST]],
  ['use_stale updating', 'stale-updating', [PAST]],
  ...([500, 502, 503, 504, 403, 404, 429] as const).map(
    status => [`use_stale http_${status}`, `stale-${status}`, [PAST]] as const,
  ),
  ['stale-if-error', 'plain', ['Cache-Control: stale-if-error=60', PAST]],
  ['stale-if-error that is over', 'plain', ['Cache-Control: stale-if-error=1', PAST]],
  ['stale-while-revalidate', 'plain', ['Cache-Control: stale-while-revalidate=60', PAST]],
  [
    'stale-while-revalidate with stale-if-error=0',
    'plain',
    ['Cache-Control: stale-while-revalidate=60, stale-if-error=0', PAST],
  ],
]

function answerOf(status: number, lines: readonly string[]): string {
  const body = status === 304 ? [] : ['Content-Length: 2']
  const all = [`HTTP/1.1 ${status} X`, ...lines, ...body, 'Connection: close']
  return `${all.join('\r\n')}\r\n\r\n${status === 304 ? '' : 'ok'}`
}

/** Stores lines in a place of nginx and in the policy; later answers are the script's. */
async function store(
  nginx: CachingNginx,
  place: PlaceName,
  lines: readonly string[],
  later: (head: string) => string | 'close' | 'hang' | Promise<string>,
  status = 200,
): Promise<{ target: string; predicted: Predicted }> {
  const now = Math.floor(Date.now() / 1000)
  const filled = lines.map(line => fillIn(line, now))
  let count = 0
  const target = nginx.target(place, head =>
    count++ === 0 ? answerOf(status, filled) : later(head),
  )
  assert.equal((await nginx.ask(target)).word, 'MISS')
  await nginx.stored(target)
  const predicted = new Predicted(placeOf(place).settings)
  predicted.store(requestOf([]), responseOf(status, filled), now * 1000)
  return { target, predicted }
}

describe('NginxPolicy beside nginx, stale', OPTIONS, () => {
  let nginx: CachingNginx
  before(async () => {
    nginx = await CachingNginx.start()
  })
  after(() => nginx.end())

  for (const [name, place, lines] of STALE_PLACES) {
    for (const [answer, condition] of FAILURES) {
      it(`agrees on ${condition} with ${name}`, async () => {
        const { target, predicted } = await store(nginx, place, lines, () => answer)
        const standsIn = predicted.standsIn(condition, Date.now())
        const { word, body } = await nginx.ask(target)
        assert.equal(word, standsIn ? 'STALE' : 'EXPIRED')
        assert.equal(body === 'ok', standsIn)
      })
    }
  }

  for (const row of REVALIDATIONS) it(`agrees on a 304 with ${row.name}`, () => revalidate(row, 0))
  for (const row of WAITING_REVALIDATIONS)
    it(`agrees on a 304 with ${row.name}`, () => revalidate(row, 2))

  async function revalidate(row: RevalidationRow, seconds: number): Promise<void> {
    const seen: string[][] = []
    const { target, predicted } = await store(
      nginx,
      row.place,
      row.stored,
      head => {
        seen.push(head.split('\r\n').filter(line => line.startsWith('If-')))
        return answerOf(
          304,
          [...row.lines, 'X-Field: new'].map(line => fillIn(line, nowSeconds())),
        )
      },
      row.status,
    )
    await delay(seconds * 1000)
    const isRevalidated = row.place !== 'plain'
    assert.deepEqual(
      predicted.policy.conditionLines(predicted.entry!).split('\r\n').filter(Boolean),
      row.conditions,
    )
    const { word, fields } = await nginx.ask(target, row.asked[0])
    assert.equal(word, isRevalidated ? 'REVALIDATED' : 'EXPIRED')
    assert.equal(fields.has('x-field'), !isRevalidated, 'fields of the 304 are not passed on')
    assert.deepEqual(seen[0], row.conditions)
    const nowMs = Date.now()
    const lines = row.lines.map(line => fillIn(line, nowSeconds()))
    const answer = responseOf(304, lines)
    if (isRevalidated) predicted.freshen(requestOf(row.asked[0]), answer, nowMs)
    else predicted.store(requestOf(row.asked[0]), answer, nowMs)
    const last = await nginx.ask(target, row.asked[1])
    const step = predicted.word(requestOf(row.asked[1]), nowMs)
    assert.equal(step === 'EXPIRED' && isRevalidated ? 'REVALIDATED' : step, row.want, 'policy')
    assert.equal(last.word, row.want, 'nginx')
    assert.equal(last.fields.has('x-field'), !isRevalidated || row.want === 'MISS')
  }

  for (const [name, place, lines, want] of [
    ['use_stale updating in the background', 'background-updating', [PAST], 'STALE'],
    [
      'stale-while-revalidate in the background',
      'background',
      ['Cache-Control: stale-while-revalidate=60', PAST],
      'STALE',
    ],
    [
      'a stale-while-revalidate that is over',
      'background',
      ['Cache-Control: stale-while-revalidate=1', PAST],
      'EXPIRED',
    ],
    ['nothing in the background', 'background', [PAST], 'EXPIRED'],
    ['use_stale updating alone', 'stale-updating', [PAST], 'EXPIRED'],
    [
      'stale-while-revalidate alone',
      'plain',
      ['Cache-Control: stale-while-revalidate=60', PAST],
      'EXPIRED',
    ],
  ] as const) {
    it(`says ${want} for ${name}`, async () => {
      const { target, predicted } = await store(nginx, place, lines, () =>
        answerOf(200, ['X-Accel-Expires: 60', 'X-Field: new']),
      )
      const isBackground = place.startsWith('background')
      assert.equal(predicted.word(requestOf([]), Date.now(), isBackground), want)
      const { word, fields } = await nginx.ask(target)
      assert.equal(word, want)
      assert.equal(fields.has('x-field'), want === 'EXPIRED')
    })
  }

  for (const [name, place, lines, want] of [
    ['use_stale updating', 'stale-updating', [PAST], 'UPDATING'],
    [
      'stale-while-revalidate',
      'plain',
      ['Cache-Control: stale-while-revalidate=60', PAST],
      'UPDATING',
    ],
    ['nothing that allows it', 'plain', [PAST], 'EXPIRED'],
  ] as const) {
    it(`says ${want} with ${name} while another request fetches it`, async () => {
      const held: ((answer: string) => void)[] = []
      const both = Promise.withResolvers<void>()
      const { target, predicted } = await store(nginx, place, lines, () => {
        const answer = Promise.withResolvers<string>()
        held.push(answer.resolve)
        both.resolve()
        return answer.promise
      })
      const first = nginx.ask(target)
      await both.promise
      const second = nginx.ask(target)
      if (want === 'UPDATING') {
        assert.equal((await second).word, want)
        assert.equal((await second).body, 'ok')
      }
      while (want === 'EXPIRED' && held.length < 2) await delay(5)
      for (const give of held) give(answerOf(200, ['X-Accel-Expires: 60']))
      assert.equal((await second).word, want)
      assert.equal((await first).word, 'EXPIRED')
      const step = predicted.policy.reuse(predicted.entry!, predicted.policy.demandOf(), Date.now())
      assert.equal(step === 'stale-while-updating', want === 'UPDATING')
    })
  }
})

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
