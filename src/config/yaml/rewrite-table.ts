// `rewrite` of a server or a route: a list of steps that are passed before anything else. A step is one of `set`, `regex`
// with `to`, `if` with `then`, `return` and `break`; in a route an `if` may have settings of its own under `with`.

import { REWRITE_FLAGS, type RewriteStep } from '../../model/rewrite.ts'
import type { Location, LocationMatch } from '../../model/route.ts'
import { RETURN } from './answer-kinds.ts'
import { CONDITION } from './condition-kind.ts'
import { nullable, type Shape } from './kind.ts'
import { type Level, levelRows } from './level-rows.ts'
import { REGEX } from './match-kinds.ts'
import type { Plain, PlainMap } from './plain.ts'
import type { Entry, Reading } from './reading.ts'
import { UNPLACED } from './record.ts'
import { draftOf, finishStep, type Place, type StepDraft } from './rewrite-step.ts'
import {
  groupShape,
  isNothing,
  mappingShape,
  type Origins,
  type Row,
  readRows,
  rowsOf,
  type Writing,
  writeRows,
} from './row.ts'
import { SETS } from './set-kind.ts'
import { BOOLEAN, choice, template } from './words.ts'

const WANTED =
  'a list of steps such as [{ set: { site: main } }, { regex: ^/old/(.*)$, to: /new/$1, flag: last }]'

function stepsShape(name: 'server_step' | 'route_step', rows?: readonly Row<StepDraft>[]): Shape {
  return {
    label: 'list of steps',
    wanted: WANTED,
    schema: () => ({ type: 'array', items: { $ref: `#/$defs/${name}` } }),
    ...(rows === undefined ? {} : { rows }),
  }
}

// ── the rows ───────────────────────────────────────────────────────────────────────────────────────────────────────

const row = rowsOf<StepDraft>()

const SIMPLE_ROWS: readonly Row<StepDraft>[] = [
  row('set', 'sets', nullable(SETS), {
    doc: 'Give variables a value',
    nginx: 'set',
  }),
  row('regex', 'regex', nullable(REGEX), {
    doc: "Where the path matches this, in JavaScript's syntax, `to` takes its place",
    nginx: 'rewrite',
  }),
  row('regex_i', 'regexAnyCase', nullable(REGEX), { doc: 'The same without regard to case' }),
  row('to', 'to', nullable(template('a path or an URL such as /new/$1', true)), {
    doc: 'The new path, with arguments after a `?`; an URL with `redirect` and `permanent`',
    nginx: 'rewrite',
  }),
  row('flag', 'flag', choice(['none', ...REWRITE_FLAGS]), {
    doc:
      '`last` looks for another route, `break` stays in this one, `redirect` answers 302 and ' +
      '`permanent` 301; without one the next step follows',
    nginx: 'rewrite',
  }),
  row('keep_args', 'keepsArgs', BOOLEAN, {
    doc: 'Arguments of the request are added to those of `to`',
    nginx: 'rewrite (? at the end)',
  }),
  row('if', 'condition', nullable(CONDITION), { doc: 'What must hold for `then`', nginx: 'if' }),
]

const LAST_ROWS: readonly Row<StepDraft>[] = [
  row('return', 'returns', nullable(RETURN), { doc: 'Answer', nginx: 'return' }),
  row('break', 'isBreak', BOOLEAN, { doc: 'No step follows', nginx: 'break' }),
]

/** `then`, which is read under the settings of `with`. */
function thenRow(
  name: 'server_step' | 'route_step',
  rows: () => readonly Row<StepDraft>[],
): Row<StepDraft> {
  return {
    name: 'then',
    doc: 'Steps of an `if` that holds',
    nginx: 'if',
    isRequired: false,
    shape: stepsShape(name),
    read(entry, reading, draft) {
      const { place, branch } = draft
      const inner: Place = { ...place, level: branch ?? place.level }
      const steps = readSteps(entry, reading, inner, rows())
      return steps === undefined ? draft : { ...draft, steps }
    },
    write: ({ steps, place, branch }, _base, writing) =>
      steps === null || steps.length === 0
        ? undefined
        : writeSteps(steps, { ...place, level: branch ?? place.level }, rows(), writing),
    show: () => undefined,
    hoist: (_values, onto) => onto,
  }
}

/** The keys of `with`: those of a route that say how it answers. */
const BRANCH_ROWS: readonly Row<Location>[] = levelRows<Location>('route').filter(
  ({ name }) => name !== 'return' && name !== 'try_files',
)

const BRANCH_SHAPE: Shape = {
  label: 'keys of a route',
  wanted: groupShape(BRANCH_ROWS).wanted,
  schema: () => ({ $ref: '#/$defs/branch' }),
}

const WITH_ROW: Row<StepDraft> = {
  name: 'with',
  doc:
    'Settings of requests for which the `if` holds, and how they are answered, in the place of ' +
    "the route's; `try_files` does not hold then. Of several the last one counts",
  nginx: 'if',
  isRequired: false,
  shape: BRANCH_SHAPE,
  read(entry, reading, draft, origins) {
    if (isNothing(entry, reading)) return draft
    const { place } = draft
    const blank = blankBranch(place)
    const inner: Origins = {}
    const node = entry.value!
    const read = readRows(node, 'in "with"', BRANCH_ROWS, reading, blank, inner)
    origins.branch = reading.origin(entry.key)
    return read === undefined ? draft : { ...draft, branch: { ...read, origins: inner } }
  },
  write({ branch, place }, _base, writing) {
    if (branch === null) return undefined
    const map = writeRows(BRANCH_ROWS, branch, blankBranch(place), writing)
    return Object.keys(map).length === 0 ? undefined : map
  },
  show: () => undefined,
  hoist: (_values, onto) => onto,
}

const SERVER_STEP_ROWS: readonly Row<StepDraft>[] = [
  ...SIMPLE_ROWS,
  thenRow('server_step', () => SERVER_STEP_ROWS),
  ...LAST_ROWS,
]

const ROUTE_STEP_ROWS: readonly Row<StepDraft>[] = [
  ...SIMPLE_ROWS,
  WITH_ROW,
  thenRow('route_step', () => ROUTE_STEP_ROWS),
  ...LAST_ROWS,
]

/** What servers and routes have in common here. */
type Owner = Level & { readonly rewrite?: readonly RewriteStep[] }

/**
 * The row `rewrite`. It is read after everything that an `if` may build on.
 *
 * @param matchOf the match of a route; null in a server
 */
export function rewriteRow<S extends Owner>(matchOf: ((owner: S) => LocationMatch) | null): Row<S> {
  const rows = matchOf === null ? SERVER_STEP_ROWS : ROUTE_STEP_ROWS
  const name = matchOf === null ? 'server_step' : 'route_step'
  const placeOf = (owner: S): Place => ({ level: owner, match: matchOf?.(owner) ?? null })
  return {
    name: 'rewrite',
    doc:
      matchOf === null
        ? 'Steps that a request passes before its route is looked for'
        : 'Steps that a request passes before it is answered',
    nginx: 'rewrite, if, set, break',
    isRequired: false,
    shape: stepsShape(name, rows),
    read(entry, reading, draft, origins) {
      const steps = readSteps(entry, reading, placeOf(draft), rows)
      if (steps === undefined) return draft
      origins.rewrite = reading.origin(entry.value ?? entry.key)
      return steps.length === 0 ? draft : { ...draft, rewrite: steps }
    },
    write: (value, _base, writing) =>
      value.rewrite === undefined
        ? undefined
        : writeSteps(value.rewrite, placeOf(value), rows, writing),
    show: () => undefined,
    hoist: (_values, onto) => onto,
  }
}

/** The definitions that the JSON Schema refers to. */
export function rewriteDefinitions(): PlainMap {
  return {
    server_step: mappingShape(SERVER_STEP_ROWS).schema(),
    route_step: mappingShape(ROUTE_STEP_ROWS).schema(),
    branch: groupShape(BRANCH_ROWS).schema(),
  }
}

// ── reading and writing ────────────────────────────────────────────────────────────────────────────────────────────

function blankBranch({ level, match }: Place): Location {
  const { settings, action } = level
  return {
    origin: UNPLACED,
    match: match!,
    settings,
    returns: null,
    action,
    isInternal: false,
    locations: [],
  }
}

function blankStep(place: Place): StepDraft {
  return {
    place,
    sets: null,
    regex: null,
    regexAnyCase: null,
    to: null,
    flag: 'none',
    keepsArgs: true,
    condition: null,
    branch: place.match === null ? null : blankBranch(place),
    steps: null,
    returns: null,
    isBreak: false,
  }
}

function readSteps(
  entry: Entry,
  reading: Reading,
  place: Place,
  rows: readonly Row<StepDraft>[],
): readonly RewriteStep[] | undefined {
  if (isNothing(entry, reading)) {
    return reading.error(entry.key, `Nothing behind "${entry.name}": wants ${WANTED}`)
  }
  const node = entry.value!
  const items = reading.items(node)
  if (items === null) return reading.unwanted(node, WANTED)
  const steps: RewriteStep[] = []
  if (reading.enter(node)) {
    for (const item of items) {
      const origins: Origins = {}
      const draft = readRows(item, 'in a step', rows, reading, blankStep(place), origins)
      if (draft !== undefined) steps.push(...(finishStep(draft, item, reading, origins) ?? []))
    }
  }
  reading.leave()
  return steps
}

function writeSteps(
  steps: readonly RewriteStep[],
  place: Place,
  rows: readonly Row<StepDraft>[],
  writing: Writing,
): Plain {
  const blank = blankStep(place)
  const drafts: StepDraft[] = []
  for (const step of steps) {
    const last = drafts.at(-1)
    if (step.kind === 'set' && last?.sets?.every(({ name }) => name !== step.name) === true) {
      drafts[drafts.length - 1] = { ...last, sets: [...last.sets, step] }
    } else {
      drafts.push(draftOf(step, blank))
    }
  }
  return drafts.map(draft => writeRows(rows, draft, blank, writing))
}
