// A failed system call in words, the same everywhere: `open() "/x" failed (2: No such file or directory)`, as nginx
// writes it. For what has no number of the system the name says it: `ENOTFOUND: …`.

import { errnoText } from './errno-text.ts'

/** The name of a system error (`ENOENT`), or the empty string when `error` is none. */
export function systemErrorCode(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return typeof code === 'string' ? code : ''
}

/** `2: No such file or directory`; for anything else its message. */
export function systemErrorText(error: unknown): string {
  const code = systemErrorCode(error)
  const known = errnoText(code)
  if (known !== null) return known
  const message = error instanceof Error ? error.message : String(error)
  return code !== '' && !message.startsWith(code) ? `${code}: ${message}` : message
}

/** `open() "/x" failed (2: No such file or directory)`. */
export function callFailedText(call: string, object: string, error: unknown): string {
  return `${call}() ${object} failed (${systemErrorText(error)})`
}

/**
 * The same for an error that knows its call itself, as those of `node:fs` do.
 *
 * @param path what the call was about where the error does not say
 */
export function failedCallText(error: unknown, path = ''): string {
  const { syscall, path: ownPath } = (error ?? {}) as NodeJS.ErrnoException
  if (typeof syscall !== 'string') return systemErrorText(error)
  const object = ownPath ?? path
  return object === ''
    ? `${syscall}() failed (${systemErrorText(error)})`
    : callFailedText(syscall, `"${object}"`, error)
}
