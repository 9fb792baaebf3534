// Who the client of an exchange is: the far end of its connection, or whom a trusted peer says that it speaks for
// (`set_real_ip_from`, realip.ts). Everything that is decided, counted or logged by client address asks here.

import type { Exchange } from './exchange.ts'

/** One end of a connection as somebody else tells it. */
export interface ClientEnd {
  /** `192.0.2.1`, `2001:db8::1`, `unix:`. */
  readonly address: string
  /** 0 = not known. */
  readonly port: number
}

/** `$remote_addr`: `unix:` for a client of a UNIX socket. */
export function clientAddress(exchange: Exchange): string {
  const { realClient } = exchange
  return realClient === null ? exchange.connection.remoteAddress : realClient.address
}

/** `$remote_port`; 0 = none or not known. */
export function clientPort(exchange: Exchange): number {
  const { realClient } = exchange
  return realClient === null ? exchange.connection.remotePort : realClient.port
}
