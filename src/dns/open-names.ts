// From the settings of a `resolver` to somebody who answers. Name servers may be written as names too; those are looked
// up once, by the system, when the configuration is loaded, and one that nobody knows refuses it, as in nginx.

import { lookup as systemLookup } from 'node:dns/promises'
import { isIP } from 'node:net'

import { TIMED_OUT, within } from '../base/delay.ts'
import { systemErrorCode } from '../base/system-error.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { ResolverServer, ResolverSettings } from '../model/resolver.ts'
import type { NameServer } from './name-server.ts'
import type { NameSource } from './name-source.ts'
import { type NameTime, systemNameTime } from './name-time.ts'
import { Resolver } from './resolver.ts'
import { SystemNames } from './system-names.ts'

/** Finds every address of a name server's name; rejects when there is none. */
export type ServerLookup = (host: string) => Promise<readonly string[]>

export interface OpenOptions {
  readonly time?: NameTime
  readonly lookup?: ServerLookup
}

export interface OpenedNames {
  /** Null where a diagnostic refuses the configuration. To be closed by the caller. */
  readonly source: NameSource | null
  readonly diagnostics: readonly Diagnostic[]
}

/** Longer than a resolver that answers at all; the same for all servers, which are asked at once. */
const LOOKUP_TIMEOUT_MS = 10_000

/** Makes the source of names that the settings ask for. */
export async function openNames(
  settings: ResolverSettings,
  options: OpenOptions = {},
): Promise<OpenedNames> {
  const { time = systemNameTime(), lookup = lookupServer } = options
  if (settings.servers.length === 0) {
    return { source: new SystemNames({ ...settings, time }), diagnostics: [] }
  }
  const found = await Promise.all(settings.servers.map(server => addressesOf(server, lookup, time)))
  const diagnostics = found.flatMap(({ problem }) => problem ?? [])
  if (diagnostics.length > 0) return { source: null, diagnostics }
  const servers = found.flatMap(({ servers: addresses }) => addresses)
  return { source: new Resolver({ ...settings, servers, time }), diagnostics: [] }
}

interface FoundServer {
  readonly servers: readonly NameServer[]
  readonly problem: Diagnostic | null
}

async function addressesOf(
  server: ResolverServer,
  lookup: ServerLookup,
  time: NameTime,
): Promise<FoundServer> {
  const { host, port } = server
  if (isIP(host) !== 0) return { servers: [{ host, port }], problem: null }
  const addresses = await within(lookup(host).catch(failureText), LOOKUP_TIMEOUT_MS, time.delay)
  if (typeof addresses === 'object' && addresses.length > 0) {
    return { servers: addresses.map(address => ({ host: address, port })), problem: null }
  }
  const why =
    addresses === TIMED_OUT
      ? `no answer for "${host}" in ${LOOKUP_TIMEOUT_MS / 1000} seconds`
      : typeof addresses === 'string'
        ? addresses
        : `"${host}" has no address`
  const problem: Diagnostic = {
    severity: 'error',
    message: `host not found in resolver "${server.name}"`,
    origin: server.origin,
    hint: `${why}; write the address of the name server`,
  }
  return { servers: [], problem }
}

function failureText(error: unknown): string {
  return `looking it up failed: ${systemErrorCode(error) || String(error)}`
}

async function lookupServer(host: string): Promise<readonly string[]> {
  const found = await systemLookup(host, { all: true, order: 'ipv4first' })
  return found.map(({ address }) => address)
}
