// What `nginx -t` refuses of limits is refused here, with its words and, behind them, at most what it leaves out: the value.
// What it takes is taken.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { readConfigText } from '../../src/config/read.ts'
import { withoutNginx } from '../harness/beside-nginx.ts'

const directory = mkdtempSync(join(tmpdir(), 'limit-refusals-'))
mkdirSync(join(directory, 'logs'))

const REQ = 'limit_req_zone $uri zone=one:10m rate=1r/s;'
const CONN = 'limit_conn_zone $uri zone=one:10m;'

/** Contents of `http`. */
const TEXTS: readonly string[] = [
  'limit_req_zone $uri zone=one:10m;',
  'limit_req_zone $uri zone=one:10m rate=1r/s sync;',
  'limit_req_zone $uri zone=one rate=1r/s;',
  'limit_req_zone $uri zone=one:x rate=1r/s;',
  'limit_req_zone $uri zone=one:10k rate=1r/s;',
  'limit_req_zone $uri zone=one:32k rate=1r/s;',
  'limit_req_zone $uri zone=:10m rate=1r/s;',
  'limit_req_zone $uri rate=2r/s rate=1r/s;',
  'limit_req_zone $uri zone=one:10m zone=two:10m;',
  'limit_req_zone $uri zone=one:10m rate=0r/s;',
  'limit_req_zone $uri zone=one:10m rate=-1r/s;',
  'limit_req_zone $uri zone=one:10m rate=1r/h;',
  'limit_req_zone $uri zone=one:10m rate=r/s;',
  'limit_req_zone $uri zone=one:10m rate=5;',
  'limit_req_zone $uri zone=one:10m foo=1;',
  'limit_req_zone $nosuch zone=one:10m rate=1r/s;',
  'limit_req_zone "" zone=one:10m rate=1r/s;',
  `${REQ} limit_req_zone $args zone=one:10m rate=1r/s;`,
  `${REQ} ${REQ}`,
  `${REQ} limit_conn_zone $args zone=one:10m;`,
  `${REQ} limit_req_zone $args zone=one:20m rate=1r/s;`,
  'limit_req burst=5;',
  'limit_req;',
  `${REQ} limit_req zone=one burst=0;`,
  `${REQ} limit_req zone=one burst=x;`,
  `${REQ} limit_req zone=one burst=;`,
  `${REQ} limit_req zone=one delay=0;`,
  `${REQ} limit_req zone=one delay=5;`,
  `${REQ} limit_req zone=one nodelays;`,
  `${REQ} limit_req zone=one nodelay delay=3;`,
  `${REQ} limit_req zone=one nodelay delay=3 burst=2;`,
  `${REQ} limit_req zone=one; limit_req zone=one burst=2;`,
  'limit_req zone=one; limit_req_zone $uri zone=one:10m rate=1r/s;',
  `${CONN} limit_conn one 0;`,
  `${CONN} limit_conn one x;`,
  `${CONN} limit_conn one -1;`,
  `${CONN} limit_conn one 65536;`,
  `${CONN} limit_conn one 65535; limit_conn one 3;`,
  `${CONN} limit_conn one;`,
  `${CONN} limit_conn one 1 2;`,
  `${CONN} ${CONN}`,
  'limit_conn_zone $uri zone=one:1k;',
  'limit_conn_zone $uri zone=one:1m rate=1r/s;',
  'limit_conn_zone $uri foo;',
  'limit_conn_zone $uri zone=one;',
  'limit_conn_zone $uri zone=:1m;',
  'limit_req_status 399;',
  'limit_req_status 400;',
  'limit_req_status 600;',
  'limit_req_status x;',
  'limit_conn_status 200;',
  'limit_conn_status 599;',
  'limit_req_log_level debug;',
  'limit_req_log_level NOTICE;',
  'limit_conn_log_level crit;',
  'limit_req_dry_run yes;',
  'limit_conn_dry_run On;',
  'limit_rate x;',
  'limit_rate 1g;',
  'limit_rate -1;',
  'limit_rate $uri;',
  'limit_rate $nosuch;',
  'limit_rate 10k; limit_rate 20k;',
  'limit_rate_after 1.5m;',
  'limit_rate_after $uri$args;',
  'proxy_limit_rate x;',
  'proxy_limit_rate 10m;',
  `${REQ} upstream a { server 127.0.0.1:1; limit_req zone=one; }`,
  'server { if ($uri) { limit_rate 10k; } }',
  'server { location / { if ($uri) { limit_rate 10k; limit_rate_after 1k; } } }',
  `${REQ} server { location / { if ($uri) { limit_req zone=one; } } }`,
  `${CONN} server { location / { if ($uri) { limit_conn one 2; } } }`,
  'server { location / { limit_req_zone $uri zone=one:10m rate=1r/s; } }',
  'server { limit_conn_zone $uri zone=one:10m; }',
  `${REQ} server { location / { limit_except GET { limit_req zone=one; } } }`,
]

/** Those of zones that nobody declared have no place in nginx, which finds them when it begins to run. */
const AT_RUN: readonly string[] = [
  'limit_req zone=two;',
  'limit_conn nope 3;',
  `${REQ} server { limit_conn one 5; }`,
  `${CONN} server { limit_req zone=one; }`,
]

/** Temporary files of nginx go below its prefix, wherever the package was built to put them. */
const NGINX_PATHS = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi']
  .map(path => `${path}_temp_path ${directory}/${path};`)
  .join(' ')

function configurationOf(http: string, paths = ''): string {
  const server = /\bserver \{/.test(http) ? '' : 'server { listen 127.0.0.1:8099; }'
  return `pid ${directory}/pid; error_log ${directory}/logs/error.log;
events { }
http { ${http} ${paths} ${server} }
`
}

/** What nginx says is wrong, without the place; empty = nothing. */
function nginxSays(text: string): string {
  const file = join(directory, 'nginx.conf')
  writeFileSync(file, text)
  const { stderr } = spawnSync('nginx', ['-t', '-p', directory, '-c', file], { encoding: 'utf8' })
  const found = /\[emerg\] (?:\d+#\d+: )?(.*)/.exec(stderr)?.[1] ?? ''
  return found.replace(/ in \S+:\d+$/, '')
}

function headgateSays(text: string): string[] {
  const { diagnostics } = readConfigText('nginx.conf', text, {
    prefix: directory,
    env: {},
    globals: '',
    hostname: 'here',
    format: 'nginx',
  })
  return diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message)
}

describe('refusals of limits beside nginx', { skip: withoutNginx() }, () => {
  after(() => rmSync(directory, { recursive: true }))

  for (const http of [...TEXTS, ...AT_RUN]) {
    it(http, () => {
      const theirs = nginxSays(configurationOf(http, NGINX_PATHS))
      const ours = headgateSays(configurationOf(http))
      if (theirs === '') assert.deepEqual(ours, [])
      else assert.ok(ours[0]?.startsWith(theirs), `nginx: ${theirs}\nhere:  ${ours.join('\n')}`)
    })
  }
})
