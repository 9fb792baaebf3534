// The report of a running process as a table for people, laid out as `ipvsadm -L -n` has it: each
// virtual address with its method, and under it the real ones.

import { PROGRAM } from '../base/version.ts'
import { cacheLines } from './cache/cache-table.ts'
import { spanText } from './probe-log.ts'
import type { StatusPeer, StatusPeerState, StatusReport, StatusUpstream } from './status-report.ts'

export interface TableStyle {
  readonly hasColor: boolean
  /** Columns of the screen; 0 = lines are not cut. */
  readonly columns: number
  /** The last transitions that are shown. */
  readonly transitionsMax: number
}

const COLORS: { readonly [S in StatusPeerState]: string } = {
  up: '32',
  down: '31',
  checking: '33',
  draining: '33',
  maintenance: '36',
  ejected: '31',
  resolving: '33',
}

const HEAD = ['  -> RemoteAddress:Port', 'Weight', 'ActiveConn', 'Requests', 'State', 'Last check']

/** Lays a report out. Ends with a line end. */
export function statusTable(report: StatusReport, style: TableStyle): string {
  const nowMs = Date.parse(report.now)
  const rows = report.upstreams.map(({ peers }) =>
    peers.map(peer => cellsOf(peer, nowMs).map(safe)),
  )
  const widths = HEAD.map((title, column) =>
    Math.max(title.length, ...rows.flat().map(cells => cells[column]!.length)),
  )
  const paint = (text: string, color: string) =>
    style.hasColor && color !== '' ? `\x1b[${color}m${text}\x1b[0m` : text
  const lines: { readonly text: string; readonly color: string; readonly at: number }[] = []
  const plain = (text: string) => lines.push({ text, color: '', at: -1 })
  plain(headline(report, nowMs))
  plain('Prot LocalAddress:Port Scheduler Flags')
  plain(join(HEAD, widths))
  for (const [index, upstream] of report.upstreams.entries()) {
    for (const text of serviceLines(upstream)) plain(text)
    for (const [at, cells] of rows[index]!.entries()) {
      const text = join(cells, widths)
      const stateAt = widths.slice(0, STATE_COLUMN).reduce((sum, width) => sum + width + 1, 0)
      lines.push({ text, color: COLORS[upstream.peers[at]!.state], at: stateAt })
    }
    if (upstream.peers.length === 0) plain('  (no peers)')
  }
  if (report.upstreams.length === 0) plain('(no upstreams)')
  const caches = cacheLines(report.caches)
  for (const text of caches.length === 0 ? [] : ['', ...caches]) plain(text)
  for (const text of transitionLines(report, style.transitionsMax)) plain(text)
  return lines
    .map(({ text, color, at }) => {
      const shown = cut(safe(text), style.columns)
      if (at === -1 || shown.length <= at) return shown
      const end = shown.indexOf(' ', at)
      const stop = end === -1 ? shown.length : end
      return shown.slice(0, at) + paint(shown.slice(at, stop), color) + shown.slice(stop)
    })
    .map(text => `${text}\n`)
    .join('')
}

const STATE_COLUMN = 4

function headline(report: StatusReport, nowMs: number): string {
  const { version, pid, generation, workers, startedAt, config } = report
  const up = spanText(nowMs - Date.parse(startedAt))
  const counted = `${workers} ${workers === 1 ? 'worker' : 'workers'}`
  const what = `${PROGRAM} ${version} pid ${pid}, ${counted}, generation ${generation}`
  return `${what}, up ${up}: ${config}`
}

function serviceLines({ name, virtuals, method, sticky, panic }: StatusUpstream): string[] {
  const flags = [
    name,
    ...(sticky === null ? [] : [`sticky ${sticky}`]),
    ...(panic ? ['PANIC'] : []),
  ]
  const places = virtuals.length === 0 ? ['-'] : virtuals
  return places.map(place => {
    const [kind, where] = place.startsWith('unix:') ? ['UNIX', place.slice(5)] : ['TCP ', place]
    return `${kind} ${where} ${method} (${flags.join(', ')})`
  })
}

function cellsOf(peer: StatusPeer, nowMs: number): string[] {
  const { address, name, backup, weight, active, requests, state, why } = peer
  const named = name === address ? address : `${address} (${name})`
  const last = lastCheck(peer, nowMs)
  const more = why.split('; ').filter(text => !last.includes(text))
  const notes = [last, ...more].filter(text => text !== '')
  return [
    `  -> ${named}`,
    `${weight}${backup ? ' backup' : ''}`,
    `${active}`,
    grouped(requests),
    state,
    notes.length === 0 ? '-' : notes.join('; '),
  ]
}

/** What the newest answer was, a bad one before a good one. */
function lastCheck({ probes }: StatusPeer, nowMs: number): string {
  const asked = probes.filter(({ last }) => last !== null)
  const shown = asked.find(({ state }) => state === 'down') ?? asked[0]
  if (shown === undefined) {
    return probes.every(({ kind }) => kind === 'fixed') ? '' : 'not asked yet'
  }
  const { at, tookMs, good, detail, why, streak, needed } = shown.last!
  const ago = spanText(nowMs - Date.parse(at) - tookMs)
  const found = good ? detail || 'good' : why
  const isInDoubt = good !== (shown.state === 'up') && needed > 1
  return `${ago} ago: ${found}${isInDoubt ? `, ${streak} of ${needed}` : ''}`
}

function transitionLines({ transitions }: StatusReport, max: number): string[] {
  const shown = transitions.slice(-max)
  if (shown.length === 0 || max === 0) return []
  return ['', 'Last transitions', ...shown.map(({ at, text }) => `${localTime(at)} ${text}`)]
}

/** `2026/11/20 23:50:44`, as in the log. */
function localTime(at: string): string {
  const date = new Date(at)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

function join(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell.padEnd(widths[column]!))
    .join(' ')
    .trimEnd()
}

function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** What a peer answered must not move the cursor of who looks at it. */
function safe(text: string): string {
  return text.replaceAll(
    /[\x00-\x1f\x7f-\x9f]/g,
    character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

function cut(text: string, columns: number): string {
  return columns > 0 && text.length > columns ? `${text.slice(0, columns - 1)}…` : text
}
