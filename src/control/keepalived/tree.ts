// A keepalived.conf as statements: a line is one, its first word is the keyword, and a `{` at its end opens a block
// (keepalived.conf(5)). `!` and `#` begin comments, quotes hold a word together. What is wrong with the form is reported, and
// reading goes on.

import type { DiagnosticList } from '../../config/diagnostic.ts'
import { originAt, type Source } from '../../config/source.ts'
import type { Origin } from '../../model/origin.ts'

export interface Word {
  readonly text: string
  readonly origin: Origin
}

export interface Statement {
  readonly name: string
  /** Of the keyword. */
  readonly origin: Origin
  readonly words: readonly Word[]
  /** Null where there is no block. */
  readonly block: readonly Statement[] | null
}

interface Open {
  readonly items: Statement[]
  readonly origin: Origin | null
}

const TOKEN = /"(?:[^"\\\n]|\\[^\n])*"?|[^\s{}"]+|[{}]/g

/** Reads a whole text. */
export function parseKeepalived(source: Source, diagnostics: DiagnosticList): readonly Statement[] {
  const stack: Open[] = [{ items: [], origin: null }]
  let offset = 0
  for (const line of source.text.split('\n')) {
    takeLine(line, offset, source, stack, diagnostics)
    offset += line.length + 1
  }
  for (const { origin } of stack.slice(1)) {
    diagnostics.error('this block is not closed', origin!, 'a "}" is missing')
  }
  return stack[0]!.items
}

function takeLine(
  line: string,
  offset: number,
  source: Source,
  stack: Open[],
  diagnostics: DiagnosticList,
): void {
  let words: Word[] = []
  const flush = (block: Statement[] | null) => {
    const [first, ...rest] = words
    words = []
    if (first === undefined) return null
    const statement = { name: first.text, origin: first.origin, words: rest, block }
    stack.at(-1)!.items.push(statement)
    return statement
  }
  TOKEN.lastIndex = 0
  for (const match of line.matchAll(TOKEN)) {
    const [text] = match
    if (/^[!#]/.test(text)) break
    const origin = originAt(source, offset + match.index, offset + match.index + text.length)
    if (text === '{') {
      const block: Statement[] = []
      if (flush(block) === null && !openLast(stack.at(-1)!, block)) {
        diagnostics.error('a block without a name', origin)
      }
      stack.push({ items: block, origin })
    } else if (text === '}') {
      flush(null)
      if (stack.length === 1) diagnostics.error('a "}" that closes nothing', origin)
      else stack.pop()
    } else {
      if (text.startsWith('"') && (text.length === 1 || !text.endsWith('"'))) {
        diagnostics.error('the quote is not closed on its line', origin)
      }
      words.push({ text: unquoted(text), origin })
    }
  }
  flush(null)
}

/** A `{` on a line of its own belongs to the line before. */
function openLast(open: Open, block: readonly Statement[]): boolean {
  const last = open.items.at(-1)
  if (last === undefined || last.block !== null) return false
  open.items[open.items.length - 1] = { ...last, block }
  return true
}

function unquoted(text: string): string {
  return text.replace(/^"/, '').replace(/"$/, '').replaceAll(/\\(.)/g, '$1')
}

/** The first statement of that name in a block. */
export function findStatement(block: readonly Statement[], name: string): Statement | undefined {
  return block.find(statement => statement.name === name)
}

/** The first argument of the first statement of that name; null where there is none. */
export function firstWord(block: readonly Statement[], name: string): Word | null {
  return findStatement(block, name)?.words[0] ?? null
}
