// The comparison of an nginx.conf with nginx for people and programs: a table, one line, or JSON.

import { type Comparison, FIDELITIES, type Fidelity } from '../config/nginx/fidelity.ts'

const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g

/** One line: how many directives there are of each kind. */
export function fidelityLine(comparisons: readonly Comparison[]): string {
  const parts = FIDELITIES.toReversed().flatMap(fidelity => {
    const names = new Set(
      comparisons.filter(each => each.fidelity === fidelity).map(({ name }) => name),
    )
    return names.size === 0 ? [] : [`${names.size} ${WORDS[fidelity]}`]
  })
  return `directives beside nginx: ${parts.join(', ')}`
}

const WORDS: Readonly<Record<Fidelity, string>> = {
  same: 'the same',
  ours: 'of our own',
  ignored: 'ignored',
  differs: 'that differ',
  refused: 'not supported yet',
}

const TITLES = ['directive', 'uses', 'first', 'beside nginx'] as const

/** A row for each directive and what it comes to; those that are not the same first. */
export function fidelityTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ name, count, origin, fidelity, note }) =>
    [
      name,
      String(count),
      `${origin.file}:${origin.line}`,
      note === '' ? fidelity : `${fidelity}: ${note}`,
    ].map(text => text.replaceAll(CONTROLS, '\ufffd')),
  )
  const all = [TITLES, ...rows]
  const widths = TITLES.map((_, column) => Math.max(...all.map(row => row[column]!.length)))
  return all
    .map(row => {
      const cells = row.map((text, column) => {
        if (column === 3) return text
        return column === 1 ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)
      })
      return `${cells.join('  ')}\n`
    })
    .join('')
}

/** The same as JSON. */
export function fidelityJson(comparisons: readonly Comparison[]): string {
  const directives = comparisons.map(({ name, fidelity, note, isMeaning, count, origin }) => ({
    name,
    fidelity,
    note,
    isMeaning,
    count,
    first: { file: origin.file, line: origin.line, column: origin.column },
  }))
  return `${JSON.stringify({ directives }, null, 2)}\n`
}
