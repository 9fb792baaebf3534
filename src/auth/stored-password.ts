// The forms that passwords are stored in: nginx's own (`{PLAIN}`, `{SHA}`, `{SSHA}`, `$apr1$`) and those of crypt(3)
// (https://nginx.org/en/docs/http/ngx_http_auth_basic_module.html#auth_basic_user_file). What costs nothing is checked at
// once, what is slow on purpose in a thread of its own. Bytes go as latin-1 texts.

import { hash, timingSafeEqual } from 'node:crypto'

/** How a stored password is checked: `never` is nobody's, `unknown` cannot be told. */
export type PasswordForm = 'quick' | 'slow' | 'never' | 'unknown'

const PLAIN = '{PLAIN}'
const SHA = '{SHA}'
const SALTED_SHA = '{SSHA}'
const SHA_BYTES = 20

/** Forms that the thread knows (slow-password.ts). */
const SLOW = /^\$(?:apr1|1|5|6|2[aby])\$/

/** Tells the form of a stored password. */
export function formOf(stored: string): PasswordForm {
  if (stored.startsWith(PLAIN) || stored.startsWith(SHA) || stored.startsWith(SALTED_SHA))
    return 'quick'
  if (SLOW.test(stored)) return 'slow'
  // How accounts are locked (shadow(5)), and a name without a password.
  return /^(?:$|[!*])/.test(stored) ? 'never' : 'unknown'
}

/** Checks a password against a `quick` form. */
export function matchesQuickly(password: string, stored: string): boolean {
  if (stored.startsWith(PLAIN)) return isSame(PLAIN + password, stored)
  const bytes = Buffer.from(password, 'latin1')
  if (stored.startsWith(SHA)) return isSame(SHA + hash('sha1', bytes, 'base64'), stored)
  // Behind the digest of password and salt stands the salt.
  const salt = Buffer.from(stored.slice(SALTED_SHA.length), 'base64').subarray(SHA_BYTES)
  const digest = hash('sha1', Buffer.concat([bytes, salt]), 'buffer')
  return isSame(SALTED_SHA + Buffer.concat([digest, salt]).toString('base64'), stored)
}

/** Compares in a time that tells nothing but the length. */
export function isSame(made: string, stored: string): boolean {
  const [a, b] = [Buffer.from(made, 'latin1'), Buffer.from(stored, 'latin1')]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** What a message may show of a stored password: its form, never what it holds. */
export function formName(stored: string): string {
  const mark = /^\$[0-9A-Za-z-]{1,12}\$|^\{[0-9A-Za-z-]{1,12}\}|^_/.exec(stored)
  return mark?.[0] ?? 'unknown'
}
