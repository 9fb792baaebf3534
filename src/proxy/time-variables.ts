// Variables of time. The texts of one second are made once a second, as nginx does: a log line costs a comparison.

import type { Exchange } from './exchange.ts'
import { secondsText, threeDigits, type VariableTable } from './variable.ts'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** A text that holds for one second. */
function perSecond(format: (date: Date) => string): (exchange: Exchange) => string {
  let second = Number.NaN
  let text = ''
  return exchange => {
    const now = exchange.snapshot.services.clock.wallSeconds
    if (now !== second) {
      second = now
      text = format(new Date(now * 1000))
    }
    return text
  }
}

export const TIME_VARIABLES: VariableTable = {
  connection_time: exchange =>
    secondsText(exchange.snapshot.services.clock.nowMs - exchange.connection.startedMs),
  date_gmt: perSecond(date => dateText(date, false)),
  date_local: perSecond(date => dateText(date, true)),
  msec: exchange => {
    const now = Math.floor(exchange.snapshot.services.clock.wallMs)
    return `${Math.floor(now / 1000)}.${threeDigits(now % 1000)}`
  },
  request_time: exchange =>
    secondsText(exchange.snapshot.services.clock.nowMs - exchange.startedMs),
  time_iso8601: perSecond(iso8601Text),
  time_local: perSecond(commonLogText),
}

/** `28/Sep/1970:12:00:00 +0600` */
export function commonLogText(date: Date): string {
  const day = two(date.getDate())
  const month = MONTHS[date.getMonth()]
  return `${day}/${month}/${date.getFullYear()}:${timeText(date)} ${offsetText(date, '')}`
}

/** `1970-09-28T12:00:00+06:00` */
export function iso8601Text(date: Date): string {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day}T${timeText(date)}${offsetText(date, ':')}`
}

/** `Monday, 28-Sep-1970 06:00:00 GMT`, nginx's format where no other is configured. */
function dateText(date: Date, isLocal: boolean): string {
  // The shifted date's UTC parts are the local ones.
  const shift = isLocal ? date.getTimezoneOffset() * 60_000 : 0
  const local = new Date(date.getTime() - shift)
  const day = `${DAYS[local.getUTCDay()]}, ${two(local.getUTCDate())}-${MONTHS[local.getUTCMonth()]}`
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`
  return `${day}-${local.getUTCFullYear()} ${time} ${isLocal ? zoneName(date) : 'GMT'}`
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(date)
  return parts.find(part => part.type === 'timeZoneName')?.value ?? ''
}

function timeText(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

function offsetText(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset()
  const absolute = Math.abs(minutes)
  const hours = two(Math.floor(absolute / 60))
  return `${minutes < 0 ? '-' : '+'}${hours}${separator}${two(absolute % 60)}`
}

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number)
}
