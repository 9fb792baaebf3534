// What answers while no peer of an upstream can (`fallback`; keepalived: `sorry_server`): a group of its own, to which
// the request goes on as after an internal redirect, or a page or a status of ours with Retry-After. When that is the
// case: forward.ts and tries.ts; what it means to be out: docs/health.md.

import { assert } from '../base/assert.ts'
import { fail } from '../base/failure.ts'
import { fallbackGroupName } from '../model/fallback-group.ts'
import type { Upstream } from '../model/upstream.ts'
import { answerStatus, answerText } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { mediaType } from './media-type.ts'
import type { FallbackRuntime, UpstreamRuntime } from './runtime.ts'
import type { Tries } from './tries.ts'
import { byteText } from './variable.ts'

/** `$upstream_addr` of an answer that no peer gave. */
const ADDRESS = 'fallback'
const TEXT = 'text/plain; charset=utf-8'

/** Makes what an upstream falls back to; null where it has nothing. */
export function compileFallback({ name, fallback }: Upstream): FallbackRuntime | null {
  if (fallback === null) return null
  const { answer, retryAfterSeconds } = fallback
  switch (answer.kind) {
    case 'address':
      return { kind: 'group', group: fallbackGroupName(name), text: answer.name }
    case 'page': {
      const { content, path, status } = answer
      assert(content !== undefined, 'the pages of a configuration are read before it is taken')
      const body = Buffer.from(content).toString('latin1')
      return { kind: 'answer', status, retryAfterSeconds, path, body }
    }
    case 'status': {
      const { status, text } = answer
      return { kind: 'answer', status, retryAfterSeconds, path: '', body: byteText(text) }
    }
  }
}

/** The group that the request goes on to, which is logged; null when it has to be answered. */
export function findFallbackGroup(
  exchange: Exchange,
  upstream: UpstreamRuntime,
  fallback: FallbackRuntime,
): UpstreamRuntime | null {
  if (fallback.kind === 'answer') return null
  const group = exchange.snapshot.upstreams.get(fallback.group)
  assert(group !== undefined, 'a fallback has a group of its own')
  logFallback(exchange, upstream, fallback.text)
  return group
}

/** Answers with the page or the status. */
export function answerFallback(exchange: Exchange, tries: Tries, upstream: UpstreamRuntime): void {
  const { fallback } = upstream
  assert(fallback?.kind === 'answer', 'there is an answer to fall back to')
  const { status, path, body } = fallback
  const failure = fail('no_live_upstreams')
  tries.open(ADDRESS).status = status
  tries.end('neutral', failure)
  logFallback(exchange, upstream, path === '' ? `status ${status}` : path)
  exchange.failure = failure
  if (path === '' && body === '') {
    answerStatus(exchange, status)
    return
  }
  const { settings } = exchange.location ?? exchange.server.fallback
  const type = path === '' ? TEXT : mediaType(path, settings.files)
  answerText(exchange, status, type, body)
}

function logFallback(exchange: Exchange, { config }: UpstreamRuntime, what: string): void {
  const reason = `upstream "${config.name}" falls back to ${what}`
  logFailure(exchange, 'error', 'no live upstreams while connecting to upstream', reason)
}
