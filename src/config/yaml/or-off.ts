// A value that may be `off`, where what is not written is inherited.

import type { Kind } from './kind.ts'
import { scalarText } from './scalar.ts'

/** Null = not written. */
export function orOff<T>(kind: Kind<T>): Kind<T | 'off' | null> {
  return {
    ...kind,
    read: (node, reading) => (scalarText(node) === 'off' ? 'off' : kind.read(node, reading)),
    write: value => (value === null ? null : value === 'off' ? 'off' : kind.write(value)),
  }
}
