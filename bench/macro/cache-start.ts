/**
 * `node bench/macro/cache-start.ts`: what a full cache found at the start costs those who are served
 * meanwhile. The proxy is started under a paced load on a directory with many entries and on an empty
 * one, in turns, and the latencies of the same seconds of its life are compared.
 */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runLoad } from './load.ts'
import { type Origin, startOrigin } from './origin.ts'
import { joinLatencies, pickPercentile, runPacedLoad } from './paced-load.ts'
import {
  awaitListening,
  findFreePorts,
  Machinery,
  pinSelf,
  type Running,
  readLogEnd,
} from './processes.ts'
import { computeMedian, formatCount } from './report.ts'
import { WORK } from './work.ts'

const HEADGATE_MAIN = join(import.meta.dirname, '../../src/main.ts')

/** When each begins to load: nginx does a minute after its start, Headgate at once, but it is compiled first. */
const QUIET_SECONDS = { headgate: 8, nginx: 61 } as const
type Name = keyof typeof QUIET_SECONDS

const CONNECTIONS = 32
const FILL_STEP_SECONDS = 5
/** Targets of those who are served meanwhile. */
const LIVE_KEYS = 100

const HELP = `Usage: node bench/macro/cache-start.ts [options]

  --only headgate|nginx   headgate by default
  --entries N             entries in the directory, 100000 by default
  --rate N                requests a second, 1000 by default
  --seconds N             length of the seconds compared, 15 by default
  --rounds N              3 by default
  --cores P,L             core of the proxy, core of load and origin; 0,1 by default
`

interface StartOptions {
  readonly name: Name
  readonly entries: number
  readonly rate: number
  readonly seconds: number
  readonly rounds: number
}

interface Arena {
  readonly machinery: Machinery
  readonly directory: string
  readonly origin: Origin
  readonly options: StartOptions
}

interface Proxy {
  readonly running: Running
  readonly port: number
  readonly logPath: string
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: 'headgate' },
      entries: { type: 'string', default: '100000' },
      rate: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '15' },
      rounds: { type: 'string', default: '3' },
      cores: { type: 'string', default: '0,1' },
      help: { type: 'boolean', default: false },
    },
  })
  const numbers = [values.entries, values.rate, values.seconds, values.rounds].map(Number)
  const cores = values.cores.split(',').map(Number)
  const isGood = [...numbers, ...cores.map(core => core + 1)].every(
    one => Number.isInteger(one) && one > 0,
  )
  const name = values.only === 'nginx' || values.only === 'headgate' ? values.only : null
  if (values.help || name === null || !isGood || cores.length !== 2) {
    return void process.stdout.write(HELP)
  }
  const [entries = 0, rate = 0, seconds = 0, rounds = 0] = numbers
  const [proxyCore = 0, loadCore = 1] = cores
  pinSelf(loadCore)
  const directory = mkdtempSync(join(tmpdir(), 'headgate-start-'))
  // nginx's worker runs as another user and has to reach its files.
  chmodSync(directory, 0o755)
  const machinery = new Machinery(proxyCore, loadCore)
  process.on('exit', () => {
    machinery.killAll()
    rmSync(directory, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const origin = await startOrigin(machinery, directory)
  await compare({ machinery, directory, origin, options: { name, entries, rate, seconds, rounds } })
}

async function compare(arena: Arena): Promise<void> {
  const { name, rounds } = arena.options
  await fill(arena)
  const p99s: Record<'empty' | 'full', number[]> = { empty: [], full: [] }
  for (let round = 1; round <= rounds; round++) {
    for (const state of ['empty', 'full'] as const) {
      const { p99Ms, remark } = await measure(arena, state, round)
      p99s[state].push(p99Ms)
      print(`  ${round}/${rounds}  ${state.padEnd(6)} p99 ${p99Ms.toFixed(2)} ms${remark}`)
    }
  }
  const [empty, full] = [computeMedian(p99s.empty), computeMedian(p99s.full)]
  const ratio = computeMedian(
    p99s.full.map((p99, index) => p99 / (p99s.empty[index] ?? Number.NaN)),
  )
  print(
    `${name}: p99 ${empty.toFixed(2)} ms on an empty directory, ${full.toFixed(2)} ms while it loads, ` +
      `x ${ratio.toFixed(2)} (median of the rounds)`,
  )
}

/** Has the proxy itself write the entries, through requests. */
async function fill(arena: Arena): Promise<void> {
  const { machinery, directory, options } = arena
  const item = WORK.find(one => one.name === 'cache-small')
  if (item === undefined) throw new Error('The work "cache-small" is missing')
  const proxy = await start(arena, 'full')
  const url = `http://127.0.0.1:${proxy.port}${item.path}`
  for (let filled = 0; filled < options.entries; ) {
    const plan = { tool: 'wrk', item, url, seconds: FILL_STEP_SECONDS, directory } as const
    const { requests, badStatuses } = await runLoad(machinery, { ...plan, fillFrom: filled })
    if (requests === 0 || badStatuses > 0)
      throw new Error(`The cache cannot be filled at ${filled}`)
    filled += requests
    print(`  ${formatCount(filled)} entries written`)
  }
  await machinery.stop(proxy.running)
}

async function measure(
  arena: Arena,
  state: 'empty' | 'full',
  round: number,
): Promise<{ p99Ms: number; remark: string }> {
  const { name, rate, seconds } = arena.options
  const quiet = QUIET_SECONDS[name]
  const proxy = await start(arena, state === 'full' ? state : `${state}-${round}`)
  let asked = 0
  const all = await runPacedLoad({
    port: proxy.port,
    requestsPerSecond: rate,
    seconds: quiet + seconds,
    connections: CONNECTIONS,
    nextTarget: () => `/small?live=${++asked % LIVE_KEYS}`,
  }).catch(error => {
    throw new Error(`${error.message}\n${readLogEnd(proxy.logPath)}`)
  })
  const failed = all.reduce((sum, second) => sum + second.failed, 0)
  const isOver = state === 'full' && hasLoaded(proxy.logPath)
  await arena.machinery.stop(proxy.running)
  const remark = `${failed > 0 ? `, ${failed} failed` : ''}${isOver ? ', loading ended before' : ''}`
  return { p99Ms: pickPercentile(joinLatencies(all.slice(quiet)), 99), remark }
}

/** Both say it at the level "notice". */
function hasLoaded(logPath: string): boolean {
  return /entries loaded|http file cache: /.test(readFileSync(logPath, 'utf8'))
}

async function start(arena: Arena, cacheName: string): Promise<Proxy> {
  const { machinery, options } = arena
  const [port = 0] = await findFreePorts(1)
  const directory = join(arena.directory, `${options.name}-${port}`)
  mkdirSync(directory)
  const logPath = join(directory, 'error.log')
  const config = join(directory, 'nginx.conf')
  writeFileSync(config, makeConfig(arena, directory, port, join(arena.directory, cacheName)))
  const command =
    options.name === 'nginx'
      ? ['nginx', '-p', directory, '-e', logPath, '-c', config]
      : [process.execPath, HEADGATE_MAIN, 'run', '-c', config]
  const running = machinery.start(machinery.proxyCore, { name: options.name, command, logPath })
  await awaitListening(running, port)
  return { running, port, logPath }
}

function makeConfig(arena: Arena, directory: string, port: number, cache: string): string {
  const temporary = ['client_body', 'proxy']
    .map(module => `${module}_temp_path ${join(directory, module)};`)
    .join(' ')
  const zoneBytes = Math.max(100_000, arena.options.entries * 2) * 200
  return `daemon off; worker_processes 1; pid ${join(directory, 'pid')}; error_log ${join(directory, 'error.log')} notice;
events { worker_connections 1024; }
http {
  ${temporary}
  access_log off; keepalive_requests 100000000;
  proxy_cache_path ${cache} levels=1:2 keys_zone=start:${zoneBytes} max_size=8g inactive=1d use_temp_path=off;
  upstream origin { server 127.0.0.1:${arena.origin.ports[0]}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_cache start; proxy_cache_valid 200 1h; proxy_cache_key $uri$is_args$args;
    location / { proxy_pass http://origin; }
  }
}
`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

await main()
