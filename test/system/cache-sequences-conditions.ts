// Conditions and ranges of clients, answered from what is stored or on the way there, and `slice`.

import { ask, ok, ranged, raw, type Sequence, type Step, sequence, unlike } from './cache-steps.ts'

const VALID = 'proxy_cache_valid 200 206 10m;'
const WHEN = 'Mon, 28 Sep 1970 06:00:00 GMT'
const EARLIER = 'Sun, 27 Sep 1970 06:00:00 GMT'
const LATER = 'Tue, 29 Sep 1970 06:00:00 GMT'
const BODY = '0123456789abcdefghij'

const TAGGED = ok(BODY, 'ETag: "v1"', `Last-Modified: ${WHEN}`, 'Accept-Ranges: bytes')

const stored: Step = ask('/a', 'MISS', { reply: TAGGED })

const ADDED_TWICE =
  'nginx adds what `add_header always` adds twice to a 416: once for the 200 that it was'

/** A hit with fields of the request. */
function hit(...fields: readonly string[]): Step {
  return ask('/a', 'HIT', { fields })
}

export const CONDITIONS: readonly Sequence[] = [
  sequence(
    'If-None-Match on hits',
    VALID,
    stored,
    hit('If-None-Match: "v1"'),
    hit('If-None-Match: W/"v1"'),
    hit('If-None-Match: "v0", "v1"'),
    hit('If-None-Match: *'),
    hit('If-None-Match: "v2"'),
  ),
  sequence(
    'an ETag that clients do not see',
    `${VALID} proxy_hide_header ETag;`,
    stored,
    hit('If-None-Match: "v1"'),
    hit('If-None-Match: *'),
    hit('If-None-Match: "v1"', `If-Modified-Since: ${WHEN}`),
    hit('If-Match: "v1"'),
    hit('Range: bytes=2-3', 'If-Range: "v1"'),
  ),
  sequence(
    'a Last-Modified and an Accept-Ranges that clients do not see',
    `${VALID} proxy_hide_header Last-Modified; proxy_hide_header Accept-Ranges;`,
    stored,
    hit(`If-Modified-Since: ${WHEN}`),
    hit(`If-Unmodified-Since: ${EARLIER}`),
    hit('Range: bytes=2-3'),
  ),
  sequence(
    'If-None-Match of HEAD',
    VALID,
    stored,
    ask('/a', 'HIT', { method: 'HEAD', fields: ['If-None-Match: "v1"'] }),
  ),
  sequence(
    'If-None-Match on a miss',
    VALID,
    ask('/a', 'MISS', { fields: ['If-None-Match: "v1"'], reply: TAGGED }),
    hit(),
  ),
  sequence(
    'If-Modified-Since on hits',
    VALID,
    stored,
    hit(`If-Modified-Since: ${WHEN}`),
    hit(`If-Modified-Since: ${LATER}`),
    hit(`If-Modified-Since: ${EARLIER}`),
    hit('If-Modified-Since: yesterday'),
  ),
  sequence(
    'If-Modified-Since on a miss',
    VALID,
    ask('/a', 'MISS', { fields: [`If-Modified-Since: ${WHEN}`], reply: TAGGED }),
    hit(),
  ),
  sequence(
    'both conditions',
    VALID,
    stored,
    hit('If-None-Match: "v1"', `If-Modified-Since: ${WHEN}`),
    hit('If-None-Match: "v2"', `If-Modified-Since: ${WHEN}`),
  ),
  sequence(
    'If-Match and If-Unmodified-Since',
    VALID,
    stored,
    hit('If-Match: "v1"'),
    hit('If-Match: "v2"'),
    hit(`If-Unmodified-Since: ${WHEN}`),
    hit(`If-Unmodified-Since: ${EARLIER}`),
  ),
  sequence(
    'a weak tag',
    VALID,
    ask('/a', 'MISS', { reply: ok('first', 'ETag: W/"v1"') }),
    hit('If-None-Match: W/"v1"'),
    hit('If-None-Match: "v1"'),
    hit('If-Match: W/"v1"'),
  ),
  sequence(
    'conditions on what has no validator',
    VALID,
    ask('/a', 'MISS'),
    hit('If-None-Match: "v1"'),
    hit(`If-Modified-Since: ${LATER}`),
  ),
  sequence(
    'conditions on a stored 404',
    'proxy_cache_valid any 1m;',
    ask('/a', 'MISS', {
      reply: raw('HTTP/1.1 404 Not Found', 'ETag: "v1"', 'Content-Length: 2', '', 'no'),
    }),
    hit('If-None-Match: "v1"'),
  ),
]

export const RANGES: readonly Sequence[] = [
  sequence(
    'ranges on hits',
    VALID,
    stored,
    hit('Range: bytes=0-3'),
    hit('Range: bytes=5-'),
    hit('Range: bytes=-4'),
    hit('Range: bytes=18-30'),
    hit('Range: bytes=0-'),
  ),
  sequence(
    'ranges that cannot be',
    VALID,
    stored,
    unlike(hit('Range: bytes=20-'), ADDED_TWICE, 'nginx < X-Cache-Status: HIT'),
    unlike(hit('Range: bytes=9-3'), ADDED_TWICE, 'nginx < X-Cache-Status: HIT'),
    hit('Range: lines=1-2'),
    unlike(hit('Range: bytes=a-b'), ADDED_TWICE, 'nginx < X-Cache-Status: HIT'),
  ),
  sequence(
    'a range of HEAD',
    VALID,
    stored,
    unlike(
      ask('/a', 'HIT', { method: 'HEAD', fields: ['Range: bytes=0-3'] }),
      'Range is defined for GET alone (RFC 9110 §14.2)',
      'nginx < Content-Length: 4',
      'nginx < Content-Range: bytes 0-3/20',
      'nginx < HTTP/1.1 206 Partial Content',
      'headgate < Accept-Ranges: bytes',
      'headgate < Content-Length: 20',
      'headgate < HTTP/1.1 200 OK',
    ),
  ),
  sequence(
    'If-Range',
    VALID,
    stored,
    hit('Range: bytes=0-3', 'If-Range: "v1"'),
    hit('Range: bytes=0-3', 'If-Range: "v2"'),
    hit('Range: bytes=0-3', `If-Range: ${WHEN}`),
    hit('Range: bytes=0-3', `If-Range: ${LATER}`),
  ),
  sequence(
    'a range on a miss fetches all',
    VALID,
    ask('/a', 'MISS', { fields: ['Range: bytes=5-8'], reply: TAGGED }),
    hit(),
    hit('Range: bytes=0-1'),
  ),
  sequence(
    'a range on a miss, and no Accept-Ranges',
    VALID,
    ask('/a', 'MISS', { fields: ['Range: bytes=1-2'] }),
    hit('Range: bytes=1-2'),
  ),
  sequence(
    'a range behind the limit goes to the origin',
    `${VALID} proxy_cache_max_range_offset 10;`,
    ask('/a', 'MISS', { fields: ['Range: bytes=12-15'], reply: ranged(BODY) }),
    ask('/a', 'MISS', { fields: ['Range: bytes=3-4'], reply: TAGGED }),
    hit('Range: bytes=12-15'),
  ),
  sequence(
    'a 206 that nobody asked for',
    'proxy_cache_valid 200 10m;',
    ask('/a', 'MISS', {
      reply: raw(
        'HTTP/1.1 206 Partial Content',
        'Content-Range: bytes 0-3/20',
        'Content-Length: 4',
        '',
        '0123',
      ),
    }),
    ask('/a', 'MISS'),
  ),
]

const SLICED = `${VALID} slice 8; proxy_cache_key $uri$slice_range;
proxy_set_header Range $slice_range; proxy_set_header X-Side $server_port;`

export const SLICES: readonly Sequence[] = [
  sequence(
    'a whole body in pieces',
    SLICED,
    ask('/a', 'MISS', { reply: ranged(BODY, 'ETag: "v1"') }),
    ask('/a', 'HIT'),
    ask('/a', 'HIT', { method: 'HEAD' }),
  ),
  sequence(
    'a range fetches its pieces alone',
    SLICED,
    ask('/a', 'MISS', { fields: ['Range: bytes=9-12'], reply: ranged(BODY, 'ETag: "v1"') }),
    ask('/a', 'HIT', { fields: ['Range: bytes=8-15'] }),
    ask('/a', 'MISS', { fields: ['Range: bytes=6-9'], reply: ranged(BODY, 'ETag: "v1"') }),
  ),
  sequence(
    'an origin that knows no ranges',
    SLICED,
    ask('/a', 'MISS', { reply: ok(BODY) }),
    ask('/a', 'HIT'),
  ),
]
