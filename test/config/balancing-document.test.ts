// The examples of docs/balancing.md: each must be a configuration that is read without a word, and
// every method of its table must be one that both dialects know.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { readConfigText } from '../../src/config/read.ts'
import type { Upstream } from '../../src/model/upstream.ts'

const TEXT = readFileSync(new URL('../../docs/balancing.md', import.meta.url), 'utf8')

const OPTIONS = { prefix: '/nowhere', env: {}, globals: '', hostname: 'here' }

function upstreamsOf(file: string, text: string): readonly Upstream[] {
  const { config, diagnostics } = readConfigText(file, text, OPTIONS)
  assert.deepEqual(
    diagnostics.map(({ message }) => message),
    [],
  )
  return config!.upstreams
}

function methodOf([upstream]: readonly Upstream[]): unknown {
  return JSON.parse(JSON.stringify(upstream!.method))
}

describe('docs/balancing.md', () => {
  const examples = [...TEXT.matchAll(/^```(nginx|yaml)\n(.*?)^```$/gms)]

  it('has examples in both dialects', () => {
    assert.deepEqual(
      examples.map(([, dialect]) => dialect),
      ['nginx', 'nginx', 'yaml'],
    )
  })

  for (const [at, [, dialect, text]] of examples.entries()) {
    it(`shows an example that works: ${at + 1}, ${dialect}`, () => {
      const isNginx = dialect === 'nginx'
      const whole = isNginx ? `events { }\nhttp {\n${text}}\n` : text!
      const upstreams = upstreamsOf(isNginx ? 'nginx.conf' : 'site.yaml', whole)
      assert.equal(upstreams.length, 1)
      assert.notEqual(upstreams[0]!.method.kind, 'round_robin')
    })
  }

  const rows = [...TEXT.matchAll(/^\| (?:`([^`]+)`|\(none\)) \| `([^`]+)` \|/gm)]
    .map(([, nginx = '', yaml = '']) => ({ nginx, yaml }))
    .filter(({ nginx }) => !/=|^(backup|down|drain|resolve)/.test(nginx) || nginx.includes(' '))
    .filter(({ nginx }) => !nginx.startsWith('max_fails'))

  it('names every method', () => {
    assert.equal(rows.length, 13)
  })

  for (const { nginx, yaml } of rows) {
    it(`means the same by "${nginx}" and by "${yaml}"`, () => {
      const directive = nginx.replace('…', 'hash $uri').replace('KEY', '$uri')
      const peers = 'server 10.0.0.1; server 10.0.0.2;'
      const group = `upstream a { ${directive === '' ? '' : `${directive};`} ${peers} }`
      const theirs = upstreamsOf('nginx.conf', `events { }\nhttp { ${group} }\n`)
      const method = yaml.replace('KEY', '$uri')
      const file = `upstreams: { a: { method: ${method}, peers: [10.0.0.1, 10.0.0.2] } }\nservers: []\n`
      const ours = upstreamsOf('site.yaml', file)
      assert.deepEqual(methodOf(ours), methodOf(theirs))
    })
  }
})
