// Variables of the peers that were tried (http://nginx.org/en/docs/http/ngx_http_upstream_module.html#variables).
// A list has `, ` between tries, and ` : ` where an internal redirect began another round: such a round is a try
// without an address in `Exchange.tries`.

import type { Exchange, Try } from './exchange.ts'
import { secondsText, type Variable, type VariableTable } from './variable.ts'

function perTry(text: (one: Try) => string): Variable {
  return exchange => {
    const { tries } = exchange
    const first = tries[0]
    if (first === undefined) return null
    // Nearly always there is one.
    return tries.length === 1 ? text(first) : listText(tries, text)
  }
}

function listText(tries: readonly Try[], text: (one: Try) => string): string {
  let list = ''
  let separator = ''
  for (const one of tries) {
    if (one.address === '') {
      separator = ' : '
      continue
    }
    list += separator + text(one)
    separator = ', '
  }
  return list
}

function timeText(ms: number): string {
  return ms < 0 ? '-' : secondsText(ms)
}

const DEFAULT_PORTS = { http: '80', https: '443' } as const

function proxyPort(exchange: Exchange): string | null {
  const action = exchange.location?.config?.action ?? exchange.server.config.action
  if (action.kind !== 'proxy' || exchange.proxyHost === '') return null
  if (exchange.proxyHost.startsWith('unix:')) return ''
  const port = /:(\d+)$/.exec(exchange.proxyHost)
  return port === null ? DEFAULT_PORTS[action.target.scheme] : port[1]!
}

export const UPSTREAM_VARIABLES: VariableTable = {
  proxy_host: ({ ownVariables, proxyHost }) =>
    ownVariables?.get('proxy_host') ?? (proxyHost === '' ? null : proxyHost),
  proxy_port: exchange => exchange.ownVariables?.get('proxy_port') ?? proxyPort(exchange),
  upstream_addr: perTry(one => one.address),
  upstream_bytes_received: perTry(one => String(one.bytesReceived)),
  upstream_bytes_sent: perTry(one => String(one.bytesSent)),
  upstream_connect_time: perTry(one => timeText(one.connectMs)),
  upstream_header_time: perTry(one => timeText(one.headerMs)),
  upstream_queue_time: perTry(one => timeText(one.queuedMs)),
  upstream_response_length: perTry(one => String(one.bodyBytes)),
  upstream_response_time: perTry(one => timeText(one.responseMs)),
  upstream_status: perTry(one => (one.status === 0 ? '-' : String(one.status))),
}
