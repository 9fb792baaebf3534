// Who may have what: by address, by password, by asking somebody else
// (http://nginx.org/en/docs/http/ngx_http_access_module.html, ngx_http_auth_basic_module.html,
// ngx_http_auth_request_module.html).

import type { Template } from './template.ts'

/** Clients that a rule is about. */
export type AddressRange =
  | { readonly kind: 'all' }
  /** Those of UNIX sockets. */
  | { readonly kind: 'unix' }
  /** `10.0.0.0/8`, `2001:db8::/32`, one address. */
  | { readonly kind: 'network'; readonly network: string }

/** `allow` and `deny`. */
export interface AccessRule {
  readonly action: 'allow' | 'deny'
  readonly from: AddressRange
}

/** `auth_request_set $NAME VALUE`. */
export interface AuthVariable {
  /** Lower case. */
  readonly name: string
  /** With the variables of the request that was asked. */
  readonly value: Template
}

/** What a request must meet before it is answered. */
export interface AccessSettings {
  /** Whether address, password and request must all agree, or one of them is enough. */
  readonly satisfy: 'all' | 'any'
  /** The first that matches decides; none: no objection. */
  readonly rules: readonly AccessRule[]
  /** What the client is asked a password for; null = nothing. One that comes to `off` asks for none either. */
  readonly realm: Template | null
  /** The file of users and passwords; null = none, and then no password is asked for. */
  readonly usersPath: Template | null
  /** How long a request that lacks its password waits for its 401. */
  readonly delayMs: number
  /** A path of the same server that is asked first: 2xx lets the request pass; null = nobody is asked. */
  readonly request: string | null
  /** What the answer gives to variables. */
  readonly requestSets: readonly AuthVariable[]
}

/** Where nothing is written everybody may have everything. */
export const OPEN_ACCESS: AccessSettings = {
  satisfy: 'all',
  rules: [],
  realm: null,
  usersPath: null,
  delayMs: 0,
  request: null,
  requestSets: [],
}

/** `limit_except` takes these names of methods. */
export const LIMITABLE_METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'MKCOL',
  'COPY',
  'MOVE',
  'OPTIONS',
  'PROPFIND',
  'PROPPATCH',
  'LOCK',
  'UNLOCK',
  'PATCH',
] as const

/** The methods of `limit_except` in full, in the order above: GET brings HEAD. */
export function limitedMethods(written: readonly string[]): readonly string[] {
  const methods = new Set(written)
  if (methods.has('GET')) methods.add('HEAD')
  return LIMITABLE_METHODS.filter(method => methods.has(method))
}
