// What a level says of TLS, with what it inherits; and what nginx would find wrong in it when it starts: a certificate
// without its key, a file that is not there or is no certificate, ciphers that nobody knows.

import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { callFailedText, systemErrorCode } from '../../base/system-error.ts'
import type { Origin } from '../../model/origin.ts'
import { BUILT_IN } from '../../model/origin.ts'
import { literalText, type Template, templateText } from '../../model/template.ts'
import {
  DEFAULT_PEER_TLS,
  DEFAULT_SERVER_TLS,
  type PeerTls,
  type ServerTls,
} from '../../model/tls.ts'
import type { Reading } from './reading.ts'
import type { Level, LevelValues } from './scope.ts'

/** The settings of a side, by the names that levels have for them. */
export const SERVER_TLS_KEYS = Object.keys(DEFAULT_SERVER_TLS).map(
  key => `tls.${key}` as keyof LevelValues,
)
export const PEER_TLS_KEYS = Object.keys(DEFAULT_PEER_TLS).map(
  key => `peerTls.${key}` as keyof LevelValues,
)

/** What holds at a level, inherited directives included. */
export function buildPeerTls(level: Level): PeerTls {
  return gather(level, DEFAULT_PEER_TLS, 'peerTls')
}

/** The same towards clients, looked at as nginx does it where there are certificates. */
export function buildServerTls(level: Level, reading: Reading): ServerTls {
  const tls = gather(level, DEFAULT_SERVER_TLS, 'tls')
  // What `http` says alone may be completed by its servers.
  const isWhole = level.parent !== null || tls.keys.length >= tls.certificates.length
  if (tls.certificates.length > 0 && isWhole) new TlsCheck(level, tls, reading).run()
  return tls
}

function gather<T extends object>(level: Level, defaults: T, prefix: 'tls' | 'peerTls'): T {
  const entries = Object.entries(defaults).map(([key, value]) => [
    key,
    level.find(`${prefix}.${key}` as keyof LevelValues) ?? value,
  ])
  return Object.fromEntries(entries) as T
}

/** Looks at what one server would be started with; stops at nothing, so that all mistakes are told. */
class TlsCheck {
  readonly #level: Level
  readonly #tls: ServerTls
  readonly #reading: Reading

  constructor(level: Level, tls: ServerTls, reading: Reading) {
    this.#level = level
    this.#tls = tls
    this.#reading = reading
  }

  run(): void {
    const { certificates, keys, ciphers, curves, clientCheck } = this.#tls
    if (keys.length < certificates.length) {
      const last = templateText(certificates.at(-1)!)
      // As it was written.
      const beside = `${this.#reading.besideMain('')}/`
      const name = last.startsWith(beside) ? last.slice(beside.length) : last
      const message = `no "ssl_certificate_key" is defined for certificate "${name}"`
      this.#refuse('certificates', message, 'write one for each "ssl_certificate"')
      return
    }
    for (const [index, certificate] of certificates.entries()) this.#pair(certificate, keys[index]!)
    if (ciphers !== DEFAULT_SERVER_TLS.ciphers)
      this.#try('ciphers', { ciphers }, `SSL_CTX_set_cipher_list("${ciphers}") failed`)
    if (curves !== 'auto')
      this.#try('curves', { ecdhCurve: curves }, `SSL_CTX_set1_curves_list("${curves}") failed`)
    this.#file('dhParameters', 'DH parameters', dhparam => ({ dhparam }))
    this.#file('clientCertificates', 'certificate', ca => ({ ca }))
    this.#file('trustedCertificates', 'certificate', ca => ({ ca }))
    this.#file('crl', 'CRL', crl => ({ crl }))
    const vouches = this.#tls.clientCertificates !== '' || this.#tls.trustedCertificates !== ''
    if ((clientCheck === 'on' || clientCheck === 'optional') && !vouches) {
      const message = 'no ssl_client_certificate or ssl_trusted_certificate for ssl_verify_client'
      this.#refuse('clientCheck', message)
    }
  }

  /** Names with variables are known when a client comes. */
  #pair(certificate: Template, key: Template): void {
    const cert = this.#read(certificate, 'certificates', 'certificate')
    if (cert === null) return
    const name = templateText(certificate)
    if (!this.#try('certificates', { cert }, `cannot load certificate "${name}"`)) return
    const text = this.#read(key, 'keys', 'certificate key')
    if (text === null) return
    const passphrases = this.#passwords()
    const isGood = passphrases.some(passphrase =>
      isAccepted({ cert, key: text, ...(passphrase === null ? {} : { passphrase }) }),
    )
    if (isGood) return
    const path = templateText(key)
    const isKey = isAccepted({ key: text })
    const what = isKey
      ? `SSL_CTX_use_PrivateKey("${path}") failed`
      : `cannot load certificate key "${path}"`
    this.#try('keys', { cert, key: text }, what)
  }

  #passwords(): readonly (string | null)[] {
    const { passwordFile } = this.#tls
    if (passwordFile === '') return [null]
    try {
      return [null, ...readFileSync(passwordFile, 'utf8').split('\n')]
    } catch {
      // The directive has said so.
      return [null]
    }
  }

  /** The text of a file, or what stands in the configuration itself; null = not now, or a mistake that was told. */
  #read(name: Template, key: keyof ServerTls, what: string): string | null {
    const path = literalText(name)
    if (path === null || /^(?:engine|store):/.test(path)) return null
    if (path.startsWith('data:')) return path.slice('data:'.length)
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      const reason = callFailedText('open', `"${path}"`, error)
      this.#refuse(key, `cannot load ${what} "${path}": ${reason}`, missingHint(error))
      return null
    }
  }

  #file(
    key: 'dhParameters' | 'clientCertificates' | 'trustedCertificates' | 'crl',
    what: string,
    options: (text: string) => SecureContextOptions,
  ): void {
    const path = this.#tls[key]
    const text = path === '' ? null : this.#read([path], key, what)
    if (text !== null) this.#try(key, options(text), `cannot load ${what} "${path}"`)
  }

  #try(key: keyof ServerTls, options: SecureContextOptions, failed: string): boolean {
    try {
      createSecureContext(options)
      return true
    } catch (error) {
      const { message } = error as Error
      this.#refuse(key, `${failed} (SSL: ${message})`)
      return false
    }
  }

  #refuse(key: keyof ServerTls, message: string, hint = ''): void {
    const origin: Origin = this.#level.findOrigin(`tls.${key}`) ?? BUILT_IN
    this.#reading.refuseOnce(message, origin, hint)
  }
}

function isAccepted(options: SecureContextOptions): boolean {
  try {
    createSecureContext(options)
    return true
  } catch {
    return false
  }
}

function missingHint(error: unknown): string {
  return systemErrorCode(error) === 'ENOENT' ? 'paths begin beside the configuration file' : ''
}
