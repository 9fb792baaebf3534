// What the golden cases cannot show: directives of the command line, shared settings, places of
// model values, and the limits.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { readConfigText } from '../../../src/config/read.ts'
import { PLAIN_CACHE } from '../../../src/model/cache.ts'
import type { Config } from '../../../src/model/config.ts'
import { LIMITS } from '../../../src/model/limits.ts'
import { originOf } from '../../../src/model/origin.ts'

const OPTIONS = { prefix: '/srv', env: {}, globals: '', hostname: 'here', format: 'nginx' } as const

function read(text: string, globals = ''): Config {
  const result = readConfigText('/etc/x/nginx.conf', text, { ...OPTIONS, globals })
  assert.ok(result.config, renderDiagnostics(result.diagnostics, result.sources))
  return result.config
}

function messages(text: string, globals = ''): string[] {
  const result = readConfigText('/etc/x/nginx.conf', text, { ...OPTIONS, globals })
  assert.equal(
    result.config === null,
    result.diagnostics.some(item => item.severity === 'error'),
  )
  return result.diagnostics.map(item => item.message)
}

describe('nginxReader', () => {
  it('reads directives of the command line before the file', () => {
    const config = read('events { }', 'daemon off; pid /run/x.pid;')
    assert.equal(config.process.isDaemon, false)
    assert.equal(config.process.pidPath, '/run/x.pid')
    assert.deepEqual(config.files, ['/etc/x/nginx.conf'])
  })

  it('refuses a directive that the command line wrote already', () => {
    assert.deepEqual(messages('daemon on; events { }', 'daemon off;'), [
      '"daemon" directive is duplicate',
    ])
  })

  it('shares the settings of a block that changes nothing', () => {
    const { servers } = read(`events { } http { server { listen 1; location /a { }
      location /b { send_timeout 1s; location /b/c { return 204; } } } server { listen 2; } }`)
    const [first, second] = servers
    assert.equal(first!.settings, second!.settings)
    assert.equal(first!.locations[0]!.settings, first!.settings)
    const changed = first!.locations[1]!.settings
    assert.notEqual(changed, first!.settings)
    assert.equal(changed.proxy, first!.settings.proxy)
    assert.equal(first!.locations[1]!.locations[0]!.settings, changed)
  })

  it('makes a model that survives structured cloning', () => {
    const config = read(
      'events { } http { server { listen 1; location / { proxy_pass http://a; } } }',
    )
    assert.deepEqual(structuredClone(config), config)
  })

  it('knows the place of every parameter of a peer', () => {
    const { upstreams } = read('events { }\nhttp { upstream u { server a weight=5 max_fails=2; } }')
    const peer = upstreams[0]!.peers[0]!
    assert.deepEqual(originOf(peer, 'maxFails'), {
      file: '/etc/x/nginx.conf',
      line: 2,
      column: 39,
      endColumn: 50,
    })
    assert.equal(originOf(peer, 'maxConns').column, 21)
  })

  it('finds the pid file where nginx has it', () => {
    assert.equal(read('events { }').process.pidPath, '/srv/logs/nginx.pid')
  })

  it('keeps idle connections as the profile says, and never for implicit groups', () => {
    const text = `events { } http { upstream u { server a; } upstream k { server a; keepalive 0; }
      server { listen 1; location / { proxy_pass http://b; } } }`
    const idle = (config: Config) => config.upstreams.map(group => group.keepalive.idleMax)
    assert.deepEqual(idle(read(text)), [32, 0, 0])
    assert.deepEqual(idle(read(`compat nginx/1.28; ${text}`)), [0, 0, 0])
  })

  it('has one implicit group for each host and port', () => {
    const { upstreams } = read(`events { } http { server { listen 1;
      location /a { proxy_pass http://h; } location /b { proxy_pass http://H:80/; }
      location /c { proxy_pass http://h:81; } } }`)
    assert.deepEqual(
      upstreams.map(group => group.name),
      ['h', 'h:81'],
    )
  })

  const CACHED = `events { } http { proxy_cache_path /x keys_zone=a:1m; proxy_cache_valid 1m;
    proxy_cache_use_stale error; proxy_cache_lock on; server { listen 1;`

  it('gives a cache what the levels around its `proxy_cache` say, one by one', () => {
    const [server] = read(`${CACHED} proxy_cache a; location /a { proxy_cache_key $uri; }
      location /b { proxy_cache off; proxy_cache_lock off; location /b/c { proxy_cache a; } }
      location /d { proxy_cache_valid 404 2m; proxy_cache_use_stale off; } } }`).servers
    const [a, b, d] = server!.locations.map(location => location.settings.proxy.cache)
    const { cache: whole } = server!.settings.proxy
    const valid = [{ statuses: [200, 301, 302], seconds: 60 }]
    const plain = { ...PLAIN_CACHE, cache: ['a'], valid, useStale: ['error'], isLocking: true }
    assert.deepEqual(whole, plain)
    assert.deepEqual(a, { ...plain, key: [{ variable: 'uri' }] })
    assert.equal(b, null)
    const inner = server!.locations[1]!.locations[0]!.settings.proxy.cache
    assert.deepEqual(inner, { ...plain, isLocking: false })
    const minutes = [{ statuses: [404], seconds: 120 }]
    assert.deepEqual(d, { ...plain, valid: minutes, useStale: [] })
  })

  it('says so of a location that proxies, with lines for a cache that it does not have', () => {
    const without = 'without effect: no "proxy_cache" is on here'
    const lines = 'proxy_pass http://b; proxy_cache_min_uses 2;'
    const ROWS: readonly (readonly [text: string, says: string[]])[] = [
      [`location / { ${lines} }`, [without]],
      [`proxy_cache a; location / { ${lines} }`, []],
      [`location / { ${lines} proxy_cache off; }`, []],
      [`location / { ${lines} location /c { proxy_cache a; } }`, []],
      ['location / { proxy_cache_min_uses 2; }', []],
      ['location / { proxy_pass http://b; }', []],
    ]
    for (const [text, says] of ROWS) assert.deepEqual(messages(`${CACHED} ${text} } }`), says, text)
  })

  it('says once that a directive has no effect', () => {
    const found = messages('events { } http { sendfile on; server { listen 1; sendfile off; } }')
    assert.deepEqual(found, ['"sendfile" has no effect here: Node decides this'])
  })

  it('refuses blocks that are nested without end', () => {
    const depth = 5000
    const text = `events { } http { ${'location / { '.repeat(depth)} ${'}'.repeat(depth)} }`
    assert.ok(messages(text).some(message => /nested too deep/.test(message)))
  })

  it('reports no more findings than somebody can read', () => {
    const found = messages(`events { } http { ${'nosuch on; '.repeat(5000)} }`)
    assert.equal(found.length, LIMITS.diagnosticsMax + 1)
  })

  it('shows a text of many megabytes as quickly as it is long', () => {
    const lines = 'server { listen 80; location / { proxy_pass http://10.0.0.1; } }\n'.repeat(
      20_000,
    )
    assert.equal(read(`events { } http {\n${lines}}`).servers.length, 20_000)
  })
})
