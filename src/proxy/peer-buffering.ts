// Whether an answer may be taken faster than its client takes it: `proxy_buffering`, and what the peer says of that with
// X-Accel-Buffering, unless `proxy_ignore_headers` says not to listen
// (http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering).

import { FIELD } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { ProxySettings } from '../model/proxy-settings.ts'

/** As the location and the peer have it; of several words of the peer the last holds. */
export function isBuffered(
  head: ResponseHead | null,
  { isBuffering, ignoreFields }: Pick<ProxySettings, 'isBuffering' | 'ignoreFields'>,
): boolean {
  if (head === null || ignoreFields.includes('x-accel-buffering')) return isBuffering
  const { fields } = head
  const id = FIELD.x_accel_buffering
  let mayBe = isBuffering
  for (let i = fields.findId(id); i >= 0; i = fields.findId(id, i + 1)) {
    const word = fields.value(i).toLowerCase()
    if (word === 'yes') mayBe = true
    else if (word === 'no') mayBe = false
  }
  return mayBe
}
