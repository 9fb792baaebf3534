// The access phase: who may have what stands behind it, by address, by password, and by asking another location. All of
// them must agree, or under `satisfy any` one of them
// (http://nginx.org/en/docs/http/ngx_http_core_module.html#satisfy).

import type { LoginResult } from '../auth/logins.ts'
import { type Failure, fail, failureReason } from '../base/failure.ts'
import { Timer } from '../base/timer-wheel.ts'
import { type AddressRules, addressRules } from './address-rules.ts'
import { answerStatus } from './answer.ts'
import { AuthQuestion, type AuthRequestRules, compileAuthRequest } from './auth-request.ts'
import { type BasicCredentials, basicCredentials } from './basic-credentials.ts'
import { clientAddress } from './client-address.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { HalfCloseWatch, patienceMs } from './half-close.ts'
import type { Handler, LocationRuntime, Render } from './runtime.ts'
import { fieldText } from './safe-text.ts'
import { compileTemplate } from './variables.ts'
import { WaitingFlow } from './waiting-flow.ts'

/** What one location wants to know, compiled. */
interface AccessRules {
  readonly isAnyEnough: boolean
  readonly addresses: AddressRules | null
  readonly basic: BasicRules | null
  readonly request: AuthRequestRules | null
  readonly delayMs: number
  /** What is behind it. */
  readonly next: Handler
}

interface BasicRules {
  readonly realm: Render
  readonly usersPath: Render
}

/** Lets pass who may. */
export function checkAccess(location: LocationRuntime, next: Handler): Handler {
  const { access } = location.settings
  const addresses = access.rules.length === 0 ? null : addressRules(access.rules)
  const { realm, usersPath } = access
  const basic =
    realm === null || usersPath === null
      ? null
      : { realm: compileTemplate(realm), usersPath: compileTemplate(usersPath) }
  const request = access.request === null ? null : compileAuthRequest(access.request, access)
  if (basic === null && request === null)
    return addresses === null ? next : byAddressAlone(addresses, next)
  const isAnyEnough = access.satisfy === 'any'
  const { delayMs } = access
  const rules: AccessRules = { isAnyEnough, addresses, basic, request, delayMs, next }
  return exchange => {
    // Who asks on behalf of another is not asked itself.
    if (exchange.isDetached) next(exchange)
    else new AccessCheck(exchange, rules).start()
  }
}

function byAddressAlone(addresses: AddressRules, next: Handler): Handler {
  return exchange => {
    if (exchange.isDetached || addresses.find(clientAddress(exchange)) !== 'deny') next(exchange)
    else forbid(exchange)
  }
}

function forbid(exchange: Exchange): void {
  exchange.step = 'filter'
  logFailure(exchange, 'error', 'access forbidden by rule')
  answerStatus(exchange, 403)
}

const CHALLENGES = /^WWW-Authenticate: .*\r\n/gim

/** What one question came to: 0 = yes, -1 = it has no opinion, else the status that stands for no. */
type Verdict = number

const YES = 0
const NO_OPINION = -1

/** One request on its way through the questions. Its client may leave while they are asked. */
class AccessCheck extends WaitingFlow {
  readonly #rules: AccessRules
  /** Under `satisfy any`: what is answered when nobody says yes. */
  #refusal = 0
  #giveUp: (() => void) | null = null
  #halfClose: HalfCloseWatch | null = null
  /** Questions that were asked so far. */
  #asked = 0

  constructor(exchange: Exchange, rules: AccessRules) {
    super(exchange)
    this.#rules = rules
  }

  start(): void {
    this.exchange.step = 'filter'
    this.#next()
  }

  #next(): void {
    switch (this.#asked++) {
      case 0:
        this.#askAddress()
        break
      case 1:
        this.#askPassword()
        break
      case 2:
        this.#askLocation()
        break
      default:
        this.#end()
    }
  }

  #take(verdict: Verdict): void {
    const { isAnyEnough } = this.#rules
    if (verdict === NO_OPINION || (verdict === YES && !isAnyEnough)) {
      this.#next()
    } else if (verdict === YES) {
      const { exchange } = this
      exchange.keptLines = exchange.keptLines.replace(CHALLENGES, '')
      this.#pass()
    } else if (isAnyEnough && (verdict === 401 || verdict === 403)) {
      if (this.#refusal !== 401) this.#refusal = verdict
      this.#next()
    } else {
      this.#refuse(verdict)
    }
  }

  #end(): void {
    if (this.#refusal === 0) {
      this.#pass()
      return
    }
    if (this.#refusal === 403) logFailure(this.exchange, 'error', 'access forbidden by rule')
    this.#refuse(this.#refusal)
  }

  #pass(): void {
    const { connection } = this.exchange
    const isHalfClosed = this.#halfClose !== null
    this.leave()
    this.#rules.next(this.exchange)
    // Who goes on did not hear it.
    if (isHalfClosed && !this.exchange.isFinished) connection.flow?.onClientEnd()
  }

  protected override leave(): void {
    this.#halfClose?.cancel()
    super.leave()
  }

  #refuse(status: number): void {
    const { exchange } = this
    const { delayMs } = this.#rules
    if (status !== 401 || delayMs === 0) {
      this.leave()
      answerStatus(exchange, status)
      return
    }
    logFailure(exchange, 'info', 'delaying unauthorized request')
    const { wheel } = exchange.snapshot.services
    const timer = new Timer(() => {
      this.leave()
      answerStatus(exchange, status)
    })
    this.#wait(() => wheel.remove(timer))
    wheel.set(timer, delayMs)
  }

  /** From now on the client is heard. */
  #wait(giveUp: () => void): void {
    const { connection } = this.exchange
    const isNew = connection.flow !== this
    connection.flow = this
    this.#giveUp = giveUp
    if (isNew && connection.isHalfClosed) this.onClientEnd()
  }

  #askAddress(): void {
    const { addresses, isAnyEnough } = this.#rules
    const verdict = addresses?.find(clientAddress(this.exchange)) ?? null
    if (verdict === 'allow') this.#take(YES)
    else if (verdict === null) this.#take(NO_OPINION)
    else if (isAnyEnough) this.#take(403)
    else forbid(this.exchange)
  }

  #askPassword(): void {
    const { exchange } = this
    const { basic } = this.#rules
    const realm = basic?.realm(exchange) ?? 'off'
    if (basic === null || realm === 'off') {
      this.#take(NO_OPINION)
      return
    }
    const credentials = basicCredentials(exchange)
    if (credentials !== null) {
      this.#checkLogin(credentials, basic.usersPath(exchange), realm)
      return
    }
    logFailure(exchange, 'info', 'no user/password was provided for basic authentication')
    this.#challenge(realm)
  }

  #checkLogin({ user, password }: BasicCredentials, path: string, realm: string): void {
    const { exchange } = this
    const client = clientAddress(exchange)
    const { logins } = exchange.snapshot.services
    this.#wait(
      logins.check({ path, user, password, client }, result => {
        this.#giveUp = null
        if (!exchange.isFinished) this.#onLogin(result, realm)
      }),
    )
  }

  #onLogin(result: LoginResult, realm: string): void {
    const { exchange } = this
    switch (result.kind) {
      case 'right':
        this.#take(YES)
        break
      case 'wrong':
        logFailure(exchange, 'error', result.text)
        this.#challenge(realm)
        break
      case 'no-file':
        logFailure(exchange, 'error', result.text)
        this.#take(403)
        break
      case 'busy':
        logFailure(exchange, 'error', result.text)
        this.#take(503)
        break
      case 'failed':
        logFailure(exchange, 'crit', result.text)
        this.#take(500)
        break
    }
  }

  #challenge(realm: string): void {
    this.exchange.keptLines += `WWW-Authenticate: Basic realm="${fieldText(realm)}"\r\n`
    this.#take(401)
  }

  #askLocation(): void {
    const { exchange } = this
    const { request } = this.#rules
    if (request === null) {
      this.#take(NO_OPINION)
      return
    }
    const question = new AuthQuestion(exchange, request, verdict => {
      this.#giveUp = null
      if (!exchange.isFinished) this.#take(verdict)
    })
    this.#wait(() => question.giveUp())
    question.start()
  }

  override onClientGone(failure: Failure): void {
    this.#giveUp?.()
    this.#halfClose?.cancel()
    const text = 'client prematurely closed connection'
    logFailure(this.exchange, 'info', text, failureReason(failure))
    super.onClientGone(failure)
  }

  override onClientEnd(): void {
    const { snapshot, startedMs } = this.exchange
    const { services, isStrict } = snapshot
    const waitMs = patienceMs(services.clock.nowMs - startedMs, isStrict)
    if (waitMs === null) return
    this.#halfClose?.cancel()
    this.#halfClose = new HalfCloseWatch(services, waitMs, () =>
      this.onClientGone(fail('client_gone', 'closed while it waited')),
    )
  }
}
