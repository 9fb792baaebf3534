// What the fields of requests and responses do to storing and using again: X-Accel-Expires, Cache-Control, Expires, Set-Cookie,
// Vary, and the conditions of `proxy_cache_bypass` and `proxy_no_cache`.

import { ask, ok, type Sequence, type Step, sequence, unlike } from './cache-steps.ts'

const VALID = 'proxy_cache_valid 10m;'
/** Again, where a location has fields of its own. */
const SHOWN = 'add_header X-Cache-Status $upstream_cache_status;'

const EXPIRED_FIRST = ok(
  'first',
  'Expires: Thu, 01 Jan 1970 00:00:00 GMT',
  'Cache-Control: max-age=60',
)

/** What a response with such fields comes to when it is asked for twice. */
function twice(
  name: string,
  location: string,
  second: 'MISS' | 'HIT' | 'EXPIRED',
  ...fields: readonly string[]
): Sequence {
  return sequence(
    name,
    location,
    ask('/a', 'MISS', { reply: ok('first', ...fields) }),
    ask('/a', second, { reply: ok('second', ...fields) }),
  )
}

/** Asks with fields of a request; the reply varies by them. */
function varied(status: string, vary: string, body: string, ...fields: readonly string[]): Step {
  return ask('/a', status, { fields, reply: ok(body, `Vary: ${vary}`) })
}

export const FRESHNESS: readonly Sequence[] = [
  twice('max-age without a time of our own', '', 'HIT', 'Cache-Control: max-age=60'),
  twice('max-age=0', VALID, 'MISS', 'Cache-Control: max-age=0'),
  twice('s-maxage before max-age', '', 'HIT', 'Cache-Control: max-age=0, s-maxage=60'),
  twice('s-maxage=0 before max-age', VALID, 'MISS', 'Cache-Control: max-age=60, s-maxage=0'),
  twice('no-cache', VALID, 'MISS', 'Cache-Control: no-cache'),
  twice('no-store', VALID, 'MISS', 'Cache-Control: No-Store'),
  twice('private', VALID, 'MISS', 'Cache-Control: private, max-age=60'),
  twice(
    'no-cache that names a field',
    VALID,
    'MISS',
    'Cache-Control: no-cache="set-cookie", max-age=60',
  ),
  twice(
    'two lines of Cache-Control',
    VALID,
    'MISS',
    'Cache-Control: max-age=60',
    'Cache-Control: no-store',
  ),
  twice('directives that nobody knows', VALID, 'HIT', 'Cache-Control: immutable, public'),
  twice('a max-age that is no number', VALID, 'MISS', 'Cache-Control: max-age=soon'),
  twice('Expires to come', '', 'HIT', 'Expires: DATE+60'),
  twice('Expires over', VALID, 'MISS', 'Expires: DATE-60'),
  twice('Expires that is no date', VALID, 'MISS', 'Expires: 0'),
  twice('Cache-Control before Expires', '', 'HIT', 'Cache-Control: max-age=60', 'Expires: DATE-60'),
  sequence(
    'Expires over, and Cache-Control behind it',
    '',
    ask('/a', 'MISS', { reply: EXPIRED_FIRST }),
    unlike(
      ask('/a', 'MISS'),
      'The order of fields does not matter in later versions of nginx either',
      'nginx > GET /CASE/a HTTP/1.1',
      'nginx < X-Cache-Status: MISS',
      'headgate < Cache-Control: max-age=60',
      'headgate < Expires: Thu, 01 Jan 1970 00:00:00 GMT',
      'headgate < X-Cache-Status: HIT',
    ),
  ),
  twice(
    'X-Accel-Expires before everything',
    '',
    'HIT',
    'X-Accel-Expires: 60',
    'Cache-Control: no-cache',
    'Expires: DATE-60',
  ),
  twice('X-Accel-Expires of 0', VALID, 'MISS', 'X-Accel-Expires: 0', 'Cache-Control: max-age=60'),
  twice('X-Accel-Expires at a moment to come', '', 'HIT', 'X-Accel-Expires: @NOW+60'),
  twice('X-Accel-Expires at a moment that is over', '', 'EXPIRED', 'X-Accel-Expires: @NOW-60'),
  twice('X-Accel-Expires off', VALID, 'HIT', 'X-Accel-Expires: off'),
  twice(
    'fields that are ignored',
    `${VALID} proxy_ignore_headers Cache-Control Expires X-Accel-Expires;`,
    'HIT',
    'X-Accel-Expires: 0',
    'Cache-Control: no-cache',
    'Expires: DATE-60',
  ),
  twice('Pragma in a response', VALID, 'HIT', 'Pragma: no-cache'),
  twice('Age of another cache', VALID, 'HIT', 'Age: 7200', 'Cache-Control: max-age=60'),
  twice('own fields of expires on a hit', `${VALID} expires 1h;`, 'HIT', 'Expires: DATE+60'),
  twice(
    'fields that are hidden',
    `${VALID} proxy_hide_header X-Secret; add_header X-Own yes; ${SHOWN}`,
    'HIT',
    'X-Secret: 1',
    'X-Open: 2',
    'X-Open: 3',
  ),
  twice(
    'validators and type',
    VALID,
    'HIT',
    'ETag: "v1"',
    'Last-Modified: Mon, 28 Sep 1970 06:00:00 GMT',
    'Content-Type: text/css',
    'Accept-Ranges: bytes',
  ),
  sequence(
    'what a client says of caching is not heard',
    VALID,
    ask('/a', 'MISS'),
    ask('/a', 'HIT', { fields: ['Cache-Control: no-cache'] }),
    ask('/a', 'HIT', { fields: ['Pragma: no-cache'] }),
    ask('/b', 'MISS', { fields: ['Cache-Control: no-store'] }),
    ask('/b', 'HIT'),
    ask('/c', 'MISS', { fields: ['Cache-Control: only-if-cached'] }),
  ),
  sequence(
    'a request with Authorization is like any other',
    VALID,
    ask('/a', 'MISS', { fields: ['Authorization: Basic YTpi'] }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'a request with a cookie too',
    VALID,
    ask('/a', 'MISS', { fields: ['Cookie: a=b'] }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'a second goes by',
    'proxy_cache_valid 1s;',
    ask('/a', 'MISS'),
    ask('/a', 'HIT'),
    ask('/a', 'EXPIRED', { afterMs: 2_100, reply: ok('second') }),
    ask('/a', 'HIT'),
  ),
]

export const VARIANTS: readonly Sequence[] = [
  twice('Set-Cookie', VALID, 'MISS', 'Set-Cookie: a=b'),
  twice(
    'Set-Cookie that is ignored',
    `${VALID} proxy_ignore_headers Set-Cookie;`,
    'HIT',
    'Set-Cookie: a=b',
    'Set-Cookie: c=d',
  ),
  twice(
    'Set-Cookie that is ignored and hidden',
    `${VALID} proxy_ignore_headers Set-Cookie; proxy_hide_header Set-Cookie;`,
    'HIT',
    'Set-Cookie: a=b',
  ),
  twice('Vary: *', VALID, 'MISS', 'Vary: *'),
  twice('Vary: * that is ignored', `${VALID} proxy_ignore_headers Vary;`, 'HIT', 'Vary: *'),
  sequence(
    'a variant for each language',
    VALID,
    varied('MISS', 'Accept-Language', 'english', 'Accept-Language: en'),
    varied('MISS', 'Accept-Language', 'german', 'Accept-Language: de'),
    varied('HIT', 'Accept-Language', 'x', 'Accept-Language: en'),
    varied('HIT', 'Accept-Language', 'x', 'Accept-Language: de'),
  ),
  sequence(
    'a missing field is a variant too',
    VALID,
    varied('MISS', 'X-Kind', 'none'),
    varied('MISS', 'X-Kind', 'one', 'X-Kind: one'),
    varied('HIT', 'X-Kind', 'x'),
    varied('HIT', 'X-Kind', 'x', 'X-Kind: one'),
  ),
  sequence(
    'two fields that vary',
    VALID,
    varied('MISS', 'X-A, x-b', '1', 'X-A: 1', 'X-B: 1'),
    varied('MISS', 'X-A, x-b', '2', 'X-A: 1', 'X-B: 2'),
    varied('HIT', 'X-A, x-b', 'x', 'X-B: 1', 'X-A: 1'),
    varied('HIT', 'X-A, x-b', 'x', 'X-A: 1', 'X-B: 2'),
  ),
  sequence(
    'Vary that is ignored',
    `${VALID} proxy_ignore_headers Vary;`,
    varied('MISS', 'X-A', '1', 'X-A: 1'),
    varied('HIT', 'X-A', '2', 'X-A: 2'),
  ),
  sequence(
    'case and spaces of a value',
    VALID,
    varied('MISS', 'X-A', '1', 'X-A: a,b'),
    varied('MISS', 'X-A', '2', 'X-A: A,b'),
    varied('MISS', 'X-A', '3', 'X-A: a, b'),
  ),
  sequence(
    'HEAD of a variant',
    VALID,
    varied('MISS', 'X-A', '1', 'X-A: 1'),
    ask('/a', 'HIT', { method: 'HEAD', fields: ['X-A: 1'] }),
    ask('/a', 'MISS', { method: 'HEAD', fields: ['X-A: 2'], reply: ok('2', 'Vary: X-A') }),
    ask('/a', 'HIT', { fields: ['X-A: 2'] }),
  ),
]

export const PASSING: readonly Sequence[] = [
  sequence(
    'bypassed, and stored anew',
    `${VALID} proxy_cache_bypass $arg_x;  proxy_cache_key $uri;`,
    ask('/a', 'MISS'),
    ask('/a?x=1', 'BYPASS', { reply: ok('second') }),
    ask('/a', 'HIT'),
    ask('/a?x=0', 'HIT'),
  ),
  sequence(
    'not stored',
    `${VALID} proxy_no_cache $cookie_user; proxy_cache_key $uri;`,
    ask('/a', 'MISS', { fields: ['Cookie: user=me'] }),
    ask('/a', 'MISS', { fields: ['Cookie: user=0'] }),
    ask('/a', 'HIT', { fields: ['Cookie: user=me'] }),
  ),
  sequence(
    'not stored by a field of the response',
    `${VALID} proxy_no_cache $upstream_http_x_no;`,
    ask('/a', 'MISS', { reply: ok('first', 'X-No: 1') }),
    ask('/a', 'MISS'),
    ask('/a', 'HIT'),
  ),
  sequence(
    'both',
    `${VALID} proxy_no_cache $arg_x; proxy_cache_bypass $arg_x; proxy_cache_key $uri;`,
    ask('/a', 'MISS'),
    ask('/a?x=1', 'BYPASS', { reply: ok('second') }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'bypassed with a condition of the client',
    `${VALID} proxy_cache_bypass 1;`,
    ask('/a', 'BYPASS', { fields: ['If-None-Match: "v1"'], reply: ok('first', 'ETag: "v1"') }),
    ask('/a', 'BYPASS', { method: 'HEAD' }),
  ),
]
