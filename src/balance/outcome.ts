// What a try comes to for its peer: what the books of `max_fails` are kept by.

/** How a try ended, for the peer. */
export const OUTCOMES = [
  /**
   * The peer answered, or answered 403 or 404 that went on to another peer: failures of an older
   * window end.
   */
  'success',
  /** What `proxy_next_upstream` counts against a peer. */
  'failure',
  /**
   * Ended with nothing learnt about the peer: the client left, or the proxy gave up for its own
   * reasons.
   */
  'neutral',
  /** The peer was never asked, for a lack of the proxy's own: as neutral, and its trial is not used up. */
  'unasked',
] as const

export type Outcome = (typeof OUTCOMES)[number]

/** Whether nothing was learnt about the peer. */
export function saysNothing(outcome: Outcome): boolean {
  return outcome === 'neutral' || outcome === 'unasked'
}
