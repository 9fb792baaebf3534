// Configurations that decide what peers are asked with, and that cut ranges out of what they answer.

import { type Asking, type Case, get, request } from './transcript.ts'

function post(target: string, body: string, ...fields: readonly string[]): Asking {
  return { request: request('POST', target, `Content-Length: ${body.length}`, ...fields) + body }
}

const DATED = 'Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT'
const WHOLE = ['200 OK', 'Content-Type: text/plain', DATED, 'ETag: "e"', 'X-P: p'] as const

function ranged(target: string, range: string, ...fields: readonly string[]): Asking {
  return {
    request: request('GET', target, `Range: ${range}`, ...fields),
    reply: `HTTP/1.1 ${WHOLE.join('\r\n')}\r\nContent-Length: 10\r\n\r\n0123456789`,
  }
}

function answered(asking: Asking, ...lines: readonly string[]): Asking {
  return { ...asking, reply: `${lines.join('\r\n')}` }
}

export const PEER_REQUEST_CASES: readonly Case[] = [
  {
    name: 'proxy_method',
    server: `proxy_method PUT;
      location / { proxy_pass http://peers; }
      location /post/ { proxy_pass http://peers; proxy_method POST; }
      location /variable/ { proxy_pass http://peers; proxy_method $arg_m; }
      location /get/ { proxy_pass http://peers; proxy_method GET; }
      location /lower/ { proxy_pass http://peers; proxy_method get; }`,
    asks: [
      get('/'),
      post('/', 'hi'),
      post('/post/', 'hi'),
      { request: request('DELETE', '/post/') },
      get('/variable/?m=PATCH'),
      { request: request('HEAD', '/get/') },
      {
        request: request('HEAD', '/get/', 'X-A: 1'),
        reply: 'HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nabc',
      },
      post('/lower/', 'hi'),
    ],
  },
  {
    name: 'proxy_set_body',
    server: `location / { proxy_pass http://peers; proxy_set_body "all the same"; }
      location /empty/ { proxy_pass http://peers; proxy_set_body ""; }
      location /variable/ { proxy_pass http://peers; proxy_set_body "m=$request_method&b=$request_body&a=$arg_a"; }
      location /small/ { client_body_buffer_size 8; proxy_pass http://peers; proxy_set_body "<$request_body>"; }
      location /large/ { client_body_buffer_size 32k; proxy_pass http://peers; proxy_set_body "<$request_body>"; }
      location /method/ { proxy_pass http://peers; proxy_method POST; proxy_set_body "as post"; }
      location /type/ { proxy_pass http://peers; proxy_set_body x; proxy_set_header Content-Type text/own; }
      location /page/ { error_page 403 /variable/page; return 403; }
      location /nobody/ { proxy_pass http://peers; proxy_set_body "kept"; proxy_pass_request_body off; }`,
    asks: [
      get('/'),
      post('/', 'hi'),
      post('/', 'a longer body than that'),
      { request: request('HEAD', '/') },
      get('/empty/'),
      post('/empty/', 'hi'),
      post('/variable/?a=b', 'hi'),
      get('/variable/'),
      post('/small/', 'much more than eight'),
      post('/variable/', 'x'.repeat(5_000)),
      post('/large/', 'x'.repeat(20_000)),
      {
        request: `${request('POST', '/variable/', 'Transfer-Encoding: chunked')}2\r\nhi\r\n3\r\nyou\r\n0\r\n\r\n`,
      },
      get('/method/'),
      post('/type/', 'hi', 'Content-Type: text/theirs'),
      get('/page/'),
      post('/page/', 'hi'),
      post('/nobody/', 'hi'),
    ],
  },
  {
    name: 'proxy_pass_request_headers and proxy_pass_request_body',
    server: `location / { proxy_pass http://peers; proxy_pass_request_headers off; }
      location /set/ { proxy_pass http://peers; proxy_pass_request_headers off; proxy_set_header X-Own $http_x_a; proxy_set_header Host own.test; }
      location /body/ { proxy_pass http://peers; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
      location /file/ { client_body_in_file_only clean; proxy_pass http://peers; proxy_set_header X-Body "b=$request_body"; }
      location /memory/ { proxy_pass http://peers; proxy_set_header X-Body "b=$request_body"; client_body_in_single_buffer on; }`,
    asks: [
      get('/', 'X-A: 1', 'Cookie: a=b', 'User-Agent: x'),
      post('/', 'hi', 'X-A: 1'),
      get('/set/', 'X-A: 1'),
      post('/body/', 'hi', 'X-A: 1'),
      get('/body/'),
      post('/file/', 'in a file'),
      get('/file/'),
      post('/memory/', 'in memory'),
    ],
  },
  {
    name: 'proxy_force_ranges',
    server: `location / { proxy_pass http://peers; proxy_force_ranges on; add_header X-Added yes; }
      location /off/ { proxy_pass http://peers; }
      location /page/ { proxy_pass http://peers; proxy_force_ranges on; error_page 416 /sorry; }
      location = /sorry { return 200 sorry; }`,
    asks: [
      ranged('/', 'bytes=2-4'),
      ranged('/', 'bytes=-3'),
      ranged('/', 'bytes=7-'),
      ranged('/', 'bytes=0-99'),
      ranged('/', 'bytes=0-0'),
      ranged('/', 'bytes=1-2,4-5'),
      ranged('/', 'bytes=20-30'),
      ranged('/', 'lines=1-2'),
      ranged('/', 'bytes=5-2'),
      ranged('/', 'bytes=2-4', 'If-Range: "e"'),
      ranged('/', 'bytes=2-4', 'If-Range: "other"'),
      ranged('/', 'bytes=2-4', 'If-Range: Sun, 09 Sep 2001 01:46:40 GMT'),
      ranged('/', 'bytes=2-4', 'If-Range: Sun, 09 Sep 2001 01:46:41 GMT'),
      ranged('/off/', 'bytes=2-4'),
      ranged('/page/', 'bytes=20-30'),
      answered(get('/'), 'HTTP/1.1 200 OK', 'Accept-Ranges: none', 'Content-Length: 2', '', 'hi'),
      answered(
        get('/', 'Range: bytes=1-1'),
        'HTTP/1.1 206 Partial Content',
        'Content-Range: bytes 1-1/9',
        'Content-Length: 1',
        '',
        'x',
      ),
      answered(
        get('/', 'Range: bytes=1-1'),
        'HTTP/1.1 200 OK',
        'Transfer-Encoding: chunked',
        '',
        '3',
        'abc',
        '0',
        '',
        '',
      ),
      answered(
        { request: request('HEAD', '/', 'Range: bytes=1-3') },
        'HTTP/1.1 200 OK',
        'Content-Length: 10',
        '',
        '',
      ),
      answered(
        get('/', 'Range: bytes=1-1'),
        'HTTP/1.1 404 Nothing',
        'Content-Length: 3',
        '',
        'abc',
      ),
    ],
  },
  {
    name: 'chunked_transfer_encoding and keepalive_disable',
    server: `location / { proxy_pass http://peers; chunked_transfer_encoding off; }
      location /on/ { proxy_pass http://peers; }
      location /safari/ { keepalive_disable safari; return 200 safari; }
      location /none/ { keepalive_disable none; return 200 none; }
      location /old/ { return 200 old; }`,
    asks: [
      answered(
        { request: 'GET / HTTP/1.1\r\nHost: HOST\r\n\r\n' },
        'HTTP/1.1 200 OK',
        'Transfer-Encoding: chunked',
        '',
        '3',
        'abc',
        '0',
        '',
        '',
      ),
      answered(
        get('/on/'),
        'HTTP/1.1 200 OK',
        'Transfer-Encoding: chunked',
        '',
        '3',
        'abc',
        '0',
        '',
        '',
      ),
      agent('/old/', 'POST', 'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)'),
      agent('/old/', 'POST', 'Mozilla/4.0 (compatible; MSIE 5.5; Windows 98)'),
      agent(
        '/safari/',
        'GET',
        'Mozilla/5.0 (Macintosh; U; PPC Mac OS X; en) AppleWebKit/125 (KHTML, like) Safari/125',
      ),
      get('/none/', 'User-Agent: MSIE 6.0; x'),
    ],
  },
]

/** On a connection that the server has to end. */
function agent(target: string, method: string, name: string): Asking {
  const body = method === 'POST' ? 'Content-Length: 0\r\n' : ''
  return {
    request: `${method} ${target} HTTP/1.1\r\nHost: HOST\r\n${body}User-Agent: ${name}\r\n\r\n`,
  }
}
