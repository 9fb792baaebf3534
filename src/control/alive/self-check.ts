// Whether one of our own listeners is served: a connection that says nothing and ends is closed by the worker that has it.
// Such a connection is no request, and stands in no log.

import { connect } from 'node:net'

import type { ListenAddress } from '../../model/listener.ts'

/** Why it is not served; empty = it is. */
export function checkListener(address: ListenAddress, timeoutMs: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket =
    address.kind === 'unix'
      ? connect({ path: address.path })
      : connect({ port: address.port, host: ownHost(address.host) })
  const timer = setTimeout(() => done('its listener does not answer'), timeoutMs)
  const done = (refusal: string) => {
    clearTimeout(timer)
    socket.destroy()
    resolve(refusal)
  }
  socket.on('error', () => done('its listener takes no connections'))
  socket.on('end', () => done(''))
  socket.resume()
  socket.end()
  return promise
}

/** An address of this machine that reaches a listener on all of them. */
function ownHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}
