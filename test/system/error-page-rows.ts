// Error pages, internal locations and what the header filters add: rows for error-pages-beside-nginx.test.ts.

import { type Case, differing, get, request } from './transcript.ts'

const ask = (method: string, target: string, ...fields: string[]) => ({
  request: request(method, target, ...fields),
})

/** `error_page` in all its forms. */
export const ERROR_PAGE_CASES: readonly Case[] = [
  {
    name: 'error pages of every form',
    server: `root ROOT; location = /page.html { }
      location /one/ { error_page 404 /page.html; }
      location /many/ { error_page 403 404 405 /page.html; }
      location /code/ { error_page 404 =200 /page.html; }
      location /other/ { error_page 404 =503 /page.html; }
      location /own/ { error_page 404 = /page.html; }
      location /own-error/ { error_page 404 = /refuse; }
      location = /refuse { return 410 "refused"; }
      location /empty/ { error_page 404 =204 /page.html; }
      location /named/ { error_page 404 @named; }
      location /named-code/ { error_page 404 =202 @named; }
      location /named-own/ { error_page 404 = @named; }
      location @named { return 201 "named $uri $args $request_method"; }
      location /missing-page/ { error_page 404 /nowhere.html; }
      location /missing-named/ { error_page 404 @nowhere; }
      location /away/ { error_page 404 http://away.test/x?$request_uri; }
      location /away-code/ { error_page 404 =301 https://away.test/; }
      location /away-bad/ { error_page 404 =200 http://away.test/; }
      location /away-own/ { error_page 404 = http://away.test/; }
      location /away-308/ { error_page 404 =308 http://away.test/; }
      location /variable/ { error_page 404 /$arg_to; }
      location /arguments/ { error_page 404 = /echo?a=b; }
      location /arguments-kept/ { error_page 404 = /echo?$args&c=d; }
      location = /echo { return 200 "echo $uri|$args|$request_uri|$request_method"; }
      location /text/ { error_page 404 =200 text; }
      location /first/ { error_page 404 /page.html; error_page 404 =200 /echo; }`,
    asks: [
      get('/one/x'),
      get('/one/x', 'Range: bytes=0-1'),
      get('/one/x', 'If-None-Match: *'),
      ask('HEAD', '/one/x'),
      ask('POST', '/one/x', 'Content-Length: 0'),
      get('/many/'),
      get('/many/x'),
      { request: `${request('PUT', '/many/x', 'Content-Length: 2')}ab` },
      get('/code/x'),
      ask('HEAD', '/code/x'),
      get('/code/x', 'Range: bytes=0-1'),
      get('/other/x'),
      get('/own/x'),
      get('/own/x', 'Range: bytes=0-1'),
      get('/own-error/x'),
      get('/empty/x'),
      get('/named/x?a=1'),
      ask('POST', '/named/x', 'Content-Length: 0'),
      get('/named-code/x'),
      get('/named-own/x'),
      get('/missing-page/x'),
      get('/missing-named/x'),
      get('/away/x?y=1'),
      ask('HEAD', '/away/x'),
      get('/away-code/x'),
      get('/away-bad/x'),
      get('/away-own/x'),
      get('/away-308/x'),
      get('/variable/x?to=page.html'),
      get('/variable/x?to='),
      get('/arguments/x?y=1'),
      get('/arguments-kept/x?y=1'),
      ask('DELETE', '/arguments/x'),
      get('/text/x'),
      get('/first/x'),
    ],
  },
  {
    name: 'error pages of errors of error pages',
    server: `root ROOT;
      location /flat/ { error_page 404 /gone; }
      location /deep/ { recursive_error_pages on; error_page 404 /gone; }
      location = /gone { error_page 410 =200 /page.html; return 410; }
      location /loop/ { recursive_error_pages on; error_page 404 /loop/again; }
      location /named-loop/ { recursive_error_pages on; error_page 404 @again; }
      location @again { recursive_error_pages on; error_page 404 @again; return 404; }
      location /chain/ { recursive_error_pages on; error_page 404 = @two; }
      location @two { recursive_error_pages on; error_page 410 =201 @three; return 410; }
      location @three { error_page 409 /page.html; return 409; }
      location /inner/ { recursive_error_pages on; error_page 404 /outer; }
      location = /outer { recursive_error_pages off; error_page 410 /last; return 410; }
      location = /last { error_page 403 =200 /page.html; return 403; }`,
    asks: ['/flat/x', '/deep/x', '/loop/x', '/named-loop/x', '/chain/x', '/inner/x'].map(target =>
      get(target),
    ),
  },
  {
    name: 'inheritance of error pages',
    server: `root ROOT; error_page 404 =200 /page.html; error_page 403 =202 /page.html;
      location /none/ { }
      location /own/ { error_page 403 =201 /page.html; }
      location /outer/ { error_page 404 =202 /page.html;
        location /outer/inner/ { }
        location ~ own { error_page 404 =206 /page.html; } }`,
    asks: ['/none/x', '/own/x', '/own/', '/outer/x', '/outer/inner/x', '/outer/own'].map(target =>
      get(target),
    ),
  },
  {
    name: 'error pages of heads that nobody could read',
    host: '127.0.0.9',
    server: `root ROOT; error_page 400 =200 /page.html; error_page 414 =201 /page.html;
      error_page 405 =202 /page.html; error_page 501 =503 /page.html; error_page 413 @big;
      location @big { return 413 "too big $uri"; } location /up/ { client_max_body_size 1; proxy_pass http://peers; }
      location / { }`,
    asks: [
      { request: 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n' },
      { request: 'GET /%zz HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n' },
      { request: `GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: HOST\r\n\r\n` },
      ask('TRACE', '/'),
      ask('POST', '/', 'Transfer-Encoding: gzip'),
      { request: `${request('POST', '/up/x', 'Content-Length: 5')}abcde` },
    ],
  },
  {
    name: 'internal locations',
    server: `root ROOT; location /i/ { internal; alias ROOT/; }
      location /i/deep/ { return 200 "not inherited"; }
      location = /page { error_page 418 =200 /i/page.html; return 418; }
      location /tried/ { try_files /i/none /i/page.html; }
      location = /index/ { index /i/page.html; }
      location /named/ { try_files /none @inside; }
      location @inside { internal; return 200 "inside"; }
      location /404/ { internal; error_page 404 =200 /page.html; }`,
    asks: ['/i/page.html', '/i/', '/i/deep/x', '/page', '/tried/', '/named/', '/404/x'].map(
      target => get(target),
    ),
  },
]

/** `add_header`, `add_trailer`, `expires`. */
export const FILTER_CASES: readonly Case[] = [
  {
    name: 'added fields',
    server: `root ROOT; add_header X-Server s; add_header X-Always a always;
      location /inherits/ { return 200 "x"; }
      location /own/ { add_header X-Own o; return 200 "x"; }
      location /error/ { return 403; }
      location /error-own/ { add_header X-Own o; add_header X-Own-Always p always; return 404 "x"; }
      location /redirect/ { return 302 /x; }
      location /303/ { return 303 /x; }
      location /204/ { return 204; }
      location /400/ { return 400; }
      location /empty/ { add_header X-Empty ""; add_header X-Not $arg_none; add_header X-Yes "$arg_a"; return 200; }
      location /twice/ { add_header X-A 1; add_header X-A 2; add_header x-a 3; return 200; }
      location /cache/ { add_header Cache-Control no-store; expires 1h; return 200; }
      location /type/ { add_header Content-Type text/odd; return 200 "x"; }
      location /date/ { alias ROOT/; add_header Last-Modified "Fri, 01 Jan 2021 00:00:00 GMT"; }
      location /no-date/ { alias ROOT/; add_header Last-Modified ""; }
      location /etag/ { alias ROOT/; add_header ETag '"mine"'; }
      location /no-etag/ { alias ROOT/; add_header ETag ""; }
      location /file/ { alias ROOT/; expires 1h; add_header X-File $uri; }
      location /file-always/ { alias ROOT/; add_header X-File $uri always; }
      location /up/ { add_header X-Up "$upstream_status" always; proxy_pass http://peers; }
      location /page/ { error_page 404 /page.html; add_header X-Here h always; return 404; }
      location /nested/ { add_header X-Outer o; location /nested/in/ { return 200; } location /nested/own/ { add_header X-In i; return 200; } }`,
    asks: [
      get('/inherits/'),
      get('/own/'),
      get('/error/'),
      get('/error-own/'),
      get('/redirect/'),
      get('/303/'),
      get('/204/'),
      get('/400/'),
      get('/empty/?a=b'),
      get('/twice/'),
      get('/cache/'),
      get('/type/'),
      get('/date/page.html'),
      get('/no-date/page.html'),
      get('/etag/page.html'),
      get('/etag/page.html', 'If-None-Match: "mine"'),
      get('/no-etag/page.html'),
      get('/file/page.html'),
      get('/file/page.html', 'Range: bytes=0-1'),
      get('/file/page.html', 'If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT'),
      get('/file/page.html', 'Range: bytes=900-'),
      get('/file/none'),
      differing(
        get('/file-always/page.html', 'Range: bytes=900-'),
        'nginx adds it to the file, and once more to the page that says that there is no such part',
        'nginx < X-File: /file-always/page.html',
      ),
      get('/up/x'),
      { ...get('/up/x'), reply: 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n' },
      get('/page/'),
      get('/nested/in/'),
      get('/nested/own/'),
    ],
  },
  {
    name: 'added trailers',
    server: `root ROOT; add_trailer X-Server s; add_trailer X-Status $status always;
      location /text/ { return 200 "text"; }
      location /nothing/ { return 200 ""; }
      location /error/ { return 404; }
      location /redirect/ { return 301 /x; }
      location /204/ { return 204; }
      location /file/ { alias ROOT/; }
      location /empty/ { add_trailer X-Empty ""; add_trailer X-Arg $arg_a; return 200 "x"; }
      location /none/ { add_trailer X-Empty ""; return 200 "x"; }
      location /listed/ { add_trailer X-Ok k; return 404 "x"; }
      location /up/ { add_trailer X-Up $upstream_status; proxy_pass http://peers; }
      location /plain/ { chunked_transfer_encoding off; return 200 "x"; }
      location /if/ { if ($arg_a) { add_trailer X-If i; add_header X-If h; expires 1h; return 200 "if"; } return 200 "x"; }
      location /page/ { error_page 404 /file/page.html; return 404; }`,
    asks: [
      get('/text/'),
      ask('HEAD', '/text/'),
      { request: 'GET /text/ HTTP/1.0\r\nHost: HOST\r\n\r\n' },
      get('/text/', 'TE: trailers'),
      get('/nothing/'),
      get('/error/'),
      get('/redirect/'),
      get('/204/'),
      get('/file/page.html'),
      get('/file/empty.txt'),
      get('/file/page.html', 'Range: bytes=2-3'),
      get('/file/page.html', 'Range: bytes=0-0,2-3'),
      get('/file/page.html', 'If-None-Match: *'),
      ask('HEAD', '/file/page.html'),
      get('/empty/?a=b'),
      get('/empty/'),
      get('/listed/'),
      get('/up/x'),
      ask('HEAD', '/up/x'),
      { ...get('/up/x'), reply: 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody' },
      { ...get('/up/x'), reply: 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n' },
      get('/plain/'),
      get('/page/'),
      get('/if/'),
      get('/if/?a=1'),
    ],
  },
  {
    name: 'expires',
    server: `root ROOT;
      location /off/ { expires off; return 200; }
      location /epoch/ { expires epoch; return 200; }
      location /max/ { expires max; return 200; }
      location /hour/ { expires 1h; return 200; }
      location /plus/ { expires +1h30m; return 200; }
      location /minus/ { expires -1; return 200; }
      location /zero/ { expires 0; return 200; }
      location /error/ { expires 1h; return 404; }
      location /redirect/ { expires 1h; return 302 /x; }
      location /modified/ { alias ROOT/; expires modified 1h; }
      location /modified-long/ { alias ROOT/; expires modified 50y; }
      location /modified-none/ { expires modified 1h; return 200; }
      location /modified-zero/ { alias ROOT/; expires modified 0; }
      location /modified-minus/ { alias ROOT/; expires modified -1h; }
      location /variable/ { expires $arg_e; return 200; }
      location /modified-variable/ { alias ROOT/; expires modified $arg_e; }
      location /up/ { expires 1h; proxy_pass http://peers; }
      location /up-off/ { expires off; proxy_pass http://peers; }
      location /both/ { expires 1h; add_header Cache-Control public; return 200; }
      location /nested/ { expires 1h; location /nested/in/ { return 200; } location /nested/off/ { expires off; return 200; } }`,
    asks: [
      ...[
        '/off/',
        '/epoch/',
        '/max/',
        '/hour/',
        '/plus/',
        '/minus/',
        '/zero/',
        '/error/',
        '/redirect/',
        '/modified/page.html',
        '/modified-long/page.html',
        '/modified-none/',
        '/modified-zero/page.html',
        '/modified-minus/page.html',
        ...[
          '1h',
          '-1h',
          'epoch',
          'max',
          'off',
          '',
          '@1h',
          '@25h',
          '1m1h',
          '5',
          'x',
          '+1d',
          '1h%20',
        ].map(value => `/variable/?e=${value}`),
        ...['50y', '-1h', 'max', '@1h', '1h'].map(
          value => `/modified-variable/page.html?e=${value}`,
        ),
        '/both/',
        '/nested/in/',
        '/nested/off/',
        '/up/x',
      ]
        .filter(target => !target.includes('@1h') || target.includes('modified'))
        .map(target => get(target)),
      {
        ...get('/up/x'),
        reply:
          'HTTP/1.1 200 OK\r\nCache-Control: private\r\nExpires: Thu, 01 Jan 1970 00:00:01 GMT\r\nContent-Length: 0\r\n\r\n',
      },
      {
        ...get('/up-off/x'),
        reply: 'HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 0\r\n\r\n',
      },
    ],
  },
]
