// A check by ICMP echo: the machine's own `ping` asks, for it may and we may not; one answer out of
// some tries is enough (ldirectord: `checktype=ping`, `checkcount`).

import type { ProbeCheck } from '../model/probe.ts'
import {
  type CheckAnswer,
  type Checker,
  type CheckProgress,
  type CheckTime,
  GOOD,
} from './checker.ts'
import { programAnswer } from './external-check.ts'
import type { ProbeTarget } from './probe-target.ts'
import { ProgramRun } from './program-run.ts'

export class PingChecker implements Checker {
  readonly #host: string | null
  readonly #tries: number
  /** What each try may wait for its answer. */
  readonly #waitSeconds: number
  readonly #time: CheckTime
  #run: ProgramRun | null = null

  constructor(target: ProbeTarget, check: Extract<ProbeCheck, { kind: 'ping' }>, time: CheckTime) {
    this.#host = target.address.kind === 'unix' ? null : target.address.host
    this.#tries = Math.max(1, check.tries)
    this.#waitSeconds = Math.max(1, Math.floor(target.probe.timeoutMs / this.#tries / 1000))
    this.#time = time
  }

  start(onAnswer: (answer: CheckAnswer) => void): void {
    this.#try(1, onAnswer)
  }

  stop(): CheckProgress {
    const run = this.#run
    this.#run = null
    return { during: 'waiting for the echo', facts: [], ended: run?.stop() ?? null }
  }

  close(): void {}

  #try(number: number, onAnswer: (answer: CheckAnswer) => void): void {
    // A unix socket is on this machine, which is there.
    const host = this.#host ?? '127.0.0.1'
    const call = {
      command: 'ping',
      arguments: ['-q', '-c', '1', '-W', String(this.#waitSeconds), host],
      environment: { LC_ALL: 'C' },
    }
    const run = new ProgramRun(call, this.#time, end => {
      if (this.#run !== run) return
      this.#run = null
      if (end.exitCode === 0) return onAnswer(GOOD)
      // 1 is the word of `ping` for no answer; with anything else it could not ask.
      if (end.exitCode !== 1) return onAnswer(programAnswer(end))
      if (number < this.#tries) return this.#try(number + 1, onAnswer)
      const times = this.#tries === 1 ? '' : `, asked ${this.#tries} times`
      onAnswer({ fault: `no answer to ping${times}`, facts: [] })
    })
    this.#run = run
  }
}
