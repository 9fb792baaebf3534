// Collects what is wrong in a configuration and prints it: one line that says where and what, the
// source line with carets, and the cure. Readers never throw for what a user wrote, so that one run
// shows every mistake.

import type { Diagnostic, Severity } from '../model/diagnostic.ts'
import { LIMITS } from '../model/limits.ts'
import type { Origin } from '../model/origin.ts'
import { lineText, type Source } from './source.ts'

/** The findings of one reading, in the order in which they were made. */
export class DiagnosticList {
  readonly items: Diagnostic[] = []
  #hasErrors = false

  /** Refuses the configuration. */
  error(message: string, origin: Origin, hint = ''): void {
    this.#hasErrors = true
    this.#add('error', message, origin, hint)
  }

  /** Something that changes the meaning, or is very likely not meant. */
  warning(message: string, origin: Origin, hint = ''): void {
    this.#add('warning', message, origin, hint)
  }

  /** Understood, and without effect here. */
  notice(message: string, origin: Origin, hint = ''): void {
    this.#add('notice', message, origin, hint)
  }

  /** Forgets what was found after the first `count` findings: one better word takes their place. */
  rewind(count: number): void {
    this.items.length = Math.min(this.items.length, count)
    this.#hasErrors = this.items.some(item => item.severity === 'error')
  }

  get hasErrors(): boolean {
    return this.#hasErrors
  }

  /** Tells whether nobody will see another finding: its hint need not be looked for. */
  get isFull(): boolean {
    return this.items.length > LIMITS.diagnosticsMax
  }

  /** Past `LIMITS.diagnosticsMax` only the first is replaced by a word about the rest. */
  #add(severity: Severity, message: string, origin: Origin, hint: string): void {
    const { length } = this.items
    if (length > LIMITS.diagnosticsMax) return
    if (length === LIMITS.diagnosticsMax) {
      const text = `More than ${LIMITS.diagnosticsMax} findings: the rest is not shown`
      this.items.push({ severity: 'notice', message: text, origin, hint: '' })
      return
    }
    this.items.push({ severity, message, origin, hint })
  }
}

/** How `renderDiagnostics` prints. */
export interface RenderOptions {
  /** ANSI colours; off unless asked for. */
  readonly color?: boolean
}

/**
 * Prints findings sorted by file, line and column, each as `file:line:column: error: message`, the
 * source line, carets under the words meant, and `hint:`. Control characters of the configuration
 * never reach the terminal.
 *
 * @param sources the texts by file name; a finding in another file is printed without its source
 * line
 * @returns the text with a newline at the end, empty when there is nothing to say
 */
export function renderDiagnostics(
  items: readonly Diagnostic[],
  sources: ReadonlyMap<string, Source>,
  options: RenderOptions = {},
): string {
  const paint = options.color === true ? colored : plain
  let text = ''
  for (const item of [...items].sort(byPlace)) {
    const source = sources.get(item.origin.file)
    text += `${paint('bold', place(item.origin))}: ${paint(item.severity, item.severity)}: `
    text += `${paint('bold', printable(item.message))}\n`
    if (source !== undefined && item.origin.line > 0) text += excerpt(source, item, paint)
    if (item.hint !== '') text += `  hint: ${printable(item.hint)}\n`
  }
  return text
}

/** Says how many findings of each severity there are: `2 errors, 1 warning`; empty for none. */
export function countText(items: readonly Diagnostic[]): string {
  const parts: string[] = []
  for (const severity of ['error', 'warning', 'notice'] as const) {
    const count = items.filter(item => item.severity === severity).length
    if (count > 0) parts.push(`${count} ${severity}${count === 1 ? '' : 's'}`)
  }
  return parts.join(', ')
}

type Style = Severity | 'bold'
type Paint = (style: Style, text: string) => string

const COLORS: Readonly<Record<Style, string>> = {
  error: '\x1b[1;31m',
  warning: '\x1b[1;33m',
  notice: '\x1b[1;36m',
  bold: '\x1b[1m',
}

const plain: Paint = (_style, text) => text
const colored: Paint = (style, text) => `${COLORS[style]}${text}\x1b[0m`

function byPlace(a: Diagnostic, b: Diagnostic): number {
  if (a.origin.file !== b.origin.file) return a.origin.file < b.origin.file ? -1 : 1
  return a.origin.line - b.origin.line || a.origin.column - b.origin.column
}

function place(origin: Origin): string {
  const file = printable(origin.file)
  return origin.line === 0 ? file : `${file}:${origin.line}:${origin.column}`
}

/** Columns of a source line that are shown at most. */
const EXCERPT_COLUMNS = 110

/** The source line, indented by four, and the carets below. */
function excerpt(source: Source, item: Diagnostic, paint: Paint): string {
  const line = lineText(source, item.origin.line)
  const from = Math.min(item.origin.column - 1, line.length)
  const to = Math.max(from + 1, Math.min(item.origin.endColumn - 1, line.length))
  const indent = line.length - line.trimStart().length
  let start = Math.min(indent, from)
  if (to - start > EXCERPT_COLUMNS) start = Math.max(start, from - 40)
  const shown = line.slice(start, start + EXCERPT_COLUMNS)
  const before = shown.slice(0, from - start)
  const marked = shown.slice(from - start, to - start)
  const carets = '^'.repeat(Math.max(1, width(marked)))
  const head = start > indent ? '…' : ''
  const tail = start + EXCERPT_COLUMNS < line.length ? '…' : ''
  const pad = ' '.repeat(4 + head.length + width(before))
  return `    ${head}${printable(shown)}${tail}\n${pad}${paint(item.severity, carets)}\n`
}

/**
 * Tabs become one blank and other control characters a replacement character, so that columns stay.
 */
function printable(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '\ufffd')
}

/** Characters that take two columns on a terminal (East Asian wide, most emoji). */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u

function width(text: string): number {
  let columns = 0
  for (const character of text) columns += WIDE.test(character) ? 2 : 1
  return columns
}
