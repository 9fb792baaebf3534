// Memory that sockets read into. All sockets of a worker share one buffer for heads and small messages, because what is
// read there is used up before the next read; a connection in the middle of a large body takes a buffer of its own from
// the pool, because its bytes may have to wait for the other side (docs/decisions/011-read-buffers.md).

/** Bytes of every read buffer. */
export const READ_BUFFER_BYTES = 65_536

/** Buffers kept for use again; more are left to the garbage collector. */
const POOL_BUFFERS_MAX = 256

/** The shared buffer: borrowed until the read callback returns, never to be kept or handed to a write. */
export const SHARED_READ_BUFFER = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)

const pool: Buffer[] = []

/** Takes a buffer out of the pool. The taker owns it until `giveReadBuffer`. */
export function takeReadBuffer(): Buffer {
  return pool.pop() ?? Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
}

/** Puts a buffer back that nobody reads into or writes from any more. */
export function giveReadBuffer(buffer: Buffer): void {
  if (pool.length < POOL_BUFFERS_MAX) pool.push(buffer)
}
