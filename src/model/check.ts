// What must hold in a configuration whatever its dialect: names that are referred to exist, nothing
// is there twice, numbers are in range, regexes compile. Readers make sure of what only they can
// see; this sees the whole.

import { checkCaches } from './check-cache.ts'
import { checkLimits } from './check-limits.ts'
import { checkRegex } from './check-regex.ts'
import { checkRoutes } from './check-routes.ts'
import { checkSessionZones } from './check-session-zones.ts'
import { checkUpstream } from './check-upstreams.ts'
import { checkVariables } from './check-variables.ts'
import type { Config } from './config.ts'
import type { Diagnostic, Severity } from './diagnostic.ts'
import { addressText, type Listen, type ListenAddress } from './listener.ts'
import { BUILT_IN, type Origin, originOf } from './origin.ts'
import { allSteps } from './rewrite.ts'
import type { Location, Return, Server, ServerName } from './route.ts'
import type { Peer, Upstream } from './upstream.ts'

/** Finds the known word nearest to a wrong one, for "did you mean"; null when none is near. */
export type Suggest = (word: string, known: Iterable<string>) => string | null

/** Takes one finding. */
export type Report = (severity: Severity, message: string, origin: Origin, hint?: string) => void

/** Checks what holds for any dialect; the findings point at where things were written. */
export function checkConfig(config: Config, suggest: Suggest = () => null): Diagnostic[] {
  const found: Diagnostic[] = []
  const report = once((severity, message, origin, hint = '') => {
    found.push({ severity, message, origin, hint })
  })
  checkUpstreams(config, report)
  checkListeners(config.servers, report)
  checkDefaults(config.servers, report)
  checkNames(config.servers, report)
  checkReturns(config.servers, report)
  checkVariables(config, report)
  checkCaches(config, report)
  checkLimits(config, report)
  checkRoutes(config, report, suggest)
  return found
}

/** Passes each finding on once: inherited settings bring one mistake up at every route. */
export function once(report: Report): Report {
  const said = new Set<string>()
  return (severity, message, origin, hint) => {
    const key = `${origin.file}:${origin.line}:${origin.column}:${message}`
    if (!said.has(key)) report(severity, message, origin, hint)
    said.add(key)
  }
}

function checkUpstreams(config: Config, report: Report): void {
  const byName = new Map<string, Upstream>()
  for (const upstream of config.upstreams) {
    const { name, origin, peers, statePath } = upstream
    const earlier = byName.get(name)
    if (earlier !== undefined) {
      report('error', `Duplicate upstream "${name}"`, origin, firstIn(earlier.origin))
    }
    byName.set(name, upstream)
    const where = originOf(upstream, 'peers')
    if (peers.length === 0) {
      // With a state file they stand there, or come later.
      const hint = 'name at least one address'
      if (statePath === null) report('error', `No peers in upstream "${name}"`, where, hint)
    } else if (peers.every(peer => peer.isBackup)) {
      const hint = 'a backup stands in for others: leave "backup" out of at least one'
      report('error', `No peers but backups in upstream "${name}"`, where, hint)
    }
    for (const peer of peers) checkPeer(peer, report)
    checkUpstream(upstream, report)
  }
  checkSessionZones(config.upstreams, report)
}

function checkPeer(peer: Peer, report: Report): void {
  const numbers = [
    ['weight', peer.weight, 1],
    ['maxFails', peer.maxFails, 0],
    ['maxConns', peer.maxConns, 0],
    ['failTimeoutSeconds', peer.failTimeoutSeconds, 0],
  ] as const
  for (const [property, value, least] of numbers) {
    if (Number.isSafeInteger(value) && value >= least) continue
    const word = WORDS[property]
    const wants = `peer "${peer.name}" wants a whole number from ${least}`
    const problem = `Cannot use ${word} ${value}: ${wants}`
    report('error', problem, originOf(peer, property), property === 'weight' ? DOWN_HINT : '')
  }
  checkPort(peer.address, 1, originOf(peer, 'address'), report)
}

const DOWN_HINT = 'to take a peer out, mark it as down'

const WORDS = {
  weight: 'weight',
  maxFails: 'max_fails',
  maxConns: 'max_conns',
  failTimeoutSeconds: 'fail_timeout',
} as const

/** A listener of port 0 gets one from the kernel; there is no such peer. */
function checkPort(address: ListenAddress, least: number, origin: Origin, report: Report): void {
  if (address.kind === 'unix') return
  const { port } = address
  if (Number.isInteger(port) && port >= least && port <= 65_535) return
  report('error', `Cannot use port ${port}: wants one from ${least} to 65535`, origin)
}

function checkListeners(servers: readonly Server[], report: Report): void {
  const byAddress = new Map<string, Listen>()
  for (const server of servers) {
    if (server.listens.length === 0) {
      report('error', 'A server without a listener: no client can reach it', server.origin)
    }
    const own = new Set<string>()
    for (const listen of server.listens) {
      const text = addressText(listen.address)
      checkPort(listen.address, 0, listen.origin, report)
      if (own.has(text)) {
        report('error', `Duplicate listener ${text} in one server`, listen.origin)
        continue
      }
      own.add(text)
      checkAgainst(byAddress.get(text), listen, text, report)
      byAddress.set(text, byAddress.get(text) ?? listen)
    }
  }
  checkDualStack([...byAddress.values()], report)
}

/** An address has one default server; two of them show whatever else is wrong. */
export function checkDefaults(servers: readonly Server[], report: Report): void {
  const defaults = new Map<string, Server>()
  for (const server of servers) {
    for (const listen of server.listens) {
      if (!listen.isDefault) continue
      const text = addressText(listen.address)
      const other = defaults.get(text)
      if (other === undefined) defaults.set(text, server)
      else if (other !== server) {
        const first = other.listens.find(one => addressText(one.address) === text)!
        const hint = firstIn(first.origin)
        report('error', `A second default server for ${text}`, originOf(listen, 'isDefault'), hint)
      }
    }
  }
}

/** Two servers on one address share its socket: options that both wrote must agree. */
function checkAgainst(
  earlier: Listen | undefined,
  listen: Listen,
  text: string,
  report: Report,
): void {
  if (earlier === undefined) return
  for (const property of ['backlog', 'ipv6Only'] as const) {
    const wasWritten = [earlier, listen].every(one => one.origins?.[property] !== undefined)
    if (!wasWritten || earlier[property] === listen[property]) continue
    const hint = firstIn(originOf(earlier, property))
    const word = property === 'backlog' ? 'backlog' : 'ipv6only'
    report('error', `Another ${word} for ${text} than before`, originOf(listen, property), hint)
  }
}

/** `[::]:80` that takes IPv4 too leaves no room for `0.0.0.0:80`. */
function checkDualStack(listens: readonly Listen[], report: Report): void {
  for (const listen of listens) {
    const { address } = listen
    if (address.kind === 'unix' || address.host !== '::' || listen.ipv6Only) continue
    if (address.port === 0) continue
    const other = listens.find(
      ({ address: one }) =>
        one.kind === 'tcp' && one.port === address.port && one.host === '0.0.0.0',
    )
    if (other === undefined) continue
    const both = [address, other.address].map(addressText)
    const problem = `Cannot listen on ${both[0]} with ipv6only off and on ${both[1]}`
    const hint = 'the first takes IPv4 too: leave out one of the two'
    report('error', problem, originOf(listen, 'ipv6Only'), hint)
  }
}

/** Two servers of one name on one address: the first answers, as in nginx. */
function checkNames(servers: readonly Server[], report: Report): void {
  const seen = new Map<string, Server>()
  for (const server of servers) {
    const texts = new Set(server.names.flatMap(nameKeys))
    const addresses = new Set(server.listens.map(listen => addressText(listen.address)))
    for (const address of addresses) {
      for (const text of texts) {
        const key = `${address} ${text}`
        const earlier = seen.get(key)
        if (earlier === undefined) seen.set(key, server)
        else {
          const hint = `the server in line ${earlier.origin.line} answers to it`
          const problem = `Conflicting server name "${text}" on ${address}, ignored`
          report('warning', problem, originOf(server, 'names'), hint)
        }
      }
    }
    checkNameRegexes(server, report)
  }
}

/**
 * The texts under which a name is looked up. A regex conflicts with nothing: the first that matches
 * wins.
 */
function nameKeys(name: ServerName): string[] {
  switch (name.kind) {
    case 'exact':
      return [name.name]
    case 'suffix':
      return name.isApexToo ? [`*${name.name}`, name.name.slice(1)] : [`*${name.name}`]
    case 'prefix':
      return [`${name.name}*`]
    case 'regex':
      return []
  }
}

function checkNameRegexes(server: Server, report: Report): void {
  for (const name of server.names) {
    if (name.kind !== 'regex') continue
    checkRegex(name.pattern, originOf(server, 'names'), report)
  }
}

/** nginx takes any number here, and clients make of it what they like (RFC 9110 §15). */
function checkReturns(routes: readonly (Server | Location)[], report: Report): void {
  for (const { returns, rewrite = [], locations } of routes) {
    if (returns !== null) checkStatus(returns, report)
    for (const step of allSteps(rewrite)) if (step.kind === 'return') checkStatus(step, report)
    checkReturns(locations, report)
  }
}

function checkStatus({ status, origin }: Return, report: Report): void {
  if (status <= STATUS_MAX) return
  const problem = `Status ${status} is none of HTTP: clients take it for an error 500`
  report('warning', problem, origin, 'statuses go from 200 to 599')
}

const STATUS_MAX = 599

/** Where the first of two stands, for a hint. */
function firstIn(origin: Origin): string {
  return origin === BUILT_IN ? '' : `the first stands in ${origin.file}:${origin.line}`
}
