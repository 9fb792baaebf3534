// Which keys a URL has in the caches: the request is made up, led through servers and locations as a client's would be,
// and the location's template makes the key. What only a client's own fields or address could say is empty.

import { failureText } from '../base/failure.ts'
import { DetachedClient } from '../downstream/detached-client.ts'
import { findHeadEnd, parseRequestHead, RequestHead } from '../http/request-parser.ts'
import { piecesPrefix } from '../proxy/cache-key.ts'
import { Exchange } from '../proxy/exchange.ts'
import { findLocation, readTarget, setCaptures } from '../proxy/route.ts'
import type { CacheKeyFound } from './messages.ts'
import type { AddressRuntime, WorkerSnapshot } from './snapshot.ts'

const HEAD_LIMITS = {
  lineBytesMax: 65_536,
  headBytesMax: 131_072,
  fieldsMax: 8,
  fieldLineBytesMax: 65_536,
  allowUnderscores: true,
  ignoreInvalidFields: true,
}

export interface KeysAnswer {
  readonly found: readonly CacheKeyFound[]
  /** One line why there is none; else empty. */
  readonly problem: string
}

export const NOT_SERVING: KeysAnswer = { found: [], problem: 'the worker does not serve yet' }

/** The keys of a URL, `http://host/path?query`, over all addresses that listen. */
export function findCacheKeys(snapshot: WorkerSnapshot, url: string, method: string): KeysAnswer {
  const parts = /^https?:\/\/([^/?#]+)([^#]*)/i.exec(url)
  if (parts === null) return refuse(`"${url}" is no URL with a scheme and a host`)
  const [, authority = '', rest = ''] = parts
  const target = rest.startsWith('/') ? rest : `/${rest}`
  const text = `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`
  const bytes = Buffer.from(text, 'latin1')
  const found = new Map<string, CacheKeyFound>()
  for (const runtime of snapshot.addresses.values()) {
    const head = new RequestHead()
    const end = findHeadEnd(bytes, 0, bytes.length)
    const failure = parseRequestHead(bytes, 0, end, head, HEAD_LIMITS)
    if (failure !== null) return refuse(`"${url}" cannot be asked for: ${failureText(failure)}`)
    const key = keyAt(runtime, head)
    if (key !== null) found.set(JSON.stringify(key), key)
  }
  if (found.size > 0) return { found: [...found.values()], problem: '' }
  return refuse(`no location that answers "${url}" has a cache`)
}

function refuse(problem: string): KeysAnswer {
  return { found: [], problem }
}

function keyAt({ snapshot, servers }: AddressRuntime, head: RequestHead): CacheKeyFound | null {
  const { server, captures } = servers.find(head.host)
  const { nowMs } = snapshot.services.clock
  const exchange = new Exchange(makeClient(head, nowMs), head, snapshot, server, nowMs)
  exchange.isDetached = true
  if (captures !== null) setCaptures(exchange, captures)
  if (readTarget(exchange) !== null || findLocation(exchange) !== 'found') return null
  const cache = exchange.location?.cache ?? null
  if (cache === null) return null
  exchange.proxyHost = cache.proxyHost(exchange)
  if (cache.storeOf(exchange) === null) return null
  const name = cache.nameOf(exchange)
  const prefix = piecesPrefix(exchange, cache)
  return prefix === null
    ? { cache: name, key: cache.key(exchange), isPrefix: false }
    : { cache: name, key: prefix, isPrefix: true }
}

/** Nobody in particular. */
function makeClient(head: RequestHead, nowMs: number): DetachedClient {
  const facts = {
    serial: 0,
    startedMs: nowMs,
    requests: 1,
    remoteAddress: '127.0.0.1',
    remotePort: 0,
    localAddress: '127.0.0.1',
    localPort: 80,
  }
  return new DetachedClient(facts, head, nowMs)
}
