// One row of the tables of responses: what a peer says, and what a second request for the same key
// comes to in nginx of 1.28 and 1.30.

import type { PlaceName } from './nginx-places.ts'

export interface ResponseRow {
  readonly name: string
  readonly place: PlaceName
  /** Of the response, `Name: value`. */
  readonly lines: readonly string[]
  readonly status: number
  /** Lines of the first and of the second request. */
  readonly asked: readonly [readonly string[], readonly string[]]
  readonly want: 'MISS' | 'HIT' | 'EXPIRED'
  /** What versions before `since` did. */
  readonly older?: { readonly since: readonly [number, number, number]; readonly want: string }
}

export type Extra = Partial<Pick<ResponseRow, 'status' | 'asked' | 'older'>>

export const row = (
  name: string,
  place: PlaceName,
  lines: readonly string[],
  want: ResponseRow['want'],
  extra: Extra = {},
): ResponseRow => ({ name, place, lines, want, status: 200, asked: [[], []], ...extra })

/**
 * Since 1.23.0 the order of the fields matters less: X-Accel-Expires undoes what came before it and
 * lets extensions of Cache-Control count, a `max-age` undoes an Expires, a second line of Expires
 * or X-Accel-Expires is ignored, and several Vary lines count together.
 */
export const before = (want: string) => ({ older: { since: [1, 23, 0] as const, want } })
