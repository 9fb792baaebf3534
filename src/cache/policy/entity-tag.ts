// Entity tags (RFC 9110 §8.8.3): read exactly, compared weakly or strongly. A tag that is not written as the grammar says
// names nothing, so it never matches.

import { FIELD, type FieldList } from '../../http/field-list.ts'
import { allValues } from './field-values.ts'

/** A tag with its quotes, and whether `W/` stood before it. */
export interface EntityTag {
  readonly opaque: string
  readonly isWeak: boolean
}

const TAG = /^(W\/)?("[\x21\x23-\x7e\x80-\xff]*")$/
const NEXT_TAG = /[ \t,]*(?:(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|$))?/y

/** Reads one tag; null when it is none. */
export function parseEntityTag(text: string): EntityTag | null {
  const match = TAG.exec(text)
  return match === null ? null : { opaque: match[2]!, isWeak: match[1] !== undefined }
}

/** The tag of a response; null when it has none, several, or one that is none. */
export function entityTagOf(fields: FieldList): EntityTag | null {
  const values = allValues(fields, FIELD.etag)
  return values.length === 1 ? parseEntityTag(values[0]!) : null
}

/**
 * Reads a list of tags as in If-None-Match.
 *
 * @returns `'*'` for the asterisk alone; members that are no tags are left out
 */
export function parseTagList(lines: readonly string[]): readonly EntityTag[] | '*' {
  const list = lines.join(',')
  if (list.trim() === '*') return '*'
  const tags: EntityTag[] = []
  for (let at = 0; at < list.length; ) {
    NEXT_TAG.lastIndex = at
    const match = NEXT_TAG.exec(list)
    const opaque = match?.[2]
    if (opaque !== undefined) tags.push({ opaque, isWeak: match?.[1] !== undefined })
    at = NEXT_TAG.lastIndex
    if (opaque !== undefined) continue
    const comma = list.indexOf(',', at)
    if (comma === -1) break
    at = comma + 1
  }
  return tags
}

/** Strong comparison: both strong, and the same. */
export function matchesStrongly(left: EntityTag | null, right: EntityTag | null): boolean {
  if (left === null || right === null) return false
  return !left.isWeak && !right.isWeak && left.opaque === right.opaque
}

/** Weak comparison: the same but for `W/`. */
export function matchesWeakly(left: EntityTag | null, right: EntityTag | null): boolean {
  return left !== null && right !== null && left.opaque === right.opaque
}

/** The tag as it is sent. */
export function tagText({ opaque, isWeak }: EntityTag): string {
  return isWeak ? `W/${opaque}` : opaque
}
