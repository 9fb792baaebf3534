// Dates as nginx reads them in Expires and Last-Modified, which is laxer than HTTP: any word may
// stand for the day of the week, one letter or two of the month decide, and nothing behind the time
// is looked at, the time zone neither.

const FIXDATE = /^[^, ]*, *(\d\d) ([JFMASOND]..) (\d{4}) (\d\d):(\d\d):(\d\d)/s
const RFC850 = /^[^, ]*, *(\d\d)-([JFMASOND]..)-(\d\d) (\d\d):(\d\d):(\d\d)/s
const ASCTIME = /^[^, ]* +([JFMASOND]..). ?(\d\d?) (\d\d):(\d\d):(\d\d) (\d{4})/s

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
/** Two-digit years below this are of this century. */
const CENTURY_TURN = 70

/** Seconds since 1970; NaN when nginx takes it for no date. */
export function parseNginxDate(text: string): number {
  const fixdate = FIXDATE.exec(text)
  if (fixdate !== null) return toSeconds(fixdate, Number(fixdate[3]), fixdate[2]!, fixdate[1]!, 4)
  const rfc850 = RFC850.exec(text)
  if (rfc850 !== null) {
    const year = Number(rfc850[3])
    const whole = year + (year < CENTURY_TURN ? 2000 : 1900)
    return toSeconds(rfc850, whole, rfc850[2]!, rfc850[1]!, 4)
  }
  const asctime = ASCTIME.exec(text)
  if (asctime === null) return Number.NaN
  return toSeconds(asctime, Number(asctime[6]), asctime[1]!, asctime[2]!, 3)
}

/** @param timeAt group of the hours; minutes and seconds come after it */
function toSeconds(
  match: RegExpExecArray,
  year: number,
  monthName: string,
  dayText: string,
  timeAt: number,
): number {
  const month = monthOf(monthName)
  const day = Number(dayText)
  const hour = Number(match[timeAt])
  const minute = Number(match[timeAt + 1])
  const second = Number(match[timeAt + 2])
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  if (day > MONTH_DAYS[month]! + (month === 1 && isLeap ? 1 : 0)) return Number.NaN
  // Date.UTC takes years below 100 for those of the last century.
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second
}

/** Of a name that begins with the first letter of a month. */
function monthOf(name: string): number {
  switch (name[0]) {
    case 'J':
      return name[1] === 'a' ? 0 : name[2] === 'n' ? 5 : 6
    case 'F':
      return 1
    case 'M':
      return name[2] === 'r' ? 2 : 4
    case 'A':
      return name[1] === 'p' ? 3 : 7
    case 'S':
      return 8
    case 'O':
      return 9
    case 'N':
      return 10
    default:
      return 11
  }
}
