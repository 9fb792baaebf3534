// The check itself of passwords that are stored in a slow form; runs in the thread. What crypt(3) would refuse is never
// right: a password that is too long, rounds that there are not.

import { compareSync } from 'bcryptjs'
import { AUTH_LIMITS } from './limits.ts'
import { md5Crypt } from './md5-crypt.ts'
import type { PasswordVerdict } from './password-words.ts'
import { SHA256_CRYPT, SHA512_CRYPT, shaCrypt } from './sha-crypt.ts'
import { isSame } from './stored-password.ts'

const BCRYPT = /^\$2[aby]\$(?:0[4-9]|[12][0-9]|3[01])\$[./0-9A-Za-z]{53}$/

/** Checks a password against a stored one, latin-1. */
export function checkSlowly(password: Buffer, stored: string): PasswordVerdict {
  // nginx makes this one by itself.
  if (stored.startsWith('$apr1$')) return verdictOf(md5Crypt(password, stored, '$apr1$'), stored)
  if (password.length > AUTH_LIMITS.cryptPasswordBytesMax) return 'wrong'
  if (stored.startsWith('$1$')) return verdictOf(md5Crypt(password, stored, '$1$'), stored)
  if (stored.startsWith('$5$')) return verdictOf(shaCrypt(password, stored, SHA256_CRYPT), stored)
  if (stored.startsWith('$6$')) return verdictOf(shaCrypt(password, stored, SHA512_CRYPT), stored)
  if (!BCRYPT.test(stored)) return 'unusable'
  // The library makes UTF-8 of a text; what is no UTF-8 it could not be given.
  const text = password.toString('utf8')
  if (!Buffer.from(text, 'utf8').equals(password)) return 'wrong'
  return compareSync(text, stored) ? 'right' : 'wrong'
}

function verdictOf(made: string | null, stored: string): PasswordVerdict {
  return made !== null && isSame(made, stored) ? 'right' : 'wrong'
}
