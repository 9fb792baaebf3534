// What version 2 of the PROXY protocol says beside the addresses: values with a type each, those of TLS within one of their
// own (haproxy.org, proxy-protocol.txt §2.2.1 to §2.2.4). Looked through when somebody asks.

/** Types by the names that variables have for them. */
export const TLV_TYPES: ReadonlyMap<string, number> = new Map([
  ['alpn', 0x01],
  ['authority', 0x02],
  ['unique_id', 0x05],
  ['ssl', 0x20],
  ['netns', 0x30],
  ['ssl_version', 0x21],
  ['ssl_cn', 0x22],
  ['ssl_cipher', 0x23],
  ['ssl_sig_alg', 0x24],
  ['ssl_key_alg', 0x25],
])

const SSL = 0x20
/** Type and length. */
const HEAD_LENGTH = 3
/** Of the value for TLS: what the client showed, and in four bytes whether it was verified. */
const SSL_HEAD_LENGTH = 5

/** The first value of a type; null where there is none, or where the list breaks off before it. */
export function findTlv(tlvs: string | undefined, type: number): string | null {
  if (tlvs === undefined) return null
  for (let at = 0; at + HEAD_LENGTH <= tlvs.length; ) {
    const length = tlvs.charCodeAt(at + 1) * 256 + tlvs.charCodeAt(at + 2)
    const start = at + HEAD_LENGTH
    if (start + length > tlvs.length) return null
    if (tlvs.charCodeAt(at) === type) return tlvs.slice(start, start + length)
    at = start + length
  }
  return null
}

/** The first value of a type within the one for TLS. */
export function findTlvInSsl(tlvs: string | undefined, type: number): string | null {
  const ssl = sslOf(tlvs)
  return ssl === null ? null : findTlv(ssl.slice(SSL_HEAD_LENGTH), type)
}

/** Whether the client's certificate was verified: 0 = yes; null where nothing is said of TLS. */
export function verifyOf(tlvs: string | undefined): string | null {
  const ssl = sslOf(tlvs)
  return ssl === null ? null : String(Buffer.from(ssl, 'latin1').readUInt32BE(1))
}

function sslOf(tlvs: string | undefined): string | null {
  const ssl = findTlv(tlvs, SSL)
  return ssl === null || ssl.length < SSL_HEAD_LENGTH ? null : ssl
}
