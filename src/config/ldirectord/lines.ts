// The lines of an ldirectord.cf: `name = value` at the margin, below each `virtual` its options,
// indented by four spaces or a tab (ldirectord(8)). A blank line ends a section, a comment does
// not. What stands where it cannot is an error here, and is read as it was meant, so that one run
// shows the other mistakes too.

import type { Origin } from '../../model/origin.ts'
import type { DiagnosticList } from '../diagnostic.ts'
import { lineText, originAt, type Source } from '../source.ts'

/** One line that says something. */
export interface Statement {
  readonly source: Source
  readonly name: string
  /** Without the blanks around it and without the comment behind it; null where there is no `=`. */
  readonly value: string | null
  /** Offset of the name. */
  readonly start: number
  /** Offset of the value; of the line's end where there is none. */
  readonly valueStart: number
  /** Counts from 1. */
  readonly line: number
}

/** A virtual server and what is said of it. */
export interface Section {
  readonly head: Statement
  readonly options: readonly Statement[]
}

export interface Lines {
  readonly globals: readonly Statement[]
  readonly sections: readonly Section[]
}

/** Where a directive may stand. */
export interface Places {
  readonly isGlobal: (name: string) => boolean
  readonly isOption: (name: string) => boolean
}

/** The names that begin a section. */
export const HEADS: ReadonlySet<string> = new Set(['virtual', 'virtual6'])

/** Spaces in front of an option; a tab counts as so many. */
const INDENT_MIN = 4

/** Splits a file into global directives and sections. */
export function parseLines(source: Source, diagnostics: DiagnosticList, places: Places): Lines {
  return new LineReader(source, diagnostics, places).read()
}

/** The place of a statement's name. */
export function nameOrigin({ source, start, name }: Statement): Origin {
  return originAt(source, start, start + name.length)
}

/** The place of a statement's value, or of `from`…`to` in it. */
export function valueOrigin(
  { source, valueStart, value }: Statement,
  from = 0,
  to = (value ?? '').length,
): Origin {
  return originAt(source, valueStart + from, valueStart + to)
}

class LineReader {
  readonly #source: Source
  readonly #diagnostics: DiagnosticList
  readonly #places: Places
  readonly #globals: Statement[] = []
  readonly #sections: { head: Statement; options: Statement[] }[] = []
  /** The line that ended the last section; 0 while one is open, or there was none. */
  #endLine = 0
  #isInside = false
  /** One word about a run of lines that stand wrong is enough. */
  #isMisplaced = false
  #hasHardSpaces = false

  constructor(source: Source, diagnostics: DiagnosticList, places: Places) {
    this.#source = source
    this.#diagnostics = diagnostics
    this.#places = places
  }

  read(): Lines {
    for (let line = 1; line <= this.#source.lineStarts.length; line++) this.#line(line)
    return { globals: this.#globals, sections: this.#sections }
  }

  #line(line: number): void {
    const start = this.#source.lineStarts[line - 1]!
    const text = this.#plain(lineText(this.#source, line), start)
    if (/^\s*$/.test(text)) {
      this.#end(line)
      return
    }
    if (/^\s*#/.test(text)) return
    const [blanks = ''] = /^[ \t]*/.exec(text)!
    const statement = this.#statement(text, blanks.length, start, line)
    if (statement === null) return
    if (blanks === '') this.#atMargin(statement)
    else this.#indented(statement, blanks)
  }

  /** Copies from web pages bring no-break spaces along; outside of quotes they are spaces. */
  #plain(text: string, start: number): string {
    if (!text.includes('\u00a0')) return text
    const quote = text.indexOf('"')
    const end = quote === -1 ? text.length : quote
    const at = text.indexOf('\u00a0')
    if (at >= end) return text
    if (!this.#hasHardSpaces) {
      this.#hasHardSpaces = true
      const run = /^\u00a0+/.exec(text.slice(at))![0].length
      const message = 'No-break spaces (U+00A0) are read as spaces, here and below'
      const hint = 'ldirectord refuses them: they come from web pages; replace them by spaces'
      this.#notice(message, start + at, start + at + run, hint)
    }
    return text.slice(0, end).replaceAll('\u00a0', ' ') + text.slice(end)
  }

  #statement(text: string, indent: number, start: number, line: number): Statement | null {
    const body = withoutComment(text).trimEnd()
    const rest = body.slice(indent)
    const match = /^([A-Za-z_][\w-]*)[ \t]*(?:=[ \t]*(.*))?$/s.exec(rest)
    const source = this.#source
    if (match === null) {
      const problem = `Cannot read "${shortened(rest)}": wants a line such as checkinterval=10`
      const isHead = /^virtual6?[ \t]*:/.test(rest) || /^\w+[ \t]+\S/.test(rest)
      const hint = isHead ? 'a "=" stands between a name and its value' : ''
      this.#diagnostics.error(problem, originAt(source, start + indent, start + body.length), hint)
      return null
    }
    const name = match[1]!
    const value = match[2] ?? null
    const valueStart = start + body.length - (value ?? '').length
    return { source, name, value, start: start + indent, valueStart, line }
  }

  #atMargin(statement: Statement): void {
    const { name, line } = statement
    if (HEADS.has(name)) {
      this.#sections.push({ head: statement, options: [] })
      this.#isInside = true
      this.#isMisplaced = false
      return
    }
    const isOptionOnly = this.#places.isOption(name) && !this.#places.isGlobal(name)
    if (!isOptionOnly) {
      this.#globals.push(statement)
      this.#end(line)
      return
    }
    this.#misplaced(statement, `"${name}" belongs to a virtual server`)
  }

  #indented(statement: Statement, blanks: string): void {
    const { name } = statement
    const width = blanks.replaceAll('\t', '    ').length
    if (HEADS.has(name)) {
      const hint = 'write it at the beginning of its line'
      this.#diagnostics.error(`A section begins with "${name}"`, nameOrigin(statement), hint)
      this.#atMargin(statement)
    } else if (!this.#isInside) {
      this.#outside(statement)
    } else {
      if (width < INDENT_MIN) {
        const found = `${width} ${width === 1 ? 'space' : 'spaces'}`
        this.#misplaced(statement, `"${name}" is indented by ${found}`)
        return
      }
      this.#isMisplaced = false
      this.#sections.at(-1)!.options.push(statement)
    }
  }

  /** An indented line after the end of a section, or before the first. */
  #outside(statement: Statement): void {
    const { name } = statement
    const last = this.#sections.at(-1)
    if (last === undefined || !this.#places.isOption(name)) {
      const isGlobal = this.#places.isGlobal(name)
      const problem = isGlobal
        ? `Global directives are not indented: "${name}"`
        : `"${name}" stands outside of a section`
      const hint = isGlobal
        ? 'remove the blanks before it'
        : 'the options of a virtual server stand right below its "virtual=" line'
      this.#misplacedError(statement, problem, hint)
      if (isGlobal) this.#globals.push(statement)
      return
    }
    const by = lineText(this.#source, this.#endLine).trim() === '' ? 'a blank line' : 'a directive'
    const problem = `"${name}" stands outside of a section: ${by} (line ${this.#endLine}) ended it`
    const cure = by === 'a blank line' ? 'remove that line' : 'move that line up'
    this.#misplacedError(statement, problem, `${cure}: options follow "virtual=" without a gap`)
    last.options.push(statement)
  }

  #misplaced(statement: Statement, problem: string): void {
    const hint = 'indent it by four spaces, or a tab'
    const last = this.#sections.at(-1)
    if (last === undefined) {
      const cure = 'write "virtual=IP:PORT" above it'
      this.#misplacedError(statement, `${problem}, and there is none yet`, cure)
      return
    }
    this.#misplacedError(statement, problem, hint)
    last.options.push(statement)
  }

  #misplacedError(statement: Statement, problem: string, hint: string): void {
    if (!this.#isMisplaced) this.#diagnostics.error(problem, nameOrigin(statement), hint)
    this.#isMisplaced = true
  }

  #end(line: number): void {
    if (this.#isInside) this.#endLine = line
    this.#isInside = false
    this.#isMisplaced = false
  }

  #notice(message: string, from: number, to: number, hint: string): void {
    this.#diagnostics.notice(message, originAt(this.#source, from, to), hint)
  }
}

/** A `#` ends the line unless it stands inside of quotes, or, at the margin, inside of a word. */
function withoutComment(text: string): string {
  const isOption = /^[ \t]/.test(text)
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') isQuoted = !isQuoted
    if (character !== '#' || isQuoted) continue
    if (isOption || /\s/.test(text[at - 1] ?? ' ')) return text.slice(0, at)
  }
  return text
}

const SHOWN_MAX = 40

function shortened(text: string): string {
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`
}
