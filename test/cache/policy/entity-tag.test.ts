// Entity tags against RFC 9110 §8.8.3, §8.8.3.2, §13.1.2.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  entityTagOf,
  matchesStrongly,
  matchesWeakly,
  parseEntityTag,
  parseTagList,
  tagText,
} from '../../../src/cache/policy/entity-tag.ts'
import { response } from './policy-heads.ts'

describe('parseEntityTag', () => {
  for (const text of ['"a"', 'W/"a"', '""', '"a,b"', '"\xe9"', '"!#$%&\'*\\"']) {
    it(`reads ${text}`, () => assert.equal(tagText(parseEntityTag(text)!), text))
  }
  for (const text of [
    'a',
    '"a',
    'a"',
    'w/"a"',
    'W/ "a"',
    '"a b"',
    '"a""b"',
    '"a", "b"',
    '',
    '*',
    "'a'",
  ]) {
    it(`refuses ${text}`, () => assert.equal(parseEntityTag(text), null))
  }
})

describe('entityTagOf', () => {
  it('is none for two tags', () => {
    assert.equal(entityTagOf(response(['ETag: "a"', 'ETag: "b"']).fields), null)
  })
})

describe('matchesStrongly and matchesWeakly', () => {
  // The table of RFC 9110 §8.8.3.2.
  const TABLE: readonly (readonly [left: string, right: string, strong: boolean, weak: boolean])[] =
    [
      ['W/"1"', 'W/"1"', false, true],
      ['W/"1"', 'W/"2"', false, false],
      ['W/"1"', '"1"', false, true],
      ['"1"', '"1"', true, true],
    ]
  for (const [left, right, strong, weak] of TABLE) {
    it(`compare ${left} and ${right}`, () => {
      const pair = [parseEntityTag(left), parseEntityTag(right)] as const
      assert.deepEqual([matchesStrongly(...pair), matchesWeakly(...pair)], [strong, weak])
    })
  }
  it('never match what is no tag', () => {
    assert.deepEqual([matchesStrongly(null, null), matchesWeakly(null, null)], [false, false])
  })
})

describe('parseTagList', () => {
  const ROWS: readonly (readonly [lines: readonly string[], tags: readonly string[] | '*'])[] = [
    [['*'], '*'],
    [[' * '], '*'],
    [['"a"'], ['"a"']],
    [['"a", W/"b","c"'], ['"a"', 'W/"b"', '"c"']],
    [
      ['"a"', '"b"'],
      ['"a"', '"b"'],
    ],
    [[',, "a" ,\t,"b",'], ['"a"', '"b"']],
    [['"a,b", "c"'], ['"a,b"', '"c"']],
    [['a, "b"'], ['"b"']],
    [['"a" x, "b"'], ['"b"']],
    [['"a", *'], ['"a"']],
    [['"a'], []],
    [[''], []],
  ]
  for (const [lines, tags] of ROWS) {
    it(`reads ${JSON.stringify(lines)}`, () => {
      const found = parseTagList(lines)
      assert.deepEqual(found === '*' ? found : found.map(tagText), tags)
    })
  }

  it('reads back what was written', () => {
    const tag = fc
      .tuple(fc.stringMatching(/^[!#-~]{0,6}$/), fc.boolean())
      .map(([text, isWeak]) => ({ opaque: `"${text}"`, isWeak }))
    fc.assert(
      fc.property(fc.array(tag), fc.constantFrom(',', ', ', ' , '), (tags, comma) => {
        assert.deepEqual(parseTagList([tags.map(tagText).join(comma)]), tags)
      }),
    )
  })

  it('ends for any text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[W/"a, *]{0,20}$/), text => {
        assert.ok(parseTagList([text]).length <= text.length)
      }),
    )
  })
})
