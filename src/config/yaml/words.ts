// Values of one word: numbers, yes or no, one of several, free text. They are read from the text as
// it was written, so quotes make no difference.

import type { Template } from '../../model/template.ts'
import { nearest } from '../suggest.ts'
import { escapeText, readTemplate, writeTemplate } from './interpolation.ts'
import { type Kind, wordKind } from './kind.ts'
import type { Plain, PlainMap } from './plain.ts'

/** What the JSON Schema lets stand beside a number, a duration, …: the environment. */
export const FROM_ENVIRONMENT = '\\$\\{[A-Za-z_]'

/** Past this a number is a slip: it is what nginx and timers take. */
const INTEGER_MAX = 2_147_483_647

/** Makes the kind of whole numbers from `min` to `max`. */
export function integer(min: number, max = INTEGER_MAX, wanted?: string): Kind<number> {
  const upTo = max === INTEGER_MAX ? '' : ` to ${max}`
  return wordKind({
    label: 'number',
    wanted: wanted ?? `a whole number from ${min}${upTo}`,
    schema: {
      anyOf: [
        { type: 'integer', minimum: min, maximum: max },
        { type: 'string', pattern: `^[0-9]+$|${FROM_ENVIRONMENT}` },
      ],
    },
    parse: text => {
      if (!/^-?[0-9]{1,15}$/.test(text)) return null
      const value = Number(text)
      return value >= min && value <= max ? value : null
    },
    print: value => value,
  })
}

/** Yes or no: `true` and `false`, or nginx's `on` and `off`. */
export const BOOLEAN: Kind<boolean> = wordKind<boolean>({
  label: 'true, false',
  wanted: 'true or false (or on, off)',
  schema: {
    anyOf: [{ type: 'boolean' }, { enum: ['on', 'off'] }, fromEnvironmentSchema()],
  },
  parse: text => {
    if (text === 'true' || text === 'on') return true
    return text === 'false' || text === 'off' ? false : null
  },
  print: value => value,
})

/** Makes the kind of one out of several words. */
export function choice<const W extends string>(words: readonly W[]): Kind<W> {
  return mapped(new Map(words.map(word => [word, word])), words)
}

/** Makes the kind of words that stand for values; `prints` is how each value is written. */
export function mapped<T extends string | number>(
  values: ReadonlyMap<string, T>,
  words: readonly string[] = [...values.keys()],
): Kind<T> {
  const list = words.map(word => (word === '' ? '""' : word))
  return wordKind<T>({
    label: list.map(word => `\`${word}\``).join(', '),
    wanted: `one of ${list.join(', ')}`,
    schema: { anyOf: [{ enum: words.flatMap(schemaWords) }, fromEnvironmentSchema()] },
    parse: text => values.get(text) ?? null,
    print: value => {
      for (const word of words) if (values.get(word) === value) return plainWord(word)
      return value
    },
    hint: text => {
      const near = nearest(text, words)
      return near === null ? '' : `did you mean "${near}"?`
    },
  })
}

/** Free text; `wanted` says which. `isEmptyAllowed` lets `""` pass. */
export function freeText(label: string, wanted: string, isEmptyAllowed = false): Kind<string> {
  return wordKind<string>({
    label,
    wanted,
    schema: { type: ['string', 'number', 'boolean'] },
    parse: text => (text === '' && !isEmptyAllowed ? null : text),
    print: escapeText,
  })
}

/** Text with variables. */
export function template(wanted: string, isEmptyAllowed = false): Kind<Template> {
  return {
    label: 'text with variables',
    wanted,
    schema: () => ({ type: ['string', 'number', 'boolean'] }),
    read(node, reading) {
      const value = readTemplate(node, reading)
      if (value === undefined) return undefined
      if (value === null || (value.length === 0 && !isEmptyAllowed)) {
        return reading.unwanted(node, wanted)
      }
      return value
    },
    write: writeTemplate,
  }
}

/** A string that takes its value from the environment. */
export function fromEnvironmentSchema(): PlainMap {
  return { type: 'string', pattern: FROM_ENVIRONMENT }
}

/** `true` and `1.1` are words to us, and other things to YAML. */
function schemaWords(word: string): Plain[] {
  if (/^[0-9.]+$/.test(word)) return [Number(word), word]
  const plain = plainWord(word)
  return plain === word ? [word] : [plain, word]
}

function plainWord(word: string): Plain {
  if (word === 'true' || word === 'false') return word === 'true'
  return word
}
