// `real_ip`: whose word is taken for who the client is, and where they say it.

import type { RealIpSettings, TrustedPeer } from '../../model/real-ip.ts'
import type { Settings } from '../../model/settings.ts'
import { list } from './collections.ts'
import { escapeText, readText } from './interpolation.ts'
import { type Kind, wordKind } from './kind.ts'
import { NETWORK_WANTED, plainNetwork } from './networks.ts'
import { group, type Row, rowsOf, within } from './row.ts'
import { BOOLEAN } from './words.ts'

const row = rowsOf<RealIpSettings>()
const HOST_NAME = /^(?=.*[a-z_])[\w.-]+$/i

const TRUSTED: Kind<TrustedPeer> = {
  label: 'network, name, `unix:`',
  wanted: `${NETWORK_WANTED}; a name, or "unix:" for clients of UNIX sockets`,
  schema: () => ({ type: 'string' }),
  read(node, reading) {
    const text = readText(node, reading)
    if (text === undefined) return undefined
    const isWord = text !== null && (text === 'unix:' || HOST_NAME.test(text))
    const network = text === null || isWord ? text : plainNetwork(text)
    if (network === null) return reading.unwanted(node, TRUSTED.wanted)
    return { origin: reading.origin(node), network }
  },
  write: peer => escapeText(peer.network),
}

const HEADER = wordKind<RealIpSettings['header']>({
  label: 'field, `proxy_protocol`',
  wanted: 'the name of a field such as X-Forwarded-For or X-Real-IP, or proxy_protocol',
  schema: { type: 'string' },
  parse: text => {
    if (text === 'proxy_protocol') return 'proxy-protocol'
    const field = text.toLowerCase()
    if (field === 'x-forwarded-for') return field
    return /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(field) ? { field } : null
  },
  print: header => {
    if (header === 'proxy-protocol') return 'proxy_protocol'
    return header === 'x-forwarded-for' ? 'X-Forwarded-For' : fieldText(header.field)
  },
})

function fieldText(field: string): string {
  return field === 'x-real-ip' ? 'X-Real-IP' : field
}

const ROWS: readonly Row<RealIpSettings>[] = [
  row('from', 'from', list(TRUSTED, { label: 'list of networks' }), {
    doc: 'Proxies that are believed; replaces the inherited list',
    nginx: 'set_real_ip_from',
  }),
  row('header', 'header', HEADER, {
    doc: 'The field that names the client, or the PROXY protocol',
    nginx: 'real_ip_header',
  }),
  row('recursive', 'isRecursive', BOOLEAN, {
    doc: 'Take the last address that is not of these proxies, not the last one',
    nginx: 'real_ip_recursive',
  }),
]

/** The row of the inherited settings. */
export const REAL_IP_ROW: Row<Settings> = group('real_ip', within('realIp', ROWS), {
  doc: 'Who the client is behind other proxies',
})
