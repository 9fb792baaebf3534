// What is stored under which key: methods, keys, statuses, and bodies that end in every way a body can end.

import { answer, ask, DEAD, ok, raw, type Sequence, sequence, unlike } from './cache-steps.ts'

const VALID = 'proxy_cache_valid 10m;'
const ANY = 'proxy_cache_valid any 10m;'
const BIG = 'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(10_000)

/** A chunked body of small and large chunks. */
const CHUNKED = raw(
  'HTTP/1.1 200 OK',
  'Transfer-Encoding: chunked',
  '',
  '5',
  'hello',
  '1000',
  'x'.repeat(4096),
  '0',
  '',
  '',
)

const again = ok('another')

const KNOWN_LENGTH = 'What is stored has a known length, and says it'
const NOT_TRUSTED = 'A peer whose framing is wrong is not answered from (RFC 9112 §6.3)'

/** Our page is long, so the table of lines has its checksum. */
const BAD_GATEWAY = [
  'headgate < 147 of d36a9446fa8d8929',
  'headgate < Content-Type: text/html',
  'headgate < HTTP/1.1 502 Bad Gateway',
]

export const STORED: readonly Sequence[] = [
  sequence(
    'a miss, then hits',
    VALID,
    ask('/a', 'MISS'),
    ask('/a', 'HIT', { reply: again }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'nothing is stored of what is not buffered',
    `${VALID} proxy_buffering off;`,
    ask('/a', 'MISS'),
    ask('/a', 'MISS', { reply: again }),
    ask('/b', 'MISS', { reply: ok('b', 'X-Accel-Buffering: yes') }),
    ask('/b', 'HIT', { reply: again }),
  ),
  sequence(
    'nothing is stored of what shall not be buffered',
    VALID,
    ask('/a', 'MISS', { reply: ok('a', 'X-Accel-Buffering: no') }),
    ask('/a', 'MISS', { reply: again }),
    ask('/a', 'HIT', { reply: again }),
  ),
  sequence(
    'a query is part of the key',
    VALID,
    ask('/a?x=1', 'MISS'),
    ask('/a?x=2', 'MISS', { reply: again }),
    ask('/a?x=1', 'HIT'),
  ),
  sequence(
    'a key without the query',
    `${VALID} proxy_cache_key $uri;`,
    ask('/a?x=1', 'MISS'),
    ask('/a?x=2', 'HIT', { reply: again }),
  ),
  sequence(
    'a key of two thousand bytes',
    VALID,
    ask(`/a?${'k'.repeat(2000)}`, 'MISS'),
    ask(`/a?${'k'.repeat(2000)}`, 'HIT'),
    ask(`/a?${'k'.repeat(1999)}j`, 'MISS'),
  ),
  sequence(
    'escapes and UTF-8 in the target',
    VALID,
    ask('/%C3%BC%20b', 'MISS'),
    ask('/%C3%BC%20b', 'HIT'),
    ask('/%c3%bc%20b', 'MISS'),
  ),
  sequence(
    'HEAD is asked as GET and stored',
    VALID,
    ask('/a', 'MISS', { method: 'HEAD' }),
    ask('/a', 'HIT', { reply: again }),
    ask('/a', 'HIT', { method: 'HEAD' }),
  ),
  sequence(
    'HEAD as it is, with the method in the key',
    `${VALID} proxy_cache_convert_head off; proxy_cache_key $request_method$uri;`,
    ask('/a', 'MISS', {
      method: 'HEAD',
      reply: raw('HTTP/1.1 200 OK', 'Content-Length: 5', '', ''),
    }),
    ask('/a', 'HIT', { method: 'HEAD' }),
    ask('/a', 'MISS'),
    ask('/a', 'HIT'),
  ),
  sequence(
    'POST is not cached',
    VALID,
    ask('/a', '-', { method: 'POST', body: 'b' }),
    ask('/a', '-', { method: 'POST', body: 'b', reply: again }),
    ask('/a', 'MISS', { reply: again }),
  ),
  sequence(
    'POST is cached where it is said',
    `${VALID} proxy_cache_methods POST;`,
    ask('/a', 'MISS', { method: 'POST', body: 'b' }),
    ask('/a', 'HIT', { method: 'POST', body: 'b', reply: again }),
  ),
  sequence(
    'a method that nobody knows',
    VALID,
    ask('/a', 'MISS'),
    ask('/a', '-', { method: 'PURGE', reply: again }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'a DELETE leaves what is stored',
    VALID,
    ask('/a', 'MISS'),
    unlike(
      ask('/a', '-', { method: 'DELETE', reply: answer('204 No Content', '') }),
      'A 204 has no Content-Length (RFC 9110 §8.6)',
      'nginx < Content-Length: 0',
    ),
    ask('/a', 'HIT'),
  ),
  sequence(
    'only from the third request on',
    `${VALID} proxy_cache_min_uses 3;`,
    ask('/a', 'MISS'),
    ask('/a', 'MISS'),
    ask('/a', 'MISS'),
    ask('/a', 'HIT', { reply: again }),
  ),
  sequence(
    'no time, nothing is stored',
    '',
    ask('/a', 'MISS'),
    ask('/a', 'MISS', { reply: again }),
  ),
  sequence(
    'a time without statuses is for 200, 301 and 302',
    VALID,
    ask('/a', 'MISS', { reply: answer('404 Not Found', 'no') }),
    ask('/a', 'MISS', { reply: answer('404 Not Found', 'no') }),
    ask('/b', 'MISS', { reply: answer('302 Found', '', 'Location: /b') }),
    ask('/b', 'HIT'),
  ),
  sequence(
    'a moved page is stored with its Location',
    VALID,
    ask('/a', 'MISS', {
      reply: answer('301 Moved Permanently', 'there', 'Location: http://example.test/b'),
    }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'a 404 where its time is given',
    'proxy_cache_valid 404 1m;',
    ask('/a', 'MISS', { reply: answer('404 Not Found', 'no') }),
    ask('/a', 'HIT'),
    ask('/b', 'MISS'),
    ask('/b', 'MISS'),
  ),
  sequence(
    'the first time that fits counts',
    'proxy_cache_valid 200 0; proxy_cache_valid any 1m;',
    ask('/a', 'MISS'),
    ask('/a', 'MISS'),
    ask('/b', 'MISS', { reply: answer('500 Internal Server Error', 'no') }),
    ask('/b', 'HIT'),
  ),
  sequence(
    'any status',
    ANY,
    ask('/a', 'MISS', { reply: answer('418 Teapot', 'tea', 'X-A: 1') }),
    ask('/a', 'HIT'),
    ask('/b', 'MISS', { reply: answer('503 Service Unavailable', 'no', 'Retry-After: 5') }),
    ask('/b', 'HIT'),
  ),
  sequence(
    'a 204',
    ANY,
    ask('/a', 'MISS', { reply: raw('HTTP/1.1 204 No Content', 'X-A: 1', '', '') }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'our own 502 where its time is given',
    'proxy_cache_valid 502 1m;',
    ask('/a', 'MISS', { reply: DEAD }),
    ask('/a', 'HIT'),
    ask('/a', 'HIT', { method: 'HEAD' }),
  ),
  sequence('our own 502 without', VALID, ask('/a', 'MISS', { reply: DEAD }), ask('/a', 'MISS')),
  sequence(
    'an error that is replaced by a page',
    `${ANY} proxy_intercept_errors on; error_page 404 /page;`,
    ask('/a', 'MISS', { reply: answer('404 Not Found', 'no') }),
    ask('/a', 'HIT'),
  ),
  sequence(
    'a location without a cache',
    'proxy_cache off; proxy_cache_valid 10m;',
    ask('/a', '-'),
    ask('/a', '-', { reply: again }),
  ),
  sequence(
    'a large body',
    VALID,
    ask('/a', 'MISS', { reply: ok(BIG, 'Content-Type: text/plain') }),
    ask('/a', 'HIT', { reply: again }),
    ask('/a', 'HIT', { method: 'HEAD' }),
  ),
  sequence('an empty body', VALID, ask('/a', 'MISS', { reply: ok('') }), ask('/a', 'HIT')),
  sequence(
    'a chunked body',
    VALID,
    ask('/a', 'MISS', { reply: CHUNKED }),
    unlike(
      ask('/a', 'HIT'),
      KNOWN_LENGTH,
      'nginx < Transfer-Encoding: chunked',
      'headgate < Content-Length: 4101',
    ),
    unlike(ask('/a', 'HIT', { method: 'HEAD' }), KNOWN_LENGTH, 'headgate < Content-Length: 4101'),
  ),
  sequence(
    'a chunked body for HEAD first',
    VALID,
    unlike(
      ask('/a', 'MISS', { method: 'HEAD', reply: CHUNKED }),
      'HEAD has the fields that GET has (RFC 9110 §9.3.2)',
      'headgate < Transfer-Encoding: chunked',
    ),
    unlike(
      ask('/a', 'HIT'),
      KNOWN_LENGTH,
      'nginx < Transfer-Encoding: chunked',
      'headgate < Content-Length: 4101',
    ),
  ),
  sequence(
    'a body that ends with the connection',
    VALID,
    ask('/a', 'MISS', {
      reply: raw('HTTP/1.1 200 OK', 'Content-Type: text/plain', '', 'to the end'),
    }),
    unlike(
      ask('/a', 'HIT'),
      KNOWN_LENGTH,
      'nginx < Transfer-Encoding: chunked',
      'headgate < Content-Length: 10',
    ),
  ),
  sequence(
    'a body that is cut',
    VALID,
    ask('/a', 'MISS', { reply: raw('HTTP/1.1 200 OK', 'Content-Length: 100', '', 'only this') }),
    ask('/a', 'MISS'),
  ),
  sequence(
    'a chunked body that is cut',
    VALID,
    ask('/a', 'MISS', {
      reply: raw('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5', 'hello', ''),
    }),
    ask('/a', 'MISS'),
  ),
  sequence(
    'a large body that is cut',
    VALID,
    ask('/a', 'MISS', { reply: raw('HTTP/1.1 200 OK', 'Content-Length: 400000', '', BIG) }),
    ask('/a', 'MISS'),
  ),
  sequence(
    'chunks that are none',
    VALID,
    unlike(
      ask('/a', '-', {
        reply: raw('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', 'zz', 'hello', '0', '', ''),
      }),
      'Both break off; nginx has not sent the head yet by then',
      'nginx < ',
      'headgate < HTTP/1.1 200 OK',
      'headgate < Transfer-Encoding: chunked',
      'headgate < X-Cache-Status: MISS',
      'headgate < body  (cut)',
    ),
    ask('/a', 'MISS'),
  ),
  sequence(
    'more body than its length says',
    VALID,
    ask('/a', 'MISS', { reply: raw('HTTP/1.1 200 OK', 'Content-Length: 4', '', 'four and more') }),
    ask('/a', 'HIT', { reply: again }),
  ),
  sequence(
    'a Content-Length that is no number',
    VALID,
    unlike(
      ask('/a', 'MISS', { reply: raw('HTTP/1.1 200 OK', 'Content-Length: four', '', 'four') }),
      NOT_TRUSTED,
      'nginx < HTTP/1.1 200 OK',
      'nginx < Transfer-Encoding: chunked',
      'nginx < body four',
      ...BAD_GATEWAY,
    ),
    unlike(
      ask('/a', 'HIT'),
      NOT_TRUSTED,
      'nginx < Transfer-Encoding: chunked',
      'nginx < X-Cache-Status: HIT',
      'nginx < body four',
      'headgate > GET /CASE/a HTTP/1.1',
      'headgate < Content-Length: 5',
      'headgate < X-Cache-Status: MISS',
      'headgate < body first',
    ),
  ),
  sequence(
    'no HTTP at all',
    VALID,
    unlike(
      ask('/a', '-', { reply: raw('SSH-2.0-OpenSSH', '', '') }),
      NOT_TRUSTED,
      'nginx < SSH-2.0-OpenSSH',
      ...BAD_GATEWAY,
      'headgate < X-Cache-Status: MISS',
    ),
    ask('/a', 'MISS'),
  ),
]
