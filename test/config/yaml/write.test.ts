// What the writer prints must read as what it was given: for every golden case of both dialects,
// and for configurations that nobody would write.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import fc from 'fast-check'

import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { readConfig, readConfigText } from '../../../src/config/read.ts'
import { writeYaml } from '../../../src/config/yaml/write.ts'
import { checkConfig } from '../../../src/model/check.ts'
import type { Config } from '../../../src/model/config.ts'
import { DASHES } from '../../harness/golden-cases.ts'
import { readYaml, WORLD } from './golden.ts'
import { anyConfig } from './model-arbitraries.ts'

const CASES = new URL('../cases/', import.meta.url)

/**
 * Another machine, another directory, another environment: what was written must not depend on
 * them.
 */
const ELSEWHERE = {
  prefix: '/elsewhere',
  env: { HOME: '/nowhere', x: 'z' },
  globals: '',
  hostname: 'other',
}

describe('writeYaml: read again, it means the same', () => {
  for (const name of casesOf('yaml')) {
    it(`for the YAML case "${name}"`, () => {
      const { config } = readYaml(inputOf('yaml', name))
      assertReadsAs(config)
    })
  }

  for (const name of casesOf('nginx')) {
    it(`for the nginx case "${name}"`, () => {
      const directory = mkdtempSync(join(tmpdir(), 'write-'))
      try {
        const [main = '', ...others] = inputOf('nginx', name).split(/^==> (.*) <==\n/m)
        // Only those without folders; the others are the nginx reader's own matter.
        if (others.some((part, index) => index % 2 === 0 && part.includes('/'))) return
        writeFileSync(join(directory, 'nginx.conf'), main)
        for (let at = 0; at + 1 < others.length; at += 2) {
          writeFileSync(join(directory, others[at]!), others[at + 1]!)
        }
        const options = { ...WORLD, prefix: directory }
        const { config } = readConfig(join(directory, 'nginx.conf'), options)
        if (config !== null) assertReadsAs(config)
      } finally {
        rmSync(directory, { recursive: true })
      }
    })
  }

  it('for generated configurations', () => {
    fc.assert(
      fc.property(anyConfig, config => {
        // What the shared checks refuse never comes out of a reader.
        fc.pre(checkConfig(config).every(item => item.severity !== 'error'))
        assertReadsAs(config)
      }),
      { numRuns: 150, seed: 20_260 },
    )
  })
})

describe('writeYaml: its form', () => {
  it('says only what differs from the defaults', () => {
    const text = writeYaml(readYaml('servers: [{ listen: 80 }]').config!)
    assert.equal(
      text,
      [
        '# Made from /case/site.yaml (YAML)',
        '# What the defaults of YAML do not say is written out (docs/yaml.md)',
        '',
        'compat: nginx/1.30',
        'client: { body_temp_path: /prefix/client_body_temp }',
        'files: { root: /prefix/html }',
        'proxy: { temp_path: /prefix/proxy_temp }',
        '',
        'servers:',
        '  - listen: 80',
        '',
      ].join('\n'),
    )
  })

  it('writes what all servers share once, at the top', () => {
    const server = (port: number) => ({
      listen: port,
      client: { max_body: '9m' },
      expires: port === 80 ? '1d' : '2d',
    })
    const text = writeYaml(readYaml(JSON.stringify({ servers: [server(80), server(81)] })).config!)
    assert.equal(text.split('max_body').length, 2)
    assert.match(text, /^client: \{ max_body: 9m/m)
    assert.match(text, /^ {4}expires: 2d$/m)
  })

  it('does not let a file name out of its comment', () => {
    const config = { ...readYaml('servers: []').config!, file: 'a\nworkers: 7\u2028b' }
    const again = readYaml(writeYaml(config))
    assert.equal(again.config?.process.workerProcesses, 'auto')
  })

  it('keeps its nginx meaning where defaults differ', () => {
    const nginx =
      'events {} http { server { listen 80; location / { proxy_pass http://10.0.0.1; } } }'
    const { config } = readConfigText('/x/nginx.conf', nginx, WORLD)
    const text = writeYaml(config!)
    for (const line of [
      'Host: $proxy_host',
      'connect_timeout: 1m',
      'upgrade: []',
      'keepalive: 0',
    ]) {
      assert.ok(text.includes(line), line)
    }
  })
})

function casesOf(dialect: string): string[] {
  return readdirSync(new URL(`${dialect}/`, CASES)).filter(name => !name.startsWith('mistake-'))
}

function inputOf(dialect: string, name: string): string {
  return readFileSync(new URL(`${dialect}/${name}`, CASES), 'utf8').split(`${DASHES}\n`)[0]!
}

function assertReadsAs(config: Config | null): void {
  assert.notEqual(config, null)
  const text = writeYaml(config!)
  const again = readConfigText('/elsewhere/again.yaml', text, ELSEWHERE)
  assert.equal(renderErrors(again), '', text)
  assert.deepEqual(meaningOf(again.config!), meaningOf(config!), text)
}

function renderErrors({ diagnostics, sources }: ReturnType<typeof readConfigText>): string {
  return renderDiagnostics(
    diagnostics.filter(item => item.severity === 'error'),
    sources,
  )
}

const PLACES = new Set(['origin', 'origins', 'file', 'files', 'format'])

/**
 * The model without places and names of files; groups and hidden fields are sets, whatever their
 * order.
 */
function meaningOf(config: Config): unknown {
  const plain = JSON.parse(
    JSON.stringify({ ...config, file: '', files: [], format: '' }, (key, value: unknown) => {
      if (key === 'hideFields' && Array.isArray(value)) return [...value].sort()
      if (key === 'upstreams' && Array.isArray(value))
        return [...value].sort((a, b) => (a.name < b.name ? -1 : 1))
      // How a regex was written in nginx's language is for the log only.
      return ['origin', 'origins', 'written'].includes(key) ? undefined : value
    }),
  ) as object
  return Object.fromEntries(Object.entries(plain).filter(([key]) => !PLACES.has(key)))
}
