// Opens sockets to peers, reading into our own memory (`onread`), every one with its error handler from birth.

import { connect, type Socket } from 'node:net'
import { SHARED_READ_BUFFER, setNextReadBuffer, takeNextReadBuffer } from '../base/read-buffers.ts'
import type { ListenAddress } from '../model/listener.ts'
import { type Egress, PLAIN_EGRESS } from './egress.ts'

/** Who owns a peer socket. */
export interface PeerSocketOwner {
  onConnected(): void
  /** Bytes, borrowed until the call returns. The return value is what to read into next. */
  onBytes(bytes: Buffer, count: number): Buffer
  onEnd(): void
  onDrained(): void
  /** @param call the system call that failed, `bind` or `connect` or another; empty where none did */
  onGone(code: string, call: string): void
}

interface PeerSocket extends Socket {
  owner?: PeerSocketOwner
}

function onRead(this: PeerSocket, count: number, bytes: Uint8Array): boolean {
  const next = this.owner?.onBytes(bytes as Buffer, count) ?? SHARED_READ_BUFFER
  setNextReadBuffer(next === bytes ? null : next)
  return true
}

const ON_READ = {
  buffer: takeNextReadBuffer,
  callback: onRead as unknown as (bytesWritten: number, buf: Uint8Array) => boolean,
}

/**
 * Starts to connect; `owner.onConnected` or `owner.onGone` follows, never within this call.
 *
 * @param buffer what the socket reads into first
 * @param egress of it a unix socket has neither an address of its own nor probes
 */
export function connectPeer(
  address: ListenAddress,
  owner: PeerSocketOwner,
  buffer: Buffer,
  egress: Egress = PLAIN_EGRESS,
): Socket {
  setNextReadBuffer(buffer)
  const common = {
    onread: ON_READ,
    allowHalfOpen: true,
    noDelay: true,
    writableHighWaterMark: 16_384,
  }
  let socket: PeerSocket
  if (address.kind === 'unix') {
    socket = connect({ path: address.path, ...common })
  } else {
    const { host, port } = address
    const { from, isProbed: keepAlive } = egress
    const options = { host, port, keepAlive, ...common }
    socket = connect(
      from === null ? options : { ...options, localAddress: from.host, localPort: from.port },
    )
  }
  socket.owner = owner
  socket.on('connect', onConnect)
  socket.on('error', onError)
  socket.on('end', onEnd)
  socket.on('drain', onDrain)
  socket.on('close', onClose)
  return socket
}

/** Gives an open socket to another owner. */
export function handOver(socket: PeerSocket, owner: PeerSocketOwner): void {
  socket.owner = owner
}

function onConnect(this: PeerSocket): void {
  this.owner?.onConnected()
}

function onError(this: PeerSocket, error: NodeJS.ErrnoException): void {
  this.owner?.onGone(error.code ?? error.message, error.syscall ?? '')
}

function onEnd(this: PeerSocket): void {
  this.owner?.onEnd()
}

function onDrain(this: PeerSocket): void {
  this.owner?.onDrained()
}

function onClose(this: PeerSocket): void {
  this.owner?.onGone('closed', '')
}
