// The tags that a response may be purged by: Cache-Tag, Surrogate-Key and xkey, with commas or
// spaces between them.

import { type FieldList, hashName } from '../../http/field-list.ts'

const NAMES = ['cache-tag', 'surrogate-key', 'xkey'].map(name => [name, hashName(name)] as const)
/** More are not kept: each one is looked at when a purge comes. */
const TAGS_MAX = 256

/** Each tag once, in their order. */
export function tagsOf(fields: FieldList): readonly string[] {
  let tags: Set<string> | null = null
  for (const [name, hash] of NAMES) {
    for (let i = fields.findName(name, hash); i >= 0; i = fields.findName(name, hash, i + 1)) {
      tags ??= new Set()
      for (const tag of fields.value(i).split(/[\s,]+/)) {
        if (tag !== '' && tags.size < TAGS_MAX) tags.add(tag)
      }
    }
  }
  return tags === null ? NONE : [...tags]
}

const NONE: readonly string[] = []
