// Rules of the hot path that a machine can check (docs/architecture.md, "Hot path and cold path"). An exception carries
// `// hot-path: <reason>` on its line or the one before.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { filesBelow } from './source-files.ts'

const HOT_FOLDERS = [
  'src/http',
  'src/zone',
  'src/balance',
  'src/cache',
  'src/downstream',
  'src/upstream',
  'src/proxy',
]

interface Rule {
  readonly name: string
  readonly pattern: RegExp
}

const RULES: readonly Rule[] = [
  {
    name: 'no library and no file system in a request',
    pattern: /from '(undici|yaml|pino|node:fs|node:fs\/promises|node:http)'/,
  },
  { name: 'no promise in a request', pattern: /\basync\b|\bawait\b|new Promise\b/ },
  { name: 'no concatenation of buffers', pattern: /Buffer\.concat\(/ },
  { name: 'no exception for what a client or peer sent', pattern: /\bthrow\b/ },
  { name: "no clock but the worker's", pattern: /Date\.now\(|performance\.now\(|Math\.random\(/ },
  { name: 'no timer but the wheel', pattern: /\bset(Timeout|Interval|Immediate)\(/ },
  { name: 'no console', pattern: /\bconsole\./ },
]

describe('the hot path', () => {
  for (const rule of RULES) {
    it(`has ${rule.name}`, () => {
      const bad = HOT_FOLDERS.flatMap(folder => filesBelow(folder, ['.ts'])).flatMap(file =>
        file.lines
          .map((line, index) => ({
            line,
            before: file.lines[index - 1] ?? '',
            place: `${file.path}:${index + 1}`,
          }))
          .filter(({ line }) => rule.pattern.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line))
          .filter(({ line, before }) => !/\/\/ hot-path: \S+ \S+/.test(`${before} ${line}`))
          .map(({ line, place }) => `${place}: ${line.trim()}`),
      )
      assert.deepEqual(bad, [])
    })
  }
})
