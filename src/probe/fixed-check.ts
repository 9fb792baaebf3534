// A check that asks nothing: the peer is up, or down, because the configuration says so
// (ldirectord: `checktype=on`, `off`).

import type { ProbeCheck } from '../model/probe.ts'
import { type CheckAnswer, type Checker, type CheckProgress, GOOD } from './checker.ts'

export class FixedChecker implements Checker {
  readonly #isUp: boolean
  #onAnswer: ((answer: CheckAnswer) => void) | null = null

  constructor(check: Extract<ProbeCheck, { kind: 'fixed' }>) {
    this.#isUp = check.isUp
  }

  start(onAnswer: (answer: CheckAnswer) => void): void {
    this.#onAnswer = onAnswer
    queueMicrotask(() => {
      if (this.#onAnswer !== onAnswer) return
      this.#onAnswer = null
      onAnswer(this.#isUp ? GOOD : { fault: 'the configuration says so', facts: [] })
    })
  }

  stop(): CheckProgress {
    this.#onAnswer = null
    return { during: 'asking', facts: [], ended: null }
  }

  close(): void {}
}
