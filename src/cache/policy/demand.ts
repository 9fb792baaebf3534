// What a request demands of caches (RFC 9111 §5.2.1, §5.4): Cache-Control, and Pragma where that is not there. Asked on
// every request, so what most of them have, nothing, costs two look-ups, and the same words are read once.

import { FIELD } from '../../http/field-list.ts'
import { latin1Text } from '../../http/latin1.ts'
import type { RequestHead } from '../../http/request-parser.ts'
import { hasListMember } from '../../http/tokens.ts'
import { parseCacheControl } from './cache-control.ts'
import { allValues } from './field-values.ts'
import { PLAIN_DEMAND, type RequestDemand } from './policy.ts'

const DEMAND_BITS = (1 << FIELD.cache_control) | (1 << FIELD.pragma)
const RELOAD_DEMAND: RequestDemand = { ...PLAIN_DEMAND, isValidated: true }

let keptText = ''
let keptDemand = PLAIN_DEMAND

export function readDemand(request: RequestHead): RequestDemand {
  const { fields } = request
  if (!fields.mayHave(DEMAND_BITS)) return PLAIN_DEMAND
  const index = fields.findId(FIELD.cache_control)
  if (index === -1) return readPragma(request)
  if (fields.findId(FIELD.cache_control, index + 1) !== -1) {
    return makeDemand(allValues(fields, FIELD.cache_control))
  }
  const start = fields.valueStart(index)
  const length = fields.valueEnd(index) - start
  if (length !== keptText.length || !fields.text.startsWith(keptText, start)) {
    const text = fields.value(index)
    keptDemand = makeDemand([text])
    // A text of its own: a slice would keep the whole head that it is of.
    keptText = latin1Text(Buffer.from(text, 'latin1'), 0, text.length)
  }
  return keptDemand
}

function readPragma({ fields }: RequestHead): RequestDemand {
  for (const value of allValues(fields, FIELD.pragma)) {
    if (hasListMember(value, 'no-cache')) return RELOAD_DEMAND
  }
  return PLAIN_DEMAND
}

function makeDemand(lines: readonly string[]): RequestDemand {
  const directives = parseCacheControl(lines)
  return {
    isValidated: directives.isNoCache || directives.noCacheFields.length > 0,
    isNotStored: directives.isNoStore,
    onlyIfCached: directives.onlyIfCached,
    maxAge: directives.maxAge,
    minFresh: directives.minFresh,
    maxStale: directives.maxStale,
    staleIfError: directives.staleIfError,
  }
}
