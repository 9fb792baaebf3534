// Runs the real program in a process of its own, reads what it says, and ends it with the test.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { afterTest } from './after-test.ts'

/** Compiled code of one run serves the next: these tests start the program often. */
const COMPILE_CACHE = join(tmpdir(), 'headgate-compile-cache')

/** Control sockets of programs that are killed go with their tests. */
const RUNTIME = mkdtempSync(join(tmpdir(), 'headgate-run-'))
process.on('exit', () => rmSync(RUNTIME, { recursive: true, force: true }))

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** How a program ended and what it said. */
export interface ProgramEnd {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What the start line says. */
export interface ProgramReady {
  readonly pid: number
  readonly workers: number
  /** `127.0.0.1:41234`, `unix:/path`, in the order of the configuration. */
  readonly listen: readonly string[]
}

export interface ProgramOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Another entry file than src/main.ts. */
  readonly main?: string
  /** Leads a process group of its own, which a test can signal as a whole. */
  readonly isLeader?: boolean
  /** The limit of open files (`ulimit -n`). */
  readonly openFilesMax?: number
}

/** A running program. */
export class Program {
  readonly child: ChildProcess
  /** Resolves when it has ended and everything that it said is read. */
  readonly ended: Promise<ProgramEnd>
  stdout = ''
  stderr = ''
  #hasEnded = false
  #checks: (() => void)[] = []

  constructor(args: readonly string[], options: ProgramOptions = {}) {
    const program = [process.execPath, options.main ?? MAIN, ...args]
    const limit = options.openFilesMax
    const [command = '', ...words] =
      limit === undefined
        ? program
        : ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh', ...program]
    this.child = spawn(command, words, {
      cwd: options.cwd ?? tmpdir(),
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        XDG_RUNTIME_DIR: RUNTIME,
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: options.isLeader ?? false,
    })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#onText()
    })
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#onText()
    })
    const { promise, resolve } = Promise.withResolvers<ProgramEnd>()
    this.ended = promise
    this.child.on('close', code => {
      this.#hasEnded = true
      resolve({ code, stdout: this.stdout, stderr: this.stderr })
      this.#onText()
    })
  }

  get pid(): number {
    return this.child.pid!
  }

  /** The first match in what it says on either output; rejects when it ends without. */
  async says(pattern: RegExp): Promise<RegExpMatchArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>()
    const check = () => {
      const found = this.stderr.match(pattern) ?? this.stdout.match(pattern)
      if (found !== null) resolve(found)
      else if (this.#hasEnded) reject(new Error(`ended without ${pattern}: ${this.stderr}`))
    }
    this.#checks.push(check)
    check()
    return promise
  }

  /** Resolves at the start line. */
  async ready(): Promise<ProgramReady> {
    return readyFrom((await this.says(/ started: (.*)\n/))[1]!)
  }

  /** Sends a signal and waits until it says what `pattern` wants, after what it has said so far. */
  async tell(signal: NodeJS.Signals, pattern: RegExp): Promise<RegExpMatchArray> {
    this.stderr = ''
    this.child.kill(signal)
    return this.says(pattern)
  }

  #onText(): void {
    for (const check of this.#checks) check()
  }
}

/** Takes the words of a start line apart. */
export function readyFrom(words: string): ProgramReady {
  const values = Object.fromEntries(words.split(' ').map(word => word.split('='))) as Record<
    string,
    string
  >
  const listen = values.listen === '' ? [] : values.listen!.split(',')
  return { pid: Number(values.pid), workers: Number(values.workers), listen }
}

/** Starts the program; the test's end kills it. */
export function startProgram(
  t: TestContext,
  args: readonly string[],
  options?: ProgramOptions,
): Program {
  const program = new Program(args, options)
  afterTest(t, async () => {
    program.child.kill('SIGKILL')
    await program.ended
  })
  return program
}

/** Runs the program to its end. */
export function runProgram(args: readonly string[], options?: ProgramOptions): Promise<ProgramEnd> {
  return new Program(args, options).ended
}

/** A directory with files in it, removed after the test. */
export function makeDirectory(
  t: TestContext,
  files: Readonly<Record<string, string>> = {},
): string {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-test-'))
  afterTest(t, () => rmSync(directory, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return directory
}
