// As nginx at its start: a directory for temporary files is made, its last level only, for nobody else; one that cannot
// be is an error at the directive.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { readConfigText } from '../../src/config/read.ts'
import {
  checkTemporaryDirectories,
  makeTemporaryDirectories,
  temporaryDirectories,
} from '../../src/control/temporary-directories.ts'
import { type CachePath, PLAIN_CACHE, PLAIN_CACHE_PATH } from '../../src/model/cache.ts'
import type { Config } from '../../src/model/config.ts'
import { BUILT_IN, type Origin } from '../../src/model/origin.ts'
import { type ProxySettings, STORE_MODE } from '../../src/model/proxy-settings.ts'
import type { Action, Location } from '../../src/model/route.ts'
import { literal } from '../../src/model/template.ts'
import { sampleConfig } from '../harness/sample-config.ts'

const directory = mkdtempSync(join(tmpdir(), 'temporary-directories-'))
after(() => rmSync(directory, { recursive: true }))
writeFileSync(join(directory, 'file'), '')

const PROXY: Action = {
  kind: 'proxy',
  target: {
    origin: BUILT_IN,
    scheme: 'http',
    upstream: 'a',
    address: literal('a'),
    uri: null,
  },
}

function cacheIn(path: string): CachePath {
  return { ...PLAIN_CACHE_PATH, origin: BUILT_IN, name: 'c', zoneBytes: 1_048_576, path }
}

interface Parts {
  readonly body?: string
  readonly proxy?: Partial<ProxySettings>
  readonly action?: Action
}

/** A configuration of one location; the directories are in `/p` where nothing else is said. */
function config({ body = '/p/body', proxy = {}, action = PROXY }: Parts): Config {
  const sample = sampleConfig({ prefix: '/p' })
  const [server] = sample.servers
  const { client, proxy: defaults } = server!.settings
  const settings = {
    ...server!.settings,
    client: { ...client, bodyTempPath: body },
    proxy: { ...defaults, tempPath: '/p/proxy', ...proxy },
  }
  const location: Location = {
    origin: BUILT_IN,
    match: { kind: 'prefix', path: '/', isFinal: false },
    settings,
    returns: null,
    action,
    isInternal: false,
    locations: [],
  }
  return { ...sample, servers: [{ ...server!, locations: [location] }] }
}

/** Only the body's directory counts. */
const bodyIn = (body: string) => config({ body, proxy: { isBuffering: false } })

describe('temporaryDirectories', () => {
  const ROWS: { name: string; parts: Parts; expected: string[] }[] = [
    { name: 'both of a location that proxies', parts: {}, expected: ['/p/body', '/p/proxy'] },
    { name: 'none where nothing is proxied', parts: { action: { kind: 'files' } }, expected: [] },
    {
      name: 'none for responses that are not buffered',
      parts: { proxy: { isBuffering: false } },
      expected: ['/p/body'],
    },
    {
      name: 'none for responses that may not go to a file',
      parts: { proxy: { tempFileBytesMax: 0 } },
      expected: ['/p/body'],
    },
    {
      name: 'one for responses that become files, whether they are buffered or not',
      parts: { proxy: { isBuffering: false, store: { path: 'root', mode: STORE_MODE } } },
      expected: ['/p/body', '/p/proxy'],
    },
    {
      name: 'none for requests that are not buffered',
      parts: { proxy: { isRequestBuffering: false } },
      expected: ['/p/proxy'],
    },
    {
      name: 'one for requests that are not buffered, to a peer that knows no chunks',
      parts: { proxy: { isRequestBuffering: false, httpVersion: '1.0' } },
      expected: ['/p/body', '/p/proxy'],
    },
  ]
  for (const { name, parts, expected } of ROWS) {
    it(`gives ${name}`, () => {
      assert.deepEqual([...temporaryDirectories(config(parts))], expected)
    })
  }

  it('gives the one in which a cache begins its files, whether responses are buffered or not', () => {
    const proxy = { isBuffering: false, cache: { ...PLAIN_CACHE, cache: literal('c') } }
    const plain = config({ proxy })
    const withCache = { ...plain, caches: [cacheIn('/p/cache')] }
    const direct = { ...plain, caches: [{ ...cacheIn('/p/cache'), usesTempPath: false }] }
    assert.deepEqual([...temporaryDirectories(withCache)], ['/p/body', '/p/proxy'])
    assert.deepEqual([...temporaryDirectories(direct)], ['/p/body'])
  })
})

describe('checkTemporaryDirectories', () => {
  const place: Origin = { file: 'a.conf', line: 7, column: 3, endColumn: 30 }
  const check = (path: string) =>
    checkTemporaryDirectories(bodyIn(path), { directories: new Map([[path, place]]) })

  const FINE = [
    { name: 'is there', path: directory },
    { name: 'can be made', path: join(directory, 'new') },
  ]
  for (const { name, path } of FINE) {
    it(`finds nothing wrong with one that ${name}, and makes none`, () => {
      const { diagnostics } = check(path)
      assert.deepEqual(diagnostics, [])
      assert.equal(existsSync(path), path === directory)
    })
  }

  const BAD = [
    {
      name: 'whose parent is missing',
      path: 'no/such',
      says: /^mkdir\(\) ".*no\/such" failed \(2: /,
    },
    {
      name: 'below a file',
      path: 'file/body',
      says: /^mkdir\(\) ".*" failed \(20: Not a directory\)$/,
    },
    {
      name: 'that is a file',
      path: 'file',
      says: /^mkdir\(\) ".*" failed \(it is no directory\)$/,
    },
  ]
  for (const { name, path, says } of BAD) {
    it(`refuses one ${name}, at its directive`, () => {
      const { diagnostics } = check(join(directory, path))
      assert.equal(diagnostics.length, 1)
      const [{ severity, message, origin } = assert.fail()] = diagnostics
      assert.deepEqual([severity, origin], ['error', place])
      assert.match(message, says)
    })
  }

  it("puts the system's in place of a default that cannot be had, with a notice", () => {
    const parts = { body: '/no/such/body', proxy: { tempPath: join(directory, 'fine') } }
    const { config: changed, diagnostics } = checkTemporaryDirectories(config(parts), {})
    const expected = new Set([tmpdir(), join(directory, 'fine')])
    assert.deepEqual(temporaryDirectories(changed), expected)
    assert.deepEqual(
      diagnostics.map(({ severity, message }) => [severity, message]),
      [['notice', `cannot use /no/such/body: temporary files go to ${tmpdir()}`]],
    )
  })

  it('takes one in a cache that is still to be made, and no other directory', () => {
    const cache = join(directory, 'cache')
    const path = join(cache, 'tmp')
    const at = (cachePath: string) => ({ ...bodyIn(path), caches: [cacheIn(cachePath)] })
    const found = (cachePath: string) =>
      checkTemporaryDirectories(at(cachePath), { directories: new Map([[path, place]]) })
    assert.deepEqual(found(`${cache}/`).diagnostics, [])
    assert.ok(!existsSync(cache))
    assert.match(found(directory).diagnostics[0]!.message, /^mkdir\(\) ".*cache\/tmp" failed \(2: /)
  })

  it('names the cache where it is the cache that cannot be made', () => {
    const cache = join(directory, 'no/cache')
    const path = join(cache, 'tmp')
    const { diagnostics } = checkTemporaryDirectories(
      { ...bodyIn(path), caches: [cacheIn(cache)] },
      { directories: new Map([[path, place]]) },
    )
    assert.match(diagnostics[0]!.message, /^mkdir\(\) ".*no\/cache" failed \(2: /)
  })

  it('leaves the configuration as it is where all is well', () => {
    const fine = bodyIn(directory)
    assert.equal(checkTemporaryDirectories(fine, {}).config, fine)
  })
})

describe('makeTemporaryDirectories', () => {
  it('makes the last level, for nobody else', () => {
    const path = join(directory, 'made')
    makeTemporaryDirectories(bodyIn(path))
    assert.equal(statSync(path).mode & 0o7777, 0o700)
  })

  it('leaves one alone that is there', () => {
    const path = join(directory, 'shared')
    mkdirSync(path, { mode: 0o755 })
    makeTemporaryDirectories(bodyIn(path))
    assert.equal(statSync(path).mode & 0o777, 0o755)
  })

  it('refuses to make more than the last level', () => {
    const path = join(directory, 'two/levels')
    assert.throws(
      () => makeTemporaryDirectories(bodyIn(path)),
      /^Error: mkdir\(\) ".*two\/levels" failed/,
    )
    assert.ok(!existsSync(join(directory, 'two')))
  })

  it('makes the cache that it stands in before it', () => {
    const cache = join(directory, 'made-cache')
    makeTemporaryDirectories({ ...bodyIn(join(cache, 'tmp')), caches: [cacheIn(cache)] })
    assert.equal(statSync(cache).mode & 0o7777, 0o700)
    assert.equal(statSync(join(cache, 'tmp')).mode & 0o7777, 0o700)
  })

  it('makes what stands in a `proxy_cache_path`, in whatever order the two are written', () => {
    const root = mkdtempSync(join(directory, 'fresh-'))
    const lines = [
      `proxy_cache_path ${root}/cache levels=1:2 keys_zone=c:1m;`,
      `proxy_temp_path ${root}/cache/tmp;`,
      `client_body_temp_path ${root}/body;`,
    ]
    for (const written of [lines, lines.toReversed()]) {
      const server = 'server { listen 80; location / { proxy_pass http://10.0.0.1; } }'
      const text = `events { }\nhttp { ${written.join(' ')} ${server} }\n`
      const options = { prefix: root, env: {}, globals: '', hostname: 'here' }
      const read = readConfigText('nginx.conf', text, options)
      const { config: checked, diagnostics } = checkTemporaryDirectories(read.config!, read)
      assert.deepEqual(diagnostics, [])
      makeTemporaryDirectories(checked)
      assert.ok(existsSync(join(root, 'cache/tmp')))
      rmSync(join(root, 'cache'), { recursive: true })
    }
  })

  it('refuses a file in its place', () => {
    assert.throws(() => makeTemporaryDirectories(bodyIn(join(directory, 'file'))), /no directory/)
  })
})
