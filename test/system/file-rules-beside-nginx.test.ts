// What a configuration says about files, by the real nginx and by the program in one directory: conditions, ranges, links,
// redirects, paths that would like to leave. Whole answers are compared.

import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { type Pair, startPair, withoutNginx } from '../harness/beside-nginx.ts'
import { compareLines, converse, describeExchange } from './transcript.ts'

const MODIFIED = 1_000_000_000
const DATE = 'Sun, 09 Sep 2001 01:46:40 GMT'
const LATER = 'Sun, 09 Sep 2001 01:46:41 GMT'
const EARLIER = 'Sun, 09 Sep 2001 01:46:39 GMT'
const ETAG = '"3b9aca00-3e8"'

const root = mkdtempSync(join(tmpdir(), 'file-rules-'))
const isRoot = process.geteuid?.() === 0

function put(name: string, text: string): void {
  writeFileSync(join(root, name), text)
  utimesSync(join(root, name), MODIFIED, MODIFIED)
}

function link(target: string, name: string, owner = 0): void {
  symlinkSync(target, join(root, name))
  if (isRoot) lchownSync(join(root, name), owner, owner)
}

function makeFiles(): void {
  // Started by root, nginx serves as somebody else.
  chmodSync(root, 0o755)
  for (const name of ['dir', 'dir/deep', 'x', 'plain', 'sp ace']) mkdirSync(join(root, name))
  put('thousand.txt', '0123456789'.repeat(100))
  put('dir/index.html', 'index')
  put('dir/deep/page.html', 'deep page')
  put('x/page.HTML', 'page')
  put('plain/a', 'a')
  put('a.tar.gz', 'gz')
  put('foreign.txt', 'foreign')
  put('back\\slash', 'backslash')
  put('..hidden', 'dots')
  put('%2e', 'percent')
  if (isRoot) chownSync(join(root, 'foreign.txt'), 1, 1)
  link('thousand.txt', 'link.txt')
  link('foreign.txt', 'to-foreign.txt')
  link('thousand.txt', 'foreign-link.txt', 1)
  mkdirSync(join(root, 'list'))
  mkdirSync(join(root, 'list/sub <dir>'))
  for (const name of [
    'a.txt',
    'B.txt',
    'b & c "d".txt',
    '.hidden',
    'x'.repeat(49),
    'y'.repeat(50),
  ]) {
    put(`list/${name}`, 'x')
  }
  put(`list/${'z'.repeat(51)}`, 'y'.repeat(20_000))
  put('list/é', 'e'.repeat(9_999))
  put('list/ten', 't'.repeat(10_000))
  put('list/mega', 'm'.repeat(1_600_000))
  put('list/tab\tquote"back\\slash', 'q')
  link('nowhere', 'list/dangling')
  link('a.txt', 'list/linked')
  utimesSync(join(root, 'list/sub <dir>'), MODIFIED, MODIFIED)
  link('dir', 'linked')
  link('dir', 'foreign-dir', 1)
  link('dir/index.html', 'plain/index.html')
  link('nowhere', 'dangling')
  link('loop', 'loop')
  link('../thousand.txt', 'dir/up.txt')
}

/** A server and what is asked of it. */
interface Rules {
  readonly name: string
  readonly server: string
  readonly asks: readonly (readonly [target: string, ...fields: string[]] | string)[]
  readonly method?: string
  /** Why some of the answers differ, and how. */
  readonly differs?: { readonly because: string; readonly lines: readonly string[] }
}

const dates = (target: string) =>
  [DATE, LATER, EARLIER, 'yesterday', ''].map(
    date => [target, `If-Modified-Since: ${date}`] as const,
  )
const ranges = (target: string, ...values: string[]) =>
  values.map(value => [target, `Range: bytes=${value}`] as const)

const RULES: readonly Rules[] = [
  ...['off', 'exact', 'before'].map(mode => ({
    name: `if_modified_since ${mode}`,
    server: `if_modified_since ${mode};`,
    asks: [
      ...dates('/thousand.txt'),
      ['/thousand.txt', `If-Modified-Since: ${LATER}`, `If-None-Match: ${ETAG}`] as const,
      ['/thousand.txt', `If-Modified-Since: ${DATE}`, 'If-None-Match: "x"'] as const,
      ['/thousand.txt', `If-Modified-Since: ${LATER}`, 'Range: bytes=0-1'] as const,
      ['/thousand.txt', `If-Unmodified-Since: ${EARLIER}`] as const,
    ],
  })),
  {
    name: 'etag off',
    server: 'etag off; location /on/ { etag on; alias ROOT/; }',
    asks: [
      '/thousand.txt',
      '/on/thousand.txt',
      ['/thousand.txt', `If-None-Match: ${ETAG}`],
      ['/thousand.txt', 'If-None-Match: *'],
      ['/thousand.txt', 'If-None-Match: , "a"'],
      ['/thousand.txt', `If-Match: ${ETAG}`],
      ['/thousand.txt', 'If-Match: *'],
      ['/thousand.txt', `If-Range: ${ETAG}`, 'Range: bytes=0-1'],
      ['/thousand.txt', `If-Range: ${DATE}`, 'Range: bytes=0-1'],
      ['/thousand.txt', `If-Modified-Since: ${DATE}`],
    ],
  },
  ...[0, 1, 2].map(most => ({
    name: `max_ranges ${most}`,
    server: `max_ranges ${most};`,
    asks: [
      '/thousand.txt',
      ...ranges('/thousand.txt', '0-1', '0-1,3-4', '0-1,3-4,6-7', '0-1,5000-', '5000-', 'x'),
    ],
  })),
  {
    name: 'disable_symlinks on',
    server: 'disable_symlinks on; location /off/ { disable_symlinks off; alias ROOT/; }',
    asks: [
      '/thousand.txt',
      '/link.txt',
      '/linked/index.html',
      '/linked/',
      '/linked',
      '/plain/',
      '/dir/up.txt',
      '/dir/',
      '/dir',
      '/dangling',
      '/loop',
      '/none',
      '/off/link.txt',
    ],
  },
  {
    name: 'disable_symlinks if_not_owner',
    server: 'disable_symlinks if_not_owner;',
    asks: [
      '/link.txt',
      '/to-foreign.txt',
      '/foreign-link.txt',
      '/foreign-dir/index.html',
      '/linked/index.html',
      '/linked/',
      '/plain/',
      '/dangling',
      '/loop',
    ],
  },
  {
    name: 'disable_symlinks from=',
    server: `disable_symlinks on from=$document_root;
      location /whole/ { disable_symlinks on from=ROOT/linked/index.html; alias ROOT/; }
      location /slash/ { disable_symlinks on from=ROOT/linked/; alias ROOT/; }
      location /part/ { disable_symlinks on from=ROOT/link; alias ROOT/; }
      location /other/ { disable_symlinks on from=/elsewhere; alias ROOT/; }
      location /link/ { disable_symlinks on from=ROOT/linked; root ROOT/linked; try_files /index.html =404; }`,
    asks: [
      '/thousand.txt',
      '/link.txt',
      '/whole/linked/index.html',
      '/slash/linked/index.html',
      '/slash/linked/deep/page.html',
      '/part/linked/index.html',
      '/other/linked/index.html',
      '/other/thousand.txt',
      '/link/x',
    ],
  },
  {
    name: 'disable_symlinks and try_files',
    server: `location / { disable_symlinks on; try_files $uri $uri/ /thousand.txt; }
      location /own/ { disable_symlinks if_not_owner; try_files /foreign-link.txt /link.txt =404; }`,
    asks: ['/link.txt', '/linked/', '/dir/', '/plain/a', '/own/'],
  },
  {
    name: 'redirects of directories',
    server: `location /relative/ { absolute_redirect off; alias ROOT/; }
      location /no-port/ { port_in_redirect off; alias ROOT/; }
      location /named/ { server_name_in_redirect on; alias ROOT/; }
      location /all/ { server_name_in_redirect on; port_in_redirect off; alias ROOT/; }`,
    asks: [
      '/dir',
      '/dir?a=b',
      '/dir/deep',
      '/sp%20ace',
      '/relative/dir',
      '/relative/dir?x',
      '/no-port/dir',
      '/named/dir',
      '/all/dir',
      '/linked',
      '/dir/../dir',
      '//dir',
    ],
  },
  {
    name: 'paths that would like to leave',
    server: 'merge_slashes off; location /alias/ { alias ROOT/dir/; }',
    asks: [
      '/../thousand.txt',
      '/dir/../../thousand.txt',
      '/dir/..%2fthousand.txt',
      '/dir/%2e%2e/thousand.txt',
      '/dir/%2e%2e%2fthousand.txt',
      '/dir/.%2e/thousand.txt',
      '/%252e%252e/thousand.txt',
      '/%2e%2e%2f%2e%2e%2fetc/passwd',
      '/dir/..%5cthousand.txt',
      '/dir/..\\thousand.txt',
      '/back%5cslash',
      '/back\\slash',
      '/..hidden',
      '/dir/...',
      '/.%00./x',
      '/thousand.txt%00',
      '/thousand.txt%2f',
      '/thousand.txt%20',
      '/dir%2findex.html',
      '/%252e',
      '/%c0%ae%c0%ae/x',
      '/%u002e/x',
      '/alias/../thousand.txt',
      '/alias/%2e%2e/thousand.txt',
      '/alias/..%2f..%2fthousand.txt',
      '/dir//index.html',
      '//thousand.txt',
      '/./thousand.txt',
      '/dir/./',
      '/dir/.',
      '/dir/..',
      '/thousand.txt/.',
      '/thousand.txt/..',
    ],
  },
  {
    name: 'an alias around other locations',
    server: `location /alias/ { alias ROOT/dir/;
        location /alias/deep/ { add_header X-In path; }
        location = /alias/index.html { add_header X-In exact; }
        location ~ page { add_header X-In regex; }
        location /alias/x/ { alias ROOT/x/; }
        location /alias/again/ { alias ROOT/dir/; } }`,
    asks: [
      '/alias/index.html',
      '/alias/deep',
      '/alias/deep/page.html',
      '/alias/deep/missing',
      '/alias/page',
      '/alias/x/page.HTML',
      '/alias/again/deep/page.html',
      '/alias/again/none',
    ],
  },
  {
    name: 'types of files',
    server: `types { text/plain txt; application/gzip gz; text/html html; }
      location /own/ { types { image/x txt TXT; } default_type text/odd; alias ROOT/; }
      location /none/ { types { } alias ROOT/; }
      location /forced/ { types { } default_type application/octet-stream; alias ROOT/; }`,
    asks: [
      '/thousand.txt',
      '/x/page.HTML',
      '/a.tar.gz',
      '/plain/a',
      '/..hidden',
      '/own/thousand.txt',
      '/own/x/page.HTML',
      '/none/thousand.txt',
      '/forced/thousand.txt',
    ],
  },
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'HEAD'].map(method => ({
    name: `${method} to files`,
    method,
    server: 'location = /ok { return 200; } error_page 418 /thousand.txt;',
    asks: [
      ['/thousand.txt', 'Content-Length: 0'] as const,
      ['/dir/', 'Content-Length: 0'] as const,
      ['/dir', 'Content-Length: 0'] as const,
      ['/none', 'Content-Length: 0'] as const,
      ['/plain/', 'Content-Length: 0'] as const,
    ],
  })),
  {
    name: 'autoindex',
    server: `autoindex on; location /off/ { autoindex off; alias ROOT/; }
      location /round/ { autoindex_exact_size off; alias ROOT/; }
      location /local/ { autoindex_localtime on; alias ROOT/; }
      location /json/ { autoindex_format json; alias ROOT/; }
      location /jsonp/ { autoindex_format jsonp; alias ROOT/; }
      location /xml/ { autoindex_format xml; alias ROOT/; }`,
    asks: [
      '/list/',
      '/list/sub%20%3Cdir%3E/',
      '/dir/',
      '/list',
      '/none/',
      '/off/list/',
      '/round/list/',
      '/json/list/',
      '/json/list/sub%20%3Cdir%3E/',
      '/jsonp/list/?callback=my.list_1',
      '/jsonp/list/?callback=',
      '/jsonp/list/?a=b',
      '/jsonp/list/?callback=a(b)',
      '/xml/list/',
      '/local/list/',
      '/thousand.txt/',
    ],
  },
  ...['HEAD', 'POST'].map(method => ({
    name: `autoindex with ${method}`,
    method,
    server: 'autoindex on;',
    asks: [['/list/', 'Content-Length: 0'] as const],
  })),
  {
    name: 'try_files in a server and in locations',
    server: `try_files $uri /thousand.txt; location /l/ { try_files $uri.html $uri =410; }
      location /code/ { try_files /none =204; } location /found/ { try_files /dir/index.html =404; }
      location /dir-only/ { try_files /plain/ /dir/ =404; }
      location /arguments/ { try_files /none /echo?$args&b=2; } location = /echo { return 200 "$uri?$args"; }
      location /named/ { try_files /none @n; } location @n { return 202 "named $uri"; }`,
    asks: [
      '/x',
      '/dir/index.html',
      '/l/x',
      '/code/',
      '/found/',
      '/dir-only/',
      '/arguments/?a=1',
      '/named/',
    ],
  },
]

describe('rules about files beside nginx', { skip: withoutNginx() }, () => {
  let pair: Pair

  before(async () => {
    makeFiles()
    const servers = RULES.map(
      ({ server }, index) => `server { listen 127.0.0.1:PORT; server_name case${index}.test;
root ROOT; index index.html; ${server} }`,
    )
    pair = await startPair(
      `access_log off; types { text/html html; text/plain txt; }
server { listen 127.0.0.1:PORT default_server; return 200 "the default"; }
${servers.join('\n')}`.replaceAll('ROOT', root),
    )
  })
  after(async () => {
    await pair.end()
    pair.remove()
    rmSync(root, { recursive: true, force: true })
  })

  for (const [index, { name, asks, method = 'GET', differs }] of RULES.entries()) {
    const needsRoot = name.includes('if_not_owner') || name.includes('and try_files')
    it(name, { skip: needsRoot && !isRoot ? 'only root gives files away' : false }, async () => {
      const found: string[] = []
      for (const each of asks) {
        const [target, ...fields] = typeof each === 'string' ? [each] : each
        const request = `${[`${method} ${target} HTTP/1.1`, `Host: case${index}.test`, 'Connection: close', ...fields].join('\r\n')}\r\n\r\n`
        const lines = (port: number, answer: string) =>
          describeExchange([], answer).map(line =>
            line.replaceAll(`:${port}`, ':PORT').replaceAll(/\b0{10}\d{10}\b/g, 'BOUNDARY'),
          )
        const { nginx, headgate } = pair
        const [theirs, ours] = await Promise.all([
          converse('127.0.0.1', nginx.port, request),
          converse('127.0.0.1', headgate.port, request),
        ])
        assert.notEqual(theirs, '', 'nginx did nothing: the table is wrong')
        const differences = compareLines(lines(nginx.port, theirs), lines(headgate.port, ours))
        found.push(...differences.map(line => `${[target, ...fields].join(' ')}: ${line}`))
      }
      assert.deepEqual(found, differs?.lines ?? [])
    })
  }
})
