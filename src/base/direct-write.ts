// Writes texts and bytes straight to a socket's handle. Nearly every write of a proxy is taken by the kernel at once; going through
// the stream machinery for it costs about as much as parsing a head. Node does not document handles: this file is the only
// one that writes to them, and where a handle does not look as expected the stream writes with the same effect
// (docs/decisions/001-own-codec.md).

import type { Socket } from 'node:net'

interface WriteRequest {
  oncomplete: ((status?: number) => void) | null
  handle: unknown
  /** Bytes that the write holds until it completes. */
  buffer?: Buffer
  /** Node 26: how the write ended, where that was before anybody could listen. */
  readonly writeStatus?: number | null
}

interface StreamHandle {
  /** A status; in Node 26 also the request that it made itself. */
  writeLatin1String?: (request: WriteRequest | null, text: string) => number | WriteRequest
  writeBuffer?: (request: WriteRequest | null, bytes: Buffer) => number | WriteRequest
  readonly writeQueueSize?: number
}

interface HandleSocket extends Socket {
  _handle?: StreamHandle | null
}

type MakeRequest = new () => WriteRequest

/** Who makes the request of a write, seen at the first write of the thread: the stream (Node 24) or the handle (Node 26). */
let requestMaker: 'unseen' | 'stream' | 'handle' = 'unseen'
/** What the stream makes them with. */
let Request: MakeRequest | null = null
/** The request of writes that ended at once, used again. */
let spare: WriteRequest | null = null
/** The handle of that first write: it was changed, and one look at it would slow down every look at the others. */
let watched: StreamHandle | null = null
let isEnabled = true

/** Switches to the stream's own way and back; for tests of both. */
export function enableDirectWrites(isOn: boolean): void {
  isEnabled = isOn
}

/** Bytes that were written to the socket and that the kernel has not taken. */
export function unsentBytes(socket: Socket): number {
  const queued = (socket as HandleSocket)._handle?.writeQueueSize
  return queued === undefined ? socket.writableLength : Math.max(queued, socket.writableLength)
}

/** The part of it that the handle counts: falls with every byte that the kernel takes, the stream's count only at the end. */
export function heldByHandle(socket: Socket): number {
  return (socket as HandleSocket)._handle?.writeQueueSize ?? socket.writableLength
}

/**
 * Writes a latin-1 text.
 *
 * @param onSent called once when the kernel has taken it, if it did not do so at once; with a negative status when
 *   the socket broke
 * @returns whether it was taken at once
 */
export function writeText(
  socket: Socket,
  text: string,
  onSent: (status?: number) => void,
): boolean {
  const handle = (socket as HandleSocket)._handle
  const isDirect =
    isEnabled && socket.writableLength === 0 && !socket.connecting && !socket.writableEnded
  if (!isDirect || handle == null || handle === watched) return writeToStream(socket, text, onSent)
  if (typeof handle.writeLatin1String !== 'function') return writeToStream(socket, text, onSent)
  if (requestMaker === 'unseen') {
    watchFirstWrite(handle)
    return writeToStream(socket, text, onSent)
  }
  const given = requestMaker === 'handle' ? null : (spare ?? new Request!())
  const result = handle.writeLatin1String(given, text)
  if (result === 0 && (given === null || handle.writeQueueSize === 0)) {
    spare = given
    return true
  }
  const request = requestInFlight(result, given)
  // The stream reports an error in its own way.
  if (request === null) return writeToStream(socket, text, onSent)
  return awaitRequest(request, handle, onSent)
}

/**
 * Writes bytes, which must stay as they are until they are taken.
 *
 * @param onSent see `writeText`; not called where the stream writes: then its `drain` tells
 * @returns whether they were taken at once, or (fewer than the stream's high water mark) are the stream's now
 */
export function writeBytes(
  socket: Socket,
  bytes: Buffer,
  onSent: (status?: number) => void,
): boolean {
  const handle = (socket as HandleSocket)._handle
  const isDirect =
    isEnabled && socket.writableLength === 0 && !socket.connecting && !socket.writableEnded
  if (!isDirect || handle == null || handle === watched || requestMaker === 'unseen') {
    return socket.write(bytes) || socket.writableLength === 0
  }
  if (typeof handle.writeBuffer !== 'function') {
    return socket.write(bytes) || socket.writableLength === 0
  }
  const given = requestMaker === 'handle' ? null : (spare ?? new Request!())
  const result = handle.writeBuffer(given, bytes)
  if (result === 0 && (given === null || handle.writeQueueSize === 0)) {
    spare = given
    return true
  }
  const request = requestInFlight(result, given)
  if (request === null) return socket.write(bytes) || socket.writableLength === 0
  request.buffer = bytes
  return awaitRequest(request, handle, onSent)
}

/** The request of a write that goes on; null after an error. */
function requestInFlight(
  result: number | WriteRequest,
  given: WriteRequest | null,
): WriteRequest | null {
  if (typeof result !== 'number') return result
  return result === 0 ? given : null
}

/** The request is in flight: it belongs to the handle until it completes. */
function awaitRequest(
  request: WriteRequest,
  handle: StreamHandle,
  onSent: (status?: number) => void,
): boolean {
  spare = null
  request.handle = handle
  request.oncomplete = onSent
  if (typeof request.writeStatus !== 'number') return false
  onSent(request.writeStatus)
  return request.writeStatus === 0
}

function writeToStream(socket: Socket, text: string, onSent: (status?: number) => void): boolean {
  if (socket.destroyed || socket.writableEnded) return true
  let isWaiting = false
  // Not at 'drain', which a socket that is ending does not give.
  const isTaken = socket.write(text, 'latin1', (error?: NodeJS.ErrnoException | null) => {
    if (isWaiting) onSent(error == null ? 0 : (error.errno ?? -1))
  })
  if (isTaken || socket.writableLength === 0) return true
  isWaiting = true
  return false
}

/** Lets the stream write once and sees how it does that. */
function watchFirstWrite(handle: StreamHandle): void {
  const write = handle.writeLatin1String!
  watched = handle
  handle.writeLatin1String = (request, text) => {
    delete handle.writeLatin1String
    if (request === null) {
      requestMaker = 'handle'
    } else {
      requestMaker = 'stream'
      Request = request.constructor as MakeRequest
    }
    return write.call(handle, request, text)
  }
}
