// Selecting fields (RFC 9111 §4.1): which they are, and what a request has in them, so written that requests that mean
// the same have the same text: lines joined, white space at commas the same, and where the order of a list says nothing
// (RFC 9110 §12.5), members in order. A field that is missing is not the same as an empty one.

import { FIELD, type FieldList, hashName, lookupFieldId } from '../../http/field-list.ts'
import { latin1Text } from '../../http/latin1.ts'
import type { RequestHead } from '../../http/request-parser.ts'
import { isToken, splitList } from '../../http/tokens.ts'
import { allValues } from './field-values.ts'

/** Of a response with more nothing is stored: each is looked for in each request. */
export const VARY_NAMES_MAX = 32

/**
 * Reads Vary.
 *
 * @returns names in lower case, sorted, each once, joined by commas; empty = no field selects; null = nobody can say
 * which do: `*`, something that is no name, or too many
 */
export function parseVary(fields: FieldList): string | null {
  const lines = allValues(fields, FIELD.vary)
  if (lines.length === 0) return ''
  const names = new Set<string>()
  for (const line of lines) {
    for (const name of splitList(line)) {
      if (name === '*' || !isToken(name)) return null
      names.add(name.toLowerCase())
    }
  }
  return names.size > VARY_NAMES_MAX ? null : [...names].sort().join(',')
}

/** What a request has in the fields of `vary`, one line each; empty when no field selects. */
export function variantOf(vary: string, request: RequestHead): string {
  if (vary === '') return ''
  let text = ''
  for (const selector of selectorsOf(vary)) text += selector.lineOf(request.fields)
  return text
}

/** Whether a request has in the fields of `vary` what `variant` says. Makes no strings for what was asked before. */
export function isVariant(vary: string, variant: string, request: RequestHead): boolean {
  if (vary === '') return true
  let at = 0
  for (const selector of selectorsOf(vary)) {
    const line = selector.lineOf(request.fields)
    if (!variant.startsWith(line, at)) return false
    at += line.length
  }
  return at === variant.length
}

/** A selecting field, and what it was the last times: most requests have one of a few values. */
class Selector {
  readonly #name: string
  readonly #hash: number
  /** 0 = not in the table. */
  readonly #id: number
  /** Members in any order and case mean the same. */
  readonly #isSet: boolean
  #keptValue = ''
  #keptLine = '+\n'
  readonly #lines = new Map<string, string>()

  constructor(name: string) {
    this.#name = name
    this.#hash = hashName(name)
    this.#id = lookupFieldId(name)
    this.#isSet = SET_FIELDS.has(name)
  }

  /** `+value` or, without the field, `-`; and the line's end, which no value can have in it. */
  lineOf(fields: FieldList): string {
    const index = this.#next(fields, 0)
    if (index === -1) return '-\n'
    let next = this.#next(fields, index + 1)
    if (next !== -1) {
      let value = fields.value(index)
      for (; next !== -1; next = this.#next(fields, next + 1)) value += `,${fields.value(next)}`
      return this.#makeLine(value)
    }
    const start = fields.valueStart(index)
    const length = fields.valueEnd(index) - start
    if (length !== this.#keptValue.length || !fields.text.startsWith(this.#keptValue, start)) {
      const value = ownText(fields.value(index))
      this.#keptLine = this.#lines.get(value) ?? this.#keepLine(value)
      this.#keptValue = value
    }
    return this.#keptLine
  }

  #next(fields: FieldList, from: number): number {
    return this.#id === 0
      ? fields.findName(this.#name, this.#hash, from)
      : fields.findId(this.#id, from)
  }

  #keepLine(value: string): string {
    const line = ownText(this.#makeLine(value))
    if (this.#lines.size === VALUES_KEPT_MAX) this.#lines.clear()
    if (value.length <= VALUE_LENGTH_KEPT_MAX) this.#lines.set(value, line)
    return line
  }

  #makeLine(value: string): string {
    return `+${this.#isSet ? setText(value) : listText(value)}\n`
  }
}

const SET_FIELDS: ReadonlySet<string> = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
])

// What was worked out stays for the next requests; cleared when full.
const SELECTORS_KEPT_MAX = 256
const VALUES_KEPT_MAX = 64
const VALUE_LENGTH_KEPT_MAX = 256

const selectorMemo = new Map<string, readonly Selector[]>()

function selectorsOf(vary: string): readonly Selector[] {
  const known = selectorMemo.get(vary)
  if (known !== undefined) return known
  const selectors = vary.split(',').map(name => new Selector(name))
  if (selectorMemo.size === SELECTORS_KEPT_MAX) selectorMemo.clear()
  selectorMemo.set(ownText(vary), selectors)
  return selectors
}

/** The text in one piece of its own: a slice would keep the whole head that it is of. */
function ownText(text: string): string {
  return latin1Text(Buffer.from(text, 'latin1'), 0, text.length)
}

function listText(value: string): string {
  return value.includes(',') ? splitList(value).join(',') : value
}

function setText(value: string): string {
  // Quoted parameters may care for case and blanks.
  if (value.includes('"')) return listText(value)
  const members = splitList(value.toLowerCase()).map(member =>
    member.replace(/[ \t]*([;=])[ \t]*/g, '$1').replace(WEIGHT, weightText),
  )
  return members.sort().join(',')
}

const WEIGHT = /;q=([01](?:\.\d{0,3})?)$/

/** One spelling for each weight; 1 goes without saying (RFC 9110 §12.4.2). */
function weightText(_: string, weight: string): string {
  return Number(weight) === 1 ? '' : `;q=${Number(weight)}`
}
