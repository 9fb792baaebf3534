// What a 304 does to what nginx has stored: which times it takes, and what the request after it
// comes to.

import type { PlaceName } from './nginx-places.ts'

export interface RevalidationRow {
  readonly name: string
  readonly place: PlaceName
  /** Of the stored response, which is stale at once unless the row waits. */
  readonly stored: readonly string[]
  readonly status: number
  /** Of the 304. */
  readonly lines: readonly string[]
  /** What it is asked with, as nginx sends it. */
  readonly conditions: readonly string[]
  /** Lines of the request that is answered with 304, and of the one after it. */
  readonly asked: readonly [readonly string[], readonly string[]]
  /** Of the request after the 304. */
  readonly want: 'HIT' | 'REVALIDATED' | 'MISS'
}

const DATE = 'Sun, 06 Nov 1994 08:49:37 GMT'
const STALE = 'X-Accel-Expires: @1'

const row = (
  name: string,
  lines: readonly string[],
  want: RevalidationRow['want'],
  extra: Partial<RevalidationRow> = {},
): RevalidationRow => ({
  name,
  place: 'revalidating',
  stored: [STALE, 'ETag: "a"'],
  status: 200,
  lines,
  conditions: ['If-None-Match: "a"'],
  asked: [[], []],
  want,
  ...extra,
})

/** Asked with what comes of the validators. */
const asking = (
  name: string,
  stored: readonly string[],
  conditions: readonly string[],
  extra: Partial<RevalidationRow> = {},
) =>
  row(name, ['Cache-Control: max-age=60'], 'HIT', {
    stored: [STALE, ...stored],
    conditions,
    ...extra,
  })

/** Stale at once. */
export const REVALIDATIONS: readonly RevalidationRow[] = [
  row('max-age', ['Cache-Control: max-age=60'], 'HIT'),
  row('s-maxage', ['Cache-Control: s-maxage=60, max-age=0'], 'HIT'),
  row('Expires ahead', ['Expires: {+60}'], 'HIT'),
  row('X-Accel-Expires', ['X-Accel-Expires: 60'], 'HIT'),
  row('X-Accel-Expires in the past', [STALE], 'REVALIDATED'),
  row('nothing, and the stored moment stays past', [], 'REVALIDATED'),
  row('max-age=0, which is nothing', ['Cache-Control: max-age=0'], 'REVALIDATED'),
  row('no-store, which is nothing', ['Cache-Control: no-store'], 'REVALIDATED'),
  row('X-Accel-Expires: 0, which is nothing', ['X-Accel-Expires: 0'], 'REVALIDATED'),
  row(
    'max-age and no-store on two lines',
    ['Cache-Control: max-age=60', 'Cache-Control: no-store'],
    'HIT',
  ),
  row('max-age and Set-Cookie', ['Cache-Control: max-age=60', 'Set-Cookie: a=b'], 'HIT'),
  row('max-age and another ETag', ['Cache-Control: max-age=60', 'ETag: "b"'], 'HIT'),
  row('max-age in vain', ['Cache-Control: max-age=x'], 'REVALIDATED'),
  row('nothing, against proxy_cache_valid and a stored past', [], 'REVALIDATED', {
    place: 'revalidating-hour',
  }),
  row('no revalidation: it is stored itself', ['Cache-Control: max-age=60'], 'HIT', {
    place: 'plain',
    conditions: [],
  }),
  row(
    'Vary where there was none, the same request',
    ['Cache-Control: max-age=60', 'Vary: A'],
    'HIT',
    {
      asked: [['A: 1'], ['A: 1']],
    },
  ),
  row(
    'Vary where there was none, another request',
    ['Cache-Control: max-age=60', 'Vary: A'],
    'MISS',
    {
      asked: [['A: 1'], ['A: 2']],
    },
  ),
  row('another Vary, which does not count', ['Cache-Control: max-age=60', 'Vary: B'], 'HIT', {
    stored: ['Vary: A', STALE, 'ETag: "a"'],
    asked: [['B: 1'], ['B: 2']],
  }),
  asking('a strong ETag', ['ETag: "a b"'], ['If-None-Match: "a b"']),
  asking('a weak ETag', ['ETag: W/"a"'], ['If-None-Match: W/"a"']),
  asking('an ETag without quotes', ['ETag: a'], ['If-None-Match: a']),
  asking(
    'an ETag of 128 bytes',
    [`ETag: "${'a'.repeat(126)}"`],
    [`If-None-Match: "${'a'.repeat(126)}"`],
  ),
  asking('an ETag of 129 bytes', [`ETag: "${'a'.repeat(127)}"`], []),
  asking('Last-Modified', [`Last-Modified: ${DATE}`], [`If-Modified-Since: ${DATE}`]),
  asking(
    'Last-Modified in the format of RFC 850',
    ['Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT'],
    [`If-Modified-Since: ${DATE}`],
  ),
  asking(
    'Last-Modified of asctime',
    ['Last-Modified: Sun Nov  6 08:49:37 1994'],
    [`If-Modified-Since: ${DATE}`],
  ),
  asking(
    'Last-Modified of another zone',
    ['Last-Modified: Sun, 06 Nov 1994 08:49:37 PST'],
    [`If-Modified-Since: ${DATE}`],
  ),
  asking('Last-Modified that is no date', ['Last-Modified: yesterday'], []),
  asking(
    'both',
    ['ETag: "a"', `Last-Modified: ${DATE}`],
    [`If-Modified-Since: ${DATE}`, 'If-None-Match: "a"'],
  ),
  asking('none', [], []),
  asking('a 206', ['ETag: "a"'], ['If-None-Match: "a"'], { status: 206 }),
  asking('a 404', ['ETag: "a"', `Last-Modified: ${DATE}`], [], { status: 404 }),
  asking('a 301', ['ETag: "a"'], [], { status: 301 }),
]

/** Fresh for a second first. */
export const WAITING_REVALIDATIONS: readonly RevalidationRow[] = [
  row('nothing, and the stored max-age counts anew', [], 'HIT', {
    stored: ['Cache-Control: max-age=1', 'ETag: "a"'],
  }),
  row('no-cache, and the stored max-age counts anew', ['Cache-Control: no-cache'], 'HIT', {
    stored: ['Cache-Control: max-age=1', 'ETag: "a"'],
  }),
  row('nothing, and the stored X-Accel-Expires counts anew', [], 'HIT', {
    stored: ['X-Accel-Expires: 1', 'ETag: "a"'],
  }),
  row('nothing, and the stored Expires is over', [], 'REVALIDATED', {
    stored: ['Expires: {+1}', 'ETag: "a"'],
  }),
  row('nothing, and the stored Expires is over, against valid 200', [], 'HIT', {
    place: 'revalidating-hour',
    stored: ['Expires: {+1}', 'ETag: "a"'],
  }),
  row('nothing, and the stored Expires is over, against valid 304', [], 'REVALIDATED', {
    place: 'revalidating-304',
    stored: ['Expires: {+1}', 'ETag: "a"'],
  }),
]
