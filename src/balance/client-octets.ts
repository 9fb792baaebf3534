// A client's address as octets, for `ip_hash`: the first three of an IPv4 address, all sixteen of
// an IPv6 one, three zeros for a client without an address (a unix socket). The text is parsed in
// place into one array that is used again and again.

/** IPv4 goes by networks of 256: a household keeps its peer when its address changes. */
const IPV4_OCTETS = 3
const IPV6_OCTETS = 16

const COLON = 0x3a
const DOT = 0x2e

export class ClientOctets {
  readonly bytes = new Uint8Array(IPV6_OCTETS)
  /** How many of them count. */
  length = IPV4_OCTETS
  #text = ''

  /** Takes an address as Node writes it: `127.0.0.1`, `2001:db8::1`, `::ffff:10.0.0.1`. */
  read(text: string): void {
    // The tries of one request, and often requests in a row, have one address.
    if (text === this.#text) return
    this.#text = text
    this.bytes.fill(0)
    if (text.includes(':')) this.#readIpv6(text)
    else {
      this.length = IPV4_OCTETS
      this.#readIpv4(text, 0, 0)
    }
  }

  /** Reads decimal octets from `start` on into `bytes[at…]`. */
  #readIpv4(text: string, start: number, at: number): void {
    let octet = 0
    let place = at
    for (let i = start; i < text.length && place < IPV6_OCTETS; i++) {
      const code = text.charCodeAt(i)
      if (code === DOT) {
        this.bytes[place++] = octet
        octet = 0
      } else if (code >= 0x30 /* 0 */ && code <= 0x39 /* 9 */) {
        octet = octet * 10 + code - 0x30
      } else break
    }
    if (place < IPV6_OCTETS) this.bytes[place] = octet
  }

  #readIpv6(text: string): void {
    if (!/^[0-9a-f]*:[0-9a-f:.]*/i.test(text)) {
      this.length = IPV4_OCTETS
      return
    }
    this.length = IPV6_OCTETS
    let place = 0
    let gap = -1
    let word = 0
    let wordStart = 0
    for (let i = 0; i <= text.length && place < IPV6_OCTETS; i++) {
      const code = i < text.length ? text.charCodeAt(i) : COLON
      const digit = hexDigit(code)
      if (digit !== -1) {
        word = ((word << 4) | digit) & 0xffff
        continue
      }
      if (code === DOT) {
        this.#readIpv4(text, wordStart, place)
        place += 4
        break
      }
      if (i > wordStart) {
        this.bytes[place++] = word >> 8
        this.bytes[place++] = word & 0xff
        word = 0
      }
      if (code !== COLON) break
      if (text.charCodeAt(i + 1) === COLON) gap = place
      wordStart = i + 1
    }
    if (gap !== -1) this.#moveBehindGap(gap, place)
  }

  /** What stood behind `::` belongs to the end. */
  #moveBehindGap(gap: number, end: number): void {
    this.bytes.copyWithin(IPV6_OCTETS - (end - gap), gap, end)
    this.bytes.fill(0, gap, IPV6_OCTETS - (end - gap))
  }
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39 /* 0-9 */) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 /* a-f */ ? lower - 0x57 : -1
}
