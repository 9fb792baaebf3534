// `keepalive_disable`: browsers that cannot keep their connections, told by User-Agent as nginx tells them
// (http://nginx.org/en/docs/http/ngx_http_core_module.html#keepalive_disable).

import { FIELD } from '../http/field-list.ts'
import type { RequestHead } from '../http/request-parser.ts'
import type { OldBrowser } from '../model/settings.ts'

/** Whether the connection of a request closes after its response: of MSIE 6 and before only after POST. */
export function isTooOld(
  { method, fields }: RequestHead,
  disabled: readonly OldBrowser[],
): boolean {
  const isPost = method === 'POST' && disabled.includes('msie6')
  const mayBeSafari = disabled.includes('safari')
  if (!isPost && !mayBeSafari) return false
  const index = fields.findId(FIELD.user_agent)
  if (index === -1) return false
  const agent = fields.value(index)
  return (isPost && isOldExplorer(agent)) || (mayBeSafari && isSafari(agent))
}

/** MSIE 4 to 6; with service pack 2 of Windows XP the last is good. */
function isOldExplorer(agent: string): boolean {
  const match = /MSIE ([456])\.(?=.)(.*)/s.exec(agent)
  if (match === null || agent.includes('Opera')) return false
  return match[1] !== '6' || !match[2]!.includes('SV1')
}

function isSafari(agent: string): boolean {
  if (/MSIE |Opera|Gecko\/|Chrome\//.test(agent)) return false
  return agent.includes('Safari/') && agent.includes('Mac OS X')
}
