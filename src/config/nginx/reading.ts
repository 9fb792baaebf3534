// The state of one reading of an nginx.conf: texts, findings, and what can be checked only when
// everything is known (variables that captures define, log formats). Also the small words that
// every directive needs to complain.

import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { CachePath } from '../../model/cache.ts'
import type { CompatProfile, FileWatch } from '../../model/config.ts'
import { DEFAULT_COMPAT } from '../../model/defaults.ts'
import type { LimitZone } from '../../model/limit-settings.ts'
import { LIMITS } from '../../model/limits.ts'
import type { Origin } from '../../model/origin.ts'
import type { VariableDefinition } from '../../model/variable-definitions.ts'
import { isBlindVariable, isKnownVariable, VARIABLES } from '../../model/variables.ts'
import { DiagnosticList } from '../diagnostic.ts'
import type { ReadOptions } from '../reader.ts'
import type { Source } from '../source.ts'
import { isFileProblem, readSourceFile } from '../source-file.ts'
import { nearest } from '../suggest.ts'
import { expandGlob, isGlob } from './glob.ts'
import { Journal } from './journal.ts'
import { oneOf } from './level-rows.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Scope } from './scope.ts'
import { SharedSettings } from './shared-settings.ts'
import { type Directive, directiveOrigin, parseTree, statementOrigin } from './tree.ts'

interface Use {
  readonly name: string
  readonly origin: Origin
}

/** What the main level says about the process, as far as it was written. */
export interface WrittenProcess {
  workerProcesses?: number | 'auto'
  workerConnectionsMax?: number
  isDaemon?: boolean
  pidPath?: string
  shutdownTimeoutMs?: number
  controlPath?: string
  fileWatch?: FileWatch
}

/**
 * Reads a block into a scope (walk.ts): handed in, because the rows that it calls walk their own
 * blocks.
 */
export type Walk = (directives: readonly Directive[], scope: Scope, reading: Reading) => void

export class Reading {
  readonly options: ReadOptions
  readonly diagnostics = new DiagnosticList()
  readonly sources = new Map<string, Source>()
  readonly process: WrittenProcess = {}
  readonly processOrigins: Record<string, Origin> = {}
  /** Where directories for temporary files were written, by path. */
  readonly directories = new Map<string, Origin>()
  readonly caches: CachePath[] = []
  /** Bytes of the session caches that all workers share, by name. */
  readonly sessionCaches = new Map<string, number>()
  readonly limitZones: LimitZone[] = []
  /** `map`, `geo`, `split_clients`. */
  readonly variables: VariableDefinition[] = []
  /** What was written, where somebody wants to know. */
  readonly journal: Journal | null
  compat: CompatProfile = DEFAULT_COMPAT
  isStrict = false
  readonly sharedSettings = new SharedSettings()
  /** Names of captures, which are variables everywhere. */
  readonly captures = new Set<string>()
  /** Names of caches that `proxy_cache` asks for. */
  readonly cacheUses: Use[] = []
  /** Names of log formats that `access_log` asks for. */
  readonly formatUses: Use[] = []
  readonly #main: Source
  readonly #walk: Walk
  readonly #variableUses: Use[] = []
  readonly #said = new Set<string>()
  /** Files around the one that is read now, for loops. */
  readonly #stack: string[] = []

  constructor(main: Source, options: ReadOptions, walk: Walk) {
    this.#main = main
    this.#walk = walk
    this.options = options
    this.journal = options.keepsWritten === true ? new Journal() : null
    this.sources.set(main.file, main)
    this.#stack.push(resolve(main.file))
  }

  /** Reads every directive of a block into `scope`. */
  walk(directives: readonly Directive[], scope: Scope): void {
    this.#walk(directives, scope, this)
  }

  /** Errors so far: tells whether a block was read without any. */
  get errorCount(): number {
    return this.diagnostics.items.filter(item => item.severity === 'error').length
  }

  /** A path under the prefix (`root`, logs, the pid file). */
  underPrefix(path: string): string {
    return isAbsolute(path) ? path : join(this.options.prefix, path)
  }

  /** A path beside the main file, where nginx looks for what belongs to the configuration. */
  besideMain(path: string): string {
    return isAbsolute(path) ? path : join(dirname(resolve(this.#main.file)), path)
  }

  /** Complains about a word of a directive. */
  refuse(word: Word, message: string, hint = ''): void {
    this.diagnostics.error(message, wordOrigin(word), hint)
  }

  /** nginx's answer to a value that a directive cannot use. */
  refuseValue(directive: Directive, word: Word, wanted: string): void {
    const { text } = directive.name
    this.refuse(word, `invalid value "${word.text}" in "${text}" directive`, wanted)
  }

  /** nginx's answer to a parameter that a directive does not know; one with a value ends in `=`. */
  refuseParameter(word: Word, known: Iterable<string> = []): void {
    const words = [...known]
    const names = words.map(name => name.replace(/=$/, ''))
    const meant = nearest(word.text.replace(/=.*/s, ''), names)
    const isShort = words.length > 0 && words.length <= CHOICES_MAX
    const all = isShort ? `write ${oneOf(words)}` : ''
    const hint = meant === null ? all : `did you mean "${meant}"?`
    this.refuse(word, `invalid parameter "${word.text}"`, hint)
  }

  /** Says something once for the whole configuration, at the first place. */
  noticeOnce(key: string, message: string, origin: Origin, hint = ''): void {
    if (this.#said.has(key)) return
    this.#said.add(key)
    this.diagnostics.notice(message, origin, hint)
  }

  /** Warns unless the same was said of the same place: several servers may meet one mistake. */
  warnOnce(message: string, origin: Origin, hint: string): void {
    if (this.#isNew(message, origin)) this.diagnostics.warning(message, origin, hint)
  }

  /** Complains unless the same was said of the same place. */
  refuseOnce(message: string, origin: Origin, hint: string): void {
    if (this.#isNew(message, origin)) this.diagnostics.error(message, origin, hint)
  }

  #isNew(message: string, origin: Origin): boolean {
    const key = `${message} ${origin.file}:${origin.line}:${origin.column}`
    if (this.#said.has(key)) return false
    this.#said.add(key)
    return true
  }

  /** Remembers a variable for `checkVariables`. */
  useVariable(name: string, origin: Origin): void {
    this.#variableUses.push({ name, origin })
  }

  /** Complains about variables that neither exist nor are captured anywhere. */
  checkVariables(): void {
    const hints = new Map<string, string>()
    for (const { name, origin } of this.#variableUses) {
      if (isBlindVariable(name) && !this.captures.has(name)) {
        const hint = 'leave it out: access logs show "-"'
        this.warnOnce(`variable "$${name}" never has a value here`, origin, hint)
      }
      if (/^[1-9]$/.test(name) || this.captures.has(name) || isKnownVariable(name)) continue
      const hint = hints.get(name) ?? this.#variableHint(name)
      hints.set(name, hint)
      this.diagnostics.error(`unknown "${name}" variable`, origin, hint)
    }
  }

  #variableHint(name: string): string {
    const known = [...this.captures, ...VARIABLES.map(variable => variable.name)]
    const meant = nearest(name, known)
    if (meant !== null) return `did you mean "$${meant}"?`
    return 'define it: set, map, geo, split_clients, or a group (?<name>…) of a regex'
  }

  /** The directives of a block with every `include` replaced by what the files hold. */
  *expand(directives: readonly Directive[]): Generator<Directive> {
    for (const directive of directives) {
      if (directive.name.text === 'include') {
        yield* this.#include(directive)
      } else {
        yield directive
      }
    }
  }

  *#include(directive: Directive): Generator<Directive> {
    const [word] = directive.args
    if (directive.block !== null) {
      const message = 'directive "include" is not terminated by ";"'
      this.diagnostics.error(message, directiveOrigin(directive))
      return
    }
    if (word === undefined || directive.args.length > 1) {
      const message = 'invalid number of arguments in "include" directive'
      this.diagnostics.error(message, statementOrigin(directive), 'write: include FILE;')
      return
    }
    this.journal?.add(directive, null)
    const directory = dirname(this.#main.file)
    const name = isAbsolute(word.text) ? word.text : join(directory, word.text)
    if (!isGlob(word.text)) {
      yield* this.#file(name, word)
      return
    }
    const isRelative = !isAbsolute(name)
    for (const path of expandGlob(resolve(name))) {
      yield* this.#file(isRelative ? relativeTo(path) : path, word)
    }
  }

  *#file(file: string, word: Word): Generator<Directive> {
    const path = resolve(file)
    if (this.#stack.includes(path)) {
      this.refuse(word, `"${file}" includes itself`, 'remove this include')
      return
    }
    if (this.#stack.length > LIMITS.includeDepthMax) {
      const max = LIMITS.includeDepthMax
      this.refuse(word, `Cannot include "${file}": files are nested more than ${max} deep`)
      return
    }
    if (this.sources.size >= LIMITS.configFilesMax) {
      const max = LIMITS.configFilesMax
      this.refuse(word, `Cannot include "${file}": more than ${max} files`)
      return
    }
    const source = this.sources.get(file) ?? readSourceFile(path, file)
    if (isFileProblem(source)) {
      this.refuse(word, source.problem, includeHint(file, source.hint))
      return
    }
    this.sources.set(file, source)
    this.#stack.push(path)
    yield* this.expand(parseTree(source, this.diagnostics))
    this.#stack.pop()
  }
}

/** More words than these are no help: the manual has them. */
const CHOICES_MAX = 14

/** A path below the working directory as a relative one: messages show files as they were named. */
function relativeTo(path: string): string {
  const here = `${resolve('.')}/`
  return path.startsWith(here) ? path.slice(here.length) : path
}

function includeHint(file: string, hint: string): string {
  if (hint !== '' || !/(^|\/)mime\.types$/.test(file)) return hint
  return (
    'nginx has it beside its nginx.conf (often /etc/nginx/mime.types): ' +
    'copy it here or name its path'
  )
}
