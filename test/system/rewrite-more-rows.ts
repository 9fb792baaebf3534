// More cases of the rewrite module beside nginx: conditions, the settings of an `if`, `set`, `return` and the logs that
// show what was set.

import { type Asking, type Case, differing, get, request } from './transcript.ts'

function gets(...targets: readonly string[]): Asking[] {
  return targets.map(target => get(target))
}

export const CONDITION_CASES: readonly Case[] = [
  {
    name: 'a variable',
    server: `location / { if ($arg_x) { return 200 "yes"; } return 200 "no"; }
      location /field { if ($http_x_none) { return 200 "yes"; } return 200 "no"; }
      location /set { set $v ""; if ($arg_x) { set $v "0"; } if ($v) { return 200 "yes"; } return 200 "no"; }`,
    asks: [
      ...gets('/?x=1', '/?x=0', '/?x=00', '/?x=', '/', '/?x=%30', '/set', '/set?x=1'),
      get('/field', 'X-None: 0'),
      get('/field', 'X-None: x'),
    ],
  },
  {
    name: 'comparisons',
    server: `location / { if ($arg_x = "a b") { return 200 "quoted"; } if ($arg_x = a) { return 200 "is a"; }
        if ( $arg_x != b ) { return 200 "not b"; } return 200 "b"; }
      location /var { if ($arg_x = $arg_y) { return 200 "same"; } return 200 "other"; }
      location /empty { if ($arg_x = "") { return 200 "empty"; } return 200 "full"; }
      location /method { if ($request_method = POST) { return 405; } return 200 $request_method; }
      location /text { if ($arg_x = "$arg_y-$arg_z") { return 200 "same"; } return 200 "other"; }`,
    asks: [
      ...gets(
        '/?x=a',
        '/?x=A',
        '/?x=b',
        '/?x=',
        '/',
        '/var?x=1&y=1',
        '/var?x=1&y=2',
        '/var',
        '/empty',
        '/empty?x',
      ),
      ...gets('/empty?x=1', '/text?x=1-2&y=1&z=2', '/text?x=1&y=1'),
      { request: request('POST', '/method', 'Content-Length: 0') },
      get('/method'),
    ],
  },
  {
    name: 'regexes',
    server: `location / { if ($uri ~ "^/(a+)(b)?") { return 200 "[$1] [$2]"; } if ($uri ~* ^/(X) ) { return 200 "x [$1]"; }
        if ($uri !~ ^/c) { return 200 "not c [$1]"; } if ($uri !~* ^/CC) { return 200 "c, not cc"; } return 200 "cc"; }
      location /name { if ($arg_v ~ ^(?<major>\\d+)\\.(?<minor>\\d+)?) { return 200 "$major/$minor"; } return 200 "[$major]"; }
      location /brace { if ($uri ~ "^/brace/\\d{2}$") { return 200 "two"; } return 200 "else"; }`,
    asks: gets(
      ...[
        '/aab',
        '/aa',
        '/x',
        '/X',
        '/d',
        '/c',
        '/cc',
        '/cC',
        '/name?v=1.22',
        '/name?v=1.',
        '/name',
      ],
      ...['/brace/12', '/brace/123', '/a%0Ab', '/%61b'],
    ),
  },
  {
    name: 'captures after what did not match',
    server: `location ~ ^/(one)/(.*)$ { if ($arg_a ~ ^(x)$) { set $m "m=$1"; } return 200 "[$1] [$2] [$m]"; }
      location ~ ^/(two)/ { if ($arg_a ~ ^x$) { set $m "m"; } return 200 "[$1]"; }
      location ~ ^/(three)/ { rewrite ^/none(.*)$ /x; return 200 "[$1]"; }
      location ~ ^/(four)/ { set $saved $1; if ($arg_a ~ (.*)) { } return 200 "$saved [$1]"; }
      location ~ ^/(?<own>five)/ { set $own "set"; if ($arg_a ~ ^(?<own>y)$) { } return 200 $own; }
      location ~ ^/(six)/ { if ($arg_a !~ ^(x)$) { return 200 "not [$1]"; } return 200 "is [$1]"; }`,
    asks: gets(
      ...[
        '/one/z',
        '/one/z?a=x',
        '/two/',
        '/two/?a=x',
        '/three/',
        '/four/?a=b',
        '/five/',
        '/five/?a=y',
      ],
      ...['/six/', '/six/?a=x'],
    ),
  },
  {
    name: 'captures in values are escaped until a rewrite matched',
    server: `location /set/ { if ($uri ~ ^/set/(.*)$) { set $v $1; } return 200 "$v|$1"; }
      location /after/ { rewrite ^/after/(.*)$ /x/$1; set $v $1; return 200 "$v|$1|$uri"; }
      location /after2/ { rewrite ^/none/(.*)$ /x/$1; if ($uri ~ ^/after2/(.*)$) { set $v "v=$1"; } return 200 "$v"; }
      location /cmp/ { if ($uri ~ ^/cmp/(.*)$) { set $x 1; } if ($arg_v = $1) { return 200 same; } return 200 "other"; }
      location /named/ { if ($uri ~ ^/named/(?<n>.*)$) { set $v $n; } return 200 "$v|$n"; }`,
    asks: gets(
      ...[
        '/set/a',
        '/set/a%20b',
        '/set/a&b',
        '/set/a+b',
        '/set/%26;%3F',
        '/after/a%20b',
        '/after2/a%20b',
      ],
      ...['/cmp/a%26b?v=a%26b', '/cmp/a&b?v=x', '/named/a%20b'],
    ),
  },
  {
    name: 'files',
    server: `root ROOT; set $what "";
      if (-f $request_filename) { set $what "\${what}f"; } if (-d $request_filename) { set $what "\${what}d"; }
      if (-e $request_filename) { set $what "\${what}e"; } if (-x $request_filename) { set $what "\${what}x"; }
      if (!-f $request_filename) { set $what "\${what}F"; } if (!-d $request_filename) { set $what "\${what}D"; }
      if (!-e $request_filename) { set $what "\${what}E"; } if (!-x $request_filename) { set $what "\${what}X"; }
      location / { if (-f ROOT/maintenance.html) { add_header X-Closed yes; } return 200 $what; }`,
    asks: gets(
      '/a.txt',
      '/dir',
      '/dir/',
      '/none',
      '/a.txt/x',
      `/${'x'.repeat(300)}`,
      '/sp%20ace.txt',
    ),
  },
  {
    name: 'the classic front controller',
    server: `root ROOT; index index.html;
      location / { if (!-e $request_filename) { rewrite ^/(.*)$ /app?q=$1 last; } }
      location = /app { return 200 "app $args"; }
      location /closed/ { if (-f $document_root/maintenance.html) { return 503; } error_page 503 /maintenance.html; }`,
    asks: gets(
      '/a.txt',
      '/dir/',
      '/blog/post',
      '/blog/post?x=1',
      '/a%20b',
      '/closed/x',
      '/maintenance.html',
    ),
  },
  {
    name: 'files of a path with captures',
    server: `root ROOT; location ~ ^/s/(.*)$ { if (-f $document_root/$1) { return 200 "there"; } return 200 "missing"; }
      location /empty { if (-e $arg_none) { return 200 "there"; } return 200 "missing"; }`,
    asks: gets('/s/a.txt', '/s/none', '/s/sp%20ace.txt', '/empty'),
  },
  {
    name: 'in a server',
    server: `set $v ""; if ($arg_a) { set $v "\${v}a"; } if ($arg_b ~ ^(.+)$) { set $v "\${v}b$1"; rewrite ^ /b; }
      if ($arg_c) { return 302 /c?$args; } if ($arg_d) { break; } set $v "\${v}!";
      location / { return 200 "[$v] $uri"; } location /b { return 200 "b [$v] [$1]"; }`,
    asks: gets('/', '/?a=1', '/?b=2', '/?a=1&b=2', '/?c=3', '/?d=4', '/?a=1&d=4', '/?b=x%20y'),
  },
]

export const SETTINGS_CASES: readonly Case[] = [
  {
    name: 'the last if that holds wins',
    server: `location / { if ($arg_a) { add_header X-A 1; } if ($arg_b) { add_header X-B 1; } root ROOT; add_header X-L 1; }`,
    asks: gets('/a.txt', '/a.txt?a=1', '/a.txt?b=1', '/a.txt?a=1&b=1'),
  },
  {
    name: 'settings of an if',
    server: `location / { root ROOT; add_header X-L 1; expires 1h;
        if ($arg_root) { root ROOT/other; } if ($arg_exp) { expires max; } if ($arg_no) { expires off; add_header X-I 1; } }`,
    asks: gets(
      '/a.txt?root=1',
      '/a.txt?exp=1',
      '/a.txt?no=1',
      '/dir/inner.txt?root=1',
      '/none?exp=1',
    ),
  },
  {
    name: 'an if with nothing in it',
    server: `location / { root ROOT; if ($arg_a) { } add_header X-L 1; }
      location /t { root ROOT; if ($arg_a) { } try_files /a.txt =404; }
      location /u { root ROOT; if ($arg_a) { set $x y; } try_files /none /a.txt; }
      location /al/ { alias ROOT/other/; if ($arg_a) { set $x y; } }`,
    asks: gets(
      '/a.txt',
      '/a.txt?a=1',
      '/t',
      '/t?a=1',
      '/u',
      '/u?a=1',
      '/al/a.txt',
      '/al/a.txt?a=1',
    ),
  },
  {
    name: 'steps after an if go on under its settings',
    server: `location / { if ($arg_a) { add_header X-A $uri; } rewrite ^/r/(.*)$ /x/$1 break; return 200 "$uri"; }
      location /l/ { if ($arg_a) { add_header X-A 1; } rewrite ^ /m/ last; } location /m/ { return 200 "m"; }
      location /b/ { root ROOT; if ($arg_a) { add_header X-A 1; break; } return 200 "not broken"; }`,
    asks: gets('/x?a=1', '/r/y?a=1', '/r/y', '/l/?a=1', '/b/?a=1', '/b/'),
  },
  {
    name: 'error pages and index',
    server: `root ROOT; location / { index index.html; if ($arg_a) { error_page 404 /maintenance.html; } }
      location /dir/ { if ($arg_a) { add_header X-A 1; } }`,
    asks: gets('/none?a=1', '/none', '/dir/?a=1', '/dir/', '/dir?a=1', '/?a=1'),
  },
  {
    name: 'nested locations and named ones',
    server: `location /out/ { if ($arg_a) { add_header X-Out 1; }
        location /out/in/ { if ($arg_a) { return 200 "in with a"; } return 200 "in"; } return 200 "out"; }
      location @n { if ($arg_a) { return 200 "n with a"; } return 200 "n"; }
      location /n { try_files /none @n; } location = /exact { if ($arg_a) { return 200 "exact a"; } return 200 "exact"; }`,
    asks: gets(
      '/out/',
      '/out/?a=1',
      '/out/in/',
      '/out/in/?a=1',
      '/n',
      '/n?a=1',
      '/exact',
      '/exact?a=1',
    ),
  },
]

export const VALUE_CASES: readonly Case[] = [
  {
    name: 'set',
    server: `set $a 1; set $b "$a$a"; set $a 2; set $c "\${b}x"; set $empty ""; set $UPPER Case;
      location / { set $d "$a-$b-$c-[$empty]"; return 200 "$d $upper $Upper"; }
      location /never { return 200 "[$never]"; } location /other { set $never x; return 200 $never; }
      location /self { set $s "$s."; set $s "$s."; return 200 "$s"; }
      location /twice { set $t "1\${t}"; rewrite ^/twice$ /twice/2 last; rewrite ^/twice/2$ /twice/3 last; return 200 $t; }`,
    asks: gets('/', '/never', '/other', '/self', '/twice'),
  },
  {
    name: 'set of what has the name of a field or an argument',
    server: `location / { return 200 "[$arg_own] [$http_x_own]"; }
      location /set { set $arg_own set; if ($arg_b) { set $http_x_own "b"; } return 200 "[$arg_own] [$http_x_own]"; }
      location /if { if ($arg_own = "") { return 200 "empty"; } return 200 $arg_own; }`,
    asks: [
      ...gets('/?own=1', '/set?own=1', '/if?own=1'),
      get('/', 'X-Own: field'),
      get('/set?b=1', 'X-Own: field'),
    ],
  },
  {
    name: 'set of arguments',
    server: `location / { set $args "x=$arg_old&y=2"; return 200 "$args $query_string $arg_x $arg_y $is_args $request_uri"; }
      location /none { set $args ""; return 200 "[$args] [$is_args]"; }
      location /rw { set $args "n=1"; rewrite ^ /show last; } location /show { return 200 "$uri $args"; }
      location /redir { set $args "n=1"; rewrite ^ /show redirect; }`,
    asks: gets('/?old=1', '/none?x', '/rw?x=1', '/redir?x=1'),
  },
  {
    name: 'set of the host of a peer',
    server: `location /a { set $proxy_host named.test; proxy_pass http://peers; }
      location /b { if ($arg_h) { set $proxy_host $arg_h; } proxy_pass http://peers; }
      location /c { set $proxy_port 99; proxy_pass http://peers; proxy_set_header X-Port $proxy_port; }`,
    asks: gets('/a', '/b?h=x', '/b', '/c'),
  },
  {
    name: 'return in its places',
    server: `location /t { return 200 "text $uri"; } location /s { return 403; } location /e { return 200; }
      location /n { return 204; } location /b { return 404 "own text"; } location /r { return 301 /to?$args; }
      location /u { return http://other.test$request_uri; } location /sch { return $scheme://other.test/; }
      location /303 { return 303 /x; } location /307 { return 307 https://x.test/; } location /308 { return 308 /x; }
      location /two { return 200 first; return 200 second; } location /set { set $x 1; return 200 "x=$x"; }
      location /close { return 444; } location /h.html { return 200 "<p>"; } location /big { return 402 pay; }
      location /gone { return 499; } location /late { return 408; } location /latex { return 408 late; }
      location /v { return 200 "$args"; } location /300 { return 300 "choices"; }
      location /seterr { set $x 1; return 410; } location /setredir { set $x there; return 302 /$x; }`,
    asks: [
      ...gets(
        '/t',
        '/s',
        '/e',
        '/n',
        '/b',
        '/r?a=b',
        '/u?c',
        '/sch',
        '/303',
        '/307',
        '/308',
        '/two',
        '/gone',
        '/late',
        '/latex',
        '/set',
      ),
      ...gets('/h.html', '/big', '/v?a%20b', '/seterr', '/setredir'),
      differing(
        get('/300'),
        'a status that we know has its reason',
        'nginx < HTTP/1.1 300 ',
        'headgate < HTTP/1.1 300 Multiple Choices',
      ),
      { request: request('HEAD', '/t') },
      { request: `${request('POST', '/t', 'Content-Length: 2')}hi` },
    ],
  },
  {
    name: 'return and error pages',
    server: `error_page 403 /page; error_page 404 = /page; error_page 410 =200 /page; error_page 409 @tea;
      location = /page { return 200 "page"; } location @tea { return 200 "tea"; }
      location /403 { return 403; } location /404 { return 404; } location /410 { set $x 1; return 410; }
      location /409 { if ($uri) { return 409; } } location /text { return 403 "own"; }
      location /again { error_page 403 /inner; return 403; } location = /inner { return 500; }
      location /eq { error_page 404 = /inner404; return 404; } location = /inner404 { return 402; }
      location /named { error_page 404 @inner; return 404; } location @inner { set $x 1; return 402; }`,
    asks: gets('/403', '/404', '/410', '/409', '/text', '/again', '/eq', '/named'),
  },
  {
    name: 'error pages of what a server returns',
    server: `error_page 403 /page; error_page 410 =200 @gone; error_page 402 http://other.test/pay;
      if ($request_uri ~ ^/no) { return 403; } if ($arg_x) { return 403; } if ($arg_y) { return 410; }
      if ($arg_z) { return 402; } location = /page { return 200 "page $args"; } location @gone { return 200 "gone"; }
      location / { return 200 "/"; }`,
    asks: gets('/', '/no', '/?x=1', '/?y=1', '/?z=1'),
  },
  {
    name: 'return in the server',
    server: 'set $where "server"; return 200 "$where $uri"; location / { return 200 "location"; }',
    asks: gets('/', '/x'),
  },
  {
    name: 'the type of what is returned after a rewrite',
    server: `types { text/html html; text/plain txt; } default_type application/x-none;
      location / { rewrite ^/(.*)$ /$1.html; return 200 "x"; } location /p { return 200 "p"; }`,
    asks: gets('/x', '/x.txt', '/p.txt', '/p'),
  },
]
