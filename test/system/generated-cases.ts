// Configurations put together by chance from pieces of every phase, and requests that meet them: the same seed gives the
// same ones. A piece is valid wherever the generator puts it, so that whatever comes out, nginx takes.

import { SeededRandom } from '../harness/seeded-random.ts'
import { type Asking, type Case, replyOf, request } from './transcript.ts'

/** What all of them share, in `http`. */
export const GENERATED_HTTP = `
map $arg_color $color { default "none"; red "#f00"; ~^gr(?<shade>.*)$ "gr-$shade"; *.x "star"; }
map $uri $kind { hostnames; default plain; ~\\.txt$ text; ~^/re/ regex; }
map $http_x_role $role { admin 1; default ""; }
geo $arg_ip $place { default nowhere; 10.0.0.0/8 ten; 10.1.0.0/16 ten-one; 192.168.0.0/16 home; }
split_clients "$arg_id" $half { 50% first; * second; }
`

/** Files below `ROOT`. */
export const GENERATED_FILES: Readonly<Record<string, string>> = {
  'index.html': 'the index',
  exact: 'a file named exact',
  'dir/index.html': 'index of dir',
  'dir/page.txt': 'a page in dir',
  're/file.txt': 'file below re',
  'final/a.txt': 'a file below final',
  'errors/404.txt': 'it is not there',
  'errors/50x.html': 'it broke',
  'fallback.html': 'the fallback',
  // staff:secret, as `openssl passwd -apr1 -salt 12345678 secret` makes it.
  users: 'staff:$apr1$12345678$0lqb/6VUFP8JY/s/jTrIk0\n',
}

/** Lines of a server, each at most once. */
const SERVER_LINES: readonly string[] = [
  'set $own "s-$arg_a";',
  'set $chain "$color/$kind";',
  'if ($arg_stop) { return 403; }',
  'if ($arg_to) { return 302 /moved?$arg_to; }',
  'if ($http_x_role = admin) { set $own "admin"; }',
  'if ($request_method = DELETE) { return 405 "no"; }',
  'if ($uri ~ ^/twice/(.*)/(.*)$) { set $own "$2-$1"; }',
  'rewrite ^/old/(.*)$ /dir/$1 last;',
  'rewrite ^/again/(.*)$ /again/x$1;',
  'rewrite ^/gone/(.*)$ /new/$1? permanent;',
  'rewrite ^/see/(?<what>\\w+) /$what?from=see redirect;',
  'add_header X-Server "$server_name $color" always;',
  'add_header X-Place "$place $half";',
  'error_page 404 /errors/404.txt;',
  'error_page 403 404 = /fallback.html;',
  'error_page 500 502 503 504 =200 /errors/50x.html;',
  'error_page 405 @named;',
  'recursive_error_pages on;',
  'expires 1h;',
  'index index.html page.txt;',
  'satisfy any;',
  'deny 10.0.0.1;',
  'absolute_redirect off;',
  'if_modified_since before;',
  'etag off;',
  'max_ranges 1;',
  'merge_slashes off;',
  'server_tokens off;',
  'set_real_ip_from 127.0.0.0/8; set_real_ip_from 10.9.0.0/16; real_ip_header X-Real; real_ip_recursive on;',
  'auth_basic "closed"; auth_basic_user_file ROOT/users;',
  'set $both "$remote_addr/$realip_remote_addr/$binary_remote_addr";',
  'if ($invalid_referer = x) { return 400; }',
  'error_page 401 403 https://login.example.org/?from=$uri;',
  'error_page 416 =200 /errors/404.txt;',
  'default_type "";',
  'port_in_redirect off;',
  'server_name_in_redirect on;',
  'proxy_set_header X-Server "$server_name";',
]

/** Matches of locations; each at most once in a server. */
const MATCHES: readonly string[] = [
  '/',
  '/dir/',
  '/dir',
  '= /exact',
  '^~ /final/',
  '~ \\.txt$',
  '~* ^/RE/(?<rest>.*)$',
  '/new/',
  '/deep/er/',
  '~ ^/(again|old)/',
]

/** Lines of any location. */
const LOCATION_LINES: readonly string[] = [
  'set $own "l-$arg_b";',
  'set $args "set=1&$args";',
  'if ($arg_c) { add_header X-If "c=$arg_c"; }',
  'if ($arg_c = 2) { return 202 "two $uri"; }',
  'if ($http_cookie ~* "id=([^;]+)") { set $own $1; }',
  'if (!-f $request_filename) { set $missing yes; }',
  'if (-d ROOT/dir) { set $there dir; }',
  'if ($role) { rewrite ^ /final/a.txt last; }',
  'rewrite ^/(.*)/more$ /$1 break;',
  'rewrite ^/dir/jump /new/jumped?x=1 last;',
  'rewrite ^/deep/(.*)$ /dir/$1? last;',
  'add_header X-Location "$uri $own $kind" always;',
  'add_header X-Args "$args $is_args $arg_set";',
  'expires -1;',
  'expires $arg_e;',
  'error_page 404 @named;',
  'error_page 404 =410 /errors/404.txt;',
  'error_page 403 =200 /dir/page.txt;',
  'deny all;',
  'allow 127.0.0.1; deny all;',
  'limit_except GET { deny all; }',
  'internal;',
  'default_type text/x-own;',
  'types { text/x-types txt; }',
  'log_not_found off;',
  'root ROOT/dir;',
  'auth_basic off;',
  'satisfy any; deny all; auth_basic "here"; auth_basic_user_file ROOT/users;',
  'add_header X-Sent "$sent_http_content_type" always;',
  'add_header X-Who "$remote_addr $remote_user $realip_remote_addr";',
  'index page.txt /exact;',
  'if ($request_uri ~ "\\?(.*)c=") { set $own "q:$1"; }',
  'if ($own ~ "^l-(\\d)$") { return 303 /digit/$1; }',
  'if ($is_args = "") { rewrite ^(/dir)/(.*)$ $1/$2?added=1 break; }',
  'rewrite ^/re/(?<kept>.*)$ /dir/$kept break;',
  'rewrite /none http://other.example.org$uri;',
  'disable_symlinks on;',
  'limit_rate 1m;',
  'return 307 "";',
]

/** Lines beside `proxy_pass`. */
const PROXY_LINES: readonly string[] = [
  'proxy_set_header X-Own "$own $color";',
  'proxy_set_header Host $host;',
  'proxy_http_version 1.1;',
  'proxy_hide_header X-Origin;',
  'proxy_method POST;',
  'proxy_set_body "body of $uri";',
  'proxy_pass_request_headers off;',
  'proxy_redirect http://elsewhere/ /here/;',
  'proxy_redirect ~^http://([^/]+)(/.*)$ $2?by=$1;',
  'proxy_cookie_path / /cookies/;',
  'proxy_cookie_domain example.org $host;',
  'proxy_intercept_errors on;',
  'proxy_ignore_headers X-Accel-Redirect;',
  'proxy_force_ranges on;',
  'proxy_cookie_flags a secure samesite=lax;',
  'proxy_pass_header Server;',
  'proxy_set_header Connection "";',
  'proxy_set_header X-Where "$request_filename|$document_root|$uri|$args";',
  'proxy_buffering off;',
  'proxy_set_header X-For $proxy_add_x_forwarded_for;',
]

const REPLIES: readonly string[] = [
  replyOf(
    '200 OK',
    'Content-Type: text/plain',
    'X-Origin: yes',
    'Set-Cookie: a=b; Path=/; Domain=example.org',
    'origin',
  ),
  replyOf('302 Found', 'Location: http://elsewhere/x?y', 'moved'),
  replyOf('404 Not Found', 'X-Origin: no', 'nothing there'),
  replyOf('503 Service Unavailable', 'Retry-After: 3', 'busy'),
  replyOf('200 OK', 'X-Accel-Redirect: /final/a.txt', 'Content-Disposition: attachment', 'unseen'),
]

const TARGETS: readonly string[] = [
  '/',
  '/exact',
  '/dir',
  '/dir/',
  '/dir/page.txt',
  '/dir/none',
  '/dir/jump',
  '/dir/page.txt/more',
  '/final/a.txt',
  '/final/',
  '/re/file.txt',
  '/RE/other',
  '/old/page.txt',
  '/again/1',
  '/gone/a?x=1',
  '/see/dir',
  '/new/thing',
  '/deep/er/page.txt',
  '/deep/page.txt',
  '/twice/a/b',
  '//dir//page.txt',
  '/a%20b/%c3%a9?q=%20',
  '/none.txt',
]

const QUERIES = [
  '',
  'a=1',
  'b=2&color=red',
  'c=1&color=green',
  'c=2',
  'stop=1',
  'to=x',
  'e=10m',
  'ip=10.1.2.3&id=7',
]
const FIELDS = [
  'Cookie: id=seven; b=c',
  'X-Real: 192.0.2.7',
  'X-Real: 10.0.0.1, 10.9.1.1',
  'Authorization: Basic c3RhZmY6c2VjcmV0',
  'Authorization: Basic c3RhZmY6d3Jvbmc=',
  'If-Range: "x"',
  'X-Role: admin',
  'Range: bytes=2-5',
  'If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT',
]
const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'DELETE']

/** `count` configurations and what is asked of each. */
export function generateCases(seed: number, count: number, asksEach: number): Case[] {
  const random = new SeededRandom(seed)
  return Array.from({ length: count }, (_, index) => ({
    name: `seed ${seed}, ${index}`,
    server: makeServer(random),
    asks: Array.from({ length: asksEach }, () => makeAsking(random)),
  }))
}

function makeServer(random: SeededRandom): string {
  const lines = withoutRepeats(['root ROOT;', ...some(random, SERVER_LINES, 6)])
  const matches = some(random, MATCHES, 6)
  const locations = matches.map(
    match => `location ${match} {\n    ${makeLocation(random, match)}\n  }`,
  )
  const named = 'location @named { return 200 "named $uri $status"; }'
  return `${[...lines, ...locations, named].join('\n  ')}\n`
}

function makeLocation(random: SeededRandom, match: string): string {
  const lines = some(random, LOCATION_LINES, 4)
  const inner = match.startsWith('/') && random.oneIn(4) ? [makeNested(random, match)] : []
  return [...withoutRepeats(lines), ...makeContent(random, match), ...inner].join('\n    ')
}

/** A location in a location: what it does not say it has from around it. */
function makeNested(random: SeededRandom, match: string): string {
  const path = `${match.endsWith('/') ? match : `${match}/`}${random.pick(['page', 'file', 'a', 'er/'])}`
  const lines = withoutRepeats(some(random, LOCATION_LINES, 3))
  return `location ${path} { ${[...lines, ...makeContent(random, path)].join(' ')} }`
}

function makeContent(random: SeededRandom, match: string): string[] {
  const isRegex = match.startsWith('~')
  switch (random.below(5)) {
    case 0:
      return ['proxy_pass http://peers;', ...withoutRepeats(some(random, PROXY_LINES, 4))]
    case 1: {
      const uri = isRegex ? '' : random.pick(['/', '/up/', '/up'])
      return [`proxy_pass http://peers${uri};`, ...withoutRepeats(some(random, PROXY_LINES, 2))]
    }
    case 2:
      return [
        random.pick([
          'try_files $uri $uri/ /fallback.html;',
          'try_files $uri @named;',
          'try_files /none =404;',
        ]),
      ]
    case 3:
      return [
        random.pick([
          'return 200 "$own|$color|$kind|$uri|$args";',
          'return 301 /exact;',
          'return 404;',
        ]),
      ]
    default:
      return []
  }
}

/** Directives that a block may have once only; the first stays. Lists are allowed again and again. */
const LISTS =
  /^(?:set|if|rewrite|return|add_header|error_page|proxy_set_header|proxy_hide_header|proxy_pass_header|proxy_redirect|proxy_cookie_\w+|allow|deny|set_real_ip_from)\b/

function withoutRepeats(lines: readonly string[]): string[] {
  const seen = new Set<string>()
  return lines.filter(line => {
    const names = line.startsWith('if ') ? [] : namesOf(line)
    if (names.some(name => seen.has(name))) return false
    for (const name of names) seen.add(name)
    return true
  })
}

/** The directives of a line that a block may have once only. */
function namesOf(line: string): string[] {
  return line
    .split(/;\s*/)
    .filter(text => text !== '' && !LISTS.test(text))
    .map(text => text.split(' ')[0]!)
}

/** Up to `most` of the items, each once, in the order of chance. */
function some<Item>(random: SeededRandom, items: readonly Item[], most: number): Item[] {
  const left = [...items]
  const chosen: Item[] = []
  for (let count = 1 + random.below(most); count > 0; count--) {
    chosen.push(...left.splice(random.below(left.length), 1))
  }
  return chosen
}

function makeAsking(random: SeededRandom): Asking {
  const target = random.pick(TARGETS)
  const query = random.pick(QUERIES)
  const method = random.pick(METHODS)
  const fields = random.oneIn(3) ? [random.pick(FIELDS)] : []
  const joint = target.includes('?') ? '&' : '?'
  const whole = query === '' ? target : `${target}${joint}${query}`
  const isSending = method === 'POST'
  const text = request(method, whole, ...fields, ...(isSending ? ['Content-Length: 4'] : []))
  return {
    request: isSending ? `${text}sent` : text,
    reply: random.pick(REPLIES),
  }
}
