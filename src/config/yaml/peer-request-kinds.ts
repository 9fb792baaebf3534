// What peers are asked with in the place of what the client sent: its method, its body; and which of their hints reach it.

import type { Template } from '../../model/template.ts'
import { list } from './collections.ts'
import type { Kind } from './kind.ts'
import { scalarText } from './scalar.ts'
import { template } from './words.ts'

const METHOD = template('a method such as POST')

/** `client` is the client's own. */
export const OPTIONAL_METHOD: Kind<Template | null> = {
  ...METHOD,
  label: 'text with variables, `client`',
  wanted: `${METHOD.wanted}, or client`,
  read: (node, reading) => (scalarText(node) === 'client' ? null : METHOD.read(node, reading)),
  write: method => (method === null ? 'client' : METHOD.write(method)),
}

const BODY = template('text with variables', true)

/** An empty list is the client's own: every text can be a body. */
export const OPTIONAL_BODY: Kind<Template | null> = {
  label: 'text with variables, `[]`',
  wanted: 'text with variables, or [] for what the client sends',
  schema: () => ({ anyOf: [BODY.schema(), { type: 'array', maxItems: 0 }] }),
  read(node, reading) {
    const items = reading.items(node)
    if (items === null) return BODY.read(node, reading)
    return items.length === 0 ? null : reading.unwanted(node, OPTIONAL_BODY.wanted)
  },
  write: body => (body === null ? [] : BODY.write(body)),
}

const CONDITIONS = list(template('text with variables such as $http_x_hints'), {
  isOneShort: false,
  label: 'list of texts with variables',
})

/** `default` is what the profile has. */
export const EARLY_HINTS: Kind<readonly Template[] | null> = {
  ...CONDITIONS,
  label: 'list of texts with variables, `default`',
  wanted: `default, or ${CONDITIONS.wanted}`,
  schema: () => ({ anyOf: [{ const: 'default' }, CONDITIONS.schema()] }),
  read: (node, reading) => (scalarText(node) === 'default' ? null : CONDITIONS.read(node, reading)),
  write: conditions => (conditions === null ? 'default' : CONDITIONS.write(conditions)),
}
