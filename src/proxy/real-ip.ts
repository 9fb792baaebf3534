// `set_real_ip_from` and its kin: who the client is where a trusted proxy stands before us. Asked once for a request: when
// its server is known, and where that said nothing by the rules of its location, before anything counts or judges clients
// (http://nginx.org/en/docs/http/ngx_http_realip_module.html).

import { lookupFieldId } from '../http/field-list.ts'
import type { RealIpSettings } from '../model/real-ip.ts'
import type { ClientEnd } from './client-address.ts'
import type { Exchange } from './exchange.ts'
import { fieldLines, findForwarded } from './forwarded-client.ts'
import type { Handler, LocationRuntime } from './runtime.ts'
import { TrustedNetworks } from './trusted-networks.ts'

/** The rules of one level, compiled. */
export interface RealIp {
  /** Null where the connection's own far end is the client. */
  find(exchange: Exchange): ClientEnd | null
}

/** Levels that say the same share their settings, and so their rules. */
const compiled = new WeakMap<RealIpSettings, RealIp>()

/** Compiles the rules of a level; null where nobody is trusted. */
export function compileRealIp(settings: RealIpSettings): RealIp | null {
  if (settings.from.length === 0) return null
  const known = compiled.get(settings)
  if (known !== undefined) return known
  const rules = { find: makeFinder(settings) }
  compiled.set(settings, rules)
  return rules
}

function makeFinder({ from, header, isRecursive }: RealIpSettings): RealIp['find'] {
  const trusted = new TrustedNetworks(from.map(({ network }) => network))
  if (header === 'proxy-protocol') {
    return ({ connection }) => {
      const { proxyHeader, remoteAddress } = connection
      if (proxyHeader === null || proxyHeader === undefined) return null
      const { source } = proxyHeader
      const found = findForwarded(remoteAddress, [source.address], trusted, isRecursive)
      return found === null ? null : { address: found.address, port: source.port }
    }
  }
  const isForwarded = header === 'x-forwarded-for'
  const name = isForwarded ? header : header.field
  const id = lookupFieldId(name)
  return ({ head, connection }) => {
    const { remoteAddress } = connection
    if (!trusted.has(remoteAddress)) return null
    const lines = fieldLines(head.fields, id, name)
    // Of other fields than the list the first line counts.
    const used = isForwarded ? lines : lines.slice(0, 1)
    return findForwarded(remoteAddress, used, trusted, isRecursive)
  }
}

/** The phase of a location whose rules are not those of its server. */
export function realIpPhase({ settings }: LocationRuntime, next: Handler): Handler {
  const rules = compileRealIp(settings.realIp)
  if (rules === null) return next
  return exchange => {
    // What the server's rules found stays.
    if (exchange.realClient === null && rules !== exchange.server.realIp) {
      exchange.realClient = rules.find(exchange)
    }
    next(exchange)
  }
}
