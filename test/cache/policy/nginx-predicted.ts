// Plays the policy as the proxy would, for one key: what is stored of a response, and which word a
// request comes to.

import assert from 'node:assert/strict'
import type { CacheEntry, EntryMeta } from '../../../src/cache/entry.ts'
import { NginxPolicy, type NginxPolicySettings } from '../../../src/cache/policy/nginx-policy.ts'
import { decideStaleStep } from '../../../src/cache/policy/nginx-status.ts'
import { PLAIN_DEMAND } from '../../../src/cache/policy/policy.ts'
import type { RequestHead } from '../../../src/http/request-parser.ts'
import type { ResponseHead } from '../../../src/http/response-parser.ts'
import type { StaleCondition } from '../../../src/model/cache.ts'
import { goodRequest, goodResponse } from '../../http/parse-text.ts'

export function responseOf(status: number, lines: readonly string[]): ResponseHead {
  const text = lines.map(line => `\r\n${line}`).join('')
  return goodResponse(`HTTP/1.1 ${status} X${text}\r\n\r\n`)
}

export function requestOf(lines: readonly string[]): RequestHead {
  return goodRequest(
    `GET / HTTP/1.1\r\nHost: example.test${lines.map(line => `\r\n${line}`).join('')}\r\n\r\n`,
  )
}

/** An entry of that meta, without a body. */
export function entryOf(meta: EntryMeta): CacheEntry {
  return {
    meta,
    head: goodResponse(meta.head),
    text: null,
    slot: -1,
    version: 0,
    open: () => assert.fail('nobody opens it'),
    hold: () => {},
    release: () => {},
  }
}

export class Predicted {
  readonly policy: NginxPolicy
  entry: CacheEntry | null = null

  constructor(settings: NginxPolicySettings) {
    this.policy = new NginxPolicy(settings)
  }

  /** Stores a response, if the policy does. */
  store(request: RequestHead, response: ResponseHead, nowMs: number): void {
    const times = { requestMs: nowMs, responseMs: nowMs }
    const plan = this.policy.plan(request, 'GET', response, times)
    this.entry = null
    if (plan === null) return
    this.entry = entryOf({
      ...plan,
      ...times,
      key: '/',
      variant: this.policy.variantOf(plan.vary, request),
      url: 'http://example.test/',
      trailers: '',
      family: 'f',
      length: 0,
      isOwn: false,
      parts: null,
    })
  }

  /** Takes what the policy makes of a 304. */
  freshen(request: RequestHead, response: ResponseHead, nowMs: number): void {
    assert.ok(this.entry !== null)
    const times = { requestMs: nowMs, responseMs: nowMs }
    const meta = this.policy.freshen(this.entry, request, response, times)
    assert.ok(meta !== null)
    this.entry = entryOf(meta)
  }

  /** Whether what is stored stands in for a peer's failure. */
  standsIn(condition: StaleCondition, nowMs: number): boolean {
    assert.ok(this.entry !== null)
    return this.policy.mayServeOnError(this.entry, PLAIN_DEMAND, nowMs, condition)
  }

  /** The word for a request when nobody else asks. */
  word(request: RequestHead, nowMs: number, isUpdatedInBackground = false): string {
    const { entry, policy } = this
    if (entry === null || !policy.isSelected(entry.meta, request)) return 'MISS'
    return decideStaleStep(policy.reuse(entry, PLAIN_DEMAND, nowMs), false, isUpdatedInBackground)
  }
}
