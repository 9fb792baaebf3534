// One exchange on its way through the steps of its server or location. Pure: a run changes its exchange and says what it
// came to. Where a file has to be looked at it stops, and whoever drives it goes on with what was found
// (rewrite-phase.ts).

import type { FileTest } from '../model/rewrite.ts'
import type { Exchange } from './exchange.ts'
import type { Handler, LocationRuntime } from './runtime.ts'

/** Does its part and says which instruction is next; one past the last, or `STOP`, ends the run. */
export type Instruction = (run: RewriteRun) => number

/** Ends the run. */
export const STOP = Number.MAX_SAFE_INTEGER
/** A file has to be looked at first: `run.fileTest` says which. */
export const WAIT = -1

/** Steps compiled. */
export interface RewriteScript {
  readonly instructions: readonly Instruction[]
  /** `rewrite_log` of the level that the steps stand in. */
  readonly isLogged: boolean
}

/** A file that an `if` asks for. */
export interface PendingFileTest {
  readonly path: string
  readonly test: FileTest
  readonly isNegated: boolean
  /** Which instruction is next when the condition holds, and when not. */
  readonly then: number
  readonly otherwise: number
}

export class RewriteRun {
  readonly exchange: Exchange
  readonly script: RewriteScript
  /** What answers; null = the request goes on. */
  answer: Handler | null = null
  fileTest: PendingFileTest | null = null
  /** A `rewrite` matched after which another location is looked for. */
  isUriChanged = false
  /** As in nginx: captures in values are escaped until a `rewrite` has matched. */
  escapesCaptures = true
  /** The location of the last `if` that held. */
  branch: LocationRuntime | null = null
  /** The last of them that names peers. */
  proxying: LocationRuntime | null = null
  #at = 0

  constructor(exchange: Exchange, script: RewriteScript) {
    this.exchange = exchange
    this.script = script
  }

  /**
   * Goes on to the end, or to the next file to look at.
   *
   * @returns false: `fileTest` wants an answer (`resume`)
   */
  run(): boolean {
    const { instructions } = this.script
    while (this.#at < instructions.length) {
      const next = instructions[this.#at]!(this)
      if (next === WAIT) return false
      this.#at = next
    }
    return true
  }

  /** Goes on with what `fileTest` found, as `run` does. */
  resume(isTrue: boolean): boolean {
    const { then, otherwise, isNegated } = this.fileTest!
    this.fileTest = null
    this.#at = isTrue === isNegated ? otherwise : then
    return this.run()
  }

  /** Ends the run with an answer. */
  end(answer: Handler): number {
    this.answer = answer
    return STOP
  }
}
