// Follows the addresses of one name: asks again when the answer has lived its time and a second, as nginx, and tells
// only what changed, as a whole list that nobody changes afterwards. Where nginx empties the group when a name is gone,
// the last good addresses hold for a while, because most vanished names are mistakes in a zone
// (docs/decisions/015-names.md).

import type { FoundAddress, NameAnswer, NameSource, Wanted } from './name-source.ts'
import { type NameTime, systemNameTime } from './name-time.ts'

/** One address of a name, ready to be a peer. */
export interface WatchedAddress {
  readonly host: string
  /** From the service's record; null where the port is the one of the `server` line. */
  readonly port: number | null
  /** From the service's record, at least 1; null where there is none. */
  readonly weight: number | null
  /** Of a service: not of the most wanted priority. */
  readonly isBackup: boolean
}

/** What the log should know. Each is said once, not each time that it shows again. */
export interface WatchEvent {
  /** `missing`: no such name; `failed`: nobody could say; `dropped`: missing for longer than `holdMs`. */
  readonly kind: 'missing' | 'failed' | 'dropped' | 'found'
  /** In nginx's words, such as `app.example (3: Host not found)`. */
  readonly text: string
  /** Addresses that hold now. */
  readonly count: number
}

export interface NameWatchOptions {
  readonly wanted: Wanted
  readonly source: NameSource
  /** How long to wait after nobody could say (nginx: `resolver_timeout`); at least a second. */
  readonly retryMs: number
  /** How long the last good addresses hold after the name is gone; 0 = not at all, as nginx. */
  readonly holdMs: number
  /** What is known already, from the watch before a reload: told again only when it differs. */
  readonly initial?: readonly WatchedAddress[]
  /** Gets the whole list, never the same twice; empty after `dropped`. */
  readonly onChange: (addresses: readonly WatchedAddress[]) => void
  readonly onEvent: (event: WatchEvent) => void
  readonly time?: NameTime
}

const SECOND_MS = 1000
const NOT_MISSING = Number.POSITIVE_INFINITY

export class NameWatch {
  readonly #options: NameWatchOptions
  readonly #time: NameTime
  readonly #over = new AbortController()
  readonly #first = Promise.withResolvers<void>()
  readonly #done: Promise<void>
  #addresses: readonly WatchedAddress[]
  /** What the questions gave last, also those that are not answered now. */
  #found: readonly FoundAddress[] = []
  #outcome: NameAnswer['outcome'] = 'found'
  #missingSinceMs = NOT_MISSING

  /** Begins to watch at once; the first answer comes later. */
  constructor(options: NameWatchOptions) {
    this.#options = options
    this.#time = options.time ?? systemNameTime()
    this.#addresses = options.initial ?? []
    this.#done = this.#run()
  }

  get addresses(): readonly WatchedAddress[] {
    return this.#addresses
  }

  /** Resolves after the first answer, whatever it says, or when the watch is closed. */
  get firstAnswer(): Promise<void> {
    return this.#first.promise
  }

  /** Stops; resolves when nothing is left open. */
  close(): Promise<void> {
    this.#over.abort()
    return this.#done
  }

  async #run(): Promise<void> {
    const { source, wanted } = this.#options
    const { signal } = this.#over
    while (!signal.aborted) {
      const answer = await source.find(wanted, signal)
      if (signal.aborted) break
      const waitMs = this.#take(answer)
      this.#first.resolve()
      await this.#time.delay(waitMs, signal)
    }
    this.#first.resolve()
  }

  /** Takes an answer in and says how long to wait for the next. */
  #take(answer: NameAnswer): number {
    switch (answer.outcome) {
      case 'found':
        this.#takeFound(answer.addresses, answer.unknown)
        return answer.ttlMs + SECOND_MS
      case 'missing':
        return this.#takeMissing(answer.reason, answer.ttlMs)
      case 'failed':
        this.#say('failed', answer.reason)
        return Math.max(this.#options.retryMs, SECOND_MS)
    }
  }

  #takeFound(addresses: readonly FoundAddress[], unknown: readonly string[]): void {
    const kept = this.#found.filter(found => unknown.includes(found.origin))
    this.#found = [...addresses, ...kept]
    this.#missingSinceMs = NOT_MISSING
    this.#change(watched(this.#found))
    this.#say('found', '')
  }

  #takeMissing(reason: string, ttlMs: number): number {
    const { holdMs } = this.#options
    const now = this.#time.now()
    const waitMs = ttlMs + SECOND_MS
    const isNews = this.#missingSinceMs === NOT_MISSING
    if (isNews) this.#missingSinceMs = now
    const leftMs = this.#missingSinceMs + holdMs - now
    if (this.#addresses.length > 0 && leftMs > 0) {
      this.#say('missing', reason)
      return Math.min(waitMs, leftMs)
    }
    const hadAddresses = this.#addresses.length > 0
    this.#found = []
    this.#change([])
    if (hadAddresses && !isNews) this.#tell('dropped', reason)
    else this.#say('missing', reason)
    this.#outcome = 'missing'
    return waitMs
  }

  #change(addresses: readonly WatchedAddress[]): void {
    if (JSON.stringify(addresses) === JSON.stringify(this.#addresses)) return
    this.#addresses = addresses
    this.#options.onChange(addresses)
  }

  /** Tells of an outcome when it is another than the last one. */
  #say(outcome: NameAnswer['outcome'], reason: string): void {
    if (this.#outcome === outcome) return
    this.#outcome = outcome
    this.#tell(outcome, reason)
  }

  #tell(kind: WatchEvent['kind'], reason: string): void {
    const { name, service } = this.#options.wanted
    const what = service === null ? name : `${name} (service ${service})`
    const text = reason === '' ? what : `${what} (${reason})`
    this.#options.onEvent({ kind, text, count: this.#addresses.length })
  }
}

/** Makes the list: the most wanted priority first, the others as backups; each host and port once. */
function watched(found: readonly FoundAddress[]): readonly WatchedAddress[] {
  const best = Math.min(...found.map(({ priority }) => priority ?? 0))
  const byPlace = new Map<string, WatchedAddress>()
  const wantedFirst = found.toSorted((a, b) => (a.priority ?? 0) - (b.priority ?? 0))
  for (const { host, port, weight, priority } of wantedFirst) {
    const isBackup = (priority ?? 0) > best
    const place = `${isBackup ? 1 : 0} ${host.includes(':') ? 6 : 4} ${host} ${port ?? ''}`
    if (byPlace.has(place) || (isBackup && byPlace.has(`0${place.slice(1)}`))) continue
    // A weight of 0 asks for "a very small chance" (RFC 2782); a peer's weight begins at 1.
    const peerWeight = weight === null ? null : Math.max(1, weight)
    byPlace.set(place, { host, port, weight: peerWeight, isBackup })
  }
  return [...byPlace.keys()].sort().map(place => byPlace.get(place)!)
}
