// All rows of the directive table, found by name. A name may have several rows, one for each
// context where it means something of its own (`server` in `http` and in `upstream`).

import { ACCEPTED_DIRECTIVES } from './accepted-directives.ts'
import { ACCESS_DIRECTIVES } from './access-directives.ts'
import { CACHE_DIRECTIVES } from './cache-directives.ts'
import { CACHE_PATH_DIRECTIVES } from './cache-path.ts'
import { CLIENT_DIRECTIVES } from './client-directives.ts'
import { CONNECT_DIRECTIVES } from './connect-directives.ts'
import { COOKIE_DIRECTIVES } from './cookie-directives.ts'
import type { DirectiveRow } from './directive-row.ts'
import { FIDELITY_NOTES } from './fidelity-notes.ts'
import { FILE_ANSWER_DIRECTIVES } from './file-answer-directives.ts'
import { FILE_DIRECTIVES } from './file-directives.ts'
import { LIMIT_DIRECTIVES } from './limit-directives.ts'
import { LIMIT_ZONE_DIRECTIVES } from './limit-zone-directives.ts'
import { LOG_DIRECTIVES } from './log-directives.ts'
import { MAIN_DIRECTIVES } from './main-directives.ts'
import { PEER_REQUEST_DIRECTIVES } from './peer-request-directives.ts'
import { PEER_TLS_DIRECTIVES } from './peer-tls-directives.ts'
import { PROBE_DIRECTIVES } from './probe-directives.ts'
import { PROXY_DIRECTIVES } from './proxy-directives.ts'
import { PROXY_PASS_DIRECTIVES } from './proxy-pass.ts'
import { REAL_IP_DIRECTIVES } from './real-ip-directives.ts'
import { RESOLVER_DIRECTIVES } from './resolver-directives.ts'
import { RESPONSE_DIRECTIVES } from './response-directives.ts'
import { RETRY_DIRECTIVES } from './retry-directives.ts'
import { REWRITE_DIRECTIVES } from './rewrite-directives.ts'
import { ROUTE_DIRECTIVES } from './route-directives.ts'
import { STORE_DIRECTIVES } from './store-directives.ts'
import { TLS_DIRECTIVES } from './tls-directives.ts'
import { UPSTREAM_DIRECTIVES } from './upstream-directives.ts'
import { VARIABLE_DIRECTIVES } from './variable-directives.ts'

/** Every directive that is read, in the order of docs/directives.md. */
export const DIRECTIVES: readonly DirectiveRow[] = [
  ...MAIN_DIRECTIVES,
  ...ROUTE_DIRECTIVES,
  ...ACCESS_DIRECTIVES,
  ...LIMIT_ZONE_DIRECTIVES,
  ...LIMIT_DIRECTIVES,
  ...REWRITE_DIRECTIVES,
  ...UPSTREAM_DIRECTIVES,
  ...PROBE_DIRECTIVES,
  ...PROXY_PASS_DIRECTIVES,
  ...PROXY_DIRECTIVES,
  ...PEER_REQUEST_DIRECTIVES,
  ...COOKIE_DIRECTIVES,
  ...CONNECT_DIRECTIVES,
  ...PEER_TLS_DIRECTIVES,
  ...RETRY_DIRECTIVES,
  ...CACHE_PATH_DIRECTIVES,
  ...CACHE_DIRECTIVES,
  ...STORE_DIRECTIVES,
  ...RESOLVER_DIRECTIVES,
  ...RESPONSE_DIRECTIVES,
  ...FILE_DIRECTIVES,
  ...FILE_ANSWER_DIRECTIVES,
  ...CLIENT_DIRECTIVES,
  ...TLS_DIRECTIVES,
  ...LOG_DIRECTIVES,
  ...VARIABLE_DIRECTIVES,
  ...REAL_IP_DIRECTIVES,
  ...ACCEPTED_DIRECTIVES,
].map(withFidelity)

const BY_NAME = Map.groupBy(DIRECTIVES, row => row.name)

/** The rows of a name; none for an unknown one. */
export function findRows(name: string): readonly DirectiveRow[] {
  return BY_NAME.get(name) ?? []
}

/** Every name that "did you mean" may offer. */
export function knownNames(): Iterable<string> {
  return [...BY_NAME.keys(), 'include']
}

/** Tells whether a word is the name of a directive. */
export function isKnownName(name: string): boolean {
  return BY_NAME.has(name) || name === 'include'
}

function withFidelity(row: DirectiveRow): DirectiveRow {
  const fidelity = Object.hasOwn(FIDELITY_NOTES, row.name) ? FIDELITY_NOTES[row.name] : undefined
  return fidelity === undefined ? row : { ...row, fidelity }
}
