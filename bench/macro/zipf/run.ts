/**
 * `node bench/macro/zipf/run.ts`: replays the same seeded requests against Headgate and nginx, each with a
 * cache that holds a part of the objects only; writes hit ratios and latencies as JSON and as a picture.
 * The load is paced and far below what either can do: what is compared is what they keep.
 */

import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine, readCommit, readFirstLine } from '../machine.ts'
import { joinLatencies, type PacedSecond, pickPercentile, runPacedLoad } from '../paced-load.ts'
import { awaitListening, findFreePorts, Machinery, pinSelf } from '../processes.ts'
import { drawZipf, type ZipfSeries } from './picture.ts'
import { computeIdealRatio, makeSizes, makeZipf, type ZipfSetting } from './requests.ts'

const ROOT = join(import.meta.dirname, '../../..')
const MIB = 1024 * 1024
const CONNECTIONS = 64
const PERCENTS = [50, 90, 99] as const
const NAMES = ['headgate', 'nginx'] as const
type Name = (typeof NAMES)[number]

const SETTING: ZipfSetting = {
  seed: 20_240_607,
  objects: 10_000,
  exponent: 0.9,
  medianBytes: 8 * 1024,
  spread: 1.2,
  bytesMax: MIB,
}

const HELP = `Usage: node bench/macro/zipf/run.ts [options]

  --only headgate|nginx   one of them; both by default
  --seconds N             length of each replay, 60 by default
  --rate N                requests a second, 1000 by default
  --cache-mib N           max_size of the cache, 32 by default
  --cores P,L             core of the proxy, core of load and origin; 0,1 by default
  --out FILE              the JSON; bench/results/local/zipf.json by default
  --picture FILE          the SVG; none by default
`

interface ZipfOptions {
  readonly names: readonly Name[]
  readonly seconds: number
  readonly rate: number
  readonly cacheMib: number
  readonly proxyCore: number
  readonly loadCore: number
  readonly outPath: string
  readonly picturePath: string | null
}

interface Replay {
  readonly name: Name
  readonly seconds: readonly PacedSecond[]
  readonly storedMib: readonly number[]
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options === null) return void process.stdout.write(HELP)
  pinSelf(options.loadCore)
  const directory = mkdtempSync(join(tmpdir(), 'headgate-zipf-'))
  // nginx's worker runs as another user and has to reach its files.
  chmodSync(directory, 0o755)
  const machinery = new Machinery(options.proxyCore, options.loadCore)
  process.on('exit', () => {
    machinery.killAll()
    rmSync(directory, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const sizes = makeSizes(SETTING)
  const allMib = sizes.reduce((sum, bytes) => sum + bytes, 0) / MIB
  print(
    `${SETTING.objects} objects of ${allMib.toFixed(0)} MiB, a cache of ${options.cacheMib} MiB`,
  )
  const replays: Replay[] = []
  for (const name of options.names) replays.push(await replay(machinery, directory, name, options))
  report(replays, allMib, options)
}

async function replay(
  machinery: Machinery,
  parent: string,
  name: Name,
  options: ZipfOptions,
): Promise<Replay> {
  const directory = join(parent, name)
  mkdirSync(directory)
  const [port = 0, originPort = 0] = await findFreePorts(2)
  const script = join(import.meta.dirname, 'origin.ts')
  const origin = machinery.start(machinery.loadCore, {
    name: 'origin',
    command: [process.execPath, script, String(originPort), JSON.stringify(SETTING)],
    logPath: join(directory, 'origin.log'),
  })
  await awaitListening(origin, originPort)
  const config = join(directory, 'nginx.conf')
  writeFileSync(config, makeConfig(directory, port, originPort, options.cacheMib))
  const logPath = join(directory, 'error.log')
  const command =
    name === 'nginx'
      ? ['nginx', '-p', directory, '-e', logPath, '-c', config]
      : [process.execPath, join(ROOT, 'src/main.ts'), 'run', '-c', config]
  const proxy = machinery.start(machinery.proxyCore, { name, command, logPath })
  await awaitListening(proxy, port)
  const next = makeZipf(SETTING)
  const storedMib: Promise<number>[] = []
  const seconds = await runPacedLoad({
    port,
    requestsPerSecond: options.rate,
    seconds: options.seconds,
    connections: CONNECTIONS,
    nextTarget: () => `/o/${next()}`,
    onSecond: () => storedMib.push(readMib(join(directory, 'cache'))),
  })
  await machinery.stop(proxy)
  await machinery.stop(origin)
  print(formatLine(name, seconds))
  return { name, seconds, storedMib: await Promise.all(storedMib) }
}

function makeConfig(directory: string, port: number, originPort: number, cacheMib: number): string {
  const temporary = ['client_body', 'proxy']
    .map(module => `${module}_temp_path ${join(directory, module)};`)
    .join(' ')
  return `daemon off; worker_processes 1; pid ${join(directory, 'pid')}; error_log ${join(directory, 'error.log')} warn;
events { worker_connections 1024; }
http {
  ${temporary}
  access_log off; keepalive_requests 100000000; sendfile on; tcp_nopush on;
  proxy_cache_path ${join(directory, 'cache')} levels=1 keys_zone=zipf:16m max_size=${cacheMib}m inactive=1d use_temp_path=off;
  upstream origin { server 127.0.0.1:${originPort}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_cache zipf; proxy_cache_key $uri; proxy_cache_lock on;
    add_header X-Cache-Status $upstream_cache_status;
    location / { proxy_pass http://origin; }
  }
}
`
}

/** In a process of its own: counting thousands of files would hold the load up. */
function readMib(directory: string): Promise<number> {
  return new Promise(resolve => {
    // Files that go meanwhile make it fail, with the sum all the same.
    execFile('du', ['-sb', directory], (_, output) => resolve(Number.parseInt(output, 10) / MIB))
  })
}

function report(replays: readonly Replay[], allMib: number, options: ZipfOptions): void {
  const idealRatio = computeIdealRatio(SETTING, options.cacheMib * MIB)
  const series: ZipfSeries[] = replays.map(({ name, seconds, storedMib }) => ({
    name,
    hitRatios: seconds.map(({ hits, answered }) => (answered === 0 ? 0 : hits / answered)),
    storedMib,
    latenciesMs: PERCENTS.map(percent => pickPercentile(joinLatencies(seconds), percent)),
  }))
  const versions = Object.fromEntries(options.names.map(name => [name, readVersion(name)]))
  mkdirSync(dirname(options.outPath), { recursive: true })
  const facts = {
    date: new Date().toISOString(),
    commit: readCommit(ROOT),
    machine: describeMachine(),
  }
  const { rate, seconds, cacheMib } = options
  const text = {
    ...facts,
    versions,
    setting: SETTING,
    rate,
    seconds,
    cacheMib,
    allMib,
    idealRatio,
    percents: PERCENTS,
    series,
  }
  writeFileSync(options.outPath, `${JSON.stringify(text, null, 1)}\n`)
  print(`Written to ${options.outPath}`)
  if (options.picturePath === null) return
  mkdirSync(dirname(options.picturePath), { recursive: true })
  const count = SETTING.objects.toLocaleString('en-US')
  writeFileSync(
    options.picturePath,
    drawZipf({
      title: 'A cache smaller than what is asked for',
      subtitle: `${count} objects of ${allMib.toFixed(0)} MiB, Zipf s = ${SETTING.exponent}, ${rate.toLocaleString('en-US')} requests a second, ${cacheMib} MiB of cache`,
      percents: PERCENTS,
      idealRatio,
      cacheMib,
      series,
    }),
  )
  print(`Drawn in ${options.picturePath}`)
}

function readVersion(name: Name): string {
  const command =
    name === 'nginx' ? ['nginx', '-v'] : [process.execPath, join(ROOT, 'src/main.ts'), 'version']
  return readFirstLine(command[0] ?? '', command.slice(1))
}

function formatLine(name: Name, seconds: readonly PacedSecond[]): string {
  const sum = (pick: (second: PacedSecond) => number) =>
    seconds.reduce((all, one) => all + pick(one), 0)
  const ratio = sum(one => one.hits) / sum(one => one.answered)
  const latencies = joinLatencies(seconds)
  const shown = PERCENTS.map(
    percent => `p${percent} ${pickPercentile(latencies, percent).toFixed(2)} ms`,
  )
  return `${name.padEnd(9)} ${(ratio * 100).toFixed(1)} % hits, ${shown.join(', ')}, ${sum(one => one.failed)} failed`
}

function readOptions(): ZipfOptions | null {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      seconds: { type: 'string', default: '60' },
      rate: { type: 'string', default: '1000' },
      'cache-mib': { type: 'string', default: '32' },
      cores: { type: 'string', default: '0,1' },
      out: { type: 'string', default: join(ROOT, 'bench/results/local/zipf.json') },
      picture: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const names = NAMES.filter(name => values.only === undefined || values.only === name)
  const [proxyCore = Number.NaN, loadCore = Number.NaN] = values.cores.split(',').map(Number)
  const numbers = [values.seconds, values.rate, values['cache-mib']].map(Number)
  const isGood = [...numbers, proxyCore + 1, loadCore + 1].every(
    one => Number.isInteger(one) && one > 0,
  )
  if (values.help || names.length === 0 || !isGood) return null
  const [seconds = 0, rate = 0, cacheMib = 0] = numbers
  const picturePath = values.picture ?? null
  return { names, seconds, rate, cacheMib, proxyCore, loadCore, outPath: values.out, picturePath }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

await main()
