// What `headgate explain` finds out about one request, as data: printed as text or as JSON.

/** What a decision is about, in the order in which requests meet them. */
export const TOPICS = [
  'client',
  'listen',
  'server',
  'path',
  'location',
  'redirect',
  'rewrite',
  'limit',
  'access',
  'variable',
  'cache',
  'upstream',
  'peer',
  'sends',
  'drops',
  'receives',
  'file',
  'answers',
  'adds',
  'times',
  'retries',
  'logs',
] as const
export type Topic = (typeof TOPICS)[number]

/** One decision and what says so. */
export interface Decision {
  readonly topic: Topic
  readonly text: string
  /** `nginx.conf:12`, `default` where nothing was written; empty where no line says it. */
  readonly at: string
}

/** How it ends. */
export type Outcome =
  | {
      readonly kind: 'peer'
      /** Name of the group; null for a name that is looked up when a request comes. */
      readonly upstream: string | null
      /** Address; null when none can be picked, or not known yet. */
      readonly peer: string | null
      /** The request target that goes to the peer. */
      readonly target: string
    }
  | { readonly kind: 'answer'; readonly status: number }
  /** The connection is closed without an answer. */
  | { readonly kind: 'closed' }

export interface Explanation {
  readonly method: string
  readonly url: string
  /** First name of the server. */
  readonly server: string
  /** As the configuration writes it: `= /a`; null where no location matches. */
  readonly location: string | null
  /** The path at the end, decoded, without its query. */
  readonly uri: string
  readonly outcome: Outcome
  readonly decisions: readonly Decision[]
}
