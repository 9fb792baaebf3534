// `headgate cache`: shows what a running process has cached, and has it removed, over the control socket. Exit codes are
// those of `headgate status`: 0 it is done, 3 nothing runs, 1 it could not be done, or there was nothing of that name.

import type { CommandInput } from '../command.ts'
import { askControl, type ControlAnswer, type ControlRequest } from '../control-client.ts'
import { CONTROL_LIMITS } from '../limits.ts'
import type { LoadOptions } from '../load.ts'
import { askStatus } from '../status-client.ts'
import { sayAbsence, socketPaths } from '../status-command.ts'
import { say, type Terminal } from '../terminal.ts'
import type { ListReport, PurgeReport } from './cache-desk.ts'
import { PURGE_SCOPES } from './cache-orders.ts'
import { cacheDetails, listTable, purgeText } from './cache-table.ts'

const DONE = 0
const FAILED = 1

const ACTIONS = ['purge', 'stat', 'ls'] as const
type Action = (typeof ACTIONS)[number]

/** Options that only some actions take. */
const TAKEN: { readonly [A in Action]: readonly string[] } = {
  purge: ['key', 'prefix', 'tag', 'all', 'soft'],
  stat: [],
  ls: ['url', 'limit'],
}

/** Does what the command line says. Returns the exit code. @param options where the configuration is */
export async function runCacheCommand(
  { values, word, second, terminal }: CommandInput,
  options: () => LoadOptions | null,
): Promise<number> {
  const url = second ?? null
  const action = ACTIONS.find(name => name === word)
  if (action === undefined) {
    const what = word === null ? 'wants an action' : `cannot "${word}" a cache`
    say(terminal, `${what}: ${ACTIONS.join(', ')}`)
    return FAILED
  }
  const problem = problemOf(action, values, url)
  if (problem !== '') {
    say(terminal, problem)
    return FAILED
  }
  const paths = socketPaths(values, options, terminal)
  if (paths === null) return FAILED
  const asking: Asking = { paths, terminal, isJson: values.json !== undefined }
  switch (action) {
    case 'stat':
      return showStatistics(values, asking)
    case 'purge':
      return purge(values, url, asking)
    case 'ls':
      return list(values, asking)
  }
}

interface Asking {
  readonly paths: readonly string[]
  readonly terminal: Terminal
  readonly isJson: boolean
}

/** What is wrong with a command line; empty when nothing is. */
function problemOf(action: Action, values: CommandInput['values'], second: string | null): string {
  const others = ACTIONS.flatMap(other => (other === action ? [] : TAKEN[other]))
  const wrong = others.find(name => values[name] !== undefined)
  if (wrong !== undefined) return `"${action}" takes no --${wrong}`
  if (action !== 'purge') return second === null ? '' : `"${action}" takes no "${second}"`
  const given = PURGE_SCOPES.filter(name => values[name] !== undefined)
  const count = given.length + (second === null ? 0 : 1)
  const wanted = 'a URL, --key, --prefix, --tag or --all'
  if (count === 0) return `"purge" wants ${wanted}`
  if (count > 1) return `"purge" takes one of ${wanted}, not ${count}`
  return second === null || /^https?:\/\//i.test(second)
    ? ''
    : `"${second}" is no URL such as http://example.com/a: --key purges by key, --prefix by its start`
}

async function showStatistics(
  values: CommandInput['values'],
  { paths, terminal, isJson }: Asking,
): Promise<number> {
  const found = await firstAnswer(paths, path => askStatus(path))
  if (found.answer.kind !== 'report') return sayAbsence(found.answer, found.paths, terminal)
  const { caches } = found.answer.report
  const chosen = caches.filter(({ name }) => (values.cache ?? name) === name)
  if (values.cache !== undefined && chosen.length === 0) {
    const names = caches.map(({ name }) => name).join(', ') || 'none'
    say(terminal, `there is no cache "${values.cache}": there is ${names}`)
    return FAILED
  }
  terminal.out(isJson ? `${JSON.stringify(chosen, null, 2)}\n` : cacheDetails(chosen))
  return DONE
}

async function purge(
  values: CommandInput['values'],
  url: string | null,
  asking: Asking,
): Promise<number> {
  const { key, prefix, tag, cache } = values
  const order = {
    ...(url === null ? {} : { url }),
    ...(key === undefined ? {} : { key }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(tag === undefined ? {} : { tag }),
    ...(values.all === undefined ? {} : { all: true }),
    ...(cache === undefined ? {} : { cache }),
    soft: values.soft !== undefined,
  }
  return give('/cache/purge', order, asking, value => {
    const report = value as PurgeReport
    const { terminal, isJson } = asking
    terminal.out(isJson ? `${JSON.stringify(report, null, 2)}\n` : purgeText(report))
    if (report.failures === 0) {
      // As a request to purge answers 404; of many there may always be none.
      const one = url ?? key
      if (one === undefined || report.entries > 0) return DONE
      say(terminal, `nothing was stored for "${one}"`)
      return FAILED
    }
    const files = report.failures === 1 ? '1 file' : `${report.failures} files`
    say(terminal, `${files} could not be read, changed or removed: the error log says why`)
    return FAILED
  })
}

async function list(values: CommandInput['values'], asking: Asking): Promise<number> {
  const { url, limit, cache } = values
  if (limit !== undefined && !/^[1-9]\d{0,6}$/.test(limit)) {
    say(asking.terminal, `option "--limit" takes a number from 1, not "${limit}"`)
    return FAILED
  }
  const order = {
    ...(url === undefined ? {} : { prefix: url }),
    ...(limit === undefined ? {} : { limit: Number(limit) }),
    ...(cache === undefined ? {} : { cache }),
  }
  return give('/cache/list', order, asking, value => {
    const report = value as ListReport
    const { terminal, isJson } = asking
    terminal.out(isJson ? `${JSON.stringify(report, null, 2)}\n` : listTable(report))
    return DONE
  })
}

/** Gives an order to the process that runs, and shows what comes of it. Returns the exit code. */
async function give(
  path: string,
  order: unknown,
  { paths, terminal }: Asking,
  onAnswer: (value: unknown) => number,
): Promise<number> {
  const request: ControlRequest = {
    method: 'POST',
    path,
    order,
    timeoutMs: CONTROL_LIMITS.cacheOrderMs,
  }
  const found = await firstAnswer(paths, socket => askControl(socket, request))
  if (found.answer.kind !== 'answer') return sayAbsence(found.answer, found.paths, terminal)
  const { status, text } = found.answer
  const value = parse(text)
  if (status === 200 && value !== null) return onAnswer(value)
  const reason = (value as { readonly error?: unknown } | null)?.error ?? text.trim().slice(0, 200)
  const isOld = status === 404
  const cure = isOld ? ' (it was started by an earlier version: restart it)' : ''
  say(terminal, `${status === 400 ? '' : `it answers ${status}: `}${String(reason)}${cure}`)
  return FAILED
}

/** Asks at each place until somebody answers. */
async function firstAnswer<T extends { readonly kind: string }>(
  paths: readonly string[],
  ask: (path: string) => Promise<T | Absence>,
): Promise<{ readonly answer: T | Absence; readonly paths: readonly string[] }> {
  let found: { answer: T | Absence; paths: readonly string[] } = {
    answer: { kind: 'absent', isStale: false },
    paths,
  }
  for (const path of paths) {
    const answer = await ask(path)
    if (answer.kind !== 'absent' && answer.kind !== 'failed') return { answer, paths: [path] }
    const isNews = answer.kind === 'failed' || (answer as Absence & { isStale: boolean }).isStale
    if (isNews && found.answer.kind === 'absent') found = { answer, paths: [path] }
  }
  return found
}

type Absence = Exclude<ControlAnswer, { readonly kind: 'answer' }>

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}
