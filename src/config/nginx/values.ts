// Values as nginx writes them: sizes (k, m, for offsets g too), times (`1h 30m`, `500ms`), numbers,
// switches. Each parser answers null for what is none; the caller knows where it stands and says
// so, with the help of the `…Hint` functions, which know too much from none at all.

const KIB = 1024

/** Parses a size: bytes, or with `k` or `m`. As in nginx only offsets know `g`. */
export function parseSize(text: string): number | null {
  return scaled(/^(\d+)([km]?)$/i.exec(text))
}

/** Parses an offset (a length of bodies and files): bytes, or with `k`, `m` or `g`. */
export function parseOffset(text: string): number | null {
  return scaled(/^(\d+)([kmg]?)$/i.exec(text))
}

/** Parses a whole number without sign. */
export function parseCount(text: string): number | null {
  if (!/^\d+$/.test(text)) return null
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : null
}

/** Parses `on` or `off`, in any case. */
export function parseFlag(text: string): boolean | null {
  const word = text.toLowerCase()
  return word === 'on' ? true : word === 'off' ? false : null
}

/**
 * Units in the order in which they may follow each other, with their milliseconds. A blank alone
 * means seconds.
 */
const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 365 * 86_400_000],
  ['M', 30 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]
const SECOND_RANK = UNITS.findIndex(([unit]) => unit === 's')

/** nginx keeps times in 32-bit seconds or 64-bit milliseconds; beyond 68 years is a slip. */
const TIME_MS_MAX = 2_147_483_647_000

/**
 * Parses a time into milliseconds: numbers with units in falling order, blanks allowed after a unit
 * (`1h 30m`); a last number without unit counts seconds.
 */
export function parseTimeMs(text: string): number | null {
  const ms = anyTimeMs(text)
  return ms === null || ms > TIME_MS_MAX ? null : ms
}

/** The same without a limit. */
function anyTimeMs(text: string): number | null {
  if (!/\d/.test(text)) return null
  const part = /(\d*)(ms|[yMwdhms ]) */y
  let total = 0
  let rank = -1
  let at = 0
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    const [, digits, unit] = match
    const row = UNITS.findIndex(([name]) => name === unit)
    // A blank instead of a unit must come before any seconds, and nothing with a unit may follow
    // it.
    if (row === -1 ? rank >= SECOND_RANK : row <= rank) return null
    rank = row === -1 ? UNITS.length : row
    total += Number(digits) * (UNITS[row]?.[1] ?? 1000)
    at = part.lastIndex
  }
  const rest = text.slice(at)
  if (!/^\d*$/.test(rest)) return null
  return total + Number(rest) * 1000
}

/** Parses a time into whole seconds; milliseconds are refused, as in nginx. */
export function parseTimeSeconds(text: string): number | null {
  if (text.includes('ms')) return null
  const ms = parseTimeMs(text)
  return ms === null ? null : ms / 1000
}

/** What to write in place of a time that is none, or too long. */
export function timeHint(text: string, wanted: string): string {
  const ms = anyTimeMs(text)
  return ms !== null && ms > TIME_MS_MAX ? 'too large: a time is at most 68 years' : wanted
}

/** What to write in place of a count that is none, or larger than `most`. */
export function countHint(text: string, wanted: string, most = Number.MAX_SAFE_INTEGER): string {
  const isTooLarge = /^\d+$/.test(text) && Number(text) > most
  return isTooLarge ? `too large: at most ${most}` : wanted
}

/**
 * What to write in place of a size that is none, or too large.
 *
 * @param largest the limit as a size is written
 */
export function sizeHint(text: string, wanted: string, largest: string): string {
  if (!/^\d+[kmg]?$/i.test(text)) return wanted
  const bytes = parseOffset(text)
  if (bytes === null || bytes > (parseOffset(largest) ?? 0)) return `too large: at most ${largest}`
  return parseSize(text) === null ? `${wanted}; "g" is for the sizes of bodies only` : wanted
}

/** What to write in place of a port that an address was refused for. */
export function portHint(text: string): string {
  const wanted = 'a port goes from 1 to 65535'
  return Number(/:(\d+)$/.exec(text)?.[1]) > PORT_MAX ? `too large: ${wanted}` : wanted
}

const PORT_MAX = 65_535

const SCALES: Readonly<Record<string, number>> = { '': 1, k: KIB, m: KIB * KIB, g: KIB ** 3 }

function scaled(match: RegExpExecArray | null): number | null {
  if (match === null) return null
  const value = Number(match[1]) * SCALES[match[2]!.toLowerCase()]!
  return Number.isSafeInteger(value) ? value : null
}
