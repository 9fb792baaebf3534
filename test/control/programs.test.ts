// Programs and modules that are not there are said by `check`, each once and where it is written.

import assert from 'node:assert/strict'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { checkModules, checkPrograms } from '../../src/control/programs.ts'
import type { Origin } from '../../src/model/origin.ts'
import type { ProbeCheck } from '../../src/model/probe.ts'
import type { Upstream } from '../../src/model/upstream.ts'
import { makeDirectory } from '../harness/program.ts'
import { probedUpstream, sampleProbe } from '../harness/roster.ts'
import { sampleConfig } from '../harness/sample-config.ts'

const at = (line: number): Origin => ({ file: 'a.conf', line, column: 1, endColumn: 9 })

const external = (command: string): ProbeCheck => ({
  kind: 'external',
  command,
  arguments: [],
  environment: [],
})

function place(t: TestContext) {
  const directory = makeDirectory(t, { 'run.sh': '#!/bin/sh\n', 'plain.txt': '', 'check.mjs': '' })
  chmodSync(join(directory, 'run.sh'), 0o755)
  mkdirSync(join(directory, 'folder'))
  return { directory, file: (name: string) => join(directory, name) }
}

function warnings(upstream: Upstream, path = '/none'): string[] {
  const found = checkPrograms(sampleConfig({ upstreams: [upstream] }), path)
  for (const { severity } of found) assert.equal(severity, 'warning')
  return found.map(({ message, origin }) => `${origin.line}: ${message}`)
}

const asking = (check: ProbeCheck) =>
  probedUpstream({ probes: [sampleProbe({ check, name: 'mine', origin: at(3) })] })

const EFFECT = 'every check of probe "mine" will fail'

describe('checkPrograms', () => {
  it('says nothing of what is there', t => {
    const { directory, file } = place(t)
    assert.deepEqual(warnings(asking(external(file('run.sh')))), [])
    assert.deepEqual(warnings(asking(external('run.sh')), `/none:${directory}`), [])
    assert.deepEqual(warnings(asking({ kind: 'function', modulePath: file('check.mjs') })), [])
  })

  const ROWS: readonly [string, string, string][] = [
    ['is missing', 'none.sh', '2: No such file or directory'],
    ['may not be run', 'plain.txt', '13: Permission denied'],
    ['is a directory', 'folder', 'it is a directory'],
    ['is below a file', 'plain.txt/x', '20: Not a directory'],
  ]
  for (const [name, file, why] of ROWS) {
    it(`warns of a program that ${name}`, t => {
      const path = place(t).file(file)
      const expected = `3: Cannot run "${path}" (${why}): ${EFFECT}`
      assert.deepEqual(warnings(asking(external(path))), [expected])
    })
  }

  it('looks for names on the PATH, and takes no file there that cannot be run', t => {
    const { directory } = place(t)
    const missing = 'there is no such program on the PATH'
    const checks: [string, ProbeCheck][] = [
      ['plain.txt', external('plain.txt')],
      ['ping', { kind: 'ping', tries: 1 }],
    ]
    for (const [name, check] of checks) {
      const expected = `3: Cannot run "${name}" (${missing}): ${EFFECT}`
      assert.deepEqual(warnings(asking(check), directory), [expected])
    }
  })

  it('warns of a module, also inside of another check', t => {
    const modulePath = place(t).file('none.mjs')
    const full = { kind: 'function', modulePath } as const
    assert.deepEqual(warnings(asking({ kind: 'combined', connects: 5, full })), [
      `3: Cannot read "${modulePath}" (2: No such file or directory): ${EFFECT}`,
    ])
  })

  it('warns once of a program that several peers are asked by', t => {
    const check = external(place(t).file('none.sh'))
    const probe = sampleProbe({ check, checksOfPeers: { 0: check, 1: check }, origin: at(3) })
    assert.equal(warnings(probedUpstream({ probes: [probe] })).length, 1)
    const other = { ...probe, origin: at(4) }
    assert.equal(warnings(probedUpstream({ probes: [probe, other] })).length, 2)
  })

  it('warns of the commands of fallbacks, alerts and changed files, which may have arguments', () => {
    const fallback = {
      origin: at(5),
      answer: { kind: 'status', status: 503, text: '' },
      retryAfterSeconds: 0,
      command: '"/no such/a" b',
    } as const
    const alerts = {
      command: '/no/alert.sh to me',
      webhook: null,
      mailTo: [],
      mailFrom: '',
      smtp: '',
      repeatMs: 0,
    }
    const upstream = probedUpstream({ probes: [], fallback, alerts, origins: { alerts: at(6) } })
    const process = { fileWatch: { isReloading: true, command: '/no/changed' } }
    const found = checkPrograms(sampleConfig({ upstreams: [upstream], process }), '/none')
    const missing = '(2: No such file or directory)'
    assert.deepEqual(
      found.map(({ message, origin }) => `${origin.line}: ${message}`),
      [
        `5: Cannot run "/no such/a" ${missing}: the fallback will not call it`,
        `6: Cannot run "/no/alert.sh" ${missing}: alerts by it will fail`,
        `${found[2]?.origin.line}: Cannot run "/no/changed" ${missing}: a change of files will not call it`,
      ],
    )
  })
})

describe('checkModules', () => {
  const CASES: readonly [string, Readonly<Record<string, string>>, RegExp | null][] = [
    [
      'says nothing of one that can be loaded',
      { 'a.ts': 'export default (a: number) => {}' },
      null,
    ],
    [
      'has file and line of an error in JavaScript',
      { 'a.ts': "import './b.mjs'\nexport default () => {}", 'b.mjs': '\n\nlet = = 3\n' },
      /^error 3: Cannot load "\/.*\/a\.ts" \(\/.*\/b\.mjs:3: .+\): every check of probe "mine" will fail$/,
    ],
    [
      'has file and line of an error in TypeScript',
      { 'a.ts': 'export default () => {\n  let b: = 3\n}' },
      /^error 3: Cannot load ".*" \(\/.*\/a\.ts:2: .+\)/,
    ],
    [
      'has file and line of an import that nobody exports',
      { 'a.ts': "import { none } from 'node:fs'\nexport default none" },
      /^error 3: Cannot load ".*" \(\/.*\/a\.ts:1: .*does not provide an export named 'none'\)/,
    ],
    [
      'refuses one without a function',
      { 'a.ts': 'export default 7' },
      /^error 3: .* has no function as its default export\)/,
    ],
    [
      'warns of one that throws when it is loaded, of whatever kind',
      { 'a.ts': "JSON.parse('{')" },
      /^warning 3: Cannot load ".*" \(Expected property name/,
    ],
    [
      'warns of one that ends its thread',
      { 'a.ts': 'process.exit(4)' },
      /^warning 3: .* exit code 4\)/,
    ],
  ]
  for (const [name, files, expected] of CASES) {
    it(name, async t => {
      const modulePath = join(makeDirectory(t, files), 'a.ts')
      const upstream = asking({ kind: 'function', modulePath })
      const found = await checkModules(sampleConfig({ upstreams: [upstream, upstream] }))
      const [first, ...rest] = found.map(
        ({ severity, message, origin }) => `${severity} ${origin.line}: ${message}`,
      )
      assert.deepEqual(rest, [], 'each module once')
      if (expected === null) assert.equal(first, undefined)
      else assert.match(first ?? '', expected)
    })
  }

  it('leaves a module that is not there to the other check', async t => {
    const modulePath = join(makeDirectory(t), 'none.ts')
    const config = sampleConfig({ upstreams: [asking({ kind: 'function', modulePath })] })
    assert.deepEqual(await checkModules(config), [])
  })
})
