// A failed system call in words, the same everywhere: `open() "/x" failed (ENOENT: no such file or directory)`.
// nginx prints the number; the name says the same on every platform.

import { getSystemErrorMap } from 'node:util'

/** The name of a system error (`ENOENT`), or the empty string when `error` is none. */
export function systemErrorCode(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return typeof code === 'string' ? code : ''
}

/** `ENOENT: no such file or directory`; for anything else its message. */
export function systemErrorText(error: unknown): string {
  const { errno, code } = (error ?? {}) as NodeJS.ErrnoException
  const known = typeof errno === 'number' ? getSystemErrorMap().get(errno) : undefined
  if (known !== undefined) return `${known[0]}: ${known[1]}`
  const message = error instanceof Error ? error.message : String(error)
  return typeof code === 'string' && !message.startsWith(code) ? `${code}: ${message}` : message
}

/** `open() "/x" failed (ENOENT: no such file or directory)`. */
export function callFailedText(call: string, object: string, error: unknown): string {
  return `${call}() ${object} failed (${systemErrorText(error)})`
}
