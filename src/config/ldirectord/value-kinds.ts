// Values as ldirectord reads them: whole numbers, `yes` and `no`, words, texts in double quotes.
// Where ldirectord takes the part that it understands and drops the rest in silence, so do we, but
// say so.

import { nearest } from '../suggest.ts'
import type { Statement } from './lines.ts'
import type { Reading } from './reading.ts'

/** How a value is read. */
export interface ValueKind<T> {
  /** The value as documentation writes it. */
  readonly label: string
  /** Undefined where the value was refused. */
  read(statement: Statement, reading: Reading): T | undefined
}

/** A text, and where it begins in the statement's value. */
export interface TextPart {
  readonly text: string
  readonly start: number
}

/** Whole numbers from `min` to `max`; of a longer text the first digits count. */
export function count(label: string, min: number, max: number): ValueKind<number> {
  return {
    label,
    read(statement, reading) {
      const text = statement.value ?? ''
      const digits = /\d+/.exec(text)?.[0]
      const wanted = `"${statement.name}" wants a whole number from ${min} to ${max}`
      if (digits === undefined) return reading.refuse(statement, `Cannot use "${text}": ${wanted}`)
      const value = Number(digits)
      if (value < min || value > max) {
        return reading.refuse(statement, `Cannot use ${digits}: ${wanted}`)
      }
      if (digits !== text) {
        const message = `Only the ${digits} of "${text}" counts, as in ldirectord`
        reading.warn(statement, message, `write ${statement.name}=${value}`)
      }
      return value
    },
  }
}

/** `yes` or `no`. */
export const YES_NO: ValueKind<boolean> = {
  label: 'yes | no',
  read(statement, reading) {
    const text = statement.value ?? ''
    if (text === 'yes' || text === 'no') return text === 'yes'
    const isOn = /^"?(?:y|yes|on|true|1)"?$/i.test(text)
    const isOff = /^"?(?:n|no|off|false|0)"?$/i.test(text)
    const hint = isOn || isOff ? `write ${statement.name}=${isOn ? 'yes' : 'no'}` : ''
    return reading.refuse(statement, `Cannot use "${text}": wants yes or no`, hint)
  },
}

/** One of several words. */
export function oneOf<const W extends string>(words: readonly W[]): ValueKind<W> {
  return {
    label: words.join(' | '),
    read(statement, reading) {
      const text = statement.value ?? ''
      const found = words.find(word => word === text)
      return found ?? refuseWord(statement, words, reading)
    },
  }
}

/** Refuses a word that is none of those known. */
export function refuseWord(
  statement: Statement,
  words: readonly string[],
  reading: Reading,
): undefined {
  const text = statement.value ?? ''
  const near = nearest(text, words)
  const hint = near === null ? '' : `did you mean "${near}"?`
  const problem = `Cannot use "${text}": "${statement.name}" wants one of ${words.join(', ')}`
  return reading.refuse(statement, problem, hint)
}

/** A text that ldirectord reads only between double quotes. */
export function quoted(what: string): ValueKind<TextPart> {
  return {
    label: `"${what}"`,
    read(statement, reading) {
      const { name } = statement
      const value = statement.value ?? ''
      const match = /^"(.*)"(.*)$/s.exec(value)
      if (match === null) {
        const isOpen = value.startsWith('"')
        const problem = isOpen
          ? `The quote that opens the value of "${name}" is not closed`
          : `The value of "${name}" wants double quotes`
        const inner = value.replaceAll('"', '')
        const hint = inner === '' ? `write ${name}="${what}"` : `write ${name}="${inner}"`
        return reading.refuse(statement, problem, hint)
      }
      const [, text = '', rest = ''] = match
      if (text === '') {
        const hint = 'leave the whole line out'
        return reading.refuse(statement, `Nothing between the quotes of "${name}"`, hint)
      }
      if (rest.trim() !== '') {
        const message = `What follows the closing quote is not read: "${rest.trim()}"`
        reading.warn(statement, message)
      }
      if (text.includes('\u00a0')) {
        const message = `The value of "${name}" has a no-break space (U+00A0) in it`
        reading.warn(statement, message, 'a plain space is another character')
      }
      return { text, start: 1 }
    },
  }
}

/** A text with or without double quotes, of one character at least. */
export function text(what: string): ValueKind<string> {
  return {
    label: what,
    read(statement, reading) {
      const value = statement.value ?? ''
      const inner = /^"(.*)"$/s.exec(value)?.[1] ?? value
      if (inner !== '') return inner
      return reading.refuse(statement, `Nothing behind "${statement.name}": wants ${what}`)
    },
  }
}

/** A kind that makes something else of what another has read. */
export function mapped<S, T>(
  kind: ValueKind<S>,
  make: (value: S, statement: Statement, reading: Reading) => T | undefined,
): ValueKind<T> {
  return {
    label: kind.label,
    read(statement, reading) {
      const value = kind.read(statement, reading)
      return value === undefined ? undefined : make(value, statement, reading)
    },
  }
}
