// Turns an accepted handle into a socket that reads into our own memory (`onread`), which saves a 64 KiB allocation and
// the Readable machinery per read. `net.Server` cannot be asked for that: the handle is taken where the server would
// wrap it. This is the one file that touches what Node does not document; where the handle does not look as expected,
// the documented way ('data' events) serves with the same behaviour (docs/decisions/001-own-codec.md).

import { type Server, Socket } from 'node:net'
import { SHARED_READ_BUFFER, setNextReadBuffer, takeNextReadBuffer } from '../base/read-buffers.ts'

/** What the accepted side does with bytes; it pauses with `socket.pause()`. */
export interface AcceptedOwner {
  /** Bytes, borrowed until the call returns. The return value is what to read into next. */
  onBytes(bytes: Buffer, count: number): Buffer
}

/** A socket and the connection that owns it. */
export interface OwnedSocket extends Socket {
  owner?: AcceptedOwner
}

/** What accepting brings. */
export interface Accepting {
  /** @param descriptor the number of its file descriptor; -1 when not known */
  onSocket(socket: OwnedSocket, descriptor: number): void
  /** Nothing could be accepted: the system's error number, negative. */
  onFailure(error: number): void
}

interface AcceptedHandle {
  readonly fd?: number
}

interface ServerHandle {
  onconnection: (status: number, handle: AcceptedHandle | undefined) => void
}

function onRead(this: OwnedSocket, count: number, bytes: Uint8Array): boolean {
  const next = this.owner?.onBytes(bytes as Buffer, count) ?? SHARED_READ_BUFFER
  setNextReadBuffer(next === bytes ? null : next)
  return true
}

const ON_READ = {
  buffer: takeNextReadBuffer,
  callback: onRead as unknown as (bytesWritten: number, buf: Uint8Array) => boolean,
}

/** Bytes that may wait in a socket before `drain` becomes necessary; smaller pieces are copies, larger ones lent. */
export const WRITE_HIGH_WATER_BYTES = 16_384

const SOCKET_OPTIONS = { allowHalfOpen: true, writableHighWaterMark: WRITE_HIGH_WATER_BYTES }

/**
 * Hands every connection of `server`, which is listening, to `accepting`.
 *
 * @param mode `'handle'` takes the accepted handle, `'events'` is the documented way; tests run both
 * @returns the mode in use
 */
export function acceptSockets(
  server: Server,
  accepting: Accepting,
  mode: 'handle' | 'events' = 'handle',
): 'handle' | 'events' {
  const handle = (server as Server & { _handle?: ServerHandle | null })._handle
  if (mode === 'handle' && handle != null && typeof handle.onconnection === 'function') {
    handle.onconnection = (status, accepted) => {
      if (status !== 0 || accepted === undefined) {
        if (status < 0) accepting.onFailure(status)
        return
      }
      setNextReadBuffer(SHARED_READ_BUFFER)
      const options = { handle: accepted, onread: ON_READ, ...SOCKET_OPTIONS }
      accepting.onSocket(new Socket(options as object) as OwnedSocket, accepted.fd ?? -1)
    }
    return 'handle'
  }
  server.on('connection', (socket: OwnedSocket) => {
    accepting.onSocket(socket, -1)
    socket.on('data', (bytes: Buffer) => socket.owner?.onBytes(bytes, bytes.length))
  })
  return 'events'
}
