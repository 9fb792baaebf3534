// Patterns of `include` (POSIX glob, no braces, no `**`).

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { expandGlob, globExpression, isGlob } from '../../../src/config/nginx/glob.ts'

describe('globExpression', () => {
  const rows: readonly (readonly [part: string, name: string, isMatch: boolean])[] = [
    ['*.conf', 'a.conf', true],
    ['*.conf', '.conf', false],
    ['*.conf', 'a.conf.bak', false],
    ['.*', '.a', true],
    ['?', 'a', true],
    ['?', '.', false],
    ['a?c', 'a.c', true],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[^a-c]x', 'dx', true],
    ['[]]', ']', true],
    ['[a', '[a', true],
    ['[z-a]', 'b', false],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['{a,b}', 'a', false],
    ['a.c', 'abc', false],
  ]
  for (const [part, name, isMatch] of rows) {
    it(`${part} ${isMatch ? 'matches' : 'does not match'} ${name}`, () => {
      assert.equal(globExpression(part).test(name), isMatch)
    })
  }
})

describe('isGlob', () => {
  it('knows a pattern by its three characters', () => {
    assert.deepEqual(['a*', 'a?', '[a]', 'a{b}', 'a'].map(isGlob), [true, true, true, false, false])
  })
})

describe('expandGlob', () => {
  let root = ''
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'glob-'))
    for (const folder of ['x', 'y', '.z']) {
      mkdirSync(join(root, folder))
      for (const name of ['b.conf', 'B.conf', 'a.conf']) writeFileSync(join(root, folder, name), '')
    }
  })
  after(() => rmSync(root, { recursive: true }))

  const shown = (pattern: string) =>
    expandGlob(join(root, pattern)).map(path => path.slice(root.length + 1))

  it('sorts by bytes', () => {
    assert.deepEqual(shown('x/*.conf'), ['x/B.conf', 'x/a.conf', 'x/b.conf'])
  })

  it('has patterns in folders', () => {
    assert.deepEqual(shown('*/a.conf'), ['x/a.conf', 'y/a.conf'])
  })

  it('finds nothing where nothing is, without a throw', () => {
    assert.deepEqual(shown('none/*.conf'), [])
    assert.deepEqual(shown('x/a.conf/*'), [])
  })
})
