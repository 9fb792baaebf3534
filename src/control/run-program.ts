// Runs a program that the configuration names (alerts, a fallback's command, a change of files):
// without a shell, in a process group of its own, with a limit of time, and its output kept short.
// It never throws; what went wrong is one line for the log.

import { type Delay, systemDelay } from '../base/delay.ts'
import { systemErrorText } from '../base/system-error.ts'
import { forgetGroup, noteGroup } from '../probe/program-groups.ts'
import { type StartedProgram, startProgram } from '../probe/program-start.ts'
import { CONTROL_LIMITS } from './limits.ts'

/** Bytes of output of which the last line is shown. */
const OUTPUT_BYTES_MAX = 4_096
/** After its end: what a program's own children still write is not waited for. */
const OUTPUT_GRACE_MS = 200

export interface ProgramRun {
  /** The words after those of the command. */
  readonly arguments: readonly string[]
  /** Beside what this process has. */
  readonly environment?: Readonly<Record<string, string>>
  /** What it reads from standard input. */
  readonly input?: string
  readonly timeoutMs?: number
  /** Ends it early. */
  readonly signal?: AbortSignal
  readonly delay?: Delay
}

/**
 * Runs a command to its end.
 *
 * @param command a path or a name on the PATH, and perhaps first arguments, split at blanks;
 *   quotes hold blanks together
 * @returns null when it ended with 0, else one line why not
 */
export async function runProgram(command: string, run: ProgramRun): Promise<string | null> {
  const [program = '', ...first] = splitWords(command)
  if (program === '') return 'there is no program to run'
  const { timeoutMs = CONTROL_LIMITS.programTimeoutMs, input = '', delay = systemDelay } = run
  const ended = Promise.withResolvers<string>()
  let started: StartedProgram
  try {
    started = startProgram({
      command: program,
      arguments: [...first, ...run.arguments],
      environment: { ...process.env, ...run.environment },
      hasInput: input !== '',
    })
  } catch (error) {
    return `${program}: ${systemErrorText(error)}`
  }
  const { child, outputs } = started
  noteGroup(child.pid)
  const over = new AbortController()
  let reason = ''
  const dropOutput = () => {
    for (const stream of outputs) stream.destroy()
    started.input?.destroy()
  }
  const stop = async (why: string) => {
    reason ||= why
    signalGroup(child.pid, 'SIGTERM')
    await delay(CONTROL_LIMITS.programGraceMs, over.signal)
    if (over.signal.aborted) return
    signalGroup(child.pid, 'SIGKILL')
    dropOutput()
  }
  const onAbort = () => void stop('it was stopped')
  run.signal?.addEventListener('abort', onAbort)
  if (run.signal?.aborted) onAbort()
  void delay(timeoutMs, over.signal).then(() => {
    if (!over.signal.aborted) void stop(`no end in ${timeoutMs / 1000} s`)
  })
  let output = ''
  const onOutput = (bytes: Buffer) => {
    output = (output + bytes.toString('utf8')).slice(-OUTPUT_BYTES_MAX)
  }
  const closed = outputs.map(stream => {
    stream.on('data', onOutput)
    return new Promise(resolve => stream.once('close', resolve))
  })
  // It may end before it has read anything.
  started.input?.end(input)
  child.on('error', error => ended.resolve(systemErrorText(error)))
  child.on('exit', (code, signal) => {
    forgetGroup(child.pid)
    void delay(OUTPUT_GRACE_MS, over.signal).then(dropOutput)
    void Promise.all(closed).then(() => {
      const how = reason || endText(code, signal)
      const said = how === '' ? '' : lastLine(output)
      ended.resolve(said === '' ? how : `${how} (${said})`)
    })
  })
  const problem = await ended.promise
  over.abort()
  dropOutput()
  run.signal?.removeEventListener('abort', onAbort)
  return problem === '' ? null : `${program}: ${problem}`
}

/** Words of a command line: split at blanks, with what stands in quotes held together. */
export function splitWords(text: string): readonly string[] {
  const words = text.match(/(?:[^\s"']+|"[^"]*"|'[^']*'|["'])+/g) ?? []
  return words.map(word => word.replace(/"([^"]*)"|'([^']*)'/g, (_, a, b) => a ?? b))
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // The whole group has ended.
  }
}

function endText(code: number | null, signal: NodeJS.Signals | null): string {
  if (code === 0) return ''
  return signal === null ? `exit code ${code}` : `ended by ${signal}`
}

function lastLine(output: string): string {
  const lines = output.split(/\r?\n/).filter(line => line.trim() !== '')
  return (lines.at(-1) ?? '').trim().slice(0, 200)
}
