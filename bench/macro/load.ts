/**
 * The load: wrk where it is installed, else autocannon.
 * Both are told the same work and both results become one `LoadResult`; the parsers are apart from
 * the running so that they can be tested on sample text.
 */

import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Machinery, runPinned } from './processes.ts'
import { makeBody, type WorkItem } from './work.ts'

export type LoadTool = 'wrk' | 'autocannon'

/** What one run of the load generator saw. */
export interface LoadResult {
  /** Answers received in full. */
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Connect, read, write and timeout errors together. */
  readonly socketErrors: number
  /** Answers with a status of 400 or more. */
  readonly badStatuses: number
}

/** How hard and against what to drive the load. */
export interface LoadPlan {
  readonly tool: LoadTool
  readonly item: WorkItem
  readonly url: string
  readonly seconds: number
  /** A folder for the request script or body. */
  readonly directory: string
  /** Keys that are not those of the work are asked for once each, from this one on. */
  readonly fillFrom?: number
}

/** After this many seconds an answer counts as a timeout. */
const ANSWER_SECONDS_MAX = 10

/** A load generator that is still alive this long after its time is stopped. */
const OVERTIME_SECONDS_MAX = 30

/** Whether a load generator can send what the work asks for: autocannon cannot count its targets. */
export function canDrive(tool: LoadTool, item: WorkItem): boolean {
  return tool === 'wrk' || item.keys === 1
}

/** Drives one load on the load core and waits for its end. */
export async function runLoad(machinery: Machinery, plan: LoadPlan): Promise<LoadResult> {
  const command = plan.tool === 'wrk' ? makeWrkCommand(plan) : makeAutocannonCommand(plan)
  const limitSeconds = plan.seconds + ANSWER_SECONDS_MAX + OVERTIME_SECONDS_MAX
  const output = await runPinned(machinery, command, limitSeconds * 1000)
  const result = plan.tool === 'wrk' ? parseWrk(output) : parseAutocannon(output)
  if (result === null) throw new Error(`Cannot read the output of ${plan.tool}:\n${output}`)
  return result
}

/**
 * Parses what `wrk --latency` prints.
 *
 * @returns null when the totals or the latency distribution are missing
 */
export function parseWrk(output: string): LoadResult | null {
  const total = /^\s*(\d+) requests in /m.exec(output)
  const rate = /^Requests\/sec:\s+([\d.]+)$/m.exec(output)
  const p50 = /^\s+50(?:\.0+)?%\s+(\S+)\s*$/m.exec(output)
  const p99 = /^\s+99(?:\.0+)?%\s+(\S+)\s*$/m.exec(output)
  const p50Ms = parseWrkTime(p50?.[1] ?? '')
  const p99Ms = parseWrkTime(p99?.[1] ?? '')
  if (total === null || rate === null || p50Ms === null || p99Ms === null) return null
  const errors = /^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)$/m
  const bad = /^\s*Non-2xx or 3xx responses: (\d+)$/m.exec(output)
  const counts = errors.exec(output)?.slice(1) ?? []
  return {
    requests: Number(total[1]),
    requestsPerSecond: Number(rate[1]),
    p50Ms,
    p99Ms,
    socketErrors: counts.reduce((sum, count) => sum + Number(count), 0),
    badStatuses: Number(bad?.[1] ?? 0),
  }
}

/**
 * Parses a time as wrk writes it, such as `635.91us`, `1.20ms`, `2.00s` or `1.50m`.
 *
 * @returns milliseconds, or null
 */
export function parseWrkTime(text: string): number | null {
  const match = /^([\d.]+)(us|ms|s|m|h)$/.exec(text)
  if (match === null) return null
  const milliseconds = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
  // The pattern admits these five units and no other.
  return Number(match[1]) * milliseconds[match[2] as keyof typeof milliseconds]
}

/**
 * Parses what `autocannon --json` prints; lines that are not JSON are skipped.
 *
 * @returns null when no line holds a result
 */
export function parseAutocannon(output: string): LoadResult | null {
  for (const line of output.split('\n')) {
    const value = parseJson(line)
    const requests = value === null ? null : readRecord(value.requests)
    const latency = value === null ? null : readRecord(value.latency)
    if (value === null || requests === null || latency === null) continue
    const answered = Number(requests.total)
    return {
      requests: answered,
      requestsPerSecond: Number(requests.average),
      p50Ms: Number(latency.p50),
      p99Ms: Number(latency.p99),
      // autocannon counts timeouts among its errors.
      socketErrors: Number(value.errors),
      badStatuses: Number(value['4xx']) + Number(value['5xx']),
    }
  }
  return null
}

function makeWrkCommand(plan: LoadPlan): string[] {
  const { item } = plan
  const command = ['wrk', '-t1', `-c${item.connections}`, `-d${plan.seconds}s`, '--latency']
  command.push('--timeout', `${ANSWER_SECONDS_MAX}s`)
  if (item.isNewConnectionEach) command.push('-H', 'Connection: close')
  const script = makeScript(plan)
  if (script !== null) {
    const path = join(plan.directory, 'request.lua')
    writeFileSync(path, script)
    command.push('-s', path)
  }
  return [...command, plan.url]
}

/** Other lengths too: a head that only looks like the one before must not be taken for it. */
const VARIED_SCRIPT = `local n = 0
request = function()
  n = n + 1
  return "GET " .. wrk.path .. "?id=" .. n .. " HTTP/1.1\\r\\nHost: " .. wrk.host .. "\\r\\nX-Request: " .. n * 7919 .. "\\r\\n\\r\\n"
end
`

function makeScript({ item, fillFrom }: LoadPlan): string | null {
  if (fillFrom !== undefined) return makeKeyScript('fill', fillFrom, Number.MAX_SAFE_INTEGER)
  if (item.isVaried) return VARIED_SCRIPT
  if (item.keys > 1) return makeKeyScript('id', 0, item.keys)
  return item.method === 'POST' ? makeWrkScript(item) : null
}

/** Asks for one key after the other, `from` + 1 first; after `keys` of them it begins anew. */
function makeKeyScript(name: string, from: number, keys: number): string {
  return `local n = ${from}
request = function()
  n = n % ${keys} + 1
  return "GET " .. wrk.path .. "?${name}=" .. n .. " HTTP/1.1\\r\\nHost: " .. wrk.host .. "\\r\\n\\r\\n"
end
`
}

function makeWrkScript(item: WorkItem): string {
  return [
    'wrk.method = "POST"',
    'wrk.headers["Content-Type"] = "application/octet-stream"',
    `wrk.body = "${makeBody(item.requestBytes).toString('latin1')}"`,
    '',
  ].join('\n')
}

function makeAutocannonCommand(plan: LoadPlan): string[] {
  const { item } = plan
  const script = createRequire(import.meta.url).resolve('autocannon/autocannon.js')
  const command = [process.execPath, script, '--json', '--no-progress']
  command.push('-c', String(item.connections), '-d', String(plan.seconds))
  command.push('-t', String(ANSWER_SECONDS_MAX), '-m', item.method)
  if (item.isNewConnectionEach) command.push('-H', 'Connection=close')
  // Autocannon puts a number of its own in place of the mark.
  if (item.isVaried) command.push('-I', '-H', 'X-Request=[<id>]')
  if (item.method === 'POST') {
    const body = join(plan.directory, 'post.body')
    writeFileSync(body, makeBody(item.requestBytes))
    command.push('-H', 'Content-Type=application/octet-stream', '-i', body)
  }
  return [...command, plan.url]
}

function parseJson(text: string): Record<string, unknown> | null {
  try {
    return readRecord(JSON.parse(text))
  } catch {
    return null
  }
}

function readRecord(value: unknown): Record<string, unknown> | null {
  // JSON.parse gives plain objects only, whose keys are strings.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
}
