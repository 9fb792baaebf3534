// What is said about a key that nobody knows. Most are slips; the others come from an nginx.conf,
// or stand one mapping too high.

import { nearest } from '../suggest.ts'
import { MAPPING, OR_MAPPING, type RowShape } from './kind.ts'
import type { Entry, Reading } from './reading.ts'

/** Reports the keys of a mapping that no row knows. `place` ends the message: `in a peer`. */
export function reportUnknown(
  entries: ReadonlyMap<string, Entry>,
  place: string,
  rows: readonly RowShape[],
  reading: Reading,
): void {
  for (const entry of entries.values()) {
    // `x-anything` is for anchors, as in other tools' files.
    if (entry.name.startsWith('x-') || rows.some(known => known.name === entry.name)) continue
    reading.error(entry.key, `Unknown key "${entry.name}" ${place}`, unknownHint(entry.name, rows))
  }
}

/** Known keys of a mapping that are all named in a hint. */
const LISTED_KEYS_MAX = 12

/** A slip, the name of nginx's directive, a key of a mapping further inside; else what there is. */
function unknownHint(name: string, rows: readonly RowShape[]): string {
  const names = rows.map(known => known.name)
  const near = nearest(name, names)
  if (near !== null) return `did you mean "${near}"?`
  const here = findRow(rows, row => row.nginx.split(/[ ,=]/)[0] === name)
  if (here !== null) return `what nginx calls "${name}" is ${here} here`
  const inside = findRow(rows, row => row.name === name)
  if (inside !== null) return `did you mean ${inside}?`
  return names.length > LISTED_KEYS_MAX
    ? 'docs/yaml.md lists the keys'
    : `known here: ${names.join(', ')}`
}

/** The first key that fits, inside its mappings: `client: { max_body: … }`. */
function findRow(rows: readonly RowShape[], fits: (row: RowShape) => boolean): string | null {
  for (const row of rows) {
    if (fits(row)) return `"${row.name}: …"`
    if (row.shape.label !== MAPPING && row.shape.label !== OR_MAPPING) continue
    const inner = findRow(row.shape.rows ?? [], fits)
    if (inner !== null) return `"${row.name}: { ${inner.slice(1, -1)} }"`
  }
  return null
}
