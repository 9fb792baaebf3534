// A listening address of one worker: accepts connections and hands each to a `ClientConnection`. With `reusePort` every
// worker listens on the same address and the kernel spreads the connections.

import { createServer, type Server } from 'node:net'
import type { ListenAddress } from '../model/listener.ts'
import { acceptSockets } from './accept.ts'
import { ClientConnection } from './client-connection.ts'
import type { ClientHandler } from './client-handler.ts'

export interface ListenOptions {
  readonly isReusingPort: boolean
  readonly backlog: number
  readonly isIpv6Only: boolean
  /** Whether a connection may stay that was accepted as `descriptor` (negative when not known). */
  mayAccept(descriptor: number): boolean
  onAccept(connection: ClientConnection): void
  /** The socket failed after it was bound. */
  onError(error: Error): void
  /** Nothing was accepted, for want of descriptors or memory: the system's error number, negative. */
  onAcceptFailure(error: number): void
}

/** A bound listener. */
export class Listener {
  /** As bound: port 0 has become a number. */
  readonly address: ListenAddress
  readonly #server: Server

  private constructor(address: ListenAddress, server: Server) {
    this.address = address
    this.#server = server
  }

  /** Binds and listens. Rejects with the system's error when the address cannot be had. */
  // hot-path: binding happens once
  static async open(
    address: ListenAddress,
    handler: ClientHandler,
    options: ListenOptions,
  ): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true })
    // hot-path: binding happens once
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(
        address.kind === 'unix'
          ? { path: address.path, backlog: options.backlog }
          : {
              host: address.host,
              port: address.port,
              backlog: options.backlog,
              ipv6Only: options.isIpv6Only,
              reusePort: options.isReusingPort,
              exclusive: true,
            },
        () => {
          server.off('error', reject)
          resolve()
        },
      )
    })
    server.on('error', options.onError)
    acceptSockets(server, {
      onSocket(socket, descriptor) {
        if (!options.mayAccept(descriptor)) {
          socket.on('error', ignoreRefused)
          socket.destroy()
          return
        }
        options.onAccept(new ClientConnection(socket, handler))
      },
      onFailure: options.onAcceptFailure,
    })
    return new Listener(boundAddress(address, server), server)
  }

  /** Stops accepting; connections that were accepted go on. */
  close(): void {
    this.#server.close()
  }
}

function boundAddress(address: ListenAddress, server: Server): ListenAddress {
  if (address.kind === 'unix') return address
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : address.port
  return { ...address, port }
}

/** A refused socket has nobody else to hear its error. */
function ignoreRefused(): void {}
