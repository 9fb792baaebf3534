// Names of FastDFS files: `/group1/M00/00/00/` and 27 characters of base64 that hold the storage's
// address, the time of the upload, size and CRC-32, then what pads the extension to seven
// characters. What a name says can be held against the body that comes for it. Layout of FastDFS 5
// and 6.

/** What a file name says of the file. */
export interface FastdfsName {
  /**
   * IPv4 address of the storage that took the upload; empty where the name has the storage's id.
   */
  readonly sourceAddress: string
  /** Id of that storage; 0 where the name has its address. */
  readonly storageId: number
  /** Seconds since 1970. */
  readonly createdAt: number
  /** Bytes; -1 = the name does not know (appender files). */
  readonly size: number
  readonly crc32: number
  /** It may be appended to and changed: neither size nor CRC are its own. */
  readonly isAppender: boolean
  /** Another size or format of a master file: size and CRC are the master's. */
  readonly isSlave: boolean
  /** It lies in a trunk file together with others, and the name says where. */
  readonly isTrunk: boolean
}

/** Those that name the place in a trunk file. */
const TRUNK = 16
/** Random digits and the extension with its dot, together. */
const EXTENSION = 7

const PATH = /(?:^|\/)M[0-9A-F]{2}\/[0-9A-F]{2}\/[0-9A-F]{2}\/([-_A-Za-z0-9]{27})([^/]*)$/
const PADDED_EXTENSION = /^\d*(?:\..*)?$/

// The high word of the size. Files below 4 GiB have random bits there, so that equal files get
// unequal names.
const IS_RANDOM = 0x8000_0000
const RANDOM_BITS = 0x007f_ffff
const IS_TRUNK = 0x0800_0000
const IS_APPENDER = 0x0400_0000
/** Without any flag: a file of 4 GiB or more. 2^50 bytes are more than a file can have. */
const SIZE_BITS = 0x0003_ffff
const WORD = 0x1_0000_0000

/**
 * Reads a path's last part as the name of a FastDFS file; null when it is none.
 *
 * A slave file without a prefix, whose extension is other but as long as the master's, cannot be
 * told from a master file.
 *
 * @param path decoded, without the query; what stands before `M00` does not matter
 */
export function parseFastdfsName(path: string): FastdfsName | null {
  const match = PATH.exec(path)
  if (match === null) return null
  const bytes = Buffer.from(match[1]!, 'base64url')
  // Two bits of the last character are left over: encoders leave them 0.
  if (bytes.toString('base64url') !== match[1]) return null
  const high = bytes.readUInt32BE(8)
  const low = bytes.readUInt32BE(12)
  const kind = kindOf(high)
  if (kind === null) return null
  const isTrunk = kind === 'trunk'
  const own = isTrunk ? TRUNK + EXTENSION : EXTENSION
  const rest = match[2]!
  if (rest.length < own) return null
  const isOwn = rest.length === own && PADDED_EXTENSION.test(rest.slice(own - EXTENSION))
  const id = bytes.readUInt32LE(0)
  const isId = id > 0 && bytes[3] === 0
  return {
    sourceAddress: isId ? '' : bytes.subarray(0, 4).join('.'),
    storageId: isId ? id : 0,
    createdAt: bytes.readUInt32BE(4),
    size: kind === 'appender' ? -1 : kind === 'large' ? high * WORD + low : low,
    crc32: bytes.readUInt32BE(16),
    isAppender: kind === 'appender',
    isSlave: !isOwn,
    isTrunk,
  }
}

/** Says whether size and CRC of the name are those of the body. */
export function isVerifiable(name: FastdfsName): boolean {
  return !name.isAppender && !name.isSlave
}

/**
 * Reads the flags in the size's high word; null when no FastDFS writes them so. Files in trunks and appender files have
 * random bits as well, since there are any.
 */
function kindOf(high: number): 'small' | 'large' | 'trunk' | 'appender' | null {
  const isRandom = high >= IS_RANDOM
  switch (isRandom ? (high & ~RANDOM_BITS) - (IS_RANDOM | 0) : high) {
    case 0:
      return 'small'
    case IS_TRUNK:
      return 'trunk'
    case IS_APPENDER:
      return 'appender'
    default:
      return !isRandom && (high & ~SIZE_BITS) === 0 ? 'large' : null
  }
}
