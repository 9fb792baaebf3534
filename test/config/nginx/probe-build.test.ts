// What a `health_check` takes from around it: how long it may take, what it is called, which fields
// it sends without a client; and that docs/health.md names every parameter.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { PROBE_PARAMETERS } from '../../../src/config/nginx/probe-parameters.ts'
import { readConfigText } from '../../../src/config/read.ts'
import type { Probe } from '../../../src/model/probe.ts'

const WORLD = { prefix: '/prefix', env: {}, globals: '', hostname: 'here.example' }

/** The probes of the first group of a file whose only location holds `lines`. */
function probesOf(lines: string, names = '', group = ''): readonly Probe[] {
  const server = `server { listen 80; ${names} location / { proxy_pass http://app; ${lines} } }`
  const text = `events {} http { upstream app { server 10.0.0.1; ${group} } ${server} }`
  const { config, diagnostics, sources } = readConfigText('/x/nginx.conf', text, WORLD)
  assert.equal(renderDiagnostics(diagnostics, sources), '')
  return config!.upstreams[0]!.probes
}

function httpOf(lines: string, names = ''): Extract<Probe['check'], { readonly kind: 'http' }> {
  const { check } = probesOf(`${lines} health_check;`, names)[0]!
  assert.ok(check.kind === 'http')
  return check
}

describe('buildProbe: the time of one check', () => {
  const ROWS: readonly (readonly [lines: string, check: string, ms: number])[] = [
    ['', 'health_check', 10_000],
    ['proxy_connect_timeout 1s; proxy_read_timeout 2s;', 'health_check', 3000],
    ['proxy_connect_timeout 1s;', 'health_check', 10_000],
    ['proxy_connect_timeout 1s;', 'health_check interval=30s', 30_000],
    ['proxy_connect_timeout 1s; proxy_read_timeout 2s;', 'health_check interval=30s', 3000],
    ['proxy_connect_timeout 1s; proxy_read_timeout 2s;', 'health_check timeout=90s', 90_000],
  ]
  for (const [lines, check, ms] of ROWS) {
    it(`is ${ms} ms with "${lines} ${check}"`, () => {
      assert.equal(probesOf(`${lines} ${check};`)[0]!.timeoutMs, ms)
    })
  }
})

describe('buildProbe: the fields of a check', () => {
  const HOSTS: readonly (readonly [what: string, lines: string, names: string, host: string])[] = [
    ['the name of the group', '', 'server_name www.example.com;', 'app'],
    ['what is written', 'proxy_set_header Host a.internal;', '', 'a.internal'],
    [
      'the first name of the server',
      'proxy_set_header Host $host;',
      'server_name _ *.x.example ~y www.example.com b.example;',
      'www.example.com',
    ],
    [
      'it for $http_host',
      'proxy_set_header Host $http_host;',
      'server_name a.example;',
      'a.example',
    ],
    ['the group where the server has no name', 'proxy_set_header Host $host;', '', 'app'],
    ['the group where a client is wanted', 'proxy_set_header Host $arg_a;', '', 'app'],
    ['the group where nothing is written', 'proxy_set_header Host "";', '', 'app'],
  ]
  for (const [what, lines, names, host] of HOSTS) {
    it(`has Host ${what}`, () => {
      assert.equal(httpOf(lines, names).host, host)
    })
  }

  it('leaves out what needs a client, what is empty, and what a connection is made of', () => {
    const lines = [
      'X-Real-IP $remote_addr',
      'X-Forwarded-Proto $scheme',
      'X-Both a$remote_port',
      'X-Empty ""',
      'Connection close',
      'Upgrade $http_upgrade',
      'Content-Length 5',
      'X-Node $hostname',
      'X-Group "$proxy_host $proxy_port"',
    ].map(field => `proxy_set_header ${field};`)
    assert.deepEqual(httpOf(lines.join(' ')).headers, [
      ['X-Node', 'here.example'],
      ['X-Group', 'app 80'],
    ])
  })

  it('takes its own over those of the location', () => {
    const [probe] = probesOf('proxy_set_header X-A a; health_check header=x-a:b host=c;')
    assert.ok(probe!.check.kind === 'http')
    assert.deepEqual([probe!.check.headers, probe!.check.host], [[['x-a', 'b']], 'c'])
  })
})

describe('health_check', () => {
  it('of the group comes first, then those of locations, in their order', () => {
    const lines = 'health_check uri=/b; health_check uri=/c;'
    const names = probesOf(lines, '', 'health_check uri=/a;').map(probe => probe.name)
    assert.deepEqual(names, ['/a', '/b', '/c'])
  })

  it('means what it means in nginx where nothing is written', () => {
    const [probe] = probesOf('health_check;')
    const { intervalMs, jitterMs, rise, fall, isMandatory, isPersistent, check } = probe!
    assert.deepEqual(
      { intervalMs, jitterMs, rise, fall, isMandatory, isPersistent },
      {
        intervalMs: 5000,
        jitterMs: 0,
        rise: 1,
        fall: 1,
        isMandatory: false,
        isPersistent: false,
      },
    )
    assert.ok(check.kind === 'http')
    assert.deepEqual([check.path, check.method, check.keepaliveMs], ['/', 'GET', 0])
    assert.deepEqual(check.expect.statuses, [[200, 399]])
  })

  it('has every parameter in docs/health.md', () => {
    const text = readFileSync(new URL('../../../docs/health.md', import.meta.url), 'utf8')
    const names = PROBE_PARAMETERS.map(({ name }) => name)
    assert.ok(names.length > 40)
    assert.deepEqual(
      names.filter(name => !new RegExp(`[\`"( \\[]${name}(?:=|\`)`).test(text)),
      [],
    )
  })
})
