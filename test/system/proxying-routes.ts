// Configurations that decide which server and which location answers.

import { builtInPage, type Case, differing, get, request } from './transcript.ts'

const tells = (word: string) => `{ return 200 "${word} $1 $uri"; }`
const host = (name: string, target = '/') => ({
  request: `GET ${target} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`,
})
const named = (names: string, word: string) =>
  `server { listen 127.0.0.1:PORT; server_name ${names}; return 200 "${word} $server_name $host"; }`

/** Who answers. */
export const ROUTE_CASES: readonly Case[] = [
  {
    name: 'the order of locations',
    server: `location = / ${tells('exact root')}
      location / ${tells('root')}
      location /images/ ${tells('images')}
      location ^~ /images/final/ ${tells('final')}
      location = /images/exact.gif ${tells('exact')}
      location ~ \\.(gif|jpg)$ ${tells('regex')}
      location ~* \\.(GIF|png)$ ${tells('second regex')}
      location /images/long/er/ ${tells('longer')}
      location ~ ^/images/long/ ${tells('late regex')}
      location /noslash ${tells('noslash')}`,
    asks: [
      '/',
      '/index.html',
      '/?x',
      '/images/',
      '/images',
      '/images/a.gif',
      '/images/a.GIF',
      '/images/a.png',
      '/images/exact.gif',
      '/images/exact.gif?x=1',
      '/images/exact.gif/',
      '/images/final/a.gif',
      '/images/final',
      '/images/long/er/x',
      '/images/long/er/x.jpg',
      '/IMAGES/',
      '/%69mages/%61.gif',
      '/x/../images/a',
      '//images//a',
      '/noslashes',
      '/images%2Fa.gif',
      '/images/%2e%2e/noslash',
    ].map(target => get(target)),
  },
  {
    name: 'nested locations with regexes',
    server: `location /a/ { return 200 "a";
        location /a/b/ { return 200 "a b"; location ~ b-inner { return 200 "b regex"; } }
        location ~ inner { return 200 "a regex"; }
        location ^~ /a/final/ { return 200 "final"; location ~ inner { return 200 "final regex"; } } }
      location ~ ^/a/(.*)outer ${tells('outer regex')}
      location ^~ /f/ { return 200 "f"; location ~ inner { return 200 "f regex"; } }
      location ~ inner ${tells('late')}
      location ~ ^/re/ { return 200 "re"; location ~ \\.x$ { return 200 "re x"; } }`,
    asks: [
      '/a/',
      '/a/x',
      '/a/inner',
      '/a/b/x',
      '/a/b/inner',
      '/a/b/b-inner',
      '/a/outer',
      '/a/b/outer',
      '/a/final/x',
      '/a/final/inner',
      '/a/final/outer',
      '/f/x',
      '/f/inner',
      '/g/inner',
      '/re/y.x',
      '/re/y',
    ].map(target => get(target)),
  },
  {
    name: 'captures of regexes',
    server: `location ~ ^/(?<first>[^/]+)/(\\d+)(?:/(.*))?$ { return 200 "$first|$1|$2|$3|$uri"; }
      location ~* ^/Low(er)?$ { return 200 "[$1]"; }`,
    asks: ['/one/2', '/one/2/three/four', '/a%20b/3/%C3%A9', '/LOW', '/lower'].map(target =>
      get(target),
    ),
  },
  {
    name: 'internal locations',
    server: `location /i/ { internal; return 200 "inside"; }
      location = /to { error_page 418 = /i/x; return 418; }
      location = /hidden { internal; error_page 404 =200 /shown; }
      location = /shown { return 200 "shown"; }`,
    asks: [get('/i/'), get('/to'), get('/hidden'), get('/shown')],
  },
  {
    name: 'server names',
    server: 'return 200 "own";',
    others: [
      named('exact.names.test', 'exact'),
      named('*.names.test', 'leading'),
      named('*.deep.names.test', 'longer leading'),
      named('names.*', 'trailing'),
      named('names.test.*', 'longer trailing'),
      named('.apex.test', 'apex'),
      named('~^(?<who>.+)\\.regex\\.test$', 'regex'),
      named('~^www\\.regex\\.', 'second regex'),
      named('~^x\\.names\\.test$', 'regex after wildcard'),
      named('UPPER.test', 'upper'),
      named('first.test second.test', 'two'),
      named('""', 'nameless'),
    ].join('\n'),
    asks: [
      ...[
        'exact.names.test',
        'EXACT.names.TEST',
        'exact.names.test:8080',
        'exact.names.test.',
        'a.names.test',
        'a.b.names.test',
        'a.deep.names.test',
        'deep.names.test',
        'names.test',
        'names.org',
        'names.test.org',
        'names.a.b',
        'apex.test',
        'a.apex.test',
        'a.b.apex.test',
        'xapex.test',
        'a.regex.test',
        'www.regex.test',
        'www.regex.org',
        'x.names.test',
        'upper.test',
        'second.test',
        'nobody.invalid',
        '127.0.0.1',
        '[::1]',
        '[::1]:80',
        'under_score.names.test',
      ].map(name => host(name)),
      host('nobody.invalid', 'http://exact.names.test/'),
      { request: 'GET / HTTP/1.0\r\n\r\n' },
      { request: 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n' },
      { request: 'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n' },
      host('a.test\r\nHost: b.test'),
      host('a b'),
      host('a/b'),
    ],
  },
  {
    name: 'no location for the path',
    server: 'root ROOT; location /only/ { return 200 "only"; }',
    asks: [get('/only/'), get('/not-found.html'), get('/none')],
  },
  {
    name: 'return in the server block comes before locations',
    server: 'return 410 "gone"; location / { return 200 "never"; }',
    asks: [get('/'), get('/x')],
  },
  {
    name: 'bad targets',
    server: 'location / { return 200 "$uri|$args|$request_uri"; }',
    asks: [
      get('/a%'),
      get('/a%2'),
      get('/a%zz'),
      get('/%00'),
      get('/../x'),
      get('/a/../../x'),
      get('/a/%2e%2e/%2e%2e/x'),
      get('/a/...'),
      get('/a/..b/.c'),
      get('/a/b/..'),
      get('/a/b/.'),
      get('/a;b=c/d'),
      get('/a+b'),
      get('/a?'),
      ...['/a?x#y', '/a#y'].map(target =>
        differing(
          get(target),
          'a fragment never stands in a request (RFC 9112 section 3.2)',
          'nginx < HTTP/1.1 200 OK',
          `nginx < Content-Length: ${target === '/a#y' ? 8 : 11}`,
          'nginx < Content-Type: text/plain',
          `nginx < body ${target === '/a#y' ? '/a||/a#y' : '/a|x|/a?x#y'}`,
          'headgate < HTTP/1.1 400 Bad Request',
          'headgate < Content-Type: text/html',
          `headgate < body ${builtInPage('400 Bad Request')}`,
        ),
      ),
      get('relative'),
      get('*'),
      get('/a\tb'),
      get('/a b'),
      get(`/${'x'.repeat(9000)}`),
    ],
  },
  {
    name: 'a target that variables tell, protocol and all',
    server: `location /a/ { set $b http://peers; proxy_pass $b; }
      location /b/ { set $b http://peers/other?q; proxy_pass $b; }
      location /c/ { proxy_pass $scheme://peers; }
      location /d/ { proxy_pass $scheme://peers$request_uri; }
      location /e/ { set $n peers; proxy_pass $scheme://$n/x$uri; }
      location ~ ^/r/(.*)$ { set $t http://peers; rewrite ^/r/(.*)$ /rr/$1 break; proxy_pass $t; }`,
    asks: ['/a/x?y', '/b/x', '/c/%20x', '/d/x?1', '/e/x', '/r/z?k'].map(target => get(target)),
  },
  {
    name: 'a body that is too large by its own word',
    server: `client_max_body_size 10;
      location /r/ { return 200 "answered"; }
      location /u/ { auth_basic "closed"; auth_basic_user_file ROOT/none; proxy_pass http://peers; }
      location /f/ { root ROOT; }
      location /d/ { deny all; }
      location /l/ { client_max_body_size 30; rewrite ^/l/(.*)$ /r/$1 last; }
      location /p/ { error_page 413 /r/page; proxy_pass http://peers; }
      location /q/ { error_page 413 = @named; proxy_pass http://peers; }
      location /any/ { client_max_body_size 0; return 200 "any"; }
      location @named { return 200 "named $status"; }`,
    asks: ['/r/', '/u/', '/f/x', '/d/', '/l/x', '/p/', '/q/', '/any/'].map(target => ({
      request: `${request('POST', target, 'Content-Length: 20')}${'x'.repeat(20)}`,
    })),
  },
]
