// What a `match` block says of fields: how a field that must be missing is written, and what looks
// like it.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { readConfigText } from '../../../src/config/read.ts'

function read(test: string): { readonly said: string; readonly headers: unknown } {
  const match = `match m { ${test} }`
  const location = 'location / { proxy_pass http://app; health_check match=m; }'
  const group = 'upstream app { server 10.0.0.1; }'
  const text = `events {} http { ${match} ${group} server { listen 80; ${location} } }`
  const world = { prefix: '/prefix', env: {}, globals: '', hostname: 'here.example' }
  const { config, diagnostics, sources } = readConfigText('/x/nginx.conf', text, world)
  const check = config?.upstreams[0]?.probes[0]?.check
  const headers = check?.kind === 'http' ? check.expect.headers : null
  return { said: renderDiagnostics(diagnostics, sources), headers }
}

describe('match: header', () => {
  it('takes a field that must be missing', () => {
    const { said, headers } = read('header ! X-Bad;')
    assert.equal(said, '')
    assert.deepEqual(headers, [{ name: 'x-bad', test: null, isAbsent: true }])
  })

  for (const written of ['!X-Bad', '!!X-Bad']) {
    it(`refuses ${written}, which is hardly the name of a field`, () => {
      const { said, headers } = read(`header ${written};`)
      assert.match(said, new RegExp(`error: invalid header name "${written}"`))
      assert.match(said, /hint: write: header ! X-Bad\n/)
      assert.equal(headers, null)
    })
  }

  it('refuses it with a value, too', () => {
    assert.match(read('header !X-Bad = 1;').said, /invalid header name "!X-Bad"/)
  })
})
