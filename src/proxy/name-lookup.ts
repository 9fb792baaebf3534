// A request whose peer has a name that only variables told (`proxy_pass http://$backend`): it waits here until the name
// has addresses, and then goes on as any other (http://nginx.org/en/docs/http/ngx_http_core_module.html#resolver).

import { type Failure, fail } from '../base/failure.ts'
import type { ExchangeFlow } from '../downstream/client-handler.ts'
import { answerFailure } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { logClientGone, logFailure } from './failure-log.ts'
import { cutExchange } from './finish.ts'
import type { LocationRuntime, UpstreamRuntime } from './runtime.ts'

/** A name that a resolver could be asked for. */
const HOST_AND_PORT = /^([^\s:[\]@?#]+)(?::[1-9]\d{0,4})?$/

/** A name behind which no port stands, but something. */
const HOST_AND_MORE = /^[^\s:[\]@?#]+:/

/** Looks up the name of a peer, and goes on with its group, or answers that there is none. */
export function lookUpPeer(
  exchange: Exchange,
  location: LocationRuntime,
  name: string,
  goOn: (found: UpstreamRuntime) => void,
): void {
  const host = HOST_AND_PORT.exec(name)?.[1]
  exchange.step = 'pick'
  if (/^https:$/i.test(name)) {
    refuse(exchange, name, 'https:// in "proxy_pass" is not supported yet', 500)
    return
  }
  if (host === undefined) {
    // A name could be somebody's, what is none is a mistake of the configuration.
    const what = HOST_AND_MORE.test(name) ? 'port' : 'host'
    refuse(exchange, name, `invalid ${what} in upstream "${name}"`, 500)
    return
  }
  if (!exchange.snapshot.hasResolver(location.settings.resolver)) {
    refuse(exchange, name, `no resolver defined to resolve ${host}`, 502)
    return
  }
  const lookup = new NameLookup(exchange, found => {
    if (typeof found !== 'string') goOn(found)
    else refuse(exchange, name, `${host} could not be resolved (${found})`, 502)
  })
  lookup.start(name, location)
}

function refuse(exchange: Exchange, name: string, text: string, status: number): void {
  logFailure(exchange, 'error', text)
  const { fetch } = exchange
  if (fetch?.onNoResponse('error', status) !== true)
    answerFailure(exchange, fail('bad_upstream_name', name), status)
  fetch?.onOver()
}

class NameLookup implements ExchangeFlow {
  readonly #exchange: Exchange
  readonly #onAnswer: (answer: UpstreamRuntime | string) => void
  #giveUp: () => void = () => {}
  #isHalfClosed = false

  constructor(exchange: Exchange, onAnswer: (answer: UpstreamRuntime | string) => void) {
    this.#exchange = exchange
    this.#onAnswer = onAnswer
  }

  start(name: string, location: LocationRuntime): void {
    const { snapshot, connection } = this.#exchange
    connection.flow = this
    const { resolver } = location.settings
    this.#giveUp = snapshot.lookUpUpstream(name, resolver, answer => this.#take(answer))
  }

  #take(answer: UpstreamRuntime | string): void {
    const { connection } = this.#exchange
    if (this.#exchange.isFinished) return
    if (connection.flow === this) connection.flow = null
    this.#onAnswer(answer)
    // Who goes on did not hear it.
    if (this.#isHalfClosed && !this.#exchange.isFinished) connection.flow?.onClientEnd()
  }

  onClientGone(failure: Failure): void {
    this.#giveUp()
    this.#exchange.failure ??= failure
    logClientGone(this.#exchange, failure)
    this.#exchange.status = 499
    cutExchange(this.#exchange, false)
    this.#exchange.fetch?.onOver()
  }

  onClientEnd(): void {
    this.#isHalfClosed = true
  }

  onBodyData(): void {}

  onBodyEnd(): void {}

  onBodyFailure(): void {}

  onDrain(): void {}
}
