// Names to addresses by asking name servers, as nginx's resolver does: A and AAAA side by side, aliases followed,
// services with the addresses of their targets, one time limit over all of it. It reads no /etc/hosts and adds no
// search domain; who wants those takes system-names.ts.

import { isIP } from 'node:net'

import { untilDeadline } from './deadline.ts'
import { canonicalName, hostNameProblem, serviceName } from './host-name.ts'
import { DNS_LIMITS } from './limits.ts'
import type { DnsRecord, QuestionType } from './message.ts'
import { type Ask, type NameServer, networkAsk } from './name-server.ts'
import {
  type FoundAddress,
  fixedAnswer,
  type NameAnswer,
  type NameSource,
  TIMED_OUT,
  type Wanted,
} from './name-source.ts'
import { type NameTime, systemNameTime } from './name-time.ts'
import { type Known, RecordCache } from './record-cache.ts'
import { ServerList } from './server-list.ts'

export interface ResolverOptions {
  readonly servers: readonly NameServer[]
  /** In place of the records' time to live; 0 = what they say. */
  readonly validMs: number
  readonly asksIpv4: boolean
  readonly asksIpv6: boolean
  /** Over one whole `find`; 0 = until every server was asked often enough. */
  readonly timeoutMs: number
  readonly time?: NameTime
  readonly ask?: Ask
}

type AddressType = 'A' | 'AAAA'
type ServiceRecord = Extract<DnsRecord, { type: 'SRV' }>

/** What one question, aliases followed, came to. */
type Lookup = Exclude<Known, { outcome: 'alias' }>

export class Resolver implements NameSource {
  readonly #types: readonly AddressType[]
  readonly #timeoutMs: number
  readonly #time: NameTime
  readonly #cache: RecordCache

  constructor(options: ResolverOptions) {
    const { servers, validMs, asksIpv4, asksIpv6, time = systemNameTime() } = options
    const ask = options.ask ?? networkAsk({ delay: time.delay })
    this.#types = [...(asksIpv4 ? ['A' as const] : []), ...(asksIpv6 ? ['AAAA' as const] : [])]
    this.#timeoutMs = options.timeoutMs
    this.#time = time
    this.#cache = new RecordCache(new ServerList(servers, ask, time), validMs, time)
  }

  async find({ name, service }: Wanted, signal: AbortSignal): Promise<NameAnswer> {
    if (service === null && isIP(name) !== 0) return fixedAnswer([name])
    const asked = canonicalName(service === null ? name : serviceName(service, name))
    const problem = hostNameProblem(asked)
    if (problem !== '') {
      return { outcome: 'missing', reason: problem, ttlMs: DNS_LIMITS.missingTtlMsMax }
    }
    const { value, isLate } = await untilDeadline(
      this.#timeoutMs,
      signal,
      this.#time.delay,
      over =>
        service === null ? this.#findAddresses(asked, over) : this.#findServices(asked, over),
    )
    return isLate && value.outcome === 'failed' ? TIMED_OUT : value
  }

  close(): void {
    this.#cache.close()
  }

  async #findAddresses(name: string, signal: AbortSignal): Promise<NameAnswer> {
    const found = await Promise.all(
      this.#types.map(async type => {
        const lookup = await this.#lookup(type, name, signal)
        return { origin: type, lookup, addresses: plainAddresses(lookup, type) }
      }),
    )
    return this.#join(found)
  }

  async #findServices(name: string, signal: AbortSignal): Promise<NameAnswer> {
    const services = await this.#lookup('SRV', name, signal)
    if (services.outcome !== 'found')
      return this.#join([{ origin: '', lookup: services, addresses: [] }])
    const targets = services.records
      .filter(record => record.type === 'SRV')
      .sort(byPriority)
      .slice(0, DNS_LIMITS.servicesMax)
    const found = await Promise.all(
      targets.flatMap(target =>
        this.#types.map(async type => {
          const given = services.additionals.filter(
            record => record.type === type && record.name === target.target,
          )
          const lookup: Lookup =
            given.length > 0
              ? givenLookup(given, services.expiresAtMs)
              : await this.#lookup(type, target.target, signal)
          const origin = `${type} ${target.target}:${target.port}`
          return { origin, lookup, addresses: serviceAddresses(lookup, target, origin) }
        }),
      ),
    )
    return this.#join(found, services.expiresAtMs)
  }

  /** Asks for one type, under the other name too where there is an alias. */
  async #lookup(type: QuestionType, name: string, signal: AbortSignal): Promise<Lookup> {
    let asked = name
    let expiresAtMs = Number.POSITIVE_INFINITY
    for (let depth = 0; depth < DNS_LIMITS.aliasDepthMax; depth++) {
      const known = await this.#cache.ask({ name: asked, type }, signal)
      if (known.outcome === 'failed') return known
      expiresAtMs = Math.min(expiresAtMs, known.expiresAtMs)
      if (known.outcome !== 'alias') return { ...known, expiresAtMs }
      asked = known.target
    }
    return { outcome: 'failed', reason: `too many aliases behind "${name}"` }
  }

  /** Makes one answer of the answers to several questions. */
  #join(parts: readonly Part[], before = Number.POSITIVE_INFINITY): NameAnswer {
    let foundUntilMs = before
    let missingUntilMs = before
    const unknown: string[] = []
    let failure = ''
    let missing: Extract<Lookup, { outcome: 'missing' }> | null = null
    for (const { origin, lookup } of parts) {
      if (lookup.outcome === 'failed') {
        unknown.push(origin)
        failure ||= lookup.reason
      } else if (lookup.outcome === 'found') {
        foundUntilMs = Math.min(foundUntilMs, lookup.expiresAtMs)
      } else {
        missingUntilMs = Math.min(missingUntilMs, lookup.expiresAtMs)
        if (missing?.isNoName !== true) missing = lookup
      }
    }
    const now = this.#time.now()
    const addresses = inOrder(parts.flatMap(part => part.addresses))
    // A kind that a name does not have says nothing of how long the other holds.
    const foundMs = Math.max(0, foundUntilMs - now)
    if (addresses.length > 0) return { outcome: 'found', addresses, unknown, ttlMs: foundMs }
    // That there is no such name holds for every type; that it has no A says nothing of AAAA.
    const isSure = unknown.length === 0 || (before === Infinity && missing?.isNoName === true)
    if (missing !== null && isSure) {
      const ttlMs = Math.max(0, missingUntilMs - now)
      return { outcome: 'missing', reason: missing.reason, ttlMs }
    }
    return { outcome: 'failed', reason: failure }
  }
}

interface Part {
  readonly origin: string
  readonly lookup: Lookup
  readonly addresses: readonly FoundAddress[]
}

function plainAddresses(lookup: Lookup, origin: string): FoundAddress[] {
  return addressesOf(lookup).map(host => ({
    host,
    port: null,
    weight: null,
    priority: null,
    origin,
  }))
}

function serviceAddresses(lookup: Lookup, target: ServiceRecord, origin: string): FoundAddress[] {
  const { port, weight, priority } = target
  return addressesOf(lookup).map(host => ({ host, port, weight, priority, origin }))
}

function addressesOf(lookup: Lookup): string[] {
  if (lookup.outcome !== 'found') return []
  return lookup.records.flatMap(record =>
    record.type === 'A' || record.type === 'AAAA' ? [record.address] : [],
  )
}

/** What the server sent along with a service. */
function givenLookup(records: readonly DnsRecord[], expiresAtMs: number): Lookup {
  return { outcome: 'found', records, additionals: [], expiresAtMs }
}

function byPriority(a: ServiceRecord, b: ServiceRecord): number {
  return (
    a.priority - b.priority ||
    b.weight - a.weight ||
    compareTexts(a.target, b.target) ||
    a.port - b.port
  )
}

/** The same order whatever the server rotated; each address and port once, and not too many. */
function inOrder(addresses: readonly FoundAddress[]): FoundAddress[] {
  const sorted = addresses.toSorted(
    (a, b) =>
      (a.priority ?? 0) - (b.priority ?? 0) ||
      (b.weight ?? 0) - (a.weight ?? 0) ||
      // IPv4 has dots, IPv6 has colons: IPv4 first, as nginx.
      Number(a.host.includes(':')) - Number(b.host.includes(':')) ||
      compareTexts(a.host, b.host) ||
      (a.port ?? 0) - (b.port ?? 0),
  )
  const seen = new Map(sorted.toReversed().map(found => [`${found.host} ${found.port}`, found]))
  return sorted
    .filter(found => seen.get(`${found.host} ${found.port}`) === found)
    .slice(0, DNS_LIMITS.addressesMax)
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
