// `split_clients`: clients divided into parts of a given share by a hash, the same as nginx's, so that whoever moves from one
// to the other stays in the same part (http://nginx.org/en/docs/http/ngx_http_split_clients_module.html).

import { murmurHash2 } from '../base/murmur-hash.ts'
import { type SplitDefinition, WHOLE_SHARE } from '../model/variable-definitions.ts'
import { byteText, type Variable } from './variable.ts'
import { compileTemplate } from './variables.ts'

const HASH_MAX = 0xffff_ffff

/** Makes the variable of a `split_clients`. What falls into no part is empty. */
export function compileSplit({ source, parts }: SplitDefinition): Variable {
  const render = compileTemplate(source)
  let below = 0
  const bounds = parts.map(({ share, value }) => {
    if (share !== null) below += Math.floor((share * HASH_MAX) / WHOLE_SHARE)
    return { below: share === null ? Number.POSITIVE_INFINITY : below, value: byteText(value) }
  })
  return exchange => {
    const hash = murmurHash2(render(exchange))
    for (const bound of bounds) if (hash < bound.below) return bound.value
    return ''
  }
}
