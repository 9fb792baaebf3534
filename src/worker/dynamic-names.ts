// Names that only a request knows, looked up when it comes (`proxy_pass http://$backend` with a `resolver`): the answer
// holds for its time to live, and requests that want the same name meanwhile wait for one lookup. Each worker asks for
// itself.

import type { SystemClock } from '../base/clock.ts'
import type { NameAnswer, NameSource } from '../dns/name-source.ts'
import { openNames } from '../dns/open-names.ts'
import type { ResolverSettings } from '../model/resolver.ts'
import type { UpstreamRuntime } from '../proxy/runtime.ts'
import { type DynamicUpstreams, splitPort } from './dynamic-upstreams.ts'

/** Names that one worker remembers; the oldest goes when there are more. */
const NAMES_MAX = 1_024

/** Gets the group, or why there is none, in nginx's words: `3: Host not found`. */
export type OnNameAnswer = (answer: UpstreamRuntime | string) => void

export interface DynamicNamesOptions {
  readonly clock: Pick<SystemClock, 'nowMs' | 'refresh'>
  readonly upstreams: DynamicUpstreams
  readonly open?: typeof openNames
}

/** One lookup, and who waits for it. */
interface Flight {
  readonly waiting: Set<OnNameAnswer>
}

/** What is known of a name. */
interface Known {
  readonly upstream: UpstreamRuntime
  readonly untilMs: number
}

export class DynamicNames {
  readonly #options: DynamicNamesOptions
  readonly #sources = new Map<ResolverSettings, Promise<NameSource | null>>()
  readonly #known = new Map<ResolverSettings, Map<string, Known>>()
  readonly #flights = new Map<ResolverSettings, Map<string, Flight>>()
  readonly #over = new AbortController()

  constructor(options: DynamicNamesOptions) {
    this.#options = options
  }

  /**
   * Finds the group of `host` or `host:port`. `onAnswer` is called once, within this call when the answer is known.
   *
   * @returns gives up: `onAnswer` is not called any more
   */
  find(name: string, resolver: ResolverSettings, onAnswer: OnNameAnswer): () => void {
    const known = tableOf(this.#known, resolver).get(name)
    if (known !== undefined && known.untilMs > this.#options.clock.nowMs) {
      onAnswer(known.upstream)
      return () => {}
    }
    const flights = tableOf(this.#flights, resolver)
    let flight = flights.get(name)
    if (flight === undefined) {
      flight = { waiting: new Set() }
      flights.set(name, flight)
      void this.#fly(name, resolver, flight)
    }
    const { waiting } = flight
    waiting.add(onAnswer)
    return () => void waiting.delete(onAnswer)
  }

  /** Gives up whatever is on its way. */
  close(): void {
    this.#over.abort()
    for (const source of this.#sources.values()) void source.then(opened => opened?.close())
  }

  async #fly(name: string, resolver: ResolverSettings, flight: Flight): Promise<void> {
    const answer = await this.#ask(name, resolver)
    this.#options.clock.refresh()
    tableOf(this.#flights, resolver).delete(name)
    for (const onAnswer of flight.waiting) onAnswer(answer)
  }

  async #ask(name: string, resolver: ResolverSettings): Promise<UpstreamRuntime | string> {
    const place = splitPort(name)
    if (place === null) return `${name} is no host`
    const source = await this.#sourceOf(resolver)
    if (source === null) return 'the name server is not known'
    const answer = await source.find({ name: place.host, service: null }, this.#over.signal)
    if (answer.outcome !== 'found') return answer.reason
    if (answer.addresses.length === 0) return 'nobody answered all questions'
    return this.#keep(name, resolver, place.port, answer)
  }

  #sourceOf(resolver: ResolverSettings): Promise<NameSource | null> {
    const { open = openNames } = this.#options
    const opened = this.#sources.get(resolver) ?? open(resolver).then(({ source }) => source)
    this.#sources.set(resolver, opened)
    return opened
  }

  #keep(
    name: string,
    resolver: ResolverSettings,
    port: number,
    answer: Extract<NameAnswer, { outcome: 'found' }>,
  ): UpstreamRuntime {
    const known = tableOf(this.#known, resolver)
    const hosts = [...new Set(answer.addresses.map(({ host }) => host))]
    const before = known.get(name)?.upstream
    const same = before?.config.peers.map(({ address }) => address.kind === 'tcp' && address.host)
    const upstream =
      before !== undefined && same?.join() === hosts.join()
        ? before
        : this.#options.upstreams.make(
            name,
            hosts.map(host => ({ kind: 'tcp', host, port })),
          )
    known.delete(name)
    if (known.size >= NAMES_MAX) {
      const oldest = known.keys().next().value
      if (oldest !== undefined) known.delete(oldest)
    }
    known.set(name, { upstream, untilMs: this.#options.clock.nowMs + answer.ttlMs })
    return upstream
  }
}

function tableOf<T>(
  tables: Map<ResolverSettings, Map<string, T>>,
  resolver: ResolverSettings,
): Map<string, T> {
  const known = tables.get(resolver)
  if (known !== undefined) return known
  const made = new Map<string, T>()
  tables.set(resolver, made)
  return made
}
