// Names for families of variants: each unlike any other that there ever was.

import { randomBytes } from 'node:crypto'

const START = randomBytes(9).toString('base64url')
let count = 0

/** A name for the variants of one key, from its first entry on. */
export function makeFamily(): string {
  return `${START}-${(++count).toString(36)}`
}
