// The condition of an `if` step: a text with variables that is compared, matched or asked whether it is there, or a path
// to look at.

import { FILE_TESTS, type RewriteCondition } from '../../model/rewrite.ts'
import type { Template } from '../../model/template.ts'
import { type Kind, nullable } from './kind.ts'
import { REGEX } from './match-kinds.ts'
import type { Reading, YamlNode } from './reading.ts'
import { record } from './record.ts'
import { rowsOf } from './row.ts'
import { BOOLEAN, template } from './words.ts'

/** A condition as its keys say it. */
interface Draft {
  readonly value: Template | null
  readonly equals: Template | null
  readonly regex: string | null
  readonly regexAnyCase: string | null
  readonly file: Template | null
  readonly directory: Template | null
  readonly exists: Template | null
  readonly executable: Template | null
  readonly isNegated: boolean
}

const BLANK: Draft = {
  value: null,
  equals: null,
  regex: null,
  regexAnyCase: null,
  file: null,
  directory: null,
  exists: null,
  executable: null,
  isNegated: false,
}

const row = rowsOf<Draft>()
const VALUE = template('text with variables such as $arg_debug')
const PATH = nullable(template('a path such as $request_filename', true))
const WANTED =
  'text such as $arg_debug, or a mapping such as { value: $host, equals: example.com } or ' +
  '{ file: $request_filename }'

const DRAFT: Kind<Draft> = record<Draft>({
  label: 'text with variables, mapping',
  wanted: WANTED,
  place: 'in "if"',
  rows: [
    row('value', 'value', nullable(VALUE), {
      doc: 'The text in question; alone it must be neither empty nor `0`',
    }),
    row('equals', 'equals', nullable(template('text', true)), {
      doc: 'It must be this text',
      nginx: '=',
    }),
    row('regex', 'regex', nullable(REGEX), { doc: 'It must match this', nginx: '~' }),
    row('regex_i', 'regexAnyCase', nullable(REGEX), {
      doc: 'The same without regard to case',
      nginx: '~*',
    }),
    row('file', 'file', PATH, { doc: 'Or a path, which must be that of a file', nginx: '-f' }),
    row('directory', 'directory', PATH, { doc: 'Or of a directory', nginx: '-d' }),
    row('exists', 'exists', PATH, { doc: 'Or of either', nginx: '-e' }),
    row('executable', 'executable', PATH, {
      doc: 'Or of what its owner may execute',
      nginx: '-x',
    }),
    row('not', 'isNegated', BOOLEAN, { doc: 'It must not', nginx: '!' }),
  ],
  blank: () => BLANK,
  short: {
    read: (node, reading) => {
      const value = VALUE.read(node, reading)
      return value === undefined ? undefined : { ...BLANK, value }
    },
    write: draft => {
      const isShort = Object.entries(draft).every(
        ([key, value]) => key === 'value' || value === BLANK[key as keyof Draft],
      )
      return isShort && draft.value !== null ? VALUE.write(draft.value) : undefined
    },
    schema: VALUE.schema(),
  },
  finish: checkDraft,
})

/** What an `if` asks. */
export const CONDITION: Kind<RewriteCondition> = {
  ...DRAFT,
  read(node, reading) {
    const draft = DRAFT.read(node, reading)
    return draft === undefined ? undefined : toCondition(draft)
  },
  write: condition => DRAFT.write(toDraft(condition)),
}

function checkDraft(draft: Draft, node: YamlNode, reading: Reading): Draft | undefined {
  const entries = reading.entries(node)
  const written = (keys: readonly string[]) => keys.filter(key => entries?.has(key))
  const tests = written(['equals', 'regex', 'regex_i'])
  if (written(['value', ...FILE_TESTS]).length !== 1) {
    const hint = 'one of value, file, directory, exists and executable'
    return reading.error(node, 'A condition asks of one thing', hint)
  }
  if (tests.length > 1 || (tests.length === 1 && !entries!.has('value'))) {
    const hint = 'equals, regex or regex_i goes with value'
    return reading.error(node, 'A condition makes one comparison', hint)
  }
  // Null where a value was wrong.
  const { equals, regex, regexAnyCase } = draft
  const subjects = [draft.value, ...FILE_TESTS.map(test => draft[test])]
  const isWhole = [equals, regex, regexAnyCase].filter(one => one !== null).length === tests.length
  return isWhole && subjects.some(one => one !== null) ? draft : undefined
}

function toCondition(draft: Draft): RewriteCondition {
  const { value, equals, regex, regexAnyCase, isNegated } = draft
  for (const test of FILE_TESTS) {
    const path = draft[test]
    if (path !== null) return { kind: 'file', test, path, isNegated }
  }
  const text = value ?? []
  if (equals !== null) return { kind: 'equal', value: text, to: equals, isNegated }
  const pattern = regex ?? regexAnyCase
  if (pattern !== null) {
    const isCaseInsensitive = regex === null
    return { kind: 'regex', value: text, regex: { pattern, isCaseInsensitive }, isNegated }
  }
  return { kind: 'value', value: text, isNegated }
}

function toDraft(condition: RewriteCondition): Draft {
  const { isNegated } = condition
  switch (condition.kind) {
    case 'value':
      return { ...BLANK, value: condition.value, isNegated }
    case 'equal':
      return { ...BLANK, value: condition.value, equals: condition.to, isNegated }
    case 'regex': {
      const { pattern, isCaseInsensitive } = condition.regex
      const test = isCaseInsensitive ? { regexAnyCase: pattern } : { regex: pattern }
      return { ...BLANK, value: condition.value, ...test, isNegated }
    }
    case 'file':
      return { ...BLANK, [condition.test]: condition.path, isNegated }
  }
}
