// Active checks of peers: what is asked, what must come back, and how many answers make a verdict
// (NGINX Plus: `health_check` with `match`; HAProxy: `check`; ldirectord: `checktype`, `request`,
// `receive`).

import type { ListenAddress } from './listener.ts'
import type { Sourced } from './origin.ts'

/** A test of a text. A regex is already in JavaScript's syntax and is looked for anywhere. */
export interface TextTest {
  readonly kind: 'contains' | 'equal' | 'regex'
  readonly text: string
  readonly isCaseInsensitive: boolean
  /** Passes when the text is not like that. */
  readonly isNegated: boolean
}

/** A test of one response field. */
export interface HeaderTest {
  /** In lower case. */
  readonly name: string
  /** Null = the field must be there, or with `isAbsent` must not. */
  readonly test: TextTest | null
  readonly isAbsent: boolean
}

/** Statuses from the first to the second, both included. */
export type StatusRange = readonly [number, number]

/** What an HTTP response must be; all of it must hold. */
export interface ResponseExpectation {
  readonly statuses: readonly StatusRange[]
  /** The statuses are those that fail. */
  readonly isStatusNegated: boolean
  readonly headers: readonly HeaderTest[]
  /** Looked for in the first 256 KiB of the body, its bytes as Latin-1 or UTF-8, whichever they are. */
  readonly body: readonly TextTest[]
  /** From the start of the check to the response's last byte; 0 = the timeout alone. */
  readonly withinMs: number
}

/** How a probe speaks TLS. */
export interface ProbeTls {
  /** SNI, and the name that the certificate must have; null = the host of the request. */
  readonly serverName: string | null
  readonly isVerified: boolean
  /** Absolute path of PEM certificates that are trusted in place of the usual ones; null = these. */
  readonly trustedPath: string | null
  /** Absolute paths of our own certificate and key; null = none is shown. */
  readonly certificatePath: string | null
  readonly keyPath: string | null
  /** Days that the peer's certificate must still hold; 0 = not looked at. */
  readonly daysLeftMin: number
}

/** TLS of which nothing is written. */
export const PLAIN_PROBE_TLS: ProbeTls = {
  serverName: null,
  isVerified: true,
  trustedPath: null,
  certificatePath: null,
  keyPath: null,
  daysLeftMin: 0,
}

/** One question that is asked of a peer. */
export type ProbeCheck =
  | {
      readonly kind: 'http'
      /** Null = without TLS. */
      readonly tls: ProbeTls | null
      /** HTTP/2: by ALPN with TLS, else by prior knowledge. */
      readonly isHttp2: boolean
      readonly method: string
      /** Path and query. */
      readonly path: string
      /** The Host field; null = the peer as it is written. */
      readonly host: string | null
      /** More request fields, in their order. */
      readonly headers: readonly (readonly [string, string])[]
      /** Request body; empty = none. */
      readonly body: string
      /** Redirects that are followed; 0 = the redirect itself is the answer. */
      readonly redirectsMax: number
      /** How long a connection is kept for the next check; 0 = each check opens one. */
      readonly keepaliveMs: number
      readonly expect: ResponseExpectation
    }
  | {
      readonly kind: 'tcp'
      readonly tls: ProbeTls | null
      /** Sent as soon as it is connected, as bytes if all below U+0100; empty = nothing. */
      readonly send: string
      /** Tested against what has come so far, until it passes; null = connecting is enough. */
      readonly expect: TextTest | null
    }
  /** A program: exit code 0 = up. */
  | {
      readonly kind: 'external'
      /** Absolute, or a name on the PATH. */
      readonly command: string
      /** Before the four of ldirectord: virtual address, virtual port, real address, real port. */
      readonly arguments: readonly string[]
      readonly environment: readonly (readonly [string, string])[]
    }
  /** An ICMP echo, asked by the machine's own `ping`. */
  | { readonly kind: 'ping'; readonly tries: number }
  /** A function of the user's: a module's default export, `(peer, signal) => void | Promise<void>`; throwing = down. */
  | { readonly kind: 'function'; readonly modulePath: string }
  /** So many good connects, then one full question; a failed connect asks it at once (ldirectord: `checktype=N`). */
  | { readonly kind: 'combined'; readonly connects: number; readonly full: ProbeCheck }
  /** Nothing is asked: the peer is always up, or always down (ldirectord: `on`, `off`). */
  | { readonly kind: 'fixed'; readonly isUp: boolean }

export interface Probe extends Sourced {
  /** What logs and status call it: the name of its `match`, its path, or its kind. */
  readonly name: string
  readonly check: ProbeCheck
  /** In place of the peer's; null = the peer's own. */
  readonly port: number | null
  /** In place of the kind's answer by the peer, by peer index in `Upstream.peers` (ldirectord: the pair of a `real`). */
  readonly checksOfPeers?: Readonly<Record<number, ProbeCheck>>
  /** From the start of one check to that of the next, while the peer is as it was. */
  readonly intervalMs: number
  /** Up to so much, by chance, is added to each interval. */
  readonly jitterMs: number
  /** While the last answer and the verdict differ; null = the interval. */
  readonly doubtIntervalMs: number | null
  /** While the peer is down; null = the interval. */
  readonly downIntervalMs: number | null
  /** Over all of one check: connecting, asking, the last byte. */
  readonly timeoutMs: number
  /** Good checks in a row that bring a peer back. */
  readonly rise: number
  /** Bad checks in a row that take it out. */
  readonly fall: number
  /** A peer that was never checked gets no requests (nginx: `mandatory`). */
  readonly isMandatory: boolean
  /** With `isMandatory`: a reload keeps what was found before it (nginx: `persistent`). */
  readonly isPersistent: boolean
  /** A failed request of a user asks at once, in place of waiting for the interval. */
  readonly isAskedOnFailure: boolean
  /** A peer that is down takes the requests of sessions that are bound to it (ldirectord: `quiescent`). */
  readonly keepsSessions: boolean
  /** What an external check is told: the address that clients use; null = none is known. */
  readonly virtual: ListenAddress | null
}

/** A probe of which nothing is written but its check (nginx: `health_check`). */
export const PLAIN_PROBE = {
  port: null,
  intervalMs: 5000,
  jitterMs: 0,
  doubtIntervalMs: null,
  downIntervalMs: null,
  timeoutMs: 5000,
  rise: 1,
  fall: 1,
  isMandatory: false,
  isPersistent: false,
  isAskedOnFailure: false,
  keepsSessions: false,
  virtual: null,
} as const satisfies Partial<Probe>

/** nginx: `health_check` without `match` passes 2xx and 3xx. */
export const PLAIN_EXPECTATION: ResponseExpectation = {
  statuses: [[200, 399]],
  isStatusNegated: false,
  headers: [],
  body: [],
  withinMs: 0,
}

export type HttpCheck = Extract<ProbeCheck, { readonly kind: 'http' }>

/** An HTTP check of which nothing is written. */
export const PLAIN_HTTP_CHECK: HttpCheck = {
  kind: 'http',
  tls: null,
  isHttp2: false,
  method: 'GET',
  path: '/',
  host: null,
  headers: [],
  body: '',
  redirectsMax: 0,
  keepaliveMs: 0,
  expect: PLAIN_EXPECTATION,
}

/** Every status: where only other things are tested. */
export const ANY_STATUS: readonly StatusRange[] = [[100, 999]]

/** What a probe is called where nobody named it: its path, the program that it runs, or its kind. */
export function usualProbeName(check: ProbeCheck): string {
  switch (check.kind) {
    case 'http':
      return check.path
    case 'external':
      return fileName(check.command)
    case 'function':
      return fileName(check.modulePath)
    case 'combined':
      return usualProbeName(check.full)
    default:
      return check.kind
  }
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Bytes of a response's body in which texts are looked for; the rest is not read (nginx: 256k). */
export const PROBE_BODY_BYTES_MAX = 256 * 1024

/** Who is told when a peer goes down or comes back, beside the log. */
export interface Alerts {
  /** Program that is run with the peer's state and address; null = none. */
  readonly command: string | null
  /** Gets the transition as a JSON body; null = none. */
  readonly webhook: string | null
  /** Who gets a mail, by the machine's `sendmail` or by `smtp`. */
  readonly mailTo: readonly string[]
  /** Empty = who we run as. */
  readonly mailFrom: string
  /** SMTP server, `host` or `host:port`; empty = `sendmail`. */
  readonly smtp: string
  /** Says it again while a peer stays down; 0 = once. */
  readonly repeatMs: number
}
