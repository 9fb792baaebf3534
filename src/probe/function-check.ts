// A check that the user wrote: the default export of a module, called with the peer and a signal
// that is aborted at the timeout. It is down when the function throws. A function that does not
// return is left behind; what it does is not ours to end.

import { stat } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { failedCallText } from '../base/system-error.ts'
import type { ProbeCheck } from '../model/probe.ts'
import { type CheckAnswer, type Checker, type CheckProgress, GOOD } from './checker.ts'
import type { ProbeTarget } from './probe-target.ts'
import { plain, quoted } from './reason.ts'

/** What a check's function gets to know of its peer. */
export interface CheckedPeer {
  /** As it is written in the configuration. */
  readonly name: string
  /** Address or name; null with a unix socket. */
  readonly host: string | null
  readonly port: number | null
  /** Path of a unix socket; null without. */
  readonly socketPath: string | null
  /** What the configuration calls the probe. */
  readonly probe: string
}

type CheckFunction = (peer: CheckedPeer, signal: AbortSignal) => unknown

export class FunctionChecker implements Checker {
  readonly #peer: CheckedPeer
  readonly #modulePath: string
  #running: AbortController | null = null

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
    const running = new AbortController()
    this.#running = running
    void this.#call(running.signal).then(fault => {
      if (this.#running !== running) return
      this.#running = null
      onAnswer(fault === '' ? GOOD : { fault, facts: [] })
    })
  }

  stop(): CheckProgress {
    const running = this.#running
    this.#running = null
    // What listens to the signal is the user's, and may throw.
    queueMicrotask(() => running?.abort())
    return { during: 'the function was running', facts: [], ended: null }
  }

  close(): void {}

  async #call(signal: AbortSignal): Promise<string> {
    const check = await loadFunction(this.#modulePath)
    if (typeof check === 'string') return check
    if (signal.aborted) return 'stopped'
    try {
      await check(this.#peer, signal)
      return ''
    } catch (error) {
      const text = error instanceof Error ? error.message || error.name : String(error)
      return plain(text) || 'the function threw'
    }
  }
}

/** The function, or what is wrong with the module. A file that changed is another module. */
async function loadFunction(path: string): Promise<CheckFunction | string> {
  try {
    const { mtimeMs } = await stat(path)
    const url = pathToFileURL(path)
    url.search = `changed=${mtimeMs}`
    const module: { readonly default?: unknown } = await import(url.href)
    // The default export is whatever the user wrote; its kind is all that can be checked.
    if (typeof module.default === 'function') return module.default as CheckFunction
    return `${quoted(path)} has no function as its default export`
  } catch (error) {
    return `cannot load the check: ${plain(failedCallText(error, path))}`
  }
}
