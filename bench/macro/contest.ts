/**
 * One kind of work, all proxies: start, check, warm up, measure in rounds, stop.
 * Each proxy is started afresh for each kind of work, so its memory afterwards belongs to that
 * work; all of them stay up between their turns, idle, so that the rounds can alternate.
 */

import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findWrongAnswer } from './check.ts'
import { type LoadTool, runLoad } from './load.ts'
import { computeForeignShare, readCoreBusyTicks, readTreeUsage } from './measure.ts'
import { type Origin, readOriginCounts } from './origin.ts'
import {
  awaitListening,
  findFreePorts,
  type Machinery,
  type Running,
  readLogEnd,
} from './processes.ts'
import {
  type Contender,
  computeCpuMicros,
  formatCount,
  type Sample,
  type WorkResult,
} from './report.ts'
import { makeAccessLogPath, type Rival } from './rivals.ts'
import type { WorkItem } from './work.ts'

/** What stays the same for all kinds of work. */
export interface Arena {
  readonly machinery: Machinery
  readonly directory: string
  readonly origin: Origin
  readonly rivals: readonly Rival[]
  readonly rounds: number
  readonly seconds: number
  readonly tool: LoadTool
  readonly ticksPerSecond: number
  onProgress(text: string): void
}

interface Started {
  readonly rival: Rival
  readonly running: Running
  readonly directory: string
  readonly port: number
  readonly samples: Sample[]
}

/** A proxy for Node is compiled while it runs, and goes on getting faster for about ten seconds. */
const WARM_UP_SECONDS = 8

/** Of requests for what is cached: after the warm-up next to none reaches the origin. */
const ORIGIN_SHARE_MAX = 0.001

const CACHE_KINDS = ['none', 'memory', 'disk'] as const

/** The load generator counts seconds, not requests: it is asked again until there are enough. */
const FILL_STEP_SECONDS = 5
const FILL_MS_MAX = 600_000

/** No line of the combined format about these requests is shorter. */
const LOG_LINE_BYTES_MIN = 50

const LOG_MS_MAX = 5_000
const LOG_POLL_MS = 100

/**
 * Checks every proxy's answers to every kind of work, once, before anything is measured.
 *
 * Fails, naming the proxy and what is wrong.
 */
export async function checkAll(arena: Arena, work: readonly WorkItem[]): Promise<void> {
  for (const rival of arena.rivals) {
    for (const kind of CACHE_KINDS) {
      const items = work.filter(item => item.cache === kind)
      const first = items[0]
      if (first === undefined || !canDo(rival, first)) continue
      const started = await start(arena, rival, { ...first, hasAccessLog: false })
      for (const item of items) await check(started, item)
      await arena.machinery.stop(started.running)
    }
    arena.onProgress(`  ${rival.name}: all answers right`)
  }
}

/** Measures all proxies at one kind of work. */
export async function runContest(arena: Arena, item: WorkItem): Promise<WorkResult> {
  const rivals = arena.rivals.filter(rival => canDo(rival, item))
  const contest: Started[] = []
  const contenders: Contender[] = []
  for (const rival of rivals) contest.push(await start(arena, rival, item))
  for (const started of contest) {
    await check(started, item)
    if (item.filledKeys > 0) await fill(arena, started, item)
    await drive(arena, started, item, WARM_UP_SECONDS)
  }
  for (let round = 1; round <= arena.rounds; round++) {
    for (const started of contest) {
      const sample = await measure(arena, started, item, round)
      started.samples.push(sample)
      arena.onProgress(formatProgress(arena, started.rival, item, sample))
    }
  }
  for (const { rival, running, directory, samples } of contest) {
    if (item.hasAccessLog) await checkAccessLog(rival, directory, samples)
    const { residentBytes } = readTreeUsage(running.pid)
    contenders.push({ name: rival.name, samples, residentBytes })
    await arena.machinery.stop(running)
  }
  return { work: item.name, title: item.title, contenders }
}

function canDo(rival: Rival, item: WorkItem): boolean {
  return (rival.canLog || !item.hasAccessLog) && (rival.canCache || item.cache === 'none')
}

/** Tells the cache so many keys, and prints what memory each of them takes. */
async function fill(arena: Arena, started: Started, item: WorkItem): Promise<void> {
  const { machinery, tool } = arena
  const { rival, running, directory, port } = started
  const before = readTreeUsage(running.pid).residentBytes
  const url = `http://127.0.0.1:${port}${item.path}`
  const deadline = performance.now() + FILL_MS_MAX
  let filled = 0
  while (filled < item.filledKeys) {
    if (performance.now() > deadline) throw new Error(`${rival.name} has ${filled} keys only`)
    const plan = { tool, item, url, seconds: FILL_STEP_SECONDS, directory, fillFrom: filled }
    filled += (await runLoad(machinery, plan)).requests
  }
  const each = (readTreeUsage(running.pid).residentBytes - before) / filled
  const count = formatCount(filled)
  arena.onProgress(`  ${rival.name}: ${count} keys take ${each.toFixed(0)} bytes of memory each`)
}

async function start(arena: Arena, rival: Rival, item: WorkItem): Promise<Started> {
  const directory = join(arena.directory, `${item.name}-${rival.name.replaceAll('/', '-')}`)
  mkdirSync(directory, { recursive: true })
  const [port = 0] = await findFreePorts(1)
  const launch = rival.prepare({ directory, port, originPorts: arena.origin.ports, item })
  const running = arena.machinery.start(arena.machinery.proxyCore, launch)
  await awaitListening(running, port)
  return { rival, running, directory, port, samples: [] }
}

async function check(started: Started, item: WorkItem): Promise<void> {
  const fault = await findWrongAnswer(started.port, item)
  if (fault === null) return
  throw new Error(`WRONG ANSWER from ${started.rival.name}: ${fault}`)
}

function drive(arena: Arena, started: Started, item: WorkItem, seconds: number) {
  const { machinery, tool, directory } = arena
  const url = `http://127.0.0.1:${started.port}${item.path}`
  return runLoad(machinery, { tool, item, url, seconds, directory })
}

async function measure(
  arena: Arena,
  started: Started,
  item: WorkItem,
  round: number,
): Promise<Sample> {
  const { machinery, ticksPerSecond } = arena
  const { pid, child, name, logPath } = started.running
  const countsBefore = await readOriginCounts(arena.origin)
  const ticksBefore = readTreeUsage(pid).cpuTicks
  const busyBefore = readCoreBusyTicks(machinery.proxyCore)
  const startedAt = performance.now()

  const load = await drive(arena, started, item, arena.seconds)

  const elapsedTicks = ((performance.now() - startedAt) / 1000) * ticksPerSecond
  const ownTicks = readTreeUsage(pid).cpuTicks - ticksBefore
  const busyTicks = readCoreBusyTicks(machinery.proxyCore) - busyBefore
  const countsAfter = await readOriginCounts(arena.origin)
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Error(`${name} ended under load:\n${readLogEnd(logPath)}`)
  }
  // The second reading of the counts is itself one connection and one request.
  const originRequests = countsAfter.requests - countsBefore.requests - 1
  if (item.cache !== 'none') {
    if (originRequests > Math.max(item.keys, load.requests * ORIGIN_SHARE_MAX)) {
      throw new Error(`${name} asked the origin ${originRequests} times for what it had to cache`)
    }
  } else if (originRequests < load.requests - load.badStatuses) {
    throw new Error(
      `${name} answered ${load.requests} requests at "${item.name}", ` +
        `but only ${originRequests} reached the origin`,
    )
  }
  return {
    round,
    requests: load.requests,
    requestsPerSecond: load.requestsPerSecond,
    cpuMicros: computeCpuMicros(ownTicks, ticksPerSecond, load.requests),
    p50Ms: load.p50Ms,
    p99Ms: load.p99Ms,
    socketErrors: load.socketErrors,
    badStatuses: load.badStatuses,
    originConnections: countsAfter.connections - countsBefore.connections - 1,
    originRequests,
    foreignShare: computeForeignShare(busyTicks, ownTicks, elapsedTicks),
  }
}

/** A proxy that was to log and did not would win for the wrong reason. */
async function checkAccessLog(
  rival: Rival,
  directory: string,
  samples: readonly Sample[],
): Promise<void> {
  const path = makeAccessLogPath(directory)
  const expected = samples.reduce((sum, sample) => sum + sample.requests, 0) * LOG_LINE_BYTES_MIN
  // A log may be written in the background: it gets some seconds to catch up.
  const deadline = performance.now() + LOG_MS_MAX
  while (readSize(path) < expected) {
    if (performance.now() > deadline) {
      const found = `${readSize(path)} bytes, expected at least ${expected}`
      throw new Error(`WRONG ANSWER from ${rival.name}: its access log has ${found}`)
    }
    await wait(LOG_POLL_MS)
  }
}

function readSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function formatProgress(arena: Arena, rival: Rival, item: WorkItem, sample: Sample): string {
  const cost = `${sample.cpuMicros.toFixed(1)} us/req`.padStart(15)
  const rate = `${Math.round(sample.requestsPerSecond)} req/s`.padStart(14)
  const round = `${sample.round}/${arena.rounds}`
  return `  ${item.name.padEnd(10)} ${round}  ${rival.name.padEnd(19)}${cost}${rate}`
}
