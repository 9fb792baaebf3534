// Drives requests through the steps of their server and of their location (http://nginx.org/en/docs/http/
// ngx_http_rewrite_module.html), asks the disk where a condition does, and goes on with what came of it: an answer,
// another search, the location of an `if`, or what there was before.

import { fail, failureText } from '../base/failure.ts'
import { answerStatus } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { testFile } from './file-test.ts'
import type { Phase } from './phases.ts'
import { RewriteRun, type RewriteScript } from './rewrite-run.ts'
import { REDIRECTS_MAX } from './route.ts'
import { searchLocation } from './run-location.ts'
import type { Handler, LocationRuntime } from './runtime.ts'
import { WaitingFlow } from './waiting-flow.ts'

/** The steps of a location. */
export const rewritePhase: Phase = (location, next) => {
  const { rewrite } = location
  if (rewrite === null) return next
  return exchange => start(exchange, rewrite, run => finishLocation(run, location, next))
}

/** Passes the steps of the exchange's server; `next` finds the location. */
export function passServer(exchange: Exchange, script: RewriteScript, next: Handler): void {
  start(exchange, script, ({ answer }) => {
    if (answer === null) next(exchange)
    else answer(exchange)
  })
}

function start(exchange: Exchange, script: RewriteScript, onEnd: (run: RewriteRun) => void): void {
  const run = new RewriteRun(exchange, script)
  if (run.run()) onEnd(run)
  else new FileWait(run, onEnd).ask()
}

function finishLocation(run: RewriteRun, location: LocationRuntime, next: Handler): void {
  const { exchange, branch } = run
  if (run.answer !== null) {
    run.answer(exchange)
    return
  }
  if (run.isUriChanged) {
    searchAgain(exchange)
    return
  }
  const now = branch ?? location
  if (!exchange.isLocationKept && now.request === null && now.settings.files.isAlias) {
    const place = `in location "${nameOf(location)}" where URI was rewritten`
    logFailure(exchange, 'alert', `"alias" cannot be used ${place}`)
    answerStatus(exchange, 500)
  } else if (branch === null) {
    next(exchange)
  } else if (branch.request === null && run.proxying !== null) {
    // As in nginx what answers is that of an earlier `if`, and the last one that holds has nothing for it.
    logFailure(exchange, 'alert', 'no upstream configuration')
    answerStatus(exchange, 500)
  } else {
    branch.handler(exchange)
  }
}

/** The location as it was written, without what stands before a path. */
function nameOf({ config }: LocationRuntime): string {
  const match = config?.match
  if (match === undefined) return ''
  if (match.kind === 'named') return `@${match.name}`
  return match.kind === 'regex' ? match.pattern : match.path
}

function searchAgain(exchange: Exchange): void {
  if (++exchange.redirects <= REDIRECTS_MAX) {
    searchLocation(exchange)
    return
  }
  const text = 'rewrite or internal redirection cycle while processing'
  const failure = fail('internal', `${text} "${exchange.uri}"`)
  logFailure(exchange, 'error', failureText(failure))
  exchange.failure = failure
  exchange.errorStatus = 500
  answerStatus(exchange, 500)
}

/** Waits for the disk. The client may leave meanwhile. */
class FileWait extends WaitingFlow {
  readonly #run: RewriteRun
  readonly #onEnd: (run: RewriteRun) => void

  constructor(run: RewriteRun, onEnd: (run: RewriteRun) => void) {
    super(run.exchange)
    this.#run = run
    this.#onEnd = onEnd
  }

  ask(): void {
    this.exchange.connection.flow = this
    const { path, test } = this.#run.fileTest!
    testFile(path, test, (isTrue, problem) => {
      if (this.exchange.isFinished) return
      if (problem !== '') logFailure(this.exchange, 'crit', `stat() "${path}" failed (${problem})`)
      if (!this.#run.resume(isTrue)) {
        this.ask()
        return
      }
      this.leave()
      this.#onEnd(this.#run)
    })
  }
}
