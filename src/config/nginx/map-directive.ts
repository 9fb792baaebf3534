// The lines of a `map` block (http://nginx.org/en/docs/http/ngx_http_map_module.html#map): texts, host
// names with a star, regexes, each with its value; `default`, `hostnames`, `volatile`. A backslash keeps
// a text that begins like one of the words, or like a regex, from being one.

import type { Template } from '../../model/template.ts'
import {
  type MapDefinition,
  type MappedRegex,
  type MappedText,
  sortedTexts,
} from '../../model/variable-definitions.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import { readRegex } from './regex.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'

interface Draft {
  isByHostname: boolean
  isVolatile: boolean
  readonly texts: MappedText[]
  readonly regexes: MappedRegex[]
  default: Template | null
  /** Texts, and host names without their star, that stand already: by how they are found. */
  readonly seen: {
    readonly exact: Set<string>
    readonly head: Set<string>
    readonly tail: Set<string>
  }
}

/** Reads a `map` block; mistakes are reported and left out. */
export function readMap(directive: Directive, name: string, reading: Reading): MapDefinition {
  const source = parseTemplate(directive.args[0]!, reading)
  const draft: Draft = {
    isByHostname: false,
    isVolatile: false,
    texts: [],
    regexes: [],
    default: null,
    seen: { exact: new Set(), head: new Set(), tail: new Set() },
  }
  for (const line of reading.expand(directive.block!)) readLine(line, draft, reading)
  const { isByHostname, isVolatile, texts, regexes, default: otherwise } = draft
  return {
    kind: 'map',
    origin: statementOrigin(directive),
    name,
    source,
    isByHostname,
    isVolatile,
    texts: sortedTexts(texts),
    regexes,
    default: otherwise ?? [],
  }
}

function readLine(line: Directive, draft: Draft, reading: Reading): void {
  if (refuseBlock(line, reading)) return
  const key = line.name
  const [word, second] = line.args
  if (word === undefined && key.text === 'hostnames') {
    draft.isByHostname = true
    return
  }
  if (word === undefined && key.text === 'volatile') {
    draft.isVolatile = true
    return
  }
  if (word === undefined || second !== undefined) {
    refuseCount(line, 'map', reading)
    return
  }
  const value = parseTemplate(word, reading)
  if (key.text === 'default') {
    if (draft.default !== null) reading.refuse(key, 'duplicate default map parameter')
    draft.default = value
  } else if (key.text.startsWith('~')) {
    const isCaseInsensitive = key.text.startsWith('~*')
    const regex = readRegex(key, isCaseInsensitive ? 2 : 1, isCaseInsensitive, reading)
    if (regex === null) return
    const { pattern } = regex
    draft.regexes.push({ pattern, isCaseInsensitive: regex.isCaseInsensitive, value })
  } else {
    const text = lowerText(key.text.replace(/^\\/, ''))
    if (addText(key, text, draft, reading)) draft.texts.push({ text, value })
  }
}

/** Notes a text; false where it is refused. */
function addText(word: Word, text: string, draft: Draft, reading: Reading): boolean {
  const place = draft.isByHostname ? hostPlace(text) : { kind: 'exact' as const, name: text }
  if (place === null) {
    const hint = 'a "*" stands for whole labels at one end: *.example.com or www.example.*'
    reading.refuse(word, `invalid hostname or wildcard "${text}"`, hint)
    return false
  }
  const { exact, head, tail } = draft.seen
  const { kind, name } = place
  const sets =
    kind === 'apex' ? [exact, head] : kind === 'head' ? [head] : [kind === 'tail' ? tail : exact]
  if (sets.some(set => set.has(name))) {
    reading.refuse(word, `conflicting parameter "${text}"`, 'remove one of them')
    return false
  }
  for (const set of sets) set.add(name)
  return true
}

interface HostPlace {
  /** `apex`: `.example.com`, which covers the bare name too. */
  readonly kind: 'exact' | 'apex' | 'head' | 'tail'
  readonly name: string
}

/** How a host name is found, as in nginx (ngx_hash_add_key); null for what is none. */
function hostPlace(text: string): HostPlace | null {
  const stars = text.split('*').length - 1
  if (stars > 1 || text.includes('..') || text.includes('\0')) return null
  if (text.length > 1 && text.startsWith('.')) return { kind: 'apex', name: text.slice(1) }
  if (text.length > 2 && text.startsWith('*.')) return { kind: 'head', name: text.slice(2) }
  if (text.length > 2 && text.endsWith('.*')) return { kind: 'tail', name: text.slice(0, -2) }
  return stars > 0 ? null : { kind: 'exact', name: text }
}

function lowerText(text: string): string {
  return text.replaceAll(/[A-Z]+/g, letters => letters.toLowerCase())
}

/** Lines of such blocks have no blocks of their own. @returns whether this one has, which was reported */
export function refuseBlock(line: Directive, reading: Reading): boolean {
  if (line.block === null) return false
  reading.diagnostics.error('unexpected "{"', directiveOrigin(line), 'is a ";" missing before it?')
  return true
}

/** nginx's answer to a line of such a block that has too few or too many words. */
export function refuseCount(line: Directive, block: string, reading: Reading): void {
  const words = [line.name, ...line.args]
  const next = words.find((word, index) => index > 0 && hasLineBreak(words[index - 1]!, word))
  const hint =
    next === undefined ? 'write: text value;' : 'is a ";" missing at the end of the line?'
  const message = `invalid number of the ${block} parameters`
  reading.diagnostics.error(message, wordOrigin(line.name), hint)
}

function hasLineBreak(before: Word, after: Word): boolean {
  return (
    before.source === after.source &&
    before.source.text.slice(before.end, after.start).includes('\n')
  )
}
