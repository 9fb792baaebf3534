// What a configuration says of TLS and HTTP/2: certificates, versions, sessions. It is read and checked as nginx does it,
// inherited, and kept here; nothing serves by it yet, and a `listen … ssl` or `proxy_pass https://` says so.
// http://nginx.org/en/docs/http/ngx_http_ssl_module.html, ngx_http_v2_module.html, ngx_http_proxy_module.html

import type { Template } from './template.ts'

/** Versions in the order of their age. */
export const TLS_VERSIONS = ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
export type TlsVersion = (typeof TLS_VERSIONS)[number]

/** How peers are spoken to (nginx: `proxy_ssl_*`). */
export interface PeerTls {
  /** Null = none is shown. */
  readonly certificate: Template | null
  readonly certificateKey: Template | null
  /** As OpenSSL writes a list of ciphers. */
  readonly ciphers: string
  /** Pairs of `proxy_ssl_conf_command`. */
  readonly commands: readonly (readonly [name: string, value: string])[]
  /** File of revoked certificates; empty = none. */
  readonly crl: string
  /** Empty = the host of `proxy_pass`. */
  readonly name: Template
  readonly passwordFile: string
  readonly versions: readonly TlsVersion[]
  readonly sendsName: boolean
  readonly reusesSessions: boolean
  readonly trustedCertificates: string
  readonly isVerified: boolean
  readonly verifyDepth: number
}

export const DEFAULT_PEER_TLS: PeerTls = {
  certificate: null,
  certificateKey: null,
  ciphers: 'DEFAULT',
  commands: [],
  crl: '',
  name: [],
  passwordFile: '',
  versions: ['TLSv1.2', 'TLSv1.3'],
  sendsName: false,
  reusesSessions: true,
  trustedCertificates: '',
  isVerified: false,
  verifyDepth: 1,
}

/** Where sessions are kept between connections (nginx: `ssl_session_cache`). */
export type SessionCache =
  /** `off` refuses to take them up again, `none` lets clients believe that they might. */
  | { readonly kind: 'off' | 'none' }
  | {
      readonly kind: 'memory'
      /** Of each worker; null = none, 0 = OpenSSL's own number. */
      readonly builtInSessions: number | null
      /** Of all workers. */
      readonly shared: { readonly name: string; readonly bytes: number } | null
    }

export const CLIENT_CHECKS = ['off', 'on', 'optional', 'optional_no_ca'] as const
/** Whether clients have to show a certificate (nginx: `ssl_verify_client`). */
export type ClientCheck = (typeof CLIENT_CHECKS)[number]

/** How clients are spoken to (nginx: `ssl_*`, `http2*`). */
export interface ServerTls {
  readonly certificates: readonly Template[]
  /** One for each certificate, in their order. */
  readonly keys: readonly Template[]
  readonly passwordFile: string
  readonly versions: readonly TlsVersion[]
  readonly ciphers: string
  readonly prefersOwnCiphers: boolean
  readonly curves: string
  /** Empty = none; so with all files. */
  readonly dhParameters: string
  readonly rejectsHandshake: boolean
  readonly sessionCache: SessionCache
  readonly sessionTimeoutMs: number
  readonly hasTickets: boolean
  readonly ticketKeys: readonly string[]
  readonly clientCheck: ClientCheck
  readonly verifyDepth: number
  /** Sent to clients as those that may have signed theirs. */
  readonly clientCertificates: string
  readonly trustedCertificates: string
  readonly crl: string
  /** HTTP/2 is offered. */
  readonly isHttp2: boolean
  /** Bytes of a request body that a client may send before it is asked for. */
  readonly http2PrereadBytes: number
  readonly http2ChunkBytes: number
  readonly http2StreamsMax: number
}

export const DEFAULT_SERVER_TLS: ServerTls = {
  certificates: [],
  keys: [],
  passwordFile: '',
  versions: ['TLSv1.2', 'TLSv1.3'],
  ciphers: 'HIGH:!aNULL:!MD5',
  prefersOwnCiphers: false,
  curves: 'auto',
  dhParameters: '',
  rejectsHandshake: false,
  sessionCache: { kind: 'none' },
  sessionTimeoutMs: 300_000,
  hasTickets: true,
  ticketKeys: [],
  clientCheck: 'off',
  verifyDepth: 1,
  clientCertificates: '',
  trustedCertificates: '',
  crl: '',
  isHttp2: false,
  http2PrereadBytes: 65_536,
  http2ChunkBytes: 8_192,
  http2StreamsMax: 128,
}
