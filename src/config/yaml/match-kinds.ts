// How a server and a route are found: listeners, names, regexes. All is written as in nginx, but
// regexes are in JavaScript's syntax.

import type { Listen } from '../../model/listener.ts'
import type { ServerName } from '../../model/route.ts'
import { LISTEN_ADDRESS, type WrittenAddress } from './addresses.ts'
import { escapeText, readText } from './interpolation.ts'
import { type Kind, wordKind } from './kind.ts'
import { placed, record, UNPLACED } from './record.ts'
import { isSameData, row, rowsOf } from './row.ts'
import { BOOLEAN, integer } from './words.ts'

const listenRow = rowsOf<Listen>()
const BLANK_LISTEN: Listen = {
  origin: UNPLACED,
  address: { kind: 'tcp', host: '', port: 0 },
  isDefault: false,
  backlog: 511,
  ipv6Only: true,
  expectsProxyHeader: false,
}

/** One member of `listen`. */
export const LISTEN: Kind<Listen> = record<Listen>({
  label: 'listener',
  wanted: 'a port, an address such as 127.0.0.1:8080, or a mapping with address and default',
  place: 'in a listener',
  rows: [
    row<Listen, WrittenAddress>(
      'address',
      'address',
      LISTEN_ADDRESS,
      {
        get: listen => ({ text: '', address: listen.address }),
        put: (listen, { address }) => ({ ...listen, address }),
      },
      { doc: 'A port, `host:port`, or `unix:` and a path', isRequired: true },
    ),
    listenRow('default', 'isDefault', BOOLEAN, {
      doc:
        'Takes the requests whose Host matches no server; else the first server of the address ' +
        'does',
      nginx: 'default_server',
    }),
    listenRow('backlog', 'backlog', integer(1), {
      doc: 'Length of the accept queue',
      nginx: 'backlog=',
    }),
    listenRow('ipv6_only', 'ipv6Only', BOOLEAN, {
      doc: 'For `[::]`: no IPv4 through it',
      nginx: 'ipv6only=',
    }),
    listenRow('proxy_protocol', 'expectsProxyHeader', BOOLEAN, {
      doc: 'Connections begin with a header of the PROXY protocol, version 1 or 2; see `real_ip`',
      nginx: 'proxy_protocol',
    }),
  ],
  blank: () => BLANK_LISTEN,
  short: {
    read: (node, reading) => {
      const written = LISTEN_ADDRESS.read(node, reading)
      if (written === undefined) return undefined
      return { ...BLANK_LISTEN, address: written.address, origin: reading.origin(node) }
    },
    write: listen => {
      const { address } = listen
      const isPlain = isSameData(listen, { ...BLANK_LISTEN, address })
      return isPlain ? LISTEN_ADDRESS.write({ text: '', address }) : undefined
    },
    schema: LISTEN_ADDRESS.schema(),
  },
  finish: placed,
})

/** A server's name with the text that it was written as: the first one's is `$server_name`. */
export interface WrittenName {
  readonly text: string
  readonly name: ServerName
}

/** One member of `names`. */
export const SERVER_NAME: Kind<WrittenName> = wordKind<WrittenName>({
  label: 'name',
  wanted:
    'a name such as www.example.com, "*.example.com", .example.com, www.example.* or ' +
    '"~^www[0-9]+[.]"',
  schema: { type: 'string' },
  parse: (text, reading) => {
    const written = text === '$hostname' ? reading.hostname : text
    const name = parseServerName(written)
    return name === null ? null : { text: shownName(written), name }
  },
  print: ({ name }) => escapeText(serverNameText(name)),
})

/** Parses a server's name; null for what is none. */
export function parseServerName(text: string): ServerName | null {
  // Hosts are compared in lower case, so a regex never minds case.
  if (/^~./s.test(text)) return { kind: 'regex', pattern: text.slice(1), isCaseInsensitive: true }
  const name = text.toLowerCase()
  if (/[\s/:~]/.test(name)) return null
  const stars = name.split('*').length - 1
  if (name.startsWith('.') && name.length > 1 && stars === 0) {
    return { kind: 'suffix', name, isApexToo: true }
  }
  if (stars === 0) return { kind: 'exact', name }
  if (stars > 1) return null
  if (/^\*\../.test(name)) return { kind: 'suffix', name: name.slice(1), isApexToo: false }
  return /.\.\*$/.test(name) ? { kind: 'prefix', name: name.slice(0, -1) } : null
}

/** The text that parses as this name. */
export function serverNameText(name: ServerName): string {
  switch (name.kind) {
    case 'exact':
      return name.name
    case 'suffix':
      return name.isApexToo ? name.name : `*${name.name}`
    case 'prefix':
      return `${name.name}*`
    case 'regex':
      return `~${name.pattern}`
  }
}

/**
 * What `$server_name` says of a name: lower case, without a leading dot; a regex as it was written.
 */
export function shownName(text: string): string {
  return text.startsWith('~') ? text : text.toLowerCase().replace(/^\./, '')
}

/**
 * A regular expression in JavaScript's syntax; whether it compiles is checked with the whole
 * configuration.
 */
export const REGEX: Kind<string> = wordKind<string>({
  label: 'regex',
  wanted: 'a regular expression such as [.](gif|png)$',
  schema: { type: 'string' },
  parse: text => (text === '' ? null : text),
  print: escapeText,
})

/** The name of a named route; `@` before it may be written. */
export const ROUTE_NAME: Kind<string> = {
  label: 'name',
  wanted: 'a name such as fallback, which error_pages call "@fallback"',
  schema: () => ({ type: 'string' }),
  read(node, reading) {
    const text = readText(node, reading)
    if (text === undefined) return undefined
    const name = text?.replace(/^@/, '') ?? ''
    return name === '' ? reading.unwanted(node, ROUTE_NAME.wanted) : name
  },
  write: name => escapeText(name),
}
