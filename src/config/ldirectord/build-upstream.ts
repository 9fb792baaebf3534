// The group of peers behind one virtual server: its reals, how they are chosen, who stays with
// whom, and what is served when all are out.

import { NGINX_HEALTH } from '../../model/passive-health.ts'
import type { Alerts } from '../../model/probe.ts'
import {
  type Fallback,
  type Peer,
  PLAIN_PEER,
  PLAIN_SOURCE,
  PLAIN_UPSTREAM,
  type Sticky,
  type Upstream,
} from '../../model/upstream.ts'
import { yamlKeepalive } from '../yaml/defaults.ts'
import { checkPatterns } from './build-check.ts'
import { buildProbe } from './build-probe.ts'
import { type Draft, settled, type VirtualDraft } from './draft.ts'
import type { Reading } from './reading.ts'
import type { RealLine } from './real-line.ts'
import { STANDARD_SCHEDULER } from './schedulers.ts'
import { serverText } from './server-address.ts'
import { realsOf } from './virtual-server.ts'

const SECOND_MS = 1000

/** Room for some 160,000 clients. */
const SESSIONS_BYTES = 8 * 1024 * 1024

/** A ban by failed requests ends when a check has had time to say more. */
const BAN_SECONDS_MAX = 10

/** Makes the group of one virtual server; null where it cannot be. */
export function buildUpstream(
  virtual: VirtualDraft,
  globals: Draft,
  reading: Reading,
): Upstream | null {
  const { values, host, port, origin } = virtual
  const reals = distinctReals(virtual, reading)
  if (reals.length === 0) {
    // Where reals stand there and were refused, enough is said.
    if (virtual.hasReals) return null
    const problem = `No "real" in the section of ${serverText(host, port)}`
    reading.diagnostics.error(problem, origin, 'below it write real=IP:PORT gate, indented')
    return null
  }
  noteForwarding(virtual, reals, reading)
  checkPatterns(virtual, reals, reading)
  const probe = buildProbe(virtual, globals, reals, reading)
  const scheduler = values.scheduler?.value ?? STANDARD_SCHEDULER
  const banSeconds = Math.min(BAN_SECONDS_MAX, probe === null ? 1 : probe.intervalMs / SECOND_MS)
  const name = serverText(host, port)
  return {
    origin,
    origins: placesOf(virtual),
    ...PLAIN_UPSTREAM,
    name,
    method: scheduler.method,
    peers: reals.map(real => makePeer(real, port, scheduler.isWeighted, banSeconds)),
    keepalive: yamlKeepalive(),
    // Checks decide; a request tells of a peer that is not there, and an error page of nothing.
    passiveHealth: { ...NGINX_HEALTH, failOn: ['error', 'timeout', 'invalid_header'] },
    probes: probe === null ? [] : [probe],
    alerts: buildAlerts(values, globals),
    maintenancePath: globals.maintenancedir?.value ?? null,
    sticky: buildSticky(name, values),
    fallback: buildFallback(virtual, globals, reading),
    isImplicit: false,
  }
}

/** The reals without those that are there twice. */
function distinctReals(virtual: VirtualDraft, reading: Reading): readonly RealLine[] {
  const seen = new Map<string, RealLine>()
  for (const real of realsOf(virtual)) {
    const text = serverText(real.host, real.port ?? virtual.port)
    const earlier = seen.get(text)
    if (earlier === undefined) seen.set(text, real)
    else {
      const message = `Real ${text} is there already: this one is left out`
      const hint = `the first stands in line ${earlier.origin.line}`
      reading.diagnostics.warning(message, real.origin, hint)
    }
  }
  return [...seen.values()]
}

/** Says once in a file that packets were forwarded, and that answers went past the director. */
function noteForwarding(
  { port }: VirtualDraft,
  reals: readonly RealLine[],
  reading: Reading,
): void {
  const direct = reals.find(({ forwarding }) => forwarding !== 'masq')
  if (direct === undefined || !reading.isFirst('forwarding')) return
  const { forwarding, statement } = direct
  const at = (statement.value ?? '').search(/\s(?:gate|ipip)\b/) + 1
  const origin = reading.place(statement, at, at + forwarding.length)
  const here = 'here requests are passed on at layer 7, and answers come back through us'
  const message = `"${forwarding}" is layer 4: ${here}`
  reading.note(origin, message, 'reals see our address; the client is in X-Forwarded-For')
  const other = reals.find(real => real.forwarding !== 'masq' && (real.port ?? port) !== port)
  if (other === undefined) return
  const theirs = `by "${other.forwarding}" the kernel kept port ${port}`
  const moved = `The port ${other.port} of the real is used: ${theirs}`
  reading.note(other.origin, moved)
}

function makePeer(
  { host, port, weight, connectionsMax, origin }: RealLine,
  virtualPort: number,
  isWeighted: boolean,
  failTimeoutSeconds: number,
): Peer {
  const address = { kind: 'tcp', host, port: port ?? virtualPort } as const
  return {
    origin,
    ...PLAIN_PEER,
    name: serverText(host, address.port),
    address,
    weight: isWeighted && weight > 0 ? weight : 1,
    maxConns: connectionsMax,
    failTimeoutSeconds,
    isDraining: weight === 0,
  }
}

function placesOf({ values, origin }: VirtualDraft): NonNullable<Upstream['origins']> {
  const { real, real6, scheduler, persistent, fallback, fallback6, emailalert } = values
  return {
    peers: (real ?? real6)?.origin ?? origin,
    method: scheduler?.origin ?? origin,
    sticky: persistent?.origin ?? origin,
    fallback: (fallback ?? fallback6)?.origin ?? origin,
    alerts: emailalert?.origin ?? origin,
  }
}

function buildSticky(name: string, { persistent, netmask }: Draft): Sticky | null {
  if (persistent === undefined) return null
  const isIpv6 = name.startsWith('[')
  const bits = netmask?.value
  return {
    kind: 'source',
    prefix4: isIpv6 ? PLAIN_SOURCE.prefix4 : Math.min(bits ?? 32, 32),
    prefix6: isIpv6 ? (bits ?? 128) : PLAIN_SOURCE.prefix6,
    zone: { name, bytes: SESSIONS_BYTES },
    timeoutMs: persistent.value * SECOND_MS,
  }
}

function buildFallback(
  { values, host, port, origin }: VirtualDraft,
  globals: Draft,
  reading: Reading,
): Fallback | null {
  const isIpv6 = host.includes(':')
  const key = isIpv6 ? 'fallback6' : 'fallback'
  const written = values[key] ?? globals[key]
  const command = settled('fallbackcommand', [values, globals], null)
  if (written === undefined) {
    if (command === null) return null
    const place = values.fallbackcommand ?? globals.fallbackcommand
    const answer = { kind: 'status', status: 503, text: '' } as const
    return { origin: place?.origin ?? origin, answer, retryAfterSeconds: 0, command }
  }
  const address = {
    kind: 'tcp',
    host: written.value.host,
    port: written.value.port ?? port,
  } as const
  if (address.host === host && address.port === port) {
    const message = `The fallback ${serverText(host, port)} is this virtual server itself`
    const hint = 'requests would go round until their fields are too large: write its own port'
    reading.diagnostics.warning(message, written.origin, hint)
  }
  return {
    origin: written.origin,
    answer: { kind: 'address', name: serverText(address.host, address.port), address },
    retryAfterSeconds: 0,
    command,
  }
}

function buildAlerts(values: Draft, globals: Draft): Alerts | null {
  const drafts = [values, globals]
  const mailTo = settled('emailalert', drafts, [])
  if (mailTo.length === 0 || !settled('emailalertstatus', drafts, true)) return null
  return {
    command: null,
    webhook: null,
    mailTo,
    mailFrom: globals.emailalertfrom?.value ?? '',
    smtp: settled('smtp', drafts, ''),
    repeatMs: settled('emailalertfreq', drafts, 0) * SECOND_MS,
  }
}
