// The values of YAML one by one: durations, sizes, dollars, names, and how a file is recognized.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { escapeText, writeTemplate } from '../../../src/config/yaml/interpolation.ts'
import { parseServerName, serverNameText } from '../../../src/config/yaml/match-kinds.ts'
import {
  parseDuration,
  parseSize,
  printDuration,
  printSize,
} from '../../../src/config/yaml/measures.ts'
import { yamlReader } from '../../../src/config/yaml/reader.ts'
import type { Template } from '../../../src/model/template.ts'
import { readYaml } from './golden.ts'

describe('parseDuration', () => {
  const ROWS: readonly (readonly [text: string, ms: number | null])[] = [
    ['0', 0],
    ['30s', 30_000],
    ['500ms', 500],
    ['1m', 60_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['0s', 0],
    ['30', null],
    ['', null],
    ['s', null],
    ['-1s', null],
    ['1.5s', null],
    ['1s1m', null],
    ['1s1s', null],
    ['1 s', null],
    ['1S', null],
    ['99999d', null],
  ]
  for (const [text, ms] of ROWS) {
    it(`${ms === null ? 'refuses' : 'reads'} "${text}"`, () => {
      assert.equal(parseDuration(text), ms)
    })
  }

  it('reads back what printDuration prints', () => {
    for (const ms of [0, 1, 999, 1000, 90_000, 3_600_000, 86_400_000, 172_800_000, 93_784_005]) {
      assert.equal(parseDuration(String(printDuration(ms))), ms)
    }
  })
})

describe('parseSize', () => {
  const ROWS: readonly (readonly [text: string, bytes: number | null])[] = [
    ['0', 0],
    ['512', 512],
    ['16k', 16_384],
    ['16K', 16_384],
    ['300m', 314_572_800],
    ['1g', 1_073_741_824],
    ['1.5k', null],
    ['1kb', null],
    ['k', null],
    ['-1', null],
    ['', null],
    ['999999999999999g', null],
  ]
  for (const [text, bytes] of ROWS) {
    it(`${bytes === null ? 'refuses' : 'reads'} "${text}"`, () => {
      assert.equal(parseSize(text), bytes)
    })
  }

  it('reads back what printSize prints', () => {
    for (const bytes of [0, 1, 1023, 1024, 1025, 1_048_576, 314_572_800, 1_073_741_824]) {
      assert.equal(parseSize(String(printSize(bytes))), bytes)
    }
  })
})

describe('a dollar', () => {
  const body = (text: string): Template | null | undefined => {
    const quoted = JSON.stringify(text)
    const { config } = readYaml(
      `servers: [{ listen: 80, return: { status: 200, body: ${quoted} } }]`,
    )
    return config?.servers[0]?.returns?.text
  }
  const v = (variable: string) => ({ variable })
  const ROWS: readonly (readonly [text: string, template: Template])[] = [
    ['plain', ['plain']],
    ['$host', [v('host')]],
    ['$host/$uri', [v('host'), '/', v('uri')]],
    ['${host}name', [v('host'), 'name']],
    ['$HOST', [v('host')]],
    ['$10', [v('1'), '0']],
    ['$$host', ['$host']],
    ['$$$host', ['$', v('host')]],
    ['${APP_HOST}', ['10.0.0.9']],
    ['${APP_HOST}:$server_port', ['10.0.0.9:', v('server_port')]],
    ['${UNSET:-$host}', ['$host']],
    ['${UNSET:-}', []],
    ['${EMPTY:-x}', ['x']],
    ['${EMPTY}', []],
    ['${DOLLAR}', ['$host']],
    ['$${APP_HOST}', ['${APP_HOST}']],
  ]
  for (const [text, template] of ROWS) {
    it(`in "${text}" is understood`, () => assert.deepEqual(body(text), template))
  }

  for (const text of [
    '$',
    'a$',
    '$ ',
    '$-',
    '${',
    '${}',
    '${host',
    '${UNSET}',
    '$nothing',
    '${a-b}',
  ]) {
    it(`in "${text}" is refused`, () => assert.equal(body(text), undefined))
  }

  it('survives being written', () => {
    for (const [, template] of ROWS) assert.deepEqual(body(writeTemplate(template)), template)
    const awkward: Template = ['${APP_HOST} $', v('1'), '0', v('host'), '_x$$']
    assert.deepEqual(body(writeTemplate(awkward)), awkward)
  })

  it('is nothing special where no variables are, but before a brace', () => {
    const read = (text: string) =>
      readYaml(`servers: [{ listen: 80, routes: [{ regex: ${JSON.stringify(text)} }] }]`).config
        ?.servers[0]?.locations[0]?.match
    for (const pattern of ['a$', '^$', '$$', '[$]{2}', '(?<host>a)$']) {
      assert.deepEqual(read(pattern), { kind: 'regex', pattern, isCaseInsensitive: false })
    }
    assert.equal(read('a${x}'), undefined)
    for (const pattern of ['a${x}', '$${x}', '$$${APP_HOST}']) {
      const written = read(escapeText(pattern))
      assert.deepEqual(written, { kind: 'regex', pattern, isCaseInsensitive: false })
    }
  })

  it('takes captures of the file for variables, also in capitals', () => {
    const text = `
servers:
  - listen: 80
    names: '~^(?<Name>[a-z]+)(?<PART>x)$'
    return: { status: 200, body: "$Name \${PART}s $name" }`
    const { config, diagnostics } = readYaml(text)
    assert.equal(config, null)
    assert.deepEqual(
      diagnostics.map(item => item.message),
      ['Unknown variable "$name"'],
    )
    const good = readYaml(text.replace(' $name', ''))
    const parts = [v('Name'), ' ', v('PART'), 's']
    assert.deepEqual(good.config!.servers[0]!.returns!.text, parts)
  })
})

describe('parseServerName', () => {
  it('reads back what serverNameText writes', () => {
    for (const text of ['', '_', 'a.b', '*.a', '.a', 'a.*', '~^a$', 'localhost']) {
      assert.equal(serverNameText(parseServerName(text)!), text)
    }
  })

  it('refuses what is no name', () => {
    for (const text of ['*', 'a*', '*a', '*.*', 'a.*.b', 'http://a', 'a b', 'a:80', '~', '*.']) {
      assert.equal(parseServerName(text), null, text)
    }
  })
})

describe('yamlReader.recognizes', () => {
  it('goes by the name', () => {
    for (const name of ['a.yaml', 'a.yml', '/x/A.YAML', 'a.json']) {
      assert.equal(yamlReader.recognizes(name, ''), true, name)
    }
    for (const name of ['nginx.conf', 'yaml', 'a.yaml.bak']) {
      assert.equal(yamlReader.recognizes(name, ''), false, name)
    }
  })

  it('else by the first line that says something', () => {
    const YES = [
      'servers: []',
      '# x\n\nservers:\n',
      '---\na: 1',
      '{ "servers": [] }',
      '"servers": []',
    ]
    const NO = [
      'worker_processes 1;',
      'events { }',
      'server {\n listen 80; # a: b\n}',
      '# only: this',
      'user nobody;\nhttp { }',
    ]
    for (const text of YES) assert.equal(yamlReader.recognizes('x', text), true, text)
    for (const text of NO) assert.equal(yamlReader.recognizes('x', text), false, text)
  })
})

describe('yamlReader', () => {
  it('says where each property stands, also that which is inherited', () => {
    const { config } = readYaml(
      'upstreams:\n  app:\n    - { address: 10.0.0.1, weight: 3 }\n' +
        'servers:\n  - listen: 80\n    proxy: { upstream: app }\n',
    )
    const [peer] = config!.upstreams[0]!.peers
    const { file, line, column, endColumn } = peer!.origins!.weight!
    assert.deepEqual([file, line, column, endColumn], ['/case/site.yaml', 3, 36, 37])
    const [server] = config!.servers
    assert.equal(server!.origin.line, 5)
    assert.equal(server!.origins!.listens!.line, 5)
  })

  it('says of what is inherited where it was written', () => {
    const { config } = readYaml(
      'expires: 1d\nclient: { max_body: 2m }\nservers:\n  - listen: 80\n' +
        '    proxy: { address: a }\n    routes:\n      - path: /\n        expires: 2d\n',
    )
    const [server] = config!.servers
    const lines = (origins: Readonly<Record<string, { readonly line: number }>> = {}) =>
      Object.fromEntries(Object.entries(origins).map(([name, { line }]) => [name, line]))
    assert.deepEqual(lines(server!.origins), {
      expires: 1,
      'client.bodyBytesMax': 2,
      listens: 4,
      'proxy.address': 5,
      locations: 6,
    })
    assert.deepEqual(lines(server!.locations[0]!.origins), {
      'client.bodyBytesMax': 2,
      match: 7,
      expires: 8,
    })
  })

  it('shares the settings of a level with the routes that change nothing', () => {
    const { config } = readYaml(
      'servers: [{ listen: 80, routes: [{ path: / }, { path: /a, expires: 1d }, ' +
        '{ path: /b, routes: [{ path: /b/c }] }] }]',
    )
    const [server] = config!.servers
    const [same, other, outer] = server!.locations
    assert.equal(same!.settings, server!.settings)
    assert.notEqual(other!.settings, server!.settings)
    assert.equal(other!.settings.proxy, server!.settings.proxy)
    assert.equal(outer!.locations[0]!.settings, server!.settings)
  })

  it('warns that directives of the command line are not used', () => {
    const source = { file: 'a.yaml', text: 'servers: []', lineStarts: [0] }
    const options = { prefix: '/', env: {}, globals: 'daemon off;', hostname: 'h' }
    const { config, diagnostics } = yamlReader.read(source, options)
    assert.notEqual(config, null)
    assert.deepEqual(
      diagnostics.map(item => item.severity),
      ['warning'],
    )
  })
})
