// The list of a directory as a page, JSON, JSONP or XML, byte for byte as nginx writes it: people parse these
// (http://nginx.org/en/docs/http/ngx_http_autoindex_module.html).

import type { FileSettings } from '../model/settings.ts'

/** One name in a directory. */
export interface ListedEntry {
  /** Latin-1: its bytes. */
  readonly name: string
  readonly kind: 'directory' | 'file' | 'other'
  /** Seconds since 1970. */
  readonly modified: number
  readonly size: number
}

/** What a page needs beside the entries. */
export interface ListOptions {
  /** The path that is listed. */
  readonly uri: string
  readonly isExact: boolean
  /** Added to times; 0 = they are those of Greenwich. */
  readonly offsetSeconds: number
  /** JSONP's function; empty = none. */
  readonly callback: string
}

/** Media types by format; without a function JSONP is JSON. */
export const LIST_TYPES: Readonly<Record<FileSettings['autoindexFormat'], string>> = {
  html: 'text/html',
  json: 'application/json',
  jsonp: 'application/javascript',
  xml: 'text/xml; charset=utf-8',
}

const NAME_LENGTH = 50
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Directories first, then by name, byte by byte. */
export function sortEntries(entries: readonly ListedEntry[]): readonly ListedEntry[] {
  const rank = ({ kind }: ListedEntry) => (kind === 'directory' ? 0 : 1)
  return entries.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
}

/** Writes the list. */
export function formatList(
  entries: readonly ListedEntry[],
  format: FileSettings['autoindexFormat'],
  options: ListOptions,
): string {
  switch (format) {
    case 'html':
      return htmlList(entries, options)
    case 'json':
      return jsonList(entries)
    case 'jsonp':
      return `/* callback */\r\n${options.callback}(${jsonList(entries)});`
    case 'xml':
      return xmlList(entries)
  }
}

function htmlList(entries: readonly ListedEntry[], options: ListOptions): string {
  const title = `Index of ${escapeHtml(options.uri)}`
  const lines = entries.map(entry => htmlLine(entry, options)).join('')
  return (
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<h1>${title}</h1><hr><pre>` +
    `<a href="../">../</a>\r\n${lines}</pre><hr></body>\r\n</html>\r\n`
  )
}

function htmlLine(entry: ListedEntry, { isExact, offsetSeconds }: ListOptions): string {
  const { name, modified } = entry
  const slash = entry.kind === 'directory' ? '/' : ''
  const date = new Date((modified + offsetSeconds) * 1000)
  const time =
    `${two(date.getUTCDate())}-${MONTHS[date.getUTCMonth()]}-${date.getUTCFullYear()} ` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`
  const size = isExact ? exactSize(entry) : roundSize(entry)
  const link = `<a href="${escapeComponent(name)}${slash}">${shownName(name, slash)}`
  return `${link} ${time} ${size}\r\n`
}

function shownName(name: string, slash: string): string {
  if (name.length > NAME_LENGTH) {
    return `${escapeHtml(name.slice(0, NAME_LENGTH - 3))}..&gt;</a>`
  }
  const shown = name.length < NAME_LENGTH ? name + slash : name
  return `${escapeHtml(shown)}</a>${' '.repeat(NAME_LENGTH - shown.length)}`
}

function exactSize({ kind, size }: ListedEntry): string {
  return (kind === 'directory' ? '-' : String(size)).padStart(19)
}

const SCALES = [
  [1_073_741_824, 1_073_741_823, 'G'],
  [1_048_576, 1_048_575, 'M'],
  [1024, 9999, 'K'],
] as const

function roundSize({ kind, size }: ListedEntry): string {
  if (kind === 'directory') return '-'.padStart(7)
  const scale = SCALES.find(([, above]) => size > above)
  if (scale === undefined) return ` ${String(size).padStart(6)}`
  const [unit, , letter] = scale
  const half = size % unit > unit / 2 - 1 ? 1 : 0
  return `${String(Math.floor(size / unit) + half).padStart(6)}${letter}`
}

function jsonList(entries: readonly ListedEntry[]): string {
  const items = entries.map(({ name, kind, modified, size }) => {
    const time = new Date(modified * 1000).toUTCString()
    const length = kind === 'file' ? `, "size":${size}` : ''
    return `\r\n{ "name":"${escapeJson(name)}", "type":"${kind}", "mtime":"${time}"${length} }`
  })
  return `[${items.join(',')}\r\n]`
}

function xmlList(entries: readonly ListedEntry[]): string {
  const lines = entries.map(({ name, kind, modified, size }) => {
    const time = new Date(modified * 1000).toISOString().replace('.000', '')
    const length = kind === 'file' ? ` size="${size}"` : ''
    return `<${kind} mtime="${time}"${length}>${escapeHtml(name)}</${kind}>\r\n`
  })
  return `<?xml version="1.0"?>\r\n<list>\r\n${lines.join('')}</list>\r\n`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[<>&"]/g, character => ENTITIES[character]!)
}

function escapeComponent(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9\-._~]/g, character => `%${hex(character).toUpperCase()}`)
}

const JSON_SHORT: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
  '"': '\\"',
  '\\': '\\\\',
}

function escapeJson(text: string): string {
  return text.replaceAll(
    /[\x00-\x1f"\\]/g,
    character => JSON_SHORT[character] ?? `\\u00${hex(character).toUpperCase()}`,
  )
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(2, '0')
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
