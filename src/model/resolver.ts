// How names are asked for while the program runs (nginx: `resolver`, `resolver_timeout`). The two are inherited apart,
// and belong together for whoever asks.

import { BUILT_IN, type Sourced } from './origin.ts'

/** One name server. */
export interface ResolverServer extends Sourced {
  /** As written: `127.0.0.1`, `[::1]:5353`, `ns.example.com`. */
  readonly name: string
  /** An address, or a name, which is looked up when the configuration is loaded. */
  readonly host: string
  readonly port: number
}

export interface ResolverSettings extends Sourced {
  /** Empty: the machine's own (`/etc/hosts`, `/etc/resolv.conf`). */
  readonly servers: readonly ResolverServer[]
  /** How long an answer holds, in place of what it says itself; 0 = what it says. */
  readonly validMs: number
  readonly asksIpv4: boolean
  readonly asksIpv6: boolean
  /** How long the last good addresses hold after their name is gone; 0 = not at all, as nginx. */
  readonly holdMs: number
  /** What statistics call it; empty for none. */
  readonly statusZone: string
  /** Over all of one lookup; 0 = no limit but that of tries. */
  readonly timeoutMs: number
}

/** An hour: long enough for somebody to see the alarm and mend the zone. */
export const DEFAULT_HOLD_MS = 3_600_000

/** What holds where nothing was written. */
export const DEFAULT_RESOLVER: ResolverSettings = {
  origin: BUILT_IN,
  servers: [],
  validMs: 0,
  asksIpv4: true,
  asksIpv6: true,
  holdMs: DEFAULT_HOLD_MS,
  statusZone: '',
  timeoutMs: 30_000,
}
