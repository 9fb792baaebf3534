// A check that the user wrote: the default export of a module, called with the peer and a signal
// that is aborted at the timeout. It is down when the function throws. Functions run in a thread of
// their module's own: what blocks or ends that is a bad check, and no more.

import type { ProbeCheck } from '../model/probe.ts'
import { type CheckAnswer, type Checker, type CheckProgress, GOOD } from './checker.ts'
import { type HostLease, leaseHost } from './function-host.ts'
import type { CheckedPeer } from './function-words.ts'
import type { ProbeTarget } from './probe-target.ts'

export class FunctionChecker implements Checker {
  readonly #peer: CheckedPeer
  readonly #modulePath: string
  #lease: HostLease | null = null
  /** It blocked the thread that it shared with the checks of other peers. */
  #isSeparate = false
  /** Number of the call that is on its way; 0 = none. */
  #call = 0

  constructor(target: ProbeTarget, check: Extract<ProbeCheck, { kind: 'function' }>) {
    const { address, peerName, probe } = target
    const isUnix = address.kind === 'unix'
    this.#peer = {
      name: peerName,
      host: isUnix ? null : address.host,
      port: isUnix ? null : address.port,
      socketPath: isUnix ? address.path : null,
      probe: probe.name,
    }
    this.#modulePath = check.modulePath
  }

  start(onAnswer: (answer: CheckAnswer) => void): void {
    if (this.#lease?.isOld() === true) {
      this.close()
      // It may have been mended.
      this.#isSeparate = false
    }
    this.#lease ??= leaseHost(this.#modulePath, this.#isSeparate)
    const call = this.#lease.host.call({
      peer: this.#peer,
      onFault: fault => {
        if (this.#call !== call) return
        this.#call = 0
        onAnswer(fault === '' ? GOOD : { fault, facts: [] })
      },
      onBlocked: () => this.#separate(),
    })
    this.#call = call
  }

  stop(): CheckProgress {
    const call = this.#call
    this.#call = 0
    const ended = call === 0 ? null : (this.#lease?.host.stop(call) ?? null)
    return { during: 'the function was running', facts: [], ended }
  }

  close(): void {
    this.#lease?.release()
    this.#lease = null
  }

  /** The others shall not wait for it again. */
  #separate(): void {
    if (this.#isSeparate || this.#lease === null) return
    this.#isSeparate = true
    this.#lease.release()
    this.#lease = null
  }
}
