// What the answer to a probe must be: `expect` with status, headers, body and time, and the tests of
// a text that they are made of. A text alone is the usual test; a mapping says the others.

import { checkRegex } from '../../model/check-regex.ts'
import {
  ANY_STATUS,
  type HeaderTest,
  PLAIN_EXPECTATION,
  type ResponseExpectation,
  type StatusRange,
  type TextTest,
} from '../../model/probe.ts'
import { innerOf, list, unlisted } from './collections.ts'
import { type Kind, nullable, wordKind } from './kind.ts'
import { DURATION } from './measures.ts'
import type { Plain, PlainMap } from './plain.ts'
import { record } from './record.ts'
import { type Row, rowsOf } from './row.ts'
import { scalarText } from './scalar.ts'
import { BOOLEAN, freeText } from './words.ts'

const TESTS = ['contains', 'equal', 'regex'] as const
const TEST_KEYS = [...TESTS, 'not_contains', 'not_equal', 'not_regex'] as const

type TestName = (typeof TESTS)[number]
type NegatedName = `not_${TestName}`

/** A test while it is read: one of the six texts, and whether letters may be of either case. */
type TestDraft = Readonly<Record<TestName | NegatedName, string | null>> & {
  readonly isCaseInsensitive: boolean
}

const TEXT = nullable(freeText('text', 'the text to look for'))
const WHOLE_TEXT = nullable(freeText('text', 'the whole text', true))
const ANY_PATTERN = freeText('regex', 'a regular expression such as ^OK')
const PATTERN: Kind<string | null> = nullable({
  ...ANY_PATTERN,
  read(node, reading) {
    const pattern = ANY_PATTERN.read(node, reading)
    let isWhole = pattern !== undefined
    checkRegex(pattern ?? '', reading.origin(node), (_severity, message, origin) => {
      isWhole = false
      reading.errorAt(origin, message)
    })
    return isWhole ? pattern : undefined
  },
})

const testRow = rowsOf<TestDraft>()
const TEST_ROWS: readonly Row<TestDraft>[] = [
  testRow('contains', 'contains', TEXT, { doc: 'Passes when this text is in it' }),
  testRow('equal', 'equal', WHOLE_TEXT, { doc: 'Passes when it is this text' }),
  testRow('regex', 'regex', PATTERN, {
    doc: 'Passes when this regular expression, in JavaScript’s syntax, is found in it',
    nginx: 'match { … ~ }',
  }),
  testRow('not_contains', 'not_contains', TEXT, { doc: 'Passes when this text is not in it' }),
  testRow('not_equal', 'not_equal', WHOLE_TEXT, { doc: 'Passes when it is not this text' }),
  testRow('not_regex', 'not_regex', PATTERN, {
    doc: 'Passes when this regular expression is not found in it',
    nginx: 'match { … !~ }',
  }),
  testRow('ignore_case', 'isCaseInsensitive', BOOLEAN, { doc: 'Letters may be of either case' }),
]

const BLANK_TEST: TestDraft = {
  contains: null,
  equal: null,
  regex: null,
  not_contains: null,
  not_equal: null,
  not_regex: null,
  isCaseInsensitive: false,
}

const TEST_WANTED = 'a text, or a mapping such as { regex: "^OK" } or { not_contains: error }'

const TEST_MAPPING: Kind<TestDraft> = record<TestDraft>({
  label: 'text, mapping',
  wanted: TEST_WANTED,
  place: 'in a test',
  rows: TEST_ROWS,
  blank: () => BLANK_TEST,
  finish: (draft, node, reading) => {
    const keys = [...(reading.entries(node)?.keys() ?? [])]
    const written = TEST_KEYS.filter(key => keys.includes(key))
    const [only] = written
    // A text that was wrong, or a key that is none, was reported already.
    if (only !== undefined && written.length === 1) return draft[only] === null ? undefined : draft
    const isUnknown = (key: string): boolean => key !== 'ignore_case' && !key.startsWith('x-')
    if (only === undefined && keys.some(isUnknown)) return undefined
    const problem = only === undefined ? 'A test without its text' : 'More than one text in a test'
    return reading.error(node, `${problem}: wants ${TEST_WANTED}`)
  },
})

/** Makes the kind of a test; a text alone is of kind `usual`. */
function textTest(usual: 'contains' | 'equal', wanted = TEST_WANTED): Kind<TextTest> {
  const short = freeText('text', wanted)
  return {
    ...TEST_MAPPING,
    wanted,
    schema: () => ({ $ref: '#/$defs/text_test' }),
    read(node, reading) {
      if (scalarText(node) === null) {
        const draft = TEST_MAPPING.read(node, reading)
        return draft === undefined ? undefined : testOf(draft)
      }
      const text = short.read(node, reading)
      if (text === undefined) return undefined
      return { kind: usual, text, isCaseInsensitive: false, isNegated: false }
    },
    write(test) {
      const isPlain = test.kind === usual && !test.isNegated && !test.isCaseInsensitive
      return isPlain && test.text !== ''
        ? short.write(test.text)
        : TEST_MAPPING.write(draftOf(test))
    },
  }
}

function testOf(draft: TestDraft): TextTest {
  for (const kind of TESTS) {
    for (const isNegated of [false, true]) {
      const text = draft[isNegated ? (`not_${kind}` as const) : kind]
      const { isCaseInsensitive } = draft
      if (text !== null) return { kind, text, isCaseInsensitive, isNegated }
    }
  }
  // A mapping without a text was refused; nothing else comes here.
  return { kind: 'contains', text: '', isCaseInsensitive: false, isNegated: false }
}

function draftOf({ kind, text, isCaseInsensitive, isNegated }: TextTest): TestDraft {
  return { ...BLANK_TEST, isCaseInsensitive, [isNegated ? `not_${kind}` : kind]: text }
}

/** A text that must be in it, or another test of it. */
export const TEXT_TEST: Kind<TextTest> = textTest('contains')

/** What the JSON Schema calls `text_test`. */
export function textTestSchema(): PlainMap {
  return { anyOf: [freeText('text', '').schema(), TEST_MAPPING.schema()] }
}

/** One test of a field; without a name, which stands before it. */
type FieldTest = Omit<HeaderTest, 'name'>

const PRESENCES = ['present', 'absent'] as const
const FIELD_WANTED = 'present, absent, the whole value, or a mapping such as { contains: text }'
const FIELD_TEXT = textTest('equal', FIELD_WANTED)

const FIELD_TEST: Kind<FieldTest> = {
  ...FIELD_TEXT,
  label: '`present`, `absent`, text, mapping',
  read(node, reading) {
    const text = scalarText(node)
    if (text === 'present' || text === 'absent') return { test: null, isAbsent: text === 'absent' }
    const test = FIELD_TEXT.read(node, reading)
    return test === undefined ? undefined : { test, isAbsent: false }
  },
  write({ test, isAbsent }) {
    if (test === null) return PRESENCES[isAbsent ? 1 : 0]
    const plain = FIELD_TEXT.write(test)
    return PRESENCES.some(word => word === plain) ? TEST_MAPPING.write(draftOf(test)) : plain
  },
}

const FIELD_TESTS = unlisted(FIELD_TEST, list(FIELD_TEST, { label: FIELD_TEST.label, countMin: 1 }))

/** `headers`: a mapping from the name of a field to its test, or to a list of them. */
const HEADER_TESTS: Kind<readonly HeaderTest[]> = {
  label: 'mapping of tests',
  wanted: 'a mapping from field name to test such as { Content-Type: { contains: html } }',
  ...innerOf(FIELD_TEST),
  schema: () => ({ type: 'object', additionalProperties: FIELD_TESTS.schema() }),
  read(node, reading) {
    const entries = reading.entries(node)
    if (entries === null) return reading.unwanted(node, HEADER_TESTS.wanted)
    const tests: HeaderTest[] = []
    for (const { name, key, value } of entries.values()) {
      if (value === null || reading.describe(value) === 'nothing') {
        reading.error(key, `Nothing behind "${name}": wants ${FIELD_WANTED}`)
        continue
      }
      const ofField = FIELD_TESTS.read(value, reading) ?? []
      tests.push(...ofField.map(test => ({ name: name.toLowerCase(), ...test })))
    }
    return tests
  },
  // All must pass, so those of one name may come together.
  write(tests) {
    const map: Record<string, Plain> = {}
    for (const [name, same] of Map.groupBy(tests, test => test.name)) {
      map[name] = FIELD_TESTS.write(same)
    }
    return map
  },
}

const STATUS: Kind<StatusRange> = wordKind<StatusRange>({
  label: 'status',
  wanted: 'a status such as 200, or a range such as 200-299 or 2xx',
  schema: {
    anyOf: [
      { type: 'integer', minimum: 100, maximum: 999 },
      { type: 'string', pattern: '^[1-9][0-9][0-9](-[1-9][0-9][0-9])?$|^[1-9]xx$' },
    ],
  },
  parse: parseStatuses,
  print: ([from, to]) => (from === to ? from : `${from}-${to}`),
})

function parseStatuses(text: string): StatusRange | null {
  if (/^[1-9]xx$/i.test(text)) return [Number(`${text[0]}00`), Number(`${text[0]}99`)]
  const match = /^([1-9][0-9]{2})(?:-([1-9][0-9]{2}))?$/.exec(text)
  if (match === null) return null
  const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])]
  return from <= to ? [from, to] : null
}

const STATUS_LIST = list(STATUS, { countMin: 1, label: 'list of statuses' })

/** Statuses, or `any`. */
const STATUSES: Kind<readonly StatusRange[]> = {
  ...STATUS_LIST,
  label: 'list of statuses, `any`',
  schema: () => ({ anyOf: [STATUS_LIST.schema(), { const: 'any' }] }),
  read: (node, reading) =>
    scalarText(node) === 'any' ? ANY_STATUS : STATUS_LIST.read(node, reading),
  write: statuses => (isAny(statuses) ? 'any' : STATUS_LIST.write(statuses)),
}

function isAny(statuses: readonly StatusRange[]): boolean {
  const [first] = statuses
  return statuses.length === 1 && first?.[0] === 100 && first[1] === 999
}

const BODY_TESTS = unlisted(TEXT_TEST, list(TEXT_TEST, { label: 'text, mapping, list of them' }))
const expectRow = rowsOf<ResponseExpectation>()

/** The row of one of the two forms of statuses: each puts both properties in. */
function statusRow(name: string, isNegated: boolean, doc: string): Row<ResponseExpectation> {
  const kind = isNegated ? STATUS_LIST : STATUSES
  const plain = expectRow(name, 'statuses', kind, { doc, nginx: 'match { status }' })
  return {
    ...plain,
    read(entry, reading, draft, origins) {
      const found = plain.read(entry, reading, { ...draft, statuses: [] }, origins)
      if (found.statuses.length === 0) return draft
      if (isNegated && origins.status !== undefined) {
        reading.error(entry.key, 'Cannot use "status" and "not_status" together')
      }
      origins[name] = reading.origin(entry.key)
      return { ...draft, statuses: found.statuses, isStatusNegated: isNegated }
    },
    write(value, base, writing) {
      if (value.isStatusNegated !== isNegated) return undefined
      const isOther = value.isStatusNegated !== base.isStatusNegated
      return isOther ? kind.write(value.statuses) : plain.write(value, base, writing)
    },
    show: value => (value.isStatusNegated === isNegated ? plain.show(value) : undefined),
  }
}

const EXPECT_ROWS: readonly Row<ResponseExpectation>[] = [
  statusRow('status', false, 'Statuses that are good: numbers, ranges, `2xx`, or `any`'),
  statusRow('not_status', true, 'Or those that are bad'),
  expectRow('headers', 'headers', HEADER_TESTS, {
    doc: 'Tests of fields by name; all must pass',
    nginx: 'match { header }',
  }),
  expectRow('body', 'body', BODY_TESTS, {
    doc: 'Tests of the first 256 KiB of the body; all must pass',
    nginx: 'match { body }',
  }),
  expectRow('within', 'withinMs', DURATION, {
    doc: 'The last byte comes within this time; 0 = within the timeout',
  }),
]

/** `expect` of a probe of type http. */
export const RESPONSE: Kind<ResponseExpectation> = record<ResponseExpectation>({
  label: 'mapping',
  wanted: 'a mapping such as { status: 200, body: "Test Page" }',
  place: 'in "expect"',
  rows: EXPECT_ROWS,
  blank: () => PLAIN_EXPECTATION,
})
