// `proxy_store`: a whole response with status 200 becomes a file, as nginx makes one (ngx_http_upstream_store). The peer's
// bytes go into the file at the peer's pace, and the client follows there at its own; who leaves does not stop it.
// Unlike nginx nothing is made of HEAD, whose body is empty whatever the response says, and no variable leads upwards.

import type { Clock } from '../base/clock.ts'
import { failedCallText } from '../base/system-error.ts'
import { BlockPool } from '../cache/store/block-pool.ts'
import { DiskLog } from '../cache/store/disk-log.ts'
import { type FileCalls, SYSTEM_FILES } from '../cache/store/file-calls.ts'
import { GrowingBody } from '../cache/store/growing-body.ts'
import { PlainFile } from '../cache/store/plain-file.ts'
import { parseHttpDate } from '../http/date.ts'
import { FIELD } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { ProxySettings, StoreSettings } from '../model/proxy-settings.ts'
import { templateText } from '../model/template.ts'
import type { Exchange } from './exchange.ts'
import { ExchangeHold } from './exchange-hold.ts'
import type { Fetch, ResponseTaker, TakerOwner } from './fetch.ts'
import { FilePaths } from './file-path.ts'
import { isBuffered } from './peer-buffering.ts'
import type { Handler, LocationRuntime } from './runtime.ts'
import { answerFollowing } from './store-answer.ts'
import { StoreDelivery } from './store-delivery.ts'
import type { Tries } from './tries.ts'
import { compileTemplate } from './variables.ts'

/** What a location stores by, compiled. */
interface StoreRules {
  readonly location: LocationRuntime
  readonly proxy: ProxySettings
  readonly mode: number
  /** The file of an exchange; null = outside of the root. */
  readonly pathOf: (exchange: Exchange) => string | null
  readonly files: FileCalls
  readonly pool: BlockPool
  readonly log: DiskLog
}

/** Makes the handler of a location that stores what `forward` gets. */
export function makeStoreHandler(
  location: LocationRuntime,
  store: StoreSettings,
  forward: Handler,
  clock: Clock,
  files = SYSTEM_FILES,
): Handler {
  const { proxy } = location.settings
  const rules: StoreRules = {
    location,
    proxy,
    mode: store.mode,
    pathOf: compilePath(location, store),
    files,
    pool: new BlockPool(),
    log: new DiskLog((level, text) => location.errorLog.write(level, text), clock),
  }
  return exchange => {
    exchange.fetch = exchange.method === 'HEAD' ? null : new StoreFetch(exchange, rules)
    forward(exchange)
  }
}

function compilePath({ settings }: LocationRuntime, { path }: StoreSettings): StoreRules['pathOf'] {
  const { files } = settings
  const paths = new FilePaths(files, compileTemplate)
  const render = path === 'root' ? null : compileTemplate(path)
  const written = upwards(templateText(path === 'root' ? files.root : path))
  return exchange => {
    const text = render === null ? paths.file(exchange, exchange.uri) : render(exchange)
    return text === null || upwards(text) > written ? null : text
  }
}

/** How often a path goes one directory up. */
function upwards(path: string): number {
  return path.includes('..') ? path.split('/').filter(name => name === '..').length : 0
}

class StoreFetch implements Fetch {
  readonly conditionLines = ''
  readonly isWhole = false
  readonly outlivesClient = true
  readonly #exchange: Exchange
  readonly #rules: StoreRules
  /** The file is being written. */
  #isStoring = false
  readonly #hold: ExchangeHold

  constructor(exchange: Exchange, rules: StoreRules) {
    this.#exchange = exchange
    this.#hold = new ExchangeHold(exchange)
    this.#rules = rules
  }

  onResponse(head: ResponseHead, tries: Tries, owner: TakerOwner): ResponseTaker | null {
    const exchange = this.#exchange
    if (head.status !== 200 || !mayStore(head, this.#rules.proxy)) return null
    const target = this.#target()
    if (target === null) return null
    const { files, pool, proxy, mode, location, log } = this.#rules
    const file = new PlainFile({
      files,
      tempPath: proxy.tempPath,
      target,
      mode,
      modifiedSeconds: modifiedSeconds(head),
    })
    const onFailed = (error: Error, path: string): void =>
      log.say('crit', `${failedCallText(error, path)} while storing "${target}"`)
    const body = new GrowingBody({
      files,
      pool,
      file,
      bodyStart: 0,
      bytes: head.bodyBytes >= 0 ? head.bodyBytes : -1,
      onFailed,
    })
    this.#isStoring = true
    this.#hold.take()
    const delivery = new StoreDelivery({
      exchange,
      tries,
      owner,
      body,
      file,
      trailers: location.trailers,
      onFailed,
      onOver: () => this.#onStored(),
    })
    if (exchange.body !== null && exchange.peerConnection?.isRequestSent !== true) {
      // The rest of the request has no place to go (RFC 9112 §9.3).
      exchange.mustClose = true
      exchange.body.discard()
    }
    if (!exchange.isFinished) {
      answerFollowing(exchange, location, head, body, () => delivery.trailerLines)
    }
    body.release()
    return delivery
  }

  /** Null where there is none for it, which is said. */
  #target(): string | null {
    const { pathOf, log } = this.#rules
    const path = pathOf(this.#exchange)
    const isFile = path !== null && path !== '' && !path.endsWith('/') && !path.includes('\0')
    if (isFile) return path
    const written = path ?? this.#exchange.uri
    const shown = JSON.stringify(written.length > SHOWN_MAX ? written.slice(0, SHOWN_MAX) : written)
    log.say('error', `cannot store a response as ${shown}: no name of a file`)
    return null
  }

  onNoResponse(): boolean {
    return false
  }

  onClientGone(): void {
    this.#hold.take()
  }

  onOver(): void {
    if (!this.#isStoring) this.#hold.letGo()
  }

  #onStored(): void {
    this.#isStoring = false
    this.#hold.letGo()
  }
}

const SHOWN_MAX = 200

/** As in nginx what is not buffered is not stored, and the peer has a say in that. */
function mayStore(head: ResponseHead, proxy: ProxySettings): boolean {
  const isRedirect = head.fields.findId(FIELD.x_accel_redirect) >= 0
  if (isRedirect && !proxy.ignoreFields.includes('x-accel-redirect')) return false
  return isBuffered(head, proxy)
}

function modifiedSeconds({ fields }: ResponseHead): number {
  const index = fields.findId(FIELD.last_modified)
  return index === -1 ? Number.NaN : parseHttpDate(fields.value(index))
}
