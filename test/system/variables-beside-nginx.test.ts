// Variables that the configuration defines, the client's address behind proxies, and the PROXY protocol: the same
// configuration in nginx and here, the same requests, the same answers.

import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { readConfig } from '../../src/config/read.ts'
import { writeYaml } from '../../src/config/yaml/write.ts'
import { withoutUnsaidPlace } from '../../src/control/conversion.ts'
import { type Pair, type Served, startPair, withoutNginx } from '../harness/beside-nginx.ts'
import { freePort } from '../harness/ports.ts'
import { Program } from '../harness/program.ts'

/** Definitions, and servers that show what they come to, by name of the host. */
const HTTP = `
access_log off;
log_format realip '$remote_addr|$remote_port|$realip_remote_addr|$request_uri';
map_hash_max_size 4096;
map_hash_bucket_size 128;
map $arg_k $plain {
  default "the default";
  a        first;
  "b c"    "two words";
  UPPER    upper;
  \\default  "a text named default";
  \\hostnames "a text named hostnames";
  \\~tilde   "no regex";
  ""       empty;
  '\${x'    odd;
}
map $arg_k $no_default { a 1; }
map $http_x_k $bytes { default none; é acute; }
map $http_host$arg_k $joined { default "$http_host/$arg_k"; ~^deep.*x$ "deep $arg_v"; }
map $arg_k $chained { default $plain; nested "<$plain><$no_default>"; }
map $arg_h $by_host {
  hostnames;
  default none;
  example.com        apex;
  *.example.com      star;
  .dotted.org        dotted;
  www.example.*      tail;
  mail.*             mail;
  *.deep.example.com deep;
  ~^re[0-9]+\\.net$   regex;
}
map $arg_k $by_regex {
  default no;
  ~^/(?<first>[a-z]+)/(?<second>[a-z]+)$ "$second-$first";
  ~*^case(.*)$ "any case:$1";
  ~^case(.*)$ "never:$1";
  ~^(\\d+)x(\\d+)$ "$2x$1";
  exact "before regexes";
  ~exact "after texts";
}
map $uri $frozen { default $uri; }
map $uri $fluid { volatile; default $uri; }
map $cycle_b $cycle_a { default "a($cycle_b)"; }
map $cycle_a $cycle_b { default "b"; "" "b-empty"; }
map $selfish $selfish { default x; x y; y x; "" first; }
map $http_x_kind $steady { default "some $host"; a b; }
map $request_id $by_request { default same; ~x never; }
map $http_x_given $http_x_made { default "made:$http_x_given"; }
map $arg_k $included { include INCLUDED/map.inc; default outside; }
geo $arg_a $net {
  default        elsewhere;
  10.0.0.0/8     ten;
  10.1.0.0/16    ten-one;
  10.1.2.3       host;
  10.1.2.128/25  half;
  192.0.2.1/24   low-bits;
  2001:db8::/32  doc;
  2001:db8:1::/48 doc-one;
  ::1            loop;
  172.16.0.0/12  dropped;
  delete 172.16.0.0/12;
  255.255.255.255 last;
}
geo $arg_a $no_geo_default { 10.0.0.0/8 ten; }
geo $arg_a $range {
  ranges;
  default out;
  10.0.0.0-10.0.0.255 wide;
  10.0.0.10-10.0.0.20 narrow;
  10.0.0.15-10.0.0.15 one;
  10.1.0.0-10.3.255.255 blocks;
  10.2.0.0-10.2.255.255 middle;
  10.9.0.0-10.9.0.9 gone;
  delete 10.9.0.0-10.9.0.9;
}
geo $own { default other; 127.0.0.0/8 loopback; }
geo $through { proxy 127.0.0.1; proxy 10.0.0.0/8; default far; 10.0.0.0/8 near; 203.0.113.0/24 doc; 127.0.0.1 here; }
geo $through_all { proxy 127.0.0.1; proxy 10.0.0.0/8; proxy_recursive; default far; 10.0.0.0/8 near; 203.0.113.0/24 doc; 127.0.0.1 here; }
split_clients "$arg_k" $part { 0.5% tiny; 10% ten; 33.33% third; 25.00% quarter; * rest; }
split_clients "$arg_k" $open { 50% half; }
split_clients "salt\${arg_k}é" $salted { 12.5% a; 12.5% b; 25% c; 50% d; }

server {
  listen 127.0.0.1:PORT;
  server_name values.test;
  location /plain { return 200 "[$plain][$no_default]"; }
  location /bytes { return 200 "[$bytes]"; }
  location /joined { return 200 "[$joined]"; }
  location /chained { return 200 "[$chained]"; }
  location /host { return 200 "[$by_host]"; }
  location /regex { return 200 "[$by_regex][$first][$second][$1]"; }
  location ~ ^/captures/(.*)$ { return 200 "[$1][$by_regex][$1]"; }
  location /frozen { error_page 404 /moved$frozen; }
  location /moved { return 200 "[$frozen][$fluid]"; }
  location /cycle { return 200 "[$cycle_a][$cycle_b]"; }
  location /selfish { return 200 "[$selfish]"; }
  location /shadow { return 200 "[$http_x_made]"; }
  location /included { return 200 "[$included]"; }
  location /net { return 200 "[$net][$no_geo_default]"; }
  location /range { return 200 "[$range]"; }
  location /own { return 200 "[$own]"; }
  location /through { return 200 "[$through][$through_all]"; }
  location /part { return 200 "[$part][$open][$salted]"; }
}
server {
  listen 127.0.0.1:PORT;
  server_name passed.test;
  location / {
    proxy_pass http://127.0.0.1:PORT/echo;
    proxy_http_version 1.1;
    proxy_set_header Host echo.test;
    proxy_set_header X-Plain $steady;
    proxy_set_header X-Set $given;
    proxy_set_header X-Other $by_request;
    set $given $arg_set;
    if ($http_x_set) { set $steady $http_x_set; }
  }
}
server {
  listen 127.0.0.1:PORT;
  server_name echo.test;
  return 200 "[$http_x_plain|$http_x_set|$http_x_other]\n";
}
server {
  listen 127.0.0.1:PORT;
  server_name lower.test;
  set_real_ip_from 127.0.0.1;
  real_ip_header x-forwarded-for;
  return 200 "$remote_addr";
}
server {
  listen 127.0.0.1:PORT;
  server_name last.test;
  set_real_ip_from 127.0.0.1;
  set_real_ip_from 10.0.0.0/8;
  set_real_ip_from 2001:db8::/32;
  real_ip_header X-Forwarded-For;
  return 200 "$remote_addr|$remote_port|$realip_remote_addr|$proxy_add_x_forwarded_for|$own";
}
server {
  listen 127.0.0.1:PORT;
  server_name recursive.test;
  set_real_ip_from 127.0.0.1;
  set_real_ip_from 10.0.0.0/8;
  set_real_ip_from 2001:db8::/32;
  real_ip_header X-Forwarded-For;
  real_ip_recursive on;
  return 200 "$remote_addr|$remote_port|$realip_remote_addr|$proxy_add_x_forwarded_for";
}
server {
  listen 127.0.0.1:PORT;
  server_name untrusting.test;
  set_real_ip_from 10.0.0.0/8;
  set_real_ip_from unix:;
  real_ip_header X-Forwarded-For;
  return 200 "$remote_addr";
}
server {
  listen 127.0.0.1:PORT;
  server_name default.test;
  set_real_ip_from localhost;
  return 200 "$remote_addr|$remote_port";
}
server {
  listen 127.0.0.1:PORT;
  server_name field.test;
  set_real_ip_from 0.0.0.0/0;
  real_ip_header CF-Connecting-IP;
  return 200 "$remote_addr";
}
server {
  listen 127.0.0.1:PORT;
  server_name located.test;
  location /none { add_header X-Out "$remote_addr" always; }
  location /one {
    set_real_ip_from 127.0.0.1;
    add_header X-Out "$remote_addr|$realip_remote_addr" always;
    location /one/inner { real_ip_header X-Inner; add_header X-Out "inner $remote_addr" always; }
  }
  location /early { set_real_ip_from 127.0.0.1; return 200 "$remote_addr"; }
}
server {
  listen 127.0.0.2:PORT proxy_protocol;
  server_name _;
  location / {
    return 200 "$proxy_protocol_addr|$proxy_protocol_port|$proxy_protocol_server_addr|$proxy_protocol_server_port|$remote_addr|$server_addr";
  }
}
server {
  listen 127.0.0.2:PORT;
  server_name trusting.test;
  set_real_ip_from 127.0.0.0/8;
  real_ip_header proxy_protocol;
  return 200 "$remote_addr|$remote_port|$proxy_protocol_addr";
}
server {
  listen 127.0.0.2:PORT;
  server_name forwarded.test;
  set_real_ip_from 127.0.0.0/8;
  set_real_ip_from 10.0.0.0/8;
  real_ip_header X-Forwarded-For;
  real_ip_recursive on;
  return 200 "$remote_addr|$proxy_protocol_addr";
}
`

interface Row {
  readonly name: string
  readonly host: string
  readonly path: string
  readonly fields?: readonly string[]
  /** What we say instead, and why. */
  readonly differs?: { readonly says: string; readonly reason: string }
  /** Where both do the same of which only one thing is right: the text that must come. */
  readonly says?: string
}

function value(what: string, text: string): Row {
  return { name: `${what} ${text}`, host: 'values.test', path: `/${what}?${text}` }
}

const VALUES: readonly Row[] = [
  ...[
    'a',
    'A',
    'b c',
    'UPPER',
    'upper',
    'default',
    'DEFAULT',
    'hostnames',
    '~tilde',
    '',
    '${x',
    'none',
    '\\default',
  ].map(k => value('plain', `k=${k.replaceAll(' ', '%20')}`)),
  value('plain', ''),
  ...['\xc3\xa9', '\xc3\x89', '\xe9'].map(bytes => ({
    ...value('bytes', ''),
    name: `bytes ${bytes}`,
    fields: [`X-K: ${bytes}`],
  })),
  value('joined', 'k=q'),
  { ...value('joined', 'k=1x&v=%41'), fields: ['X-A: 1'] },
  ...['a', 'nested', 'q'].map(k => value('chained', `k=${k}`)),
  ...[
    'example.com',
    'EXAMPLE.com',
    'example.com.',
    'www.example.com',
    'a.b.example.com',
    '.example.com',
    'x.deep.example.com',
    'deep.example.com',
    'dotted.org',
    'x.dotted.org',
    'xdotted.org',
    'www.example.org',
    'www.example.co.uk',
    'www.example',
    'www.example.',
    'mail.',
    'mail.x',
    'mail',
    're7.net',
    'RE7.net',
    're7.net.',
    'none',
    '',
    '.',
  ].map(h => value('host', `h=${h}`)),
  ...['/one/two', '/one', 'CaseXyz', 'casexyz', '3x4', 'exact', 'inexact', '', 'EXACT'].map(k =>
    value('regex', `k=${k}`),
  ),
  ...['', 'none'].map(k => ({ ...value('captures', `k=${k}`), path: `/captures/path?k=${k}` })),
  ...['/one/two', 'casexyz'].map(k => ({
    ...value('captures', `k=${k}`),
    path: `/captures/path?k=${k}`,
    differs: {
      says: k === 'casexyz' ? '[path][any case:xyz][xyz]' : '[path][two-one][one]',
      reason:
        'nginx measures a text before it writes it: what a map captures takes the place of captures ' +
        'that stand before the map, in the length that those had',
    },
  })),
  {
    name: 'a value that was asked for stays, a volatile one goes with its source',
    host: 'values.test',
    path: '/frozen/x',
  },
  {
    name: 'the same without a redirect',
    host: 'values.test',
    path: '/moved/y',
    says: '[/moved/y][/moved/y]',
  },
  value('cycle', ''),
  value('selfish', ''),
  {
    name: 'a name of a family',
    host: 'values.test',
    path: '/shadow',
    fields: ['X-Given: 7', 'X-Made: no'],
    says: '[made:7]',
  },
  ...['in', 'out'].map(k => value('included', `k=${k}`)),
  ...[
    '10.2.3.4',
    '10.1.9.9',
    '10.1.2.3',
    '10.1.2.4',
    '10.1.2.127',
    '10.1.2.128',
    '192.0.2.200',
    '192.0.3.1',
    '172.16.1.1',
    '2001:db8::1',
    '2001:db8:1::1',
    '2001:db9::',
    '::1',
    '::ffff:10.1.2.3',
    '255.255.255.255',
    '255.255.255.254',
    '0.0.0.0',
    'none',
    '',
    '10.1.2.3:80',
    '010.1.2.3',
    '10..2.3',
    '[::1]',
    '1.2.3',
    '2001:DB8::A',
  ].map(a => value('net', `a=${a}`)),
  ...[
    '9.255.255.255',
    '10.0.0.0',
    '10.0.0.9',
    '10.0.0.10',
    '10.0.0.14',
    '10.0.0.15',
    '10.0.0.16',
    '10.0.0.20',
    '10.0.0.21',
    '10.0.0.255',
    '10.0.1.0',
    '10.1.0.0',
    '10.1.255.255',
    '10.2.0.0',
    '10.2.77.1',
    '10.3.0.0',
    '10.3.255.255',
    '10.4.0.0',
    '10.9.0.5',
    '::1',
    '::ffff:10.0.0.12',
    'none',
  ].map(a => value('range', `a=${a}`)),
  value('own', ''),
  ...[
    '203.0.113.9',
    '10.0.0.1, 203.0.113.9',
    '203.0.113.9, 10.0.0.1',
    '192.0.2.1, 10.0.0.2',
    'unknown',
    '203.0.113.9, unknown, 10.0.0.1',
    '::1',
    '10.0.0.5:99',
  ].map(list => ({
    ...value('through', list),
    path: '/through',
    fields: [`X-Forwarded-For: ${list}`],
  })),
  value('through', ''),
]

const LISTS: readonly (readonly string[])[] = [
  [],
  ['X-Forwarded-For: 203.0.113.1'],
  ['X-Forwarded-For: 203.0.113.1, 203.0.113.2'],
  ['X-Forwarded-For: 203.0.113.1, 10.0.0.1'],
  ['X-Forwarded-For: 203.0.113.1,10.0.0.1 , 10.0.0.2'],
  ['X-Forwarded-For: 10.0.0.1, 10.0.0.2'],
  ['X-Forwarded-For: 203.0.113.1:4711'],
  ['X-Forwarded-For: 203.0.113.1:0'],
  ['X-Forwarded-For: 203.0.113.1:99999'],
  ['X-Forwarded-For: [2001:db8::7]:443'],
  ['X-Forwarded-For: [2001:db8::7]'],
  ['X-Forwarded-For: 2001:DB8:0:0:0:0:0:7'],
  ['X-Forwarded-For: 192.0.2.1, 2001:db8::7'],
  ['X-Forwarded-For: ::ffff:192.0.2.9'],
  ['X-Forwarded-For: ::192.0.2.9'],
  ['X-Forwarded-For: 1:0:0:2:0:0:0:3'],
  ['X-Forwarded-For: ::1'],
  ['X-Forwarded-For: fe80::1%lo'],
  ['X-Forwarded-For: unknown'],
  ['X-Forwarded-For: 203.0.113.1, unknown'],
  ['X-Forwarded-For: unknown, 10.0.0.1'],
  ['X-Forwarded-For: 203.0.113.1, , 10.0.0.1,'],
  ['X-Forwarded-For: ,'],
  ['X-Forwarded-For:'],
  ['X-Forwarded-For: 255.255.255.255'],
  ['X-Forwarded-For: 203.0.113.1', 'X-Forwarded-For: 10.0.0.1'],
  ['X-Forwarded-For: 203.0.113.1', 'X-Forwarded-For: 192.0.2.1'],
  ['X-Forwarded-For: 203.0.113.1', 'X-Forwarded-For: unknown'],
  ['X-Forwarded-For: unknown', 'X-Forwarded-For: 10.0.0.1'],
  ['X-Forwarded-For: 203.0.113.1, 10.0.0.9', 'X-Forwarded-For: 10.0.0.8, 10.0.0.7'],
  ['X-Real-IP: 203.0.113.1'],
]

const ADDRESSES: readonly Row[] = [
  ...['last.test', 'recursive.test', 'untrusting.test'].flatMap(host =>
    LISTS.map(fields => ({
      name: `${host} with ${fields.join(' and ') || 'nothing'}`,
      host,
      path: '/',
      fields,
    })),
  ),
  ...[
    ['X-Real-IP: 203.0.113.1'],
    ['X-Real-IP: 203.0.113.1, 192.0.2.1'],
    ['X-Real-IP: 203.0.113.1:80'],
    ['X-Real-IP: bad'],
    ['X-Real-IP: 203.0.113.1', 'X-Real-IP: 192.0.2.1'],
    ['X-Forwarded-For: 203.0.113.1'],
  ].map(fields => ({
    name: `the usual field with ${fields.join(' and ')}`,
    host: 'default.test',
    path: '/',
    fields,
  })),
  ...[
    ['CF-Connecting-IP: 203.0.113.1'],
    ['cf-connecting-ip: 203.0.113.1', 'CF-Connecting-IP: 192.0.2.1'],
    ['X-Real-IP: 203.0.113.1'],
  ].map(fields => ({
    name: `a field with ${fields.join(' and ')}`,
    host: 'field.test',
    path: '/',
    fields,
  })),
  {
    name: 'the list in lower case',
    host: 'lower.test',
    path: '/',
    fields: ['X-Forwarded-For: 203.0.113.1', 'X-Forwarded-For: 192.0.2.1'],
    differs: {
      says: '192.0.2.1',
      reason:
        'nginx knows its list in one spelling only, and in another takes the first line, which the ' +
        'client may have sent: whoever writes the name means the list',
    },
  },
  ...['/none', '/one', '/one/inner', '/early'].map(path => ({
    name: `the rules of location ${path}`,
    host: 'located.test',
    path,
    fields: ['X-Real-IP: 203.0.113.1', 'X-Inner: 192.0.2.1'],
  })),
]

const signature = '\r\n\r\n\0\r\nQUIT\n'

/** A header of version 2 with latin-1 bytes after its first sixteen. */
function binary(command: number, family: number, rest: string, length = rest.length): string {
  return `${signature}${String.fromCharCode(command, family, length >> 8, length & 0xff)}${rest}`
}

const IPV4 = '\xcb\x00\x71\x01\xc0\x00\x02\x07\x10\x92\x01\xbb'
const IPV6 = `${'\x20\x01\x0d\xb8'.padEnd(15, '\0')}\x01${'\0'.repeat(15)}\x01\x10\x92\x01\xbb`

interface ProxyRow {
  readonly name: string
  readonly header: string
  readonly host?: string
  readonly fields?: readonly string[]
  /** We are stricter: why. */
  readonly stricter?: string
}

const PROXY_ROWS: readonly ProxyRow[] = [
  { name: 'a line for IPv4', header: 'PROXY TCP4 203.0.113.1 192.0.2.7 4242 443\r\n' },
  { name: 'a line for IPv6', header: 'PROXY TCP6 2001:db8::1 ::1 4242 443\r\n' },
  { name: 'a line that knows nothing', header: 'PROXY UNKNOWN\r\n' },
  {
    name: 'a line that knows nothing of what it says',
    header: 'PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n',
  },
  { name: 'version 2 for IPv4', header: binary(0x21, 0x11, IPV4) },
  { name: 'version 2 for IPv6', header: binary(0x21, 0x21, IPV6) },
  {
    name: 'version 2 with values',
    header: binary(0x21, 0x11, `${IPV4}\x01\x00\x02h2\x30\x00\x02ns`),
  },
  { name: 'version 2 of a check', header: binary(0x20, 0x00, '') },
  { name: 'version 2 of a check with addresses', header: binary(0x20, 0x11, IPV4) },
  { name: 'version 2 for datagrams', header: binary(0x21, 0x12, IPV4) },
  { name: 'version 2 for a UNIX socket', header: binary(0x21, 0x31, 'x'.repeat(216)) },
  { name: 'no header', header: '' },
  { name: 'another word', header: 'PROXX TCP4 203.0.113.1 192.0.2.7 4242 443\r\n' },
  { name: 'another protocol', header: 'PROXY TCP5 203.0.113.1 192.0.2.7 4242 443\r\n' },
  {
    name: 'letters that are none of an address',
    header: 'PROXY TCP4 2x3.0.113.1 192.0.2.7 4242 443\r\n',
  },
  { name: 'a port too large', header: 'PROXY TCP4 203.0.113.1 192.0.2.7 70000 443\r\n' },
  { name: 'a port that is none', header: 'PROXY TCP4 203.0.113.1 192.0.2.7 x 443\r\n' },
  { name: 'one port', header: 'PROXY TCP4 203.0.113.1 192.0.2.7 4242\r\n' },
  { name: 'a line feed alone', header: 'PROXY TCP4 203.0.113.1 192.0.2.7 4242 443\n' },
  { name: 'another version', header: binary(0x31, 0x11, IPV4) },
  { name: 'too little for the addresses', header: binary(0x21, 0x11, IPV4.slice(0, 8)) },
  {
    name: 'no address at all',
    header: 'PROXY TCP4 1.2.3 192.0.2.7 4242 443\r\n',
    stricter: 'nginx looks at the characters only',
  },
  {
    name: 'an address of the other kind',
    header: 'PROXY TCP4 2001:db8::1 192.0.2.7 4242 443\r\n',
    stricter: 'nginx looks at the characters only',
  },
  {
    name: 'an unknown command',
    header: binary(0x22, 0x11, IPV4),
    stricter: 'the protocol has it refused; nginx takes it for a check',
  },
  {
    name: 'whom it names is the client',
    header: 'PROXY TCP4 203.0.113.1 192.0.2.7 4242 443\r\n',
    host: 'trusting.test',
  },
  { name: 'it names nobody', header: 'PROXY UNKNOWN\r\n', host: 'trusting.test' },
  { name: 'version 2 names the client', header: binary(0x21, 0x21, IPV6), host: 'trusting.test' },
  {
    name: 'another field beside it',
    header: 'PROXY TCP4 203.0.113.1 192.0.2.7 4242 443\r\n',
    host: 'forwarded.test',
    fields: ['X-Forwarded-For: 198.51.100.1, 10.0.0.1'],
  },
]

function converse(host: string, port: number, bytes: string): Promise<string> {
  return new Promise(resolve => {
    let text = ''
    const socket = connect(port, host)
    socket.setEncoding('latin1')
    socket.on('data', piece => {
      text += piece
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
    socket.write(bytes, 'latin1')
  })
}

/** Status, X-Out and body. */
function essence(answer: string): string {
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  const out = /^x-out: (.*)$/im.exec(head)?.[1] ?? ''
  const status = head.split(' ')[1] ?? 'closed'
  // Of an address that stays, the port is one that the kernel chose.
  const shown = body.replace(/(127\.0\.0\.[12])\|\d+/, '$1|EPHEMERAL')
  return `${status} ${out} ${status === '200' ? shown : ''}`
}

function request(row: Row): string {
  const lines = [
    `GET ${row.path} HTTP/1.1`,
    `Host: ${row.host}`,
    'Connection: close',
    ...(row.fields ?? []),
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

const BAD_HEADER =
  /(broken header: "PROXX [^\r\n]* 443|unknown PROXY protocol version: \d)[^,]* (while reading PROXY protocol, client: \S+), server: 127.0.0.2/g

describe('variables and addresses beside nginx', { skip: withoutNginx() }, () => {
  const included = mkdtempSync(join(tmpdir(), 'variables-beside-'))
  let pair: Pair
  before(async () => {
    chmodSync(included, 0o755)
    writeFileSync(join(included, 'map.inc'), 'in "from a file";\n')
    pair = await startPair(HTTP.replaceAll('INCLUDED', included), 'compat nginx/1.28 strict;')
  })
  after(async () => {
    await pair.end()
    pair.remove()
    rmSync(included, { recursive: true, force: true })
  })

  async function both(row: Row): Promise<readonly [string, string]> {
    const asks = [pair.nginx, pair.headgate].map(({ port }) =>
      converse('127.0.0.1', port, request(row)),
    )
    const [theirs, ours] = await Promise.all(asks)
    return [essence(theirs!), essence(ours!)]
  }

  for (const [title, rows] of Object.entries({
    'defined variables': VALUES,
    "the client's address": ADDRESSES,
  })) {
    describe(title, () => {
      for (const row of rows) {
        it(row.name, async () => {
          const [theirs, ours] = await both(row)
          assert.notEqual(theirs, 'closed  ', 'nginx did nothing: the table is wrong')
          if (row.differs !== undefined) {
            assert.notEqual(ours, theirs, `no difference any more: ${row.differs.reason}`)
            assert.equal(ours, `200  ${row.differs.says}`)
            return
          }
          assert.equal(ours, theirs)
          if (row.says !== undefined) assert.equal(ours, `200  ${row.says}`)
        })
      }
    })
  }

  it('knows a client again that sends the same head again, and one that sends another', async () => {
    const heads = ['203.0.113.1', '203.0.113.1', '203.0.113.1', '192.0.2.1', '192.0.2.1', 'bad']
    const bytes = heads
      .map((client, index) => {
        const last = index === heads.length - 1 ? 'Connection: close\r\n' : ''
        return `GET / HTTP/1.1\r\nHost: last.test\r\nX-Forwarded-For: ${client}\r\n${last}\r\n`
      })
      .join('')
    const clients = async ({ port }: Served) =>
      [...(await converse('127.0.0.1', port, bytes)).matchAll(/^([^|\s]+)\|[^|]*\|127/gm)].map(
        match => match[1],
      )
    const found = await clients(pair.headgate)
    assert.deepEqual(found, [...heads.slice(0, -1), '127.0.0.1'])
    assert.deepEqual(found, await clients(pair.nginx))
  })

  it('passes the same on for heads that come again, and another where a value was set', async () => {
    const heads = [
      'X-Kind: a',
      'X-Kind: a',
      'X-Kind: a',
      'X-Kind: q',
      'X-Kind: q',
      'X-Set: x',
      'X-Set: x',
    ]
    const bytes = heads
      .map((field, index) => {
        const last = index === heads.length - 1 ? 'Connection: close\r\n' : ''
        return `GET /?set=7 HTTP/1.1\r\nHost: passed.test\r\n${field}\r\n${last}\r\n`
      })
      .join('')
    const passed = async ({ port }: Served) =>
      (await converse('127.0.0.1', port, bytes)).match(/^\[.*\]$/gm)
    const found = await passed(pair.headgate)
    assert.deepEqual(found?.slice(0, 4), [
      ...Array(3).fill('[b|7|same]'),
      '[some passed.test|7|same]',
    ])
    assert.deepEqual(found, await passed(pair.nginx))
    assert.equal(found?.length, heads.length)
  })

  it('does the same as YAML', async t => {
    const { port: nginxPort, directory } = pair.headgate
    const options = { prefix: directory, env: {}, globals: '', hostname: 'host' }
    const { config } = readConfig(join(directory, 'nginx.conf'), options)
    const file = join(included, 'converted.yaml')
    const port = await freePort()
    const text = writeYaml(withoutUnsaidPlace(config!))
      .replaceAll(`:${nginxPort}`, `:${port}`)
      .replaceAll('/error.log', '/yaml.log')
    writeFileSync(file, text)
    const program = new Program(['run', file])
    t.after(async () => {
      program.child.kill('SIGQUIT')
      await program.ended
    })
    await program.ready()
    for (const row of [...VALUES, ...ADDRESSES]) {
      const [conf, yaml] = await Promise.all(
        [nginxPort, port].map(each => converse('127.0.0.1', each, request(row))),
      )
      assert.equal(essence(yaml!), essence(conf!), row.name)
    }
    for (const { name, header, host = 'any.test', fields = [] } of PROXY_ROWS) {
      const bytes = header + request({ name, host, path: '/', fields })
      const [conf, yaml] = await Promise.all(
        [nginxPort, port].map(each => converse('127.0.0.2', each, bytes)),
      )
      assert.equal(essence(yaml!), essence(conf!), name)
    }
  })

  it('divides many clients as nginx does', async () => {
    const rows = Array.from({ length: 300 }, (_, n) =>
      value('part', `k=client-${n * 7919}-${'x'.repeat(n % 9)}`),
    )
    const answers: (readonly [string, string])[] = []
    while (rows.length > 0) answers.push(...(await Promise.all(rows.splice(0, 20).map(both))))
    const unlike = answers.filter(([theirs, ours]) => theirs !== ours)
    assert.deepEqual(unlike, [])
    assert.equal(new Set(answers.map(([theirs]) => theirs)).size > 6, true)
  })

  describe('the PROXY protocol', () => {
    for (const row of PROXY_ROWS) {
      it(row.name, async () => {
        const ask = ({ port }: Served) => {
          const { host = 'any.test', fields = [] } = row
          return converse(
            '127.0.0.2',
            port,
            row.header + request({ name: '', host, path: '/', fields }),
          )
        }
        const [theirs, ours] = await Promise.all([ask(pair.nginx), ask(pair.headgate)])
        if (row.stricter === undefined) {
          assert.equal(essence(ours), essence(theirs))
        } else {
          assert.equal(essence(theirs).slice(0, 3), '200', `nginx refuses it too: ${row.stricter}`)
          assert.equal(ours, '')
        }
      })
    }

    it('says in the log what was wrong with a header, as nginx does', () => {
      const lines = ({ directory }: Served) => {
        const text = readFileSync(`${directory}/logs/error.log`, 'utf8')
        // This nginx writes what follows the line too; and each may have been asked more than once.
        return [...new Set([...text.matchAll(BAD_HEADER)].map(match => match.slice(1).join(' ')))]
      }
      assert.deepEqual(lines(pair.headgate), lines(pair.nginx))
      assert.equal(lines(pair.nginx).length, 2)
    })
  })

  it('says in the log that a variable goes round', () => {
    const text = readFileSync(`${pair.headgate.directory}/logs/error.log`, 'utf8')
    assert.match(text, /\[error\].*cycle while evaluating variable "selfish", client: 127.0.0.1/)
  })
})
