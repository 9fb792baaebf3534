// The flags of the nginx binary, for everything that calls it (init scripts, packages, people): combined letters
// (`-tc file`, `-cfile`), its words for mistakes, its exit code 1. Form: https://nginx.org/en/docs/switches.html
// and the answers of a real nginx.

import { FORMATS, type Format } from '../model/config.ts'
import { SIGNAL_NAMES, type SignalName } from './signals.ts'

/** What the flags say. */
export interface NginxFlags {
  readonly configPath: string | null
  readonly prefix: string | null
  readonly errorLogPath: string | null
  /** `-g`: directives that hold beside the file. */
  readonly globals: string
  readonly test: 'none' | 'test' | 'dump'
  readonly isQuiet: boolean
  readonly signal: SignalName | null
  /** `-v` and `-V`. */
  readonly version: 'none' | 'short' | 'long'
  readonly wantsHelp: boolean
  /** Our own `--format`. */
  readonly format: Format | null
}

/** A mistake in the flags, in nginx's words. */
export interface FlagMistake {
  readonly mistake: string
}

type Draft = { -readonly [Key in keyof NginxFlags]: NginxFlags[Key] }

/** One letter: either a switch, or one that takes the rest of the word or the next word. */
interface FlagRow {
  /** What the value is called in help and in the message when it is missing. */
  readonly value?: { readonly name: string; readonly missing: string }
  readonly doc: string
  /** Returns a mistake, or nothing. */
  readonly apply: (draft: Draft, value: string) => string | undefined
}

/** Every flag, in the order of nginx's own help. */
export const NGINX_FLAGS: Readonly<Record<string, FlagRow>> = {
  '?': { doc: 'this help', apply: draft => void (draft.wantsHelp = true) },
  h: { doc: 'this help', apply: draft => void (draft.wantsHelp = true) },
  v: {
    doc: 'show version and exit',
    apply: draft => void (draft.version = draft.version === 'long' ? 'long' : 'short'),
  },
  V: { doc: 'show version and what it runs on, then exit', apply: d => void (d.version = 'long') },
  t: {
    doc: 'test configuration and exit',
    apply: draft => void (draft.test = draft.test === 'dump' ? 'dump' : 'test'),
  },
  T: { doc: 'test configuration, dump it and exit', apply: draft => void (draft.test = 'dump') },
  q: {
    doc: 'suppress non-error messages during configuration testing',
    apply: draft => void (draft.isQuiet = true),
  },
  s: {
    value: { name: 'signal', missing: 'parameter' },
    doc: `send signal to the main process: ${SIGNAL_NAMES.join(', ')}`,
    apply: (draft, value) => {
      const signal = SIGNAL_NAMES.find(name => name === value)
      if (signal === undefined) return `invalid option: "-s ${value}"`
      draft.signal = signal
    },
  },
  p: {
    value: { name: 'prefix', missing: 'directory name' },
    doc: 'set prefix path (default: the current directory)',
    apply: (draft, value) => void (draft.prefix = value),
  },
  e: {
    value: { name: 'filename', missing: 'file name' },
    doc: 'set error log file, where the configuration names none',
    apply: (draft, value) => void (draft.errorLogPath = value),
  },
  c: {
    value: { name: 'filename', missing: 'file name' },
    doc: 'set configuration file',
    apply: (draft, value) => void (draft.configPath = value),
  },
  g: {
    value: { name: 'directives', missing: 'parameter' },
    doc: 'set global directives out of configuration file',
    apply: (draft, value) => void (draft.globals = value),
  },
}

/** Parses arguments as the nginx binary does, and `--format FORMAT` besides. */
export function parseNginxFlags(args: readonly string[]): NginxFlags | FlagMistake {
  const draft: Draft = {
    configPath: null,
    prefix: null,
    errorLogPath: null,
    globals: '',
    test: 'none',
    isQuiet: false,
    signal: null,
    version: 'none',
    wantsHelp: false,
    format: null,
  }
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!
    if (word === '--format' || word.startsWith('--format=')) {
      const value = word === '--format' ? args[++index] : word.slice('--format='.length)
      const format = FORMATS.find(name => name === value)
      if (format === undefined)
        return { mistake: `option "--format" takes ${FORMATS.join(' or ')}` }
      draft.format = format
      continue
    }
    if (!word.startsWith('-')) return { mistake: `invalid option: "${word}"` }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!
      const row = Object.hasOwn(NGINX_FLAGS, letter) ? NGINX_FLAGS[letter] : undefined
      if (row === undefined) return { mistake: `invalid option: "${word.slice(at)}"` }
      let value = ''
      if (row.value !== undefined) {
        const rest = word.slice(at + 1)
        const found = rest === '' ? args[++index] : rest
        if (found === undefined || found === '') {
          return { mistake: `option "-${letter}" requires ${row.value.missing}` }
        }
        value = found
        at = word.length
      }
      const mistake = row.apply(draft, value)
      if (mistake !== undefined) return { mistake }
    }
  }
  return draft
}

/** nginx's own help, with our name and what is ours. */
export function nginxHelp(defaultPaths: readonly string[]): string {
  const rows = Object.entries(NGINX_FLAGS).filter(([letter]) => letter !== '?')
  const lines = rows.map(([letter, row]) => {
    const names = letter === 'h' ? '-?,-h' : `-${letter}${row.value ? ` ${row.value.name}` : ''}`
    return `  ${names.padEnd(14)}: ${row.doc}\n`
  })
  return (
    'Usage: headgate [-?hvVtTq] [-s signal] [-p prefix]\n' +
    '                [-e filename] [-c filename] [-g directives] [--format yaml|nginx]\n\n' +
    `Options:\n${lines.join('')}` +
    `  ${'--format name'.padEnd(14)}: read the file as ${FORMATS.join(' or ')}, whatever its name says\n\n` +
    'Without -c the first of these that exists is read:\n' +
    `${defaultPaths.map(path => `  ${path}\n`).join('')}\n` +
    'These are the flags of nginx. "headgate help" lists the commands.\n'
  )
}
