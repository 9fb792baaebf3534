// Configurations whose peers answer with X-Accel-Redirect and other words to the proxy itself.

import { type Asking, type Case, get, getReply, replyOf, request } from './transcript.ts'

const KEPT = [
  'Content-Type: text/own',
  'Content-Disposition: attachment; filename=a',
  'Set-Cookie: a=b',
  'Set-Cookie: c=d; Path=/x',
  'Cache-Control: private',
  'Cache-Control: max-age=5',
  'Expires: Thu, 01 Jan 1970 00:00:01 GMT',
] as const
const NOT_KEPT = [
  'X-Other: 1',
  'ETag: "theirs"',
  'Last-Modified: Sun, 09 Sep 2001 01:46:41 GMT',
  'Location: /elsewhere',
  'Content-Language: de',
  'Vary: Cookie',
  'Content-Encoding: own',
] as const

/** An answer that sends the request on. */
function sentOn(target: string, to: string, ...fields: readonly string[]): Asking {
  return getReply(target, '200 OK', `X-Accel-Redirect: ${to}`, ...fields, '')
}

function sentOnBy(method: string, target: string, to: string, body = ''): Asking {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  return {
    request: request(method, target, ...length) + body,
    reply: replyOf('200 OK', `X-Accel-Redirect: ${to}`, ''),
  }
}

export const ACCEL_CASES: readonly Case[] = [
  {
    name: 'X-Accel-Redirect',
    server: `root ROOT;
      location /app/ { proxy_pass http://peers; add_header X-First yes; }
      location /cookies/ { proxy_pass http://peers; proxy_cookie_flags a secure; proxy_hide_header Set-Cookie; }
      location /files/ { internal; alias ROOT/; add_header X-Second yes; }
      location /text/ { internal; return 200 "text of $uri?$args by $request_method\\n"; }
      location /created/ { internal; return 201 "created"; }
      location /forbidden/ { internal; return 403; }
      location /moved/ { internal; return 302 /new; }
      location /empty/ { internal; return 204; }
      location /peer/ { internal; proxy_pass http://peers; proxy_ignore_headers X-Accel-Redirect; }
      location /expires/ { internal; alias ROOT/; expires 1h; }
      location /page/ { error_page 404 /text/page; proxy_pass http://peers; }
      location /intercepts/ { proxy_pass http://peers; proxy_intercept_errors on; error_page 503 /text/503; }
      location /ignores/ { proxy_pass http://peers; proxy_ignore_headers X-Accel-Redirect; }
      location /shows/ { proxy_pass http://peers; proxy_ignore_headers X-Accel-Redirect; proxy_pass_header X-Accel-Redirect; }
      location @named { return 200 "named $uri?$args by $request_method\\n"; }
      location @peer { proxy_pass http://peers; proxy_ignore_headers X-Accel-Redirect; }
      location / { return 200 "the rest: $uri"; }`,
    asks: [
      sentOn('/app/', '/files/file.txt'),
      sentOn('/app/', '/files/file.txt', ...KEPT),
      sentOn('/app/', '/files/file.txt', ...NOT_KEPT),
      sentOn('/app/', '/files/file.txt', 'Accept-Ranges: none'),
      sentOn('/app/', '/files/page.html', 'Content-Type: text/own; charset=utf-8'),
      sentOn('/app/', '/files/a%20b.txt'),
      sentOn('/app/', '/files/a b.txt'),
      sentOn('/app/', '/files/./deep//inner.txt'),
      sentOn('/app/', '/files/missing.txt'),
      sentOn('/app/', '/files/deep/'),
      sentOn('/app/', '/text/x?y=1&z=2'),
      sentOn('/app/?a=b', '/text/x'),
      sentOn('/app/', '/text/%3Fa?b', ...KEPT),
      sentOn('/app/', '/text/%zz'),
      sentOn('/app/', '/files/../secret'),
      sentOn('/app/', '/files/%2e%2e/secret'),
      sentOn('/app/', '/files/..'),
      sentOn('/app/', '/files/..x'),
      sentOn('/app/', '?a=b'),
      sentOn('/app/', ''),
      sentOn('/app/', 'relative'),
      sentOn('/app/', '/other'),
      sentOn('/app/', '/created/', ...KEPT),
      sentOn('/app/', '/forbidden/', ...KEPT),
      sentOn('/app/', '/moved/', ...KEPT),
      sentOn('/app/', '/empty/', ...KEPT),
      sentOn('/app/', '/peer/x?y', 'X-Peer: 1'),
      sentOn('/app/', '/peer/x', ...KEPT),
      sentOn('/app/', '/expires/file.txt', ...KEPT),
      sentOn('/app/', '@named'),
      sentOn('/app/x?y=z', '@named', ...KEPT),
      sentOn('/app/x', '@nowhere'),
      sentOn('/app/x%20y?z', '@peer'),
      sentOn('/app/', '/app/again'),
      sentOn('/cookies/', '/text/', 'Set-Cookie: a=b', 'Set-Cookie: c=d'),
      sentOn('/page/', '/files/../x'),
      sentOnBy('HEAD', '/app/', '/files/file.txt'),
      sentOnBy('POST', '/app/', '/text/', 'hi'),
      sentOnBy('POST', '/app/', '/peer/', 'hi'),
      sentOnBy('POST', '/app/', '@named', 'hi'),
      sentOnBy('POST', '/app/', '@peer', 'hi'),
      sentOnBy('DELETE', '/app/', '/text/'),
      getReply('/app/', '404 Gone', 'X-Accel-Redirect: /text/x', 'their page'),
      getReply('/app/', '200 OK', 'X-Accel-Redirect: /text/x', 'a body that nobody wants'),
      getReply('/app/', '302 Found', 'X-Accel-Redirect: /text/x', 'Location: /y', ''),
      getReply('/intercepts/', '503 Busy', 'X-Accel-Redirect: /files/file.txt', ''),
      getReply('/intercepts/', '404 Gone', 'X-Accel-Redirect: /files/file.txt', ''),
      getReply('/ignores/', '200 OK', 'X-Accel-Redirect: /text/x', 'mine'),
      getReply('/shows/', '200 OK', 'X-Accel-Redirect: /text/x', 'mine'),
      {
        request: request('GET', '/app/', 'Range: bytes=1-3'),
        reply: replyOf('200 OK', 'X-Accel-Redirect: /files/file.txt', ...KEPT, ''),
      },
      {
        request: request('GET', '/app/', 'If-None-Match: "3b9aca00-8"'),
        reply: replyOf('200 OK', 'X-Accel-Redirect: /files/file.txt', ...KEPT, ''),
      },
    ],
  },
  {
    name: 'words that change nothing here',
    server: 'location / { proxy_pass http://peers; }',
    asks: [
      getReply('/', '200 OK', 'X-Accel-Buffering: no', 'text'),
      getReply('/', '200 OK', 'X-Accel-Buffering: rubbish', 'text'),
      getReply('/', '200 OK', 'X-Accel-Charset: koi8-r', 'Content-Type: text/plain', 'text'),
      getReply('/', '200 OK', 'X-Accel-Expires: 10', 'text'),
      get('/'),
    ],
  },
]
