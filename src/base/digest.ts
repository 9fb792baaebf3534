// Sixteen bytes that stand for a text, the MD5 of its latin-1 bytes: sessions, peers and cached responses are found by
// it in shared memory, where every key has one size. In hex it names a cached response's file, as nginx names them.

import { hash } from 'node:crypto'

/** Int32 cells of a digest. */
export const DIGEST_CELLS = 4
const HEX_LENGTH = 32
const HEX = /^[0-9a-f]{32}$/

/** Sixteen bytes as four little endian numbers. */
export type Digest = Int32Array

/** The digest of a text (latin-1). */
export function digestOf(text: string): Digest {
  return digestOfBytes(hash('md5', Buffer.from(text, 'latin1'), 'buffer'))
}

/** Whether two digests are of one text. */
export function isSameDigest(a: Digest, b: Digest): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3]
}

/** The 32 lower-case hex digits of a digest. */
export function digestHex(digest: Digest): string {
  const bytes = Buffer.allocUnsafe(HEX_LENGTH / 2)
  for (let i = 0; i < DIGEST_CELLS; i++) bytes.writeInt32LE(digest[i]!, i * 4)
  return bytes.toString('hex')
}

/** The digest that 32 lower-case hex digits write; null when they are anything else. */
export function parseDigestHex(hex: string): Digest | null {
  return HEX.test(hex) ? digestOfBytes(Buffer.from(hex, 'hex')) : null
}

function digestOfBytes(bytes: Buffer): Digest {
  const digest = new Int32Array(DIGEST_CELLS)
  for (let i = 0; i < DIGEST_CELLS; i++) digest[i] = bytes.readInt32LE(i * 4)
  return digest
}
