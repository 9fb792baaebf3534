// What must hold in what a group falls back to, whatever the dialect: an address that is no peer of
// its own, a status that can be an answer.

import type { Report } from './check.ts'
import { addressText } from './listener.ts'
import { originOf } from './origin.ts'
import type { Upstream } from './upstream.ts'

/** `Retry-After` beyond a year is a slip. */
const RETRY_AFTER_SECONDS_MAX = 31_536_000

/** Checks the fallback of one group. */
export function checkFallback({ name, peers, fallback }: Upstream, report: Report): void {
  if (fallback === null) return
  const { answer, retryAfterSeconds } = fallback
  const place = originOf(fallback, 'answer')
  const retryPlace = originOf(fallback, 'retryAfterSeconds')
  if (retryAfterSeconds > RETRY_AFTER_SECONDS_MAX) {
    const problem = `Cannot send clients away for ${retryAfterSeconds} seconds`
    report('error', problem, retryPlace, 'wants at most a year')
  }
  if (answer.kind !== 'address') {
    if (isAnswer(answer.status)) return
    const problem = `Cannot fall back to status ${answer.status}`
    report('error', problem, place, 'wants one from 200 to 299 or from 400 to 599, such as 503')
    return
  }
  if (retryAfterSeconds > 0) {
    const problem = 'Without effect: Retry-After goes with a page or a status'
    report('warning', problem, retryPlace, 'the address answers for itself')
  }
  const { address } = answer
  if (address.kind === 'tcp' && (address.port < 1 || address.port > 65_535)) {
    report('error', `Cannot use port ${address.port}: wants one from 1 to 65535`, place)
  }
  const text = addressText(address)
  const peer = peers.find(one => addressText(one.address) === text)
  if (peer === undefined) return
  const problem = `Upstream "${name}" falls back to ${text}, which is a peer of it`
  report('warning', problem, place, 'it is asked once more when it is down, too')
}

/** A redirect would need a Location, and what comes before an answer is none. */
function isAnswer(status: number): boolean {
  return (
    Number.isInteger(status) && status >= 200 && status <= 599 && Math.trunc(status / 100) !== 3
  )
}
