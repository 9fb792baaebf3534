// The names that are followed while the program runs: one watch for each resolver, name and service, however many
// `server` lines want it, kept over reloads. Who is told of a change reads what holds now; nothing is lost when changes
// come while a configuration is being taken.

import { type Delay, systemDelay, within } from '../base/delay.ts'
import type { NameSource } from '../dns/name-source.ts'
import type { NameTime } from '../dns/name-time.ts'
import { NameWatch, type WatchEvent, type WatchedAddress } from '../dns/name-watch.ts'
import { openNames } from '../dns/open-names.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { DEFAULT_RESOLVER, type ResolverSettings } from '../model/resolver.ts'
import type { LogLevel } from '../model/settings.ts'
import type { Peer, Upstream } from '../model/upstream.ts'
import { CONTROL_LIMITS } from './limits.ts'
import type { PeerLine } from './peer-lines.ts'

export interface NameTableOptions {
  readonly log: (level: LogLevel, text: string) => void
  /** The addresses of some name have changed. */
  readonly onChange: () => void
  readonly open?: typeof openNames
  readonly delay?: Delay
  readonly time?: NameTime
}

/** One resolver: who answers, and how long to wait. */
interface Source {
  readonly names: NameSource
  readonly settings: ResolverSettings
}

/** The names of one configuration: followed from the moment in which it was made, and as long as it is the one in use. */
export interface NamesInUse {
  readonly diagnostics: readonly Diagnostic[]
  /** The line of a peer with a name. */
  line(upstream: Upstream, peer: Peer): PeerLine | null
  /** Resolves when every name was answered in some way, or the limit for that is over. */
  readonly settled: () => Promise<void>
}

/** Every name that is followed. */
export class NameTable {
  readonly #options: NameTableOptions
  readonly #sources = new Map<string, Source>()
  readonly #names = new Map<string, FollowedName>()
  #inUse: ReadonlySet<FollowedName> = new Set()
  #sourcesInUse: ReadonlySet<string> = new Set()

  constructor(options: NameTableOptions) {
    this.#options = options
  }

  /** How many names are followed. */
  get size(): number {
    return this.#names.size
  }

  /**
   * Opens what the upstreams of a configuration need. Call `keep` with the result when that configuration is taken, or
   * with the one before when it is not: whatever that one does not use is closed.
   */
  async prepare(
    upstreams: readonly Upstream[],
  ): Promise<NamesInUse & { readonly used: NamesUsed }> {
    const names = new Set<FollowedName>()
    const sources = new Set<string>()
    const diagnostics: Diagnostic[] = []
    const wanted = new Map<string, ResolverSettings>()
    for (const upstream of upstreams) {
      if (!upstream.peers.some(({ isResolving }) => isResolving)) continue
      const settings = upstream.resolver ?? DEFAULT_RESOLVER
      wanted.set(settingsKey(settings), settings)
    }
    for (const [key, settings] of wanted) {
      sources.add(key)
      diagnostics.push(...(await this.#open(key, settings)))
    }
    const follow = (key: string, settings: ResolverSettings, upstream: Upstream, peer: Peer) => {
      const { address, service } = peer
      const source = this.#sources.get(key)
      if (address.kind === 'unix' || source === undefined) return null
      sources.add(key)
      const name = this.#follow(key, { ...source, settings }, address.host, service)
      names.add(name)
      name.wantedBy(upstream.name)
      return name
    }
    await this.#open(MACHINE_KEY, DEFAULT_RESOLVER)
    return {
      diagnostics,
      line: (upstream, peer) => {
        if (!peer.isResolving) {
          const name = follow(MACHINE_KEY, DEFAULT_RESOLVER, upstream, peer)
          return name === null ? null : new LateLine(name)
        }
        const settings = upstream.resolver ?? DEFAULT_RESOLVER
        return follow(settingsKey(settings), settings, upstream, peer)
      },
      settled: async () => {
        const answers = [...names].map(name => name.firstAnswer)
        const { delay = systemDelay } = this.#options
        await within(Promise.all(answers), CONTROL_LIMITS.firstAnswersMs, delay)
      },
      used: { names, sources },
    }
  }

  /** Goes on with these names only. */
  keep(used: NamesUsed): void {
    this.#inUse = used.names
    this.#sourcesInUse = used.sources
    this.dropUnused()
  }

  /** Closes what was prepared and not taken. */
  dropUnused(): void {
    for (const [key, name] of this.#names) {
      if (this.#inUse.has(name)) continue
      this.#names.delete(key)
      void name.close()
    }
    for (const [key, { names }] of this.#sources) {
      if (this.#sourcesInUse.has(key)) continue
      this.#sources.delete(key)
      names.close()
    }
  }

  /** Stops following all names; resolves when nothing is left open. */
  async close(): Promise<void> {
    const closing = [...this.#names.values()].map(name => name.close())
    this.#names.clear()
    for (const { names } of this.#sources.values()) names.close()
    this.#sources.clear()
    await Promise.all(closing)
  }

  async #open(key: string, settings: ResolverSettings): Promise<readonly Diagnostic[]> {
    if (this.#sources.has(key)) return []
    const { open = openNames, time } = this.#options
    const { source, diagnostics } = await open(settings, time === undefined ? {} : { time })
    if (source !== null) this.#sources.set(key, { names: source, settings })
    return diagnostics
  }

  #follow(key: string, source: Source, host: string, service: string | null): FollowedName {
    const nameKey = JSON.stringify([key, host.toLowerCase(), service])
    const known = this.#names.get(nameKey)
    if (known !== undefined) return known
    const name = new FollowedName(host, service, source, this.#options)
    this.#names.set(nameKey, name)
    return name
  }
}

/** What a configuration keeps alive. */
export interface NamesUsed {
  readonly names: ReadonlySet<FollowedName>
  readonly sources: ReadonlySet<string>
}

/** A name and the watch over it. */
class FollowedName implements PeerLine {
  readonly addresses = []
  readonly #watch: NameWatch
  readonly #wantedBy = new Set<string>()
  readonly #log: NameTableOptions['log']

  constructor(host: string, service: string | null, source: Source, options: NameTableOptions) {
    const { timeoutMs, holdMs } = source.settings
    this.#log = options.log
    this.#watch = new NameWatch({
      wanted: { name: host, service },
      source: source.names,
      retryMs: timeoutMs,
      holdMs,
      onChange: () => options.onChange(),
      onEvent: event => this.#tell(event),
      ...(options.time === undefined ? {} : { time: options.time }),
    })
  }

  get watched(): readonly WatchedAddress[] {
    return this.#watch.addresses
  }

  get firstAnswer(): Promise<void> {
    return this.#watch.firstAnswer
  }

  wantedBy(upstream: string): void {
    this.#wantedBy.add(upstream)
  }

  close(): Promise<void> {
    return this.#watch.close()
  }

  #tell({ kind, text, count }: WatchEvent): void {
    const names = [...this.#wantedBy].map(name => `"${name}"`).join(', ')
    const counted = count === 1 ? '1 address' : `${count} addresses`
    const holding = count === 1 ? 'its address holds' : `its ${count} addresses hold`
    const left = count === 0 ? 'it has no peer' : holding
    switch (kind) {
      case 'found':
        this.#log('notice', `${text} was found again for upstream ${names}: ${counted}`)
        break
      case 'dropped':
        this.#log('error', `${text} is gone for too long in upstream ${names}: ${left}`)
        break
      case 'missing':
      case 'failed':
        this.#log('warn', `${text} could not be resolved in upstream ${names}: ${left}`)
        break
    }
  }
}

/** A name that had no address when it was wanted for good: what it has first, it keeps. */
class LateLine implements PeerLine {
  readonly addresses = []
  readonly #name: FollowedName
  #found: readonly WatchedAddress[] = []

  constructor(name: FollowedName) {
    this.#name = name
  }

  get watched(): readonly WatchedAddress[] {
    if (this.#found.length === 0) this.#found = this.#name.watched
    return this.#found
  }
}

const MACHINE_KEY = settingsKey(DEFAULT_RESOLVER)

/** The same for settings that mean the same, wherever they were written. */
function settingsKey(settings: ResolverSettings): string {
  return JSON.stringify(settings, (name, value: unknown) =>
    name === 'origin' || name === 'origins' || name === 'statusZone' ? undefined : value,
  )
}
