// Hears what becomes of one request in a rehearsal, and says of each location on its way why it was that one.

import type { Config } from '../../model/config.ts'
import type { Origin } from '../../model/origin.ts'
import { answerStatus } from '../../proxy/answer.ts'
import type { Exchange } from '../../proxy/exchange.ts'
import type { LocationRuntime, UpstreamRuntime } from '../../proxy/runtime.ts'
import type { Trace, TraceTopic } from '../../proxy/trace.ts'
import type { Decision } from './explanation.ts'
import { accessDecisions, limitDecisions } from './phase-reasons.ts'
import { type Chain, chainTo, type Places, placeText } from './places.ts'
import { locationReason, matchText } from './route-reasons.ts'

/** A peer would be asked now. */
export interface Forwarding {
  readonly exchange: Exchange
  readonly location: LocationRuntime
  /** Null = its name has to be looked up first. */
  readonly upstream: UpstreamRuntime | null
}

export class Watch implements Trace {
  readonly decisions: Decision[] = []
  readonly forwarding = Promise.withResolvers<Forwarding>()
  /** The client's own; null until a location takes it. */
  exchange: Exchange | null = null
  /** The last that took it. */
  location: LocationRuntime | null = null
  chain: Chain = []
  /** As it is written. */
  locationText: string | null = null
  readonly #places: Places
  readonly #config: Config
  /** Why the next location is looked for has been said. */
  #isCauseSaid = false
  /** The path with which the last location took it. */
  #uri = ''

  constructor(places: Places, config: Config) {
    this.#places = places
    this.#config = config
  }

  onLocation(exchange: Exchange, location: LocationRuntime): void {
    if (this.exchange !== null && exchange !== this.exchange) {
      this.#say('access', `${exchange.uri} is asked first, ${this.#nameOf(exchange, location)}`, '')
      return
    }
    this.#enter(exchange, location)
    const { config } = location
    const { chain } = this
    const text =
      config === null
        ? 'none matches: the server itself'
        : `${this.locationText}: ${locationReason(config, chain)}`
    this.#say('location', text, placeText((config ?? exchange.server.config).origin))
  }

  onUnserved(exchange: Exchange, why: 'slash-missing' | 'internal-only'): void {
    const location = exchange.location!
    this.#enter(exchange, location)
    const text =
      why === 'slash-missing'
        ? 'the path lacks its slash, and such a location proxies: 301'
        : 'for internal redirects only: 404'
    this.#say('location', `${this.locationText}: ${text}`, placeText(location.config!.origin))
  }

  onForward(exchange: Exchange, location: LocationRuntime, upstream: UpstreamRuntime | null): void {
    if (exchange === this.exchange) this.forwarding.resolve({ exchange, location, upstream })
    // A question of the configuration's own (`auth_request`): what its peer would say, nobody knows.
    else answerStatus(exchange, 204)
  }

  onPhase(exchange: Exchange, phase: 'limit' | 'access'): void {
    const { location, chain } = this
    if (exchange !== this.exchange || location === null) return
    const decisions =
      phase === 'limit'
        ? limitDecisions(exchange, location, chain, this.#places, this.#config)
        : accessDecisions(exchange, location, chain, this.#places)
    this.decisions.push(...decisions)
  }

  onErrorPage(exchange: Exchange, status: number, target: string): void {
    if (exchange !== this.exchange) return
    const at = this.#places.find(this.chain, ERROR_PAGE, args => args.includes(String(status)))
    this.#say('redirect', `${status} is answered by ${target}`, at)
    this.#isCauseSaid = true
  }

  onDecision(topic: TraceTopic, text: string, origin?: Origin): void {
    this.#say(topic, text, origin === undefined ? '' : placeText(origin))
    if (topic === 'rewrite' || topic === 'redirect') this.#isCauseSaid = true
  }

  /** The exchange is at its end: an `if` may have put a block in place of its location. */
  settle(): void {
    const { exchange } = this
    const location = exchange?.location ?? null
    if (exchange === null || location === null || location === this.location) return
    this.location = location
    this.chain = chainTo(exchange.server.config, location.config)
    this.locationText = this.#nameIn(location, this.chain)
  }

  #enter(exchange: Exchange, location: LocationRuntime): void {
    if (this.exchange !== null) this.#sayRedirect(exchange)
    this.exchange = exchange
    this.location = location
    this.#uri = exchange.uri
    this.#isCauseSaid = false
    this.chain = chainTo(exchange.server.config, location.config)
    this.locationText = this.#nameIn(location, this.chain)
  }

  #sayRedirect(exchange: Exchange): void {
    const isMoved = exchange.uri !== this.#uri
    if (!this.#isCauseSaid) {
      const isIndex = isMoved && this.#uri.endsWith('/')
      const at = isIndex ? this.#places.find(this.chain, INDEX) : ''
      this.#say('redirect', isIndex ? 'the index of the directory' : 'an internal redirect', at)
    }
    if (isMoved) this.#say('redirect', `goes on as ${exchange.uri}`, '')
  }

  #nameOf(exchange: Exchange, location: LocationRuntime): string {
    const chain = chainTo(exchange.server.config, location.config)
    return `location ${this.#nameIn(location, chain) ?? 'none'}`
  }

  #nameIn({ config }: LocationRuntime, chain: Chain): string | null {
    if (config === null) return null
    return this.#places.blockText(chain) ?? matchText(config.match)
  }

  #say(topic: Decision['topic'], text: string, at: string): void {
    this.decisions.push({ topic, text, at })
  }
}

const ERROR_PAGE = { nginx: 'error_page', model: 'errorPages' }
const INDEX = { nginx: 'index', model: 'files.index' }
