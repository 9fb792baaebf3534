// What a running process says of itself, as plain data: the JSON of the control socket and of
// `headgate status --json` (docs/status.md says what each field means; fields are only ever added).
// Its names are for scripts in other languages, so truths are plain words.

import { VERSION } from '../base/version.ts'
import { addressText } from '../model/listener.ts'
import type { Method, Peer, Sticky, Upstream } from '../model/upstream.ts'
import { GROUP } from '../zone/layout.ts'
import type { PeerStatus, PeerZone } from '../zone/peer-zone.ts'
import type { StatusCache } from './cache/cache-status.ts'
import { limitStatus, type StatusLimit } from './limit-memory.ts'
import type { Maintenance } from './maintenance.ts'
import type { RosterPeer } from './peer-roster.ts'
import type { PastTransition } from './probe-log.ts'
import type { ProbeTable } from './probe-table.ts'
import type { Running } from './reload.ts'
import { virtualAddresses } from './virtual-addresses.ts'

/** The number of this form; another one means that fields went or changed. */
export const STATUS_FORMAT = 1

export const PEER_STATES = [
  'up',
  'down',
  'checking',
  'draining',
  'maintenance',
  'ejected',
  'resolving',
] as const
export type StatusPeerState = (typeof PEER_STATES)[number]

export interface StatusProbe {
  readonly name: string
  readonly kind: string
  /** The address that is asked. */
  readonly address: string
  readonly state: 'checking' | 'up' | 'down'
  /** Checks that have ended, and those of them that failed. */
  readonly checks: number
  readonly fails: number
  /** Null before the first has ended. */
  readonly last: {
    readonly at: string
    readonly tookMs: number
    readonly good: boolean
    readonly detail: string
    readonly why: string
    /** Answers of this kind in a row, and how many decide. */
    readonly streak: number
    readonly needed: number
  } | null
}

export interface StatusPeer {
  readonly address: string
  /** As it is written in the configuration. */
  readonly name: string
  readonly backup: boolean
  readonly weight: number
  /** Requests in flight. */
  readonly active: number
  /** Since the peer was first there. */
  readonly requests: number
  readonly failures: number
  readonly ejections: number
  readonly state: StatusPeerState
  /** Since when a check has it so; null where none did. */
  readonly since: string | null
  /** Empty where there is nothing to say. */
  readonly why: string
  readonly probes: readonly StatusProbe[]
}

export interface StatusUpstream {
  readonly name: string
  readonly virtuals: readonly string[]
  readonly method: string
  readonly sticky: string | null
  readonly panic: boolean
  readonly peers: readonly StatusPeer[]
}

export interface StatusReport {
  readonly format: typeof STATUS_FORMAT
  readonly version: string
  readonly pid: number
  readonly now: string
  readonly startedAt: string
  readonly config: string
  readonly generation: number
  readonly workers: number
  readonly upstreams: readonly StatusUpstream[]
  readonly caches: readonly StatusCache[]
  readonly limits: readonly StatusLimit[]
  /** The newest last. */
  readonly transitions: readonly {
    readonly at: string
    readonly upstream: string
    readonly peer: string
    readonly name: string
    readonly state: string
    readonly before: string
    readonly why: string
    readonly text: string
  }[]
}

/** What a report is made of. */
export interface StatusParts {
  readonly running: Running
  readonly workers: number
  readonly zone: PeerZone
  readonly probes: ProbeTable
  readonly maintenance: Maintenance
  readonly caches: readonly StatusCache[]
  readonly transitions: readonly PastTransition[]
  readonly nowMs: number
  readonly startedMs: number
}

/** Makes the report of this moment. */
export function makeStatusReport(parts: StatusParts): StatusReport {
  const { running, workers, transitions, nowMs, startedMs } = parts
  const { config, generation, listening } = running
  const virtuals = virtualAddresses(config, listening)
  const bySlot = new Map(parts.probes.roster.peers.map(peer => [peer.slot, peer]))
  return {
    format: STATUS_FORMAT,
    version: VERSION,
    pid: process.pid,
    now: timeText(nowMs),
    startedAt: timeText(startedMs),
    config: config.file,
    generation: generation.number,
    workers,
    upstreams: generation.upstreams.map(({ group, peers }, index) => {
      const upstream = config.upstreams[index]!
      const known = peers.flatMap(({ slot }) => bySlot.get(slot) ?? [])
      return {
        name: upstream.name,
        virtuals: (virtuals.get(upstream.name) ?? []).map(addressText),
        method: methodText(upstream.method),
        sticky: upstream.sticky === null ? null : stickyText(upstream.sticky),
        panic: isPanicking(upstream, parts.zone, group),
        peers: [
          ...known.map(peer => peerStatus(peer, parts)),
          ...unresolved(upstream, new Set(peers.map(({ peer }) => peer))),
        ],
      }
    }),
    caches: parts.caches,
    limits: limitStatus(config.limitZones, generation.limits),
    transitions: transitions.map(({ atMs, ...rest }) => ({ at: timeText(atMs), ...rest })),
  }
}

/** A method as nginx writes it. */
export function methodText(method: Method): string {
  switch (method.kind) {
    case 'hash':
      return `hash ${method.placement}`
    case 'random':
      return method.isTwo ? `random two ${method.by}` : 'random'
    case 'least_time':
      return `least_time ${method.by}${method.countsInflight ? ' inflight' : ''}`
    default:
      return method.kind
  }
}

function stickyText(sticky: Sticky): string {
  return sticky.kind === 'source' ? `source ${sticky.timeoutMs / 1000}s` : sticky.kind
}

function isPanicking({ passiveHealth }: Upstream, zone: PeerZone, group: number): boolean {
  return passiveHealth.panicPercent > 0 && zone.cells[zone.groupLine(group) + GROUP.panic] === 1
}

function peerStatus(peer: RosterPeer, parts: StatusParts): StatusPeer {
  const { probes, maintenance, zone } = parts
  const { line, resolved, address, slot } = peer
  const seen = zone.snapshotPeer(slot)
  const probed = probes.stateOf(peer)
  const file = maintenance.fileOf(peer.id)
  return {
    address,
    name: line.name,
    backup: resolved.isBackup ?? line.isBackup,
    weight: seen.weight,
    active: seen.conns,
    requests: seen.requests,
    failures: seen.failures,
    ejections: seen.ejections,
    ...judge(peer, seen, probed, file, parts.nowMs),
    since: probed === null ? null : timeText(probed.sinceMs),
    probes: peer.probes.flatMap(({ probe, keys }) =>
      keys.map((key): StatusProbe => {
        const status = probes.statusOf(key)
        const { kind } = status?.last?.target.check ?? status?.target.check ?? probe.check
        // What the configuration says was never asked.
        const isAsked = kind !== 'fixed'
        const last = isAsked ? (status?.last ?? null) : null
        return {
          name: probe.name,
          kind,
          address: status === null ? address : addressText(status.target.address),
          state: status?.state ?? 'checking',
          checks: isAsked ? (status?.checks ?? 0) : 0,
          fails: isAsked ? (status?.fails ?? 0) : 0,
          last:
            last === null
              ? null
              : {
                  at: timeText(last.startedAt),
                  tookMs: last.tookMs,
                  good: last.isGood,
                  detail: last.detail,
                  why: last.why,
                  streak: last.streak,
                  needed: last.needed,
                },
        }
      }),
    ),
  }
}

/** What counts most of everything that may be said of a peer. */
function judge(
  { line, upstream }: RosterPeer,
  seen: PeerStatus,
  probed: ReturnType<ProbeTable['stateOf']>,
  file: string | null,
  nowMs: number,
): { readonly state: StatusPeerState; readonly why: string } {
  // Without `sticky` nobody is bound to anything.
  const stays = upstream.sticky === null ? '' : '; bound sessions stay'
  if (file !== null) {
    const isOpen = !seen.states.includes('down')
    return { state: 'maintenance', why: `maintenance file ${file}${isOpen ? stays : ''}` }
  }
  if (line.isDown) return { state: 'down', why: 'marked down in the configuration' }
  if (probed?.state === 'down') {
    const isOpen = seen.states.includes('quiesced')
    return { state: 'down', why: `${probed.why}${isOpen ? stays : ''}` }
  }
  if (probed?.state === 'checking') return { state: 'checking', why: probed.why }
  if (seen.states.includes('down')) return { state: 'down', why: 'taken out by an operator' }
  if (line.isDraining || seen.states.includes('draining')) {
    return { state: 'draining', why: 'only what is bound to it' }
  }
  if (seen.states.includes('ejected')) return { state: 'ejected', why: 'by outlier detection' }
  const banned = bannedText(line, seen, nowMs)
  return banned === '' ? { state: 'up', why: '' } : { state: 'ejected', why: banned }
}

/** Why a peer is left out after failures of users; empty when it is not. */
function bannedText(line: Peer, seen: PeerStatus, nowMs: number): string {
  const { maxFails, failTimeoutSeconds } = line
  if (maxFails === 0 || seen.fails < maxFails || seen.checkedAt === null) return ''
  const leftSeconds = seen.checkedAt + failTimeoutSeconds - Math.floor(nowMs / 1000)
  if (leftSeconds < 0) return ''
  const fails = seen.fails === 1 ? '1 failure' : `${seen.fails} failures`
  return `${fails} (max_fails ${maxFails}), for ${leftSeconds + 1} s more`
}

/** The lines of an upstream that no address stands behind (yet). */
function unresolved(upstream: Upstream, found: ReadonlySet<number>): StatusPeer[] {
  return upstream.peers.flatMap((line, index): StatusPeer[] => {
    if (found.has(index)) return []
    const { name, isBackup, weight } = line
    return [
      {
        address: name,
        name,
        backup: isBackup,
        weight,
        active: 0,
        requests: 0,
        failures: 0,
        ejections: 0,
        state: 'resolving',
        why: 'it has no address yet',
        since: null,
        probes: [],
      },
    ]
  })
}

function timeText(ms: number): string {
  return new Date(ms).toISOString()
}
