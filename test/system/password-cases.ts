// Users files in every form and with everything odd that may stand in one, and what clients say that they know.

import { type Asking, builtInPage, type Case, differing, get, request } from './transcript.ts'

/** Made by htpasswd, `openssl passwd`, and crypt(3); all but the last ones of the password `secret`. */
const STORED: Readonly<Record<string, string>> = {
  plain: '{PLAIN}secret',
  sha: '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
  ssha: '{SSHA}gN98WIY3egoH05SI/UBq3lF/X9pzYWx0IQ==',
  apr1: '$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0',
  md5: '$1$saltsalt$9xy1btjgzLYfb7hivXtC//',
  md5short: '$1$a$41c8gzdxX5iFFuqkeAdoe0',
  sha256: '$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA',
  sha512:
    '$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1',
  rounds:
    '$6$rounds=2000$nZE.PbuAX/s8Vd7P$BgubWKvuh35BcQFV85AjZFHlc4Ypi2JuMMyiOOKAtBw6SnToAuBzcMqhOKosWu.F/knvNVhNWfJUKnONC0JOA.',
  saltless:
    '$6$$2M9DchxW4txWyTYoZrH9D3VvAAQxBpEezYsLY6Cao.jwzEXpyL9xwip9hiUZX7GqTqe/E/z6iKvZqXUuqniQH.',
  bcrypt: '$2y$05$El6O3ElntrXtp3oMhlS7Re4zdw/uyT/B4uPgpZ1tD1d0qrnHD0XuW',
  bcrypta: '$2a$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a',
  bcryptb: '$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a',
  des: 'I6OoAiqMC97FM',
  yescrypt: '$y$j9T$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCe.',
  unknown: '$zz$abc$def',
  unwritten: '{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==',
  bare: 'secret',
  nothing: '',
  locked: '!',
}

const lines = Object.entries(STORED).map(([name, stored]) => `${name}:${stored}`)

/** Files by name. */
export const USERS: Readonly<Record<string, string>> = {
  users: `${lines.join('\n')}\n`,
  'odd-users': [
    '# the ones that we know',
    '',
    '#first:{PLAIN}secret',
    'first:{PLAIN}secret:with a comment',
    'first:{PLAIN}second',
    'windows:{PLAIN}secret\r',
    ' blank:{PLAIN}secret',
    'with space:{PLAIN}se cret',
    'fir',
    'skipped:{PLAIN}secret',
    'later:{PLAIN}secret',
    'late',
    'later2:{PLAIN}secret',
    'p',
    'p:{PLAIN}secret',
    'caf\u00e9:{PLAIN}cr\u00e8me',
    'last:{PLAIN}secret',
  ].join('\n'),
  'no-users': '',
  'users.one.test': 'one:{PLAIN}secret\n',
}

/** A line with a name and a password. */
function login(user: string, password: string): string {
  return `Authorization: Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`
}

const as = (user: string, password: string, target = '/a.txt'): Asking =>
  get(target, login(user, password))

const FORMS = Object.keys(STORED).filter(
  name => !['des', 'yescrypt', 'unknown', 'unwritten', 'bare', 'nothing', 'locked'].includes(name),
)

const REFUSED = [
  '< HTTP/1.1 401 Unauthorized',
  '< WWW-Authenticate: Basic realm="x"',
  `< body ${builtInPage('401 Authorization Required')}`,
]
const FAILED = [
  '< HTTP/1.1 500 Internal Server Error',
  `< body ${builtInPage('500 Internal Server Error')}`,
]
const FOUND = [
  '< HTTP/1.1 200 OK',
  '< Accept-Ranges: bytes',
  '< Content-Length: 1',
  '< Content-Type: text/plain',
  '< ETag: "3b9aca00-1"',
  '< Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT',
  '< body a',
]

/** By password. */
export const PASSWORD_CASES: readonly Case[] = [
  {
    name: 'every form of a stored password',
    server: 'root ROOT; auth_basic "staff only"; auth_basic_user_file ROOT/users;',
    asks: [
      get('/a.txt'),
      ...FORMS.flatMap(name => [as(name, 'secret'), as(name, 'Secret'), as(name, '')]),
      as('nobody', 'secret'),
      as('plain', 'x'.repeat(600)),
      as('sha512', 'x'.repeat(600)),
      as('apr1', 'x'.repeat(600)),
      as('plain', 'secret\0and more'),
      as('sha512', 'secret\0and more'),
      as('sha512', 'secret'),
      as('sha', 'secret:more'),
    ],
  },
  {
    name: 'forms that cannot be checked',
    server: 'root ROOT; auth_basic "x"; auth_basic_user_file ROOT/users;',
    asks: [
      as('nothing', ''),
      as('locked', 'secret'),
      ...['unknown', 'unwritten', 'bare'].map(name =>
        differing(
          as(name, 'secret'),
          'the crypt(3) of the system beside takes what it does not know for a wrong password; others, and we, say so',
          ...REFUSED.map(line => `nginx ${line}`),
          ...FAILED.map(line => `headgate ${line}`),
        ),
      ),
      ...['des', 'yescrypt'].map(name =>
        differing(
          as(name, 'secret'),
          'DES is too weak and yescrypt has no library that could be relied on: both are told in the log',
          ...FOUND.map(line => `nginx ${line}`),
          'headgate < HTTP/1.1 500 Internal Server Error',
          'headgate < Content-Type: text/html',
          `headgate < body ${builtInPage('500 Internal Server Error')}`,
        ),
      ),
    ],
  },
  {
    name: 'what a client may say',
    server: `root ROOT; auth_basic "x"; auth_basic_user_file ROOT/users;
      location = /who { auth_basic off; return 200 "[$remote_user]"; }`,
    asks: [
      'Basic',
      'Basic ',
      'basic cGxhaW46c2VjcmV0',
      'BASIC   cGxhaW46c2VjcmV0',
      'Basic cGxhaW46c2VjcmV0=',
      'Basic cGxhaW46c2VjcmV0=!garbage',
      'Basic cGxhaW46c2VjcmV0 x',
      'Basic !cGxhaW46c2VjcmV0',
      'Basic cGxhaW4=',
      'Basic OnNlY3JldA==',
      'Basic cGxhaW46',
      'Basic cGxhaW46c2Vj\tcmV0',
      'Basic\tcGxhaW46c2VjcmV0',
      'Bearer cGxhaW46c2VjcmV0',
      'Basic A',
      'Basic cGxhaW46c2VjcmV0A',
    ].flatMap(value => ['/a.txt', '/who'].map(target => get(target, `Authorization: ${value}`))),
  },
  {
    name: 'what may stand in a users file',
    server: 'root ROOT; auth_basic "x"; auth_basic_user_file ROOT/odd-users;',
    asks: [
      as('first', 'secret'),
      as('first', 'second'),
      as('#first', 'secret'),
      as('windows', 'secret'),
      as('windows', 'secret\r'),
      as(' blank', 'secret'),
      as('blank', 'secret'),
      as('with space', 'se cret'),
      as('skipped', 'secret'),
      as('fir', 'secret'),
      as('later', 'secret'),
      as('later2', 'secret'),
      as('late', ''),
      as('p', 'secret'),
      as('café', 'crème'),
      as('last', 'secret'),
      as('las', 'secret'),
    ],
  },
  {
    name: 'files that are not there, and that are none',
    server: `root ROOT; auth_basic "x"; auth_basic_user_file ROOT/nowhere;
      location /dir/ { auth_basic_user_file ROOT; }
      location /empty/ { auth_basic_user_file ROOT/no-users; }
      location /null/ { auth_basic_user_file /dev/null; }
      location /no-file/ { satisfy any; deny all; }
      location /any-dir/ { satisfy any; deny all; auth_basic_user_file ROOT; }
      location /below/ { auth_basic_user_file ROOT/a.txt/users; }`,
    asks: ['/a.txt', '/dir/', '/empty/', '/null/', '/no-file/', '/any-dir/', '/below/'].flatMap(
      target => [get(target), as('plain', 'secret', target)],
    ),
  },
  {
    name: 'realms',
    server: `root ROOT; auth_basic_user_file ROOT/users; set $empty ""; set $off off;
      location /words/ { auth_basic "members of $host, please"; }
      location /quotes/ { auth_basic 'a "b" \\ c'; }
      location /utf/ { auth_basic "für alle"; }
      location /empty/ { auth_basic ""; }
      location /off/ { auth_basic off; return 200 off; }
      location /variable-off/ { auth_basic $off; try_files /a.txt =404; }
      location /variable-empty/ { auth_basic $empty; }
      location /path/ { auth_basic "$uri"; }
      location /no-realm/ { try_files /a.txt =404; }`,
    asks: [
      '/words/x',
      '/quotes/',
      '/utf/',
      '/empty/',
      '/off/',
      '/variable-off/',
      '/variable-empty/',
      '/path/a%22b',
      '/no-realm/',
    ].map(target => get(target)),
  },
  {
    name: 'inheritance of realm and file, each by itself',
    server: `root ROOT; auth_basic "outer"; auth_basic_user_file ROOT/users;
      location / { }
      location /inner/ { auth_basic "inner"; try_files /a.txt =404; }
      location /other/ { auth_basic_user_file ROOT/odd-users; try_files /a.txt =404; }
      location /open/ { auth_basic off; try_files /a.txt =404;
        location /open/not/ { auth_basic "again"; try_files /a.txt =404; } }`,
    asks: ['/a.txt', '/inner/', '/other/', '/open/', '/open/not/'].flatMap(target => [
      get(target),
      as('plain', 'secret', target),
      as('first', 'secret', target),
    ]),
  },
  {
    name: 'a file whose path has variables',
    server: `root ROOT; auth_basic "x"; auth_basic_user_file ROOT/users.$arg_site.test;
      location /whole/ { auth_basic_user_file $document_root/users; try_files /a.txt =404; }`,
    asks: [
      as('one', 'secret', '/a.txt?site=one'),
      as('one', 'wrong', '/a.txt?site=one'),
      as('one', 'secret', '/a.txt?site=two'),
      get('/a.txt?site=one'),
      as('plain', 'secret', '/whole/'),
      as('one', 'secret', '/whole/'),
    ],
  },
  {
    name: 'pages for 401 and 403',
    server: `root ROOT; auth_basic "x"; auth_basic_user_file ROOT/users; error_page 403 /403.html;
      location = /403.html { auth_basic off; }
      location /page/ { error_page 401 /401.html; }
      location = /401.html { auth_basic off; }
      location /closed/ { error_page 401 /closed.html; }
      location = /closed.html { }
      location /changed/ { error_page 401 =403 /401.html; }
      location /ok/ { error_page 401 =200 /401.html; }
      location /named/ { error_page 401 @login; }
      location /named-own/ { error_page 401 = @login; }
      location @login { auth_basic off; return 302 /login?from=$uri; }
      location /proxied/ { error_page 401 = @app; }
      location @app { auth_basic off; proxy_pass http://peers; }
      location /away/ { error_page 401 http://login.test/; }
      location /no-file/ { auth_basic_user_file ROOT/nowhere; }`,
    asks: [
      '/page/',
      '/closed/',
      '/changed/',
      '/ok/',
      '/named/x',
      '/named-own/x',
      '/proxied/x',
      '/away/',
      '/no-file/',
    ].flatMap(target => [get(target), as('plain', 'wrong', target)]),
  },
  {
    name: 'what goes on to a peer, and what the client is called there',
    server: `auth_basic "x"; auth_basic_user_file ROOT/users;
      location / { proxy_pass http://peers; proxy_set_header X-User $remote_user; }
      location /hidden/ { proxy_pass http://peers; proxy_set_header Authorization ""; add_header X-User "[$remote_user]" always; }`,
    asks: [
      as('plain', 'secret', '/x'),
      as('sha512', 'secret', '/x'),
      as('bcrypt', 'secret', '/hidden/'),
      get('/hidden/'),
      {
        request: `${request('POST', '/x', login('apr1', 'secret'), 'Content-Length: 4')}body`,
      },
      {
        request: `${request('POST', '/x', login('apr1', 'secret'), 'Transfer-Encoding: chunked')}4\r\nbody\r\n0\r\n\r\n`,
      },
      { request: `${request('POST', '/x', login('apr1', 'wrong'), 'Content-Length: 4')}body` },
      { request: request('HEAD', '/x', login('md5', 'secret')) },
      { request: request('HEAD', '/x') },
    ],
  },
]
