// `expires`: Expires and Cache-Control from one setting (http://nginx.org/en/docs/http/ngx_http_headers_module.html#expires).

import type { Clock } from '../base/clock.ts'
import { formatHttpDate, parseHttpDate } from '../http/date.ts'
import type { Expires } from '../model/settings.ts'
import type { Exchange } from './exchange.ts'
import type { ExpiresFields } from './response-extras.ts'
import type { Render } from './runtime.ts'

const EPOCH: ExpiresFields = { expires: 'Thu, 01 Jan 1970 00:00:01 GMT', cacheControl: 'no-cache' }
const MAX: ExpiresFields = {
  expires: 'Thu, 31 Dec 2037 23:55:55 GMT',
  cacheControl: 'max-age=315360000',
}
const SECONDS_PER_DAY = 86_400

/** Makes the fields for one response; null: nothing is set. */
export type ExpiresRule = (exchange: Exchange, lastModified: string) => ExpiresFields | null

/**
 * Compiles the setting; null for `off`.
 *
 * @param parse reads what a variable holds, by the syntax of the directive; null when it is not one
 */
export function compileExpires(
  expires: Expires,
  clock: Clock,
  render: (template: Extract<Expires, { kind: 'variable' }>['value']) => Render,
  parse: (text: string, isModified: boolean) => Expires | null,
): ExpiresRule | null {
  switch (expires.kind) {
    case 'off':
      return null
    case 'epoch':
      return () => EPOCH
    case 'max':
      return () => MAX
    case 'variable': {
      const value = render(expires.value)
      return (exchange, lastModified) => {
        const parsed = parse(value(exchange), expires.isModified)
        if (parsed === null || parsed.kind === 'variable') return null
        return fieldsOf(parsed, clock, lastModified)
      }
    }
    default:
      return (_, lastModified) => {
        const fields = fieldsOf(expires, clock, lastModified)
        // What was written to lie in the past is not kept, whatever the file's date makes of it.
        const isPast = fields !== null && expires.kind !== 'daily' && expires.seconds < 0
        return isPast ? { ...fields, cacheControl: 'no-cache' } : fields
      }
  }
}

function fieldsOf(expires: Expires, clock: Clock, lastModified: string): ExpiresFields | null {
  switch (expires.kind) {
    case 'epoch':
      return EPOCH
    case 'max':
      return MAX
    case 'access':
      return fromNow(clock, expires.seconds)
    case 'modified':
      return expires.seconds === 0
        ? fromNow(clock, 0)
        : fromModified(clock, expires.seconds, lastModified)
    case 'daily':
      return fromNow(clock, secondsUntil(clock.wallSeconds, expires.secondOfDay))
    default:
      return null
  }
}

function fromNow(clock: Clock, seconds: number): ExpiresFields {
  return {
    expires: formatHttpDate(clock.wallSeconds + seconds),
    cacheControl: seconds < 0 ? 'no-cache' : `max-age=${seconds}`,
  }
}

function fromModified(clock: Clock, seconds: number, lastModified: string): ExpiresFields {
  const modified = parseHttpDate(lastModified)
  if (Number.isNaN(modified)) return fromNow(clock, seconds)
  return fromNow(clock, modified + seconds - clock.wallSeconds)
}

/** Seconds until the next time of day in the local time zone, as nginx counts them. */
function secondsUntil(now: number, secondOfDay: number): number {
  const date = new Date(now * 1000)
  const today = date.getHours() * 3600 + date.getMinutes() * 60 + date.getSeconds()
  return secondOfDay > today ? secondOfDay - today : secondOfDay - today + SECONDS_PER_DAY
}

const TIME =
  /^(?=.)(?:(\d+)y *)?(?:(\d+)M *)?(?:(\d+)w *)?(?:(\d+)d *)?(?:(\d+)h *)?(?:(\d+)m *)?(?:(\d+)s?)?$/
const UNIT_SECONDS = [31_536_000, 2_592_000, 604_800, SECONDS_PER_DAY, 3_600, 60, 1]

/** Reads what a variable came to, by the syntax of the directive behind `modified`, or without that word. */
export function parseExpires(text: string, isModified = false): Expires | null {
  if (!isModified && (text === 'off' || text === 'epoch' || text === 'max')) return { kind: text }
  const isDaily = text.startsWith('@')
  const seconds = parseSeconds(text.replace(/^[@+-]/, ''))
  if (seconds === null) return null
  if (isDaily) {
    if (isModified || seconds > SECONDS_PER_DAY) return null
    return { kind: 'daily', secondOfDay: seconds }
  }
  const signed = text.startsWith('-') && seconds > 0 ? -seconds : seconds
  return { kind: isModified ? 'modified' : 'access', seconds: signed }
}

function parseSeconds(text: string): number | null {
  const counts = TIME.exec(text)?.slice(1)
  if (counts === undefined) return null
  return counts.reduce((sum, count, index) => sum + Number(count ?? 0) * UNIT_SECONDS[index]!, 0)
}
