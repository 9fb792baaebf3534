// Configurations that change cookies of peers: `proxy_cookie_domain`, `proxy_cookie_path`, `proxy_cookie_flags`.

import { type Asking, type Case, getReply } from './transcript.ts'

/** An answer that sets these cookies. */
function setting(target: string, ...cookies: readonly string[]): Asking {
  return getReply(target, '200 OK', ...cookies.map(cookie => `Set-Cookie: ${cookie}`), 'text')
}

export const COOKIE_CASES: readonly Case[] = [
  {
    name: 'proxy_cookie_domain',
    server: `proxy_cookie_domain one.test outer.test;
      location / { proxy_pass http://peers; proxy_cookie_domain one.test $host; proxy_cookie_domain .two.test .zwei.test; proxy_cookie_domain ~^(?<who>[a-z]+)\\.three\\.test$ $who.drei.test; }
      location /inherits/ { proxy_pass http://peers; }
      location /off/ { proxy_pass http://peers; proxy_cookie_domain off; }
      location /variable/ { proxy_pass http://peers; proxy_cookie_domain $arg_from $arg_to; }
      location /last/ { proxy_pass http://peers; proxy_cookie_domain one.test first.test; proxy_cookie_domain one.test second.test; }`,
    asks: [
      setting('/', 'a=b; Domain=one.test; Path=/'),
      setting('/', 'a=b; domain=.one.test'),
      setting('/', 'a=b; DOMAIN = ONE.test ;secure'),
      setting('/', 'a=b; Domain=sub.one.test'),
      setting('/', 'a=b; Domain=.two.test; Path=/'),
      setting('/', 'a=b; Domain=two.test'),
      setting('/', 'a=b; Domain=www.three.test', 'c=d; Domain=WWW.THREE.test', 'e=f'),
      setting('/', 'a; Domain=one.test'),
      setting('/', 'a=; Domain=one.test'),
      setting('/', 'Domain=one.test'),
      setting('/', 'a=b; Domain'),
      setting('/', 'a=b; Domain='),
      setting('/', 'a=b;Domain=one.test;'),
      setting('/', 'a="x;y"; Domain=one.test'),
      setting('/', 'a=b; Domain=one.test; Domain=.two.test'),
      setting('/inherits/', 'a=b; Domain=one.test', 'c=d; Domain=two.test'),
      setting('/off/', 'a=b; Domain=one.test'),
      setting('/variable/?from=x.test&to=y.test', 'a=b; Domain=x.test'),
      setting('/variable/', 'a=b; Domain=', 'a=b; Domain=.'),
      setting('/last/', 'a=b; Domain=one.test'),
    ],
  },
  {
    name: 'proxy_cookie_path',
    server: `location / { proxy_pass http://peers; proxy_cookie_path /two/ /; proxy_cookie_path ~^/re/(.*)$ /$1; proxy_cookie_path ~*^/ANY(?<rest>.*)$ "/any$rest; Secure"; }
      location /off/ { proxy_pass http://peers; proxy_cookie_path off; }
      location /variable/ { proxy_pass http://peers; proxy_cookie_path /$arg_p/ /p/; }
      location /both/ { proxy_pass http://peers; proxy_cookie_path / /both/; proxy_cookie_domain one.test two.test; }`,
    asks: [
      setting('/', 'a=b; Path=/two/'),
      setting('/', 'a=b; path=/two/x/y; HttpOnly'),
      setting('/', 'a=b; Path=/two'),
      setting('/', 'a=b; Path=/TWO/'),
      setting('/', 'a=b; Path=/re/x'),
      setting('/', 'a=b; Path=/RE/x'),
      setting('/', 'a=b; Path=/any/x', 'a=b; Path=/ANYwhere'),
      setting('/', 'a=b; Path=', 'a=b; Path'),
      setting('/off/', 'a=b; Path=/two/'),
      setting('/variable/?p=x', 'a=b; Path=/x/y'),
      setting('/both/', 'a=b; Path=/x; Domain=one.test; Max-Age=3'),
    ],
  },
  {
    name: 'proxy_cookie_flags',
    server: `location / { proxy_pass http://peers; proxy_cookie_flags one secure httponly samesite=strict; proxy_cookie_flags two nosecure nohttponly nosamesite; proxy_cookie_flags ~^re(.+)$ samesite=lax; proxy_cookie_flags four $arg_f; }
      location /off/ { proxy_pass http://peers; proxy_cookie_flags off; }
      location /first/ { proxy_pass http://peers; proxy_cookie_flags ~. httponly; proxy_cookie_flags one secure; }
      location /named/ { proxy_pass http://peers; proxy_cookie_flags $arg_n samesite=none secure; }
      location /all/ { proxy_pass http://peers; proxy_cookie_flags one secure; proxy_cookie_path / /all/; proxy_cookie_domain a.test b.test; }
      location /hidden/ { proxy_pass http://peers; proxy_cookie_flags one secure; proxy_hide_header Set-Cookie; }`,
    asks: [
      setting('/', 'one=1'),
      setting('/', 'ONE=1; Secure'),
      setting('/', 'one=1; secure; HTTPONLY; samesite=strict'),
      setting('/', 'one=1; SameSite=None; Path=/'),
      setting('/', 'one=1; SameSite'),
      setting('/', 'one'),
      setting('/', 'two=2; Secure; HttpOnly; SameSite=Lax; Path=/'),
      setting('/', 'two=2'),
      setting('/', 'two=2; Secure; Secure'),
      setting('/', 'rex=3', 'REX=3; samesite=LAX', 're=4'),
      setting('/?f=secure', 'four=4'),
      setting('/?f=nosecure', 'four=4; Secure'),
      setting('/?f=rubbish', 'four=4; Secure;Path=/'),
      setting('/?f=SameSite%3DLax', 'four=4'),
      setting('/?f=SAMESITE=LAX', 'four=4'),
      setting('/', 'six=6;Secure'),
      setting('/off/', 'one=1'),
      setting('/first/', 'one=1', 'x=1'),
      setting('/named/?n=abc', 'abc=1', 'abd=1'),
      setting('/all/', 'one=1; Domain=a.test; Path=/p'),
      setting('/hidden/', 'one=1'),
    ],
  },
]
