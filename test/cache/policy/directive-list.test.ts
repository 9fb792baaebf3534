// The list syntax of Cache-Control (RFC 9111 §5.2, RFC 9110 §5.6.1-5.6.4).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Directive, parseDirectives } from '../../../src/cache/policy/directive-list.ts'

/** `name`, `name=value`; a `!` behind what is not well formed. */
function read(line: string): string[] {
  const directives: Directive[] = []
  parseDirectives(line, directives)
  return directives.map(
    ({ name, value, isWellFormed }) =>
      `${name}${value === null ? '' : `=${value}`}${isWellFormed ? '' : '!'}`,
  )
}

const ROWS: readonly (readonly [name: string, line: string, directives: readonly string[]])[] = [
  ['nothing', '', []],
  ['one name', 'no-store', ['no-store']],
  ['a token', 'max-age=60', ['max-age=60']],
  ['a quoted string', 'max-age="60"', ['max-age=60']],
  ['upper case', 'Max-AGE=60, NO-store', ['max-age=60', 'no-store']],
  ['empty members', ',, a ,\t, b,', ['a', 'b']],
  ['no white space', 'a,b=c,d', ['a', 'b=c', 'd']],
  ['tabs', '\ta\t,\tb=c\t', ['a', 'b=c']],
  ['a comma in quotes', 'a="b, no-store", c', ['a=b, no-store', 'c']],
  ['an escaped quote', 'a="b\\", c", d', ['a=b", c', 'd']],
  ['an empty quoted string', 'a="", b', ['a=', 'b']],
  ['the same name twice', 'a=1, a=2', ['a=1', 'a=2']],
  ['white space before the equals sign', 'a =1, b', ['a=1!', 'b']],
  ['white space behind the equals sign', 'a= 1, b', ['a=1!', 'b']],
  ['no value behind the equals sign', 'a=, b', ['a=!', 'b']],
  ['two words', 'a b, c', ['a!', 'c']],
  ['something behind a value', 'a=1;b, c', ['a=1!', 'c']],
  ['something behind a quoted value', 'a="1"2, c', ['a=1!', 'c']],
  ['an open quote', 'a="1, b=2', ['a!', 'b=2']],
  ['no name', '=1, "a, b", c', ['c']],
  ['bytes above ASCII', 'a=\xe9, b', ['a=!', 'b']],
]

describe('parseDirectives', () => {
  for (const [name, line, directives] of ROWS) {
    it(`reads ${name}`, () => assert.deepEqual(read(line), directives))
  }

  const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
  const quoted = fc.stringMatching(/^[ !#-~]{0,12}$/)
  const directive = fc.record({ name: token, value: fc.option(quoted) })

  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.array(directive), fc.constantFrom(',', ', ', ' ,\t,'), (list, comma) => {
        const line = list
          .map(({ name, value }) =>
            value === null ? name : `${name}="${value.replace(/["\\]/g, '\\$&')}"`,
          )
          .join(comma)
        assert.deepEqual(
          read(line),
          list.map(({ name, value }) => (value === null ? name : `${name}=${value}`)),
        )
      }),
    )
  })

  it('ends for any text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ ,"=\\a\t;]{0,30}$/), line => {
        for (const text of read(line)) assert.match(text, /^a+/)
      }),
    )
  })
})
