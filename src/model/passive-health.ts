// What is learnt about peers from the requests that they get anyway: which ends of a try count
// against a peer, when it is ejected for being worse than the others, and from which share of
// usable peers on nobody is left out any more (Envoy: outlier detection, panic threshold).

/** What may count against a peer (nginx ties this to `proxy_next_upstream`). */
export const FAIL_CONDITIONS = [
  'error',
  'timeout',
  'invalid_header',
  /** Every 5xx but 501 and 505, which say that the request was beyond the server. */
  'http_5xx',
  'http_500',
  'http_502',
  'http_503',
  'http_504',
  'http_403',
  'http_404',
  'http_429',
] as const
export type FailCondition = (typeof FAIL_CONDITIONS)[number]

/** What outlier detection takes for a failure where nothing else is written. */
export const OUTLIER_CONDITIONS: readonly FailCondition[] = [
  'error',
  'timeout',
  'invalid_header',
  'http_5xx',
]

/** When a peer is ejected, and for how long. */
export interface OutlierRules {
  /** Failures in a row that eject; 0 = none do. */
  readonly consecutive: number
  /** How often the peers are compared. */
  readonly intervalSeconds: number
  /** The first ejection; the second in a row lasts twice as long, and so on. */
  readonly baseSeconds: number
  /** No ejection is longer, but for up to a tenth that is chance. */
  readonly maxSeconds: number
  /** Share of the group that may be ejected at once, the next one included; 1 to 100. */
  readonly maxEjectedPercent: number
  /** A success rate so many standard deviations below the mean ejects; 0 = none does. */
  readonly deviation: number
  /** Peers with enough requests that it takes to compare success rates. */
  readonly peersMin: number
  /** Requests in an interval that a peer's success rate is worth comparing from. */
  readonly requestsMin: number
  /** Failed share of a peer's requests in an interval that ejects, from 1 to 100; 0 = none does. */
  readonly failurePercent: number
  /** Requests in an interval that it takes for that. */
  readonly failureRequestsMin: number
}

export interface PassiveHealth {
  /** What counts as a failure; null = what nginx counts: see `proxy_next_upstream`. */
  readonly failOn: readonly FailCondition[] | null
  /** A response whose head takes longer counts as a failure; 0 = none does. */
  readonly slowMs: number
  /** Null = no outlier detection. */
  readonly outliers: OutlierRules | null
  /** With fewer usable peers in a hundred all are used; 0 = never, up to 100. */
  readonly panicPercent: number
}

/** Outlier detection where nothing more is said of it. */
export const DEFAULT_OUTLIERS: OutlierRules = {
  consecutive: 5,
  intervalSeconds: 10,
  baseSeconds: 30,
  maxSeconds: 300,
  maxEjectedPercent: 50,
  deviation: 1.9,
  peersMin: 5,
  requestsMin: 100,
  failurePercent: 85,
  failureRequestsMin: 50,
}

/** The share below which all peers are used where one is wanted and none is named. */
export const DEFAULT_PANIC_PERCENT = 50

/** nginx: failures count as they are retried, and there is nothing else. */
export const NGINX_HEALTH: PassiveHealth = {
  failOn: null,
  slowMs: 0,
  outliers: null,
  panicPercent: 0,
}
