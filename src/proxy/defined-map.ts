// `map`: a text looked up among texts without regard to the case of ASCII letters, then under host names with a star, then
// by regexes in their order (http://nginx.org/en/docs/http/ngx_http_map_module.html). What has no star and no regex costs
// one look into a table.

import { literalText, type Template } from '../model/template.ts'
import type { MapDefinition } from '../model/variable-definitions.ts'
import type { Exchange } from './exchange.ts'
import { setCaptures } from './route.ts'
import type { Render } from './runtime.ts'
import { byteText, type Variable } from './variable.ts'
import { compileTemplate } from './variables.ts'

/** A text, or what makes one. */
type Value = string | Render

/** Makes the variable of a `map`. */
export function compileMap(definition: MapDefinition): Variable {
  const source = compileSource(definition)
  const find = compileTexts(definition)
  const otherwise = compileValue(definition.default)
  const regexes = definition.regexes.map(({ pattern, isCaseInsensitive, value }) => ({
    regex: new RegExp(pattern, isCaseInsensitive ? 'i' : ''),
    value: compileValue(value),
  }))
  if (regexes.length === 0) {
    return exchange => textOf(find(source(exchange)) ?? otherwise, exchange)
  }
  return exchange => {
    const text = source(exchange)
    const found = find(text)
    if (found !== undefined || text === '') return textOf(found ?? otherwise, exchange)
    for (const { regex, value } of regexes) {
      const captures = regex.exec(text)
      if (captures === null) continue
      setCaptures(exchange, captures)
      return textOf(value, exchange)
    }
    return textOf(otherwise, exchange)
  }
}

/** A host name may end with a dot. */
function compileSource({ source, isByHostname }: MapDefinition): Render {
  const render = compileTemplate(source)
  if (!isByHostname) return render
  return exchange => {
    const text = render(exchange)
    return text.endsWith('.') ? text.slice(0, -1) : text
  }
}

function textOf(value: Value, exchange: Exchange): string {
  return typeof value === 'string' ? value : value(exchange)
}

function compileValue(template: Template): Value {
  const text = literalText(template)
  return text === null ? compileTemplate(template) : byteText(text)
}

/** What finds a text, or with host names the nearest name that covers it. */
function compileTexts({ texts, isByHostname }: MapDefinition): (text: string) => Value | undefined {
  const exact = new Map<string, Value>()
  /** By `.example.com`. */
  const suffixes = new Map<string, Value>()
  /** By `www.example.` */
  const prefixes = new Map<string, Value>()
  for (const { text, value } of texts) {
    const bytes = byteText(text)
    const compiled = compileValue(value)
    if (!isByHostname) exact.set(bytes, compiled)
    else if (bytes.startsWith('*.') && bytes.length > 2) suffixes.set(bytes.slice(1), compiled)
    else if (bytes.endsWith('.*') && bytes.length > 2) prefixes.set(bytes.slice(0, -1), compiled)
    else if (bytes.startsWith('.') && bytes.length > 1) {
      suffixes.set(bytes, compiled)
      exact.set(bytes.slice(1), compiled)
    } else exact.set(bytes, compiled)
  }
  if (!isByHostname) return text => exact.get(lowerText(text))
  return host => {
    const text = lowerText(host)
    return exact.get(text) ?? findSuffix(suffixes, text) ?? findPrefix(prefixes, text)
  }
}

function findSuffix(suffixes: ReadonlyMap<string, Value>, text: string): Value | undefined {
  if (suffixes.size === 0) return undefined
  for (let dot = text.indexOf('.'); dot !== -1; dot = text.indexOf('.', dot + 1)) {
    const found = suffixes.get(text.slice(dot))
    if (found !== undefined) return found
  }
  return undefined
}

function findPrefix(prefixes: ReadonlyMap<string, Value>, text: string): Value | undefined {
  if (prefixes.size === 0) return undefined
  for (let dot = text.lastIndexOf('.'); dot > 0; dot = text.lastIndexOf('.', dot - 1)) {
    const found = prefixes.get(text.slice(0, dot + 1))
    if (found !== undefined) return found
  }
  return undefined
}

const UPPER = /[A-Z]/
const NOT_ASCII = /[^\x00-\x7f]/

/** ASCII letters in lower case; other bytes as they are. */
function lowerText(text: string): string {
  if (!UPPER.test(text)) return text
  if (!NOT_ASCII.test(text)) return text.toLowerCase()
  return text.replaceAll(/[A-Z]+/g, letters => letters.toLowerCase())
}
