// Reads `if`, `set`, `rewrite`, `break` and `return` with a real nginx (`nginx -t`) and with our reader: both take a text,
// or both refuse it, and then in the same words.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { readConfig } from '../../../src/config/read.ts'
import { withoutNginx } from '../../harness/beside-nginx.ts'

const CONDITIONS = [
  '($args)',
  '( $args )',
  '($args = x)',
  '( $args = "x" )',
  '($args = "")',
  '($args != x)',
  '($args ~ x)',
  '($args ~* "x y")',
  '($args !~ x)',
  '($args !~* ^(?<n>x)$)',
  '(-f $request_filename)',
  '(!-d /x)',
  '(-e "/a b")',
  '(!-x /x )',
  '($ARGS)',
  '()',
  '( )',
  '($)',
  '(foo)',
  '($args',
  '$args',
  '($args x)',
  '($args = x y)',
  '($args == x)',
  '($args =~ x)',
  '(-f)',
  '(-f a b)',
  '(-z /x)',
  '(!-z /x)',
  '(-ff /x)',
  '($1 = x)',
  '(${args})',
  '($nope)',
  '($args = $nope)',
]

/** Directives that may or may not stand in an `if`. */
const INSIDE = [
  'access_log off;',
  'add_header a b;',
  'break;',
  'error_page 404 /x;',
  'expires 1d;',
  'limit_rate 1k;',
  'limit_rate_after 1k;',
  'proxy_pass http://127.0.0.1:1;',
  'proxy_pass http://127.0.0.1:1/;',
  'proxy_pass http://127.0.0.1:1/$uri;',
  'return 200 x;',
  'rewrite ^ /x;',
  'rewrite_log on;',
  'root /x;',
  'sendfile on;',
  'set $x y;',
  'uninitialized_variable_warn off;',
  'alias /x;',
  'auth_basic x;',
  'client_max_body_size 1;',
  'default_type a/b;',
  'deny all;',
  'error_log stderr;',
  'if ($uri) { }',
  'if_modified_since off;',
  'index a;',
  'internal;',
  'keepalive_timeout 1;',
  'limit_except GET { }',
  'limit_req zone=a;',
  'location /a { }',
  'log_not_found off;',
  'proxy_read_timeout 1s;',
  'proxy_redirect off;',
  'proxy_set_header a b;',
  'satisfy any;',
  'server_tokens off;',
  'tcp_nodelay on;',
  'try_files /a =404;',
  'types { }',
]

const STEPS = [
  'set x y;',
  'set $ y;',
  'set $x;',
  'set $x y z;',
  'set $x $y;',
  'set $x "${y";',
  'set $x $;',
  'set $a-b c;',
  'set $Upper c; return 200 $upper;',
  'set $args c;',
  'set $limit_rate 1k;',
  'set $proxy_host c;',
  'set $uri c;',
  'set $host c;',
  'set $http_user_agent c;',
  'set $remote_addr c;',
  'set $http_own c;',
  'set $arg_x c;',
  'set $cookie_x c; return 200 $cookie_x;',
  'set $request_method c;',
  'rewrite a;',
  'rewrite a "";',
  'rewrite a b c;',
  'rewrite a b last last;',
  'rewrite a ?;',
  'rewrite ^/(.*)$ http://x.test/$1 last;',
  'rewrite ^/(.*)$ $scheme://x.test/$1 permanent;',
  'rewrite ^/(?<rest>.*)$ /$rest;',
  'rewrite a $nope;',
  'rewrite a b Break;',
  'break 1;',
  'break;',
  'return;',
  'return abc;',
  'return 1000;',
  'return 200 a b;',
  'return http://x.test/;',
  'return $scheme://x.test/;',
  'return /x;',
  'return 200 $nope;',
  'rewrite_log maybe;',
  'rewrite_log on; rewrite_log on;',
  'uninitialized_variable_warn;',
]

const TEXTS: readonly string[] = [
  ...CONDITIONS.map(condition => `location / { if ${condition} { return 200; } }`),
  ...INSIDE.map(text => `location / { if ($args) { ${text} } }`),
  ...INSIDE.map(text => `if ($args) { ${text} }`),
  ...STEPS.map(text => `location / { ${text} }`),
  ...STEPS.map(text => text),
  'location ~ x { if ($args) { proxy_pass http://127.0.0.1:1/x; } }',
  'if { }',
  'if ($args);',
  'location / { set $later x; } location /b { return 200 $later; }',
]

describe('rewrite directives beside nginx', { skip: withoutNginx() }, () => {
  let root = ''
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'rewrite-beside-'))
    mkdirSync(join(root, 'logs'))
  })
  after(() => rmSync(root, { recursive: true }))

  /** What nginx says first, without the place; empty when it takes the text. */
  function nginxSays(file: string): string {
    const run = spawnSync('nginx', ['-t', '-p', root, '-c', file, '-e', 'stderr'], {
      encoding: 'utf8',
    })
    if (run.status === 0) return ''
    const line = /\[emerg\] \d+#\d+: (.*)/.exec(run.stderr)?.[1] ?? run.stderr
    return line.replace(/ in \/\S+:\d+$/, '')
  }

  function weSay(file: string): string {
    const options = { prefix: root, env: {}, globals: '', hostname: 'here' }
    const { diagnostics } = readConfig(file, options)
    return diagnostics.find(item => item.severity === 'error')?.message ?? ''
  }

  it('takes and refuses the same, in the same words', () => {
    const file = join(root, 'nginx.conf')
    const differences: string[] = []
    for (const text of TEXTS) {
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      const own = paths.map(path => `${path}_temp_path ${root}/${path};`)
      const main = `pid ${root}/pid; error_log stderr; events { }`
      const write = (temporary: string): void => {
        const server = `server { listen 127.0.0.1:18089; ${text} }`
        writeFileSync(file, `${main}\nhttp { access_log off; ${temporary}\n${server}\n}\n`)
      }
      write(own.join(' '))
      const theirs = nginxSays(file)
      write('')
      const ours = weSay(file)
      if (ours !== theirs) differences.push(`${text}\n  nginx: ${theirs}\n  ours:  ${ours}`)
    }
    assert.deepEqual(differences, [])
  })
})
