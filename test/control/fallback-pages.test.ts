import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readFallbackPages } from '../../src/control/fallback-pages.ts'
import type { Config } from '../../src/model/config.ts'
import type { Upstream } from '../../src/model/upstream.ts'
import { makeDirectory } from '../harness/program.ts'
import { sampleUpstream } from '../harness/sample-config.ts'

const PLACE = { file: 'test.conf', line: 3, column: 5, endColumn: 9 }

function withPage(path: string): Upstream {
  const answer = { kind: 'page', path, status: 503 } as const
  const fallback = { origin: PLACE, answer, retryAfterSeconds: 0, command: null }
  return { ...sampleUpstream('app', '10.0.0.1:80'), fallback }
}

function read(...upstreams: Upstream[]) {
  // What the function looks at.
  const { config, diagnostics } = readFallbackPages({ upstreams } as unknown as Config)
  const contents = config.upstreams.map(({ fallback }) =>
    fallback?.answer.kind === 'page' ? fallback.answer.content : undefined,
  )
  return { contents, diagnostics }
}

function directoryOf(t: TestContext): string {
  return makeDirectory(t, { 'sorry.html': 'sörry', 'empty.html': '' })
}

describe('readFallbackPages', () => {
  it('puts in what stands in the files, byte for byte', t => {
    const directory = directoryOf(t)
    const { contents, diagnostics } = read(
      withPage(join(directory, 'sorry.html')),
      sampleUpstream('plain', '10.0.0.1:80'),
      withPage(join(directory, 'empty.html')),
    )
    assert.deepEqual(diagnostics, [])
    assert.equal(Buffer.from(contents[0]!).toString('utf8'), 'sörry')
    assert.equal(contents[1], undefined)
    assert.equal(contents[2]!.length, 0)
  })

  const ROWS: readonly (readonly [what: string, name: string, message: RegExp])[] = [
    [
      'is missing',
      'none.html',
      /^open\(\) ".*\/none\.html" failed \(2: No such file or directory\)/,
    ],
    ['is a directory', 'directory', /^Cannot use ".*\/directory" as a page: it is not a file/],
    ['is too large', 'large.html', /: 1048577 bytes, wants at most 1048576$/],
  ]
  for (const [what, name, message] of ROWS) {
    it(`says at its place that a page ${what}`, t => {
      const directory = directoryOf(t)
      mkdirSync(join(directory, 'directory'))
      writeFileSync(join(directory, 'large.html'), Buffer.alloc(1_048_577))
      const { diagnostics } = read(withPage(join(directory, name)))
      assert.equal(diagnostics.length, 1)
      assert.equal(diagnostics[0]!.severity, 'error')
      assert.match(diagnostics[0]!.message, message)
      assert.deepEqual(diagnostics[0]!.origin, PLACE)
    })
  }
})
