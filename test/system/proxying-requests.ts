// Configurations that decide what a peer gets: the target, the fields, the body.

import { type Case, differing, get, request } from './transcript.ts'

/** What reaches the peer. `ORIGIN` is its address, `peers` a group with it alone. */
export const REQUEST_CASES: readonly Case[] = [
  {
    name: 'proxy_pass without URI sends the target as it came',
    server: 'location / { proxy_pass http://ORIGIN; }',
    asks: [
      get('/a/b?x=1'),
      get('//a/../b%2Fc?x=%zz'),
      get('/%61%7E~'),
      get('/a{b}|c^`"<>'),
      get('/caf%C3%A9'),
      get('/?'),
      get('/a?b?c'),
      get('/a/./b//c/'),
      get('http://other.test/p/q?r'),
      get('http://other.test'),
      get('http://other.test?x=1'),
    ],
  },
  {
    name: 'proxy_pass with a URI replaces the prefix',
    server: 'location /n/ { proxy_pass http://ORIGIN/m/; }',
    asks: [
      get('/n/'),
      get('/n/?q=1'),
      get('/n/x/y?b?c'),
      get('/n/a%2Fb/../c%20d'),
      get('/n//x///y'),
      get('/n/%41%7E'),
      get('/n/a%3Fb%23c%25d'),
      get('/n/%E4%00x'),
      get('/n/caf%C3%A9'),
      get('/n/a{b}'),
      get('/%6e/a{b}'),
      get('/x/../n/y'),
      get('/n?x=1'),
      { request: request('POST', '/n', 'Content-Length: 0') },
    ],
  },
  {
    name: 'proxy_pass with a URI under a prefix without slash',
    server: 'location /n { proxy_pass http://ORIGIN/m; } location /e { proxy_pass http://peers/; }',
    asks: [get('/n'), get('/nx/y?z'), get('/e'), get('/e/f'), get('/ef?g')],
  },
  {
    name: 'proxy_pass with a URI under an exact location',
    server:
      'location = /exact { proxy_pass http://ORIGIN/other; } location = /dir/ { proxy_pass http://ORIGIN/d; }',
    asks: [get('/exact?x'), get('/exact/'), get('/dir/'), get('/dir?x=1')],
  },
  {
    name: 'proxy_pass with arguments in its URI',
    server:
      'location /a/ { proxy_pass http://ORIGIN/b/?fixed=1; } location /q/ { proxy_pass http://ORIGIN?only=1; }',
    asks: [
      get('/a/x'),
      get('/a/x?y=2'),
      differing(
        get('/q/x'),
        'a target begins with a slash',
        'nginx > GET ?only=1x HTTP/1.0',
        'headgate > GET /?only=1x HTTP/1.0',
      ),
    ],
  },
  {
    name: 'proxy_pass in a regex location',
    server: `location ~ ^/re/(?<rest>.*)\\.php$ { proxy_pass http://ORIGIN; }
      location ~* ^/V/(.*)$ { proxy_pass http://ORIGIN/r/$1$is_args$args; }`,
    asks: [
      get('/re/a%20b.php?x=1'),
      get('/v/one/two?x=1&y'),
      differing(
        get('/v/caf%C3%A9'),
        'bytes that may not stand in a request line are escaped',
        'nginx > GET /r/caf\xc3\xa9 HTTP/1.0',
        'headgate > GET /r/caf%C3%A9 HTTP/1.0',
      ),
      differing(
        get('/v/a%20b'),
        'a decoded space would break the request line',
        'nginx > GET /r/a b HTTP/1.0',
        'headgate > GET /r/a%20b HTTP/1.0',
      ),
    ],
  },
  {
    name: 'proxy_pass with variables',
    server: `location /u/ { proxy_pass http://$arg_u; }
      location /p/ { proxy_pass http://$arg_u/fixed; }
      location /r/ { proxy_pass http://peers$request_uri; }
      location /s/ { proxy_pass http://ORIGIN$uri; }
      location /d/ { proxy_pass http://ORIGIN/x$uri$is_args$args; }`,
    asks: [
      get('/u/a?u=peers'),
      get('/u/a%20b?u=ORIGIN'),
      get('/p/a?u=peers'),
      get('/p/a?u=ORIGIN'),
      get('/u/a?u=nobody.invalid'),
      get('/u/a'),
      get('/r/a%2Fb?x=1'),
      get('/s/a?lost=1'),
      get('/d/a//b?kept=1'),
    ],
  },
  {
    name: 'proxy_pass in a named location',
    server: `location / { error_page 418 = @up; return 418; }
      location /files { error_page 404 = @up; }
      location @up { proxy_pass http://peers; }`,
    asks: [
      get('/a%2Fb/../c?x=1'),
      get('/files/none?y=%31'),
      { request: `${request('POST', '/p', 'Content-Length: 4')}body` },
      { request: request('HEAD', '/h') },
    ],
  },
  {
    name: 'nested locations',
    server: `location /a/ { proxy_pass http://ORIGIN/x/; proxy_set_header X-Level a;
        location /a/b/ { proxy_pass http://ORIGIN/y/; }
        location ~ \\.gif$ { proxy_pass http://ORIGIN; proxy_set_header X-Level gif; } }`,
    asks: [get('/a/1'), get('/a/b/1'), get('/a/1.gif'), get('/a/b/1.gif')],
  },
  {
    name: 'proxy_set_header is inherited only by levels without one',
    server: `proxy_set_header X-Server s; proxy_set_header Host $host;
      location / { proxy_pass http://ORIGIN; }
      location /own/ { proxy_pass http://ORIGIN; proxy_set_header X-Location l; }
      location /deep/ { proxy_pass http://ORIGIN; location /deep/er/ { proxy_pass http://ORIGIN; } }`,
    asks: [get('/', 'X-Server: client'), get('/own/', 'X-Server: client'), get('/deep/er/')],
  },
  {
    name: 'proxy_set_header with values',
    server: `location / { proxy_pass http://peers;
        proxy_set_header Host $http_host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Uri "$request_uri $uri $args";
        proxy_set_header Accept-Encoding "";
        proxy_set_header X-Empty $arg_empty; }`,
    asks: [
      get('/a%20b?c=d'),
      get('/', 'X-Forwarded-For: 192.0.2.1', 'x-real-ip: spoofed', 'Accept-Encoding: gzip'),
      get('/', 'X-Forwarded-For: 192.0.2.1', 'X-Forwarded-For: 192.0.2.2'),
      get('/?empty=full', 'X-Empty: client'),
      get('/', 'X-Empty: client'),
    ],
  },
  {
    name: 'proxy_set_header without Host, and with Connection',
    server: `location /none/ { proxy_pass http://peers; proxy_set_header Host ""; }
      location /keep/ { proxy_pass http://peers; proxy_http_version 1.1; proxy_set_header Connection ""; }
      location /port/ { proxy_pass http://peers; proxy_set_header Host $host:$server_port; }`,
    asks: [get('/none/'), get('/keep/'), get('/port/')],
  },
  {
    name: 'fields of the client',
    server: 'location / { proxy_pass http://peers; }',
    asks: [
      get('/', 'X-One: 1', 'x-two:2', 'X-One:   3  ', 'COOKIE: a=b', 'Cookie: c=d'),
      get('/', 'X_Under: dropped', 'X-Kept: 1'),
      get('/', 'Empty:', 'X-Blank:   '),
      get('/', 'X-Latin: \xe9\xff', 'X-Tab: a\tb'),
      get('/', 'Keep-Alive: timeout=5', 'TE: trailers', 'Upgrade: websocket'),
      differing(
        get('/', 'Proxy-Connection: keep-alive'),
        'a field of this connection goes no further',
        'nginx > Proxy-Connection: keep-alive',
      ),
      differing(
        {
          request: 'GET / HTTP/1.1\r\nHost: HOST\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\n\r\n',
        },
        'fields that Connection names go no further',
        'nginx > X-Mine: 1',
      ),
      get('/', 'Authorization: Basic eDp5', 'Proxy-Authorization: Basic eDp5', 'Trailer: X'),
      get('/', 'If-None-Match: "x"', 'Range: bytes=0-1', 'If-Modified-Since: never'),
    ],
  },
  {
    name: 'underscores_in_headers on',
    host: '127.0.0.2',
    server: 'underscores_in_headers on; location / { proxy_pass http://peers; }',
    asks: [get('/', 'X_Under: kept')],
  },
  {
    name: 'bodies',
    server: `location / { proxy_pass http://peers; }
      location /eleven/ { proxy_pass http://peers; proxy_http_version 1.1; }
      location /stream/ { proxy_pass http://peers; proxy_http_version 1.1; proxy_request_buffering off; }`,
    asks: [
      { request: `${request('POST', '/', 'Content-Type: a/b', 'Content-Length: 5')}hello` },
      {
        request: `${request('PUT', '/', 'Transfer-Encoding: chunked')}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`,
      },
      {
        request: `${request('POST', '/eleven/', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`,
      },
      {
        request: `${request('POST', '/stream/', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`,
      },
      { request: `${request('POST', '/stream/', 'Content-Length: 5')}hello` },
      { request: request('POST', '/', 'Content-Length: 0') },
      { request: request('POST', '/') },
      { request: request('DELETE', '/') },
      { request: `${request('GET', '/', 'Content-Length: 2')}hi` },
      { request: `${request('PURGE', '/', 'Content-Length: 2')}hi` },
      differing(
        { request: `${request('POST', '/', 'Content-Length: 2', 'Expect: 100-continue')}hi` },
        'nobody waits for 100 whose body is there already (RFC 9110 section 10.1.1)',
        'nginx < HTTP/1.1 100 Continue',
      ),
    ],
  },
  {
    name: 'old clients',
    server: 'location / { proxy_pass http://peers; }',
    asks: [
      { request: 'GET /old HTTP/1.0\r\nHost: HOST\r\n\r\n' },
      { request: 'GET /old HTTP/1.0\r\nHost: HOST\r\nX-A: 1\r\nConnection: close\r\n\r\n' },
      { request: 'HEAD /old HTTP/1.0\r\nHost: HOST\r\n\r\n' },
      { request: 'POST /old HTTP/1.0\r\nHost: HOST\r\nContent-Length: 2\r\n\r\nhi' },
    ],
  },
  {
    name: 'methods',
    server: 'location / { proxy_pass http://peers; }',
    asks: [
      { request: request('OPTIONS', '/o') },
      { request: request('PATCH', '/p', 'Content-Length: 0') },
      { request: request('REPORT', '/r') },
      { request: request('TRACE', '/t') },
    ],
  },
  {
    name: 'merge_slashes off',
    host: '127.0.0.3',
    server: `merge_slashes off; location // { proxy_pass http://peers; proxy_set_header X-Which two; }
      location / { proxy_pass http://peers; proxy_set_header X-Which one; }
      location /n/ { proxy_pass http://peers/m/; }`,
    asks: [get('//a//b'), get('/a//b'), get('/n//x//y/../z')],
  },
]
