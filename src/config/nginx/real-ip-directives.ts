// Who the client is behind proxies that may say it (http://nginx.org/en/docs/http/ngx_http_realip_module.html):
// `set_real_ip_from`, `real_ip_header`, `real_ip_recursive`.

import { networkText, parseNetwork } from '../../base/network.ts'
import type { RealIpSettings, TrustedPeer } from '../../model/real-ip.ts'
import type { DirectiveRow, LevelScope } from './directive-row.ts'
import { flagRow, levelRow, valueRow } from './level-rows.ts'
import { wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { Level, LevelValues } from './scope.ts'
import { type Directive, statementOrigin } from './tree.ts'

export const REAL_IP_DIRECTIVES: readonly DirectiveRow[] = [
  levelRow(
    'set_real_ip_from',
    {
      isRepeatable: true,
      syntax: 'address | network | unix: | name',
      doc: 'proxies whose word is taken for who the client is; a name counts as it is resolved at the start',
    },
    readTrusted,
  ),
  valueRow(
    'real_ip_header',
    'realIp.header',
    {
      syntax: 'field | X-Real-IP | X-Forwarded-For | proxy_protocol',
      doc: 'where they say it',
    },
    (word, directive, reading) => {
      if (word.text !== '') return readHeader(word.text)
      reading.refuseValue(directive, word, 'write the name of a field: X-Forwarded-For')
      return null
    },
  ),
  flagRow('real_ip_recursive', 'realIp.isRecursive', {
    doc: 'whether it is the last address that is not of these proxies, not the last one',
  }),
]

/** The settings of the module, by the names that levels have for them. */
export const REAL_IP_KEYS = [
  'realIp.from',
  'realIp.header',
  'realIp.isRecursive',
] as const satisfies readonly (keyof LevelValues)[]

/** What a level wrote over what holds above it. */
export function buildRealIp(values: Level['values'], above: RealIpSettings): RealIpSettings {
  return {
    from: values['realIp.from'] ?? above.from,
    header: values['realIp.header'] ?? above.header,
    isRecursive: values['realIp.isRecursive'] ?? above.isRecursive,
  }
}

function readTrusted(directive: Directive, { level }: LevelScope, reading: Reading): void {
  const word = directive.args[0]!
  const origin = wordOrigin(word)
  const written = word.text === 'unix:' ? null : parseNetwork(word.text)
  if (written === null && word.text !== 'unix:' && !/^[\w.-]*[a-z_][\w.-]*$/i.test(word.text)) {
    const message = `invalid host in set_real_ip_from "${word.text}"`
    reading.refuse(
      word,
      message,
      'write an address, a network such as 10.0.0.0/8, "unix:" or a name',
    )
    return
  }
  const network = written === null ? word.text : networkText(written.network)
  if (written?.hasLowBits === true) {
    const message = `low address bits of ${word.text} are meaningless`
    reading.diagnostics.warning(message, origin, `it means ${network}`)
  }
  const peer: TrustedPeer = { origin, network }
  const before = level.values['realIp.from'] ?? []
  level.set('realIp.from', [...before, peer], statementOrigin(directive))
}

/** nginx knows its list in this spelling only; in another it would take the first line, which the client may have sent. */
function readHeader(text: string): RealIpSettings['header'] {
  const field = text.toLowerCase()
  if (field === 'x-forwarded-for') return field
  return text === 'proxy_protocol' ? 'proxy-protocol' : { field }
}
