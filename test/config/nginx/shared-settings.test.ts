import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { readConfigText } from '../../../src/config/read.ts'
import type { Settings } from '../../../src/model/settings.ts'

/** The settings of the first location of each server. */
function settingsOf(http: string): readonly Settings[] {
  const { config, diagnostics } = readConfigText('nginx.conf', `events { } http { ${http} }`, {
    prefix: '/prefix',
    env: {},
    globals: '',
    hostname: 'here',
    format: 'nginx',
  })
  assert.ok(config !== null, diagnostics[0]?.message)
  return config.servers.map(server => server.locations[0]!.settings)
}

function server(port: number, lines: string, location: string): string {
  return `server { listen ${port}; ${lines} location / { ${location} } }`
}

describe('SharedSettings', () => {
  it('gives levels that write the same one object', () => {
    const [a, b] = settingsOf(
      server(1, '', 'root /a; add_header X 1;') + server(2, '', 'root /a; add_header X 1;'),
    )
    assert.equal(a, b)
  })

  const rows = [
    { name: 'a value', a: server(1, '', 'root /a;'), b: server(2, '', 'root /b;') },
    { name: 'a name', a: server(1, '', 'add_header X 1;'), b: server(2, '', 'add_header Y 1;') },
    {
      name: 'what is inherited',
      a: server(1, 'proxy_hide_header A;', 'proxy_pass_header Date;'),
      b: server(2, 'proxy_hide_header B;', 'proxy_pass_header Date;'),
    },
    {
      name: 'the peers that a rule by default means',
      a: server(
        1,
        '',
        'proxy_pass http://127.0.0.1:1/; proxy_redirect default; proxy_redirect /x /y;',
      ),
      b: server(
        2,
        '',
        'proxy_pass http://127.0.0.1:2/; proxy_redirect default; proxy_redirect /x /y;',
      ),
    },
  ]
  for (const { name, a, b } of rows) {
    it(`keeps apart levels that differ in ${name}`, () => {
      const [first, second] = settingsOf(a + b)
      assert.notEqual(first, second)
      assert.notDeepEqual(first, second)
    })
  }

  it('shares what is inherited through levels that are shared themselves', () => {
    const lines = 'proxy_hide_header A;'
    const [a, b] = settingsOf(
      server(1, lines, 'proxy_pass_header Date;') + server(2, lines, 'proxy_pass_header Date;'),
    )
    assert.equal(a, b)
    assert.ok(a!.proxy.hideFields.includes('a') && !a!.proxy.hideFields.includes('date'))
  })
})
