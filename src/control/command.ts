// What a command of the program is (`headgate check`), and how its words are taken apart. The rows of
// control/commands.ts are the only place where a command or an option is written; help comes from them.

import { parseArgs } from 'node:util'

import { nearest } from '../config/suggest.ts'
import type { Terminal } from './terminal.ts'

/** One `--option`. */
export interface CommandOption {
  /** One letter. */
  readonly short?: string
  /** What its value is called; a switch has none. */
  readonly value?: string
  /** It may also stand without its value, which then is empty; a value begins with a digit. */
  readonly isValueOptional?: boolean
  /** It may stand more than once: its values are joined with line breaks. */
  readonly isRepeatable?: boolean
  /** The values that it takes, when they are few. */
  readonly choices?: readonly string[]
  readonly doc: string
}

/** What the user wrote, after the checks of `parseCommand`. */
export interface CommandInput {
  /** By option name; a switch that was given holds the empty string. */
  readonly values: Readonly<Record<string, string>>
  /** The word without an option, or null. */
  readonly word: string | null
  /** The second one, where there is one. */
  readonly second?: string
  readonly terminal: Terminal
}

/** One command. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Further lines for its own help. */
  readonly details?: string
  /** What its one word without an option is called, when it takes one. */
  readonly word?: string
  /** The same of a second one. */
  readonly second?: string
  readonly options: Readonly<Record<string, CommandOption>>
  /** Returns the exit code. */
  run(input: CommandInput): number | Promise<number>
}

/** What a command line says, or the one line that says what is wrong with it. */
export type ParsedCommand =
  | {
      readonly kind: 'command'
      readonly values: CommandInput['values']
      readonly word: string | null
      readonly second?: string
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly text: string }

/** Takes the arguments after the command's name apart. */
export function parseCommand(command: Command, args: readonly string[]): ParsedCommand {
  const { options } = command
  // Lenient here, strict below: the messages shall say what was meant.
  const { tokens } = parseArgs({
    args: withEmptyValues(args, options),
    options: Object.fromEntries(
      Object.entries(options).map(([name, { short, value }]) => [
        name,
        {
          type: value === undefined ? 'boolean' : 'string',
          ...(short === undefined ? {} : { short }),
        },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values: Record<string, string> = {}
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      if (command.word === undefined) return mistake(`"${command.name}" takes no "${token.value}"`)
      if (words.length === (command.second === undefined ? 1 : 2)) {
        return mistake(tooManyText(command))
      }
      words.push(token.value)
      continue
    }
    const { name, rawName } = token
    if (name === 'help' || (name === 'h' && rawName === '-h')) return { kind: 'help' }
    const option = Object.hasOwn(options, name) ? options[name]! : undefined
    if (option === undefined) {
      const meant = nearest(name, Object.keys(options))
      const hint =
        meant === null ? `see "headgate help ${command.name}"` : `did you mean "--${meant}"?`
      return mistake(`unknown option "${rawName}" of "${command.name}": ${hint}`)
    }
    const problem = valueProblem(rawName, option, token.value)
    if (problem !== '') return mistake(problem)
    const value = token.value ?? ''
    const before = option.isRepeatable === true ? values[name] : undefined
    values[name] = before === undefined ? value : `${before}\n${value}`
  }
  const [word = null, second] = words
  return { kind: 'command', values, word, ...(second === undefined ? {} : { second }) }
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  const { name, summary, details, word, second, options } = command
  const rows = Object.entries(options).map(([long, option]) => {
    const { short, value, isValueOptional, isRepeatable, doc } = option
    const names = `${short === undefined ? '    ' : `-${short}, `}--${long}`
    const shown = isValueOptional ? `[${value}]` : `${value}${isRepeatable ? ' …' : ''}`
    return `  ${(value === undefined ? names : `${names} ${shown}`).padEnd(30)} ${doc}\n`
  })
  const words = [word, second].map(each => (each === undefined ? '' : ` [${each}]`)).join('')
  return (
    `${summary}\n\n` +
    `Usage: headgate ${name}${rows.length > 0 ? ' [options]' : ''}${words}\n` +
    (rows.length > 0 ? `\nOptions:\n${rows.join('')}` : '') +
    (details === undefined ? '' : `\n${details}\n`)
  )
}

function tooManyText({ name, word, second }: Command): string {
  if (second === undefined) return `"${name}" takes one ${word}, not two`
  return `"${name}" takes one ${word} and one ${second}, and no more`
}

function valueProblem(rawName: string, option: CommandOption, value: string | undefined): string {
  if (option.value === undefined)
    return value === undefined ? '' : `option "${rawName}" takes no value`
  if (option.isValueOptional && value === '') return ''
  if (value === undefined || value === '') return `option "${rawName}" needs a ${option.value}`
  if (option.choices === undefined || option.choices.includes(value)) return ''
  return `option "${rawName}" takes ${option.choices.join(' or ')}, not "${value}"`
}

/** Gives each option whose value may be left out one: its own, where that follows, or none. */
function withEmptyValues(args: readonly string[], options: Command['options']): string[] {
  const end = args.indexOf('--')
  const whole: string[] = []
  for (let at = 0; at < args.length; at++) {
    const found = Object.entries(options).find(
      ([long, { isValueOptional, short }]) =>
        isValueOptional && (args[at] === `--${long}` || args[at] === `-${short}`),
    )
    if (found === undefined || (end !== -1 && at > end)) {
      whole.push(args[at]!)
      continue
    }
    const hasValue = /^\d/.test(args[at + 1] ?? '')
    whole.push(`--${found[0]}=${hasValue ? args[++at]! : ''}`)
  }
  return whole
}

function mistake(text: string): ParsedCommand {
  return { kind: 'mistake', text }
}
