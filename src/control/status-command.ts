// `headgate status`: finds the control socket of a configuration, asks it, and shows what it says,
// once or again and again. Exit codes are those of ldirectord's `status`: 0 it runs, 3 it does not,
// 1 that could not be found out.

import { type Delay, systemDelay } from '../base/delay.ts'
import type { CommandInput } from './command.ts'
import { type ControlAnswer, NO_SOCKET } from './control-client.ts'
import { askedControlPaths } from './control-path.ts'
import { type LoadOptions, readFor } from './load.ts'
import { showFindings } from './report.ts'
import { askStatus, type StatusAnswer } from './status-client.ts'
import { statusTable } from './status-table.ts'
import { say, type Terminal } from './terminal.ts'
import { writtenControlPaths } from './written-control-path.ts'

const RUNNING = 0
const FAILED = 1
const STOPPED = 3

/** Seconds between two looks of `--watch`. */
const WATCH_SECONDS = 2
const WATCH_SECONDS_MIN = 0.1
const WATCH_SECONDS_MAX = 86_400

/** Home, and what is below cleared: less flicker than clearing all. */
const REDRAW = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_REST = '\x1b[J'
const CLEAR_ALL = '\x1b[2J'

/** What the tests decide. */
export interface StatusSurroundings {
  readonly ask?: typeof askStatus
  readonly delay?: Delay
  /** Ends `--watch`. */
  readonly signal?: AbortSignal
  readonly userId?: number
}

/**
 * Shows how a running process is doing.
 *
 * @param options where the configuration is; not asked for when `--socket` names the socket
 */
export async function showStatus(
  { values, terminal }: Pick<CommandInput, 'values' | 'terminal'>,
  options: () => LoadOptions | null,
  around: StatusSurroundings = {},
): Promise<number> {
  const seconds = watchSeconds(values.watch)
  if (seconds === null) {
    const range = `${WATCH_SECONDS_MIN} to ${WATCH_SECONDS_MAX}`
    say(terminal, `option "--watch" takes ${range} seconds, not "${values.watch}"`)
    return FAILED
  }
  const sockets = findSockets(values, options, terminal, around.userId)
  if (sockets === null) return FAILED
  const found = await askAll(sockets.paths, around)
  if (found.answer.kind === 'absent' && !sockets.isKnown) {
    const where = found.paths.map(path => `"${path}"`).join(' or ')
    const cure = 'name the socket with --socket'
    say(terminal, `cannot tell whether it runs: there is no control socket ${where} (${cure})`)
    return FAILED
  }
  if (seconds === 0 || found.answer.kind !== 'report') return show(found, values, terminal)
  return watch(found, seconds, { values, terminal, around })
}

interface Found {
  readonly answer: StatusAnswer
  /** Where it was asked; all places when nobody was there. */
  readonly paths: readonly string[]
}

/**
 * The control sockets that are meant: the one of `--socket`, or those that the configuration may have; null when that
 * cannot be known, which is said.
 */
export function socketPaths(
  values: CommandInput['values'],
  options: () => LoadOptions | null,
  terminal: Terminal,
  userId = process.getuid?.() ?? -1,
): readonly string[] | null {
  return findSockets(values, options, terminal, userId)?.paths ?? null
}

interface Sockets {
  readonly paths: readonly string[]
  /** It is at one of these, if it is there at all. */
  readonly isKnown: boolean
}

function findSockets(
  { socket }: CommandInput['values'],
  options: () => LoadOptions | null,
  terminal: Terminal,
  userId = process.getuid?.() ?? -1,
): Sockets | null {
  if (socket !== undefined) return { paths: [socket], isKnown: true }
  const load = options()
  if (load === null) return null
  const usual = askedControlPaths({ configFile: load.file, env: terminal.env, userId })
  const result = readFor(load)
  const path = result.config?.process.controlPath
  if (path === '') {
    say(terminal, `${load.file} switches the control socket off: there is nobody to ask`)
    return null
  }
  if (path !== undefined) return { paths: path === null ? usual : [path], isKnown: true }
  // What runs may have been started before the mistake was made.
  showFindings(terminal, result, ['error'])
  const written = writtenControlPaths(result.sources, load.prefix)
  const where = written.length > 0 ? 'as far as it says, and ' : ''
  say(terminal, `the configuration has errors: looking where its socket is, ${where}by default`)
  return { paths: [...written, ...usual], isKnown: false }
}

/** Asks at each place until somebody answers. */
async function askAll(
  paths: readonly string[],
  { ask = askStatus }: StatusSurroundings,
): Promise<Found> {
  let found: Found = { answer: { kind: 'absent', isStale: false }, paths }
  for (const path of paths) {
    const answer = await ask(path)
    if (answer.kind === 'report') return { answer, paths: [path] }
    // What a dead process left is the nearest to an answer; what we may not ask may be another's.
    const isLeft = answer.kind === 'absent' && answer.isStale
    const isLeftBefore = found.answer.kind === 'absent' && found.answer.isStale
    if (isLeft || (answer.kind === 'failed' && !isLeftBefore)) found = { answer, paths: [path] }
  }
  return found
}

/** Shows one answer. Returns the exit code. */
function show(found: Found, values: CommandInput['values'], terminal: Terminal): number {
  const { answer } = found
  if (answer.kind !== 'report') return sayAbsence(answer, found.paths, terminal)
  const { columns = 0 } = terminal.screen ?? {}
  const text =
    values.json === undefined
      ? statusTable(answer.report, { ...styleOf(values, terminal), columns, transitionsMax: 10 })
      : `${JSON.stringify(answer.report, null, 2)}\n`
  terminal.out(text)
  return RUNNING
}

/**
 * Says why there is no answer. Returns the exit code.
 *
 * @param paths where it was asked
 */
export function sayAbsence(
  answer: Exclude<ControlAnswer, { readonly kind: 'answer' }>,
  paths: readonly string[],
  terminal: Terminal,
): number {
  const where = paths.map(path => `"${path}"`).join(' or ')
  if (answer.kind === 'failed') {
    const isDenied = /EACCES|EPERM|Permission denied|not permitted/.test(answer.problem)
    const elsewhere = answer.problem === NO_SOCKET ? 'name another with --socket' : null
    const asUser = isDenied ? 'ask as the user that it runs as' : null
    const cure = elsewhere ?? asUser ?? 'its error log may say more'
    say(terminal, `cannot ask control socket ${where}: ${answer.problem} (${cure})`)
    return FAILED
  }
  const { isStale } = answer
  const what = isStale ? 'nobody serves control socket' : 'there is no control socket'
  const cure = isStale
    ? 'its process has ended; the next start replaces it'
    : 'start it with "headgate run", or name the socket with --socket'
  say(terminal, `it is not running: ${what} ${where} (${cure})`)
  return STOPPED
}

/** Shows what it says again and again, until it ends or somebody has seen enough. */
async function watch(
  first: Found,
  seconds: number,
  {
    values,
    terminal,
    around,
  }: {
    readonly values: CommandInput['values']
    readonly terminal: Terminal
    readonly around: StatusSurroundings
  },
): Promise<number> {
  const end = new AbortController()
  const stop = () => end.abort()
  around.signal?.addEventListener('abort', stop)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  const { delay = systemDelay } = around
  const isScreen = terminal.screen !== undefined && values.json === undefined
  let found = first
  try {
    if (isScreen) terminal.out(CLEAR_ALL)
    for (let count = 0; ; count++) {
      if (found.answer.kind !== 'report') {
        if (isScreen) terminal.out('\n')
        return sayAbsence(found.answer, found.paths, terminal)
      }
      const text = watchText(found.answer, { values, terminal, isScreen, isFirst: count === 0 })
      terminal.out(text)
      await delay(seconds * 1000, end.signal)
      if (end.signal.aborted) return RUNNING
      found = await askAll(first.paths, around)
      if (end.signal.aborted) return RUNNING
    }
  } finally {
    around.signal?.removeEventListener('abort', stop)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
  }
}

/** One look: on a screen over the one before, else a line of JSON or a table after it. */
function watchText(
  { report, text }: StatusAnswer & { readonly kind: 'report' },
  look: {
    readonly values: CommandInput['values']
    readonly terminal: Terminal
    readonly isScreen: boolean
    readonly isFirst: boolean
  },
): string {
  const { values, terminal, isScreen, isFirst } = look
  if (values.json !== undefined) return `${text.trimEnd()}\n`
  const { columns = 0, rows = 0 } = (isScreen ? terminal.screen : undefined) ?? {}
  const style = { ...styleOf(values, terminal), columns, transitionsMax: 10 }
  const table = statusTable(report, style)
  if (!isScreen) return isFirst ? table : `\n${table}`
  const lines = table.trimEnd().split('\n')
  const shown = rows > 2 && lines.length > rows - 1 ? lines.slice(0, rows - 1) : lines
  return `${REDRAW}${shown.map(line => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_REST}`
}

function styleOf(
  values: CommandInput['values'],
  { env, screen }: Terminal,
): { readonly hasColor: boolean } {
  const isWanted = values['no-color'] === undefined && (env.NO_COLOR ?? '') === ''
  return { hasColor: isWanted && screen?.hasColor === true }
}

/** 0 = once; null = that is no such number. */
function watchSeconds(value: string | undefined): number | null {
  if (value === undefined) return 0
  if (value === '') return WATCH_SECONDS
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN
  return seconds >= WATCH_SECONDS_MIN && seconds <= WATCH_SECONDS_MAX ? seconds : null
}
