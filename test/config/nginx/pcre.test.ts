// What PCRE means and JavaScript must match too. The expected matches come from pcre2pattern(3).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { isRegexProblem, mapRegex } from '../../../src/config/nginx/pcre.ts'

interface Row {
  readonly pattern: string
  readonly matches: readonly string[]
  readonly misses: readonly string[]
}

const ROWS: readonly Row[] = [
  { pattern: '^/a/[0-9]+$', matches: ['/a/1'], misses: ['/a/', 'x/a/1'] },
  { pattern: '\\A/a\\z', matches: ['/a'], misses: ['/a\n', '/ab'] },
  { pattern: '/a\\Z', matches: ['/a', '/a\n'], misses: ['/a\n\n'] },
  { pattern: '(?i)^/A$', matches: ['/a', '/A'], misses: ['/b'] },
  { pattern: '^/a(?i)b$', matches: ['/ab', '/aB'], misses: ['/AB'] },
  { pattern: '^(?:(?i)a|b)c$', matches: ['Ac', 'Bc'], misses: ['aC'] },
  { pattern: '^((?i)a)b$', matches: ['Ab'], misses: ['AB'] },
  { pattern: '^(?i:a)b$', matches: ['Ab'], misses: ['AB'] },
  { pattern: '^(?-i:a)$', matches: ['a'], misses: ['A'] },
  { pattern: '^(?P<x>a)(?P=x)\\k{x}$', matches: ['aaa'], misses: ['aa'] },
  { pattern: "^(?'X'a)\\k'X'\\g{X}$", matches: ['aaa'], misses: ['aa'] },
  { pattern: '^(a)(b)\\2\\g1\\g{2}0$', matches: ['abbab0'], misses: ['abbaa0'] },
  { pattern: '^(a)\\10$', matches: [], misses: ['aa0'] },
  { pattern: '^[]a]+$', matches: [']a'], misses: ['b'] },
  { pattern: '^[^]a]+$', matches: ['b'], misses: [']'] },
  { pattern: '^[a[]+$', matches: ['a['], misses: ['b'] },
  { pattern: '^[[:alpha:]_]+$', matches: ['Ab_'], misses: ['1'] },
  { pattern: '^[[:xdigit:]]{2}$', matches: ['0F'], misses: ['0g'] },
  { pattern: '^[[:punct:]]+$', matches: ['!/[~`'], misses: ['a'] },
  { pattern: '^\\h\\v\\R$', matches: ['\t\n\r\n', ' \r\n'], misses: ['a\n\n'] },
  { pattern: '^[\\h]\\H\\N$', matches: [' ab'], misses: ['  b', ' a\n'] },
  { pattern: '^\\s$', matches: [' ', '\v'], misses: ['\ufeff', '\u2003'] },
  { pattern: '^\\x41\\x{42}\\o{103}\\060$', matches: ['ABC0'], misses: ['ABC'] },
  { pattern: '^\\Qa.b*\\E+$', matches: ['a.b*', 'a.b**'], misses: ['axb'] },
  { pattern: '^a\\Q(', matches: ['a('], misses: ['a'] },
  { pattern: '^a(?#remark)b$', matches: ['ab'], misses: ['a'] },
  { pattern: '^a{,2}$', matches: ['a{,2}'], misses: ['aa'] },
  { pattern: '^a\\+\\++$', matches: ['a++', 'a+++'], misses: ['a+'] },
  { pattern: '^a{2}b+$', matches: ['aabb'], misses: ['ab'] },
  { pattern: '(?<!x)/a(?=b)(?!bc)', matches: ['/ab'], misses: ['x/ab', '/abc'] },
  { pattern: '^\\/\\.\\-\\_$', matches: ['/.-_'], misses: ['/x-_'] },
  { pattern: '^\\e\\a\\cA$', matches: ['\x1b\x07\x01'], misses: ['ea'] },
]

describe('mapRegex', () => {
  for (const { pattern, matches, misses } of ROWS) {
    it(`means the same by ${pattern}`, () => {
      const mapped = mapRegex(pattern, false)
      assert.ok(!isRegexProblem(mapped), JSON.stringify(mapped))
      const regex = new RegExp(mapped.pattern, mapped.isCaseInsensitive ? 'i' : '')
      for (const text of matches) assert.match(text, regex)
      for (const text of misses) assert.doesNotMatch(text, regex)
    })
  }

  it('names groups in lower case, as variables are', () => {
    const mapped = mapRegex('(?<User>a)(?P<NAME>b)', true)
    assert.ok(!isRegexProblem(mapped))
    assert.deepEqual(mapped.names, ['user', 'name'])
    assert.equal(mapped.isCaseInsensitive, true)
  })

  it('says what captures otherwise than PCRE, and what may take for ever', () => {
    const warned = (pattern: string) => {
      const mapped = mapRegex(pattern, false)
      assert.ok(!isRegexProblem(mapped), JSON.stringify(mapped))
      return mapped.warnings.map(({ start, end }) => pattern.slice(start, end))
    }
    assert.deepEqual(warned('^/(?:(a)|b)+$'), ['(?:(a)|b)+'])
    assert.deepEqual(warned('^/(a|b*)*$'), ['(a|b*)*', '(a|b*)*'])
    assert.deepEqual(warned('^/(?:a+)+$'), ['(?:a+)+'])
    assert.deepEqual(warned('^/(\\w|\\d)*x'), ['(\\w|\\d)*'])
    assert.deepEqual(warned('^/(?:-?\\w+)*$'), ['(?:-?\\w+)*'])
    assert.deepEqual(warned('^/(?:-\\w+)*$'), [])
    assert.deepEqual(warned('^/(?:[^/]+/)*x$'), [])
    assert.deepEqual(warned('^/(?>(?:a+)+)$'), [])
    assert.deepEqual(warned('^/(?:a+)+'), [])
  })

  it('keeps ends of lines out of patterns for names of hosts', () => {
    const mapped = mapRegex('^(?<user>.+)\\.test$', true, { isOneLine: true })
    assert.ok(!isRegexProblem(mapped))
    assert.equal(mapped.pattern, '^(?<user>[^\\n]+)\\.test$')
  })

  it('takes texts that were decoded as they are', () => {
    const mapped = mapRegex('é{2}', true, { subject: 'text' })
    assert.ok(!isRegexProblem(mapped))
    assert.match('Éé', new RegExp(mapped.pattern, 'i'))
  })

  const refused: readonly (readonly [pattern: string, start: number])[] = [
    ['x(?|a)', 1],
    ['x(?R)', 1],
    ['x(?1)', 1],
    ['x(*SKIP)', 1],
    ['a\\X', 1],
    ['a\\i', 1],
    ['ab\\', 2],
    ['x[a', 1],
    ['[[:nope:]]', 1],
    ['[[.a.]]', 1],
    ['(a', 0],
    ['a)', 1],
    ['*a', 0],
    ['é*+*', 3],
    ['a{2,1}', 1],
    ['(?<a>x)(?<a>y)', 7],
    ['(a)?\\1', 4],
    ['(?>(a|ab)(c|bcd))d', 0],
  ]
  for (const [pattern, start] of refused) {
    it(`refuses ${pattern} and says where`, () => {
      const mapped = mapRegex(pattern, false)
      assert.ok(isRegexProblem(mapped), JSON.stringify(mapped))
      assert.equal(mapped.start, start)
      assert.ok(mapped.end > mapped.start && mapped.end <= pattern.length)
    })
  }
})
