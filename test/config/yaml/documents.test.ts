// Documents and examples agree with the tables they are made from. UPDATE_SNAPSHOTS=1 rewrites the
// generated ones.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'

import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { readConfigText } from '../../../src/config/read.ts'
import { yamlReference } from '../../../src/config/yaml/reference.ts'
import { jsonSchema } from '../../../src/config/yaml/schema.ts'
import type { Config } from '../../../src/model/config.ts'
import { addressText } from '../../../src/model/listener.ts'
import { literalText } from '../../../src/model/template.ts'
import { DASHES } from '../../harness/golden-cases.ts'
import { readYaml, WORLD } from './golden.ts'

const ROOT = new URL('../../../', import.meta.url)
const CASES = new URL('../cases/yaml/', import.meta.url)
const isUpdate = process.env.UPDATE_SNAPSHOTS === '1'

/** Compares a file with what it should be, or makes it so. */
function assertFile(path: string, expected: string): void {
  const file = new URL(path, ROOT)
  if (isUpdate) writeFileSync(file, expected)
  assert.equal(
    readFileSync(file, 'utf8'),
    expected,
    `${path} is stale: UPDATE_SNAPSHOTS=1 rewrites it`,
  )
}

describe('yamlReference', () => {
  it('is what stands in docs/yaml.md', () => {
    const [begin, end] = ['<!-- reference: begin', '<!-- reference: end -->']
    const text = readFileSync(new URL('docs/yaml.md', ROOT), 'utf8')
    const from = text.indexOf('\n', text.indexOf(begin)) + 1
    const to = text.indexOf(end)
    assert.ok(text.includes(begin) && to >= from)
    assertFile('docs/yaml.md', `${text.slice(0, from)}\n${yamlReference()}\n${text.slice(to)}`)
  })

  it('describes every key that the schema knows', () => {
    const reference = yamlReference()
    const keys = new Set<string>()
    collectKeys(jsonSchema(), keys)
    const missing = [...keys].filter(key => !reference.includes(`\`${key}\``))
    assert.ok(keys.size > 100)
    assert.deepEqual(missing, [])
  })
})

describe('jsonSchema', () => {
  const accepts = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(jsonSchema())

  it('is what stands in config/headgate.schema.json', () => {
    assertFile('config/headgate.schema.json', `${JSON.stringify(jsonSchema(), null, 2)}\n`)
  })

  for (const name of readdirSync(CASES).filter(file => !file.startsWith('mistake-'))) {
    it(`accepts the case "${name}", as the reader does`, () => {
      const [input = ''] = readFileSync(new URL(name, CASES), 'utf8').split(`${DASHES}\n`)
      assert.equal(accepts(parse(input, { merge: true })), true, JSON.stringify(accepts.errors))
    })
  }

  const REFUSED: readonly (readonly [what: string, text: string])[] = [
    ['an unknown key', 'servers: []\nupsteams: {}'],
    ['a missing key', 'upstreams: {}'],
    ['an unknown key in a route', 'servers: [{ listen: 80, routes: [{ path: /, porxy: {} }] }]'],
    ['a duration without unit', 'servers: []\nclient: { body_timeout: 30 }'],
    ['a size with a wrong unit', 'servers: []\nclient: { max_body: 3MB }'],
    ['a weight of zero', 'servers: []\nupstreams: { a: [{ address: b, weight: 0 }] }'],
    ['a word that is none of several', 'servers: []\nproxy: { http_version: 2 }'],
    ['a list where one value stands', 'servers: []\nworkers: [1]'],
  ]
  for (const [what, text] of REFUSED) {
    it(`refuses ${what}, as the reader does`, () => {
      assert.equal(accepts(parse(text)), false)
      assert.equal(readYaml(text).config, null)
    })
  }
})

describe('the examples in config/', () => {
  const names = readdirSync(new URL('config/', ROOT)).filter(name => name.endsWith('.yaml'))

  it('are all there', () => {
    const expected = ['demo', 'fastdfs-loadbalancer', 'fastdfs-tracker', 'minimal', 'reverse-proxy']
    for (const name of expected) assert.ok(names.includes(`${name}.yaml`), name)
  })

  for (const name of names) {
    it(`${name} reads without a word`, () => {
      const config = example(name)
      assert.ok(config.servers.length > 0)
    })
  }

  it('demo.yaml has three equal peers behind one listener, and no access log', () => {
    const { servers, upstreams } = example('demo.yaml')
    const [server] = servers
    assert.deepEqual(
      server!.listens.map(listen => addressText(listen.address)),
      ['127.0.0.1:8080'],
    )
    assert.deepEqual(server!.settings.accessLogs, [])
    assert.equal(upstreams[0]!.name, 'demo')
    assert.deepEqual(
      upstreams[0]!.peers.map(peer => [
        peer.name,
        peer.weight,
        peer.maxFails,
        peer.failTimeoutSeconds,
      ]),
      [9101, 9102, 9103].map(port => [`127.0.0.1:${port}`, 1, 1, 5]),
    )
  })

  it('fastdfs-tracker.yaml keeps the buffers and times of its nginx form', () => {
    const { proxy, client } = example('fastdfs-tracker.yaml').servers[0]!.settings
    assert.deepEqual(
      [proxy.connectTimeoutMs, proxy.sendTimeoutMs, proxy.readTimeoutMs, client.bodyBytesMax],
      [90_000, 90_000, 90_000, 300 * 1024 * 1024],
    )
    assert.deepEqual(
      [proxy.bufferBytes, proxy.buffersBytes, proxy.busyBuffersBytes, proxy.tempFileWriteBytes],
      [16, 4 * 64, 128, 128].map(kib => kib * 1024),
    )
    assert.deepEqual(proxy.redirects, [])
  })

  it('fastdfs-loadbalancer.yaml sends /dfs to both trackers without its prefix', () => {
    const { servers, upstreams } = example('fastdfs-loadbalancer.yaml')
    const dfs = servers[0]!.locations.find(
      ({ match }) => match.kind === 'prefix' && match.path === '/dfs',
    )!
    assert.ok(dfs.action.kind === 'proxy')
    assert.equal(dfs.action.target.upstream, 'fastdfs_tracker')
    assert.equal(literalText(dfs.action.target.uri!), '/')
    assert.equal(dfs.settings.proxy.readTimeoutMs, 150_000)
    assert.deepEqual(
      upstreams[0]!.peers.map(peer => peer.maxFails),
      [2, 2],
    )
  })

  function example(name: string): Config {
    const text = readFileSync(new URL(`config/${name}`, ROOT), 'utf8')
    const { config, diagnostics, sources } = readConfigText(`config/${name}`, text, WORLD)
    assert.equal(renderDiagnostics(diagnostics, sources), '')
    assert.equal(renderDiagnostics(readYaml(text, `config/${name}`).diagnostics, sources), '')
    return config!
  }
})

/** The names of all properties below a schema. */
function collectKeys(schema: unknown, keys: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'properties') for (const key of Object.keys(value as object)) keys.add(key)
    collectKeys(value, keys)
  }
}
