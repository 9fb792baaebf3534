// What the request head of a connection came to when it was seen before: many clients send the very same head again and
// again, and the way from it to a location, and to the head that goes to the peer, is the same each time
// (docs/decisions/013-repeated-heads.md). Only what depends on nothing but the head, the connection and the
// configuration may be kept here.

import type { EntryKey } from '../cache/store/cache-store.ts'
import type { RequestHead } from '../http/request-parser.ts'
import type { Template } from '../model/template.ts'
import type { ClientEnd } from './client-address.ts'
import type { Exchange } from './exchange.ts'
import type { RequestTemplate } from './outgoing-head.ts'
import type { LocationRuntime, ServerRuntime, Snapshot } from './runtime.ts'
import type { ServerTable } from './server-table.ts'
import { isDefinedName, isStableDefinition } from './variables.ts'

/** Variables that a repeated head gives the same value on its connection, under one configuration. */
const STABLE_VARIABLES: ReadonlySet<string> = new Set([
  'args',
  'document_uri',
  'host',
  'hostname',
  'is_args',
  'proxy_add_x_forwarded_for',
  'proxy_host',
  'proxy_port',
  'query_string',
  'remote_addr',
  'remote_port',
  'request_method',
  'request_uri',
  'scheme',
  'server_addr',
  'server_name',
  'server_port',
  'server_protocol',
  'uri',
])

/** Whether a repeated head gives a variable that the configuration does not define the same value. */
export function isStableVariable(name: string): boolean {
  return STABLE_VARIABLES.has(name) || name.startsWith('http_')
}

/** Whether a repeated head renders to the same text. */
export function isStable(template: Template): boolean {
  return template.every(part => {
    if (typeof part === 'string') return true
    const name = part.variable.toLowerCase()
    return isStableVariable(name) && !isDefinedName(name)
  })
}

/** The same, as long as nothing but definitions gives the configuration's own variables their values. */
export function isStableByDefinition(template: Template): boolean {
  return template.every(
    part => isStable([part]) || (typeof part !== 'string' && isStableDefinition(part.variable)),
  )
}

/** Kept with the head (`RequestHead.memo`), which forgets it when another head takes its place. */
export class HeadMemo {
  readonly snapshot: Snapshot
  readonly servers: ServerTable
  readonly server: ServerRuntime
  readonly location: LocationRuntime
  readonly uri: string
  readonly args: string
  /** Whom the server's rules found: the head says it, and who is trusted is the connection's far end. */
  readonly realClient: ClientEnd | null
  /** What made `requestHead`; null while nothing did. */
  template: RequestTemplate | null = null
  /** The head to the peer, as `RequestTemplate.build` gave it; and complete, for a request without a body. */
  outgoingHead = ''
  wholeHead = ''
  wantsUpgrade = false
  /** What the answer is stored under; null while nobody asked. */
  cacheKey: EntryKey | null = null

  constructor(exchange: Exchange, servers: ServerTable, location: LocationRuntime) {
    this.snapshot = exchange.snapshot
    this.servers = servers
    this.server = exchange.server
    this.location = location
    this.uri = exchange.uri
    this.args = exchange.args
    this.realClient = exchange.realClient
  }

  /** Keeps the head that `template` made. */
  keep(template: RequestTemplate, outgoingHead: string, wantsUpgrade: boolean): void {
    this.template = template
    this.outgoingHead = outgoingHead
    this.wantsUpgrade = wantsUpgrade
    this.wholeHead = ''
  }
}

/** What is known of the head under this configuration, or null. */
export function recall(
  head: RequestHead,
  snapshot: Snapshot,
  servers: ServerTable,
): HeadMemo | null {
  const { memo } = head
  if (!(memo instanceof HeadMemo)) return null
  return memo.snapshot === snapshot && memo.servers === servers ? memo : null
}
