// What an answer to an unsafe method makes invalid (RFC 9111 §4.4): the target, and what Location and Content-Location
// name at the same origin. A method that nobody knows may change anything, so it counts as unsafe.

import { FIELD } from '../../http/field-list.ts'
import type { RequestHead } from '../../http/request-parser.ts'
import type { ResponseHead } from '../../http/response-parser.ts'
import { allValues } from './field-values.ts'
import { sameOriginTarget } from './same-origin.ts'

/** The methods that IANA's registry calls safe. */
const SAFE_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'QUERY',
  'REPORT',
  'SEARCH',
])

/** @returns paths with query, each once, the target first; empty = nothing is invalid */
export function invalidatedTargets(
  request: RequestHead,
  response: ResponseHead,
  scheme: string | null,
): readonly string[] {
  if (SAFE_METHODS.has(request.method)) return NONE
  if (response.status < 200 || response.status >= 400) return NONE
  const targets = new Set([request.target])
  for (const id of [FIELD.location, FIELD.content_location]) {
    for (const reference of allValues(response.fields, id)) {
      const target = sameOriginTarget(reference, request, scheme)
      if (target !== null) targets.add(target)
    }
  }
  return [...targets]
}

const NONE: readonly string[] = []
