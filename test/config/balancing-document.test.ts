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

function stickyOf([upstream]: readonly Upstream[]): unknown {
  return JSON.parse(JSON.stringify(upstream!.sticky))
}

describe('docs/balancing.md', () => {
  const examples = [...TEXT.matchAll(/^```(nginx|yaml)\n(.*?)^```$/gms)]

  it('has examples in both dialects', () => {
    assert.deepEqual(
      examples.map(([, dialect]) => dialect),
      ['nginx', 'nginx', 'nginx', 'nginx', 'yaml'],
    )
  })

  for (const [at, [, dialect, text]] of examples.entries()) {
    it(`shows an example that works: ${at + 1}, ${dialect}`, () => {
      const isNginx = dialect === 'nginx'
      const whole = isNginx ? `events { }\nhttp {\n${text}}\n` : text!
      const upstreams = upstreamsOf(isNginx ? 'nginx.conf' : 'site.yaml', whole)
      assert.equal(upstreams.length, 1)
      const { method, sticky, queue } = upstreams[0]!
      assert.ok(method.kind !== 'round_robin' || sticky !== null || queue !== null)
    })
  }

  const rows = [...TEXT.matchAll(/^\| (?:`([^`]+)`|\(none\)) \| `([^`]+)` \|/gm)]
    .map(([, nginx = '', yaml = '']) => ({ nginx, yaml }))
    .filter(
      ({ nginx }) => !/=|^(backup|down|drain|resolve|race)/.test(nginx) || nginx.includes(' '),
    )
    .filter(({ nginx }) => !/^(?:max_fails|sticky )/.test(nginx))

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

  const sessions = [...TEXT.matchAll(/^\| `(sticky [^`]+)` \| `([^`]+)` \|/gm)]

  it('names every way to keep sessions', () => {
    assert.equal(sessions.length, 4)
  })

  for (const [, nginx, yaml] of sessions) {
    it(`means the same by "${nginx}" and by "${yaml}"`, () => {
      const group = `upstream a { ${nginx}; server 10.0.0.1; }`
      const theirs = upstreamsOf('nginx.conf', `events { }\nhttp { ${group} }\n`)
      const ours = upstreamsOf(
        'site.yaml',
        `upstreams: { a: { sticky: ${yaml}, peers: [10.0.0.1] } }\nservers: []\n`,
      )
      assert.deepEqual(stickyOf(ours), stickyOf(theirs))
    })
  }

  it('means the same by both lines of a queue', () => {
    const [, nginx, yaml] = /`(queue \d[^`]*)` \(YAML: `queue: ([^`]+)`\)/.exec(TEXT)!
    const group = `upstream a { ${nginx}; server 10.0.0.1; }`
    const [theirs] = upstreamsOf('nginx.conf', `events { }\nhttp { ${group} }\n`)
    const text = `upstreams: { a: { queue: ${yaml}, peers: [10.0.0.1] } }\nservers: []\n`
    const [ours] = upstreamsOf('site.yaml', text)
    assert.deepEqual(ours!.queue, theirs!.queue)
  })
})
