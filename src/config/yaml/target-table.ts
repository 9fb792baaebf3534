// The part of `proxy` that says where to: `upstream` for a group of `upstreams`, `address` for one
// peer without a group. An address makes a group of its own (nginx: implicit), which all routes
// with that address share.

import { addressText } from '../../model/listener.ts'
import type { Origin } from '../../model/origin.ts'
import type { Probe } from '../../model/probe.ts'
import type { Action, ProxyTarget } from '../../model/route.ts'
import { literal, literalText, type Template } from '../../model/template.ts'
import { type Keepalive, PLAIN_UPSTREAM, type Upstream } from '../../model/upstream.ts'
import { PEER_ADDRESS, peerAddress, type WrittenAddress } from './addresses.ts'
import { yamlKeepalive } from './defaults.ts'
import { type Kind, nullable } from './kind.ts'
import { plainPeer } from './peer-table.ts'
import type { PlainMap } from './plain.ts'
import { probesOf } from './probe-table.ts'
import type { Reading, YamlNode } from './reading.ts'
import { ALONE, UNPLACED } from './record.ts'
import { isSameData, type Origins, type Row, rowsOf, writeRows } from './row.ts'
import { KEEPALIVE } from './upstream-table.ts'
import { freeText, template } from './words.ts'

/** A target while it is read. */
export interface TargetDraft {
  readonly upstream: string | null
  readonly address: Template | null
  readonly uri: Template | null
  readonly host: Template | null
  readonly keepalive: Keepalive
  readonly probes: readonly Probe[]
}

export const NO_TARGET: TargetDraft = {
  upstream: null,
  address: null,
  uri: null,
  host: null,
  keepalive: yamlKeepalive(),
  probes: [],
}

const UPSTREAM_NAME = freeText('name', 'the name of a group in "upstreams"')
const ADDRESS: Kind<Template> = {
  ...template(PEER_ADDRESS.wanted),
  label: 'address with variables',
}

const row = rowsOf<TargetDraft>()

/** The keys of `proxy` that are not inherited one by one, but as a whole. */
export const TARGET_ROWS: readonly Row<TargetDraft>[] = [
  row('upstream', 'upstream', nullable(UPSTREAM_NAME), {
    doc: 'The group of `upstreams` to pass requests to',
    nginx: 'proxy_pass',
  }),
  row('address', 'address', nullable(ADDRESS), {
    doc: 'Or one peer without a group; with variables it is known only when a request comes',
    nginx: 'proxy_pass',
  }),
  row('uri', 'uri', nullable(template('a path such as /')), {
    doc:
      'Replaces the part of the path that the route matched; without it the target goes on as ' +
      'the client sent it. With variables it is the whole target',
    nginx: 'proxy_pass (what follows the address)',
  }),
  row('host', 'host', nullable(template('text such as app.internal')), {
    doc: 'What `$proxy_host` says instead of the name of the group or the address',
    nginx: 'proxy_pass',
  }),
  row('keepalive', 'keepalive', KEEPALIVE, {
    doc: 'Idle connections to `address`; those of a group are its own',
    nginx: 'keepalive',
  }),
  row('probe', 'probes', probesOf([]), {
    doc: 'Whether `address` is well, by asking it ([health.md](health.md)); a group has its own',
    nginx: 'health_check',
  }),
]

/** Makes the target of what was read; undefined after an error. */
export function makeTarget(
  draft: TargetDraft,
  node: YamlNode,
  reading: Reading,
  origins: Origins,
): ProxyTarget | undefined {
  const { upstream, address, uri, keepalive, probes } = draft
  if (upstream === null && address === null) {
    const problem = 'A proxy target wants "upstream", the name of a group, or "address", one peer'
    return reading.error(node, problem)
  }
  if (upstream !== null && address !== null) {
    return reading.error(node, 'A proxy target wants "upstream" or "address", and not both')
  }
  const origin = reading.origin(node)
  const places = { origin, origins, scheme: 'http' } as const
  if (upstream !== null) {
    if (!isSameData(keepalive, NO_TARGET.keepalive)) {
      return reading.error(node, 'Cannot set "keepalive" here: write it in the upstream')
    }
    if (probes.length > 0) {
      return reading.errorAt(
        origins.probes ?? origin,
        'Cannot set "probe" here: write it in the upstream',
      )
    }
    const host = draft.host ?? literal(upstream)
    return { ...places, upstream, address: host, uri }
  }
  const text = literalText(address!)
  if (text === null) return { ...places, upstream: null, address: address!, uri }
  const group = implicitGroup(text, draft, reading, origins.address ?? origin)
  if (group === undefined) return undefined
  const host = draft.host ?? group.host
  return { ...places, upstream: group.upstream.name, address: host, uri }
}

/** What to write for a target. */
export function writeTarget(
  target: ProxyTarget,
  upstreams: ReadonlyMap<string, Upstream>,
): PlainMap {
  const { uri, upstream } = target
  const draft: TargetDraft = { ...NO_TARGET, uri }
  if (upstream === null) return write({ ...draft, address: target.address })
  const group = upstreams.get(upstream)
  const [peer] = group?.peers ?? []
  if (group === undefined || !group.isImplicit || peer === undefined) {
    return write({ ...draft, upstream, host: unless(target.address, literal(upstream)) })
  }
  const text = String(PEER_ADDRESS.write({ text: peer.name, address: peer.address }))
  const host = unless(target.address, literal(shownHost({ text, address: peer.address })))
  const address = literal(text)
  return write({ ...draft, address, host, keepalive: group.keepalive, probes: group.probes })
}

/**
 * The action of a route that says none: that of the level around it. A target that replaces what
 * its own route matched replaces as much here.
 */
export function inheritAction(action: Action, from: string | null, to: string | null): Action {
  if (action.kind !== 'proxy' || action.target.uri === null) return action
  if (literalText(action.target.uri) === null) return action
  if (from === null || to === null || !to.startsWith(from)) return action
  const uri = literal(literalText(action.target.uri) + to.slice(from.length))
  return { kind: 'proxy', target: { ...action.target, uri } }
}

interface Group {
  readonly upstream: Upstream
  readonly host: Template
}

/** The group that an address makes, one for all its routes. */
function implicitGroup(
  text: string,
  draft: TargetDraft,
  reading: Reading,
  origin: Origin,
): Group | undefined {
  const scheme = /^https?:\/\//.exec(text)?.[0]
  if (scheme !== undefined) {
    const hint = scheme === 'http://' ? 'leave "http://" out' : 'TLS to peers is not supported yet'
    return reading.errorAt(origin, `Cannot use "${text}" as an address: it is an URL`, hint)
  }
  const written = peerAddress(text, reading, origin)
  if (written === undefined) return undefined
  const upstream: Upstream = {
    origin,
    name: text,
    ...PLAIN_UPSTREAM,
    peers: [{ ...plainPeer(written), origin }],
    keepalive: draft.keepalive,
    probes: draft.probes,
    isImplicit: true,
  }
  const key = addressText(written.address).toLowerCase()
  const earlier = reading.implicitUpstreams.get(key)
  if (earlier !== undefined && !isSameData(earlier.keepalive, upstream.keepalive)) {
    const hint = `the other one stands in line ${earlier.origin.line}`
    const problem = `The address "${text}" has another "keepalive" elsewhere`
    return reading.errorAt(origin, problem, hint)
  }
  // One of the routes says it for all.
  const probes = [earlier?.probes ?? [], draft.probes].filter(list => list.length > 0)
  if (probes.length === 2 && !isSameData(probes[0], probes[1])) {
    const hint = `the other one stands in line ${earlier!.origin.line}`
    return reading.errorAt(origin, `The address "${text}" has another "probe" elsewhere`, hint)
  }
  reading.implicitUpstreams.set(key, { ...(earlier ?? upstream), probes: probes[0] ?? [] })
  return { upstream: earlier ?? upstream, host: literal(shownHost(written)) }
}

/**
 * nginx's `$proxy_host`: the address as written, without the port of the protocol; `localhost` for
 * a socket.
 */
function shownHost({ text, address }: WrittenAddress): string {
  if (address.kind === 'unix') return 'localhost'
  return address.port === 80 ? text.replace(/:[0-9]+$/, '') : text
}

function write(draft: TargetDraft): PlainMap {
  return writeRows(TARGET_ROWS, draft, NO_TARGET, ALONE)
}

function unless(value: Template, byDefault: Template): Template | null {
  return isSameData(value, byDefault) ? null : value
}

/** A target that stands for none, so that any differs from it. */
export const NOWHERE: ProxyTarget = {
  origin: UNPLACED,
  scheme: 'http',
  upstream: '',
  address: [],
  uri: null,
}
