// How connections to peers are made: from which address, with which probes, and what goes first on
// them. `proxy_protocol` in `upstream` is our own; nginx has a directive of that name in `stream`.

import { parseLocalAddress } from '../../model/local-address.ts'
import { PROXY_PROTOCOLS } from '../../model/upstream.ts'
import { type DirectiveRow, type LevelScope, upstreamRow } from './directive-row.ts'
import { flagRow, levelRow, oneOf } from './level-rows.ts'
import type { Reading } from './reading.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { portHint } from './values.ts'

export const CONNECT_DIRECTIVES: readonly DirectiveRow[] = [
  levelRow(
    'proxy_bind',
    {
      args: [1, 2],
      syntax: 'address[:port] | off',
      doc:
        'the address of this machine that connections to peers go out from; may hold variables, ' +
        'where nothing, or what is no address, binds nothing. `transparent` is refused',
    },
    readBind,
  ),
  flagRow('proxy_socket_keepalive', 'isSocketKeptAlive', {
    doc: 'whether the kernel probes silent connections to peers',
  }),
]

const VERSIONS = [...PROXY_PROTOCOLS, 'off']

export const PROXY_PROTOCOL_DIRECTIVE: DirectiveRow = upstreamRow(
  'proxy_protocol',
  {
    syntax: VERSIONS.join(' | '),
    doc:
      'what each connection to a peer begins with: the PROXY protocol, as text or binary. Such ' +
      'connections are kept for the client connection that they were made for',
  },
  (directive, scope, reading) => {
    const word = directive.args[0]!
    const version = PROXY_PROTOCOLS.find(known => known === word.text)
    if (version === undefined && word.text !== 'off') {
      reading.refuseValue(directive, word, `write ${oneOf(VERSIONS)}`)
      return
    }
    scope.proxyProtocol = version ?? null
    scope.origins.proxyProtocol = statementOrigin(directive)
  },
)

const CANNOT_BE_TRANSPARENT =
  '"transparent" is not supported: it needs the socket option IP_TRANSPARENT, which Node cannot set'

function readBind(directive: Directive, scope: LevelScope, reading: Reading): void {
  const [word, parameter] = directive.args
  const { text } = word!
  if (text === 'off' && parameter === undefined) {
    scope.level.set('bind', null, statementOrigin(directive))
    return
  }
  if (!text.includes('$') && parseLocalAddress(text) === null) {
    const wanted = 'wants an IP address of this machine, with or without a port: 10.0.0.1'
    const isPort = parseLocalAddress(text.replace(/:\d+$/, ':1')) !== null
    const hint = isPort ? portHint(text) : wanted
    reading.refuse(word!, `invalid address "${text}"`, hint)
    return
  }
  if (parameter?.text === 'transparent') {
    const hint = 'tell peers the client with "proxy_protocol v2" in "upstream", or in a field'
    reading.refuse(parameter, CANNOT_BE_TRANSPARENT, hint)
  } else if (parameter !== undefined) {
    reading.refuseParameter(parameter, ['transparent'])
  } else {
    scope.level.set('bind', parseTemplate(word!, reading), statementOrigin(directive))
  }
}
