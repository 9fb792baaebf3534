// One run of a program for a check: without a shell, in a process group of its own, its output read
// but for its last lines thrown away, and killed for certain when it is stopped.

import { type ChildProcess, spawn } from 'node:child_process'
import { callFailedText } from '../base/system-error.ts'
import { Timer } from '../base/timer-wheel.ts'
import type { CheckTime } from './checker.ts'
import { PROBE_LIMITS } from './limits.ts'
import { forgetGroup, noteGroup } from './program-groups.ts'
import { plain } from './reason.ts'

export interface ProgramCall {
  readonly command: string
  readonly arguments: readonly string[]
  /** In place of ours but for PATH and HOME. */
  readonly environment: Readonly<Record<string, string>>
}

/** How a program ended. */
export interface ProgramEnd {
  /** Null when a signal ended it, or it never ran. */
  readonly exitCode: number | null
  readonly signal: string | null
  /** Why it could not be run; empty = it was. */
  readonly fault: string
  /** The last line that it printed, safe to show; empty = none. */
  readonly lastLine: string
}

/** What our own environment gives to programs. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'TZ']

export class ProgramRun {
  readonly #time: CheckTime
  readonly #onEnd: (end: ProgramEnd) => void
  /** Null when the system refused it at once. */
  readonly #child: ChildProcess | null
  #output = Buffer.alloc(0)
  #isStopped = false
  #hasExited = false
  #isReported = false
  #onGone: (() => void) | null = null
  readonly #killTimer = new Timer(() => this.#signal('SIGKILL'))
  readonly #graceTimer = new Timer(() => this.#report())
  #end: Omit<ProgramEnd, 'lastLine'> = { exitCode: null, signal: null, fault: '' }

  /** @param onEnd called once, unless `stop` comes first; never before this returns */
  constructor(call: ProgramCall, time: CheckTime, onEnd: (end: ProgramEnd) => void) {
    this.#time = time
    this.#onEnd = onEnd
    const fail = (error: unknown) => {
      const fault = callFailedText('exec', `"${plain(call.command)}"`, error)
      this.#end = { exitCode: null, signal: null, fault }
      this.#onExit()
      this.#report()
    }
    try {
      this.#child = start(call)
    } catch (error) {
      // A file that is being written, a path through a file, too many arguments: these are thrown.
      this.#child = null
      setImmediate(fail, error)
      return
    }
    const child = this.#child
    noteGroup(child.pid)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.#keep(chunk))
      stream?.on('error', () => {})
    }
    // Only a program that never ran comes without an exit.
    child.once('error', error => {
      if (child.pid === undefined) fail(error)
    })
    child.once('exit', (exitCode, signal) => {
      this.#end = { exitCode, signal, fault: '' }
      this.#onExit()
      // Its children may hold the pipes open; what it said itself is there in a moment.
      this.#time.clock.refresh()
      if (!this.#isReported) this.#time.wheel.set(this.#graceTimer, PROBE_LIMITS.outputGraceMs)
    })
    child.once('close', () => this.#report())
  }

  /**
   * Asks it to end, and makes it a second later.
   *
   * @returns resolves when it has ended; null when it already has
   */
  stop(): Promise<void> | null {
    this.#isStopped = true
    this.#report()
    if (this.#hasExited) {
      this.#closePipes()
      return null
    }
    this.#signal('SIGTERM')
    this.#time.clock.refresh()
    this.#time.wheel.set(this.#killTimer, PROBE_LIMITS.killDelayMs)
    return new Promise(resolve => {
      this.#onGone = resolve
    })
  }

  /** The last line so far. */
  get lastLine(): string {
    const lines = this.#output.toString('utf8').split(/[\r\n]+/)
    return plain(lines.findLast(line => line.trim() !== '')?.trim() ?? '')
  }

  #keep(chunk: Buffer): void {
    const max = PROBE_LIMITS.outputBytesMax
    this.#output =
      chunk.length >= max
        ? Buffer.from(chunk.subarray(-max))
        : Buffer.concat([this.#output, chunk]).subarray(-max)
  }

  #signal(name: NodeJS.Signals): void {
    if (!this.#hasExited && !this.#signalGroup(name)) this.#child?.kill(name)
  }

  #signalGroup(name: NodeJS.Signals): boolean {
    const pid = this.#child?.pid
    if (pid === undefined) return false
    try {
      return process.kill(-pid, name)
    } catch {
      // Nobody of the group is left.
      return false
    }
  }

  #onExit(): void {
    this.#hasExited = true
    forgetGroup(this.#child?.pid)
    this.#time.wheel.remove(this.#killTimer)
    this.#onGone?.()
    this.#onGone = null
    if (!this.#isStopped) return
    // What it started may be deaf to TERM.
    this.#signalGroup('SIGKILL')
    this.#closePipes()
  }

  #report(): void {
    if (this.#isReported) return
    this.#isReported = true
    this.#time.wheel.remove(this.#graceTimer)
    if (this.#isStopped) return
    this.#closePipes()
    this.#onEnd({ ...this.#end, lastLine: this.lastLine })
  }

  #closePipes(): void {
    this.#child?.stdout?.destroy()
    this.#child?.stderr?.destroy()
  }
}

function start(call: ProgramCall): ChildProcess {
  return spawn(call.command, [...call.arguments], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inheritedEnvironment(), ...call.environment },
  })
}

function inheritedEnvironment(): Record<string, string> {
  const names = INHERITED.filter(name => process.env[name] !== undefined)
  return Object.fromEntries(names.map(name => [name, process.env[name] ?? '']))
}
