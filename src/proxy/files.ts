// Files of a location without `proxy_pass`: what nginx's index and static modules do, with entity tags, conditions
// and ranges (http://nginx.org/en/docs/http/ngx_http_index_module.html). Everything that touches the disk runs in
// the thread pool, so that a slow disk holds up nobody else's request.

import { close, fstat, type Stats } from 'node:fs' // hot-path: serving files

import { type Failure, failureText } from '../base/failure.ts'
import { callFailedText, systemErrorCode } from '../base/system-error.ts'
import type { ExchangeFlow } from '../downstream/client-handler.ts'
import { escapeUri } from '../http/target.ts'
import type { FileSettings } from '../model/settings.ts'
import { literalText } from '../model/template.ts'
import * as answer from './answer.ts'
import { callbackOf, listDirectory } from './autoindex.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { FileOpener } from './file-links.ts'
import { FilePaths } from './file-path.ts'
import { type FileAnswers, makeFileAnswer } from './file-response.ts'
import { cutExchange } from './finish.ts'
import { redirectInternally } from './route.ts'
import type { Handler, LocationRuntime, Render } from './runtime.ts'
import { compileTemplate } from './variables.ts'

const ANSWERS: FileAnswers = {
  status: answer.answerStatus,
  redirect: answer.answerRedirect,
  source: (exchange, found, source) =>
    answer.answerSource(exchange, found.status, found.lines, found.length, source),
  list: answer.answerStream,
  internal: goOnWith,
  cut: (exchange, failure) => {
    exchange.failure ??= failure
    exchange.status ||= 499
    cutExchange(exchange, false)
  },
}

/** Not `internalRedirect`: the URI is a plain path, in which a question mark is part of a name. */
function goOnWith(exchange: Exchange, uri: string): void {
  const { args } = exchange
  const failure = redirectInternally(exchange, '/')
  if (failure !== null) {
    logFailure(exchange, 'error', failureText(failure))
    exchange.failure = failure
    answer.answerStatus(exchange, 500)
    return
  }
  exchange.uri = uri
  exchange.args = args
  exchange.snapshot.runLocation(exchange)
}

/** What the files of one location need, compiled. */
interface FileRules {
  readonly location: LocationRuntime
  readonly paths: FilePaths
  readonly opener: FileOpener
  readonly indexes: readonly Render[]
  readonly answers: FileAnswers
}

/** Makes the handler of a location that serves files. */
export function makeFileHandler(location: LocationRuntime, answers = ANSWERS): Handler {
  const { files } = location.settings
  const rules: FileRules = {
    location,
    paths: new FilePaths(files, compileTemplate),
    opener: new FileOpener(files, compileTemplate),
    indexes: files.index
      .filter(index => literalText(index) !== '')
      .map(index => compileTemplate(index)),
    answers,
  }
  return exchange => new FileRequest(exchange, rules).start()
}

const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'])
const FORBIDDEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ELOOP', 'EMLINK'])

/** One request for a file, from its path to its answer. */
class FileRequest implements ExchangeFlow {
  readonly #exchange: Exchange
  readonly #rules: FileRules
  #index = 0

  constructor(exchange: Exchange, rules: FileRules) {
    this.#exchange = exchange
    this.#rules = rules
  }

  start(): void {
    const { method, uri } = this.#exchange
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') {
      this.#answer(405)
    } else if (uri.includes('\0')) {
      this.#answer(400)
    } else {
      this.#exchange.connection.flow = this
      if (uri.endsWith('/')) this.#tryIndex()
      else this.#openFile()
    }
  }

  // ── a path that ends with a slash ──────────────────────────────────────────────────────────────────────────────

  #tryIndex(): void {
    const index = this.#rules.indexes[this.#index]
    if (index === undefined) {
      const { files } = this.#rules.location.settings
      if (files.hasAutoindex && this.#exchange.method !== 'POST') this.#list(files)
      else this.#openDirectory(403)
      return
    }
    const name = index(this.#exchange)
    if (name.startsWith('/')) {
      this.#goTo(name)
      return
    }
    const uri = this.#exchange.uri + name
    const path = this.#rules.paths.file(this.#exchange, uri)
    if (path === null) {
      this.#answer(404)
      return
    }
    this.#rules.opener.open(this.#exchange, path, (error, fd) => {
      if (error === null) {
        close(fd, () => {})
        if (!this.#exchange.isFinished) this.#goTo(uri)
        return
      }
      if (this.#exchange.isFinished) return
      if (systemErrorCode(error) === 'ENOENT') {
        this.#index++
        // The first miss looks whether there is a directory at all.
        if (this.#index === 1) this.#openDirectory(0)
        else this.#tryIndex()
        return
      }
      this.#refuse(path, error)
    })
  }

  /** Answers `status` when the directory exists; 0 tries the next index. */
  #openDirectory(status: number): void {
    const path = this.#rules.paths.file(this.#exchange, this.#exchange.uri)
    if (path === null) {
      this.#answer(404)
      return
    }
    this.#rules.opener.open(this.#exchange, path, (error, fd) => {
      if (error === null) close(fd, () => {})
      if (this.#exchange.isFinished) return
      if (error !== null) {
        this.#refuse(path, error)
      } else if (status === 0) {
        this.#tryIndex()
      } else {
        logFailure(this.#exchange, 'error', `directory index of "${path}" is forbidden`)
        this.#answer(status)
      }
    })
  }

  #list(files: FileSettings): void {
    const path = this.#rules.paths.file(this.#exchange, this.#exchange.uri)
    if (path === null) {
      this.#answer(404)
      return
    }
    const directory = path.length > 1 ? path.slice(0, -1) : path
    const callback = files.autoindexFormat === 'jsonp' ? callbackOf(this.#exchange) : ''
    if (!/^[\w.]*$/.test(callback)) {
      logFailure(this.#exchange, 'error', `client sent invalid callback name: "${callback}"`)
      this.#answer(400)
      return
    }
    listDirectory(this.#exchange, directory, files, callback, (error, { type, text }) => {
      if (this.#exchange.isFinished) return
      if (error !== null) {
        this.#refuse(directory, error, -1, 'opendir')
        return
      }
      this.#leave()
      this.#rules.answers.list(this.#exchange, `Content-Type: ${type}\r\n`, text)
    })
  }

  #goTo(uri: string): void {
    this.#leave()
    this.#rules.answers.internal(this.#exchange, uri)
  }

  // ── a file ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #openFile(): void {
    const path = this.#rules.paths.file(this.#exchange, this.#exchange.uri)
    if (path === null) {
      this.#answer(404)
      return
    }
    this.#rules.opener.open(this.#exchange, path, (error, fd) => {
      if (error !== null) {
        if (!this.#exchange.isFinished) this.#refuse(path, error)
        return
      }
      fstat(fd, (failed, stats) => {
        if (this.#exchange.isFinished) close(fd, () => {})
        else if (failed !== null) this.#refuse(path, failed, fd)
        else this.#onFile(path, fd, stats)
      })
    })
  }

  #onFile(path: string, fd: number, stats: Stats): void {
    const exchange = this.#exchange
    if (stats.isDirectory()) {
      const args = exchange.args === '' ? '' : `?${exchange.args}`
      close(fd, () => {})
      this.#leave()
      this.#rules.answers.redirect(exchange, 301, `${escapeUri(exchange.uri)}/${args}`)
      return
    }
    if (!stats.isFile()) {
      close(fd, () => {})
      logFailure(exchange, 'crit', `"${path}" is not a regular file`)
      this.#answer(404)
      return
    }
    if (exchange.method === 'POST') {
      close(fd, () => {})
      this.#answer(405)
      return
    }
    this.#leave()
    makeFileAnswer(exchange, this.#rules.location, stats, fd, this.#rules.answers)
  }

  #refuse(path: string, error: unknown, fd = -1, call = this.#rules.opener.call): void {
    if (fd !== -1) close(fd, () => {})
    const code = systemErrorCode(error)
    const isMissing = MISSING.has(code)
    if (!isMissing || this.#rules.location.settings.logsNotFound) {
      const level = isMissing || FORBIDDEN.has(code) ? 'error' : 'crit'
      logFailure(this.#exchange, level, callFailedText(call, `"${path}"`, error))
    }
    if (isMissing) this.#answer(404)
    else this.#answer(FORBIDDEN.has(code) ? 403 : 500)
  }

  #answer(status: number): void {
    this.#leave()
    this.#rules.answers.status(this.#exchange, status)
  }

  #leave(): void {
    const { connection } = this.#exchange
    if (connection.flow === this) connection.flow = null
  }

  // ── the client, while the disk works ───────────────────────────────────────────────────────────────────────────

  onClientGone(failure: Failure): void {
    this.#rules.answers.cut(this.#exchange, failure)
  }

  onBodyData(): void {}

  onBodyEnd(): void {}

  onBodyFailure(): void {}

  onDrain(): void {}

  onClientEnd(): void {}
}
