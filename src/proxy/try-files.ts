// `try_files`: the first path that is there goes on to the location's own action, else the fallback does
// (http://nginx.org/en/docs/http/ngx_http_core_module.html#try_files).

import type { Stats } from 'node:fs' // hot-path: looking for files

import type { Failure } from '../base/failure.ts'
import type { ExchangeFlow } from '../downstream/client-handler.ts'
import type { Origin } from '../model/origin.ts'
import type { TryFiles } from '../model/route.ts'
import { answerStatus, internalRedirect, runNamedLocation } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { FileOpener } from './file-links.ts'
import { FilePaths } from './file-path.ts'
import { cutExchange } from './finish.ts'
import type { Handler, LocationRuntime, Render } from './runtime.ts'
import { compileTemplate } from './variables.ts'

/** A path to look at. */
interface TryPath {
  readonly render: Render
  /** Written with a slash at its end: a directory is looked for, and the slash is no part of the path. */
  readonly isDirectory: boolean
}

/** What the search of one location needs, compiled. */
interface TryRules {
  readonly origin: Origin
  readonly files: FilePaths
  readonly opener: FileOpener
  readonly paths: readonly TryPath[]
  /** A path or `@name`; null when `status` answers. */
  readonly fallback: Render | null
  readonly status: number
  /** The location's own action. */
  readonly content: Handler
}

/** Makes the handler that looks before `content` answers. */
export function makeTryFiles(
  config: TryFiles,
  location: LocationRuntime,
  content: Handler,
): Handler {
  const { fallback } = config
  const isStatus = 'status' in fallback
  const rules: TryRules = {
    origin: config.origin,
    files: new FilePaths(location.settings.files, compileTemplate),
    opener: new FileOpener(location.settings.files, compileTemplate),
    paths: config.paths.map(path => {
      const last = path.at(-1)
      const isDirectory = typeof last === 'string' && last.endsWith('/')
      return { render: compileTemplate(path), isDirectory }
    }),
    fallback: isStatus ? null : compileTemplate(fallback),
    status: isStatus ? fallback.status : 0,
    content,
  }
  return exchange => new TryFilesSearch(exchange, rules).next()
}

/** One search. The client may leave while the disk works. */
class TryFilesSearch implements ExchangeFlow {
  readonly #exchange: Exchange
  readonly #rules: TryRules
  #index = 0

  constructor(exchange: Exchange, rules: TryRules) {
    this.#exchange = exchange
    this.#rules = rules
    exchange.connection.flow = this
  }

  next(): void {
    const exchange = this.#exchange
    const path = this.#rules.paths[this.#index++]
    if (path === undefined) {
      this.#fallBack()
      return
    }
    const { isDirectory } = path
    const rendered = path.render(exchange)
    const uri = isDirectory && rendered !== '/' ? rendered.slice(0, -1) : rendered
    const file = uri.includes('\0') ? null : this.#rules.files.file(exchange, uri)
    if (file === null) {
      this.next()
      return
    }
    this.#rules.opener.stat(exchange, file, (error, stats) => {
      if (exchange.isFinished) return
      if (error !== null || !isThere(stats, isDirectory)) {
        this.next()
        return
      }
      this.#leave()
      exchange.uri = uri
      this.#trace(`${uri} is there`)
      this.#rules.content(exchange)
    })
  }

  #fallBack(): void {
    const exchange = this.#exchange
    const { fallback, status } = this.#rules
    this.#leave()
    this.#trace('none of the files is there')
    if (fallback === null) {
      answerStatus(exchange, status)
      return
    }
    const target = fallback(exchange)
    if (target.startsWith('@')) runNamedLocation(exchange, target.slice(1))
    else internalRedirect(exchange, target)
  }

  #trace(text: string): void {
    this.#exchange.snapshot.trace?.onDecision('redirect', text, this.#rules.origin)
  }

  #leave(): void {
    const { connection } = this.#exchange
    if (connection.flow === this) connection.flow = null
  }

  onClientGone(failure: Failure): void {
    this.#exchange.failure ??= failure
    this.#exchange.status ||= 499
    cutExchange(this.#exchange, false)
  }

  onBodyData(): void {}

  onBodyEnd(): void {}

  onBodyFailure(): void {}

  onDrain(): void {}

  onClientEnd(): void {}
}

function isThere(stats: Stats, isDirectory: boolean): boolean {
  return isDirectory ? stats.isDirectory() : stats.isFile()
}
