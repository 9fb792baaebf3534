// `upstreams`: named groups of peers, and `keepalive`: the idle connections to them, which single
// addresses have as well (target-table.ts).

import {
  type Keepalive,
  type Peer,
  PLAIN_UPSTREAM,
  PROXY_PROTOCOLS,
  type Upstream,
} from '../../model/upstream.ts'
import { ALERTS } from './alerts-table.ts'
import { list } from './collections.ts'
import { yamlKeepalive } from './defaults.ts'
import { FALLBACK } from './fallback-kind.ts'
import { HEALTH_ROWS, YAML_HEALTH } from './health-table.ts'
import { type Kind, nullable } from './kind.ts'
import { DURATION } from './measures.ts'
import { METHOD } from './method-kind.ts'
import { FILE_PATH, STATE_PATH } from './paths.ts'
import { PEER } from './peer-table.ts'
import { isSamePlain, type Plain, type PlainMap } from './plain.ts'
import { probesOf } from './probe-table.ts'
import type { Entry, Reading, YamlNode } from './reading.ts'
import { ALONE, record, UNPLACED } from './record.ts'
import { RESOLVER } from './resolver-table.ts'
import {
  group,
  isNothing,
  isSameData,
  mappingShape,
  type Origins,
  type Row,
  readRows,
  rowsOf,
  showRows,
  within,
  writeRows,
} from './row.ts'
import { QUEUE, STICKY } from './sticky-kind.ts'
import { BOOLEAN, choice, integer } from './words.ts'

const keepaliveRow = rowsOf<Keepalive>()
const upstreamRow = rowsOf<Upstream>()
const PEERS = list(PEER, { isOneShort: false, label: 'list of peers' })

const KEEPALIVE_ROWS: readonly Row<Keepalive>[] = [
  keepaliveRow('idle', 'idleMax', integer(0), {
    doc: 'Idle connections per worker; 0 closes each after its response',
    nginx: 'keepalive',
  }),
  keepaliveRow('requests', 'requestsMax', integer(1), {
    doc: 'Requests that one connection may carry',
    nginx: 'keepalive_requests',
  }),
  keepaliveRow('max_age', 'ageMaxMs', DURATION, {
    doc: 'A connection older than this closes after its response',
    nginx: 'keepalive_time',
  }),
  keepaliveRow('idle_timeout', 'idleTimeoutMs', DURATION, {
    doc: 'An idle connection closes after this',
    nginx: 'keepalive_timeout',
  }),
  keepaliveRow('local', 'isLocal', BOOLEAN, {
    doc: "Routes do not use one another's connections",
    nginx: 'keepalive … local',
  }),
]

const KEEPALIVE_WANTED =
  'how many idle connections to keep, such as 32, or a mapping such as { idle: 32 }'
const IDLE = integer(0, undefined, KEEPALIVE_WANTED)

/** `keepalive`: how many idle connections, or all about them. */
export const KEEPALIVE: Kind<Keepalive> = record<Keepalive>({
  label: 'number, mapping',
  wanted: KEEPALIVE_WANTED,
  place: 'in "keepalive"',
  rows: KEEPALIVE_ROWS,
  blank: yamlKeepalive,
  short: {
    read: (node, reading) => {
      const idleMax = IDLE.read(node, reading)
      return idleMax === undefined ? undefined : { ...yamlKeepalive(), idleMax }
    },
    write: keepalive => {
      const { idleMax } = keepalive
      const others = { ...yamlKeepalive(), idleMax }
      return isSameData(keepalive, others) ? idleMax : undefined
    },
    schema: IDLE.schema(),
  },
})

function probeRow(peers: readonly Peer[]): Row<Upstream> {
  return upstreamRow('probe', 'probes', probesOf(peers), {
    doc: 'Whether the peers are well, by asking them ([health.md](health.md))',
    nginx: 'health_check',
  })
}

const UPSTREAM_ROWS: readonly Row<Upstream>[] = [
  upstreamRow('method', 'method', METHOD, {
    doc:
      'How a peer is chosen: `round_robin`, `least_conn`, `ip_hash`, `random`, `peak_ewma`, or a ' +
      'mapping ([balancing.md](balancing.md))',
    nginx: 'hash, random, …',
  }),
  upstreamRow('sticky', 'sticky', nullable(STICKY), {
    doc: 'How a session stays with its peer',
    nginx: 'sticky',
  }),
  upstreamRow('queue', 'queue', nullable(QUEUE), {
    doc: 'Requests that wait while no peer can be picked',
    nginx: 'queue',
  }),
  upstreamRow('fallback', 'fallback', nullable(FALLBACK), {
    doc: 'What answers while every peer is down ([health.md](health.md))',
    nginx: 'fallback',
  }),
  upstreamRow('state', 'statePath', nullable(STATE_PATH), {
    doc: 'The file that keeps its peers over restarts',
    nginx: 'state',
  }),
  upstreamRow('keepalive', 'keepalive', KEEPALIVE, {
    doc: 'Idle connections to the peers',
    nginx: 'keepalive, keepalive_requests, …',
  }),
  upstreamRow('proxy_protocol', 'proxyProtocol', nullable(choice(PROXY_PROTOCOLS)), {
    doc:
      'What each connection to a peer begins with: the PROXY protocol, as text or binary. Such ' +
      'connections are kept for the client connection that they were made for',
  }),
  group('health', within('passiveHealth', HEALTH_ROWS), {
    doc: 'What is learnt about the peers from their requests ([health.md](health.md))',
    nginx: 'fail_on, outlier_detection, panic_threshold',
  }),
  upstreamRow('resolver', 'resolver', nullable(RESOLVER), {
    doc: 'Who is asked for the names of its peers, in place of the one at the top',
    nginx: 'resolver, resolver_timeout',
  }),
  upstreamRow('peers', 'peers', PEERS, {
    doc: 'Who answers: each an address, or a mapping',
    nginx: 'server',
    isRequired: true,
  }),
  // After the peers: single ones may be asked something else, by their addresses.
  {
    ...probeRow([]),
    read: (entry, reading, draft, origins) =>
      probeRow(draft.peers).read(entry, reading, draft, origins),
    write: (value, base, writing) => probeRow(value.peers).write(value, base, writing),
  },
  upstreamRow('alerts', 'alerts', nullable(ALERTS), {
    doc: 'Who is told, beside the log, when a peer goes down or comes back',
    nginx: 'alert',
  }),
  upstreamRow('maintenance_dir', 'maintenancePath', nullable(FILE_PATH), {
    doc:
      'A directory: a file in it that is called like a peer (`10.0.0.1:80`, `10.0.0.1`, `host:80`, ' +
      '`host`) takes the peer out at once',
    nginx: 'maintenance_dir',
  }),
]

const BLANK_UPSTREAM: Upstream = {
  origin: UNPLACED,
  name: '',
  ...PLAIN_UPSTREAM,
  passiveHealth: YAML_HEALTH,
  peers: [],
  keepalive: yamlKeepalive(),
  isImplicit: false,
}

const UPSTREAM_SHAPE = mappingShape(UPSTREAM_ROWS)
const UPSTREAM_WANTED = 'a mapping with "peers", or a list of peers'

/** `upstreams`: a mapping from name to group. */
export const UPSTREAMS: Kind<readonly Upstream[]> = {
  label: 'mapping of groups',
  wanted: 'a mapping such as { app: { peers: ["127.0.0.1:3000"] } }',
  rows: UPSTREAM_ROWS,
  defaults: () => showRows(UPSTREAM_ROWS, BLANK_UPSTREAM),
  schema: () => ({
    type: 'object',
    additionalProperties: { anyOf: [UPSTREAM_SHAPE.schema(), PEERS.schema()] },
  }),
  read(node, reading) {
    const entries = reading.entries(node)
    if (entries === null) return reading.unwanted(node, UPSTREAMS.wanted)
    const upstreams: Upstream[] = []
    for (const entry of entries.values()) {
      const upstream = readUpstream(entry, reading)
      if (upstream !== undefined) upstreams.push(upstream)
    }
    return upstreams
  },
  write(upstreams) {
    const map: Record<string, Plain> = {}
    for (const upstream of upstreams) {
      if (!upstream.isImplicit) map[upstream.name] = writeUpstream(upstream)
    }
    return map
  },
}

function readUpstream(entry: Entry, reading: Reading): Upstream | undefined {
  const { name, key, value } = entry
  if (/[\s/${}]/.test(name) || name === '') {
    return reading.error(key, `Cannot name an upstream "${name}": wants a name such as app`)
  }
  const blank: Upstream = { ...BLANK_UPSTREAM, origin: reading.origin(key), name }
  // A group with a mistake in it is kept: who refers to it made none.
  if (isNothing(entry, reading)) {
    reading.error(key, `Nothing behind "${name}": wants ${UPSTREAM_WANTED}`)
    return blank
  }
  if (reading.items(value!) !== null) return withPeers(blank, value!, reading)
  if (reading.entries(value!) === null) {
    reading.unwanted(value!, UPSTREAM_WANTED)
    return blank
  }
  const origins: Origins = {}
  const found = readRows(value!, 'in an upstream', UPSTREAM_ROWS, reading, blank, origins)
  return { ...(found ?? blank), origins }
}

function withPeers(blank: Upstream, node: YamlNode, reading: Reading): Upstream {
  const peers = PEERS.read(node, reading) ?? []
  return { ...blank, peers, origins: { peers: reading.origin(node) } }
}

function writeUpstream(upstream: Upstream): Plain {
  const base: Upstream = { ...BLANK_UPSTREAM, name: upstream.name }
  const map: PlainMap = writeRows(UPSTREAM_ROWS, upstream, base, ALONE)
  const { peers = [] } = map
  return isSamePlain(Object.keys(map), ['peers']) ? peers : map
}
