// Memory that sockets read into. All sockets of a worker share one buffer, which stays in the processor's cache, because what
// is read there is used up before the next read. A connection in the middle of a large body has a buffer of its own, whose
// bytes may be lent to a socket while they wait there (docs/decisions/011-read-buffers.md).

/** Bytes that one read may bring. */
export const READ_BYTES_MAX = 131_072
/** Room before the read bytes: a rewritten head is put there, so that head and body leave in one write. */
export const HEADROOM_BYTES = 8_192

/** Buffers kept for use again; more are left to the garbage collector. */
const POOL_BUFFERS_MAX = 128
/** The shared buffer: borrowed until the read callback returns, never to be kept or handed to a write. */
export const SHARED_READ_BUFFER = Buffer.allocUnsafeSlow(READ_BYTES_MAX)

/** A buffer with one owner. */
export class ReadBuffer {
  /** All of it. */
  readonly memory = Buffer.allocUnsafeSlow(HEADROOM_BYTES + READ_BYTES_MAX)
  /** Where reads go: what is at `i` here is at `HEADROOM_BYTES + i` of `memory`. */
  readonly view = this.memory.subarray(HEADROOM_BYTES)
}

const pool: ReadBuffer[] = []

/** Takes the buffer that was used last out of the pool. The taker owns it until `giveReadBuffer`. */
export function takeReadBuffer(): ReadBuffer {
  return pool.pop() ?? new ReadBuffer()
}

/** Puts a buffer back that nobody reads into or writes from any more. */
export function giveReadBuffer(buffer: ReadBuffer): void {
  if (pool.length < POOL_BUFFERS_MAX) pool.push(buffer)
}

/** Node asks a socket's owner for the next buffer right after the read callback, without saying for whom. */
let nextBuffer: Buffer | null = SHARED_READ_BUFFER

/** In a read callback, or just before a socket is made: what that socket reads into next; null leaves it what it has. */
export function setNextReadBuffer(buffer: Buffer | null): void {
  nextBuffer = buffer
}

/** For `onread.buffer`. What is no buffer leaves the socket its own, which spares Node looking into the same one again. */
export function takeNextReadBuffer(): Buffer {
  const buffer = nextBuffer
  nextBuffer = SHARED_READ_BUFFER
  return buffer as Buffer
}
