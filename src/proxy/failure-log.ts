// One line in the error log for what went wrong in an exchange: what, at which step, for which client, and every peer
// that was tried with its failure and time.

import type { LogLevel } from '../model/settings.ts'
import type { Exchange, Try } from './exchange.ts'

/** Writes one line in nginx's form, with the step where it happened and the tries so far. */
export function logFailure(exchange: Exchange, level: LogLevel, text: string): void {
  const { errorLog } = exchange.location ?? exchange.server.fallback
  if (!errorLog.isWanted(level)) return
  const { connection, head, server, tries } = exchange
  const fields: Record<string, unknown> = {
    connection: connection.serial,
    client: connection.remoteAddress,
    server: server.config.name,
  }
  if (head.lineBytes > 0) fields.request = head.requestLine
  const last = tries.at(-1)
  if (last !== undefined) fields.upstream = last.address
  if (head.authority !== '') fields.host = head.authority
  fields.step = exchange.step
  if (tries.length > 0)
    fields.tries = tries
      .filter(each => each.address !== '')
      .map(describeTry)
      .join('; ')
  errorLog.write(level, text, fields)
}

function describeTry(each: Try): string {
  const { failure } = each
  const detail = failure === null || failure.detail === '' ? '' : ` ${failure.detail}`
  const outcome = failure === null ? `${each.status}` : `${failure.failure}${detail}`
  return `${each.address} ${outcome} in ${Math.max(0, each.responseMs).toFixed(0)} ms`
}
