// What `receive` matches: the same as in Perl, which is asked where it is there.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'

import { makeLineTest, makeTest } from '../../../src/config/ldirectord/perl-regex.ts'
import type { TextTest } from '../../../src/model/probe.ts'

const ROWS: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
  ['Test Page', '<h1>Test Page</h1>', true],
  ['Test Page', '<h1>test page</h1>', false],
  ['Test\\.Page', 'Test.Page', true],
  ['Test\\.Page', 'TestXPage', false],
  ['Test.Page', 'TestXPage', true],
  ['Test.Page', 'Test\nPage', false],
  ['^OK$', 'OK\n', true],
  ['^OK$', 'OK\n\n', false],
  ['^OK$', 'not\nOK', false],
  ['OK$|fine', 'OK\n', true],
  ['[$]', 'costs 5$ a piece', true],
  ['[^]$]', ']$', false],
  ['[]$]', '$', true],
  ['\\$5', 'a $5 note', true],
  ['(?i)ok', 'OK', true],
  ['a{2}', 'aa', true],
  ['[[:digit:]]+ up', '12 up', true],
  ['say "hi"', 'they say "hi"', true],
  ['ünï', 'ünï', true],
]

const hasPerl = spawnSync('perl', ['-e', '1']).status === 0

describe('makeTest', () => {
  for (const [pattern, text, matches] of ROWS) {
    it(`${matches ? 'finds' : 'does not find'} ${pattern} in ${JSON.stringify(text)}`, () => {
      assert.equal(passes(makeTest(pattern), text), matches)
    })
  }

  it('agrees with Perl', { skip: hasPerl ? false : 'Perl is not there' }, () => {
    const program =
      'while (@ARGV) { my ($p, $t) = (shift, shift); utf8::decode($p); utf8::decode($t); ' +
      'print $t =~ /$p/ ? "1" : "0" }'
    const pairs = ROWS.flatMap(row => row.slice(0, 2) as string[])
    const { stdout } = spawnSync('perl', ['-e', program, ...pairs], { encoding: 'utf8' })
    assert.equal(stdout, ROWS.map(row => (row[2] ? '1' : '0')).join(''))
  })

  it('makes a plain text of what has no special characters', () => {
    const plain = { kind: 'contains', isCaseInsensitive: false, isNegated: false } as const
    assert.deepEqual(makeTest('Test Page'), { ...plain, text: 'Test Page' })
    assert.deepEqual(makeTest('v1\\.0 \\(ok\\)'), { ...plain, text: 'v1.0 (ok)' })
  })

  it('says what cannot be translated, and where', () => {
    assert.deepEqual(makeTest('ok a\\X'), {
      problem: 'Cannot use "\\X" in a regular expression: JavaScript has nothing equal',
      start: 4,
      end: 6,
    })
    assert.deepEqual(makeTest('a\\\\Q\\Qb'), {
      problem: 'Cannot use "\\Q": ldirectord takes it for the letter Q',
      start: 4,
      end: 6,
    })
    const open = makeTest('(a$')
    assert.ok('problem' in open)
    assert.match(open.problem, /missing closing parenthesis/)
  })
})

describe('makeLineTest', () => {
  for (const [pattern, text, matches] of [
    ['^200', 'HTTP\n200 fine\n', true],
    ['fine$', '200 fine\nmore\n', true],
    ['fine more', '200 fine\nmore\n', false],
    ['^200$', '200 fine\n', false],
  ] as const) {
    it(`${matches ? 'finds' : 'does not find'} ${pattern} in a line of ${JSON.stringify(text)}`, () => {
      assert.equal(passes(makeLineTest(pattern), text), matches)
    })
  }
})

function passes(test: ReturnType<typeof makeTest>, text: string): boolean {
  assert.ok(!('problem' in test), 'it can be used')
  const { kind, isCaseInsensitive } = test satisfies TextTest
  if (kind === 'contains') return text.includes(test.text)
  return new RegExp(test.text, isCaseInsensitive ? 'i' : '').test(text)
}
