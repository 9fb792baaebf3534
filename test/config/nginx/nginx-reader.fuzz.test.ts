// Broken configurations, made by a seeded generator out of pieces of good ones: the reader never
// throws, and every finding stands inside the text. FUZZ_SEED repeats a run.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { DIRECTIVES } from '../../../src/config/nginx/directive-table.ts'
import { nginxReader } from '../../../src/config/nginx/nginx-reader.ts'
import { lineText, makeSource } from '../../../src/config/source.ts'

const OPTIONS = { prefix: '/srv', env: {}, globals: '', hostname: 'here' }
const RUNS = 1500

const GOOD = `user www;
worker_processes auto;
events { worker_connections 1024; use epoll; }
http {
    types { text/html html htm; image/png png; }
    log_format main '$remote_addr - [$time_local] "$request" '
                    '$status "\${http_referer}"';
    # 负载均衡
    upstream files {
        server 192.0.2.1:8888 weight=2 max_fails=2 fail_timeout=30s;
        server unix:/run/b.sock backup;
        keepalive 16;
    }
    server {
        listen 8080 default_server;
        server_name *.example.org ~^(?<who>\\w+)\\.test$;
        error_page 500 502 =503 /50x.html;
        location ~* "\\.(gif|jpe?g){1}$" { expires @1h30m; add_header X-Who $who always; }
        location ^~ /files/ {
            proxy_pass http://files/;
            proxy_set_header Host $http_host;
            proxy_redirect ~*^http://([^/]+)/ /$1/;
            proxy_next_upstream error http_502;
            location /files/x { return 302 https://$host$request_uri; }
        }
    }
}
`

const PIECES = [
  ...DIRECTIVES.map(row => row.name),
  ...['{', '}', ';', '"', "'", '#', '\\', '$', '${', '\n', '\r\n', ' ', '\t', '=', '~', '~*', '^~'],
  ...['@x', '*', '.', '*.a', '(', '[', '(?<', '(?i)', '\\Q', '[[:', '{2}', '++', '-1', '0', '1g'],
  ...['1h30m', '99999999999999999999', 'unix:', 'http://', 'http://[', ':0', '\u0000', '\u{1f600}'],
  ...['\ud800', '\ufeff', 'on', 'off', 'default', '$1', '$nosuch', 'constructor', '__proto__'],
]

/** A small generator with a seed (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) % below
  }
}

function mutate(pick: (below: number) => number): string {
  let text = GOOD
  for (let count = pick(6) + 1; count > 0; count--) {
    const at = pick(text.length + 1)
    const end = Math.min(text.length, at + pick(pick(4) === 0 ? 200 : 8))
    const piece = PIECES[pick(PIECES.length)]!
    const other = text.slice(pick(text.length), pick(text.length))
    const kind = pick(5)
    if (kind === 0) text = text.slice(0, at) + text.slice(end)
    else if (kind === 1) text = text.slice(0, at) + piece + text.slice(at)
    else if (kind === 2) text = `${text.slice(0, at)} ${piece} ${text.slice(end)}`
    else if (kind === 3) text = text.slice(0, at) + other.slice(0, 300) + text.slice(at)
    else text = text.slice(0, at)
  }
  return text
}

describe('nginxReader with broken texts', () => {
  const seed = Number(process.env.FUZZ_SEED ?? 20_240_611)

  it(`never throws and always points into the text (seed ${seed})`, () => {
    const pick = random(seed)
    let refused = 0
    for (let run = 0; run < RUNS; run++) {
      const text = mutate(pick)
      const source = makeSource('f', text)
      const shown = () => `seed ${seed}, run ${run}:\n${text}`
      const result = nginxReader.read(source, OPTIONS)
      const hasErrors = result.diagnostics.some(item => item.severity === 'error')
      assert.equal(result.config === null, hasErrors, shown())
      if (hasErrors) refused++
      for (const { origin } of result.diagnostics) {
        assert.equal(origin.file, 'f', shown())
        assert.ok(origin.line >= 1 && origin.line <= source.lineStarts.length, shown())
        const line = lineText(source, origin.line)
        assert.ok(origin.column >= 1 && origin.column <= line.length + 2, shown())
        assert.ok(origin.endColumn > origin.column, shown())
      }
      renderDiagnostics(result.diagnostics, result.sources)
    }
    assert.ok(refused > RUNS / 4, `only ${refused} of ${RUNS} were broken`)
  })

  it('takes the text that the others are made from', () => {
    const result = nginxReader.read(makeSource('f', GOOD), OPTIONS)
    assert.ok(result.config)
  })
})
