// `proxy.bind`: an address of this machine, `off`, or text with variables that comes to one.

import { parseLocalAddress } from '../../model/local-address.ts'
import { literalText, type Template } from '../../model/template.ts'
import { readTemplate, writeTemplate } from './interpolation.ts'
import type { Kind } from './kind.ts'

/** Null where it is off. */
export const BIND: Kind<Template | null> = {
  label: 'address, `off`',
  wanted: 'an IP address such as 10.0.0.1 or 10.0.0.1:4000, or off',
  schema: () => ({ anyOf: [{ type: 'string' }, { const: false }] }),
  read(node, reading) {
    const parts = readTemplate(node, reading)
    if (parts === undefined) return undefined
    const text = parts === null ? '' : literalText(parts)
    if (text === 'off' || text === 'false') return null
    if (text === null || parseLocalAddress(text) !== null) return parts
    return reading.unwanted(node, BIND.wanted)
  },
  write: bind => (bind === null ? 'off' : writeTemplate(bind)),
}
