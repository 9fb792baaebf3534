// Draws docs/img/balancing-spread.svg: where each method sent 100,000 requests of clients that are
// not equally busy, to six peers of which one is slow. A simulation in one thread with seeded
// numbers: the same picture every time. Run: node bench/micro/balance/spread.ts [file]

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Dice } from '../../../src/balance/dice.ts'
import { PeerGroup } from '../../../src/balance/peer-group.ts'
import { TriedSet } from '../../../src/balance/tried.ts'
import { type Method, PLAIN_PEER } from '../../../src/model/upstream.ts'
import { createPeerZone, PeerZone } from '../../../src/zone/peer-zone.ts'

const REQUESTS = 100_000
const START_SECONDS = 1_800_000_000
/** One request each millisecond. */
const PERIOD_MS = 1
const CLIENTS = 20_000
const PEERS = [
  { name: 'A', weight: 3, meanMs: 20 },
  { name: 'B', weight: 2, meanMs: 20 },
  { name: 'C', weight: 2, meanMs: 20 },
  { name: 'D', weight: 1, meanMs: 20 },
  { name: 'E', weight: 1, meanMs: 20 },
  { name: 'F', weight: 1, meanMs: 200 },
]
const SLOW = 'F'
const WEIGHTS = PEERS.reduce((sum, { weight }) => sum + weight, 0)

const METHODS: readonly { readonly name: string; readonly method: Method }[] = [
  { name: 'round robin', method: { kind: 'round_robin' } },
  { name: 'random', method: { kind: 'random', isTwo: false, by: 'least_conn' } },
  { name: 'random two', method: { kind: 'random', isTwo: true, by: 'least_conn' } },
  { name: 'least_conn', method: { kind: 'least_conn' } },
  {
    name: 'least_time header',
    method: { kind: 'least_time', by: 'header', countsInflight: false },
  },
  { name: 'least_time peak_ewma', method: { kind: 'peak_ewma' } },
  { name: 'ip_hash', method: { kind: 'ip_hash' } },
  { name: 'hash KEY', method: hash('modulo') },
  { name: 'hash KEY consistent', method: hash('ketama') },
  { name: '… bounded=125%', method: hash('ketama', 125) },
  { name: 'hash KEY maglev', method: hash('maglev') },
  { name: '… bounded=125%', method: hash('maglev', 125) },
]

function hash(
  placement: 'modulo' | 'ketama' | 'maglev',
  boundedPercent: number | null = null,
): Method {
  return { kind: 'hash', key: [], placement, boundedPercent }
}

interface Spread {
  readonly counts: readonly number[]
  /** Milliseconds that a request took on average. */
  readonly meanMs: number
}

/** Sends all requests, each of which occupies its peer for a random time. */
function simulate(method: Method): Spread {
  const zone = new PeerZone(createPeerZone(), 0)
  const peers = PEERS.map(({ name, weight }, slot) => {
    return { ...PLAIN_PEER, slot, name: `10.0.0.${slot + 1}:80`, weight, label: name }
  })
  const group = new PeerGroup(zone, 0, peers, { method, seed: 1 })
  const dice = new Dice(7)
  const counts = PEERS.map(() => 0)
  const ends = new Map<number, { readonly peer: number; readonly beganMs: number }[]>()
  const tried = new TriedSet()
  let total = 0
  for (let i = 0; i < REQUESTS; i++) {
    const nowMs = i * PERIOD_MS
    for (const { peer, beganMs } of ends.get(nowMs) ?? []) {
      const took = nowMs - beganMs
      group.times?.onEnd(peer, seconds(beganMs), true, took, took, seconds(nowMs))
      group.release(peer, 'success', seconds(nowMs))
    }
    ends.delete(nowMs)
    tried.clear()
    const peer = group.pick(tried, seconds(nowMs), clientOf(dice))
    counts[peer]!++
    const time = drawTime(dice, PEERS[peer]!.meanMs)
    total += time
    const endMs = nowMs + Math.max(1, Math.round(time))
    ends.set(endMs, [...(ends.get(endMs) ?? []), { peer, beganMs: nowMs }])
  }
  return { counts, meanMs: total / REQUESTS }
}

function seconds(ms: number): number {
  return START_SECONDS + ms / 1000
}

/** Client n asks about n times less than the first one: some are far busier than others. */
function clientOf(dice: Dice): string {
  const rank = Math.floor(CLIENTS ** (dice.below(1_000_000) / 1_000_000))
  return `10.${rank >> 8}.${rank & 255}.7`
}

/** Exponential, with that mean. */
function drawTime(dice: Dice, meanMs: number): number {
  return -meanMs * Math.log((dice.below(1_000_000) + 1) / 1_000_001)
}

const COLUMNS = 4
const PANEL = { width: 214, height: 152, gap: 16 }
const PLOT = { left: 6, top: 44, height: 78, bar: 24, step: 34 }
const SHARE_MAX = 0.4
const INK = { text: '#1f2933', quiet: '#667280', bar: '#4c78a8', slow: '#e4853d', due: '#1f2933' }

function panel(name: string, { counts, meanMs }: Spread, at: number): string {
  const x = 24 + (at % COLUMNS) * (PANEL.width + PANEL.gap)
  const y = 92 + Math.floor(at / COLUMNS) * (PANEL.height + PANEL.gap)
  const bars = counts.map((count, peer) => {
    const { name: label, weight } = PEERS[peer]!
    const share = count / REQUESTS
    const left = PLOT.left + peer * PLOT.step
    const height = Math.min(1, share / SHARE_MAX) * PLOT.height
    const top = PLOT.top + PLOT.height - height
    const due = PLOT.top + PLOT.height - (weight / WEIGHTS / SHARE_MAX) * PLOT.height
    const middle = left + PLOT.bar / 2
    const color = label === SLOW ? INK.slow : INK.bar
    return `<rect x="${left}" y="${top.toFixed(1)}" width="${PLOT.bar}" height="${height.toFixed(1)}" fill="${color}"/>
<line x1="${left - 3}" x2="${left + PLOT.bar + 3}" y1="${due.toFixed(1)}" y2="${due.toFixed(1)}" stroke="${INK.due}" stroke-width="1.5"/>
<text x="${middle}" y="${PLOT.top + PLOT.height + 13}" text-anchor="middle" font-size="11" fill="${INK.quiet}">${label}</text>
<text x="${middle}" y="${Math.min(top, due) - 4}" text-anchor="middle" font-size="10" fill="${INK.text}">${(share * 100).toFixed(0)}</text>`
  })
  return `<g transform="translate(${x} ${y})">
<text x="${PLOT.left}" y="12" font-size="13" font-weight="600" fill="${INK.text}">${name}</text>
<text x="${PLOT.left}" y="27" font-size="11" fill="${INK.quiet}">mean ${meanMs.toFixed(0)} ms</text>
<line x1="0" x2="${PANEL.width - 6}" y1="${PLOT.top + PLOT.height}" y2="${PLOT.top + PLOT.height}" stroke="#c3cad2"/>
${bars.join('\n')}
</g>`
}

function draw(spreads: readonly Spread[]): string {
  const rows = Math.ceil(spreads.length / COLUMNS)
  const width = 48 + COLUMNS * PANEL.width + (COLUMNS - 1) * PANEL.gap
  const height = 104 + rows * (PANEL.height + PANEL.gap)
  const panels = spreads.map((spread, at) => panel(METHODS[at]!.name, spread, at))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif">
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="30" y="30" font-size="16" font-weight="600" fill="${INK.text}">Where 100,000 requests went, in percent, by balancing method</text>
<text x="30" y="50" font-size="12" fill="${INK.quiet}">Weights 3 2 2 1 1 1: the black marks are the shares by weight. A thousand requests a second; some clients ask far more often than others.</text>
<rect x="30" y="59" width="10" height="10" fill="${INK.bar}"/>
<text x="45" y="68" font-size="12" fill="${INK.quiet}">answers in 20 ms on average</text>
<rect x="220" y="59" width="10" height="10" fill="${INK.slow}"/>
<text x="235" y="68" font-size="12" fill="${INK.quiet}">in 200 ms</text>
${panels.join('\n')}
</svg>
`
}

const file =
  process.argv[2] ?? new URL('../../../docs/img/balancing-spread.svg', import.meta.url).pathname
const spreads = METHODS.map(({ method }) => simulate(method))
for (const [at, { name }] of METHODS.entries()) {
  const { counts, meanMs } = spreads[at]!
  const shares = counts
    .map(count => `${((count / REQUESTS) * 100).toFixed(1)}%`.padStart(7))
    .join('')
  process.stdout.write(`${name.padEnd(22)}${shares}   mean ${meanMs.toFixed(1)} ms\n`)
}
mkdirSync(dirname(file), { recursive: true })
writeFileSync(file, draw(spreads))
