// Makers of the rows whose directive sets one value of a level: a switch, a size, a time, a number,
// a path, a text. The value's form is checked here, with nginx's words where nginx has some.

import {
  ALL_LEVELS,
  type DirectiveRow,
  type LevelScope,
  type RowOptions,
  scopeRow,
} from './directive-row.ts'
import type { Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { LevelValues } from './scope.ts'
import { type Directive, statementOrigin } from './tree.ts'
import {
  countHint,
  parseCount,
  parseFlag,
  parseOffset,
  parseSize,
  parseTimeMs,
  parseTimeSeconds,
  timeHint,
} from './values.ts'

type LevelContext = (typeof ALL_LEVELS)[number] | 'if' | 'server if' | 'limit_except'

/** Names of the level's values that hold a `T`. */
type KeyOf<T> = {
  [K in keyof LevelValues]: [T] extends [LevelValues[K]]
    ? LevelValues[K] extends T
      ? K
      : never
    : never
}[keyof LevelValues]

/** What a value row may leave out. */
export type LevelOptions = Omit<RowOptions, 'within'> & {
  readonly within?: readonly LevelContext[]
}

/** A row of `http`, `server` and `location`, or fewer of them. */
export function levelRow(
  name: string,
  options: LevelOptions,
  apply: (directive: Directive, scope: LevelScope, reading: Reading) => void,
): DirectiveRow {
  return scopeRow<LevelContext>(name, { within: ALL_LEVELS, ...options }, apply)
}

/** Parses the only argument and sets one value; null means that the mistake was reported. */
export function valueRow<K extends keyof LevelValues>(
  name: string,
  key: K,
  options: LevelOptions,
  parse: (word: Word, directive: Directive, reading: Reading) => LevelValues[K] | null,
): DirectiveRow {
  return levelRow(name, options, (directive, scope, reading) => {
    const value = parse(directive.args[0]!, directive, reading)
    if (value !== null) scope.level.set(key, value, statementOrigin(directive))
  })
}

/** `on` or `off`. */
export function flagRow(name: string, key: KeyOf<boolean>, options: LevelOptions): DirectiveRow {
  return valueRow(name, key, { syntax: 'on | off', ...options }, readFlag)
}

/** A size of memory, with k or m. */
export function sizeRow(name: string, key: KeyOf<number>, options: LevelOptions): DirectiveRow {
  return valueRow(name, key, { syntax: 'size', ...options }, readSize)
}

/** A length, with k, m or g. */
export function offsetRow(name: string, key: KeyOf<number>, options: LevelOptions): DirectiveRow {
  return valueRow(name, key, { syntax: 'size', ...options }, readOffset)
}

/** A time to milliseconds. */
export function timeRow(name: string, key: KeyOf<number>, options: LevelOptions): DirectiveRow {
  return valueRow(name, key, { syntax: 'time', ...options }, readTimeMs)
}

/** A whole number. */
export function countRow(name: string, key: KeyOf<number>, options: LevelOptions): DirectiveRow {
  return valueRow(name, key, { syntax: 'number', ...options }, readCount)
}

/**
 * A directory under the prefix, with up to three levels of subdirectories that are not needed here.
 */
export function directoryRow(
  name: string,
  key: KeyOf<string>,
  options: LevelOptions,
): DirectiveRow {
  const syntax = 'path [level1 [level2 [level3]]]'
  return valueRow(name, key, { syntax, args: [1, 4], ...options }, (word, directive, reading) => {
    for (const level of directive.args.slice(1)) {
      if (!/^[123]$/.test(level.text)) reading.refuseValue(directive, level, 'write 1, 2 or 3')
    }
    const path = reading.underPrefix(word.text)
    if (!reading.directories.has(path)) reading.directories.set(path, statementOrigin(directive))
    return path
  })
}

/** One of a closed set of words, in any case. */
export function choiceRow<K extends keyof LevelValues, T extends string>(
  name: string,
  key: K,
  choices: Readonly<Record<T, LevelValues[K]>>,
  options: LevelOptions,
): DirectiveRow {
  const words = Object.keys(choices)
  return valueRow(
    name,
    key,
    { syntax: words.join(' | '), ...options },
    (word, directive, reading) => {
      const found = words.find(choice => choice === word.text.toLowerCase())
      if (found !== undefined) return choices[found as T]
      reading.refuseValue(directive, word, `write ${oneOf(words)}`)
      return null
    },
  )
}

export function readFlag(word: Word, directive: Directive, reading: Reading): boolean | null {
  const value = parseFlag(word.text)
  if (value === null) {
    const { text } = directive.name
    const wanted = 'it must be "on" or "off"'
    reading.refuse(word, `invalid value "${word.text}" in "${text}" directive, ${wanted}`)
  }
  return value
}

export function readSize(word: Word, directive: Directive, reading: Reading): number | null {
  const value = parseSize(word.text)
  if (value === null) refuseForm(word, directive, reading, 'a size is bytes, or with k or m: 16k')
  return value
}

export function readOffset(word: Word, directive: Directive, reading: Reading): number | null {
  const value = parseOffset(word.text)
  if (value === null) {
    refuseForm(word, directive, reading, 'a size is bytes, or with k, m or g: 300m')
  }
  return value
}

const TIME_HINT = 'a time is seconds, or with ms, s, m, h, d, w, M, y: 1m30s'

export function readTimeMs(word: Word, directive: Directive, reading: Reading): number | null {
  const value = parseTimeMs(word.text)
  if (value === null) refuseForm(word, directive, reading, timeHint(word.text, TIME_HINT))
  return value
}

export function readTimeSeconds(word: Word, directive: Directive, reading: Reading): number | null {
  const value = parseTimeSeconds(word.text)
  if (value === null) refuseForm(word, directive, reading, timeHint(word.text, TIME_HINT))
  return value
}

export function readCount(word: Word, directive: Directive, reading: Reading): number | null {
  const value = parseCount(word.text)
  if (value === null) {
    const message = `"${directive.name.text}" directive invalid number "${word.text}"`
    reading.refuse(word, message, countHint(word.text, 'write digits only'))
  }
  return value
}

function refuseForm(word: Word, directive: Directive, reading: Reading, wanted: string): void {
  reading.refuse(word, `"${directive.name.text}" directive invalid value "${word.text}"`, wanted)
}

/** Words as a choice: `"a", "b" or "c"`. */
export function oneOf(words: readonly string[]): string {
  const quoted = words.map(word => `"${word}"`)
  const last = quoted.pop() ?? ''
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`
}
