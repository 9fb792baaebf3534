// Selecting fields against RFC 9111 §4.1.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isVariant, parseVary, variantOf } from '../../../src/cache/policy/vary.ts'
import { request, response } from './policy-heads.ts'

const NAMES: readonly (readonly [name: string, lines: string[], vary: string | null])[] = [
  ['no field', [], ''],
  ['an empty field', ['Vary:'], ''],
  ['one name', ['Vary: Accept-Encoding'], 'accept-encoding'],
  ['a list', ['Vary: B, a,,C'], 'a,b,c'],
  ['several lines', ['Vary: B', 'Vary: a'], 'a,b'],
  ['a name twice', ['Vary: a, A'], 'a'],
  ['the asterisk', ['Vary: *'], null],
  ['the asterisk in a list', ['Vary: a, *, b'], null],
  ['the asterisk and nothing', ['Vary: , *'], null],
  ['the asterisk on another line', ['Vary: a', 'Vary: *'], null],
  ['no names', ['Vary: "a"'], null],
]

describe('parseVary', () => {
  for (const [name, lines, vary] of NAMES) {
    it(`reads ${name}`, () => assert.equal(parseVary(response(lines).fields), vary))
  }
})

type Pair = readonly [name: string, left: readonly string[], right: readonly string[]]

const SAME: readonly Pair[] = [
  ['the same', ['Foo: 1'], ['Foo: 1']],
  ['neither', [], []],
  ['other fields', ['Foo: 1', 'Bar: 1'], ['Foo: 1', 'Bar: 2']],
  ['another case of the name', ['Foo: 1'], ['FOO: 1']],
  ['white space around', ['Foo:1'], ['Foo:   1  ']],
  ['white space at commas', ['Foo: 1,2'], ['Foo: 1 ,\t2']],
  ['one line or two', ['Foo: 1, 2'], ['Foo: 1', 'Foo: 2']],
  ['another order of encodings', ['Accept-Encoding: gzip, br'], ['Accept-Encoding: br,gzip']],
  ['another case of encodings', ['Accept-Encoding: GZIP'], ['Accept-Encoding: gzip']],
  ['another order of languages', ['Accept-Language: en, de'], ['Accept-Language: de, en']],
  ['white space at weights', ['Accept-Language: en ; q=0.5'], ['Accept-Language: en;q=0.5']],
  ['a weight of 1', ['Accept-Language: en;q=1.0'], ['Accept-Language: en']],
  ['another spelling of a weight', ['Accept-Language: en;q=0.50'], ['Accept-Language: en;q=0.5']],
]

const OTHER: readonly Pair[] = [
  ['another value', ['Foo: 1'], ['Foo: 2']],
  ['a missing field and one that is there', [], ['Foo: 1']],
  ['a missing field and an empty one', [], ['Foo:']],
  ['another case of the value', ['Foo: a'], ['Foo: A']],
  ['another order', ['Foo: 1, 2'], ['Foo: 2, 1']],
  ['white space in the value', ['Foo: 1 2'], ['Foo: 12']],
  ['white space at a comma in quotes', ['Foo: "1,2"'], ['Foo: "1, 2"']],
  ['a value moved to another field', ['Foo: 1'], ['Accept-Language: 1']],
  ['a value that looks like two fields', ['Foo: +1', 'Accept-Language: 2'], ['Foo: +1 +2']],
  ['other weights', ['Accept-Encoding: gzip;q=0.5'], ['Accept-Encoding: gzip;q=0.6']],
  ['a weight of 0', ['Accept-Encoding: gzip;q=0'], ['Accept-Encoding: gzip']],
]

const VARY = 'accept-encoding,accept-language,foo'

describe('variantOf', () => {
  for (const [name, left, right] of SAME) {
    it(`is the same for ${name}`, () => {
      assert.equal(variantOf(VARY, request(left)), variantOf(VARY, request(right)))
    })
  }
  for (const [name, left, right] of OTHER) {
    it(`is not the same for ${name}`, () => {
      assert.notEqual(variantOf(VARY, request(left)), variantOf(VARY, request(right)))
    })
  }

  it('is empty where nothing selects', () => assert.equal(variantOf('', request(['Foo: 1'])), ''))
})

describe('isVariant', () => {
  const line = fc
    .tuple(
      fc.constantFrom('Foo', 'foo', 'Bar', 'Accept-Encoding', 'Accept-Language', 'Cookie'),
      fc.stringMatching(/^[a-c,;="q.01 *]{0,12}$/),
    )
    .map(([name, value]) => `${name}: ${value}`)
  const vary = fc.constantFrom('foo', 'accept-encoding', 'bar,foo', VARY, 'cookie', '')

  it('holds for the request that made the variant', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), vary, (lines, names) => {
        const made = variantOf(names, request(lines))
        assert.ok(isVariant(names, made, request(lines)))
      }),
    )
  })

  it('does not hold for a request that has a selecting field besides', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), lines => {
        const made = variantOf('x-other', request(lines))
        assert.ok(!isVariant('x-other', made, request([...lines, 'X-Other: a'])))
      }),
    )
  })
})
