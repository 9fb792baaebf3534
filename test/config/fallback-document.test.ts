// The table of fallbacks in docs/health.md: each row means the same in both dialects.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { readConfigText } from '../../src/config/read.ts'

const TEXT = readFileSync(new URL('../../docs/health.md', import.meta.url), 'utf8')
const OPTIONS = { prefix: '/nowhere', env: {}, globals: '', hostname: 'here' }

/** What the only group falls back to, without places. */
function fallbackOf(file: string, text: string): unknown {
  const { config, diagnostics } = readConfigText(`/nowhere/${file}`, text, OPTIONS)
  assert.deepEqual(
    diagnostics.map(({ message }) => message),
    [],
  )
  return JSON.parse(
    JSON.stringify(config!.upstreams[0]!.fallback, (key, value) =>
      key === 'origin' || key === 'origins' ? undefined : value,
    ),
  )
}

describe('docs/health.md, fallbacks', () => {
  const rows = [...TEXT.matchAll(/^\| `(fallback [^`]+)` \| `(fallback: [^`]+)` \|/gm)]

  it('names every kind', () => {
    assert.equal(rows.length, 3)
  })

  for (const [, nginx, yaml] of rows) {
    it(`means the same by "${nginx}" and by "${yaml}"`, () => {
      const group = `upstream a { server 10.0.0.1; ${nginx}; }`
      const theirs = fallbackOf('nginx.conf', `events { }\nhttp { ${group} }\n`)
      const text = `upstreams: { a: { ${yaml}, peers: [10.0.0.1] } }\nservers: []\n`
      assert.notEqual(theirs, null)
      assert.deepEqual(fallbackOf('site.yaml', text), theirs)
    })
  }
})
