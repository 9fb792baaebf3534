// What the user asks `headgate explain` about: a URL with method, fields and client, made into the request that a client
// would send, and the listening address that it would come to.

import { isIP } from 'node:net'

import { addressText, type ListenAddress } from '../../model/listener.ts'

/** A request as the command line describes it. */
export interface Asked {
  readonly method: string
  /** As written. */
  readonly url: string
  /** Null where the URL names no port. */
  readonly port: number | null
  /** Of the URL, without brackets; empty where it has none. */
  readonly host: string
  /** The head, latin-1. */
  readonly text: string
  readonly client: string
  /** The client was not written. */
  readonly isClientAssumed: boolean
}

export interface AskedWords {
  readonly url: string
  readonly method?: string
  /** `Name: value`. */
  readonly fields?: readonly string[]
  readonly client?: string
}

const URL_PARTS =
  /^(?:(https?):\/\/)?(\[[0-9a-fA-F:.]+\]|[^/?#:[\]]*)(?::(\d{1,5}))?([/?][^#]*)?(?:#.*)?$/

/** Reads the command's words; a text says what is wrong with them. */
export function readAsked(words: AskedWords): Asked | string {
  const { url, method = 'GET', fields = [], client } = words
  const parts = URL_PARTS.exec(url)
  if (parts === null) return `"${url}" is no URL: write http://host/path`
  const [, scheme = 'http', host = '', port, rest = '/'] = parts
  if (scheme === 'https') return 'TLS is not served yet: write http://'
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method)) return `"${method}" is no method`
  for (const field of fields) {
    if (!/^[^\s:]+:/.test(field)) return `"${field}" is no field: write -H 'Name: value'`
  }
  if (client !== undefined && isIP(client) === 0 && client !== 'unix:') {
    return `"${client}" is no address of a client`
  }
  const authority = port === undefined ? host : `${host}:${port}`
  const target = rest.startsWith('/') ? rest : `/${rest}`
  const hasHost = fields.some(field => /^host:/i.test(field))
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...(hasHost ? [] : [`Host: ${authority === '' ? 'localhost' : authority}`]),
    ...fields,
  ]
  return {
    method,
    url,
    port: port === undefined ? null : Number(port),
    host: host.replace(/^\[|\]$/g, ''),
    text: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8').toString('latin1'),
    client: client ?? '127.0.0.1',
    isClientAssumed: client === undefined,
  }
}

/** The address that a request comes to, and why; a text says that there is none. */
export interface Arrival {
  readonly address: ListenAddress
  readonly reason: string
}

/** Finds the listening address of a request among those of a configuration. */
export function findArrival(
  asked: Pick<Asked, 'port' | 'host'>,
  listens: readonly ListenAddress[],
  named: string | undefined,
): Arrival | string {
  const known = listens.map(addressText).join(', ')
  if (named !== undefined) {
    const address = listens.find(each => isMeant(each, named))
    if (address !== undefined) return { address, reason: 'as asked for' }
    return `nothing listens on "${named}"; there is ${known}`
  }
  const port = asked.port ?? 80
  const onPort = listens.filter(each => each.kind === 'tcp' && each.port === port)
  const own = onPort.find(each => each.kind === 'tcp' && each.host === asked.host)
  if (own !== undefined) return { address: own, reason: 'the address of the URL' }
  const wild = onPort.find(each => each.kind === 'tcp' && isWildcard(each.host))
  const address = wild ?? onPort[0]
  if (address !== undefined) return { address, reason: `port ${port}` }
  const [first] = listens
  if (first !== undefined && asked.port === null) {
    return { address: first, reason: 'nothing listens on port 80: this is the first address' }
  }
  return `nothing listens on port ${port}; there is ${known}`
}

function isMeant(address: ListenAddress, named: string): boolean {
  const text = addressText(address)
  if (text === named || text === `unix:${named}`) return true
  return address.kind === 'tcp' && (named === String(address.port) || text === `0.0.0.0:${named}`)
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
