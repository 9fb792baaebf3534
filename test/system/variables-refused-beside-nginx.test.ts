// What nginx says of lines of `map`, `geo`, `split_clients` and of the client's address that it refuses or wonders about:
// the same words here, at the same line.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { readConfig } from '../../src/config/read.ts'
import { withoutNginx } from '../harness/beside-nginx.ts'

const directory = mkdtempSync(join(tmpdir(), 'refused-beside-'))
const file = join(directory, 'nginx.conf')

/** What stands in `http`, a line each. */
const CASES: readonly string[] = [
  'map $host plain { a b; }',
  'map $host $ { a b; }',
  'map $host $server_name { a b; }',
  'map $host $http_host { a b; }',
  'map $host $sent_http_location { a b; }',
  'map $nothing $x { a b; }',
  'map $host $x { a $nothing; }',
  'map $host $x { a; }',
  'map $host $x { a b c; }',
  'map $host $x { default a; default b; }',
  'map $host $x { same a; SAME b; }',
  'map $host $x { \\same a; same b; }',
  'map $host $x { a b; { } }',
  'map $host $x { a { } }',
  'map $host $x { hostnames; a.*.b c; }',
  'map $host $x { hostnames; a..b c; }',
  'map $host $x { hostnames; *. c; }',
  'map $host $x { hostnames; *.*.c c; }',
  'map $host $x { hostnames; .a.b c; *.a.b d; }',
  'map $host $x { hostnames; .a.b c; a.b d; }',
  'map $host $x { hostnames; a.b c; .a.b d; }',
  'map $host $x { hostnames; a.* c; A.* d; }',
  'map $host { a b; }',
  'map $host $x;',
  'geo x { default a; }',
  'geo $host x { default a; }',
  'geo $remote_addr { default a; }',
  'geo $x { word a; }',
  'geo $x { 10.0.0.0/33 a; }',
  'geo $x { 10.0.0.0/x a; }',
  'geo $x { ::/129 a; }',
  'geo $x { 255.255.255.255/32 a; }',
  'geo $x { 10.0.0.1/8 a; }',
  'geo $x { 2001:db8::1/32 a; }',
  'geo $x { 10.0.0.0/8 a; 10.0.0.0/8 b; }',
  'geo $x { default a; default b; }',
  'geo $x { delete 10.0.0.0/8; }',
  'geo $x { proxy word; }',
  'geo $x { 10.0.0.0/8; }',
  'geo $x { 10.0.0.0/8 a; ranges; }',
  'geo $x { default a; ranges; }',
  'geo $x { ranges; 10.0.0.1 a; }',
  'geo $x { ranges; 10.0.0.2-10.0.0.1 a; }',
  'geo $x { ranges; 10.0.0.1-255.255.255.255 a; }',
  'geo $x { ranges; 10.0.0.1-10.0.0.9 a; 10.0.0.5-10.0.0.15 b; }',
  'geo $x { ranges; 10.0.0.1-10.0.0.9 a; 10.0.0.1-10.0.0.9 b; }',
  'geo $x { ranges; 10.0.0.1-10.0.0.9 a; 10.0.0.0-10.0.0.10 b; }',
  'geo $x { ranges; delete 10.0.0.1-10.0.0.9; }',
  'geo $x { ranges; default a; default b; }',
  'split_clients $host x { * a; }',
  'split_clients $host $x { 10 a; }',
  'split_clients $host $x { 0% a; }',
  'split_clients $host $x { 1.234% a; }',
  'split_clients $host $x { .% a; }',
  'split_clients $host $x { 60% a; 41% b; }',
  'split_clients $host $x { * a; 1% b; }',
  'split_clients $host $x { * a; * b; }',
  'split_clients $host $x { 100% a; * b; }',
  'set_real_ip_from 10.0.0.1/8;',
  'set_real_ip_from;',
  'real_ip_header X-Real-IP; real_ip_header X-Real-IP;',
  'real_ip_recursive maybe;',
  'server { map $host $x { a b; } }',
  'upstream u { set_real_ip_from 10.0.0.1; server 127.0.0.1; }',
  'server { listen 127.0.0.1:1 proxy_protocol=on; }',
]

/** `[emerg]` and `[warn]` lines without the place, each once: it warns for IPv4 and for IPv6. */
function theirs(): readonly string[] {
  const { stderr } = spawnSync('nginx', ['-t', '-p', directory, '-c', file], { encoding: 'utf8' })
  const lines = [...stderr.matchAll(/\[(emerg|warn)\] \d+#\d+: (.*?)(?: in \S+:3)?$/gm)]
  return [
    ...new Set(
      lines.map(([, level, text]) => `${level === 'emerg' ? 'error' : 'warning'}: ${text}`),
    ),
  ]
}

function ours(): readonly string[] {
  const options = { prefix: directory, env: {}, globals: '', hostname: hostname() }
  return readConfig(file, options)
    .diagnostics.filter(({ severity }) => severity !== 'notice')
    .map(({ severity, message }) => `${severity}: ${message}`)
}

describe('variables that are refused', { skip: withoutNginx() }, () => {
  after(() => rmSync(directory, { recursive: true, force: true }))

  for (const line of CASES) {
    it(line, () => {
      writeFileSync(file, `events { }\nhttp { access_log off;\n${line}\n}\n`)
      assert.deepEqual(ours(), theirs())
    })
  }
})
