// Cuts an nginx.conf into words, `;`, `{` and `}` by the rules of nginx's own reader
// (ngx_conf_file.c): a quote counts only where a word begins, `#` likewise, a backslash keeps the
// next character from ending the word, and `${` does not open a block. What nginx would stop at is
// reported, and the lexer goes on where a person would.

import { LIMITS } from '../../model/limits.ts'
import type { Origin } from '../../model/origin.ts'
import type { DiagnosticList } from '../diagnostic.ts'
import { originAt, type Source } from '../source.ts'

/** One argument or name, with its escapes already undone. */
export interface Word {
  readonly text: string
  readonly source: Source
  /** Where it stands, quotes included; the end is exclusive. */
  readonly start: number
  readonly end: number
  readonly isQuoted: boolean
  /** True when escapes were undone: then offsets in `text` are not offsets in the file. */
  readonly hadEscapes: boolean
}

export type Token =
  | { readonly kind: 'word'; readonly word: Word }
  | { readonly kind: ';' | '{' | '}' | 'end'; readonly start: number }

/** The place of a whole word. */
export function wordOrigin(word: Word): Origin {
  return originAt(word.source, word.start, word.end)
}

/**
 * The place of the characters `start`…`end` of a word's text, or of the whole word where escapes
 * moved them.
 */
export function partOrigin(word: Word, start: number, end: number): Origin {
  if (word.hadEscapes) return wordOrigin(word)
  const from = word.start + (word.isQuoted ? 1 : 0)
  return originAt(word.source, from + start, from + end)
}

/** Reads the tokens of one text, one after the other. */
export class Lexer {
  readonly #source: Source
  readonly #diagnostics: DiagnosticList
  #at = 0

  constructor(source: Source, diagnostics: DiagnosticList) {
    this.#source = source
    this.#diagnostics = diagnostics
  }

  /** The next token; `end` again and again after the last. */
  next(): Token {
    this.#skipBlank()
    const start = this.#at
    const character = this.#source.text[start]
    if (character === undefined) return { kind: 'end', start }
    if (character === ';' || character === '{' || character === '}') {
      this.#at++
      return { kind: character, start }
    }
    const isQuoted = character === '"' || character === "'"
    return { kind: 'word', word: isQuoted ? this.#quoted(character) : this.#plain() }
  }

  #skipBlank(): void {
    const { text } = this.#source
    for (;;) {
      const character = text[this.#at]
      if (character === '#') {
        const end = text.indexOf('\n', this.#at)
        this.#at = end === -1 ? text.length : end
      } else if (isBlank(character)) {
        this.#at++
      } else {
        return
      }
    }
  }

  #plain(): Word {
    const { text } = this.#source
    const start = this.#at
    let at = start
    let isAfterDollar = false
    for (; at < text.length; at++) {
      const character = text[at]
      if (character === '\\') {
        at++
        continue
      }
      if (character === '{' && isAfterDollar) {
        isAfterDollar = false
        continue
      }
      if (isBlank(character) || character === ';' || character === '{') break
      isAfterDollar = character === '$'
    }
    this.#at = Math.min(at, text.length)
    return this.#word(start, start, this.#at, this.#at, false)
  }

  #quoted(quote: string): Word {
    const { text } = this.#source
    const start = this.#at
    let at = start + 1
    while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1
    const length = at - start - 1
    if (at >= text.length || length > LIMITS.configWordLengthMax) {
      return this.#unclosed(quote, start, at >= text.length)
    }
    this.#at = at + 1
    const next = text[this.#at]
    if (next !== undefined && !isBlank(next) && !';{)'.includes(next)) {
      const origin = originAt(this.#source, this.#at, this.#at + 1)
      this.#diagnostics.error(
        `unexpected "${next}"`,
        origin,
        'after a closing quote comes a blank, ";" or "{"',
      )
    }
    return this.#word(start, start + 1, at, this.#at, true)
  }

  /**
   * A quote without its end takes the rest of its line only, so that the lines after it are still
   * checked.
   */
  #unclosed(quote: string, start: number, isEnd: boolean): Word {
    const message = isEnd
      ? 'unexpected end of file, expecting ";" or "}"'
      : `too long parameter, probably missing terminating "${quote}" character`
    const origin = originAt(this.#source, start, start + 1)
    this.#diagnostics.error(message, origin, `this ${quote} is not closed`)
    const { text } = this.#source
    let at = start + 1
    while (at < text.length && text[at] !== '\n' && text[at] !== ';') at++
    this.#at = at
    return this.#word(start, start + 1, at, at, true)
  }

  #word(start: number, from: number, to: number, end: number, isQuoted: boolean): Word {
    const source = this.#source
    const raw = source.text.slice(from, to)
    if (raw.length > LIMITS.configWordLengthMax) {
      const message = `too long parameter "${raw.slice(0, 10)}..." started`
      this.#diagnostics.error(message, originAt(source, start, end))
    }
    const text = unescapeWord(raw)
    return { text, source, start, end, isQuoted, hadEscapes: text.length !== raw.length }
  }
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n'
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  t: '\t',
  r: '\r',
  n: '\n',
}

/**
 * Undoes `\"` `\'` `\\` `\t` `\r` `\n`; any other backslash stays, which is what regexes rely on.
 */
function unescapeWord(raw: string): string {
  if (!raw.includes('\\')) return raw
  let text = ''
  for (let at = 0; at < raw.length; at++) {
    const plain = raw[at] === '\\' ? ESCAPES[raw[at + 1] ?? ''] : undefined
    if (plain === undefined) text += raw[at]
    else {
      text += plain
      at++
    }
  }
  return text
}
