// Where each field lies in the memory that threads share: tables of field name → Int32 offset in
// its line. A line is sixteen Int32 = 64 bytes, one cache line, so that two peers (or two locks)
// never share one. Every field is made so that zero is its right value in a fresh line; clearing a
// line is making it new.

/** Int32 cells in one line. */
export const LINE_CELLS = 16

/**
 * The first line of the peer zone: how much of it was ever used, so that a walk touches no more.
 */
export const HEADER = {
  /** Highest peer slot that was used, plus one. */
  peersUsed: 0,
  /** Highest group slot that was used, plus one. */
  groupsUsed: 1,
  /** Highest worker index that was used, plus one. */
  workersUsed: 2,
} as const

/** One group of peers. */
export const GROUP = {
  /** 0 = free, else who holds it (zone/group-lock.ts). */
  lock: 0,
  /** Peers in the newest generation. */
  peerCount: 1,
  /** Rises when a peer came, left or changed its weight, wrapping: sums of weights are stale. */
  version: 2,
  /** Where the rotation over the primaries stands (balance/rotation.ts). */
  position: 3,
  /** The same for second and later tries. */
  retryPosition: 4,
  /** The same over the backups. */
  backupPosition: 5,
  /** Picks, wrapping; counted only where a peer may start slowly. */
  picks: 6,
  /** 1 = too few peers are usable: all are used (balance/health-watch.ts). */
  panic: 12,
  /** Second in which the group's health was last looked at; 0 = look at the next pick. */
  watchedAt: 13,
  /** Second in which the peers were last compared. */
  comparedAt: 14,
  /** Times that the group entered panic, wrapping. */
  panics: 15,
} as const

/** One peer. Written under its group's lock, but for `weight`, `state` and `group`. */
export const PEER = {
  /** The peer's credit in the smooth weighted round robin; may be negative. */
  currentWeight: 0,
  /**
   * What failures took off the weight and rounds did not give back yet: effective = weight −
   * penalty.
   */
  weightPenalty: 1,
  /** Configured weight, from 1; 0 = nobody initialized this peer. */
  weight: 2,
  /** Failures that count towards `max_fails`. */
  fails: 3,
  /** Second of the last failure. */
  accessed: 4,
  /** Second of the last failure, or of the pick that opened a new window. */
  checked: 5,
  /** Bits of `PEER_STATE`; 0 = takes requests. */
  state: 6,
  /** Group slot + 1; 0 = none. */
  group: 7,
  /** Picks since the slot was made, wrapping. */
  requests: 8,
  /** Failures since the slot was made, wrapping. */
  failures: 9,
  /** Failures that left the peer unavailable since the slot was made, wrapping. */
  ejections: 10,
  /** Second in which the peer came back after it had been unavailable; 0 = it never did. */
  recoveredAt: 11,
  /** Moving average of the time to the response's head, in `TIME_UNITS_PER_MS`; 0 = none yet. */
  headerTime: 12,
  /** The same to the last byte; for `peak_ewma` the average that follows peaks at once. */
  responseTime: 13,
  /** Requests whose time still runs, for `least_time … inflight`. */
  waiting: 14,
  /**
   * Sum of the milliseconds, wrapping, in which those were picked; for `peak_ewma`, which counts no
   * waiting, the millisecond of the last measurement.
   */
  timedAt: 15,
} as const

/** What outlier detection knows of one peer. Written under its group's lock. */
export const HEALTH = {
  /** Failures since the last success; at least 1 while the peer is ejected. */
  faultsInRow: 0,
  /** Tries that failed since the slot was made, wrapping. */
  faults: 1,
  /** Tries that ended without a word on the peer, wrapping. */
  silent: 2,
  /** Tries with an outcome, and those that failed, as of the last comparison. */
  seenAnswers: 3,
  seenFaults: 4,
  /** Last second of the ejection; while a trial runs, when another may begin. */
  ejectedUntil: 5,
  /** Ejections in a row: each interval in the group takes one off. */
  ejectionsInRow: 6,
  /** Second in which the trial after an ejection began; 0 = none runs. */
  trialAt: 7,
  /** Number of the reason of the last ejection, from 1 (balance/outliers.ts). */
  cause: 8,
  /** Ejections since the slot was made, wrapping, those after a failed trial too. */
  ejections: 9,
} as const

/** Fixed point of the averages: enough that an average of few milliseconds still moves. */
export const TIME_UNITS_PER_MS = 64

/** Reasons at run time for which a peer is not picked; several may hold at once. */
export const PEER_STATE = {
  /** Taken out by an operator. */
  down: 1,
  /** Finishes what it has, gets nothing new. */
  draining: 2,
  /** Taken out by an active check. */
  unhealthy: 4,
  /** Ejected by outlier detection, until a trial succeeds. */
  ejected: 8,
  /** Taken out by an active check, but for sessions that are bound to it (ldirectord: `quiescent`). */
  quiesced: 16,
} as const

/** What active checks found, sessions or not. */
export const FOUND_DOWN = PEER_STATE.unhealthy | PEER_STATE.quiesced

export type PeerStateName = keyof typeof PEER_STATE

/**
 * Second 0 of the times in a zone: 2000-01-01 UTC. It keeps wall seconds inside 32 bits until 2068,
 * and lets a zero mean "a quarter of a century ago", longer than any window.
 */
export const ZONE_EPOCH_SECONDS = 946_684_800
