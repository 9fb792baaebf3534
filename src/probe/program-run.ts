// One run of a program for a check: without a shell, in a process group of its own, its output read
// but for its last lines thrown away, and killed for certain when it is stopped.

import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { callFailedText } from '../base/system-error.ts'
import { Timer } from '../base/timer-wheel.ts'
import type { CheckTime } from './checker.ts'
import { PROBE_LIMITS } from './limits.ts'
import { forgetGroup, noteGroup } from './program-groups.ts'
import { type StartedProgram, startProgram } from './program-start.ts'
import { plain } from './reason.ts'

export interface ProgramCall {
  readonly command: string
  readonly arguments: readonly string[]
  /** Beside what this process has. */
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

export class ProgramRun {
  readonly #time: CheckTime
  readonly #onEnd: (end: ProgramEnd) => void
  /** Null when the system refused it at once. */
  readonly #child: ChildProcess | null
  readonly #outputs: readonly Readable[]
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
      const { child, outputs } = start(call)
      this.#child = child
      this.#outputs = outputs
    } catch (error) {
      // A file that is being written, a path through a file, too many arguments: these are thrown.
      this.#child = null
      this.#outputs = []
      setImmediate(fail, error)
      return
    }
    const child = this.#child
    noteGroup(child.pid)
    let open = this.#outputs.length
    for (const stream of this.#outputs) {
      stream.on('data', (chunk: Buffer) => this.#keep(chunk))
      stream.on('close', () => {
        if (--open === 0 && this.#hasExited) this.#report()
      })
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
      if (open === 0) this.#report()
      else if (!this.#isReported) {
        this.#time.wheel.set(this.#graceTimer, PROBE_LIMITS.outputGraceMs)
      }
    })
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
    for (const stream of this.#outputs) stream.destroy()
  }
}

function start({ command, arguments: words, environment }: ProgramCall): StartedProgram {
  return startProgram({
    command,
    arguments: words,
    directory: '/',
    environment: { ...process.env, ...environment },
  })
}
