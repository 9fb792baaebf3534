// `listen`: the address, and the parameters of its socket. What Node decides by itself is accepted,
// what would need another protocol on the socket is refused.

import { addressText, type Listen, type ListenAddress } from '../../model/listener.ts'
import { isAddressProblem, parseListenAddress } from './address.ts'
import type { Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { ServerScope } from './scope.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { parseCount } from './values.ts'

const NOT_YET = ['ssl', 'http2', 'http3', 'quic']
const WITHOUT_EFFECT = [
  'bind',
  'deferred',
  'reuseport',
  'multipath',
  'setfib',
  'fastopen',
  'rcvbuf',
  'sndbuf',
  'accept_filter',
  'so_keepalive',
]
const PARAMETERS = [
  'default_server',
  'backlog',
  'ipv6only',
  'proxy_protocol',
  ...NOT_YET,
  ...WITHOUT_EFFECT,
]

/** nginx's length of the accept queue on Linux. */
export const DEFAULT_BACKLOG = 511

/** Ports of one `listen` at most; a longer range is a slip. */
const RANGE_MAX = 1000

interface ListenOptions {
  isDefault: boolean
  backlog: number
  ipv6Only: boolean
  expectsProxyHeader: boolean
}

/** Reads one `listen` line into the server; a range of ports makes one listener each. */
export function readListen(directive: Directive, scope: ServerScope, reading: Reading): void {
  const [word, ...parameters] = directive.args
  const options: ListenOptions = {
    isDefault: false,
    backlog: DEFAULT_BACKLOG,
    ipv6Only: true,
    expectsProxyHeader: false,
  }
  for (const parameter of parameters) readParameter(parameter, options, reading)
  const addresses = readAddresses(word!, reading)
  const origin = statementOrigin(directive)
  for (const address of addresses) {
    const text = addressText(address)
    const same = scope.listens.find(listen => addressText(listen.address) === text)
    if (same !== undefined) {
      const hint = `it stands in ${same.origin.file}:${same.origin.line} already`
      reading.refuse(word!, `a duplicate listen ${text}`, hint)
    } else {
      const listen: Listen = { origin, address, ...options }
      scope.listens.push(listen)
    }
  }
}

function readAddresses(word: Word, reading: Reading): readonly ListenAddress[] {
  const parsed = parseListenAddress(word.text)
  if (isAddressProblem(parsed)) {
    const message = `${parsed.problem} in "${word.text}" of the "listen" directive`
    reading.refuse(word, message, 'write: listen [address:]port; or listen unix:path;')
    return []
  }
  const { address, lastPort } = parsed
  if (address.kind === 'unix') {
    return [{ kind: 'unix', path: reading.underPrefix(address.path) }]
  }
  if (lastPort - address.port >= RANGE_MAX) {
    reading.refuse(word, `invalid port range in "${word.text}" of the "listen" directive`)
    return []
  }
  const count = lastPort - address.port + 1
  return Array.from({ length: count }, (_, index) => ({ ...address, port: address.port + index }))
}

function readParameter(word: Word, options: ListenOptions, reading: Reading): void {
  const [, name = '', value = null] = /^([^=]*)(?:=(.*))?$/s.exec(word.text) ?? []
  if (NOT_YET.includes(name)) {
    const hint =
      name === 'ssl' ? 'end TLS before this program for now, and listen without "ssl"' : ''
    reading.refuse(word, `parameter "${name}" of "listen" is not supported yet`, hint)
  } else if ((name === 'default_server' || name === 'default') && value === null) {
    options.isDefault = true
  } else if (name === 'backlog' && value !== null) {
    const backlog = parseCount(value)
    if (backlog === null || backlog === 0) reading.refuse(word, `invalid backlog "${word.text}"`)
    else options.backlog = backlog
  } else if (name === 'ipv6only' && (value === 'on' || value === 'off')) {
    options.ipv6Only = value === 'on'
  } else if (name === 'proxy_protocol' && value === null) {
    options.expectsProxyHeader = true
  } else if (WITHOUT_EFFECT.includes(name)) {
    // Every worker has its own socket on the address in any case, and the kernel's sizes hold.
  } else {
    reading.refuseParameter(word, PARAMETERS)
  }
}
