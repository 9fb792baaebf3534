// IP addresses as numbers, in place: the text of a connection's end or of a field becomes four words of 32 bits without
// making anything, because some configurations ask for networks with every request. What counts as an address, and how one
// is written, is as in nginx (ngx_inet_addr, ngx_inet6_addr, ngx_inet6_ntop).

const COLON = 0x3a
const DOT = 0x2e
const PERCENT = 0x25

/** The highest IPv4 address. It stands for no address at all in places where nginx looks one up all the same. */
export const IPV4_MAX = 0xffff_ffff

/** An address that is read again and again; what it says holds until the next `read`. */
export class IpAddress {
  /** 0 = what was read is no address. An IPv4 address within IPv6 (`::ffff:10.0.0.1`) is one of IPv4. */
  family: 0 | 4 | 6 = 0
  /** Of IPv4: the whole address. */
  value = 0
  /** Of IPv6: four words, the first in front. */
  readonly words = new Uint32Array(4)
  #text = ''

  /** Takes an address without brackets and port; the zone of a link-local one does not count. */
  read(text: string): this {
    // Requests in a row often have one address.
    if (text === this.#text) return this
    this.#text = text
    const value = parseIpv4(text)
    if (value !== -1) {
      this.family = 4
      this.value = value
      return this
    }
    this.family = 0
    if (!text.includes(':') || !readIpv6(text, this.words)) return this
    const { words } = this
    const isMapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff
    this.family = isMapped ? 4 : 6
    this.value = words[3]!
    return this
  }
}

/** Parses four decimal numbers with dots; -1 for anything else. As in nginx zeros may lead, and an empty number is 0. */
export function parseIpv4(text: string): number {
  let value = 0
  let octet = 0
  let dots = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === DOT) {
      value = value * 256 + octet
      octet = 0
      dots++
      continue
    }
    const digit = code - 0x30
    if (digit < 0 || digit > 9) return -1
    octet = octet * 10 + digit
    if (octet > 255) return -1
  }
  return dots === 3 ? value * 256 + octet : -1
}

const groups = new Uint16Array(8)

/** Reads an IPv6 address into four words; false when it is none. */
export function readIpv6(text: string, words: Uint32Array): boolean {
  const zone = text.indexOf('%')
  const end = zone === -1 ? text.length : zone
  let count = 0
  let gap = -1
  let at = 0
  if (text.startsWith('::')) {
    gap = 0
    at = 2
  }
  while (at < end) {
    const start = at
    let group = 0
    for (let digit = hexDigit(text, at); digit !== -1 && at < end; digit = hexDigit(text, at)) {
      group = group * 16 + digit
      if (++at - start > 4) return false
    }
    const code = at < end ? text.charCodeAt(at) : PERCENT
    if (code === DOT) {
      const value = parseIpv4(text.slice(start, end))
      if (value === -1 || count > 6) return false
      groups[count++] = value >>> 16
      groups[count++] = value & 0xffff
      break
    }
    if (at === start || count === 8) return false
    groups[count++] = group
    if (at === end) break
    if (code !== COLON || ++at === end) return false
    if (text.charCodeAt(at) !== COLON) continue
    if (gap !== -1) return false
    gap = count
    at++
  }
  if (gap === -1 ? count !== 8 : count > 7) return false
  if (gap !== -1) {
    groups.copyWithin(8 - (count - gap), gap, count)
    groups.fill(0, gap, 8 - (count - gap))
  }
  for (let i = 0; i < 4; i++) words[i] = groups[2 * i]! * 0x1_0000 + groups[2 * i + 1]!
  return true
}

function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code >= 0x30 && code <= 0x39 /* 0-9 */) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 /* a-f */ ? lower - 0x57 : -1
}

/** An IPv4 address as text. */
export function ipv4Text(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 0xff}.${(value >>> 8) & 0xff}.${value & 0xff}`
}

/** An IPv6 address as text: the longest run of zeros left out, IPv4 at its end with dots. */
export function ipv6Text(words: ArrayLike<number>): string {
  const parts: number[] = []
  for (let i = 0; i < 4; i++) parts.push(words[i]! >>> 16, words[i]! & 0xffff)
  let zero = -1
  let longest = 1
  let run = 0
  for (let i = 0; i <= 8; i++) {
    if (i < 8 && parts[i] === 0) {
      run++
      continue
    }
    if (run > longest) {
      longest = run
      zero = i - run
    }
    run = 0
  }
  const last = parts[7]!
  const isIpv4 =
    zero === 0 &&
    ((longest === 5 && parts[5] === 0xffff) ||
      longest === 6 ||
      (longest === 7 && last >> 8 !== 0 && (last & 0xff) !== 1))
  const shown = parts.map(part => part.toString(16))
  if (isIpv4) {
    return `${longest === 5 ? '::ffff:' : '::'}${ipv4Text(words[3]!)}`
  }
  if (zero === -1) return shown.join(':')
  return `${shown.slice(0, zero).join(':')}::${shown.slice(zero + longest).join(':')}`
}
