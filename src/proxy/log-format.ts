// `log_format` compiled: one function that makes the whole line. Escaping is nginx's, byte for byte
// (http://nginx.org/en/docs/http/ngx_http_log_module.html#log_format).

import type { LogFormat } from '../model/settings.ts'
import type { Template } from '../model/template.ts'
import type { Exchange } from './exchange.ts'
import type { Render } from './runtime.ts'
import { byteText, type Variable } from './variable.ts'
import { compileVariable } from './variables.ts'

/** Variables whose values never hold a byte that any escaping changes, and always are there. */
const PLAIN: ReadonlySet<string> = new Set([
  'body_bytes_sent',
  'bytes_sent',
  'connection',
  'connection_requests',
  'connection_time',
  'msec',
  'pid',
  'pipe',
  'remote_addr',
  'request_id',
  'request_length',
  'request_time',
  'scheme',
  'status',
  'time_iso8601',
  'time_local',
])

/** Compiles a format to a function that makes the line with its line feed. */
export function compileLogFormat(format: LogFormat): Render {
  const { texts, renders } = splitTemplate(format.text, format.escape)
  const count = renders.length
  return exchange => {
    let line = texts[0]!
    for (let i = 0; i < count; i++) line += renders[i]!(exchange) + texts[i + 1]!
    return line
  }
}

/** The literal texts around the variables: one more of them, the last with the line feed. */
function splitTemplate(
  template: Template,
  escaping: LogFormat['escape'],
): { texts: string[]; renders: Render[] } {
  const texts = ['']
  const renders: Render[] = []
  for (const part of template) {
    if (typeof part === 'string') {
      texts[texts.length - 1] += byteText(part)
      continue
    }
    renders.push(escaped(part.variable, escaping))
    texts.push('')
  }
  texts[texts.length - 1] += '\n'
  return { texts, renders }
}

function escaped(name: string, escaping: LogFormat['escape']): Render {
  const variable = compileVariable(name)
  if (PLAIN.has(name)) return variable as (exchange: Exchange) => string
  switch (escaping) {
    case 'default':
      return escapedDefault(variable)
    case 'json':
      return escapedJson(variable)
    case 'none':
      return exchange => variable(exchange) ?? ''
  }
}

function escapedDefault(variable: Variable): Render {
  return exchange => {
    const value = variable(exchange)
    return value === null ? '-' : escapeDefault(value)
  }
}

function escapedJson(variable: Variable): Render {
  return exchange => {
    const value = variable(exchange)
    return value === null ? '' : escapeJson(value)
  }
}

const UNSAFE_DEFAULT = /["\\\x00-\x1f\x7f-\xff]/
const UNSAFE_JSON = /["\\\x00-\x1f]/

const HEX_ESCAPES: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`,
)

const JSON_SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** `"`, `\` and all bytes but visible ASCII and space become `\xXX`. */
export function escapeDefault(value: string): string {
  if (!UNSAFE_DEFAULT.test(value)) return value
  let text = ''
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    const isUnsafe = code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c
    text += isUnsafe ? HEX_ESCAPES[code & 0xff]! : value[i]!
  }
  return text
}

/** What must not stand in a JSON string is escaped; other bytes pass, so that UTF-8 stays UTF-8. */
export function escapeJson(value: string): string {
  if (!UNSAFE_JSON.test(value)) return value
  let text = ''
  for (const char of value) {
    const code = char.charCodeAt(0)
    if (JSON_SHORT[char] !== undefined) text += JSON_SHORT[char]
    else if (code < 0x20) text += `\\u00${code.toString(16).toUpperCase().padStart(2, '0')}`
    else text += char
  }
  return text
}
