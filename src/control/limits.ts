// How long and how often the main thread waits before it says so and goes on. Every wait of this folder stands here.

export const CONTROL_LIMITS = {
  /** A worker that compiles a configuration and binds its listeners needs well under a second. */
  readyTimeoutMs: 30_000,
  /** How often `peer` looks whether its change is served. */
  generationPollMs: 100,
  /** Tries to bind a taken address at start: `stop` and `start` in one script need a moment in between (nginx: 5). */
  bindTriesMax: 5,
  bindRetryMs: 400,
  /** Name resolution of a whole configuration, all names at once. */
  resolveTimeoutMs: 10_000,
  /** First answers about names that are followed: who has none by then gets its peers later. */
  firstAnswersMs: 1_500,
  /** Worker deaths in a row before it was ever ready, with no other worker serving: then the start has failed. */
  startDeathsMax: 5,
  /** The pause before a dead worker starts again: none, then this, doubled each time. */
  restartDelayMs: 100,
  restartDelayMsMax: 30_000,
  /** A worker that served for so long died of something new: its deaths are counted from one again. */
  restartForgetMs: 10_000,
  /** After the time of a graceful stop: what a worker needs to close what is left. */
  drainGraceMs: 2_000,
  /** At a fast stop: what a worker needs to write out its logs. */
  stopGraceMs: 300,
  /** Ending a thread by force: one that is stuck inside a system call cannot be ended at all. */
  terminateMs: 2_000,
  /** Between `drained`, after which nothing is left to do, and the end of a worker's thread. */
  exitGraceMs: 150,
  /** Asking a unix socket whether somebody still accepts on it. */
  unixProbeMs: 1_000,
  /** How often the failures of peers are looked at whose probes ask at once after one. */
  failureWatchMs: 150,
  /** How often directories of maintenance files and the files of the configuration are looked at. */
  fileWatchMs: 1_000,
  /** Files of a maintenance directory that are read; the names of peers are few. */
  maintenanceFilesMax: 10_000,
  /** A program that the configuration names gets TERM after this, and KILL after the grace. */
  programTimeoutMs: 30_000,
  programGraceMs: 1_000,
  /** Programs, webhooks and mails under way at once, and those that wait; more are dropped. */
  alertsActiveMax: 4,
  alertsWaitingMax: 200,
  /** One try of a webhook, and the pause before its second. */
  webhookTimeoutMs: 5_000,
  webhookRetryMs: 1_000,
  /** A whole mail, from connecting to the server's last word. */
  mailTimeoutMs: 15_000,
  /** The same failure of an alert is logged once in this time, whichever peer it was about. */
  alertTroubleMs: 60_000,
  /** How often repeated alerts are looked for. */
  alertTickMs: 1_000,
  /** The control socket: connections at once, and how long one may take for its request. */
  controlConnectionsMax: 32,
  controlRequestMs: 5_000,
  controlHeadBytesMax: 8_192,
  /** An order has a cache key in it at most: one of 64 KiB, each byte escaped. */
  controlBodyBytesMax: 512 * 1024,
  /** What a worker needs to find the cache keys of a URL. */
  cacheKeyMs: 2_000,
  /** How long `cache` waits for a purge or a listing: a slow disk with millions of files. */
  cacheOrderMs: 3_600_000,
  /** How long `status` waits for the answer of the control socket. */
  statusTimeoutMs: 5_000,
  /** Bytes of an answer that `status` reads: some hundred thousand peers. */
  statusBytesMax: 256 * 1024 * 1024,
} as const
