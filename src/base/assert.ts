// Programmer errors end the worker; they are never expected and never caught (docs/architecture.md, "Errors").

/** Throws when `condition` does not hold: a mistake in this program, not in its input. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}

/** Ends a switch over a closed set. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`)
}
