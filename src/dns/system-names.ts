// Names as this machine knows them: /etc/hosts, then the name servers of /etc/resolv.conf through our own client, search
// domains put behind short names. Not through `getaddrinfo`: it tells no time to live, and while a name server is
// silent it blocks the few threads that also read files. Both files are looked at again while the program runs.

import { open } from 'node:fs/promises'

import { untilDeadline } from './deadline.ts'
import { canonicalName } from './host-name.ts'
import { parseHostsFile } from './hosts-file.ts'
import { DNS_LIMITS } from './limits.ts'
import type { Ask } from './name-server.ts'
import {
  fixedAnswer,
  type NameAnswer,
  type NameSource,
  TIMED_OUT,
  type Wanted,
} from './name-source.ts'
import { type NameTime, systemNameTime } from './name-time.ts'
import { parseResolvFile, type ResolvFile, searchedNames } from './resolv-file.ts'
import { Resolver } from './resolver.ts'

export interface SystemNamesOptions {
  /** As of `Resolver`; so are the next three. */
  readonly validMs: number
  readonly asksIpv4: boolean
  readonly asksIpv6: boolean
  readonly timeoutMs: number
  readonly hostsPath?: string
  readonly resolvPath?: string
  readonly time?: NameTime
  readonly ask?: Ask
}

interface Files {
  readonly hosts: ReadonlyMap<string, readonly string[]>
  readonly resolv: ResolvFile
  readonly resolver: Resolver
}

export class SystemNames implements NameSource {
  readonly #options: SystemNamesOptions
  readonly #time: NameTime
  #files: Promise<Files> | null = null
  #readAtMs = 0
  #texts: readonly [hosts: string, resolv: string] | null = null
  #isClosed = false

  constructor(options: SystemNamesOptions) {
    this.#options = options
    this.#time = options.time ?? systemNameTime()
  }

  async find(wanted: Wanted, signal: AbortSignal): Promise<NameAnswer> {
    const { hosts, resolv, resolver } = await this.#current()
    const { name, service } = wanted
    if (this.#isClosed || signal.aborted) return GIVEN_UP
    const known = service === null ? this.#knownHere(name, hosts) : []
    if (known.length > 0) return fixedAnswer(known, DNS_LIMITS.systemFilesMs)
    const { timeoutMs } = this.#options
    const candidates = searchedNames(name, resolv)
    const { value, isLate } = await untilDeadline(timeoutMs, signal, this.#time.delay, over =>
      findFirst(candidates, service, resolver, over),
    )
    return isLate && value.outcome === 'failed' ? TIMED_OUT : value
  }

  close(): void {
    this.#isClosed = true
    void this.#files?.then(files => files.resolver.close())
  }

  /** Of a kind that is wanted. `localhost` is here whatever the file says (RFC 6761 §6.3). */
  #knownHere(name: string, hosts: Files['hosts']): readonly string[] {
    const asked = canonicalName(name)
    const isLocal = asked === 'localhost' || asked.endsWith('.localhost')
    const found = hosts.get(asked) ?? (isLocal ? ['127.0.0.1', '::1'] : [])
    const { asksIpv4, asksIpv6 } = this.#options
    return found.filter(address => (address.includes(':') ? asksIpv6 : asksIpv4))
  }

  /** The files as they are, or were a few seconds ago. */
  #current(): Promise<Files> {
    const now = this.#time.now()
    if (this.#files === null || now - this.#readAtMs >= DNS_LIMITS.systemFilesMs) {
      this.#readAtMs = now
      this.#files = this.#read(this.#files)
    }
    return this.#files
  }

  async #read(before: Promise<Files> | null): Promise<Files> {
    const { hostsPath = '/etc/hosts', resolvPath = '/etc/resolv.conf' } = this.#options
    const [hostsText, resolvText] = await Promise.all([
      readStart(hostsPath, DNS_LIMITS.hostsFileBytesMax),
      readStart(resolvPath, DNS_LIMITS.resolvFileBytesMax),
    ])
    const old = await before
    const [oldHosts, oldResolv] = this.#texts ?? []
    this.#texts = [hostsText, resolvText]
    const hosts = old !== null && hostsText === oldHosts ? old.hosts : parseHostsFile(hostsText)
    if (old !== null && resolvText === oldResolv) return { ...old, hosts }
    const resolv = parseResolvFile(resolvText)
    const resolver = new Resolver({
      ...this.#options,
      servers: resolv.servers,
      time: this.#time,
      // The limit is over all names that are tried.
      timeoutMs: 0,
    })
    old?.resolver.close()
    if (this.#isClosed) resolver.close()
    return { hosts, resolv, resolver }
  }
}

/** The first of the names that is there. */
async function findFirst(
  candidates: readonly string[],
  service: string | null,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<NameAnswer> {
  let failed: NameAnswer | null = null
  let answer: NameAnswer = GIVEN_UP
  for (const candidate of candidates) {
    answer = await resolver.find({ name: candidate, service }, signal)
    if (answer.outcome === 'found') return answer
    if (answer.outcome === 'failed') failed ??= answer
    if (signal.aborted) break
  }
  // A domain that could not be asked may be the one that has the name.
  return failed ?? answer
}

const GIVEN_UP: NameAnswer = { outcome: 'failed', reason: 'given up' }

/** The start of a file; empty where it cannot be read, as for the C library. */
async function readStart(path: string, bytesMax: number): Promise<string> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    const buffer = Buffer.alloc(Math.min(size, bytesMax))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } catch {
    // No file says the same as an empty one.
    return ''
  }
}
