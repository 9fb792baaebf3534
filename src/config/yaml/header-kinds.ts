// Header fields in YAML: mappings from name to value that are merged, name by name, into what is
// inherited. An empty text means "do not send"; nothing behind the colon takes the rule itself
// away.

import type { FieldTemplate } from '../../model/proxy-settings.ts'
import type { AddedField } from '../../model/settings.ts'
import { mergedByName } from './collections.ts'
import type { Kind } from './kind.ts'
import { record } from './record.ts'
import { rowsOf } from './row.ts'
import { BOOLEAN, freeText, template } from './words.ts'

/** The characters of a field name (RFC 9110 §5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

const VALUE = template('text with variables, such as $host, or "" not to send the field', true)
const NAME = freeText('field name', 'the name of a header field such as X-Real-IP')

const setRow = rowsOf<FieldTemplate>()
const FIELD: Kind<FieldTemplate> = record<FieldTemplate>({
  label: 'field',
  wanted: 'a field such as { name: X-Real-IP, value: $remote_addr }',
  place: 'in a field',
  rows: [
    setRow('name', 'name', NAME, { doc: 'Name of the field', isRequired: true }),
    setRow('value', 'value', VALUE, { doc: 'Value; empty is not sent', isRequired: true }),
  ],
  blank: () => ({ name: '', value: [{ variable: '' }] }),
  finish: (draft, node, reading) => {
    const problem = checkFieldName(draft.name)
    return problem === '' ? draft : reading.error(node, problem)
  },
})

/** `set_headers`: what is sent to peers beside the client's own fields, or instead of them. */
export const SET_HEADERS: Kind<readonly FieldTemplate[]> = mergedByName<FieldTemplate>({
  label: 'mapping of fields',
  wanted: 'a mapping from field name to value such as { X-Real-IP: $remote_addr }',
  value: VALUE,
  full: FIELD,
  nameOf: field => field.name,
  isSameName: isSameField,
  checkName: checkFieldName,
  readItem: (entry, node, reading) => {
    const value = VALUE.read(node, reading)
    return value === undefined ? undefined : { name: entry.name, value }
  },
  writeItem: field => VALUE.write(field.value),
})

const addedRow = rowsOf<AddedField>()
const ADDED_ROWS = [
  addedRow('value', 'value', VALUE, { doc: 'Value; empty is not sent', isRequired: true }),
  addedRow('always', 'isAlways', BOOLEAN, {
    doc: 'Also on responses of other statuses than 200, 201, 204, 206, 301–304, 307 and 308',
  }),
]
const BLANK_ADDED: AddedField = { name: '', value: [{ variable: '' }], isAlways: false }

/** The value behind a name: text, or `{ value, always }`. */
const ADDED_VALUE: Kind<AddedField> = record<AddedField>({
  label: 'text with variables',
  wanted: 'text with variables, or { value: text, always: true }',
  place: 'in an added field',
  rows: ADDED_ROWS,
  blank: () => BLANK_ADDED,
  short: {
    read: (node, reading) => {
      const value = VALUE.read(node, reading)
      return value === undefined ? undefined : { ...BLANK_ADDED, value }
    },
    write: field => (field.isAlways ? undefined : VALUE.write(field.value)),
    schema: VALUE.schema(),
  },
})

const ADDED_FIELD: Kind<AddedField> = record<AddedField>({
  label: 'added field',
  wanted: 'a field such as { name: X-Frame-Options, value: DENY, always: true }',
  place: 'in an added field',
  rows: [
    addedRow('name', 'name', NAME, { doc: 'Name of the field', isRequired: true }),
    ...ADDED_ROWS,
  ],
  blank: () => BLANK_ADDED,
  finish: (draft, node, reading) => {
    const problem = checkFieldName(draft.name)
    return problem === '' ? draft : reading.error(node, problem)
  },
})

/** `add_headers`: what is added to responses. */
export const ADD_HEADERS: Kind<readonly AddedField[]> = mergedByName<AddedField>({
  label: 'mapping of fields',
  wanted: 'a mapping from field name to value such as { X-Frame-Options: DENY }',
  value: ADDED_VALUE,
  full: ADDED_FIELD,
  nameOf: field => field.name,
  isSameName: isSameField,
  checkName: checkFieldName,
  readItem: (entry, node, reading) => {
    const field = ADDED_VALUE.read(node, reading)
    return field === undefined ? undefined : { ...field, name: entry.name }
  },
  writeItem: field => ADDED_VALUE.write(field),
})

/** Empty, or what is wrong with the name of a header field. */
export function checkFieldName(name: string): string {
  return TOKEN.test(name) ? '' : `Cannot use "${name}" as the name of a header field`
}

function isSameField(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
