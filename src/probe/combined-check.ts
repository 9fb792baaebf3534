// Cheap connects with a full question in between: the full one first, then again after so many good
// connects, and at once after a failed one, whose answer is the full one's (ldirectord:
// `checktype=N`).

import type { ProbeCheck } from '../model/probe.ts'
import type { CheckAnswer, Checker, CheckProgress, CheckTime } from './checker.ts'
import type { ProbeTarget } from './probe-target.ts'
import { TcpChecker } from './tcp-check.ts'

type CombinedCheck = Extract<ProbeCheck, { kind: 'combined' }>

const CONNECT = { kind: 'tcp', tls: null, send: '', expect: null } as const

export class CombinedChecker implements Checker {
  readonly #connectsMax: number
  readonly #connect: Checker
  readonly #full: Checker
  /** Who asks at the moment. */
  #asking: Checker | null = null
  /** Good connects since the last good full answer. */
  #connects: number

  constructor(
    target: ProbeTarget,
    check: CombinedCheck,
    time: CheckTime,
    makeChecker: (target: ProbeTarget, time: CheckTime) => Checker,
  ) {
    this.#connectsMax = check.connects
    this.#connects = check.connects
    this.#connect = new TcpChecker(target, CONNECT, time)
    this.#full = makeChecker({ ...target, check: check.full }, time)
  }

  start(onAnswer: (answer: CheckAnswer) => void): void {
    if (this.#connects >= this.#connectsMax) {
      this.#askFully(onAnswer)
      return
    }
    this.#asking = this.#connect
    this.#connect.start(answer => {
      if (answer.fault !== '') {
        this.#askFully(onAnswer)
        return
      }
      this.#asking = null
      this.#connects++
      onAnswer(answer)
    })
  }

  #askFully(onAnswer: (answer: CheckAnswer) => void): void {
    this.#asking = this.#full
    // Until it is good, every check is a full one.
    this.#connects = this.#connectsMax
    this.#full.start(answer => {
      this.#asking = null
      if (answer.fault === '') this.#connects = 0
      onAnswer(answer)
    })
  }

  stop(): CheckProgress {
    const asking = this.#asking
    this.#asking = null
    this.#connects = this.#connectsMax
    return asking?.stop() ?? { during: 'asking', facts: [], ended: null }
  }

  close(): void {
    this.#connect.close()
    this.#full.close()
  }
}
