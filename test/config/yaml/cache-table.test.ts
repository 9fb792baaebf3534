// `caches` and `cache` in YAML: what holds where nothing is written, the short forms, what a level adds to the one around
// it, and that the writer takes the shortest form again.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { plainConfig } from '../../../src/config/yaml/write.ts'
import type { CacheSettings } from '../../../src/model/cache.ts'
import type { Config } from '../../../src/model/config.ts'
import { readYaml } from './golden.ts'

const CACHES = [
  { name: 'files', path: '/var/cache/files' },
  { name: 'other', path: '/var/cache/other' },
]

/** A server with a route in it; `undefined` writes nothing. */
function configOf(server: unknown, route?: unknown, top?: unknown): Config {
  const routes = [{ path: '/', cache: route }]
  const listens = [{ listen: 80, proxy: { address: '10.0.0.1' }, cache: server, routes }]
  const { config, diagnostics, sources } = readYaml(
    JSON.stringify({ caches: CACHES, cache: top, servers: listens }),
  )
  assert.equal(renderDiagnostics(diagnostics, sources), '')
  return config!
}

function ofServer(server: unknown): CacheSettings | null {
  return configOf(server).servers[0]!.settings.proxy.cache
}

function ofRoute(server: unknown, route: unknown): CacheSettings | null {
  return configOf(server, route).servers[0]!.locations[0]!.settings.proxy.cache
}

function said(cache: unknown): string[] {
  const { config, diagnostics } = readYaml(
    JSON.stringify({ caches: CACHES, servers: [{ listen: 80, cache }] }),
  )
  assert.equal(config, null)
  return diagnostics.map(({ message, hint }) => (hint === '' ? message : `${message}; ${hint}`))
}

const NAMED = ofServer('files')!

describe('caches', () => {
  it('are bounded, with directories of two levels and files written beside their place', () => {
    const [cache] = configOf(undefined).caches
    const { origin: _, origins: __, ...own } = cache!
    assert.deepEqual(own, {
      name: 'files',
      path: '/var/cache/files',
      zoneBytes: 10 * 1024 ** 2,
      levels: [1, 2],
      inactiveMs: 86_400_000,
      bytesMax: 1024 ** 3,
      freeBytesMin: 0,
      manager: { files: 100, thresholdMs: 200, sleepMs: 50 },
      loader: { files: 100, thresholdMs: 200, sleepMs: 50 },
      purger: { files: 10, thresholdMs: 50, sleepMs: 50 },
      usesTempPath: false,
      memoryBytes: 32 * 1024 ** 2,
    })
  })
})

describe('cache', () => {
  it('keeps to RFC 9111, lets one fetch for all, and answers what is stale when peers fail', () => {
    assert.deepEqual(NAMED, {
      cache: ['files'],
      mode: 'standard',
      key: ['scheme', 'proxy_host', 'http_host', 'request_uri'].map(variable => ({ variable })),
      methods: ['GET', 'HEAD'],
      convertsHead: true,
      valid: [],
      usesMin: 1,
      isLocking: true,
      lockAgeMs: 5000,
      lockTimeoutMs: 5000,
      useStale: ['error', 'timeout', 'http_500', 'http_502', 'http_503', 'http_504'],
      isUpdatedInBackground: true,
      isRevalidating: true,
      bypass: [],
      noCache: [],
      rangeOffsetMax: 1_048_576,
      purge: [],
      sliceBytes: 0,
      verifiesFastdfs: false,
    })
  })

  it('is a name, or a mapping with one', () => {
    assert.deepEqual(ofServer({ name: 'files' }), NAMED)
    assert.deepEqual(ofServer({ name: 'other', min_uses: 2 }), {
      ...NAMED,
      cache: ['other'],
      usesMin: 2,
    })
    assert.deepEqual(ofServer('$arg_cache')!.cache, [{ variable: 'arg_cache' }])
  })

  for (const off of [false, 'off', 'false', '${NO_CACHE:-off}']) {
    it(`is switched off by ${JSON.stringify(off)}`, () => {
      assert.equal(ofRoute('files', off), null)
    })
  }

  const INHERITED = { name: 'files', min_uses: 2, valid: '1h' }
  const whole = ofServer(INHERITED)!
  const LEVELS: readonly (readonly [what: string, route: unknown, expected: unknown])[] = [
    ['nothing written', undefined, whole],
    ['no keys', {}, whole],
    ['another name', 'other', { ...whole, cache: ['other'] }],
    ['one key', { lock: false }, { ...whole, isLocking: false }],
    ['a list', { valid: [] }, { ...whole, valid: [] }],
    ['a name and a key', { name: 'other', key: '$uri' }, keyed(whole)],
  ]
  for (const [what, route, expected] of LEVELS) {
    it(`takes from around it what it does not say, with ${what}`, () => {
      assert.deepEqual(ofRoute(INHERITED, route), expected)
    })
  }

  const TIMES: readonly (readonly [valid: unknown, CacheSettings['valid']])[] = [
    ['12h', [{ statuses: [200, 301, 302], seconds: 43_200 }]],
    [0, [{ statuses: [200, 301, 302], seconds: 0 }]],
    [{ on: 404, for: '1m' }, [{ statuses: [404], seconds: 60 }]],
    [{ on: 'any', for: '1s' }, [{ statuses: [], seconds: 1 }]],
    [
      ['1h', { on: [404, 410], for: 0 }],
      [
        { statuses: [200, 301, 302], seconds: 3600 },
        { statuses: [404, 410], seconds: 0 },
      ],
    ],
  ]
  for (const [valid, expected] of TIMES) {
    it(`reads the times of ${JSON.stringify(valid)}`, () => {
      assert.deepEqual(ofServer({ name: 'files', valid })!.valid, expected)
    })
  }

  it('always stores GET and HEAD', () => {
    const methods = (written: unknown) => ofServer({ name: 'files', methods: written })!.methods
    assert.deepEqual(methods([]), ['GET', 'HEAD'])
    assert.deepEqual(methods('POST'), ['GET', 'HEAD', 'POST'])
    assert.deepEqual(methods(['POST', 'GET']), ['GET', 'HEAD', 'POST'])
  })

  const WANTED =
    'the name of one of "caches", off, or a mapping such as { name: files, valid: 12h }'
  const REFUSED: readonly (readonly [cache: unknown, says: string])[] = [
    ['flies', 'Unknown cache "flies"; did you mean "files"?'],
    [true, `Cannot use "true": wants ${WANTED}; which of "caches"?`],
    ['', `Cannot use "": wants ${WANTED}`],
    [['files'], `Cannot use a list: wants ${WANTED}`],
    [{ lock: true }, 'A "cache" wants a name; add "name", one of "caches"'],
    [{ name: 'files', cache: 1 }, 'Unknown key "cache" in "cache"; docs/yaml.md lists the keys'],
    [
      { name: 'files', valid: { on: [], for: '1m' } },
      'An empty list: wants at least 1, and each is a status such as 200, or any',
    ],
  ]
  for (const [cache, says] of REFUSED) {
    it(`refuses ${JSON.stringify(cache)}`, () => {
      assert.deepEqual(said(cache), [says])
    })
  }
})

describe('writeYaml', () => {
  const FORMS: readonly (readonly [what: string, server: unknown, route: unknown])[] = [
    ['a name alone', 'files', 'other'],
    ['off', 'files', 'off'],
    ['what differs from the usual', { name: 'files', lock: false, valid: '12h' }, undefined],
    ['what differs from the level around it', 'files', { key: '$uri', fastdfs: { verify: true } }],
    ['one name more, inside a level that is off', undefined, { name: 'files', slice: '1m' }],
  ]
  for (const [what, server, route] of FORMS) {
    it(`writes ${what}`, () => {
      const { cache, servers } = plainConfig(configOf(server, route)) as {
        cache?: unknown
        servers: readonly { cache?: unknown; routes: readonly { cache?: unknown }[] }[]
      }
      // There is one server, so what it says goes to the top.
      assert.deepEqual([cache, servers[0]!.cache], [server, undefined])
      assert.deepEqual(servers[0]!.routes[0]!.cache, route)
    })
  }

  it('writes a mapping where the name alone would be another word', () => {
    const caches = [{ name: 'off', path: '/var/cache/off' }]
    const servers = [{ listen: 80, cache: { name: 'off' } }]
    const { config } = readYaml(JSON.stringify({ caches, servers }))
    assert.deepEqual((plainConfig(config!) as { cache: unknown }).cache, { name: 'off' })
  })
})

function keyed(cache: CacheSettings): CacheSettings {
  return { ...cache, cache: ['other'], key: [{ variable: 'uri' }] }
}
