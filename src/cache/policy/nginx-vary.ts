// Vary as nginx reads it: names between commas and spaces, and the values that a request has in
// these fields. Only lists of what the client accepts are compared regardless of spaces; anything
// else is compared as it was sent.

import { type FieldList, hashName } from '../../http/field-list.ts'

const LISTS: ReadonlySet<string> = new Set(['accept-charset', 'accept-encoding', 'accept-language'])

/** Names in lower case and in their order, joined by commas. */
export function nginxVaryNames(vary: string): string {
  return vary.toLowerCase().split(SEPARATORS).filter(Boolean).join(',')
}

/**
 * What a request has in the fields of a Vary, line by line; a field that is not there counts as
 * empty.
 *
 * @param names as `nginxVaryNames` writes them
 */
export function nginxVariant(names: string, fields: FieldList): string {
  if (names === '') return ''
  let variant = ''
  for (const name of names.split(',')) variant += `${name}:${valuesOf(name, fields)}\r\n`
  return variant
}

const SEPARATORS = /[ ,]+/

function valuesOf(name: string, fields: FieldList): string {
  const hash = hashName(name)
  const values: string[] = []
  for (let i = fields.findName(name, hash); i >= 0; i = fields.findName(name, hash, i + 1)) {
    if (LISTS.has(name)) values.push(...fields.value(i).split(SEPARATORS).filter(Boolean))
    else values.push(fields.value(i))
  }
  return values.join(',')
}
