// What is over its time: served for lack of better, asked about, fetched beside the answer, or by one for all who wait.

import {
  answer,
  ask,
  DEAD,
  ok,
  raw,
  type Sequence,
  SILENT,
  STALE_AT_ONCE,
  type Step,
  sequence,
} from './cache-steps.ts'

const VALID = 'proxy_cache_valid 10m;'
const WHEN = 'Mon, 28 Sep 1970 06:00:00 GMT'
const HOLD_MS = 400

/** Stored, and stale from the start. */
function stale(...fields: readonly string[]): Step {
  return ask('/a', 'MISS', { reply: ok('first', STALE_AT_ONCE, ...fields) })
}

const broken = answer('500 Internal Server Error', 'broken')
const NOT_MODIFIED = raw('HTTP/1.1 304 Not Modified', 'ETag: "v1"', 'X-Accel-Expires: 60', '', '')

export const STALE: readonly Sequence[] = [
  sequence(
    'stale is fetched anew',
    VALID,
    stale(),
    ask('/a', 'EXPIRED', { reply: ok('second') }),
    ask('/a', 'HIT'),
  ),
  sequence('a dead origin without leave', VALID, stale(), ask('/a', 'EXPIRED', { reply: DEAD })),
  sequence(
    'a dead origin',
    `${VALID} proxy_cache_use_stale error;`,
    stale(),
    ask('/a', 'STALE', { reply: DEAD }),
    ask('/a', 'STALE', { reply: DEAD, method: 'HEAD' }),
    ask('/a', 'EXPIRED', { reply: ok('second') }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'a silent origin',
    `${VALID} proxy_cache_use_stale timeout; proxy_read_timeout 200ms;`,
    stale(),
    ask('/a', 'STALE', { reply: SILENT }),
  ),
  sequence(
    'a silent origin, and leave for errors only',
    `${VALID} proxy_cache_use_stale error; proxy_read_timeout 200ms;`,
    stale(),
    ask('/a', 'EXPIRED', { reply: SILENT }),
  ),
  sequence(
    'an answer that is none',
    `${VALID} proxy_cache_use_stale invalid_header;`,
    stale(),
    ask('/a', 'STALE', { reply: raw('HTTP/1.1 200 OK', 'X-\0: 1', '', '') }),
  ),
  sequence(
    'a 500',
    `${VALID} proxy_cache_use_stale http_500;`,
    stale(),
    ask('/a', 'STALE', { reply: broken }),
    ask('/b', 'MISS', { reply: broken }),
  ),
  sequence(
    'a 500 without leave',
    `${VALID} proxy_cache_use_stale http_503;`,
    stale(),
    ask('/a', 'EXPIRED', { reply: broken }),
  ),
  sequence(
    'a 503, 403, 404 and 429',
    `${VALID} proxy_cache_use_stale http_503 http_403 http_404 http_429;`,
    stale(),
    ...['503 Service Unavailable', '403 Forbidden', '404 Not Found', '429 Too Many Requests'].map(
      status => ask('/a', 'STALE', { reply: answer(status, 'no') }),
    ),
  ),
  sequence(
    'ranges and conditions of what is stale',
    `${VALID} proxy_cache_use_stale error;`,
    stale('ETag: "v1"', 'Accept-Ranges: bytes'),
    ask('/a', 'STALE', { reply: DEAD, fields: ['Range: bytes=1-2'] }),
    ask('/a', 'STALE', { reply: DEAD, fields: ['If-None-Match: "v1"'] }),
  ),
  sequence(
    'a new answer that is not to be stored',
    VALID,
    stale(),
    ask('/a', 'EXPIRED', { reply: ok('second', 'Cache-Control: no-store') }),
    ask('/a', 'EXPIRED', { reply: ok('third') }),
  ),
  sequence(
    'a new answer that is cut',
    VALID,
    stale(),
    ask('/a', 'EXPIRED', { reply: raw('HTTP/1.1 200 OK', 'Content-Length: 9', '', 'cut') }),
    ask('/a', 'EXPIRED', { reply: ok('third') }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'stale-if-error of the origin',
    '',
    ask('/a', 'MISS', { reply: ok('first', 'Cache-Control: max-age=1, stale-if-error=60') }),
    ask('/a', 'STALE', { afterMs: 2_100, reply: DEAD }),
    ask('/a', 'EXPIRED', { reply: broken }),
  ),
  sequence(
    'stale-while-revalidate of the origin',
    'proxy_cache_background_update on;',
    ask('/a', 'MISS', {
      reply: ok('first', 'Cache-Control: max-age=1, stale-while-revalidate=60'),
    }),
    ask('/a', 'STALE', {
      afterMs: 2_100,
      isUpdating: true,
      reply: ok('second', 'Cache-Control: max-age=60'),
    }),
    ask('/a', 'HIT', { isPatient: true }),
  ),
]

export const ASKED: readonly Sequence[] = [
  sequence(
    'asked about, and not modified',
    `${VALID} proxy_cache_revalidate on;`,
    stale('ETag: "v1"', `Last-Modified: ${WHEN}`),
    ask('/a', 'REVALIDATED', { reply: NOT_MODIFIED }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'asked about, with fields in the 304',
    `${VALID} proxy_cache_revalidate on;`,
    stale('ETag: "v1"', 'X-A: old'),
    ask('/a', 'REVALIDATED', {
      reply: raw('HTTP/1.1 304 Not Modified', 'ETag: "v1"', 'X-A: new', '', ''),
    }),
    ask('/a', 'EXPIRED'),
  ),
  sequence(
    'asked about, and modified',
    `${VALID} proxy_cache_revalidate on;`,
    stale('ETag: "v1"'),
    ask('/a', 'EXPIRED', { reply: ok('second', 'ETag: "v2"') }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'asked about, and broken',
    `${VALID} proxy_cache_revalidate on; proxy_cache_use_stale http_500;`,
    stale('ETag: "v1"'),
    ask('/a', 'STALE', { reply: broken }),
  ),
  sequence(
    'asked about for a client with a condition',
    `${VALID} proxy_cache_revalidate on;`,
    stale('ETag: "v1"'),
    ask('/a', 'REVALIDATED', { reply: NOT_MODIFIED, fields: ['If-None-Match: "v1"'] }),
    ask('/a', 'HIT', { fields: ['If-None-Match: "v1"'] }),
  ),
  sequence(
    'without validators nothing is asked about',
    `${VALID} proxy_cache_revalidate on;`,
    stale(),
    ask('/a', 'EXPIRED', { reply: ok('second') }),
  ),
  sequence(
    'validators without leave to ask',
    VALID,
    stale('ETag: "v1"'),
    ask('/a', 'EXPIRED', { reply: ok('second') }),
  ),
]

export const TOGETHER: readonly Sequence[] = [
  sequence(
    'fetched beside a stale answer',
    `${VALID} proxy_cache_use_stale updating; proxy_cache_background_update on;`,
    stale(),
    ask('/a', 'STALE', { isUpdating: true, reply: ok('second') }),
    ask('/a', 'HIT', { isPatient: true, reply: ok('third') }),
  ),
  sequence(
    'fetched beside a stale answer, in vain',
    `${VALID} proxy_cache_use_stale updating error; proxy_cache_background_update on;`,
    stale(),
    ask('/a', 'STALE', { isUpdating: true, reply: DEAD }),
    ask('/a', 'STALE', { isUpdating: true, reply: ok('second') }),
    ask('/a', 'HIT', { isPatient: true }),
  ),
  sequence(
    'asked about beside a stale answer',
    `${VALID} proxy_cache_use_stale updating; proxy_cache_background_update on; proxy_cache_revalidate on;`,
    stale('ETag: "v1"'),
    ask('/a', 'STALE', { isUpdating: true, reply: NOT_MODIFIED }),
    ask('/a', 'HIT', { isPatient: true }),
  ),
  sequence(
    'one fetches what is stale, the others get it',
    `${VALID} proxy_cache_use_stale updating;`,
    stale(),
    ask('/a', 'EXPIRED UPDATING UPDATING', {
      times: 3,
      reply: { ...ok('second'), delayMs: HOLD_MS },
    }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'everybody fetches what is not there',
    VALID,
    ask('/a', 'MISS MISS MISS', { times: 3, reply: { ...ok('first'), delayMs: HOLD_MS } }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'one fetches, the others wait',
    `${VALID} proxy_cache_lock on;`,
    ask('/a', 'HIT HIT HIT HIT MISS', { times: 5, reply: { ...ok('first'), delayMs: HOLD_MS } }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'who waited too long asks, and stores nothing',
    `${VALID} proxy_cache_lock on; proxy_cache_lock_timeout 100ms;`,
    ask('/a', 'MISS MISS MISS', { times: 3, reply: { ...ok('first'), delayMs: HOLD_MS } }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'one more is let through after a time',
    `${VALID} proxy_cache_lock on; proxy_cache_lock_age 800ms;`,
    ask('/a', 'HIT MISS MISS', { times: 3, reply: { ...ok('first'), delayMs: 1_200 } }),
  ),
  sequence(
    'a fetch that fails frees the others',
    `${VALID} proxy_cache_lock on;`,
    ask('/a', 'MISS MISS', { times: 2, reply: { ...DEAD, delayMs: HOLD_MS } }),
    ask('/a', 'MISS'),
  ),
  sequence(
    'an answer that is not stored frees the others',
    `${VALID} proxy_cache_lock on;`,
    ask('/a', 'MISS MISS', {
      times: 2,
      reply: { ...ok('first', 'Cache-Control: no-store'), delayMs: HOLD_MS },
    }),
  ),
]
