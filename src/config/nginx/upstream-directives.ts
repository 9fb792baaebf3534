// The `upstream` block and what stands in it beside peers, method and idle connections: the zone,
// the queue, the file of the state. The rest has files of its own: peer-directive.ts,
// method-directives.ts, keepalive-directives.ts, sticky-directive.ts.

import { NGINX_HEALTH } from '../../model/passive-health.ts'
import type { ResolverSettings } from '../../model/resolver.ts'
import { PEER_COUNT_MAX, ROUND_ROBIN, type Sticky } from '../../model/upstream.ts'
import { PROXY_PROTOCOL_DIRECTIVE } from './connect-directives.ts'
import { type DirectiveRow, scopeRow, upstreamRow } from './directive-row.ts'
import { FALLBACK_DIRECTIVE } from './fallback-directive.ts'
import { HEALTH_DIRECTIVES } from './health-directives.ts'
import { KEEPALIVE_DIRECTIVES } from './keepalive-directives.ts'
import { METHOD_DIRECTIVES } from './method-directives.ts'
import { PEER_DIRECTIVES } from './peer-directive.ts'
import type { Reading } from './reading.ts'
import type { HttpScope, UpstreamScope } from './scope.ts'
import { STICKY_DIRECTIVES } from './sticky-directive.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'
import { countHint, parseCount, parseSize, parseTimeMs, sizeHint, timeHint } from './values.ts'

const QUEUE_TIMEOUT_MS = 60_000
/** Eight pages, as nginx wants it. */
const ZONE_BYTES_MIN = 32_768
/** A terabyte: no machine has so much to share. */
const ZONE_MOST = '1048576m'

export const UPSTREAM_DIRECTIVES: readonly DirectiveRow[] = [
  scopeRow(
    'upstream',
    {
      within: ['http'],
      args: [1, 1],
      hasBlock: true,
      isRepeatable: true,
      syntax: 'name { … }',
      doc: 'a group of peers, balanced by weighted round robin unless a method stands in it',
    },
    readUpstream,
  ),
  ...PEER_DIRECTIVES,
  ...METHOD_DIRECTIVES,
  upstreamRow(
    'zone',
    {
      args: [1, 2],
      isRepeatable: true,
      syntax: 'name [size]',
      doc:
        'nothing hangs on it: all workers share the state of every group anyway; but as in nginx ' +
        '`server … resolve` wants one',
    },
    readZone,
  ),
  ...KEEPALIVE_DIRECTIVES,
  ...HEALTH_DIRECTIVES,
  PROXY_PROTOCOL_DIRECTIVE,
  ...STICKY_DIRECTIVES,
  upstreamRow(
    'queue',
    {
      args: [1, 2],
      syntax: 'number [timeout=time]',
      doc: 'requests that wait while no peer can be picked, 60s; with `timeout=0` nobody waits',
    },
    readQueue,
  ),
  FALLBACK_DIRECTIVE,
  upstreamRow(
    'state',
    { syntax: 'file', doc: 'the file that keeps the peers of the group; instead of `server`' },
    (directive, scope, reading) => {
      scope.statePath = reading.underPrefix(directive.args[0]!.text)
      scope.origins.statePath = statementOrigin(directive)
    },
  ),
]

function readZone(directive: Directive, scope: UpstreamScope, reading: Reading): void {
  const [name, size] = directive.args
  if (name!.text === '') reading.refuse(name!, 'invalid zone name ""')
  const bytes = size === undefined ? ZONE_BYTES_MIN : parseSize(size.text)
  if (bytes === null || bytes > parseSize(ZONE_MOST)!) {
    const hint = sizeHint(size!.text, 'a size is bytes, or with k or m: 64k', ZONE_MOST)
    reading.refuse(size!, `invalid zone size "${size!.text}"`, hint)
  } else if (bytes < ZONE_BYTES_MIN) {
    reading.refuse(
      size!,
      `zone "${name!.text}" is too small`,
      'at least 32k, or leave the size out',
    )
  }
  scope.hasZone = true
}

function readQueue(directive: Directive, scope: UpstreamScope, reading: Reading): void {
  const [number, timeout] = directive.args
  const size = parseCount(number!.text)
  if (size === null || size === 0 || size > PEER_COUNT_MAX) {
    const wanted = 'a queue has room for at least one request'
    const hint = countHint(number!.text, wanted, PEER_COUNT_MAX)
    reading.refuseValue(directive, number!, hint)
    return
  }
  let timeoutMs: number | null = QUEUE_TIMEOUT_MS
  if (timeout !== undefined) {
    const match = /^timeout=(.*)$/s.exec(timeout.text)
    if (match === null) {
      reading.refuseParameter(timeout, ['timeout='])
      return
    }
    timeoutMs = parseTimeMs(match[1]!)
    if (timeoutMs === null) {
      const hint = timeHint(match[1]!, 'write a time: timeout=60s')
      reading.refuse(timeout, `invalid parameter "${timeout.text}"`, hint)
      return
    }
  }
  scope.queue = { size, timeoutMs }
  scope.origins.queue = statementOrigin(directive)
}

function readUpstream(directive: Directive, scope: HttpScope, reading: Reading): void {
  const word = directive.args[0]!
  const name = word.text
  const same = scope.upstreams.find(found => found.name.toLowerCase() === name.toLowerCase())
  if (same !== undefined) {
    const hint = `it stands in ${same.origin.file}:${same.origin.line} already`
    reading.refuse(word, `duplicate upstream "${name}"`, hint)
  }
  if (!/^[^\s/:?#$@[\]]+$/.test(name)) {
    reading.refuse(word, `invalid upstream name "${name}"`, 'a name is written like a host')
  }
  const upstream: UpstreamScope = {
    kind: 'upstream',
    name,
    origin: statementOrigin(directive),
    origins: {},
    seen: new Map(),
    method: ROUND_ROBIN,
    peers: [],
    keepalive: {},
    passiveHealth: { ...NGINX_HEALTH },
    sticky: null,
    queue: null,
    fallback: null,
    proxyProtocol: null,
    statePath: null,
    probes: [],
    alerts: null,
    maintenancePath: null,
    hasZone: false,
  }
  const errorsBefore = reading.errorCount
  reading.walk(directive.block!, upstream)
  if (reading.errorCount === errorsBefore) checkUpstream(directive, upstream, scope, reading)
  if (same === undefined) scope.upstreams.push(upstream)
}

function checkUpstream(
  directive: Directive,
  { name, peers, sticky, statePath, origins }: UpstreamScope,
  { upstreams }: HttpScope,
  reading: Reading,
): void {
  const { diagnostics } = reading
  if (peers.length === 0 && statePath === null) {
    const message = 'no servers are inside upstream'
    diagnostics.error(message, directiveOrigin(directive), 'add: server ADDRESS;')
  } else if (peers.length > 0 && statePath !== null) {
    const message = '"state" directive cannot be used along with "server"'
    diagnostics.error(message, origins.statePath!, 'the peers stand in the file, or here')
  } else if (peers.length > 0 && peers.every(peer => peer.isBackup)) {
    const message = `no servers in upstream "${name}"`
    const hint = 'every server is a "backup": one must not be'
    diagnostics.error(message, statementOrigin(directive), hint)
  }
  const zone = zoneOf(sticky)
  if (zone === null) return
  const other = upstreams.find(found => zoneOf(found.sticky)?.name === zone.name)
  if (other === undefined) return
  const message = `sticky zone "${zone.name}" is already used in upstream "${other.name}"`
  diagnostics.error(message, origins.sticky!)
}

function zoneOf(sticky: Sticky | null): { readonly name: string } | null {
  return sticky !== null && 'zone' in sticky ? sticky.zone : null
}

/**
 * Complains about names that shall be looked up at run time where nginx could not.
 *
 * @param resolver what holds for the group in the end
 */
export function checkResolving(
  scope: UpstreamScope,
  resolver: ResolverSettings,
  reading: Reading,
): void {
  const peer = scope.peers.find(({ isResolving }) => isResolving)
  if (peer === undefined) return
  const place = `"${scope.name}" in ${scope.origin.file}:${scope.origin.line}`
  const origin = peer.origins?.isResolving ?? peer.origin
  if (!scope.hasZone) {
    const message = `resolving names at run time requires upstream ${place} to be in shared memory`
    reading.diagnostics.error(message, origin, `add: zone ${scope.name} 64k;`)
  } else if (resolver.servers.length === 0) {
    const message = `no resolver defined to resolve names at run time in upstream ${place}`
    reading.diagnostics.error(message, origin, 'add: resolver ADDRESS;')
  }
}
