// A prober that asks nobody: the test says what was found. It keeps states as the real one does, so
// that its reports say what was before.

import type { ProberPart } from '../../src/control/probe-table.ts'
import { addressText } from '../../src/model/listener.ts'
import type { ProbeReport, ProbeState, ProbeStatus, ProbeTarget } from '../../src/probe/prober.ts'

export class FakeProber implements ProberPart {
  targets: readonly ProbeTarget[] = []
  /** Addresses that were to be asked at once. */
  readonly asked: string[] = []
  isClosed = false
  onReport: (report: ProbeReport) => void = () => {}
  readonly #known = new Map<string, ProbeStatus>()

  setTargets(targets: readonly ProbeTarget[]): void {
    this.targets = targets
    const keys = new Set(targets.map(({ key }) => key))
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key)
    for (const target of targets) {
      const state: ProbeState = target.begins ?? (target.probe.isMandatory ? 'checking' : 'up')
      const fresh = { state, since: 0, last: null, checks: 0, fails: 0, isAsking: false }
      this.#known.set(target.key, { ...(this.#known.get(target.key) ?? fresh), target })
    }
  }

  /** How often modules were to be loaded anew. */
  renewals = 0

  renewModules(): void {
    this.renewals++
  }

  askNow(key: string): boolean {
    const target = this.targets.find(each => each.key === key)
    if (target !== undefined) this.asked.push(addressText(target.address))
    return target !== undefined
  }

  status(key: string): ProbeStatus | null {
    return this.#known.get(key) ?? null
  }

  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }

  /** A check of an address has ended. `state`: what it makes of the peer. */
  report(address: string, state: ProbeState, parts: Partial<ProbeReport> = {}): void {
    for (const target of this.targets) {
      if (addressText(target.address) !== address) continue
      if (parts.target !== undefined && parts.target !== target) continue
      const known = this.#known.get(target.key)!
      const isGood = parts.isGood ?? state === 'up'
      const report: ProbeReport = {
        target,
        isGood,
        why: isGood ? '' : 'Connection refused (111: ECONNREFUSED)',
        detail: isGood ? '200, 5,120 bytes, 12 ms' : '',
        startedAt: 1_000_000,
        tookMs: 12,
        state,
        before: known.state,
        streak: 1,
        needed: 1,
        ...parts,
      }
      const { checks, fails } = known
      const counted = { checks: checks + 1, fails: fails + (isGood ? 0 : 1) }
      this.#known.set(target.key, { ...known, ...counted, state, last: report })
      this.onReport(report)
    }
  }
}
