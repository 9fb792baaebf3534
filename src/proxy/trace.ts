// The seam through which `headgate explain` watches one request pass: it goes through the very functions that requests go
// through, and a trace hears what they decide and stands where a peer would be asked. Workers compile without one, so
// requests never meet more of it than a comparison with null, and that only on ways that few of them go.

import type { Origin } from '../model/origin.ts'
import type { Exchange } from './exchange.ts'
import type { Handler, LocationRuntime, UpstreamRuntime } from './runtime.ts'

/** What kind of decision it was. */
export type TraceTopic = 'rewrite' | 'redirect'

export interface Trace {
  /** A location takes the exchange, before its phases. */
  onLocation(exchange: Exchange, location: LocationRuntime): void
  /**
   * A peer would be asked; nothing follows.
   *
   * @param upstream null = the name of the peer has to be looked up
   */
  onForward(exchange: Exchange, location: LocationRuntime, upstream: UpstreamRuntime | null): void
  /** The location of the exchange's path does not serve it. */
  onUnserved(exchange: Exchange, why: 'slash-missing' | 'internal-only'): void
  /** A phase of its location judges the exchange. */
  onPhase(exchange: Exchange, phase: 'limit' | 'access'): void
  /** The page `target` takes the place of a status. */
  onErrorPage(exchange: Exchange, status: number, target: string): void
  /** Something was decided that does not show in the exchange. */
  onDecision(topic: TraceTopic, text: string, origin?: Origin): void
}

/** Lets a trace hear that a location takes an exchange. */
export function traced(trace: Trace, location: LocationRuntime, handler: Handler): Handler {
  return exchange => {
    trace.onLocation(exchange, location)
    handler(exchange)
  }
}
