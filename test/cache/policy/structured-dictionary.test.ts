// Dictionaries against the algorithms of RFC 9651 §4.2.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseDictionary } from '../../../src/cache/policy/structured-dictionary.ts'

/** `key=type:value`, or null. */
function read(text: string): string[] | null {
  const members = parseDictionary(text)
  if (members === null) return null
  return [...members].map(([key, member]) =>
    member.type === 'list' ? `${key}=list` : `${key}=${member.type}:${member.value}`,
  )
}

const GOOD: readonly (readonly [name: string, text: string, members: readonly string[]])[] = [
  ['nothing', '', []],
  ['spaces', '   ', []],
  ['a key alone, which is true', 'a', ['a=boolean:true']],
  ['a key with all its characters', '*a_-.*0=1', ['*a_-.*0=integer:1']],
  ['an integer', 'a=12', ['a=integer:12']],
  ['a negative integer', 'a=-12', ['a=integer:-12']],
  ['an integer of 15 digits', 'a=999999999999999', ['a=integer:999999999999999']],
  ['leading zeros', 'a=007', ['a=integer:7']],
  ['a decimal', 'a=1.5', ['a=decimal:1.5']],
  ['a decimal of all digits', 'a=123456789012.125', ['a=decimal:123456789012.125']],
  ['a string', 'a="b, \\"c\\" \\\\"', ['a=string:b, "c" \\']],
  ['a token', 'a=*b:/c', ['a=token:*b:/c']],
  ['bytes', 'a=:aGk=:', ['a=bytes:aGk=']],
  ['both booleans', 'a=?1, b=?0', ['a=boolean:true', 'b=boolean:false']],
  ['a date', 'a=@-1', ['a=date:-1']],
  ['a display string', 'a=%"f%c3%bc"', ['a=display:fü']],
  ['an inner list', 'a=( "b"  1 c;d=2 );e', ['a=list']],
  ['an empty inner list', 'a=()', ['a=list']],
  ['parameters, which are left out', 'a;b=1; c="d";e, f=2;g', ['a=boolean:true', 'f=integer:2']],
  ['white space at commas', 'a \t,\t b', ['a=boolean:true', 'b=boolean:true']],
  ['the last of two values of a key', 'a=1, b, a=2', ['b=boolean:true', 'a=integer:2']],
]

const BAD: readonly (readonly [name: string, text: string])[] = [
  ['an upper-case key', 'Max-Age=1'],
  ['a key that begins with a digit', '1a=1'],
  ['a comma at the end', 'a,'],
  ['a comma at the start', ',a'],
  ['an empty member', 'a,,b'],
  ['no value behind =', 'a='],
  ['white space before =', 'a =1'],
  ['white space behind =', 'a= 1'],
  ['no comma', 'a b'],
  ['an unknown type', 'a=&b'],
  ['a stray member', 'a=1, &&&&&'],
  ['single quotes', "a='1'"],
  ['16 digits', 'a=1000000000000000'],
  ['13 digits before a point', 'a=1234567890123.1'],
  ['a point without digits', 'a=1.'],
  ['four digits behind a point', 'a=1.2345'],
  ['a sign alone', 'a=-'],
  ['a plus', 'a=+1'],
  ['an open string', 'a="b'],
  ['another escape', 'a="\\n"'],
  ['a byte above ASCII in a string', 'a="\xe9"'],
  ['bytes without an end', 'a=:aGk='],
  ['another boolean', 'a=?2'],
  ['a date with a fraction', 'a=@1.5'],
  ['a display string with upper-case escapes', 'a=%"%C3%BC"'],
  ['a display string that is no UTF-8', 'a=%"%ff"'],
  ['an open inner list', 'a=(1 2'],
  ['an inner list with commas', 'a=(1,2)'],
  ['an inner list in another', 'a=((1))'],
  ['a parameter without a name', 'a;'],
  ['a parameter with a list', 'a;b=(1)'],
  ['a tab at the start', '\ta'],
]

describe('parseDictionary', () => {
  for (const [name, text, members] of GOOD) {
    it(`reads ${name}`, () => assert.deepEqual(read(text), members))
  }
  for (const [name, text] of BAD) {
    it(`refuses ${name}`, () => assert.equal(read(text), null))
  }

  it('reads back integers, strings and booleans', () => {
    const value = fc.oneof(
      fc.integer().map(n => [String(n), `integer:${n}`]),
      fc
        .stringMatching(/^[ -~]{0,10}$/)
        .map(s => [`"${s.replace(/["\\]/g, '\\$&')}"`, `string:${s}`]),
      fc.boolean().map(b => [b ? '?1' : '?0', `boolean:${b}`]),
    )
    const members = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z][a-z0-9_.*-]{0,6}$/), value), {
      selector: ([key]) => key,
    })
    fc.assert(
      fc.property(members, list => {
        const text = list.map(([key, [written]]) => `${key}=${written}`).join(', ')
        assert.deepEqual(
          read(text),
          list.map(([key, [, found]]) => `${key}=${found}`),
        )
      }),
    )
  })

  it('refuses every dictionary with one more comma', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...GOOD.map(([, text]) => text).filter(t => t.trim() !== '')),
        text => {
          assert.equal(read(`${text},`), null)
          assert.equal(read(`,${text}`), null)
        },
      ),
    )
  })
})
