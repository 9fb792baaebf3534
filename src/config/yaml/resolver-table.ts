// `resolver`: who is asked for names while the program runs. At the top, in a server and in a route its keys are
// inherited one by one; in an upstream the mapping stands for itself, and where it is missing, the one at the top holds.

import {
  DEFAULT_RESOLVER,
  type ResolverServer,
  type ResolverSettings,
} from '../../model/resolver.ts'
import type { Settings } from '../../model/settings.ts'
import type { Upstream } from '../../model/upstream.ts'
import { isAddressProblem, parsePeerAddress } from '../nginx/address.ts'
import { list } from './collections.ts'
import { escapeText, readText } from './interpolation.ts'
import type { Kind } from './kind.ts'
import { DURATION } from './measures.ts'
import type { Reading, YamlNode } from './reading.ts'
import { placed, record } from './record.ts'
import { group, isSameData, type Row, rowsOf, within } from './row.ts'
import { BOOLEAN, freeText } from './words.ts'

const row = rowsOf<ResolverSettings>()
const DNS_PORT = 53
const SERVER_WANTED = 'a name server such as 127.0.0.1, 10.0.0.2:5353 or "[::1]"'

const SERVER: Kind<ResolverServer> = {
  label: 'name server',
  wanted: SERVER_WANTED,
  schema: () => ({ type: 'string' }),
  read(node, reading) {
    const text = readText(node, reading)
    if (text === undefined) return undefined
    return text === null ? reading.unwanted(node, SERVER_WANTED) : readServer(text, node, reading)
  },
  write: server => escapeText(server.name),
}

function readServer(text: string, node: YamlNode, reading: Reading): ResolverServer | undefined {
  const found = parsePeerAddress(text)
  const isServer = !isAddressProblem(found) && found.address.kind === 'tcp'
  if (!isServer || found.address.kind !== 'tcp') {
    const problem = isAddressProblem(found) ? found.problem : 'it wants an IP address'
    return reading.error(
      node,
      `Cannot use "${text}" as a name server: ${problem}`,
      `wants ${SERVER_WANTED}`,
    )
  }
  const { host, port } = found.address
  const origin = reading.origin(node)
  return { origin, name: text, host, port: found.hasPort ? port : DNS_PORT }
}

const ROWS: readonly Row<ResolverSettings>[] = [
  row('servers', 'servers', list(SERVER, { label: 'list of name servers' }), {
    doc: "Name servers; `[]` asks this machine's own, from /etc/hosts and /etc/resolv.conf",
    nginx: 'resolver',
  }),
  row('valid', 'validMs', DURATION, {
    doc: 'How long an answer holds; 0 = as long as it says itself',
    nginx: 'resolver (valid=)',
  }),
  row('ipv4', 'asksIpv4', BOOLEAN, { doc: 'Ask for IPv4 addresses', nginx: 'resolver (ipv4=)' }),
  row('ipv6', 'asksIpv6', BOOLEAN, { doc: 'Ask for IPv6 addresses', nginx: 'resolver (ipv6=)' }),
  row('hold', 'holdMs', DURATION, {
    doc: 'How long the last good addresses hold when their name is gone; 0 = not at all, as nginx',
  }),
  row('timeout', 'timeoutMs', DURATION, {
    doc: 'For one lookup with all its questions; 0 = no limit but that of tries',
    nginx: 'resolver_timeout',
  }),
  row('status_zone', 'statusZone', freeText('name', 'a name for statistics', true), {
    doc: 'What statistics call it; `""` for none',
    nginx: 'resolver (status_zone=)',
  }),
]

const TEXT = { doc: 'Who is asked for names that are looked up while the program runs' }

const GROUP = group<Settings>('resolver', within<Settings, 'resolver'>('resolver', ROWS), TEXT)

/** `resolver` at the top, in a server and in a route. */
export const RESOLVER_ROW: Row<Settings> = {
  ...GROUP,
  read(entry, reading, draft, origins) {
    const read = GROUP.read(entry, reading, draft, origins)
    return isAskingNothing(read.resolver, entry.value ?? entry.key, reading) ? draft : read
  },
}

/** `resolver` of an upstream. */
export const RESOLVER: Kind<ResolverSettings> = record<ResolverSettings>({
  label: 'mapping',
  wanted: 'a mapping such as { servers: [10.0.0.2], valid: 10s }',
  place: 'in "resolver"',
  rows: ROWS,
  blank: () => DEFAULT_RESOLVER,
  finish: (draft, node, reading, origins) =>
    isAskingNothing(draft, node, reading) ? undefined : placed(draft, node, reading, origins),
})

function isAskingNothing(
  { asksIpv4, asksIpv6 }: ResolverSettings,
  node: YamlNode,
  reading: Reading,
): boolean {
  if (asksIpv4 || asksIpv6) return false
  reading.error(node, '"ipv4" and "ipv6" cannot both be false')
  return true
}

/** Gives groups without a `resolver` the one at the top. */
export function withTopResolver(
  upstreams: readonly Upstream[],
  top: ResolverSettings,
): readonly Upstream[] {
  if (isSameData(top, DEFAULT_RESOLVER)) return upstreams
  return upstreams.map(upstream =>
    upstream.resolver === null ? { ...upstream, resolver: top } : upstream,
  )
}

/** For writing: leaves out what `withTopResolver` gives again; null when not all of it can. */
export function withoutTopResolver(
  upstreams: readonly Upstream[],
  top: ResolverSettings,
): readonly Upstream[] | null {
  const explicit = upstreams.filter(upstream => !upstream.isImplicit)
  if (explicit.some(({ resolver }) => !isSameData(resolver ?? DEFAULT_RESOLVER, top))) return null
  return upstreams.map(upstream => ({ ...upstream, resolver: null }))
}
