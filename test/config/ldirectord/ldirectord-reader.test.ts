// How the dialect is told from others, what a virtual server becomes beside what the golden cases show, and that no
// text whatever makes the reader throw.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import fc from 'fast-check'

import { readConfigText } from '../../../src/config/read.ts'
import { writeYaml } from '../../../src/config/yaml/write.ts'
import type { Config } from '../../../src/model/config.ts'
import { templateText } from '../../../src/model/template.ts'
import { DASHES } from '../../harness/golden-cases.ts'
import { readCf, WORLD } from './golden.ts'

const CASES = new URL('../cases/ldirectord/', import.meta.url)
const SMALL = 'virtual=127.0.0.1:80\n    real=127.0.0.1:8001 masq\n'

function small(lines = '', globals = ''): Config {
  const { config, diagnostics } = readCf(`${globals}${SMALL}${lines}`)
  assert.ok(config, diagnostics.map(({ message }) => message).join('\n'))
  return config
}

describe('ldirectordReader', () => {
  for (const [file, text, format] of [
    ['/etc/ha.d/ldirectord.cf', SMALL, 'ldirectord'],
    ['LDIRECTORD.CF', SMALL, 'ldirectord'],
    ['/etc/ha.d/conf/web', SMALL, 'ldirectord'],
    ['web', `# comment\ncheckinterval = 5\n${SMALL}`, 'ldirectord'],
    ['web', 'virtual6=[::1]:80\n\treal6=[::1]:81 masq\n', 'ldirectord'],
    ['web', 'events {\n}\n# virtual=no\nhttp {\n}\n', 'nginx'],
    ['web', 'servers: [{ listen: 80, return: 204 }]\n', 'yaml'],
  ] as const) {
    it(`takes ${file} with ${JSON.stringify(text.slice(0, 20))} for ${format}`, () => {
      assert.equal(readConfigText(file, text, WORLD).config?.format, format)
    })
  }

  it('says that directives of the command line are not for it', () => {
    const options = { ...WORLD, globals: 'daemon off;' }
    const { diagnostics } = readConfigText('a.cf', SMALL, options)
    assert.match(diagnostics[0]!.message, /\(-g\) are not used/)
  })

  it('counts columns and lines of files with carriage returns and a byte order mark', () => {
    const text = `\ufeff${SMALL}    scheduler=rrr\n`.replaceAll('\n', '\r\n')
    const [found] = readConfigText('a.cf', text, WORLD).diagnostics
    assert.deepEqual(
      [found!.origin.line, found!.origin.column, found!.origin.endColumn],
      [3, 15, 18],
    )
  })

  it('reads a file of 5,000 sections in a moment', () => {
    const text = Array.from(
      { length: 5000 },
      (_, index) => `virtual=10.0.${index >> 8}.${index & 255}:80\n\treal=10.1.0.1:80 masq\n`,
    ).join('')
    const started = process.cpuUsage()
    assert.equal(readCf(text).config?.servers.length, 5000)
    const { user } = process.cpuUsage(started)
    assert.ok(user < 5_000_000, `${user / 1000} ms`)
  })

  it('never throws, whatever the text', () => {
    const words = [
      ...['virtual=', 'virtual6=', 'real=', 'request=', 'receive="', 'checktype=', 'netmask='],
      ...[
        '127.0.0.1',
        ':80',
        '->',
        ' gate',
        ' masq 1',
        '"',
        '(',
        '[',
        '\\',
        '$',
        '#',
        '\u00a0',
        '::1',
      ],
      ...['\n', '\n    ', '\n\t', '  ', '=', 'yes', '65535', 'fallback=', 'real6=[', '"/", "x"'],
    ]
    const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.string())).map(all => all.join(''))
    fc.assert(
      fc.property(text, body => {
        const { config, diagnostics } = readCf(body)
        for (const { message, origin } of diagnostics) {
          assert.ok(message !== '' && (origin.line === 0 || origin.endColumn > origin.column))
        }
        const hasErrors = diagnostics.some(({ severity }) => severity === 'error')
        assert.equal(config === null, hasErrors)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a virtual server', () => {
  it('hands Host on, and tells reals who asks', () => {
    const [server] = small().servers
    const fields = server!.settings.proxy.setFields.map(({ name, value }) => [
      name,
      templateText(value),
    ])
    assert.deepEqual(Object.fromEntries(fields), {
      Host: '$http_host',
      Connection: '',
      'X-Real-IP': '$remote_addr',
      'X-Forwarded-For': '$proxy_add_x_forwarded_for',
      'X-Forwarded-Proto': '$scheme',
    })
  })

  it('has no limit where packets had none', () => {
    const { client, proxy, accessLogs } = small().servers[0]!.settings
    assert.equal(client.bodyBytesMax, 0)
    assert.equal(proxy.readTimeoutMs, 900_000)
    assert.deepEqual(accessLogs, [])
  })

  it('tries another real after an error page, and bans no real for one', () => {
    const { servers, upstreams } = small()
    const { on } = servers[0]!.settings.proxy.retry
    assert.ok(on.includes('http_500') && on.includes('http_503') && !on.includes('non_idempotent'))
    assert.deepEqual(upstreams[0]!.passiveHealth.failOn, ['error', 'timeout', 'invalid_header'])
    assert.equal(upstreams[0]!.passiveHealth.panicPercent, 0, 'the fallback answers, not the dead')
  })

  it('ends a ban by failed requests when a check had its turn', () => {
    const seconds = (globals: string) =>
      small('', globals).upstreams[0]!.peers[0]!.failTimeoutSeconds
    assert.deepEqual([seconds('checkinterval=2\n'), seconds('checkinterval=60\n')], [2, 10])
  })

  it('is checked from its start on, keeps its state over a reload, and is asked when a request fails', () => {
    const [probe] = small().upstreams[0]!.probes
    assert.deepEqual(
      [probe!.isMandatory, probe!.isPersistent, probe!.isAskedOnFailure, probe!.rise],
      [true, true, true, 1],
    )
  })

  it('is checked at the port of its service where reals have no port', () => {
    const text = 'virtual=10.0.0.1:8080\n    real=10.0.0.2 masq\n    service=http\n'
    const { config, diagnostics } = readCf(text)
    const { peers, probes } = config!.upstreams[0]!
    assert.deepEqual([peers[0]!.name, probes[0]!.port], ['10.0.0.2:8080', 80])
    assert.match(diagnostics[0]!.message, /checked at that of http, 80, and used at 8080/)
  })
})

describe('writeYaml', () => {
  const names = readdirSync(CASES).filter(name => !name.startsWith('mistake-'))

  for (const name of names) {
    it(`says the same as the case "${name}"`, () => {
      const [text = ''] = readFileSync(new URL(name, CASES), 'utf8').split(`${DASHES}\n`)
      const { config } = readCf(text)
      const yaml = writeYaml(config!)
      const { config: again, diagnostics } = readConfigText('/case/site.yaml', yaml, WORLD)
      const errors = diagnostics.filter(({ severity }) => severity === 'error')
      assert.deepEqual(errors, [], yaml)
      assert.deepEqual(meaning(again!), meaning(config!))
    })
  }

  it('names the language that it was made from', () => {
    assert.match(writeYaml(small()), /^# Made from \/case\/ldirectord\.cf \(ldirectord\.cf\)$/m)
  })
})

/** What a configuration says, without where it was said. */
function meaning({ process, upstreams, servers }: Config): unknown {
  const text = JSON.stringify({ process, upstreams, servers }, (key, value: unknown) =>
    key === 'origin' || key === 'origins' ? undefined : value,
  )
  return JSON.parse(text)
}
