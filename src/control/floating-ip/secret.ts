// A token from the environment or from a file. A file that others can read is refused: who finds it can take the address.

import { readFileSync, statSync } from 'node:fs'

import { systemErrorText } from '../../base/system-error.ts'

const BYTES_MAX = 65_536

/** The secret, or what is wrong with its file. */
export type Secret = { readonly text: string } | { readonly problem: string }

export function readSecret(path: string): Secret {
  try {
    const { mode, size } = statSync(path)
    if ((mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0')
      return { problem: `"${path}" can be read by others (mode ${shown}): chmod 600 "${path}"` }
    }
    if (size > BYTES_MAX) return { problem: `"${path}" has ${size} bytes: that is no token` }
    const text = readFileSync(path, 'utf8').trim()
    if (text === '') return { problem: `"${path}" is empty` }
    return /^[\x21-\x7e]+$/.test(text)
      ? { text }
      : { problem: `"${path}" holds more than one token` }
  } catch (error) {
    return { problem: `"${path}": ${systemErrorText(error)}` }
  }
}
