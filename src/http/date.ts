// Dates of HTTP (RFC 9110 §5.6.7): written in one format, read in all three. Seconds since 1970 in,
// seconds out; the text of the second at hand is kept, as every response of that second has the
// same Date.

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const LONG_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Two-digit years below this are of this century, as in nginx. */
const CENTURY_TURN = 70

let keptSeconds = Number.NaN
let keptText = ''

/** Writes a time as IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function formatHttpDate(seconds: number): string {
  if (seconds === keptSeconds) return keptText
  keptSeconds = seconds
  keptText = new Date(seconds * 1000).toUTCString()
  return keptText
}

/** Reads a date in any of the three formats; NaN when it is none, or no day of the calendar. */
export function parseHttpDate(text: string): number {
  const comma = text.indexOf(',')
  if (comma === 3) return parseFixdate(text)
  if (comma > 3) return parseRfc850(text, comma)
  return parseAsctime(text)
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
function parseFixdate(text: string): number {
  if (text.length !== 29 || !DAYS.includes(text.slice(0, 3))) return Number.NaN
  if (!hasAt(text, 4, ' ') || !hasAt(text, 7, ' ') || !hasAt(text, 11, ' ')) return Number.NaN
  if (!hasAt(text, 16, ' ') || !text.endsWith(' GMT')) return Number.NaN
  const day = readDigits(text, 5, 2)
  return toSeconds(readDigits(text, 12, 4), readMonth(text, 8), day, readTime(text, 17))
}

/** `Sunday, 06-Nov-94 08:49:37 GMT` */
function parseRfc850(text: string, comma: number): number {
  if (text.length !== comma + 24 || !LONG_DAYS.includes(text.slice(0, comma))) return Number.NaN
  if (!hasAt(text, comma + 1, ' ') || !hasAt(text, comma + 4, '-')) return Number.NaN
  if (!hasAt(text, comma + 8, '-') || !hasAt(text, comma + 11, ' ')) return Number.NaN
  if (!text.endsWith(' GMT')) return Number.NaN
  const shortYear = readDigits(text, comma + 9, 2)
  const year = shortYear + (shortYear < CENTURY_TURN ? 2000 : 1900)
  const day = readDigits(text, comma + 2, 2)
  return toSeconds(year, readMonth(text, comma + 5), day, readTime(text, comma + 12))
}

/** `Sun Nov  6 08:49:37 1994` */
function parseAsctime(text: string): number {
  if (text.length !== 24 || !DAYS.includes(text.slice(0, 3))) return Number.NaN
  if (!hasAt(text, 3, ' ') || !hasAt(text, 7, ' ') || !hasAt(text, 10, ' ')) return Number.NaN
  if (!hasAt(text, 19, ' ')) return Number.NaN
  const day = hasAt(text, 8, ' ') ? readDigits(text, 9, 1) : readDigits(text, 8, 2)
  return toSeconds(readDigits(text, 20, 4), readMonth(text, 4), day, readTime(text, 11))
}

/** Seconds of the day in `08:49:37`; a leap second counts as the one before. */
function readTime(text: string, at: number): number {
  if (!hasAt(text, at + 2, ':') || !hasAt(text, at + 5, ':')) return Number.NaN
  const hours = readDigits(text, at, 2)
  const minutes = readDigits(text, at + 3, 2)
  const seconds = readDigits(text, at + 6, 2)
  if (!(hours < 24 && minutes < 60 && seconds <= 60)) return Number.NaN
  return hours * 3600 + minutes * 60 + Math.min(seconds, 59)
}

/** Month 0 to 11, -1 for none. */
function readMonth(text: string, at: number): number {
  const place = MONTHS.indexOf(text.slice(at, at + 3))
  return place >= 0 && place % 3 === 0 ? place / 3 : -1
}

function readDigits(text: string, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

function hasAt(text: string, at: number, char: string): boolean {
  return text.charCodeAt(at) === char.charCodeAt(0)
}

function toSeconds(year: number, month: number, day: number, time: number): number {
  if (month < 0 || !(day >= 1) || !(year >= 1)) return Number.NaN
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = month === 1 && isLeap ? 29 : MONTH_DAYS[month]!
  if (day > days) return Number.NaN
  // Date.UTC takes years below 100 for those of the last century.
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  return date.getTime() / 1000 + time
}
