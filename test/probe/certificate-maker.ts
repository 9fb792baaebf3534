// Certificates for tests, made on the spot: an authority, and certificates that it signs, with any
// name and any time. X.509 v3 in DER (RFC 5280), as little of it as TLS asks for.

import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export interface Pair {
  readonly key: string
  readonly certificate: string
}

export interface CertificateOptions {
  readonly name: string
  readonly from?: Date
  readonly to?: Date
  /** Null = it signs itself. */
  readonly issuer: Pair | null
  readonly isAuthority?: boolean
}

const DAY_MS = 86_400_000
const ECDSA_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]
const COMMON_NAME = [0x55, 0x04, 0x03]
const ALT_NAME = [0x55, 0x1d, 0x11]
const BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13]
const SEQUENCE = 0x30

let serial = 1

export function makeCertificate(options: CertificateOptions): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = options.issuer === null ? privateKey : createPrivateKey(options.issuer.key)
  const issuerName = options.issuer === null ? options.name : 'Test Authority'
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial++])),
    algorithm(),
    nameOf(issuerName),
    sequence(
      time(options.from ?? new Date(Date.now() - DAY_MS)),
      time(options.to ?? new Date(Date.now() + 365 * DAY_MS)),
    ),
    nameOf(options.name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions(options))),
  )
  const certificate = sequence(body, algorithm(), bits(signature(body, signer)))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    certificate: pem(certificate),
  }
}

/** An authority named as `makeCertificate` expects it. */
export function makeAuthority(): Pair {
  return makeCertificate({ name: 'Test Authority', issuer: null, isAuthority: true })
}

function signature(body: Buffer, key: KeyObject): Buffer {
  return sign('sha256', body, key)
}

function extensions(options: CertificateOptions): Buffer[] {
  const list = [
    sequence(der(0x06, Buffer.from(ALT_NAME)), octets(sequence(der(0x82, options.name)))),
  ]
  if (options.isAuthority === true) {
    const constraints = sequence(der(0x01, Buffer.from([0xff])))
    list.push(
      sequence(
        der(0x06, Buffer.from(BASIC_CONSTRAINTS)),
        der(0x01, Buffer.from([0xff])),
        octets(constraints),
      ),
    )
  }
  return list
}

function algorithm(): Buffer {
  return sequence(der(0x06, Buffer.from(ECDSA_SHA256)))
}

function nameOf(text: string): Buffer {
  return sequence(der(0x31, sequence(der(0x06, Buffer.from(COMMON_NAME)), der(0x0c, text))))
}

function time(date: Date): Buffer {
  const text = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return der(0x18, text)
}

function octets(bytes: Buffer): Buffer {
  return der(0x04, bytes)
}

function bits(bytes: Buffer): Buffer {
  return der(0x03, Buffer.concat([Buffer.from([0]), bytes]))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(SEQUENCE, Buffer.concat(parts))
}

function der(tag: number, content: Buffer | string): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content
  const { length } = bytes
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), bytes])
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
