// Turns the tokens of one file into directives with their blocks. Knows the grammar only (words,
// `;`, `{ … }`); which names exist is the directive table's business. Recovers at `;` and at
// braces, so that one slip hides no other.

import { LIMITS } from '../../model/limits.ts'
import type { Origin } from '../../model/origin.ts'
import type { DiagnosticList } from '../diagnostic.ts'
import { originAt, type Source } from '../source.ts'
import { Lexer, type Word, wordOrigin } from './lexer.ts'

/** One directive: its name, its arguments, and its block if it has one. */
export interface Directive {
  readonly name: Word
  readonly args: readonly Word[]
  /** Null when it ended with `;`. */
  readonly block: readonly Directive[] | null
}

/** The place of a directive's name. */
export function directiveOrigin(directive: Directive): Origin {
  return wordOrigin(directive.name)
}

/** The place of a directive from its name to its last argument, as far as its first line goes. */
export function statementOrigin(directive: Directive): Origin {
  const last = directive.args.at(-1) ?? directive.name
  return originAt(directive.name.source, directive.name.start, last.end)
}

/** Parses one text into its directives; mistakes go to `diagnostics`. */
export function parseTree(source: Source, diagnostics: DiagnosticList): readonly Directive[] {
  return new TreeParser(source, diagnostics).parse()
}

class TreeParser {
  readonly #source: Source
  readonly #diagnostics: DiagnosticList
  readonly #lexer: Lexer
  #hasEnded = false

  constructor(source: Source, diagnostics: DiagnosticList) {
    this.#source = source
    this.#diagnostics = diagnostics
    this.#lexer = new Lexer(source, diagnostics)
  }

  parse(): readonly Directive[] {
    return this.#block(0, 0)
  }

  /**
   * Directives up to the closing brace, at depth 0 up to the end. `opening` is the offset of the
   * brace.
   */
  #block(depth: number, opening: number): readonly Directive[] {
    const directives: Directive[] = []
    let words: Word[] = []
    for (;;) {
      const token = this.#lexer.next()
      if (token.kind === 'word') {
        words.push(token.word)
        continue
      }
      if (token.kind === '{') {
        if (words.length === 0) this.#unexpected('{', token.start)
        const block = this.#inner(depth + 1, token.start)
        if (words.length > 0) directives.push(makeDirective(words, block))
      } else if (token.kind === ';') {
        if (words.length === 0) this.#unexpected(';', token.start)
        else directives.push(makeDirective(words, null))
      } else {
        if (words.length > 0) {
          if (token.kind === '}') this.#missingSemicolon(words, token.start)
          else this.#unfinished(words)
          directives.push(makeDirective(words, null))
        }
        if (token.kind === 'end') {
          if (depth > 0 && !this.#hasEnded) this.#unclosed(opening)
          this.#hasEnded = true
          return directives
        }
        if (depth > 0) return directives
        if (words.length === 0) this.#unexpected('}', token.start, 'no block is open here')
      }
      words = []
    }
  }

  #inner(depth: number, opening: number): readonly Directive[] {
    if (depth <= LIMITS.blockDepthMax) return this.#block(depth, opening)
    const message = `Blocks are nested too deep: at most ${LIMITS.blockDepthMax} levels are read`
    this.#diagnostics.error(message, originAt(this.#source, opening, opening + 1))
    for (let open = 1; open > 0; ) {
      const token = this.#lexer.next()
      if (token.kind === '{') open++
      else if (token.kind === '}') open--
      else if (token.kind === 'end') break
    }
    return []
  }

  #unexpected(character: string, start: number, hint = ''): void {
    const origin = originAt(this.#source, start, start + 1)
    this.#diagnostics.error(`unexpected "${character}"`, origin, hint)
  }

  #missingSemicolon(words: readonly Word[], start: number): void {
    this.#unexpected('}', start, `is a ";" missing after "${words.at(-1)!.text}"?`)
  }

  #unfinished(words: readonly Word[]): void {
    const last = words.at(-1)!
    const origin = originAt(this.#source, last.start, last.end)
    if (!this.#hasEnded) {
      this.#diagnostics.error('unexpected end of file, expecting ";" or "}"', origin)
    }
    this.#hasEnded = true
  }

  #unclosed(opening: number): void {
    const origin = originAt(this.#source, opening, opening + 1)
    this.#diagnostics.error(
      'unexpected end of file, expecting "}"',
      origin,
      'this block is not closed',
    )
  }
}

function makeDirective(words: readonly Word[], block: readonly Directive[] | null): Directive {
  return { name: words[0]!, args: words.slice(1), block }
}
