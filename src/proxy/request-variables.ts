// Variables of the request, its connection and its response
// (http://nginx.org/en/docs/http/ngx_http_core_module.html#variables).

import { randomBytes } from 'node:crypto'

import { FIELD } from '../http/field-list.ts'
import { isIpv4, isIpv6 } from '../http/host.ts'
import { basicCredentials } from './basic-credentials.ts'
import { clientAddress, clientPort } from './client-address.ts'
import type { Exchange } from './exchange.ts'
import { addForwardedFor } from './field-variables.ts'
import { PROXY_HEADER_VARIABLES, portText } from './proxy-header-variables.ts'
import { empty, missing, threeDigits, type VariableTable } from './variable.ts'

export const REQUEST_VARIABLES: VariableTable = {
  args: argsOf,
  binary_remote_addr: exchange => binaryAddress(clientAddress(exchange)),
  body_bytes_sent: exchange => String(exchange.bodyBytesSent),
  bytes_sent: exchange => String(exchange.bytesSent),
  connection: exchange => String(exchange.connection.serial),
  connection_requests: exchange => String(exchange.connection.requests),
  content_length: contentLength,
  content_type: exchange => ownField(exchange, FIELD.content_type),
  document_uri: exchange => exchange.uri || null,
  gzip_ratio: missing,
  host: exchange => exchange.head.host || exchange.server.config.name,
  hostname: exchange => exchange.snapshot.services.hostname,
  http2: empty,
  https: empty,
  invalid_referer: missing,
  is_args: exchange => (exchange.args === '' ? '' : '?'),
  limit_conn_status: exchange => exchange.connectionLimit || null,
  limit_rate: ({ limitRate }) => String(Math.max(0, limitRate)),
  limit_req_status: exchange => exchange.requestLimit || null,
  pid: exchange => String(exchange.snapshot.services.pid),
  proxy_add_x_forwarded_for: addForwardedFor,
  ...PROXY_HEADER_VARIABLES,
  query_string: argsOf,
  realip_remote_addr: exchange => exchange.connection.remoteAddress,
  realip_remote_port: exchange => portText(exchange.connection.remotePort),
  remote_addr: clientAddress,
  remote_port: exchange => portText(clientPort(exchange)),
  remote_user: remoteUser,
  request: requestLine,
  request_completion: ({ state, isCut }) => (state === 'done' && !isCut ? 'OK' : ''),
  request_id: requestId,
  request_length: exchange => String(exchange.requestBytes + exchange.connection.bodyBytesRead),
  request_method: exchange => (exchange.askedFor ?? exchange).method || null,
  request_uri: exchange => exchange.head.target || null,
  scheme: () => 'http',
  server_addr: exchange => exchange.connection.localAddress,
  server_name: exchange => exchange.server.config.name,
  server_port: exchange => portText(exchange.connection.localPort),
  server_protocol: serverProtocol,
  status: exchange => threeDigits(statusOf(exchange)),
  tcpinfo_rcv_space: missing,
  tcpinfo_rtt: missing,
  tcpinfo_rttvar: missing,
  tcpinfo_snd_cwnd: missing,
  uri: exchange => exchange.uri || null,
}

/** The first line as it came; of a line that could not be read, what there is; null = nothing. */
export function requestLine(exchange: Exchange): string | null {
  const { head } = exchange
  if (head.lineBytes > 0) return head.requestLine
  return /^[^\r\n]+/.exec(head.fields.text)?.[0] ?? null
}

function argsOf({ args }: Exchange): string | null {
  return args === '' ? null : args
}

/** As the client announced it; of a chunked body what was read, once it is whole. */
function contentLength(exchange: Exchange): string | null {
  const { body } = exchange
  return (
    ownField(exchange, FIELD.content_length) ??
    (body?.isWhole === true ? String(body.length) : null)
  )
}

function serverProtocol({ head }: Exchange): string | null {
  if (head.lineBytes === 0) return null
  return head.minor === 0 ? 'HTTP/1.0' : 'HTTP/1.1'
}

function ownField(exchange: Exchange, id: number): string | null {
  const { fields } = exchange.head
  const index = fields.findId(id)
  return index === -1 ? null : fields.value(index)
}

function remoteUser(exchange: Exchange): string | null {
  return basicCredentials(exchange)?.user ?? null
}

const ID_BYTES = 16
const ID_POOL_BYTES = 4096
let idPool = Buffer.alloc(0)
let idPoolAt = 0

/** The same for every use in one exchange; made when it is first asked for. */
function requestId(exchange: Exchange): string {
  if (exchange.requestId === '') {
    if (idPoolAt === idPool.length) {
      idPool = randomBytes(ID_POOL_BYTES)
      idPoolAt = 0
    }
    exchange.requestId = idPool.toString('hex', idPoolAt, idPoolAt + ID_BYTES)
    idPoolAt += ID_BYTES
  }
  return exchange.requestId
}

/** The address as 4 or 16 bytes; a UNIX socket's as it is. */
export function binaryAddress(address: string): string {
  if (isIpv4(address)) return String.fromCharCode(...address.split('.').map(Number))
  const plain = address.replace(/%.*$/, '')
  if (!isIpv6(plain)) return address
  const [head = '', tail] = plain.split('::')
  const before = groupBytes(head)
  const after = groupBytes(tail ?? '')
  const gap = tail === undefined ? 0 : 16 - before.length - after.length
  return String.fromCharCode(...before, ...new Array<number>(gap).fill(0), ...after)
}

function groupBytes(groups: string): number[] {
  const bytes: number[] = []
  if (groups === '') return bytes
  for (const group of groups.split(':')) {
    if (group.includes('.')) {
      bytes.push(...group.split('.').map(Number))
    } else {
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    }
  }
  return bytes
}

/** What was sent; before that what will be, as far as it is known: an error keeps its status over that of its page. */
function statusOf({ state, status, errorStatus, pending }: Exchange): number {
  if (state !== 'none') return status
  if (pending !== null) return pending.status
  return errorStatus > 0 ? errorStatus : status
}
