// Makes probes of `health_check` lines once the walk is over: `match` blocks may stand below their
// use, and a location's timeouts and fields may come from above it. A check has no client, so only
// fields whose variables need none are sent (docs/health.md).

import {
  PLAIN_EXPECTATION,
  PLAIN_PROBE,
  type Probe,
  type ProbeCheck,
  type ProbeTls,
  usualProbeName,
} from '../../model/probe.ts'
import type { ProxySettings } from '../../model/proxy-settings.ts'
import type { ServerName } from '../../model/route.ts'
import type { Template } from '../../model/template.ts'
import { nearest } from '../suggest.ts'
import { wordOrigin } from './lexer.ts'
import type { MatchBlock } from './match-block.ts'
import type { WrittenProbe } from './probe-written.ts'
import type { Reading } from './reading.ts'

/** What stands around a `health_check`. */
export interface ProbePlace {
  readonly proxy: ProxySettings
  /** What `$proxy_host` says there. */
  readonly proxyHost: string
  /** Names of the server around it; empty in `upstream`. */
  readonly serverNames: readonly ServerName[]
}

/** At least so long a check may take, however short its interval. */
const TIMEOUT_MS_MAX = 10_000

/** Makes the probe of one `health_check`; null when its `match` does not fit, which is reported. */
export function buildProbe(
  written: WrittenProbe,
  place: ProbePlace,
  matches: ReadonlyMap<string, MatchBlock>,
  reading: Reading,
): Probe | null {
  const match = findMatch(written, matches, reading)
  if (match === undefined) return null
  const question = buildQuestion(written, match, place, reading)
  const { connects } = written
  const check: ProbeCheck =
    connects === undefined ? question : { kind: 'combined', connects, full: question }
  const intervalMs = written.intervalMs ?? PLAIN_PROBE.intervalMs
  return {
    origin: written.origin,
    origins: written.origins,
    ...PLAIN_PROBE,
    name: written.name ?? match?.name ?? usualProbeName(check),
    check,
    port: written.port ?? null,
    intervalMs,
    jitterMs: written.jitterMs ?? 0,
    doubtIntervalMs: written.doubtIntervalMs ?? null,
    downIntervalMs: written.downIntervalMs ?? null,
    timeoutMs: written.timeoutMs ?? usualTimeoutMs(place.proxy, intervalMs),
    rise: written.rise ?? PLAIN_PROBE.rise,
    fall: written.fall ?? PLAIN_PROBE.fall,
    isMandatory: written.isMandatory ?? false,
    isPersistent: written.isPersistent ?? false,
    isAskedOnFailure: written.isAskedOnFailure ?? false,
    keepsSessions: written.keepsSessions ?? false,
    virtual: written.virtual ?? null,
  }
}

/**
 * nginx waits for connecting and for each read, as it does for requests, where a minute is usual.
 * Here one time bounds the whole check: both together, but not so long that a peer that hangs is
 * found out minutes later.
 */
function usualTimeoutMs(proxy: ProxySettings, intervalMs: number): number {
  const both = proxy.connectTimeoutMs + proxy.readTimeoutMs
  return Math.max(1, Math.min(both, Math.max(TIMEOUT_MS_MAX, intervalMs)))
}

/** Null where none is written, undefined after an error. */
function findMatch(
  { match: word, type }: WrittenProbe,
  matches: ReadonlyMap<string, MatchBlock>,
  reading: Reading,
): MatchBlock | null | undefined {
  if (word === undefined) return null
  const name = word.text.slice('match='.length)
  const found = matches.get(name)
  if (found === undefined) {
    const meant = nearest(name, matches.keys())
    const hint = meant === null ? `add to "http": match ${name} { … }` : `did you mean "${meant}"?`
    reading.refuseOnce(`match "${name}" is not defined`, wordOrigin(word), hint)
    return undefined
  }
  const place = `in ${found.origin.file}:${found.origin.line}`
  if (type === 'tcp' && found.isHttp) {
    const hint = 'a check of type=tcp has no status, headers and body: use "send" and "expect"'
    reading.refuseOnce(`match "${name}" ${place} tests HTTP responses`, wordOrigin(word), hint)
    return undefined
  }
  if (type === 'http' && (found.send !== null || found.answer !== null)) {
    const hint = '"send" and "expect" are for type=tcp'
    reading.refuseOnce(`match "${name}" ${place} is not for HTTP`, wordOrigin(word), hint)
    return undefined
  }
  return found
}

type Question = Exclude<ProbeCheck, { readonly kind: 'combined' }>

function buildQuestion(
  written: WrittenProbe,
  match: MatchBlock | null,
  place: ProbePlace,
  reading: Reading,
): Question {
  switch (written.type) {
    case 'http':
      return buildHttp(written, match, place, reading)
    case 'tcp':
      return {
        kind: 'tcp',
        tls: buildTls(written),
        send: written.send ?? match?.send ?? '',
        expect: written.expect ?? match?.answer ?? null,
      }
    case 'external':
      return {
        kind: 'external',
        command: written.command ?? '',
        arguments: written.arguments,
        environment: written.environment,
      }
    case 'ping':
      return { kind: 'ping', tries: written.tries ?? 1 }
    case 'function':
      return { kind: 'function', modulePath: written.modulePath ?? '' }
    case 'fixed':
      return { kind: 'fixed', isUp: written.isUp ?? true }
  }
}

function buildHttp(
  written: WrittenProbe,
  match: MatchBlock | null,
  place: ProbePlace,
  reading: Reading,
): Extract<ProbeCheck, { readonly kind: 'http' }> {
  const fields = knownFields(place, reading.options.hostname)
  const own = new Set(written.headers.map(([name]) => name.toLowerCase()))
  const host = fields.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? place.proxyHost
  return {
    kind: 'http',
    tls: buildTls(written),
    isHttp2: written.isHttp2 ?? false,
    method: written.method ?? 'GET',
    path: written.uri ?? '/',
    host: written.host ?? host,
    headers: [...fields.filter(([name]) => isSent(name, own)), ...written.headers],
    body: written.body ?? '',
    redirectsMax: written.redirectsMax ?? 0,
    keepaliveMs: written.keepaliveMs ?? 0,
    expect: { ...(match?.expect ?? PLAIN_EXPECTATION), withinMs: written.withinMs ?? 0 },
  }
}

function buildTls(written: WrittenProbe): ProbeTls | null {
  if (written.isTls !== true) return null
  return {
    serverName: written.serverName ?? null,
    isVerified: written.isVerified ?? false,
    trustedPath: written.trustedPath ?? null,
    certificatePath: written.certificatePath ?? null,
    keyPath: written.keyPath ?? null,
    daysLeftMin: written.daysLeftMin ?? 0,
  }
}

/** Fields that belong to the connection, or that the check writes itself. */
const NOT_SENT = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'keep-alive',
  'te',
  'expect',
])

function isSent(name: string, own: ReadonlySet<string>): boolean {
  return !NOT_SENT.has(name.toLowerCase()) && !own.has(name.toLowerCase())
}

/** The fields of `proxy_set_header` whose value is known without a client, and not empty. */
function knownFields(place: ProbePlace, hostname: string): (readonly [string, string])[] {
  const known = knownVariables(place, hostname)
  const fields: (readonly [string, string])[] = []
  for (const { name, value } of place.proxy.setFields) {
    const text = expand(value, known)
    if (text !== null && text !== '') fields.push([name, text])
  }
  return fields
}

function knownVariables(place: ProbePlace, hostname: string): ReadonlyMap<string, string> {
  const { proxyHost, serverNames } = place
  const known = new Map([
    ['proxy_host', proxyHost],
    ['proxy_port', /:(\d+)$/.exec(proxyHost)?.[1] ?? '80'],
    ['hostname', hostname],
  ])
  // What most clients would send; `$host` of a request without a Host is this as well.
  const host = serverNames.map(hostOf).find(name => name !== '')
  if (host !== undefined) {
    for (const name of ['host', 'http_host', 'server_name']) known.set(name, host)
  }
  return known
}

/** A name as a client would send it; empty for `_`, for the empty name and for patterns. */
function hostOf(name: ServerName): string {
  return name.kind === 'exact' && /^[a-z0-9][a-z0-9.:[\]-]*$/.test(name.name) ? name.name : ''
}

/** The text of a template; null when it has a variable that is not known. */
function expand(template: Template, known: ReadonlyMap<string, string>): string | null {
  let text = ''
  for (const part of template) {
    const piece = typeof part === 'string' ? part : known.get(part.variable)
    if (piece === undefined) return null
    text += piece
  }
  return text
}
