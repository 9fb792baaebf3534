/**
 * `npm run bench`: measures Headgate beside nginx, HAProxy and two proxies for Node.
 * The proxy under test runs on one core, origin and load on another; the figure to trust is the
 * proxy's CPU time for each request, beside nginx's in the same run. See docs/benchmark.md.
 */

import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeHelp, type Options, parseArguments } from './arguments.ts'
import { type Arena, checkAll, runContest } from './contest.ts'
import { canDrive, type LoadTool } from './load.ts'
import {
  describeMachine,
  isInstalled,
  readCommit,
  readFirstLine,
  readPackageVersion,
  readTicksPerSecond,
} from './machine.ts'
import { startOrigin } from './origin.ts'
import { Machinery, pinSelf } from './processes.ts'
import {
  formatJson,
  formatOverview,
  formatTable,
  isVoid,
  type RunResult,
  type WorkResult,
} from './report.ts'
import { makeHeadgate, RIVALS, type Rival } from './rivals.ts'

const ROOT = join(import.meta.dirname, '../..')
const RESULTS = join(ROOT, 'bench/results')

/** Beyond the measuring itself: start, check and warm-up of one proxy at one kind of work. */
const OVERHEAD_SECONDS = 9

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

async function main(): Promise<void> {
  const wanted = parseArguments(process.argv.slice(2))
  if (typeof wanted === 'string') return refuse(wanted)
  if (wanted.isHelp) return print(makeHelp())
  const rivals = pickRivals(wanted)
  const tool = wanted.load ?? (isInstalled('wrk') ? 'wrk' : 'autocannon')
  const options = { ...wanted, work: wanted.work.filter(item => canDrive(tool, item)) }
  const left = wanted.work.filter(item => !canDrive(tool, item)).map(item => item.name)
  if (left.length > 0) print(`Left out, as wrk is not used: ${left.join(', ')}`)
  const obstacle = findObstacle(options, rivals, tool)
  if (obstacle !== null) return refuse(obstacle)

  pinSelf(options.loadCore)
  const directory = mkdtempSync(join(tmpdir(), 'headgate-bench-'))
  // nginx's worker runs as another user and has to reach its files.
  chmodSync(directory, 0o755)
  const machinery = new Machinery(options.proxyCore, options.loadCore)
  process.on('exit', () => {
    machinery.killAll()
    rmSync(directory, { recursive: true, force: true })
  })
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.once(signal, () => process.exit(code))
  }
  const origin = await startOrigin(machinery, directory)
  const arena: Arena = {
    machinery,
    directory,
    origin,
    rivals,
    rounds: options.rounds,
    seconds: options.seconds,
    tool,
    ticksPerSecond: readTicksPerSecond(),
    onProgress: print,
  }
  const results = await runAll(arena, options)
  await machinery.stop(origin.running)
  report(makeRunResult(arena, options, results), options)
}

async function runAll(arena: Arena, options: Options): Promise<WorkResult[]> {
  const { rivals, rounds, seconds, tool } = arena
  const names = rivals.map(rival => rival.name).join(', ')
  const each = rounds * seconds + OVERHEAD_SECONDS
  const minutes = Math.ceil((options.work.length * rivals.length * each) / 60)
  print(`${names}; load by ${tool}; about ${minutes} min`)
  print('Checking answers')
  await checkAll(arena, options.work)
  const results: WorkResult[] = []
  for (const item of options.work) {
    print(`Measuring ${item.title}`)
    const result = await runContest(arena, item)
    // At once, so that a run broken off later has not measured for nothing.
    print(`\n${formatTable(result)}\n`)
    results.push(result)
  }
  return results
}

function report(run: RunResult, options: Options): void {
  print(formatOverview(run.results))
  const path = options.outPath ?? makeResultPath(run)
  writeFileSync(path, formatJson(run))
  print(`Written to ${path}`)
  for (const { work, contenders } of run.results) {
    for (const contender of contenders.filter(isVoid)) {
      refuse(`${contender.name} failed too many requests at "${work}": its figures are void`)
    }
  }
}

function makeRunResult(arena: Arena, options: Options, results: WorkResult[]): RunResult {
  const versions = arena.rivals.map(rival => [rival.name, rival.readVersion()])
  const loadVersion =
    arena.tool === 'wrk' ? readFirstLine('wrk', ['-v']) : readPackageVersion('autocannon')
  return {
    date: new Date().toISOString(),
    commit: readCommit(ROOT),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    machine: describeMachine(),
    versions: { ...Object.fromEntries(versions), [arena.tool]: loadVersion ?? 'unknown' },
    rounds: options.rounds,
    seconds: options.seconds,
    results,
  }
}

/** One file per day and commit; a second run of the same gets a number. */
function makeResultPath(run: RunResult): string {
  mkdirSync(RESULTS, { recursive: true })
  const base = `${run.date.slice(0, 10)}-${run.commit}`
  let path = join(RESULTS, `${base}.json`)
  for (let count = 2; existsSync(path); count++) path = join(RESULTS, `${base}-${count}.json`)
  return path
}

function pickRivals(options: Options): Rival[] {
  const builds = options.also.map(({ name, command }) => makeHeadgate(name, command))
  const all = [makeHeadgate('headgate', options.headgateCommand), ...builds, ...RIVALS]
  return all.filter(rival => options.names.includes(rival.name))
}

function findObstacle(options: Options, rivals: readonly Rival[], tool: LoadTool): string | null {
  if (process.platform !== 'linux') return 'It reads /proc and pins cores, which needs Linux'
  for (const program of ['taskset', 'setpriv']) {
    if (!isInstalled(program)) return `${program} is not installed: it is part of util-linux`
  }
  const cores = cpus().length
  if (Math.max(options.proxyCore, options.loadCore) >= cores) {
    return `Cannot use --cores: this machine has ${cores} core(s), counted from 0`
  }
  if (!isInstalled('nginx')) return 'nginx is not installed: it serves as the origin'
  if (tool === 'wrk' && !isInstalled('wrk')) return 'wrk is not installed'
  if (tool === 'autocannon' && readPackageVersion('autocannon') === null) {
    return 'Neither wrk nor autocannon is installed'
  }
  for (const rival of rivals) {
    const obstacle = rival.findObstacle()
    if (obstacle !== null) {
      return `Cannot measure ${rival.name}: ${obstacle}; --only can leave it out`
    }
  }
  return null
}

function refuse(text: string): void {
  process.stderr.write(`bench: ${text}\n`)
  process.exitCode = 1
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

try {
  await main()
} catch (error) {
  refuse(error instanceof Error ? error.message : String(error))
  // Whatever still runs is killed on the way out.
  process.exit(1)
}
