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
  parse: (text: string) => Expires | null,
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
        const parsed = parse(value(exchange))
        if (parsed === null || parsed.kind === 'variable') return null
        return compileExpires(parsed, clock, render, parse)?.(exchange, lastModified) ?? null
      }
    }
    case 'access':
      return () => fromNow(clock, expires.seconds)
    case 'modified':
      return (_, lastModified) => fromModified(clock, expires.seconds, lastModified)
    case 'daily':
      return () => fromNow(clock, secondsUntil(clock.wallSeconds, expires.secondOfDay))
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

const WORD = /^(modified\s+)?([+-]?)((?:\d+(?:ms|[smhdwMy])?)+)$/
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  M: 2_592_000,
  y: 31_536_000,
  '': 1,
}

/** Reads the directive's syntax at run time (a value that came out of a variable). */
export function parseExpires(text: string): Expires | null {
  if (text === 'off' || text === 'epoch' || text === 'max') return { kind: text }
  const match = WORD.exec(text)
  if (match === null) return null
  let seconds = 0
  for (const [, count, unit] of match[3]!.matchAll(/(\d+)(ms|[smhdwMy])?/g))
    seconds += Number(count) * UNIT_SECONDS[unit ?? '']!
  const signed = Math.floor(match[2] === '-' ? -seconds : seconds)
  return { kind: match[1] === undefined ? 'access' : 'modified', seconds: signed }
}
