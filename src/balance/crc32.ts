// CRC-32 (IEEE 802.3, reflected, polynomial 0xedb88320) in the pieces that nginx's hashes need: a
// state that goes on over text, bytes and numbers. A key of twenty characters takes less than the
// call into a native one would.

/** The state before the first byte. */
export const CRC_START = -1

const TABLE = makeTable()

/** Goes on over a text of latin-1 characters, which stand for bytes. */
export function crcText(state: number, text: string): number {
  let crc = state
  for (let i = 0; i < text.length; i++) {
    crc = TABLE[(crc ^ text.charCodeAt(i)) & 0xff]! ^ (crc >>> 8)
  }
  return crc
}

/** Goes on over one byte. */
export function crcByte(state: number, byte: number): number {
  return TABLE[(state ^ byte) & 0xff]! ^ (state >>> 8)
}

/** Goes on over a 32-bit number, lowest byte first. */
export function crcWord(state: number, word: number): number {
  // Four steps at once: the state's bytes meet the word's one by one.
  let crc = state ^ word
  crc = TABLE[crc & 0xff]! ^ (crc >>> 8)
  crc = TABLE[crc & 0xff]! ^ (crc >>> 8)
  crc = TABLE[crc & 0xff]! ^ (crc >>> 8)
  return TABLE[crc & 0xff]! ^ (crc >>> 8)
}

/** Goes on over the decimal digits of a whole number from 0. */
export function crcDecimal(state: number, value: number): number {
  let scale = 1
  while (scale * 10 <= value) scale *= 10
  let crc = state
  for (; scale >= 1; scale /= 10) {
    crc = crcByte(crc, 0x30 /* 0 */ + (Math.trunc(value / scale) % 10))
  }
  return crc
}

/**
 * The checksum of a state, as a signed number of 32 bits: an unsigned one may be an object to the
 * engine.
 */
export function crcEnd(state: number): number {
  return ~state
}

function makeTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    return crc
  })
}
