// What changed in a group's health, for the error log. The group tells one worker of each change,
// the one that noticed it, so every line stands there once; it belongs to no request, and the
// location that the worker was busy with only says into which file.

import type { HealthNews } from '../balance/health-watch.ts'
import type { EjectionCause } from '../balance/outliers.ts'
import type { LogLevel } from '../base/log-level.ts'
import type { Exchange } from './exchange.ts'

const CAUSES: { readonly [K in EjectionCause]: string } = {
  failures_in_a_row: 'too many failures in a row',
  failure_percentage: 'too large a part of its requests failed',
  success_rate: 'its success rate lies far below that of the others',
  failed_trial: 'the trial after its last ejection failed',
}

/**
 * Writes a line for each change.
 *
 * @param addressOf the address of a peer by its index in the group
 */
export function logHealthNews(
  exchange: Exchange,
  upstream: string,
  news: readonly HealthNews[],
  addressOf: (peer: number) => string,
): void {
  const { errorLog } = exchange.location ?? exchange.server.fallback
  for (const each of news) {
    const { level, text } = wordsOf(each, upstream, addressOf)
    errorLog.write(level, text)
  }
}

/** The line of one change. */
export function wordsOf(
  news: HealthNews,
  upstream: string,
  addressOf: (peer: number) => string,
): { readonly level: LogLevel; readonly text: string } {
  switch (news.kind) {
    case 'ejected': {
      const { peer, cause, seconds, inARow } = news
      const what = `upstream server ${addressOf(peer)} in "${upstream}" ejected for ${seconds}s`
      const again = inARow > 1 ? `, ejection ${inARow} without a rest` : ''
      return { level: 'warn', text: `${what}: ${CAUSES[cause]}${again}` }
    }
    case 'returned': {
      const what = `upstream server ${addressOf(news.peer)} in "${upstream}" is back`
      return { level: 'notice', text: `${what}: the trial after its ejection went well` }
    }
    case 'panic': {
      const { isOn, usable, count } = news
      const what = `upstream "${upstream}" ${isOn ? 'panics' : 'no longer panics'}`
      const why = `${usable} of ${count} peers usable`
      // The end stands where the beginning does.
      return { level: 'error', text: `${what}: ${why}${isOn ? ', so all get requests' : ''}` }
    }
  }
}
