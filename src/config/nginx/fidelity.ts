// What becomes here of each directive of an nginx.conf, compared with nginx: the same, something
// else, nothing at all, or a word that nginx does not have. Pure over what was written.

import type { Origin } from '../../model/origin.ts'
import type { Written, WrittenDirective } from '../written.ts'
import type { DirectiveRow } from './directive-row.ts'
import { findRows } from './directive-table.ts'
import { MISSED_DIRECTIVES } from './fidelity-notes.ts'
import { isHarmlessText, isUnsupported } from './unsupported.ts'

/** In the order in which people want to see them. */
export const FIDELITIES = ['refused', 'differs', 'ignored', 'ours', 'same'] as const
export type Fidelity = (typeof FIDELITIES)[number]

/** Uses of one directive that come to the same. */
export interface Comparison {
  readonly name: string
  readonly fidelity: Fidelity
  /** How it differs, why it is ignored; empty for what is the same. */
  readonly note: string
  /** Somebody may notice: what is ignored for good reasons only is not worth a failure. */
  readonly isMeaning: boolean
  readonly count: number
  /** The first. */
  readonly origin: Origin
}

type Verdict = Pick<Comparison, 'fidelity' | 'note' | 'isMeaning'>

const SAME: Verdict = { fidelity: 'same', note: '', isMeaning: false }

/** Compares every directive of a configuration with nginx: those that are not the same first. */
export function compareWithNginx(written: Written, isStrict: boolean): readonly Comparison[] {
  const found = new Map<string, { -readonly [K in keyof Comparison]: Comparison[K] }>()
  for (const directive of written.directives) {
    const verdict = judge(directive, isStrict)
    const { name, origin } = directive
    const key = `${name} ${verdict.fidelity} ${verdict.note}`
    const known = found.get(key)
    if (known === undefined) found.set(key, { name, ...verdict, count: 1, origin })
    else known.count++
  }
  return [...found.values()].sort(
    (a, b) =>
      FIDELITIES.indexOf(a.fidelity) - FIDELITIES.indexOf(b.fidelity) ||
      (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  )
}

/** Whether a configuration means in every line what it means to nginx. */
export function isFaithful(comparisons: readonly Comparison[]): boolean {
  return comparisons.every(({ isMeaning }) => !isMeaning)
}

function judge({ name, args, context }: WrittenDirective, isStrict: boolean): Verdict {
  if (name === 'include') return SAME
  const rows = findRows(name)
  const row = rows.find(({ within }) => within.some(where => where === context)) ?? rows[0]
  if (row === undefined) return judgeUnsupported(name, args)
  if (row.effect === 'none') {
    return { fidelity: 'ignored', note: row.doc, isMeaning: MISSED_DIRECTIVES.has(name) }
  }
  return judgeNotes(row, args, context, isStrict)
}

function judgeNotes(
  row: DirectiveRow,
  args: readonly string[],
  context: string,
  isStrict: boolean,
): Verdict {
  const notes = (row.fidelity ?? []).filter(
    ({ blocks, when, isStrictSame }) =>
      (blocks?.some(block => block === context) ?? true) &&
      (when?.(args) ?? true) &&
      !(isStrict && isStrictSame === true),
  )
  const differing = notes.filter(({ kind }) => kind === 'differs')
  const [first] = differing.length > 0 ? differing : notes
  if (first === undefined) return SAME
  return { fidelity: first.kind, note: first.how, isMeaning: first.kind === 'differs' }
}

function judgeUnsupported(name: string, args: readonly string[]): Verdict {
  if (!isUnsupported(name) || isHarmlessText(name, args)) return SAME
  return { fidelity: 'refused', note: 'not supported yet', isMeaning: true }
}
