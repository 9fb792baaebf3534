// How the connections of one location are made: `proxy_bind`, `proxy_socket_keepalive`, and the group's PROXY protocol.
// Where nothing depends on the request it is decided when the location is compiled, and a request pays nothing.

import { parseLocalAddress } from '../model/local-address.ts'
import { literalText } from '../model/template.ts'
import type { ProxyProtocol, Upstream } from '../model/upstream.ts'
import { type Egress, makeEgress, PLAIN_EGRESS } from '../upstream/egress.ts'
import { makeProxyHeader } from '../upstream/proxy-header.ts'
import { clientAddress, clientPort } from './client-address.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import type { LocationRuntime } from './runtime.ts'
import { compileTemplate } from './variables.ts'

/** How the connection for a request to a group is made. */
export type EgressOf = (exchange: Exchange, upstream: Upstream) => Egress

/** Makes the rule of one location, for any group. */
export function compileEgress(location: LocationRuntime): EgressOf {
  const { bind, isSocketKeptAlive: isProbed } = location.settings.proxy
  const text = bind === null ? null : literalText(bind)
  const fixed = text === null ? null : parseLocalAddress(text)
  const isDefault = !isProbed && fixed === null
  const shared = isDefault ? PLAIN_EGRESS : makeEgress({ isProbed, from: fixed })
  const own = makeEgress({ isProbed, from: fixed, owner: location })
  const render = bind === null || text !== null ? null : compileTemplate(bind)
  return (exchange, { keepalive, proxyProtocol }) => {
    const { isLocal } = keepalive
    if (render === null && proxyProtocol === null) return isLocal ? own : shared
    const from = render === null ? fixed : readBind(exchange, render(exchange))
    const preamble = proxyProtocol === null ? null : headerOf(exchange, proxyProtocol)
    return makeEgress({ isProbed, from, preamble, owner: isLocal ? location : null })
  }
}

/** As in nginx: what variables come to binds nothing where it is empty, nor where it is no address. */
function readBind(exchange: Exchange, text: string) {
  if (text === '') return null
  const from = parseLocalAddress(text)
  if (from === null) logFailure(exchange, 'error', `invalid local address "${text}"`)
  return from
}

function headerOf(exchange: Exchange, version: ProxyProtocol): Buffer {
  const { localAddress, localPort } = exchange.connection
  const source = { address: clientAddress(exchange), port: clientPort(exchange) }
  return makeProxyHeader(version, source, { address: localAddress, port: localPort })
}
