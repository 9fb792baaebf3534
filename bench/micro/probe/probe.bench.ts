// What probing costs: 1,000 peers at an interval of 2 s, in the share of one core that this process
// uses, and whether the checks are spread. The peers run in another process. Each kind of check is
// first proved to find its peers good, and to be asked as often as it should. Run:
// node bench/micro/probe/probe.bench.ts [SECONDS] [PEERS]

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { BUILT_IN } from '../../../src/model/origin.ts'
import {
  PLAIN_EXPECTATION,
  PLAIN_HTTP_CHECK,
  PLAIN_PROBE,
  type ProbeCheck,
} from '../../../src/model/probe.ts'
import { type ProbeReport, Prober, type ProbeTarget } from '../../../src/probe/prober.ts'

const SECONDS = Number(process.argv[2] ?? 10)
const PEERS = Number(process.argv[3] ?? 1000)
const INTERVAL_MS = 2000
const WARM_UP_MS = 8000
const WARM_UP_FASTER = 3
const SHARE_MAX = 0.15
const SLOT_MS = 100

const TEXT = { isCaseInsensitive: false, isNegated: false }

const ROWS: readonly { readonly name: string; readonly check: ProbeCheck }[] = [
  { name: 'tcp', check: { kind: 'tcp', tls: null, send: '', expect: null } },
  {
    name: 'http, a connection each, body contains',
    check: {
      ...PLAIN_HTTP_CHECK,
      expect: { ...PLAIN_EXPECTATION, body: [{ kind: 'contains', text: 'Test Page', ...TEXT }] },
    },
  },
  {
    name: 'http, a connection each, body regex',
    check: {
      ...PLAIN_HTTP_CHECK,
      expect: { ...PLAIN_EXPECTATION, body: [{ kind: 'regex', text: 'Test\\s+P', ...TEXT }] },
    },
  },
  { name: 'http, keepalive', check: { ...PLAIN_HTTP_CHECK, keepaliveMs: 60_000 } },
]

const origins = fork(new URL('origins.ts', import.meta.url), [String(PEERS)])
const [{ ports }] = (await once(origins, 'message')) as [{ readonly ports: readonly number[] }]

function makeTargets(check: ProbeCheck, intervalMs: number): ProbeTarget[] {
  const probe = {
    ...PLAIN_PROBE,
    name: check.kind,
    check,
    origin: BUILT_IN,
    intervalMs,
  }
  return ports.map(port => ({
    key: `bench ${port} ${check.kind}`,
    probe,
    check,
    peerName: `127.0.0.1:${port}`,
    address: { kind: 'tcp', host: '127.0.0.1', port },
  }))
}

async function measure(check: ProbeCheck): Promise<string> {
  let reports: ProbeReport[] = []
  const prober = new Prober({ onReport: report => reports.push(report) })
  // Compiling what runs for the first time is paid once, and not by the checks of a day.
  prober.setTargets(makeTargets(check, INTERVAL_MS / WARM_UP_FASTER))
  await new Promise(resolve => setTimeout(resolve, WARM_UP_MS))
  prober.setTargets(makeTargets(check, INTERVAL_MS))
  await new Promise(resolve => setTimeout(resolve, 2 * INTERVAL_MS))
  reports = []
  const before = process.cpuUsage()
  const start = performance.now()
  await new Promise(resolve => setTimeout(resolve, SECONDS * 1000))
  const { user, system } = process.cpuUsage(before)
  const tookMs = performance.now() - start
  await prober.close()
  const bad = reports.find(report => !report.isGood)
  assert.equal(bad, undefined, bad?.why)
  const wanted = (PEERS * tookMs) / INTERVAL_MS
  assert.ok(reports.length > wanted * 0.95, `${reports.length} checks of ${wanted}`)
  const share = (user + system) / 1000 / tookMs
  const slots = new Map<number, number>()
  for (const { startedAt } of reports) {
    const slot = Math.floor(startedAt / SLOT_MS)
    slots.set(slot, (slots.get(slot) ?? 0) + 1)
  }
  const full = [...slots.values()].slice(1, -1)
  const memory = (process.memoryUsage().rss / 2 ** 20).toFixed(0)
  return [
    `${(share * 100).toFixed(1).padStart(5)} %`,
    `${((share * tookMs * 1000) / reports.length).toFixed(0).padStart(5)} us a check`,
    `${Math.min(...full)} to ${Math.max(...full)} in ${SLOT_MS} ms`,
    `${memory} MB`,
    share < SHARE_MAX ? '' : `MORE THAN ${SHARE_MAX * 100} %`,
  ].join('  ')
}

process.stdout.write(
  `${PEERS} peers every ${INTERVAL_MS} ms, share of one core over ${SECONDS} s\n`,
)
for (const { name, check } of ROWS) {
  process.stdout.write(`  ${name.padEnd(42)}${await measure(check)}\n`)
}
origins.disconnect()
