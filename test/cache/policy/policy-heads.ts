// Requests, responses and entries for the tests of the caching rules, written as few words: everything else of them is
// the same each time.

import assert from 'node:assert/strict'
import type { CacheEntry, EntryMeta } from '../../../src/cache/entry.ts'
import type { CachePolicy, StorePlan } from '../../../src/cache/policy/policy.ts'
import { parseStoredHead } from '../../../src/cache/policy/stored-head.ts'
import { formatHttpDate } from '../../../src/http/date.ts'
import type { RequestHead } from '../../../src/http/request-parser.ts'
import type { ResponseHead } from '../../../src/http/response-parser.ts'
import { goodRequest, goodResponse } from '../../http/parse-text.ts'

/** When all responses come: Sun, 06 Nov 1994 08:49:37 GMT. */
export const NOW_SECONDS = 784_111_777
export const NOW_MS = NOW_SECONDS * 1000
export const AT_ONCE = { requestMs: NOW_MS, responseMs: NOW_MS }

/** The date so many seconds after the responses come. */
export function dateAfter(seconds: number): string {
  return formatHttpDate(NOW_SECONDS + seconds)
}

/** @param lines fields as `Name: value` */
export function request(lines: readonly string[] = [], line = 'GET /a?b'): RequestHead {
  const fields = ['Host: example.com', ...lines].map(field => `${field}\r\n`).join('')
  return goodRequest(`${line} HTTP/1.1\r\n${fields}\r\n`)
}

/** A response with a Date, unless `lines` have their own. */
export function response(
  lines: readonly string[] = [],
  status = 200,
  method = 'GET',
): ResponseHead {
  const hasDate = lines.some(line => /^date:/i.test(line))
  const all = hasDate ? lines : [`Date: ${dateAfter(0)}`, ...lines]
  const fields = all.map(field => `${field}\r\n`).join('')
  return goodResponse(`HTTP/1.1 ${status} \r\n${fields}\r\n`, method)
}

/** The entry that a plan comes to. */
export function entryOf(
  plan: StorePlan,
  policy: CachePolicy,
  asked: RequestHead = request(),
  more: Partial<EntryMeta> = {},
): CacheEntry {
  const meta: EntryMeta = {
    key: '/a?b',
    vary: plan.vary,
    variant: policy.variantOf(plan.vary, asked),
    url: 'http://example.com/a?b',
    head: plan.head,
    trailers: '',
    family: 'f',
    requestMs: NOW_MS,
    responseMs: NOW_MS,
    initialAgeSeconds: plan.initialAgeSeconds,
    freshness: plan.freshness,
    tags: plan.tags,
    length: plan.part === null ? 100 : plan.part.length,
    isOwn: false,
    parts: plan.part === null ? null : [plan.part],
    ...more,
  }
  return entryWith(meta)
}

export function entryWith(meta: EntryMeta): CacheEntry {
  const head = parseStoredHead(meta.head)
  assert.ok(head !== null, `not a head: ${meta.head}`)
  return {
    meta,
    head,
    text: null,
    slot: -1,
    version: 0,
    open: () => assert.fail('rules do not open bodies'),
    hold: () => {},
    release: () => {},
  }
}

/** The fields of a stored head as lines. */
export function linesOf(head: string): readonly string[] {
  return head.split('\r\n').slice(1, -2)
}
