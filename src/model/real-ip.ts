// Whose word is taken for who the client is (nginx: ngx_http_realip_module): proxies in front of this one, which name the
// client in a field of the request or by the PROXY protocol.

import type { Sourced } from './origin.ts'

/** Who may say it. */
export interface TrustedPeer extends Sourced {
  /** A network, `unix:`, or a host name, which is an address when the configuration is loaded. */
  readonly network: string
}

export interface RealIpSettings {
  /** Empty = nobody. */
  readonly from: readonly TrustedPeer[]
  /** Lower-case name of a field, where the first line of it counts, or one of the words. */
  readonly header: { readonly field: string } | 'x-forwarded-for' | 'proxy-protocol'
  /** The last address in the field that is not trusted itself, not the last one. */
  readonly isRecursive: boolean
}

/** Nobody is trusted. */
export const DEFAULT_REAL_IP: RealIpSettings = {
  from: [],
  header: { field: 'x-real-ip' },
  isRecursive: false,
}
