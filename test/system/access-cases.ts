// Rules by address, both kinds of rules together, rules by method, and another location that is asked.

import { type Asking, type Case, get, request } from './transcript.ts'

const login = (password: string) =>
  `Authorization: Basic ${Buffer.from(`plain:${password}`).toString('base64')}`

const both = (target: string): readonly Asking[] => [
  get(target),
  get(target, login('secret')),
  get(target, login('wrong')),
]

/** By address; every client here is 127.0.0.1. */
export const ACCESS_CASES: readonly Case[] = [
  {
    name: 'the first rule that matches',
    server: `root ROOT; try_files /a.txt =404;
      location /all/ { deny all; }
      location /none/ { allow all; }
      location /first/ { allow 127.0.0.1; deny all; try_files /a.txt =404; }
      location /second/ { deny 127.0.0.1; allow all; }
      location /other/ { allow 10.0.0.0/8; deny all; }
      location /open/ { allow 10.0.0.0/8; try_files /a.txt =404; }
      location /net/ { deny 127.0.0.0/8; }
      location /narrow/ { allow 127.0.0.0/30; deny 127.0.0.0/8; try_files /a.txt =404; }
      location /beside/ { allow 127.0.0.2/31; deny 127.0.0.0/8; }
      location /zero/ { deny 0.0.0.0/0; }
      location /six/ { deny ::/0; try_files /a.txt =404; }
      location /six-one/ { deny ::1; deny 2001:db8::/32; allow ::ffff:127.0.0.1; try_files /a.txt =404; }
      location /mapped/ { deny ::ffff:127.0.0.1; try_files /a.txt =404; }
      location /unix/ { deny unix:; try_files /a.txt =404; }
      location /unix-only/ { allow unix:; deny all; }
      location /low/ { deny 127.3.2.1/8; }
      location /leading/ { deny 127.000.0.01; }`,
    asks: [
      '/',
      '/all/',
      '/none/',
      '/first/',
      '/second/',
      '/other/',
      '/open/',
      '/net/',
      '/narrow/',
      '/beside/',
      '/zero/',
      '/six/',
      '/six-one/',
      '/mapped/',
      '/unix/',
      '/unix-only/',
      '/low/',
      '/leading/',
    ].map(target => get(target)),
  },
  {
    name: 'rules of a level replace those above as a whole',
    server: `root ROOT; deny 127.0.0.1;
      location / { }
      location /same/ { satisfy all; }
      location /own/ { allow 10.0.0.1; try_files /a.txt =404;
        location /own/inner/ { try_files /a.txt =404; }
        location /own/closed/ { deny all; } }
      location /unix/ { deny unix:; try_files /a.txt =404; }`,
    asks: ['/a.txt', '/same/', '/own/', '/own/inner/', '/own/closed/', '/unix/'].map(target =>
      get(target),
    ),
  },
  {
    name: 'before everything that answers, behind what returns',
    server: `root ROOT; deny all; error_page 404 /404.html;
      location /return/ { return 200 "returned"; }
      location /missing/ { }
      location /peer/ { proxy_pass http://peers; }
      location /try/ { try_files /a.txt @named; }
      location @named { return 200 "named"; }
      location /redirect { try_files $uri $uri/ =404; }
      location /internal/ { internal; }`,
    asks: [
      ...['/return/', '/missing/x', '/peer/', '/try/', '/internal/', '/nothing'].map(target =>
        get(target),
      ),
      { request: `${request('POST', '/peer/', 'Content-Length: 4')}body` },
      { request: request('HEAD', '/peer/') },
      { request: request('OPTIONS', '/peer/') },
    ],
  },
  {
    name: 'pages for 403',
    server: `root ROOT; error_page 403 /403.html;
      location / { deny all; }
      location = /403.html { allow all; }
      location /own/ { deny all; error_page 403 =404 /none; }
      location = /none { deny all; }
      location /named/ { deny all; error_page 403 = @peer; }
      location @peer { proxy_pass http://peers; add_header X-Was $uri; }
      location /named-closed/ { deny all; error_page 403 @closed; }
      location @closed { deny all; proxy_pass http://peers; }
      location /away/ { deny all; error_page 403 =301 http://other.test$uri; }`,
    asks: ['/a.txt', '/own/', '/named/x', '/named-closed/x', '/away/x', '/403.html'].map(target =>
      get(target),
    ),
  },
  {
    name: 'satisfy all',
    server: `root ROOT; auth_basic "x"; auth_basic_user_file ROOT/users; satisfy all;
      location /in/ { allow 127.0.0.1; deny all; try_files /a.txt =404; }
      location /out/ { deny all; }
      location /neither/ { deny 10.0.0.1; try_files /a.txt =404; }`,
    asks: ['/in/', '/out/', '/neither/'].flatMap(both),
  },
  {
    name: 'satisfy any',
    server: `root ROOT; auth_basic "x"; auth_basic_user_file ROOT/users; satisfy any;
      error_page 418 /page;
      location /in/ { allow 127.0.0.1; deny all; try_files /a.txt =404; }
      location /out/ { deny all; try_files /a.txt =404; }
      location /neither/ { deny 10.0.0.1; try_files /a.txt =404; }
      location /off/ { auth_basic off; deny all; try_files /a.txt =404; }
      location /off-neither/ { auth_basic off; deny 10.0.0.1; try_files /a.txt =404; }
      location /no-file/ { auth_basic_user_file ROOT/nowhere; deny all; }
      location /no-file-in/ { auth_basic_user_file ROOT/nowhere; allow all; try_files /a.txt =404; }
      location /page/ { deny all; error_page 401 /401.html; }
      location = /401.html { allow all; }
      location /unknown/ { allow 10.0.0.1; }`,
    asks: [
      '/in/',
      '/out/',
      '/neither/',
      '/off/',
      '/off-neither/',
      '/no-file/',
      '/no-file-in/',
      '/page/',
      '/unknown/',
    ].flatMap(both),
  },
]

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND', 'FOO']

/** By method. */
export const LIMIT_EXCEPT_CASES: readonly Case[] = [
  {
    name: 'other rules for other methods',
    server: `location /get/ { limit_except GET { deny all; } proxy_pass http://peers; }
      location /head/ { limit_except HEAD { deny all; } proxy_pass http://peers; }
      location /several/ { limit_except GET POST put { deny all; } proxy_pass http://peers; }
      location /open/ { deny all; limit_except GET { allow all; } proxy_pass http://peers; }`,
    asks: ['/get/x', '/head/x', '/several/x', '/open/x'].flatMap(target =>
      METHODS.map(method => ({ request: request(method, target) })),
    ),
  },
  {
    name: 'a password for some methods',
    server: `location / { limit_except GET { auth_basic "writers"; auth_basic_user_file ROOT/users; } proxy_pass http://peers/app/; }`,
    asks: [
      get('/x'),
      { request: request('HEAD', '/x') },
      { request: request('DELETE', '/x') },
      { request: request('DELETE', '/x', login('secret')) },
      { request: request('DELETE', '/x', login('wrong')) },
      { request: `${request('POST', '/x', login('secret'), 'Content-Length: 4')}body` },
    ],
  },
  {
    name: 'another peer for some methods',
    server: `location / { limit_except GET { proxy_pass http://peers; } proxy_pass http://CLOSED; proxy_set_header X-Level location; }
      location /files/ { root ROOT; limit_except GET { proxy_pass http://peers; } }
      location /inherited/ { limit_except GET { allow all; } proxy_pass http://peers/x/; }
      location ~ ^/regex/ { limit_except GET { allow all; } proxy_pass http://peers; }`,
    asks: [
      { request: request('DELETE', '/x') },
      { request: `${request('POST', '/files/x', 'Content-Length: 4')}body` },
      get('/files/none'),
      get('/inherited/y?z'),
      { request: request('DELETE', '/inherited/y?z') },
      { request: request('DELETE', '/regex/y%20z') },
    ],
  },
  {
    name: 'what of the location holds inside',
    server: `root ROOT; error_page 403 /403.html;
      location /returns/ { return 200 "returned"; limit_except GET { deny all; } }
      location /returns-open/ { return 200 "returned"; limit_except GET { allow all; } }
      location /tries/ { try_files /a.txt =404; limit_except GET { allow all; } }
      location /nested/ { limit_except GET { deny all; }
        location /nested/inner/ { proxy_pass http://peers; } }
      location /headers/ { add_header X-A b always; limit_except GET { deny all; } proxy_pass http://peers; }
      location /page/ { error_page 405 = @peer; limit_except GET { deny all; } error_page 403 = @peer; }
      location @peer { limit_except POST { deny all; } proxy_pass http://peers; }
      location = /internal { internal; limit_except GET { deny all; } }
      location = /403.html { limit_except POST { deny all; } }`,
    asks: [
      ...['/returns/', '/returns-open/', '/tries/', '/nested/x', '/nested/inner/x'].flatMap(
        target => [get(target), { request: request('DELETE', target) }],
      ),
      { request: request('DELETE', '/headers/') },
      { request: request('POST', '/page/', 'Content-Length: 0') },
      { request: request('DELETE', '/page/') },
      { request: request('DELETE', '/internal') },
      get('/internal'),
      get('/403.html'),
    ],
  },
]

/** By asking another location. */
export const AUTH_REQUEST_CASES: readonly Case[] = [
  {
    name: 'every status of the one that is asked',
    server: [200, 204, 299, 301, 302, 400, 401, 403, 404, 500, 502, 503]
      .map(
        status => `location /${status}/ { auth_request /ask/${status}; proxy_pass http://peers; }
      location = /ask/${status} { return ${status}; }`,
      )
      .join('\n'),
    asks: [200, 204, 299, 301, 302, 400, 401, 403, 404, 500, 502, 503].map(status =>
      get(`/${status}/x`),
    ),
  },
  {
    name: 'what the one that is asked gets and says',
    server: `location / { root ROOT; auth_request /ask; auth_request_set $user $upstream_http_x_user;
        auth_request_set $code $upstream_status; add_header X-User "[$user]" always; add_header X-Code "[$code]" always;
        try_files /a.txt =404; }
      location = /ask { internal; proxy_pass http://peers/auth; proxy_set_header X-URI $request_uri;
        proxy_set_header X-Own $uri; proxy_set_header X-Method $request_method; proxy_pass_request_body off;
        proxy_set_header Content-Length ""; }`,
    asks: [
      { ...get('/x?y=1'), reply: 'HTTP/1.1 200 OK\r\nX-User: me\r\nContent-Length: 4\r\n\r\nbody' },
      { ...get('/x'), reply: 'HTTP/1.1 204 No Content\r\n\r\n' },
      {
        ...get('/x'),
        reply:
          'HTTP/1.1 401 Unauthorized\r\nX-User: no\r\nWWW-Authenticate: Basic realm="peer"\r\nContent-Length: 0\r\n\r\n',
      },
      {
        ...get('/x'),
        reply: 'HTTP/1.1 403 Forbidden\r\nX-User: no\r\nContent-Length: 2\r\n\r\nno',
      },
      { ...get('/x'), reply: 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n' },
      { ...get('/x', 'Cookie: a=b', 'X-Token: t'), reply: 'HTTP/1.1 200 OK\r\n\r\nuntil close' },
      { request: request('HEAD', '/x') },
      get('/ask'),
    ],
  },
  {
    name: 'whoever answers where it is asked',
    server: `root ROOT; error_page 404 /a.txt; error_page 410 =403 /a.txt; error_page 418 = @yes; error_page 402 =401 /401.html;
      location @yes { return 204; }
      location /file/ { auth_request /a.txt; try_files /index.html =404; }
      location /missing/ { auth_request /none; try_files /index.html =404; }
      location /gone/ { auth_request /ask-gone; try_files /index.html =404; }
      location /named/ { auth_request /ask-teapot; try_files /index.html =404; }
      location /pay/ { auth_request /ask-pay; try_files /index.html =404; }
      location /inner/ { auth_request /ask-inner; try_files /index.html =404; }
      location /denied/ { auth_request /ask-denied; try_files /index.html =404; }
      location /args/ { auth_request /ask-args?a=1&b; try_files /index.html =404; }
      location /method/ { auth_request /ask-method; try_files /index.html =404; }
      location /peer/ { auth_request /ask-peer; proxy_pass http://peers; }
      location /sets/ { auth_request /ask-sets; set $here before; auth_request_set $taken "[$there]"; add_header X-Vars "$here $there $taken"; try_files /index.html =404; }
      location = /ask-sets { set $here after; set $there "$here$uri"; return 200; }
      location = /ask-gone { return 410; }
      location = /ask-teapot { return 418; }
      location = /ask-pay { return 402; }
      location = /ask-inner { internal; return 200; }
      location = /ask-denied { deny all; auth_basic x; auth_basic_user_file ROOT/none; try_files /a.txt =404; }
      location = /ask-args { if ($args != "a=1&b") { return 403; } return 200; }
      location = /ask-method { limit_except GET { deny all; } if ($request_method != POST) { return 403; } return 200; }
      location = /ask-peer { proxy_pass http://peers/ask; proxy_pass_request_body off; proxy_set_header Content-Length ""; }`,
    asks: [
      ...[
        'file',
        'missing',
        'gone',
        'named',
        'pay',
        'inner',
        'denied',
        'args',
        'method',
        'sets',
      ].map(name => get(`/${name}/x`)),
      { request: `${request('POST', '/method/x', 'Content-Length: 4')}body` },
      { request: `${request('POST', '/peer/x', 'Content-Length: 4')}body` },
      {
        request: `${request('PUT', '/peer/x', 'Transfer-Encoding: chunked')}4\\r\\nbody\\r\\n0\\r\\n\\r\\n`,
      },
      get('/peer/x', 'Range: bytes=0-1', 'If-None-Match: "x"'),
    ],
  },
  {
    name: 'with the rest of access',
    server: `auth_request /ask; satisfy any;
      location /in/ { allow all; proxy_pass http://peers; }
      location /out/ { deny all; proxy_pass http://peers; }
      location /both/ { satisfy all; allow all; auth_basic "x"; auth_basic_user_file ROOT/users; proxy_pass http://peers; }
      location /any/ { deny all; auth_basic "x"; auth_basic_user_file ROOT/users; proxy_pass http://peers; }
      location /no/ { auth_request /ask-no; auth_basic "x"; auth_basic_user_file ROOT/users; proxy_pass http://peers; }
      location /off/ { auth_request off; proxy_pass http://peers; }
      location /page/ { auth_request /ask-no; error_page 401 = @login; proxy_pass http://peers; }
      location @login { auth_request off; return 302 /login; }
      location = /ask { return 200; }
      location = /ask-no { return 401; }`,
    asks: [
      ...['/in/', '/out/', '/both/', '/any/', '/no/'].flatMap(both),
      ...['/off/', '/page/'].map(target => get(target)),
    ],
  },
]
