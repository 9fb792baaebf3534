/**
 * `node bench/macro/big-config.ts`: how long a large nginx.conf takes, step by step: reading and checking it (once, on
 * the main thread), handing it to a worker (structured clone), and compiling it there. Every server has a name of its own
 * and a few locations; the text grows with `--servers`.
 */

import { parseArgs } from 'node:util'
import { readConfigText } from '../../src/config/read.ts'
import { listPeers } from '../../src/control/peer-lines.ts'
import { listenAddresses } from '../../src/control/reload-plan.ts'
import { resolveLines } from '../../src/control/resolve.ts'
import { SharedMemory } from '../../src/control/shared-memory.ts'
import { withFallbackGroups } from '../../src/model/fallback-group.ts'
import { Rehearsal } from '../../src/worker/rehearsal.ts'

const HELP = `Usage: node bench/macro/big-config.ts [options]

  --servers N   10000 by default
  --rounds N    5 by default; the least of each step is shown
`

/** An nginx.conf with many servers: about 200 bytes for each. */
export function makeBigConfig(servers: number): string {
  const blocks = Array.from(
    { length: servers },
    (_, index) => `
server {
    listen 8080;
    server_name site${index}.example.com www.site${index}.example.com;
    location / { proxy_pass http://app${index % 50}; proxy_set_header Host $host; }
    location /static/ { root /srv/site${index}; expires 1h; }
}`,
  )
  const groups = Array.from(
    { length: 50 },
    (_, index) => `upstream app${index} { server 127.0.0.1:${9000 + index}; }`,
  )
  return `events { }\nhttp {\naccess_log off;\n${groups.join('\n')}${blocks.join('')}\n}\n`
}

/** What one step took: by the clock, and of this thread's processor, which others on the machine do not lengthen. */
interface Took {
  readonly wallMs: number
  readonly cpuMs: number
}

interface Times {
  readonly read: Took
  readonly clone: Took
  readonly compile: Took
}

class Stopwatch {
  #wallMs = performance.now()
  #cpuUs = threadCpuUs()

  lap(): Took {
    const wallMs = performance.now()
    const cpuUs = threadCpuUs()
    const took = { wallMs: wallMs - this.#wallMs, cpuMs: (cpuUs - this.#cpuUs) / 1000 }
    this.#wallMs = wallMs
    this.#cpuUs = cpuUs
    return took
  }
}

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

async function measure(text: string): Promise<Times> {
  const watch = new Stopwatch()
  const { config, diagnostics } = readConfigText('/bench/nginx.conf', text, {
    prefix: '/tmp',
    env: {},
    globals: '',
    hostname: 'bench',
    format: 'nginx',
  })
  if (config === null) throw new Error(diagnostics[0]?.message)
  const read = watch.lap()
  const full = withFallbackGroups(config)
  const { lines } = await resolveLines(full.upstreams)
  const memory = new SharedMemory()
  const generation = memory.generations.make(full, lines.map(listPeers), listenAddresses(full))
  if (generation === null) throw new Error('the peers do not fit')
  watch.lap()
  const copy = structuredClone(generation)
  const clone = watch.lap()
  const rehearsal = new Rehearsal(copy, memory.peerZone, 'bench')
  const compile = watch.lap()
  rehearsal.close()
  return { read, clone, compile }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      servers: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '5' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  const text = makeBigConfig(Number(values.servers))
  console.log(`${values.servers} servers, ${(text.length / 1e6).toFixed(2)} MB`)
  const rounds: Times[] = []
  for (let round = 0; round < Number(values.rounds); round++) rounds.push(await measure(text))
  const [first] = rounds
  for (const [name, step] of STEPS) {
    const cold = first![step]
    const wallMs = Math.min(...rounds.map(times => times[step].wallMs))
    const cpuMs = Math.min(...rounds.map(times => times[step].cpuMs))
    const text = `${took(cold.wallMs, cold.cpuMs)} cold, ${took(wallMs, cpuMs)} at best`
    console.log(`${name.padEnd(22)} ${text}`)
  }
}

function took(wallMs: number, cpuMs: number): string {
  return `${wallMs.toFixed(0)} ms (cpu ${cpuMs.toFixed(0)})`
}

const STEPS = [
  ['read and check', 'read'],
  ['clone for a worker', 'clone'],
  ['compile in a worker', 'compile'],
] as const

if (import.meta.main) await main()
