// What `rewrite_log`, `uninitialized_variable_warn`, cycles and bad rewrites say in the error log, and what access logs say
// of variables that were set, in nginx and in the program.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import {
  ask,
  getRequest,
  type Pair,
  type Served,
  startPair,
  withoutNginx,
} from '../harness/beside-nginx.ts'

const HTTP = `
log_format own '$request|$status|$uri|$args|[$first]|[$never]|[$named]|[$mixed]';
access_log DIRECTORY/logs/own.log own;
server_tokens off;
server {
  listen 127.0.0.1:PORT;
  server_name logs.test;
  root DIRECTORY/html;
  set $first "server";
  location / { return 200 "$uri"; }
  location /log/ {
    rewrite_log on; set $first "log";
    rewrite ^/log/none$ /x last; rewrite ^/log/(a+)$ /log/b?x=$1;
    if ($arg_x ~ "^(a+)$") { set $first "log $1"; }
    if ($http_user_agent !~* robot) { set $mixed "$mixed-"; }
    rewrite ^/log/c(.*)$ /there$1 redirect; rewrite ^/log/d /log/e? break;
    return 200 "$first";
  }
  location /never { return 200 "$never$never"; }
  location /quiet { uninitialized_variable_warn off; return 200 "$never"; }
  location /quiet/if { if ($arg_a) { uninitialized_variable_warn off; } return 200 "$never"; }
  location /set { set $never x; return 200 "$never"; }
  location /named/ { if ($uri ~ ^/named/(?<named>x)?(y)) { set $mixed $named; } return 200 "$named"; }
  location /cycle { rewrite ^ /cycle last; }
  location /empty { access_log off; rewrite ^ ? last; }
  location /alias/ { alias DIRECTORY/; rewrite ^/alias/(.*)$ /alias/x$1 break; }
  location /rate { set $limit_rate many; return 200 "[$limit_rate]"; }
  location /rate2 { set $limit_rate 2k; return 200 "[$limit_rate]"; }
  location /evil { if ($arg_a) { proxy_pass http://127.0.0.1:1; } if ($arg_b) { set $mixed 1; } }
}
`

const TARGETS: readonly string[] = [
  '/',
  '/log/none',
  '/log/aa',
  '/log/aa?y=1',
  '/log/z?x=aaa',
  '/log/c/d?e=f',
  '/log/d',
  '/never',
  '/quiet',
  '/quiet/if?a=1',
  '/quiet/if',
  '/set',
  '/named/xy',
  '/named/y',
  '/named/n',
  '/cycle',
  '/empty',
  '/alias/a',
  '/rate',
  '/rate2',
  '/evil?a=1&b=1',
]

/** The texts of an error log about connections, without what stands around them. */
function errorTexts({ directory }: Served): string[] {
  const text = readFileSync(join(directory, 'logs/error.log'), 'utf8').replaceAll(directory, '')
  const found = text.matchAll(
    /\[(notice|warn|error|crit|alert)\] [^:]*: \*\d+ (.*?)(?: while [a-z ]+)?, client: /g,
  )
  return Array.from(found, ([, level, message]) => `${level}: ${message}`)
}

describe('logs of rewriting beside nginx', { skip: withoutNginx() }, () => {
  let pair: Pair

  before(async () => {
    pair = await startPair(HTTP, 'compat nginx/1.28 strict;')
    for (const target of TARGETS) {
      const answers = await Promise.all(
        [pair.nginx, pair.headgate].map(({ port }) => ask(port, getRequest(target))),
      )
      const [theirs, ours] = answers.map(({ status, fields, body }) => {
        const isOwn = fields.get('content-type') === 'text/plain'
        return `${target} ${status} ${isOwn ? body.toString('latin1') : ''}`
      })
      assert.equal(ours, theirs)
    }
    await pair.end()
  })
  after(() => pair.remove())

  it('says the same in the error log', () => {
    const theirs = errorTexts(pair.nginx)
    assert.ok(theirs.length > 20)
    assert.deepEqual(errorTexts(pair.headgate), theirs)
  })

  it('writes the same into the access log', () => {
    const [theirs, ours] = [pair.nginx, pair.headgate].map(({ directory }) =>
      readFileSync(join(directory, 'logs/own.log'), 'utf8'),
    )
    assert.equal(ours, theirs)
  })
})
