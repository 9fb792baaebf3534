// The size of a network as people write it, the same in every dialect: its bits, or for IPv4 the
// mask with dots that ipvsadm and ldirectord take.

/**
 * Parses the bits that make a network.
 *
 * @param bitsMax 32 for IPv4, which may also be a dotted mask, or 128
 * @returns from 1 to `bitsMax`; null when it is neither
 */
export function parseNetmask(text: string, bitsMax: 32 | 128): number | null {
  const bits = bitsMax === 32 && text.includes('.') ? maskBits(text) : numberOf(text)
  return bits !== null && bits >= 1 && bits <= bitsMax ? bits : null
}

function numberOf(text: string): number | null {
  return /^\d{1,3}$/.test(text) ? Number(text) : null
}

/** How many ones a mask begins with; null when anything but zeros follows them. */
function maskBits(text: string): number | null {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (octets === undefined || octets.some(octet => octet > 255)) return null
  const bits = octets.map(octet => octet.toString(2).padStart(8, '0')).join('')
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : null
}
