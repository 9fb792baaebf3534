// The file of a stored response: a header of fixed size, meta with room to grow, the body, and a checksum for each block of
// the body. Nothing of a file is believed: the header and the meta carry checksums, the lengths must add up to the file's
// size, the whole key is compared, and a block is given out only after its checksum. A crash, a full disk, a bad disk or an
// editor can cost an entry, never make a wrong answer. Numbers are little endian.

import { crc32 } from 'node:zlib'

import type { EntryMeta } from '../entry.ts'
import { metaBytes, readMeta, writeMeta } from './entry-meta.ts'

/** A block of the body, which has a checksum of its own. */
export const BLOCK_BYTES = 65_536
export const HEADER_BYTES = 72

const MAGIC = 0x31434748 /* HGC1 */
const VERSION = 1
const CRC_BYTES = 4
/** The header without its own checksum. */
const CHECKED_BYTES = 64
/** More meta than this nobody has written: heads and keys are far smaller. */
const META_BYTES_MAX = 16 * 1024 * 1024
/** Room for what a 304 may add; with trailers that are still to come, more. */
const SLACK_BYTES = 256
const SLACK_BYTES_OPEN = 2_048
const ALIGN_BYTES = 64

/** The fixed part. */
export interface EntryHeader {
  /** Bytes between header and body. */
  readonly metaCapacity: number
  readonly metaBytes: number
  readonly metaCrc: number
  readonly bodyBytes: number
  /** MD5 of the key, 32 hexadecimal digits. */
  readonly hex: string
  /** 48 random bits: tells two files of one name apart, also where the later one has the same size. */
  readonly id: number
}

/** Bytes to set aside for the meta. @param isOpen trailers may come with the body's end */
export function metaCapacityFor(meta: EntryMeta, isOpen: boolean): number {
  const wanted = HEADER_BYTES + metaBytes(meta) + (isOpen ? SLACK_BYTES_OPEN : SLACK_BYTES)
  return Math.ceil(wanted / ALIGN_BYTES) * ALIGN_BYTES - HEADER_BYTES
}

/** Whether the meta can stand in so many bytes. */
export function fitsMeta(meta: EntryMeta, metaCapacity: number): boolean {
  return metaBytes(meta) <= metaCapacity
}

/** Place of the body in the file. */
export function bodyStartOf(metaCapacity: number): number {
  return HEADER_BYTES + metaCapacity
}

/** Blocks of a body; the last one may be short. */
export function blockCountOf(bodyBytes: number): number {
  return Math.ceil(bodyBytes / BLOCK_BYTES)
}

/** Place of the checksums in the file. */
export function tableStartOf(header: EntryHeader): number {
  return bodyStartOf(header.metaCapacity) + header.bodyBytes
}

/** Bytes of the whole file. */
export function fileBytesOf(metaCapacity: number, bodyBytes: number): number {
  return bodyStartOf(metaCapacity) + bodyBytes + blockCountOf(bodyBytes) * CRC_BYTES
}

/**
 * Header and meta, up to the last byte of the meta or up to the body.
 *
 * @param isPadded the bytes reach to the body
 */
export function encodeHead(
  meta: EntryMeta,
  facts: Pick<EntryHeader, 'metaCapacity' | 'bodyBytes' | 'hex' | 'id'>,
  isPadded: boolean,
): Buffer {
  const length = metaBytes(meta)
  const bytes = Buffer.alloc(HEADER_BYTES + (isPadded ? facts.metaCapacity : length))
  writeMeta(meta, bytes, HEADER_BYTES)
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt16LE(VERSION, 4)
  bytes.writeUInt32LE(HEADER_BYTES, 8)
  bytes.writeUInt32LE(facts.metaCapacity, 12)
  bytes.writeUInt32LE(length, 16)
  bytes.writeUInt32LE(crc32(bytes.subarray(HEADER_BYTES, HEADER_BYTES + length)), 20)
  bytes.writeDoubleLE(facts.bodyBytes, 24)
  bytes.writeUInt32LE(BLOCK_BYTES, 32)
  bytes.write(facts.hex, 40, 'hex')
  bytes.writeUIntLE(facts.id, 56, 6)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CHECKED_BYTES)), CHECKED_BYTES)
  return bytes
}

/** The checksums of a body's blocks as the file has them. */
export function encodeTable(crcs: readonly number[]): Buffer {
  const table = Buffer.allocUnsafe(crcs.length * CRC_BYTES)
  for (let i = 0; i < crcs.length; i++) table.writeUInt32LE(crcs[i]!, i * CRC_BYTES)
  return table
}

/**
 * Reads the header at the start of `bytes[0, length)`.
 *
 * @param fileBytes size of the whole file
 * @returns what is wrong with it, in words that follow the file's name, or the header
 */
export function decodeHeader(
  bytes: Buffer,
  length: number,
  fileBytes: number,
): EntryHeader | string {
  if (length < HEADER_BYTES) return 'is too small'
  if (bytes.readUInt32LE(0) !== MAGIC) return 'is not an entry of this cache'
  if (bytes.readUInt32LE(CHECKED_BYTES) !== crc32(bytes.subarray(0, CHECKED_BYTES))) {
    return 'has a damaged header'
  }
  const isKnown =
    bytes.readUInt16LE(4) === VERSION &&
    bytes.readUInt32LE(8) === HEADER_BYTES &&
    bytes.readUInt32LE(32) === BLOCK_BYTES
  if (!isKnown) return 'is of another version'
  const header: EntryHeader = {
    metaCapacity: bytes.readUInt32LE(12),
    metaBytes: bytes.readUInt32LE(16),
    metaCrc: bytes.readUInt32LE(20),
    bodyBytes: bytes.readDoubleLE(24),
    hex: bytes.toString('hex', 40, 56),
    id: bytes.readUIntLE(56, 6),
  }
  if (header.metaBytes > header.metaCapacity || header.metaCapacity > META_BYTES_MAX) {
    return 'has impossible lengths'
  }
  if (!Number.isSafeInteger(header.bodyBytes) || header.bodyBytes < 0) {
    return 'has impossible lengths'
  }
  const expected = fileBytesOf(header.metaCapacity, header.bodyBytes)
  return fileBytes === expected ? header : `has ${fileBytes} bytes and not ${expected}`
}

/**
 * Reads the meta behind a header.
 *
 * @param bytes of the file from its start, at least up to the end of the meta
 * @returns what is wrong with it, or the meta
 */
export function decodeMeta(bytes: Buffer, header: EntryHeader): EntryMeta | string {
  const end = HEADER_BYTES + header.metaBytes
  if (crc32(bytes.subarray(HEADER_BYTES, end)) !== header.metaCrc) return 'has damaged meta'
  const meta = readMeta(bytes, HEADER_BYTES, end)
  if (meta === null) return 'has meta that cannot be read'
  return isConsistent(meta, header.bodyBytes) ? meta : 'has meta of another body'
}

/** Whether a block is what was written. */
export function isBlockSound(block: Buffer, crc: number): boolean {
  return crc32(block) === crc
}

function isConsistent(meta: EntryMeta, bodyBytes: number): boolean {
  if (meta.parts === null) return meta.length === bodyBytes
  let bytes = 0
  for (const { start, end } of meta.parts) bytes += end - start
  return bytes === bodyBytes
}
