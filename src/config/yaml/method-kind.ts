// `method`: how a peer is chosen. A word says it where the method has nothing to be told; else a
// mapping whose first key is the method: `{ hash: $request_uri, placement: ketama }`.

import type { Template } from '../../model/template.ts'
import {
  HASH_PLACEMENTS,
  type HashPlacement,
  type Method,
  RANDOM_RULES,
  type RandomRule,
  TIME_MEASURES,
  type TimeMeasure,
} from '../../model/upstream.ts'
import { type Kind, nullable, wordKind } from './kind.ts'
import type { Plain } from './plain.ts'
import { record } from './record.ts'
import { type Row, rowsOf } from './row.ts'
import { scalarText } from './scalar.ts'
import { BOOLEAN, choice, template } from './words.ts'

const WORDS = ['round_robin', 'least_conn', 'ip_hash', 'random', 'peak_ewma'] as const
const WORD = choice(WORDS)

/** As in `bounded=` of the nginx dialect. */
const BOUND_PERCENT_MIN = 101
const BOUND_PERCENT_MAX = 1_000

const PERCENT: Kind<number> = wordKind<number>({
  label: 'percentage',
  wanted: `a percentage from ${BOUND_PERCENT_MIN}% to ${BOUND_PERCENT_MAX}% such as 150%`,
  schema: { type: 'string', pattern: '^[0-9]+%$' },
  parse: text => {
    if (!/^[0-9]{1,6}%$/.test(text)) return null
    const percent = Number(text.slice(0, -1))
    return percent >= BOUND_PERCENT_MIN && percent <= BOUND_PERCENT_MAX ? percent : null
  },
  print: percent => `${percent}%`,
})

interface HashDraft {
  readonly key: Template
  readonly placement: HashPlacement
  readonly boundedPercent: number | null
}

const hashRow = rowsOf<HashDraft>()
const HASH_ROWS: readonly Row<HashDraft>[] = [
  hashRow('hash', 'key', template('what to hash, with variables, such as $request_uri', true), {
    doc: 'The peer by this text: requests with the same one go to the same peer',
    nginx: 'hash',
    isRequired: true,
  }),
  hashRow('placement', 'placement', choice(HASH_PLACEMENTS), {
    doc:
      'How: `ketama`, a ring, and `maglev`, a table with more even shares, move few keys when peers ' +
      'change; `modulo` moves nearly all',
    nginx: 'hash … consistent',
  }),
  hashRow('bounded', 'boundedPercent', nullable(PERCENT), {
    doc: 'Above this part of its fair share a peer’s keys go on to the next; not with `modulo`',
  }),
]
const HASH: Kind<HashDraft> = record<HashDraft>({
  label: '`{ hash }`',
  wanted: 'a mapping such as { hash: $request_uri }',
  place: 'in "method"',
  rows: HASH_ROWS,
  blank: () => ({ key: [{ variable: '' }], placement: 'ketama', boundedPercent: null }),
  finish: (draft, node, reading) => {
    if (draft.boundedPercent === null || draft.placement !== 'modulo') return draft
    return reading.error(node, 'Cannot use "bounded" with placement modulo: wants ketama or maglev')
  },
})

interface RandomDraft {
  readonly random: 'one' | 'two'
  readonly by: RandomRule
}

const randomRow = rowsOf<RandomDraft>()
const RANDOM_ROWS: readonly Row<RandomDraft>[] = [
  randomRow('random', 'random', choice(['one', 'two']), {
    doc: '`two` draws two peers and takes the less busy one',
    nginx: 'random',
    isRequired: true,
  }),
  randomRow('by', 'by', choice(RANDOM_RULES), {
    doc: 'What is compared between the two',
    nginx: 'random two …',
  }),
]
const RANDOM: Kind<RandomDraft> = record<RandomDraft>({
  label: '`{ random }`',
  wanted: 'a mapping such as { random: two }',
  place: 'in "method"',
  rows: RANDOM_ROWS,
  blank: () => ({ random: 'one', by: 'least_conn' }),
})

interface TimeDraft {
  readonly by: TimeMeasure
  readonly countsInflight: boolean
}

const timeRow = rowsOf<TimeDraft>()
const TIME_ROWS: readonly Row<TimeDraft>[] = [
  timeRow('least_time', 'by', choice(TIME_MEASURES), {
    doc: 'The peer with the least measured time, until the head or until the last byte',
    nginx: 'least_time',
    isRequired: true,
  }),
  timeRow('inflight', 'countsInflight', BOOLEAN, {
    doc: 'Look also at how long the requests in flight have waited',
    nginx: 'least_time … inflight',
  }),
]
const TIME: Kind<TimeDraft> = record<TimeDraft>({
  label: '`{ least_time }`',
  wanted: 'a mapping such as { least_time: header }',
  place: 'in "method"',
  rows: TIME_ROWS,
  blank: () => ({ by: 'header', countsInflight: false }),
})

/** A word, or a mapping. */
export const METHOD: Kind<Method> = {
  label: 'method',
  wanted: `one of ${WORDS.join(', ')}, or a mapping such as { hash: $request_uri }`,
  schema: () => ({ anyOf: [WORD, HASH, RANDOM, TIME].map(kind => kind.schema()) }),
  rows: [...HASH_ROWS, ...RANDOM_ROWS, ...TIME_ROWS],
  defaults: () => ({ placement: 'ketama', by: 'least_conn', inflight: false }),
  read(node, reading) {
    if (scalarText(node) !== null) {
      const word = WORD.read(node, reading)
      return word === undefined ? undefined : methodOfWord(word)
    }
    const entries = reading.entries(node)
    if (entries?.has('hash') === true) {
      const draft = HASH.read(node, reading)
      return draft === undefined ? undefined : { kind: 'hash', ...draft }
    }
    if (entries?.has('random') === true) {
      const draft = RANDOM.read(node, reading)
      if (draft === undefined) return undefined
      return { kind: 'random', isTwo: draft.random === 'two', by: draft.by }
    }
    if (entries?.has('least_time') === true) {
      const draft = TIME.read(node, reading)
      return draft === undefined ? undefined : { kind: 'least_time', ...draft }
    }
    return reading.unwanted(node, METHOD.wanted)
  },
  write: writeMethod,
}

function methodOfWord(word: (typeof WORDS)[number]): Method {
  return word === 'random' ? { kind: 'random', isTwo: false, by: 'least_conn' } : { kind: word }
}

function writeMethod(method: Method): Plain {
  switch (method.kind) {
    case 'hash':
      return HASH.write(method)
    case 'random':
      if (!method.isTwo && method.by === 'least_conn') return 'random'
      return RANDOM.write({ random: method.isTwo ? 'two' : 'one', by: method.by })
    case 'least_time':
      return TIME.write(method)
    default:
      return method.kind
  }
}
