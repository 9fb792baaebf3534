// Regexes of `location` matched by the real nginx with its PCRE and by us: whether they match, and what each group holds. One
// configuration has a server for each pattern, so that none hides another. What nginx refuses we refuse, too.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { nginxReader } from '../../src/config/nginx/nginx-reader.ts'
import { isRegexProblem, mapRegex } from '../../src/config/nginx/pcre.ts'
import { makeSource } from '../../src/config/source.ts'
import { ask, type Pair, startPair, withoutNginx } from '../harness/beside-nginx.ts'
import { RegexGenerator } from './regex-generator.ts'
import { BROKEN, REGEX_ROWS, type RegexRow, UNEQUAL } from './regex-rows.ts'

const OPTIONS = { prefix: '/tmp', env: {}, globals: '', hostname: 'here' }
const GROUPS = [1, 2, 3, 4].map(number => `$${number}`).join('|')

/** The directive as it stands in the file. */
function locationOf(pattern: string): string {
  const isAnyCase = pattern.startsWith('~*')
  const text = isAnyCase ? pattern.slice(2) : pattern
  return `location ${isAnyCase ? '~*' : '~'} "${text.replaceAll('"', '\\"')}"`
}

function serverOf({ pattern, names = [] }: RegexRow, index: number): string {
  const values = [GROUPS, ...names.map(name => `\${${name}}`)].join('|')
  return `server { listen 127.0.0.1:PORT; server_name r${index}.test; merge_slashes off;
  location / { return 200 "no"; }
  ${locationOf(pattern)} { return 200 "yes ${values}"; } }`
}

describe('regexes beside nginx', { skip: withoutNginx() }, () => {
  let pair: Pair

  before(async () => {
    pair = await startPair(configurationOfRows(REGEX_ROWS))
  })
  after(async () => {
    await pair.end()
    pair.remove()
  })

  for (const [index, row] of REGEX_ROWS.entries()) {
    it(`means the same by ${JSON.stringify(row.pattern)}`, () => compareRow(pair, row, index))
  }
})

async function compareRow(
  { nginx, headgate }: Pair,
  { pattern, subjects }: RegexRow,
  index: number,
): Promise<void> {
  for (const subject of subjects) {
    const request = `GET ${subject} HTTP/1.1\r\nHost: r${index}.test\r\nConnection: close\r\n\r\n`
    const [theirs, ours] = await Promise.all([
      ask(nginx.port, request),
      ask(headgate.port, request),
    ])
    assert.equal(theirs.status, 200, `the table is wrong: ${subject}`)
    const meant = theirs.body.toString('latin1')
    assert.equal(ours.body.toString('latin1'), meant, `${pattern} on ${subject}`)
  }
}

function configurationOfRows(rows: readonly RegexRow[]): string {
  return `access_log off; default_type text/plain;
server_names_hash_bucket_size 64; server_names_hash_max_size 4096;
${rows.map(serverOf).join('\n')}`
}

const directory = mkdtempSync(join(tmpdir(), 'regexes-beside-'))
const file = join(directory, 'nginx.conf')
after(() => rmSync(directory, { recursive: true, force: true }))

function configurationOf(pattern: string): string {
  return `error_log stderr; events { } http { server { listen 127.0.0.1:8000;
${locationOf(pattern)} { return 200; } } }`
}

function isTaken(configuration: string): boolean {
  writeFileSync(file, `pid ${directory}/pid; ${configuration}`)
  return spawnSync('nginx', ['-t', '-p', directory, '-c', file]).status === 0
}

/** Change it to try others; what fails prints its pattern. */
const SEED = 20_261
const PATTERNS = 100
const SUBJECTS = 12

describe('generated regexes beside nginx', { skip: withoutNginx() }, () => {
  it('match and capture the same, or are refused or warned of', async () => {
    const generator = new RegexGenerator(SEED)
    const rows = Array.from({ length: PATTERNS }, () => {
      const mark = generator.isAnyCase() ? '~*' : ''
      const pattern = mark + generator.pattern()
      return { pattern, subjects: Array.from({ length: SUBJECTS }, () => generator.subject()) }
    }).filter(({ pattern }) => {
      const mapped = mapRegex(pattern.replace('~*', ''), pattern.startsWith('~*'))
      if (isRegexProblem(mapped) || !isTaken(configurationOf(pattern))) return false
      // Groups that hold only what an atomic part took stand behind those of the pattern.
      return mapped.warnings.length === 0 && !/\(\?=\([^?]/.test(mapped.pattern)
    })
    assert.ok(rows.length > PATTERNS / 3, `only ${rows.length} patterns`)
    const pair = await startPair(configurationOfRows(rows))
    try {
      for (const [index, row] of rows.entries()) await compareRow(pair, row, index)
    } finally {
      await pair.end()
      pair.remove()
    }
  })
})

describe('regexes that are refused', { skip: withoutNginx() }, () => {
  const findings = (pattern: string) =>
    nginxReader
      .read(makeSource('nginx.conf', configurationOf(pattern)), OPTIONS)
      .diagnostics.filter(item => item.severity === 'error')

  for (const pattern of BROKEN) {
    it(`refuses ${pattern} as nginx does`, () => {
      assert.equal(isTaken(configurationOf(pattern)), false, 'the table is wrong')
      const [first] = findings(pattern)
      assert.ok(first !== undefined, 'taken')
      assert.equal(first.origin.line, 2)
    })
  }

  for (const [pattern, part] of UNEQUAL) {
    it(`refuses ${pattern}, which JavaScript cannot say, at ${part}`, () => {
      assert.equal(isTaken(configurationOf(pattern)), true, 'the table is wrong')
      const [first] = findings(pattern)
      assert.ok(first !== undefined, 'taken')
      const start = locationOf(pattern).indexOf('"') + 2 + pattern.lastIndexOf(part)
      assert.equal(first.origin.column, start)
    })
  }
})
