// The access log as JSON lines: `format: json`. Pino makes the line, the names are those of the variables, numbers
// are numbers, and what has no value is left out.

import { pino } from 'pino' // hot-path: one line of the access log, for those who ask for JSON

import type { Exchange } from './exchange.ts'
import type { Variable } from './variable.ts'
import { compileVariable } from './variables.ts'

const TEXT_NAMES = [
  'remote_addr',
  'remote_user',
  'request_method',
  'scheme',
  'host',
  'request_uri',
  'server_protocol',
  'http_referer',
  'http_user_agent',
  'http_x_forwarded_for',
  'server_name',
  'upstream_addr',
  'upstream_status',
  'upstream_connect_time',
  'upstream_header_time',
  'upstream_response_time',
] as const

const NUMBER_NAMES = [
  'status',
  'request_time',
  'request_length',
  'bytes_sent',
  'body_bytes_sent',
  'connection',
  'connection_requests',
] as const

const NOT_ASCII = /[^\x00-\x7f]/

/** Takes whole lines as latin-1. */
export interface LineSink {
  write(line: string): void
}

/** Makes the function that writes one exchange as a JSON line to where `sinkFor` says. */
export function jsonLineWriter(
  sinkFor: (exchange: Exchange) => LineSink | null,
): (exchange: Exchange) => void {
  const texts = TEXT_NAMES.map(compilePair)
  const numbers = NUMBER_NAMES.map(compilePair)
  const time = compileVariable('time_iso8601')
  let sink: LineSink | null = null
  const logger = pino(
    { base: null, timestamp: false, formatters: { level: label => ({ level: label }) } },
    { write: (line: string) => sink?.write(toBytes(line)) },
  )
  return exchange => {
    sink = sinkFor(exchange)
    if (sink === null) return
    const fields: Record<string, string | number> = { time: time(exchange) ?? '' }
    for (const { name, variable } of numbers) fields[name] = Number(variable(exchange))
    for (const { name, variable } of texts) {
      const value = variable(exchange)
      if (value !== null && value !== '') fields[name] = toText(value)
    }
    const { failure, step } = exchange
    if (failure !== null) {
      fields.failure = failure.failure
      fields.step = step
    }
    logger.info(fields)
  }
}

function compilePair(name: string): { name: string; variable: Variable } {
  return { name, variable: compileVariable(name) }
}

/** Bytes that are UTF-8 become the text they mean: JSON knows nothing else. */
function toText(value: string): string {
  return NOT_ASCII.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value
}

function toBytes(line: string): string {
  return NOT_ASCII.test(line) ? Buffer.from(line, 'utf8').toString('latin1') : line
}
