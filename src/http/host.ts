// What may stand in Host and in the authority of a target: `uri-host [":" port]` (RFC 9110 §7.2,
// RFC 3986 §3.2.2) and nothing else, because a byte that two programs read differently sends a
// request to the wrong site. As in nginx empty labels are refused and one trailing dot does not
// count.

/**
 * 1: may stand in a name; 2: the same, and upper case. The comma is left out: it would let a list
 * pass as a name.
 */
const NAME_BYTE = buildNameTable()

const PORT_MAX = 65535
const IPV6_LENGTH_MAX = 45

/**
 * Finds the end of the host in an authority `bytes[from, to)`.
 *
 * @returns the index after the host (of the `:` before the port, or `to`), -1 when the authority is
 * not `uri-host [":" port]` with a host of at least one character; an empty port is good (RFC 3986
 * §3.2.3)
 */
export function scanAuthority(bytes: Uint8Array, from: number, to: number): number {
  const hostEnd =
    from < to && bytes[from] === 0x5b /* [ */
      ? scanBrackets(bytes, from, to)
      : scanName(bytes, from, to)
  if (hostEnd < 0 || hostEnd === to) return hostEnd
  return bytes[hostEnd] === 0x3a /* : */ && isPort(bytes, hostEnd + 1, to) ? hostEnd : -1
}

/**
 * The host of a good authority: lower case, no port, no trailing dot; an IPv6 address keeps its
 * brackets.
 *
 * @param text one character per byte, `text[0]` being `bytes[base]`
 * @param from the host's start in `bytes`
 * @param hostEnd what `scanAuthority` returned
 */
export function hostOf(
  bytes: Uint8Array,
  text: string,
  base: number,
  from: number,
  hostEnd: number,
): string {
  const end = bytes[hostEnd - 1] === 0x2e /* . */ ? hostEnd - 1 : hostEnd
  const host = text.slice(from - base, end - base)
  for (let i = from; i < end; i++) if (NAME_BYTE[bytes[i]!] === 2) return host.toLowerCase()
  return host
}

/** An authority taken apart. */
export interface Authority {
  /** As `hostOf` gives it. */
  readonly host: string
  /** 0 to 65535, or -1 when there is none. */
  readonly port: number
}

/** Takes an authority apart; null when it is not `uri-host [":" port]`. */
export function parseAuthority(text: string): Authority | null {
  const bytes = Buffer.from(text, 'utf8')
  const hostEnd = scanAuthority(bytes, 0, bytes.length)
  if (hostEnd < 0) return null
  const port = hostEnd < bytes.length - 1 ? Number(text.slice(hostEnd + 1)) : -1
  return { host: hostOf(bytes, text, 0, 0, hostEnd), port }
}

/** Says whether `text` is an IPv6 address without brackets and zone (RFC 4291 §2.2). */
export function isIpv6(text: string): boolean {
  let groups = 0
  let gap = -1
  let i = 0
  if (text.startsWith('::')) {
    gap = 0
    i = 2
  }
  while (i < text.length) {
    const start = i
    while (i < text.length && isHexDigit(text.charCodeAt(i))) i++
    if (i < text.length && text.charCodeAt(i) === 0x2e /* . */) {
      groups += 2
      return isIpv4(text.slice(start)) && (gap >= 0 ? groups < 8 : groups === 8)
    }
    if (i === start || i - start > 4) return false
    groups++
    if (i === text.length) break
    if (text.charCodeAt(i) !== 0x3a /* : */ || ++i === text.length) return false
    if (text.charCodeAt(i) === 0x3a) {
      if (gap >= 0) return false
      gap = groups
      i++
    }
  }
  return gap >= 0 ? groups < 8 : groups === 8
}

/**
 * Says whether `text` is an IPv4 address: four decimal numbers up to 255, without leading zeros.
 */
export function isIpv4(text: string): boolean {
  const parts = text.split('.')
  if (parts.length !== 4) return false
  for (const part of parts) {
    if (part.length === 0 || part.length > 3 || (part.length > 1 && part.startsWith('0')))
      return false
    for (let i = 0; i < part.length; i++) if (!isDigit(part.charCodeAt(i))) return false
    if (Number(part) > 255) return false
  }
  return true
}

/** Index after the `]` of an IPv6 address, -1 when it is none. */
function scanBrackets(bytes: Uint8Array, from: number, to: number): number {
  let address = ''
  for (let i = from + 1; i < to && address.length <= IPV6_LENGTH_MAX; i++) {
    if (bytes[i] === 0x5d /* ] */) return isIpv6(address) ? i + 1 : -1
    address += String.fromCharCode(bytes[i]!)
  }
  return -1
}

/** Index after a reg-name or IPv4 address, -1 when it is none or has an empty label. */
function scanName(bytes: Uint8Array, from: number, to: number): number {
  let i = from
  let labelStart = from
  for (; i < to; i++) {
    const byte = bytes[i]!
    if (byte === 0x2e /* . */) {
      if (i === labelStart) return -1
      labelStart = i + 1
    } else if (NAME_BYTE[byte] === 0) {
      if (byte !== 0x25 /* % */) break
      if (i + 2 >= to || !isGoodEscape(bytes, i)) return -1
      i += 2
    }
  }
  return i === from ? -1 : i
}

/**
 * A percent sign needs two hex digits, and must not hide a control byte, a dot or a delimiter of
 * the URI.
 */
function isGoodEscape(bytes: Uint8Array, at: number): boolean {
  if (!isHexDigit(bytes[at + 1]!) || !isHexDigit(bytes[at + 2]!)) return false
  const byte = Number.parseInt(String.fromCharCode(bytes[at + 1]!, bytes[at + 2]!), 16)
  return byte >= 0x80 || (NAME_BYTE[byte] !== 0 && byte !== 0x2e)
}

function isPort(bytes: Uint8Array, from: number, to: number): boolean {
  let port = 0
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - 0x30
    if (digit < 0 || digit > 9) return false
    port = port * 10 + digit
    if (port > PORT_MAX) return false
  }
  return true
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66)
}

function buildNameTable(): Uint8Array {
  const table = new Uint8Array(256)
  const good = "0123456789abcdefghijklmnopqrstuvwxyz-._~!$&'()*+;="
  for (const char of good) table[char.charCodeAt(0)] = 1
  for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') table[char.charCodeAt(0)] = 2
  return table
}
