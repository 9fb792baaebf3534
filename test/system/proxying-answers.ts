// Configurations that decide what a client gets: fields of the peer's answer, redirects, error pages, own answers.

import { builtInPage, type Case, differing, get, getReply, replyOf, request } from './transcript.ts'

const FOUND = (location: string) => replyOf('302 Found', `Location: ${location}`, '')
const redirected = (target: string, location: string) => ({
  request: request('GET', target),
  reply: FOUND(location),
})

/** The lines of a built-in page that only one of the two sends. */
const pageLines = (who: string, title: string) => [
  `${who} < HTTP/1.1 ${title}`,
  ...(who === 'headgate' ? [`${who} < Connection: close`] : []),
  `${who} < Content-Type: text/html`,
  `${who} < body ${builtInPage(title)}`,
]

/** What reaches the client. */
export const ANSWER_CASES: readonly Case[] = [
  {
    name: 'fields of an answer',
    server: 'location / { proxy_pass http://peers; }',
    asks: [
      getReply('/', '200 Fine', 'X-A: 1', 'X-a: 2', 'Set-Cookie: a', 'Set-Cookie: b', 'text'),
      getReply(
        '/',
        '200 OK',
        'Server: theirs',
        'Date: Sun, 09 Sep 2001 01:46:40 GMT',
        'X-Pad: p',
        't',
      ),
      getReply('/', '200 OK', 'X-Accel-Foo: 1', 'X-Powered-By: p', 'ETag: "e"', 'Vary: *', 't'),
      getReply('/', '200 OK', 'Keep-Alive: timeout=5', 'Connection: keep-alive', 't'),
      getReply('/', '299 Odd', 't'),
      getReply('/', '404 Nowhere', 'Content-Type: text/html', 'their page'),
      getReply('/', '500 Ouch', 'their error'),
      { request: request('HEAD', '/'), reply: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n' },
      { request: request('GET', '/'), reply: 'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\n\r\n' },
      { request: request('GET', '/'), reply: 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n' },
      { request: request('GET', '/'), reply: 'HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nuntil close' },
      {
        request: 'GET / HTTP/1.0\r\nHost: HOST\r\n\r\n',
        reply: 'HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nuntil close',
      },
      {
        request: request('GET', '/'),
        reply: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      },
      {
        request: 'GET / HTTP/1.0\r\nHost: HOST\r\n\r\n',
        reply: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      },
      differing(
        { request: request('GET', '/'), reply: 'rubbish\r\n\r\n' },
        'what is no HTTP does not go on as HTTP/0.9',
        'nginx < rubbish',
        ...pageLines('headgate', '502 Bad Gateway'),
      ),
    ],
  },
  {
    name: 'proxy_hide_header and proxy_pass_header',
    server: `proxy_hide_header X-Outer;
      location / { proxy_pass http://peers; proxy_hide_header X-Powered-By; proxy_hide_header Set-Cookie; }
      location /inherits/ { proxy_pass http://peers; }
      location /pass/ { proxy_pass http://peers; proxy_pass_header Server; proxy_pass_header Date; proxy_pass_header X-Accel-Redirect; proxy_pass_header X-Pad; }`,
    asks: [
      getReply('/', '200 OK', 'X-Outer: o', 'x-powered-by: p', 'Set-Cookie: a', 'X-B: b', 't'),
      getReply('/inherits/', '200 OK', 'X-Outer: o', 'X-Powered-By: p', 't'),
      getReply(
        '/pass/',
        '200 OK',
        'Server: theirs',
        'Date: Sun, 09 Sep 2001 01:46:40 GMT',
        'X-Pad: p',
        't',
      ),
    ],
  },
  {
    name: 'proxy_redirect default',
    server: `location / { proxy_pass http://ORIGIN; }
      location /n/ { proxy_pass http://ORIGIN/m/; }
      location /g/ { proxy_pass http://peers/m/; }
      location = /e { proxy_pass http://ORIGIN/x; }
      location ~ ^/re/ { proxy_pass http://ORIGIN; }
      location /v/ { proxy_pass http://ORIGIN$request_uri; }`,
    asks: [
      redirected('/', 'http://ORIGIN/a'),
      redirected('/', 'http://ORIGIN'),
      redirected('/', 'http://other.test/a'),
      redirected('/', '/relative'),
      redirected('/', 'relative'),
      redirected('/', '//ORIGIN/x'),
      redirected('/n/', 'http://ORIGIN/m/a?b'),
      redirected('/n/', 'http://ORIGIN/other'),
      redirected('/n/', '/m/a'),
      redirected('/g/', 'http://peers/m/a'),
      redirected('/g/', 'http://ORIGIN/m/a'),
      redirected('/e', 'http://ORIGIN/x/y'),
      redirected('/re/', 'http://ORIGIN/re/y'),
      redirected('/v/', 'http://ORIGIN/v/y'),
      getReply('/', '200 OK', 'Refresh: 5; url=http://ORIGIN/r', 't'),
      getReply('/', '200 OK', 'Refresh: 5;URL=http://ORIGIN/r', 't'),
      getReply('/', '201 Created', 'Location: http://ORIGIN/new', 't'),
    ],
  },
  {
    name: 'proxy_redirect with rules',
    server: `location /off/ { proxy_pass http://ORIGIN/; proxy_redirect off; }
      location /pre/ { proxy_pass http://ORIGIN/; proxy_redirect http://ORIGIN/two/ /one/; }
      location /abs/ { proxy_pass http://ORIGIN/; proxy_redirect http://ORIGIN/ http://$host:$server_port/abs/; }
      location /re/ { proxy_pass http://ORIGIN/; proxy_redirect ~^http://[^/]+:(\\d+)(/.+)$ http://re.test$2?p=x; }
      location /rei/ { proxy_pass http://ORIGIN/; proxy_redirect ~*^HTTP://(?<who>[^:/]+) https://$who; }
      location /many/ { proxy_pass http://ORIGIN/; proxy_redirect default; proxy_redirect /a/ /b/; proxy_redirect ~^/c/(.*)$ /d/$1; }
      location /var/ { proxy_pass http://ORIGIN/; proxy_redirect http://$proxy_host/ /var/; }`,
    asks: [
      redirected('/off/', 'http://ORIGIN/a'),
      redirected('/pre/', 'http://ORIGIN/two/a'),
      redirected('/pre/', 'http://ORIGIN/three/a'),
      redirected('/abs/', 'http://ORIGIN/a'),
      redirected('/re/', 'http://ORIGIN/path?q'),
      redirected('/rei/', 'http://ORIGIN/path'),
      redirected('/many/', 'http://ORIGIN/x'),
      redirected('/many/', '/a/x'),
      redirected('/many/', '/c/x'),
      redirected('/many/', '/z/x'),
      redirected('/var/', 'http://ORIGIN/x'),
    ],
  },
  {
    name: 'error_page',
    server: `root ROOT;
      error_page 404 /not-found.html;
      location /plain/ { return 404; }
      location /keep/ { error_page 403 /not-found.html; return 403; }
      location /as-page/ { error_page 403 = /not-found.html; return 403; }
      location /as-200/ { error_page 403 =200 /not-found.html; return 403; }
      location /as-204/ { error_page 403 =204 /not-found.html; return 403; }
      location /as-410/ { error_page 403 404 =410 /not-found.html; return 403; }
      location /as-peer/ { error_page 502 = /peer/x?y=1; return 502; }
      location /as-peer-kept/ { error_page 503 /peer/x; return 503; }
      location /named/ { error_page 502 = @fallback; return 502; }
      location /named-kept/ { error_page 502 @fallback; return 502; }
      location /named-code/ { error_page 502 =201 @fallback; return 502; }
      location /named-204/ { error_page 502 =204 @fallback; return 502; }
      location /text-204/ { error_page 502 =204 /inner-200; return 502; }
      location = /inner-200 { internal; return 200 "text"; }
      location /missing-name/ { error_page 502 @nowhere; return 502; }
      location /absolute/ { error_page 403 http://other.test/sorry?u=$request_uri; return 403; }
      location /absolute-301/ { error_page 403 =301 http://other.test/sorry; return 403; }
      location /absolute-200/ { error_page 403 =200 http://other.test/sorry; return 403; }
      location /missing/ { error_page 403 /gone.html; return 403; }
      location /loop/ { error_page 403 404 /loop/again; return 403; }
      location /variable/ { error_page 403 /$arg_p.html; return 403; }
      location /redirect/ { error_page 301 302 /not-found.html; return 302 /x; }
      location /peer/ { proxy_pass http://peers; }
      location /own-page/ { error_page 404 /inner-404; location = /own-page/x { return 404; } }
      location = /inner-404 { internal; return 404 "inner text"; }
      location @fallback { proxy_pass http://peers; add_header X-Fallback yes always; }`,
    asks: [
      get('/plain/'),
      get('/keep/'),
      get('/as-page/'),
      get('/as-200/'),
      get('/as-204/'),
      get('/as-410/'),
      get('/as-peer/'),
      get('/as-peer-kept/'),
      { request: `${request('POST', '/as-peer/', 'Content-Length: 2')}hi` },
      get('/named-204/'),
      get('/text-204/'),
      { request: request('HEAD', '/as-peer/') },
      { request: request('HEAD', '/keep/') },
      get('/named/a%20b?c=d'),
      { request: `${request('POST', '/named/', 'Content-Length: 2')}hi` },
      get('/named-kept/'),
      getReply('/named-kept/', '404 Nothing', 'theirs'),
      get('/named-code/'),
      get('/missing-name/'),
      get('/absolute/x?y=1'),
      get('/absolute-301/'),
      get('/absolute-200/'),
      get('/missing/'),
      get('/loop/'),
      get('/variable/?p=not-found'),
      differing(
        get('/redirect/'),
        'what redirects needs no page',
        'nginx < Content-Length: 8',
        'nginx < ETag: "3b9aca00-8"',
        'nginx < body the page',
        `headgate < body ${builtInPage('302 Found')}`,
      ),
      get('/own-page/x'),
      get('/inner-404'),
      get('/nothing-there'),
    ],
  },
  {
    name: 'proxy_intercept_errors',
    server: `root ROOT; proxy_intercept_errors on;
      location / { proxy_pass http://peers; error_page 404 /not-found.html; error_page 502 =200 @other; error_page 401 /not-found.html; error_page 302 = /not-found.html; }
      location /off/ { proxy_pass http://peers; proxy_intercept_errors off; error_page 404 /not-found.html; }
      location = /not-found.html { }
      location @other { return 203 "other"; }`,
    asks: [
      getReply('/', '404 No', 'X-Theirs: 1', 'their page'),
      getReply('/', '502 Bad', 'their page'),
      getReply('/', '503 No', 'no page configured'),
      getReply('/', '401 No', 'WWW-Authenticate: Basic realm="x"', 'their page'),
      getReply('/', '302 Found', 'Location: http://x.test/', ''),
      getReply('/off/', '404 No', 'their page'),
      getReply('/', '200 OK', 'fine'),
    ],
  },
  {
    name: 'peers that cannot be reached',
    server: `location / { proxy_pass http://CLOSED; }
      location /page/ { proxy_pass http://CLOSED; error_page 502 504 =503 /sorry; }
      location = /sorry { internal; default_type text/plain; return 503 "sorry"; }
      location /group/ { proxy_pass http://half-closed; }`,
    asks: [get('/'), get('/page/'), { request: request('HEAD', '/') }, get('/group/')],
  },
  {
    name: 'return',
    server: `default_type text/plain;
      location = /text { return 200 "text of $uri\\n"; }
      location = /empty { return 200 ""; }
      location = /bare { return 204; }
      location = /bare-200 { return 200; }
      location = /json { default_type application/json; return 201 '{"a":"$arg_a"}'; }
      location = /redirect { return 301 https://$host$request_uri; }
      location = /relative { return 302 /other?x=$arg_x; }
      location = /303 { return 303 http://a.test/; }
      location = /307 { return 307 /a; }
      location = /308 { return 308 /a; }
      location = /url { return http://b.test/x; }
      location = /code-only { return 301; }
      location = /404-text { return 404 "no $uri"; }
      location = /500 { return 500; }
      location = /429 { return 429; }
      location = /418-text { return 418 "short"; }
      location = /304 { return 304; }
      location = /299 { return 299; }
      location = /401 { return 401; }
      location = /cut { return 444; }
      location = /page.html { return 200 "typed by extension"; }`,
    asks: [
      ...[
        '/text',
        '/empty',
        '/bare',
        '/bare-200',
        '/json?a=1',
        '/redirect?x=%20y',
        '/relative?x=1',
      ].map(target => get(target)),
      ...['/303', '/307', '/308', '/url', '/404-text', '/500', '/429', '/304', '/299', '/401'].map(
        target => get(target),
      ),
      differing(get('/code-only'), 'an empty Location says nothing', 'nginx < Location: '),
      differing(
        get('/418-text'),
        'statuses that nginx does not know have the text of the registry',
        'nginx < HTTP/1.1 418 ',
        "headgate < HTTP/1.1 418 I'm a teapot",
      ),
      get('/cut'),
      get('/page.html'),
      { request: request('HEAD', '/text') },
      { request: `${request('POST', '/text', 'Content-Length: 2')}hi` },
      { request: 'GET /text HTTP/1.0\r\nHost: HOST\r\n\r\n' },
      { request: 'GET /relative HTTP/1.0\r\n\r\n' },
    ],
  },
  {
    name: 'redirects of our own',
    server: `location = /relative { absolute_redirect off; return 301 /x; }
      location = /no-port { port_in_redirect off; return 301 /x; }
      location = /named { server_name_in_redirect on; return 301 /x; }
      location /slash/ { proxy_pass http://peers; }
      location /slash-relative/ { proxy_pass http://peers; absolute_redirect off; }`,
    asks: [
      get('/relative'),
      get('/no-port'),
      get('/named'),
      { request: 'GET /named HTTP/1.1\r\nHost: HOST:99\r\nConnection: close\r\n\r\n' },
      get('/slash?a=b%20c'),
      get('/slash-relative'),
    ],
  },
  {
    name: 'add_header',
    server: `add_header X-Server s; add_header X-Always a always;
      location / { proxy_pass http://peers; }
      location /own/ { proxy_pass http://peers; add_header X-Own "$upstream_status $status"; add_header X-Empty $arg_e; add_header X-Own second; }
      location /error/ { return 500; }
      location /201/ { return 201 "made"; }
      location /redirect/ { return 302 /x; }
      location = /not-found.html { root ROOT; add_header ETag ""; add_header Last-Modified ""; }
      location = /other-tag.html { alias ROOT/not-found.html; add_header ETag '"mine"'; }
      location /cache/ { proxy_pass http://peers; add_header Cache-Control no-store; add_header Last-Modified ""; add_header ETag x; }`,
    asks: [
      get('/'),
      getReply('/', '404 No', 'theirs'),
      getReply('/', '206 Partial', 'theirs'),
      getReply('/', '203 Other', 'theirs'),
      get('/own/'),
      get('/own/?e=full'),
      getReply('/own/', '500 No', 'theirs'),
      get('/error/'),
      get('/201/'),
      get('/not-found.html'),
      get('/other-tag.html'),
      get('/redirect/'),
      getReply(
        '/cache/',
        '200 OK',
        'Cache-Control: max-age=1',
        'Last-Modified: x',
        'ETag: "t"',
        't',
      ),
    ],
  },
  {
    name: 'expires',
    server: `location /h/ { proxy_pass http://peers; expires 1h; }
      location /minus/ { proxy_pass http://peers; expires -1; }
      location /zero/ { proxy_pass http://peers; expires 0; }
      location /epoch/ { proxy_pass http://peers; expires epoch; }
      location /max/ { proxy_pass http://peers; expires max; }
      location /off/ { proxy_pass http://peers; expires off; }
      location /modified/ { proxy_pass http://peers; expires modified +1d; }
      location /both/ { proxy_pass http://peers; expires 1m; add_header Cache-Control public; }
      location /own/ { expires 30d; return 200 "own"; }
      location /error/ { expires 30d; return 404; }
      location /variable/ { proxy_pass http://peers; expires $arg_e; }`,
    asks: [
      ...[
        '/h/',
        '/minus/',
        '/zero/',
        '/epoch/',
        '/max/',
        '/off/',
        '/both/',
        '/own/',
        '/error/',
      ].map(target => get(target)),
      getReply(
        '/h/',
        '200 OK',
        'Expires: Thu, 01 Jan 1970 00:00:01 GMT',
        'Cache-Control: private',
        't',
      ),
      getReply(
        '/off/',
        '200 OK',
        'Expires: Thu, 01 Jan 1970 00:00:01 GMT',
        'Cache-Control: private',
        't',
      ),
      getReply('/h/', '404 No', 't'),
      getReply(
        '/modified/',
        '200 OK',
        `Last-Modified: ${new Date(Date.now() - 3600_000).toUTCString()}`,
        't',
      ),
      get('/modified/'),
      get('/variable/?e=2h'),
      get('/variable/?e=max'),
      get('/variable/?e=off'),
      get('/variable/?e=nonsense'),
      get('/variable/'),
    ],
  },
  {
    name: 'client_max_body_size',
    server: `client_max_body_size 4;
      location / { proxy_pass http://peers; }
      location /big/ { proxy_pass http://peers; client_max_body_size 0; }
      location /page/ { proxy_pass http://peers; error_page 413 =200 /small; }
      location /return/ { return 200 "not read"; }
      location = /small { internal; return 200 "too big"; }`,
    asks: [
      { request: `${request('POST', '/', 'Content-Length: 4')}1234` },
      { request: `${request('POST', '/', 'Content-Length: 5')}12345` },
      { request: `${request('POST', '/big/', 'Content-Length: 5')}12345` },
      { request: `${request('POST', '/page/', 'Content-Length: 5')}12345` },
      { request: `${request('POST', '/return/', 'Content-Length: 5')}12345` },
      { request: `${request('POST', '/', 'Transfer-Encoding: chunked')}5\r\n12345\r\n0\r\n\r\n` },
    ],
  },
  {
    name: 'server_tokens off',
    server: 'server_tokens off; location / { return 404; }',
    asks: [get('/')],
  },
]
