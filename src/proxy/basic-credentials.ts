// The name and the password that a request carries (RFC 7617), read as nginx reads them: what cannot be read is not there.

import { FIELD } from '../http/field-list.ts'
import type { Exchange } from './exchange.ts'

/** Latin-1, as they came. */
export interface BasicCredentials {
  readonly user: string
  readonly password: string
}

/** Base64 ends at its first `=`, whatever follows. */
const BASIC = /^basic +([A-Za-z0-9+/]+)(?:=|$)/i

/** What the field Authorization holds, or null. */
export function basicCredentials({ head }: Exchange): BasicCredentials | null {
  const { fields } = head
  const index = fields.findId(FIELD.authorization)
  const encoded = index === -1 ? undefined : BASIC.exec(fields.value(index))?.[1]
  if (encoded === undefined || encoded.length % 4 === 1) return null
  const pair = Buffer.from(encoded, 'base64').toString('latin1')
  const colon = pair.indexOf(':')
  return colon <= 0 ? null : { user: pair.slice(0, colon), password: pair.slice(colon + 1) }
}
