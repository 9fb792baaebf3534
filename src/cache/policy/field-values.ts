// Values of one field that may stand on several lines (RFC 9110 §5.2-5.3): the first, all, or all as one list. Fields that
// are not passed on, as Connection named them, are not seen: they were for the hop before.

import { type FieldList, hashName } from '../../http/field-list.ts'

/** The first line's value; null = the field is not there. */
export function firstValue(fields: FieldList, id: number): string | null {
  let index = fields.findId(id)
  while (index !== -1 && fields.isHidden(index)) index = fields.findId(id, index + 1)
  return index === -1 ? null : fields.value(index)
}

/** The values of all lines with this `FIELD` number; usually none or one. */
export function allValues(fields: FieldList, id: number): readonly string[] {
  let index = fields.findId(id)
  if (index === -1) return NONE
  const values: string[] = []
  for (; index !== -1; index = fields.findId(id, index + 1)) {
    if (!fields.isHidden(index)) values.push(fields.value(index))
  }
  return values
}

/** As `allValues`, of a name that is not in the table. */
export function namedValues(fields: FieldList, lowerName: string): readonly string[] {
  const hash = hashName(lowerName)
  let index = fields.findName(lowerName, hash)
  if (index === -1) return NONE
  const values: string[] = []
  for (; index !== -1; index = fields.findName(lowerName, hash, index + 1)) {
    if (!fields.isHidden(index)) values.push(fields.value(index))
  }
  return values
}

const NONE: readonly string[] = []
