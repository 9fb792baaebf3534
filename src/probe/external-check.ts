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
import { hasName, type LookUp, withoutName } from './name-address.ts'
import type { ProbeTarget } from './probe-target.ts'
import { type ProgramEnd, ProgramRun } from './program-run.ts'

type ExternalCheck = Extract<ProbeCheck, { kind: 'external' }>

export class ExternalChecker implements Checker {
  readonly #check: ExternalCheck
  /** Where clients come in; null = nobody said. A name in it is looked up once. */
  #virtual: ListenAddress | null
  readonly #real: ListenAddress
  readonly #time: CheckTime
  readonly #lookUp: LookUp | undefined
  /** Which check is on its way; 0 = none. */
  #number = 0
  #numbers = 0
  #run: ProgramRun | null = null

  constructor(target: ProbeTarget, check: ExternalCheck, time: CheckTime, lookUp?: LookUp) {
    this.#check = check
    this.#time = time
    this.#lookUp = lookUp
    this.#virtual = target.probe.virtual
    this.#real = target.address
  }

  start(onAnswer: (answer: CheckAnswer) => void): void {
    this.#number = ++this.#numbers
    if (this.#virtual !== null && hasName(this.#virtual)) {
      void this.#resolve(this.#virtual, this.#number, onAnswer)
    } else this.#start(onAnswer)
  }

  async #resolve(
    virtual: ListenAddress,
    number: number,
    onAnswer: (answer: CheckAnswer) => void,
  ): Promise<void> {
    this.#virtual = await withoutName(virtual, this.#lookUp)
    if (this.#number === number) this.#start(onAnswer)
  }

  #start(onAnswer: (answer: CheckAnswer) => void): void {
    const { command, environment, arguments: first } = this.#check
    const virtual = this.#virtual === null ? ['-', '0'] : addressArguments(this.#virtual)
    const call = {
      command,
      arguments: [...first, ...virtual, ...addressArguments(this.#real)],
      environment: Object.fromEntries(environment),
    }
    const run = new ProgramRun(call, this.#time, end => {
      if (this.#run !== run) return
      this.#run = null
      this.#number = 0
      onAnswer(programAnswer(end))
    })
    this.#run = run
  }

  stop(): CheckProgress {
    const run = this.#run
    this.#run = null
    this.#number = 0
    if (run === null) return { during: 'its name was looked up', facts: [], ended: null }
    const ended = run.stop()
    const said = run.lastLine
    const what = `the program ran, which was killed${said === '' ? '' : `: ${said}`}`
    return { during: what, facts: [], ended }
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
