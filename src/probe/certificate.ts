// What is wrong with a peer's certificate, in words that say what to do about it.

import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ProbeTls } from '../model/probe.ts'
import { grouped, plain, quoted } from './reason.ts'

const DAY_MS = 86_400_000

/** Why a certificate is not trusted, by what OpenSSL calls it. */
const WORDS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate is not trusted: it is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate is not trusted: its root is not among the trusted ones',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate is not trusted: its issuer is not known',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate is not trusted: its issuer is not known',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate is not trusted: its issuer is not known',
  CERT_REVOKED: 'certificate is revoked',
}

/**
 * Says why the certificate of a connection that was just opened is not what a probe wants.
 *
 * @param name host name or address that it must be for, when it is verified
 * @param wallMs milliseconds since 1970
 * @returns empty when it is good
 */
export function certificateFault(
  socket: TLSSocket,
  tls: Pick<ProbeTls, 'isVerified' | 'daysLeftMin'>,
  name: string,
  wallMs: number,
): string {
  if (!tls.isVerified && tls.daysLeftMin === 0) return ''
  // Asked for once: a second time Node has none.
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return 'peer showed no certificate'
  const fault = tls.isVerified
    ? trustFault(socket, certificate, wallMs) || nameFault(certificate, name)
    : ''
  return fault || certificateDaysFault(certificate.validToDate, tls.daysLeftMin, wallMs)
}

function trustFault(socket: TLSSocket, certificate: X509Certificate, wallMs: number): string {
  if (socket.authorized) return ''
  // Declared as an error; with `rejectUnauthorized: false` Node leaves OpenSSL's code.
  const problem: unknown = socket.authorizationError
  const code = problem instanceof Error ? problem.message : String(problem)
  if (code === 'CERT_HAS_EXPIRED') {
    return certificate.validToDate.getTime() > wallMs
      ? 'certificate of an issuer has expired'
      : `certificate has expired: it ended on ${dayText(certificate.validToDate)}`
  }
  if (code === 'CERT_NOT_YET_VALID') {
    return `certificate is not valid before ${dayText(certificate.validFromDate)}`
  }
  return WORDS[code] ?? `certificate is not good (${plain(code)})`
}

function nameFault(certificate: X509Certificate, name: string): string {
  const isFor = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)
  if (isFor !== undefined) return ''
  const names = certificate.subjectAltName ?? certificate.subject
  return `certificate is not for ${quoted(name)}, but for ${quoted(names)}`
}

/**
 * Says that a certificate ends too soon.
 *
 * @param daysLeftMin days that it must still hold; 0 = any
 * @param wallMs milliseconds since 1970
 * @returns empty when it holds long enough
 */
export function certificateDaysFault(validTo: Date, daysLeftMin: number, wallMs: number): string {
  if (daysLeftMin === 0) return ''
  const days = Math.floor((validTo.getTime() - wallMs) / DAY_MS)
  if (days >= daysLeftMin) return ''
  const ended = days < 0 ? 'has ended' : `ends in ${daysText(days)}`
  const wanted = `${daysText(daysLeftMin)} ${daysLeftMin === 1 ? 'is' : 'are'} wanted`
  return `certificate ${ended}, on ${dayText(validTo)}; ${wanted}`
}

function daysText(days: number): string {
  return days === 1 ? '1 day' : `${grouped(days)} days`
}

function dayText(date: Date): string {
  return date.toISOString().slice(0, 10)
}
