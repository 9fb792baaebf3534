// Texts that the steps of `rewrite` put together. What a regex captured was decoded before it was matched: put into
// arguments or a Location it is escaped again, where the client's path had anything to decode (ngx_http_script.c).

import type { Template } from '../model/template.ts'
import type { Exchange } from './exchange.ts'
import type { Render } from './runtime.ts'
import { byteText, type Variable } from './variable.ts'
import { compileTemplate, compileVariable } from './variables.ts'

/** The text for one exchange; with `escapesCaptures` what `$1`…`$9` bring may stand in a query. */
export type ScriptText = (exchange: Exchange, escapesCaptures: boolean) => string

/** Compiles a text in which captures may have to be escaped. */
export function compileScriptText(template: Template): ScriptText {
  if (!template.some(isCapture)) {
    const render: Render = compileTemplate(template)
    return exchange => render(exchange)
  }
  const pieces = template.map(part => {
    if (typeof part === 'string') return byteText(part)
    return { read: compileVariable(part.variable), isCapture: isCapture(part) }
  })
  return (exchange, escapesCaptures) => {
    const escapes = escapesCaptures && isPathEscaped(exchange)
    let text = ''
    for (const piece of pieces) {
      if (typeof piece === 'string') text += piece
      else text += pieceText(piece, exchange, escapes)
    }
    return text
  }
}

function isCapture(part: Template[number]): boolean {
  return typeof part !== 'string' && /^[1-9]$/.test(part.variable)
}

function pieceText(
  piece: { readonly read: Variable; readonly isCapture: boolean },
  exchange: Exchange,
  escapes: boolean,
): string {
  const value = piece.read(exchange) ?? ''
  return escapes && piece.isCapture ? escapeArgument(value) : value
}

/** Whether the path that the client sent has escapes, or a plus sign, which a query would read as one. */
function isPathEscaped({ head }: Exchange): boolean {
  return /^[^?#]*[%+]/.test(head.target)
}

/** The text with everything escaped that would mean something in a query. */
export function escapeArgument(text: string): string {
  return text.replace(/[\x00-\x20"#%&+;<>?\\^`{|}\x7f-\xff]/g, hexEscape)
}

function hexEscape(char: string): string {
  const code = char.charCodeAt(0) & 0xff
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}`
}

const HEX_PAIR = /%(?:([0-9a-f]{2})|[0-9a-f].|.|$)/gis

/**
 * Undoes the escapes of a Location that need not be: before its `?`, and of letters, digits and most signs. What is no
 * escape loses its percent sign, as in nginx.
 */
export function unescapeRedirect(text: string): string {
  let plain = ''
  let from = 0
  for (;;) {
    const mark = text.indexOf('?', from)
    const percent = text.indexOf('%', from)
    if (percent === -1 || (mark !== -1 && mark < percent)) return plain + text.slice(from)
    plain += text.slice(from, percent)
    HEX_PAIR.lastIndex = percent
    const found = HEX_PAIR.exec(text)!
    from = HEX_PAIR.lastIndex
    const pair = found[1]
    if (pair === undefined) {
      plain += brokenEscape(found[0])
      continue
    }
    const code = Number.parseInt(pair, 16)
    if (code === 0x3f /* ? */ && /[a-f]/i.test(pair[1]!)) return `${plain}?${text.slice(from)}`
    plain += code > 0x25 /* % */ && code < 0x7f ? String.fromCharCode(code) : found[0]
  }
}

/** `%` and one digit swallow what follows; another character stays. */
function brokenEscape(text: string): string {
  return text.length === 2 && !/[0-9a-f]/i.test(text[1]!) ? text[1]! : ''
}
