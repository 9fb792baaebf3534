// Cases of `rewrite`, `if`, `set`, `break` and `return` for a comparison beside nginx: paths and arguments, what goes to
// a peer, captures and their escapes, conditions, and the settings of an `if`.

import { type Asking, type Case, get, request } from './transcript.ts'

/** Files below `ROOT`. */
export const REWRITE_FILES = {
  'index.html': 'the start',
  'a.txt': 'a',
  'dir/index.html': 'index of dir',
  'dir/inner.txt': 'inner',
  'other/a.txt': 'a of other',
  'maintenance.html': 'closed today',
  'sp ace.txt': 'with a space',
}

function gets(...targets: readonly string[]): Asking[] {
  return targets.map(target => get(target))
}

/** What shows everything about a request. */
const SHOW = 'return 200 "[$uri] [$args] [$1] [$2] [$request_uri]\\n";'

export const URI_CASES: readonly Case[] = [
  {
    name: 'last, and another location',
    server: `location / { ${SHOW} }
      location /a/ { rewrite ^/a/(.*)$ /b/$1 last; return 500; }
      location /b/ { return 200 "b $uri $args $1"; }`,
    asks: gets('/a/x', '/a/x?y=1', '/a/', '/b/x', '/a/%41%20b', '/a/x+y', '/a/x%3Fy?z', '/a%2Fb'),
  },
  {
    name: 'without a flag the next steps follow',
    server: `location / { rewrite ^/1/(.*)$ /2/$1; rewrite ^/2/(.*)$ /3/$1; rewrite ^/9 /2/nine; }
      location /3/ { ${SHOW} } location /2/ { return 200 "two $uri"; }`,
    asks: gets('/1/x', '/2/x', '/9'),
  },
  {
    name: 'a chain that a return ends',
    server: `location / { rewrite ^/1/(.*)$ /2/$1; ${SHOW} }`,
    asks: gets('/1/x?q', '/x'),
  },
  {
    name: 'break keeps the location',
    server: `root ROOT; location / { rewrite ^/files/(.*)$ /$1 break; rewrite ^ /never last; }
      location /never { return 200 never; }`,
    asks: gets('/files/a.txt', '/files/none', '/files/dir/', '/files/dir', '/other'),
  },
  {
    name: 'arguments are kept, joined and dropped',
    server: `location /keep { rewrite ^ /show; } location /join { rewrite ^ /show?a=1; }
      location /drop { rewrite ^ /show?; } location /only { rewrite ^ /show?a=1?; }
      location /twice { rewrite ^ /show?a=1?b=2; } location /empty { rewrite ^ /show?$arg_none; }
      location /var { rewrite ^ /show?old=$args&uri=$uri?; } location /none { rewrite ^ /show?$args?; }
      location /mark { set $m "?m=1"; rewrite ^ /show$m; }
      location /show { ${SHOW} }`,
    asks: gets(
      ...['/keep?x=1', '/keep', '/join?x=1', '/join', '/drop?x=1', '/only?x=1', '/twice?x=1'],
      ...['/empty?x=1', '/empty', '/var?x=1', '/none?x=1', '/mark?x=1', '/mark'],
    ),
  },
  {
    name: 'captures in arguments are escaped where the path was',
    server: `location /a/ { rewrite ^/a/(.*)$ /show/$1?v=$1; }
      location /show { ${SHOW} }`,
    asks: gets(
      ...['/a/x', '/a/x&y=z', '/a/x%26y', '/a/x%20y', '/a/x+y', '/a/%e4%3B%25', '/a/x;y%2f'],
      ...['/a/x?p=%20', '/a/a%22b%3Cc%3E%7B%7D%7C%5C%5E%60', '/a/%01%7f%80'],
    ),
  },
  {
    name: 'redirects of a path',
    server: `rewrite ^/temp/(.*)$ /to/$1 redirect; rewrite ^/perm/(.*)$ /to/$1 permanent;
      rewrite ^/drop/(.*)$ /to/$1? permanent; rewrite ^/join/(.*)$ /to/$1?a=1 redirect;
      rewrite ^/rel/(.*)$ to/$1 redirect;
      rewrite ^/abs/(.*)$ http://other.test/$1; rewrite ^/https/(.*)$ https://other.test/$1 last;
      rewrite ^/perms/(.*)$ https://other.test/$1 permanent; rewrite ^/break/(.*)$ http://other.test/$1 break;
      rewrite ^/scheme/(.*)$ $scheme://other.test/$1; rewrite ^/esc/(.*)$ /a%20b%41%3f%2f%zz%4/$1 redirect;
      rewrite ^/uri$ /x?$uri redirect; rewrite ^/q/(.*)$ /t?q=$1 redirect;
      location / { ${SHOW} }`,
    asks: gets(
      ...[
        '/temp/x?y=1',
        '/perm/x',
        '/drop/x?y=1',
        '/join/x?y=1',
        '/join/x',
        '/rel/x',
        '/abs/x?y=1',
      ],
      ...['/https/x', '/perms/x?y', '/break/x', '/scheme/x?y', '/esc/x', '/uri?a', '/q/a%26b%20c'],
      ...[
        '/temp/a%20b',
        '/temp/%C3%A4',
        '/temp/a%2Bb+c',
        '/temp/a%25b',
        '/temp/a%3Fb',
        '/temp/%41%2F',
      ],
      ...['/temp/a%0d%0aX:%201', '/temp/%22%3C', '/temp/x%26%3D%23', '/abs/a%20b?c%20d', '/other'],
    ),
  },
  {
    name: 'redirects without the host',
    server:
      'absolute_redirect off; location /a { rewrite ^ /b redirect; } location /c { rewrite ^ /d?e=f permanent; }',
    asks: gets('/a', '/a?x=1', '/c?x=1'),
  },
  {
    name: 'the path of a server level',
    server: `rewrite ^/old/(.*)$ /new/$1; rewrite ^/stop/(.*)$ /new/stop last; rewrite ^/new/stop /no;
      rewrite ^/br/(.*)$ /new/$1 break; rewrite ^/new/two$ /new/three;
      location /new/ { ${SHOW} } location / { return 200 "else $uri"; }`,
    asks: gets('/old/x', '/old/two', '/stop/x', '/br/two', '/new/stop', '/x', '/old/x?y=1'),
  },
  {
    name: 'steps of the server are not those of its locations',
    server: `if ($arg_no) { return 403; } rewrite ^/a/(.*)$ /a/x$1 break;
      location /a/ { rewrite ^/a/xy$ /b/$uri last; ${SHOW} } location /b/ { ${SHOW} }`,
    asks: gets('/a/y', '/a/z', '/a/y?no=1', '/b/1'),
  },
  {
    name: 'cycles',
    server: `location /self { rewrite ^ /self last; } location /x { rewrite ^/x(.*)$ /x/y$1 last; }
      location /ping { rewrite ^ /pong last; } location /pong { rewrite ^ /ping last; }
      location /page { error_page 500 /sorry; rewrite ^ /page last; } location /sorry { return 200 sorry; }
      location ~ ^/n(\\d)$ { rewrite ^/n9$ /end last; rewrite ^/n8$ /n9; rewrite ^/n7$ /n8; rewrite ^/n6$ /n7;
        rewrite ^/n5$ /n6 last; rewrite ^/n4$ /n5 last; rewrite ^/n3$ /n4 last; rewrite ^/n2$ /n3 last;
        rewrite ^/n1$ /n2 last; rewrite ^/n0$ /n1 last; }
      location /end { ${SHOW} }`,
    asks: gets('/self', '/x', '/ping', '/page', '/n0', '/n5'),
  },
  {
    name: 'exactly ten changes are allowed',
    server: `location ~ ^/c(1*)$ { rewrite "^/c1{10}$" /end last; rewrite ^/c(1*)$ /c1$1 last; }
      location /end { ${SHOW} }`,
    asks: gets('/c', '/c1', '/c11', '/c111'),
  },
  {
    name: 'internal locations can be reached, and an empty path cannot',
    server: `location /in { internal; ${SHOW} } location /to { rewrite ^ /in last; }
      location /empty { rewrite ^/empty(.*)$ $1 last; } location /mark { rewrite ^ ? last; }
      location /none { rewrite ^/none/(.*)$ $1 break; return 200 x; }`,
    asks: gets('/in', '/to', '/to?a=1', '/empty', '/empty/x', '/mark'),
  },
  {
    name: 'a location that proxies lacks its slash after a rewrite',
    server: `location /app/ { proxy_pass http://peers; } location /go { rewrite ^ /app last; }
      rewrite ^/gone$ /app last;`,
    asks: gets('/go', '/go?x=1', '/gone?x=1', '/app'),
  },
  {
    name: 'methods and bodies',
    server: `location /a { rewrite ^ /b last; } location /b { return 200 "$request_method $uri"; }
      location /p { rewrite ^ /up last; } location /up { proxy_pass http://peers; }
      location /r { rewrite ^ /b redirect; }
      if (-d ROOT/nothing) { return 403; }
      location /f { if (!-f ROOT/a.txt) { return 403; } proxy_pass http://peers; }`,
    asks: [
      { request: `${request('POST', '/f', 'Content-Length: 2')}hi` },
      { request: `${request('POST', '/f', 'Content-Length: 70000')}${'x'.repeat(70_000)}` },
      { request: `${request('POST', '/f', 'Transfer-Encoding: chunked')}2\r\nhi\r\n0\r\n\r\n` },
      { request: request('HEAD', '/a') },
      { request: `${request('POST', '/a', 'Content-Length: 2')}hi` },
      { request: `${request('POST', '/p', 'Content-Length: 2')}hi` },
      { request: `${request('PUT', '/r', 'Content-Length: 2')}hi` },
      { request: request('DELETE', '/p') },
    ],
  },
  {
    name: 'try_files, error pages and named locations after a rewrite',
    server: `root ROOT; rewrite ^/short/(.*)$ /files/$1;
      location /files/ { rewrite ^/files/(.*)$ /$1 break; try_files $uri @none; }
      location @none { rewrite ^ /named$uri last; }
      location /named/ { ${SHOW} }
      location /e { error_page 404 = /page?x=$uri; rewrite ^ /nothing break; }
      location /page { rewrite ^/page$ /page/more; ${SHOW} }
      location /named-only { try_files /none @steps; }
      location @steps { set $x "steps $uri"; if ($args) { return 200 "$x with $args"; } return 200 $x; }`,
    asks: gets(
      '/short/a.txt',
      '/files/a.txt',
      '/short/none',
      '/files/none?y=1',
      '/e',
      '/named-only',
      '/named-only?z',
    ),
  },
  {
    name: 'the steps of the server again after an internal redirect',
    server: `set $count "$count-"; rewrite ^/first$ /second; error_page 404 /error;
      if ($uri = /error) { return 200 "server $count $uri"; }
      location / { return 404; } location /second { return 200 "second $count"; }`,
    asks: gets('/x', '/first', '/error'),
  },
  {
    name: 'alias and break',
    server: `location /i/ { alias ROOT/other/; rewrite ^/i/b/(.*)$ /i/$1 break; }
      location /j/ { alias ROOT/other/; rewrite ^/j/b/(.*)$ /i/$1 last; }`,
    asks: gets('/i/a.txt', '/i/b/a.txt', '/j/b/a.txt', '/j/a.txt'),
  },
]

export const PEER_CASES: readonly Case[] = [
  {
    name: 'what goes up without a URI',
    server: `location /a/ { rewrite ^/a/(.*)$ /x/$1 break; proxy_pass http://peers; }
      location /b/ { proxy_pass http://peers; rewrite ^/b/(.*)$ /y/$1 last; }
      location /y/ { proxy_pass http://peers; }
      location /none/ { proxy_pass http://peers; rewrite ^/never$ /x break; }
      location /set/ { proxy_pass http://peers; set $args "new=1"; }
      location /sete/ { proxy_pass http://peers; set $args ""; }
      location /other/ { proxy_pass http://peers; set $foo bar; }`,
    asks: gets(
      ...['/a/x?q=1', '/a/%20%41', '/a/x%2Fy', '/a/{b}', '/b/x?q=1', '/b/%3F%25', '/none/a%20b?c'],
      ...[
        '/none//a/../b',
        '/set/x?old',
        '/set/a%20{b}',
        '/set/{b}?x',
        '/sete/x?old',
        '/other/a%20b//c?d',
      ],
    ),
  },
  {
    name: 'what goes up with a URI',
    server: `location /a/ { rewrite ^/a/old/(.*)$ /a/new/$1 break; proxy_pass http://peers/pre/; }
      location /b/ { rewrite ^/b/(.*)$ /c/$1 last; proxy_pass http://peers/pre/; }
      location /c/ { proxy_pass http://peers/see/; }
      location /set/ { set $args "n=1"; proxy_pass http://peers/s/; }
      location /v/ { rewrite ^/v/(.*)$ /w/$1 break; proxy_pass http://peers/q?u=$uri; }
      location /h/ { rewrite ^/h/(.*)$ /w/$1 break; set $g peers; proxy_pass http://peers$uri; }`,
    asks: gets(
      ...['/a/x', '/a/old/x', '/a/old/x%20y?q', '/b/x', '/b/%41%20?q', '/set/x?y', '/set/a%20b'],
      ...['/v/x?q', '/h/x?q'],
    ),
  },
  {
    name: 'rewrite and break as two lines',
    server: `location /a/ { rewrite ^/a/(.*)$ /z/$1; break; proxy_pass http://peers/pre/; }
      location /b/ { break; rewrite ^ /no last; proxy_pass http://peers/pre/; }
      location /c/ { rewrite ^/c/(.*)$ /z/$1; break; proxy_pass http://peers; }`,
    asks: gets('/a/x?y', '/b/x?y', '/c/x%20?y'),
  },
  {
    name: 'the server level and a peer',
    server: `rewrite ^/old/(.*)$ /app/$1; rewrite ^/br/(.*)$ /app/$1 break; set $who "server";
      location /app/ { proxy_pass http://peers/up/; proxy_set_header X-Who $who; proxy_set_header X-One $1; }`,
    asks: gets('/old/x', '/br/x', '/app/x', '/old/a%20b?c'),
  },
  {
    name: 'a chosen peer',
    server: `set $backend ORIGIN; if ($arg_to = closed) { set $backend CLOSED; }
      location / { proxy_pass http://$backend; }
      location /uri/ { set $path /fixed; proxy_pass http://$backend$path$is_args$args; }
      location /only/ { set $g peers; proxy_pass http://$g; }`,
    asks: gets('/x?y=1', '/a%20b//c', '/?to=closed', '/uri/x?y=1', '/uri/x', '/only/x'),
  },
  {
    name: 'variables in fields to the peer and to the client',
    server: `location ~ ^/(?<first>[a-z]+)/(.*)$ {
        set $both "$first+$2"; if ($http_x_flag ~* ^(on|yes)$) { set $flag "flag=$1"; } set $Mixed_Case x;
        proxy_pass http://peers; proxy_set_header X-Both $both; proxy_set_header X-Flag $flag;
        proxy_set_header X-One "1=$1"; proxy_set_header X-Case $mixed_case;
        add_header X-Both-Too $both always; add_header X-Flag-Too $flag; }`,
    asks: [
      get('/abc/d'),
      get('/abc/d', 'X-Flag: YES'),
      get('/abc/d%20e%26?f'),
      get('/abc/d', 'X-Flag: off'),
    ],
  },
  {
    name: 'proxy_pass in an if',
    server: `location / { if ($arg_p) { proxy_pass http://peers; } return 200 "no peer"; }
      location /two { proxy_pass http://CLOSED; if ($arg_p) { proxy_pass http://peers; } }
      location /inherit/ { proxy_pass http://peers/in/; if ($arg_p) { add_header X-P 1; } }
      location /inherit2 { proxy_pass http://peers; proxy_set_header X-Set 1; if ($arg_p) { set $x 1; } }
      location /files { root ROOT; if ($arg_p) { proxy_pass http://peers; } }
      location ~ ^/re/(.*)$ { if ($arg_p) { proxy_pass http://peers/v/$1; } return 404; }
      location /rw { if ($arg_p) { rewrite ^/rw/(.*)$ /up/$1 break; proxy_pass http://peers; } return 200 "no"; }
      location /evil { root ROOT; if ($arg_p) { proxy_pass http://peers; } if ($arg_q) { add_header X-Q 1; } }
      location /evil2 { root ROOT; if ($arg_q) { add_header X-Q 1; } if ($arg_p) { proxy_pass http://peers; } }`,
    asks: gets(
      ...[
        '/x?p=1',
        '/x',
        '/two?p=1',
        '/two',
        '/inherit/a?p=1',
        '/inherit/a',
        '/inherit2?p=1',
        '/files/a.txt?p=1',
      ],
      ...[
        '/re/a%20b?p=1',
        '/re/a',
        '/rw/a?p=1',
        '/rw/a',
        '/evil?p=1',
        '/evil?q=1',
        '/evil?p=1&q=1',
        '/evil2?p=1&q=1',
      ],
    ),
  },
  {
    name: 'Location of a peer in an if',
    server: `location /one/ { proxy_pass http://peers/a/; if ($arg_p) { proxy_pass http://CLOSED; } }
      location /inherit/ { proxy_pass http://peers/a/; if ($arg_p) { add_header X-P 1; } }
      location /none/ { if ($arg_p) { proxy_pass http://peers; } }
      location /var/ { set $g CLOSED; proxy_pass http://$g; if ($arg_p) { proxy_pass http://peers; } }
      location /two/ { proxy_pass http://CLOSED/b/; if ($arg_p) { proxy_pass http://peers; } }
      location /three/ { proxy_pass http://CLOSED/b/; proxy_redirect http://peers/a/ /c/; if ($arg_p) { proxy_pass http://peers; } }
      location /off/ { proxy_pass http://CLOSED/b/; proxy_redirect off; if ($arg_p) { proxy_pass http://peers; } }`,
    asks: [
      ...[
        '/inherit/x?p=1',
        '/inherit/x',
        '/none/x?p=1',
        '/var/x?p=1',
        '/two/x?p=1',
        '/three/x?p=1',
      ],
      ...['/off/x?p=1'],
    ].map(target => ({
      ...get(target),
      reply: 'HTTP/1.1 302 Found\r\nLocation: http://peers/a/there\r\nContent-Length: 0\r\n\r\n',
    })),
  },
  {
    name: 'error pages of an answer in an if',
    server: `error_page 502 /sorry; location = /sorry { return 200 "sorry $uri"; }
      location /a { if ($arg_p) { error_page 502 /here; proxy_pass http://CLOSED; } proxy_pass http://CLOSED; }
      location = /here { return 200 "here"; }
      location /b { if ($arg_p) { error_page 404 = @b; return 404; } return 404; } location @b { return 200 "b"; }`,
    asks: gets('/a', '/a?p=1', '/b', '/b?p=1'),
  },
]
