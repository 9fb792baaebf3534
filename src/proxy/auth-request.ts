// `auth_request`: another location of the server is asked whether a request may pass, with a request of its own that has no
// body and no client (http://nginx.org/en/docs/http/ngx_http_auth_request_module.html). Of the answer the head counts, and
// as soon as that is there.

import { fail } from '../base/failure.ts'
import { DetachedClient } from '../downstream/detached-client.ts'
import { FRAMING_NONE } from '../http/body-framing.ts'
import { FIELD } from '../http/field-list.ts'
import type { AccessSettings } from '../model/access.ts'
import { detach } from './detach.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import type { Render } from './runtime.ts'
import { byteText } from './variable.ts'
import { compileTemplate } from './variables.ts'

/** Whom to ask, and what is taken from the answer; compiled. */
export interface AuthRequestRules {
  readonly uri: string
  readonly sets: readonly { readonly name: string; readonly value: Render }[]
}

/** Of an answer that nobody reads, what may come before it is cut. */
const BODY_BYTES_MAX = 65_536

/** Compiles `auth_request`. As in nginx a question mark is a part of the path: the one that is asked has no arguments. */
export function compileAuthRequest(uri: string, { requestSets }: AccessSettings): AuthRequestRules {
  const sets = requestSets.map(({ name, value }) => ({ name, value: compileTemplate(value) }))
  return { uri: byteText(uri), sets }
}

/** One question of one exchange. */
export class AuthQuestion {
  readonly #exchange: Exchange
  readonly #rules: AuthRequestRules
  readonly #onVerdict: (verdict: number) => void
  readonly #asked: Exchange
  readonly #client: AskedClient
  #isOver = false

  /** @param onVerdict called once, perhaps from within `start`: 0 = it may pass, else the status that it gets */
  constructor(exchange: Exchange, rules: AuthRequestRules, onVerdict: (verdict: number) => void) {
    this.#exchange = exchange
    this.#rules = rules
    this.#onVerdict = onVerdict
    const head = exchange.head.copy()
    const { nowMs } = exchange.snapshot.services.clock
    this.#client = new AskedClient(exchange.connection, head, nowMs)
    this.#client.onWrite = () => this.#settle()
    this.#asked = detach(exchange, head, this.#client)
    const asked = this.#asked
    head.method = 'GET'
    head.framing = FRAMING_NONE
    head.hasLength = false
    head.hasBody = false
    head.bodyBytes = 0
    head.expectsContinue = false
    head.upgrade = ''
    asked.method = 'GET'
    asked.uri = rules.uri
    asked.args = ''
    asked.isInternal = true
    asked.isTargetKept = false
    asked.askedFor = exchange
    // As in nginx, what `set` says there is said here.
    exchange.ownVariables ??= new Map()
    asked.ownVariables = exchange.ownVariables
    asked.onEnd = () => this.#settle()
  }

  start(): void {
    this.#asked.snapshot.runLocation(this.#asked)
  }

  /** Nobody wants to know any more. */
  giveUp(): void {
    this.#isOver = true
    this.#client.leave()
  }

  #settle(): void {
    if (this.#isOver) return
    this.#isOver = true
    const exchange = this.#exchange
    const asked = this.#asked
    for (const { name, value } of this.#rules.sets) exchange.ownVariables?.set(name, value(asked))
    const { status } = asked
    if (status === 401) exchange.keptLines += challengeLines(asked)
    if (status >= 200 && status < 300) this.#onVerdict(0)
    else if (status === 401 || status === 403) this.#onVerdict(status)
    else {
      logFailure(exchange, 'error', `auth request unexpected status: ${status}`)
      this.#onVerdict(500)
    }
  }
}

/** What the answer asks the client for; also where the location hides it. */
function challengeLines({ sentHead, responseHead }: Exchange): string {
  const sent = sentHead.match(/^WWW-Authenticate: .*\r\n/gim)
  if (sent !== null) return sent.join('')
  if (responseHead === null) return ''
  const { fields } = responseHead
  const id = FIELD.www_authenticate
  let lines = ''
  for (let i = fields.findId(id); i !== -1; i = fields.findId(id, i + 1))
    lines += `WWW-Authenticate: ${fields.value(i)}\r\n`
  return lines
}

/** Takes an answer without keeping it. */
class AskedClient extends DetachedClient {
  onWrite: () => void = () => {}
  #bytes = 0

  override writeText(text = ''): boolean {
    this.#take(text.length)
    return true
  }

  override writeBytes(bytes?: Uint8Array): boolean {
    this.#take(bytes?.length ?? 0)
    return true
  }

  #take(bytes: number): void {
    this.#bytes += bytes
    this.onWrite()
    // Not while it writes.
    if (this.#bytes > BODY_BYTES_MAX) queueMicrotask(() => this.leave())
  }

  /** The request to the peer ends. */
  leave(): void {
    this.flow?.onClientGone(fail('client_gone', ''))
  }
}
