// The ten hops of one request, in order. Logs, tests and documents use the same names.

/** One file each; see docs/architecture.md, "The life of one request". */
export const STEPS = [
  'receive',
  'begin',
  'route',
  'filter',
  'lookup',
  'pick',
  'connect',
  'forward',
  'relay',
  'finish',
] as const

export type Step = (typeof STEPS)[number]
