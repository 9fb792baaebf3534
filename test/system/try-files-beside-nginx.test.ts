// `try_files` in nginx and in the program, side by side: which path is taken, what the fallback gets, with which method
// and body.

import { describeSideBySide } from './side-by-side.ts'
import { type Case, get, request } from './transcript.ts'

const FILES = {
  'index.html': 'the start',
  'a.txt': 'a',
  'dir/index.html': 'index of dir',
  'dir/inner.txt': 'inner',
  'empty/.keep': '',
  'sp ace.txt': 'with a space',
  'per%20cent.txt': 'with a percent sign',
  'pages/about.html': 'about',
  'maintenance.html': 'closed today',
  'other/a.txt': 'a of other',
}

const CASES: readonly Case[] = [
  {
    name: 'a page of its own for every path',
    server: 'root ROOT; index index.html; location / { try_files $uri $uri/ /index.html; }',
    asks: [
      ...['/a.txt', '/', '/dir/', '/dir', '/dir/inner.txt', '/none', '/none/deeper?x=1'].map(
        target => get(target),
      ),
      ...['/sp%20ace.txt', '/per%2520cent.txt', '/dir/../a.txt', '/empty/', '/empty'].map(target =>
        get(target),
      ),
      ...['/a.txt/', '/a.txt/x', '/.keep', '/%61.txt'].map(target => get(target)),
      { request: request('HEAD', '/a.txt') },
      { request: request('HEAD', '/none') },
      get('/a.txt', 'Range: bytes=0-0'),
      { request: `${request('POST', '/none', 'Content-Length: 2')}hi` },
    ],
  },
  {
    name: 'a status at the end',
    server: `root ROOT;
      location / { try_files $uri =404; }
      location /gone/ { try_files $uri =410; }
      location /page/ { try_files $uri =404; error_page 404 /maintenance.html; }
      location /named/ { try_files $uri =503; error_page 503 = @sorry; }
      location = /maintenance.html { }
      location @sorry { return 200 "sorry $uri"; }`,
    asks: ['/a.txt', '/none', '/dir', '/dir/', '/gone/x', '/page/x', '/named/x'].map(target =>
      get(target),
    ),
  },
  {
    name: 'a peer behind a name',
    server: `root ROOT;
      location / { try_files $uri @app; }
      location /pre/ { try_files $uri @moved; }
      location @app { proxy_pass http://peers; proxy_set_header X-Uri $uri; proxy_set_header X-Request $request_uri; }
      location @moved { proxy_pass http://peers; add_header X-From moved always; }`,
    asks: [
      get('/a.txt'),
      get('/none/x?y=1'),
      get('/no%20ne/%2e./x%2Fy?a=%20'),
      get('//none'),
      { request: `${request('POST', '/form', 'Content-Type: a/b', 'Content-Length: 4')}body` },
      { request: `${request('PUT', '/form', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n` },
      { request: request('POST', '/form', 'Content-Length: 0') },
      { request: request('HEAD', '/none') },
      { request: request('DELETE', '/none') },
      { request: `${request('POST', '/a.txt', 'Content-Length: 4')}body` },
      get('/pre/x'),
    ],
  },
  {
    name: 'a peer behind a path',
    server: `root ROOT;
      location / { try_files $uri /app.php?q=$uri&$args; }
      location ~ \\.php$ { proxy_pass http://peers; proxy_set_header X-Uri $uri; proxy_set_header X-Args $args; }
      location /lost/ { try_files $uri /app.php; }`,
    asks: [
      get('/none?a=1'),
      get('/no%20ne'),
      get('/lost/x?a=1'),
      get('/direct.php?z=1'),
      { request: `${request('POST', '/form?a=1', 'Content-Length: 4')}body` },
      { request: request('HEAD', '/none') },
    ],
  },
  {
    name: 'a peer in the same location',
    server: `root ROOT;
      location / { try_files /maintenance.html $uri =404; proxy_pass http://peers; }
      location /found/ { try_files /a.txt =404; proxy_pass http://peers/other/; }
      location /none/ { try_files /nothing =404; proxy_pass http://peers; }`,
    asks: [
      get('/x?y=1'),
      get('/none/x'),
      { request: `${request('POST', '/x', 'Content-Length: 4')}body` },
    ],
  },
  {
    name: 'paths with variables and several of them',
    server: `root ROOT; default_type text/x;
      location / { try_files /pages$uri.html $uri.txt $uri /pages/$arg_p.html =404; }
      location ~ ^/re/(?<name>\\w+)$ { try_files /pages/$name.html /$1.txt =404; }
      location /const { try_files /a.txt =404; }
      location /query { try_files /a.txt?x=1 =404; }`,
    asks: [
      ...['/about', '/a', '/a.txt', '/none?p=about', '/none', '/re/about', '/re/a', '/re/none'].map(
        target => get(target),
      ),
      get('/const'),
      get('/query'),
    ],
  },
  {
    name: 'under an alias',
    server: `root ROOT/nowhere;
      location /i/ { alias ROOT/other/; try_files $uri /i/b.txt =404; }
      location /d/ { alias ROOT/dir/; try_files $uri $uri/ =404; }
      location ~ ^/r/(.*)$ { alias ROOT/$1; try_files "" =404; }`,
    asks: ['/i/a.txt', '/i/none', '/d/inner.txt', '/d/', '/d/none', '/r/a.txt', '/r/none'].map(
      target => get(target),
    ),
  },
  {
    name: 'in the server block, and not inherited',
    server: `root ROOT; try_files $uri /maintenance.html;
      location /own/ { }
      location = /maintenance.html { }`,
    asks: ['/own/x', '/a.txt', '/none', '/none/x'].map(target => get(target)),
  },
  {
    name: 'loops',
    server: `root ROOT;
      location / { try_files $uri /again; }
      location /names/ { try_files $uri @first; }
      location @first { try_files $uri @second; }
      location @second { return 200 "second"; }
      location /missing/ { try_files $uri @nobody; }`,
    asks: [get('/none'), get('/names/x'), get('/missing/x')],
  },
  {
    name: 'directories',
    server: `root ROOT;
      location / { try_files $uri/ $uri =404; index index.html; }
      location /slashes/ { try_files /dir/ =404; }
      location /file-with-slash/ { try_files /a.txt/ =404; }
      location /directory/ { try_files /dir =404; }`,
    asks: ['/dir', '/dir/', '/a.txt', '/', '/slashes/', '/file-with-slash/', '/directory/'].map(
      target => get(target),
    ),
  },
  {
    name: 'with internal locations and return',
    server: `root ROOT;
      location / { try_files $uri /inner$uri; }
      location /inner/ { internal; return 200 "inner $uri $request_method"; }
      location /first/ { return 202 "first"; try_files /a.txt =404; }`,
    asks: [
      get('/none'),
      get('/inner/x'),
      get('/first/'),
      { request: `${request('POST', '/none', 'Content-Length: 4')}body` },
    ],
  },
]

describeSideBySide('try_files beside nginx', FILES, { 'what is taken': CASES })
