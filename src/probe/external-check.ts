// A check by a program of the user's: it gets the address of clients and that of the peer, and says
// by its exit code whether the peer is good (ldirectord: `checktype=external`; HAProxy:
// `external-check`).

import type { ListenAddress } from '../model/listener.ts'
import type { ProbeCheck } from '../model/probe.ts'
import {
  type CheckAnswer,
  type Checker,
  type CheckProgress,
  type CheckTime,
  GOOD,
} from './checker.ts'
import type { ProbeTarget } from './probe-target.ts'
import { type ProgramEnd, ProgramRun } from './program-run.ts'

type ExternalCheck = Extract<ProbeCheck, { kind: 'external' }>

export class ExternalChecker implements Checker {
  readonly #check: ExternalCheck
  readonly #arguments: readonly string[]
  readonly #time: CheckTime
  #run: ProgramRun | null = null

  constructor(target: ProbeTarget, check: ExternalCheck, time: CheckTime) {
    this.#check = check
    this.#time = time
    const virtual = target.probe.virtual
    this.#arguments = [
      ...check.arguments,
      ...(virtual === null ? ['-', '0'] : addressArguments(virtual)),
      ...addressArguments(target.address),
    ]
  }

  start(onAnswer: (answer: CheckAnswer) => void): void {
    const { command, environment } = this.#check
    const call = {
      command,
      arguments: this.#arguments,
      environment: Object.fromEntries(environment),
    }
    const run = new ProgramRun(call, this.#time, end => {
      if (this.#run !== run) return
      this.#run = null
      onAnswer(programAnswer(end))
    })
    this.#run = run
  }

  stop(): CheckProgress {
    const run = this.#run
    this.#run = null
    if (run === null) return { during: 'the program ran', facts: [], ended: null }
    const ended = run.stop()
    const said = run.lastLine
    return { during: `the program ran${said === '' ? '' : `: ${said}`}`, facts: [], ended }
  }

  close(): void {}
}

/** What an end says of a peer: exit code 0 is good, and nothing else. */
export function programAnswer(end: ProgramEnd): CheckAnswer {
  if (end.fault !== '') return { fault: end.fault, facts: [] }
  if (end.exitCode === 0) return GOOD
  const how = end.signal === null ? `exit code ${end.exitCode}` : `ended by ${end.signal}`
  return { fault: end.lastLine === '' ? how : `${how}: ${end.lastLine}`, facts: [] }
}

/** A unix socket has its path for an address, and no port. */
function addressArguments(address: ListenAddress): string[] {
  return address.kind === 'unix' ? [address.path, '0'] : [address.host, String(address.port)]
}
