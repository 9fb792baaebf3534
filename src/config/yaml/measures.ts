// Durations and sizes: `1h30m`, `500ms`, `16k`. A number without a unit would be seconds to one
// reader and milliseconds to another, so only zero may go without.

import { type Kind, wordKind } from './kind.ts'
import { FROM_ENVIRONMENT } from './words.ts'

/** Longest first: the writer takes the first that divides. */
const TIME_UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]
/** More than any timer can wait (24 days). */
const DURATION_MS_MAX = 2_147_483_647_000

const SIZE_UNITS: readonly (readonly [unit: string, bytes: number])[] = [
  ['g', 1024 ** 3],
  ['m', 1024 ** 2],
  ['k', 1024],
]

const DURATION_PATTERN = '^([0-9]+(ms|[smhd]))+$|^0$'
const SIZE_PATTERN = '^[0-9]+[kmgKMG]?$'

/** A duration in milliseconds. */
export const DURATION: Kind<number> = wordKind<number>({
  label: 'duration',
  wanted: 'a duration such as 30s, 500ms or 1h30m',
  schema: {
    anyOf: [{ const: 0 }, { type: 'string', pattern: `${DURATION_PATTERN}|${FROM_ENVIRONMENT}` }],
  },
  parse: parseDuration,
  print: printDuration,
  hint: unitHint,
})

/** A duration in whole seconds. */
export const SECONDS: Kind<number> = wordKind<number>({
  label: 'whole seconds',
  wanted: 'a duration of whole seconds such as 30s or 5m',
  schema: {
    anyOf: [{ const: 0 }, { type: 'string', pattern: `${DURATION_PATTERN}|${FROM_ENVIRONMENT}` }],
  },
  parse: text => {
    const ms = parseDuration(text)
    return ms === null || ms % 1000 !== 0 ? null : ms / 1000
  },
  print: value => printDuration(value * 1000),
  hint: unitHint,
})

/** Makes the kind of sizes in bytes from `min` on. */
export function size(min: number): Kind<number> {
  const atLeast = min === 0 ? '' : `, at least ${printSize(min)}`
  return wordKind<number>({
    label: 'size',
    wanted: `a size such as 16k, 300m or 1g${atLeast}`,
    schema: {
      anyOf: [
        { type: 'integer', minimum: min },
        { type: 'string', pattern: `${SIZE_PATTERN}|${FROM_ENVIRONMENT}` },
      ],
    },
    parse: text => {
      const value = parseSize(text)
      return value === null || value < min ? null : value
    },
    print: printSize,
    hint: text =>
      /^[0-9]+ *[kmg]i?b$/i.test(text) ? `write "${text.replaceAll(/[ iIbB]/g, '')}"` : '',
  })
}

/**
 * Parses `1h30m`; each unit at most once and the longer before the shorter. Null for anything else.
 */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0
  if (!/^(?:[0-9]{1,12}(?:ms|[smhd]))+$/.test(text)) return null
  let ms = 0
  let previous = -1
  for (const [, digits, unit] of text.matchAll(/([0-9]+)(ms|[smhd])/g)) {
    const index = TIME_UNITS.findIndex(row => row[0] === unit)
    if (index <= previous) return null
    previous = index
    ms += Number(digits) * TIME_UNITS[index]![1]
  }
  return ms <= DURATION_MS_MAX ? ms : null
}

/** Prints milliseconds in the longest unit that divides them: `90s`, `1h`, `0`. */
export function printDuration(ms: number): string | number {
  if (ms === 0) return 0
  for (const [unit, factor] of TIME_UNITS) {
    // 24 hours stay hours, and 90 seconds seconds: days and minutes are for round numbers of them.
    if (ms % factor === 0 && (unit !== 'd' || ms / factor > 1)) return `${ms / factor}${unit}`
  }
  return `${ms}ms`
}

/** Parses `16k`; null for anything else. */
export function parseSize(text: string): number | null {
  const match = /^([0-9]{1,15})([kmgKMG]?)$/.exec(text)
  if (match === null) return null
  const factor = SIZE_UNITS.find(row => row[0] === match[2]!.toLowerCase())?.[1] ?? 1
  const bytes = Number(match[1]) * factor
  return Number.isSafeInteger(bytes) ? bytes : null
}

/** Prints bytes in the largest unit that divides them. */
export function printSize(bytes: number): string | number {
  if (bytes === 0) return 0
  for (const [unit, factor] of SIZE_UNITS) {
    if (bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return bytes
}

function unitHint(text: string): string {
  return /^[0-9]+$/.test(text) ? `a number wants its unit: "${text}s" or "${text}ms"` : ''
}
