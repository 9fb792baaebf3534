// What the prober and the thread of a module's functions say to each other.

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

export type ToThread =
  | { readonly kind: 'call'; readonly id: number; readonly peer: CheckedPeer }
  /** The module is loaded, and nothing called. */
  | { readonly kind: 'load' }
  /** Its time is over: the function's signal is aborted. */
  | { readonly kind: 'stop'; readonly id: number }

export type FromThread =
  /** It listens from now on. */
  | { readonly kind: 'ready' }
  /** The function is called next: what the thread says no more after this is its doing. */
  | { readonly kind: 'begun'; readonly id: number }
  /** Empty fault = the function returned. */
  | { readonly kind: 'answer'; readonly id: number; readonly fault: string }
  /** What came of a `load`; empty text = the module has a function. */
  | {
      readonly kind: 'loaded'
      readonly text: string
      /** `/etc/check.ts:3`; empty = not known. */
      readonly place: string
      /** The module, or one that it imports, cannot be read. */
      readonly isSyntax: boolean
      /** It is the text that is wrong. */
      readonly isLasting: boolean
    }
  /** The thread has heard of a `stop`, so nothing blocks it. */
  | { readonly kind: 'stopped'; readonly id: number }
  /** An error that nobody caught: the thread ends. */
  | { readonly kind: 'died'; readonly text: string }
