// `tls` and `http2`, and `tls` in `proxy`: read, inherited and kept as nginx's directives are. Nothing serves by them yet,
// and whoever writes them is told so.

import type { ProxySettings } from '../../model/proxy-settings.ts'
import type { Settings } from '../../model/settings.ts'
import { CLIENT_CHECKS, type PeerTls, type ServerTls, TLS_VERSIONS } from '../../model/tls.ts'
import { list } from './collections.ts'
import { DURATION, size } from './measures.ts'
import { OPTIONAL_PATH } from './paths.ts'
import { group, type Row, rowsOf, within } from './row.ts'
import { OPTIONAL_TLS_FILE, SESSION_CACHE, TLS_COMMAND, TLS_FILE } from './tls-kinds.ts'
import { BOOLEAN, choice, freeText, integer, template } from './words.ts'

const VERSIONS = list(choice(TLS_VERSIONS), { label: 'list of versions' })
const FILES = list(TLS_FILE, { label: 'list of files' })
const PATHS = list(OPTIONAL_PATH, { label: 'list of paths' })
const CIPHERS = freeText('text', "a list of ciphers in OpenSSL's words such as HIGH:!aNULL", true)

const server = rowsOf<ServerTls>()
const SERVER_ROWS: readonly Row<ServerTls>[] = [
  server('certificates', 'certificates', FILES, {
    doc: 'Certificates of the server; one for each kind of key',
    nginx: 'ssl_certificate',
  }),
  server('keys', 'keys', FILES, {
    doc: 'Their keys, in their order',
    nginx: 'ssl_certificate_key',
  }),
  server('password_file', 'passwordFile', OPTIONAL_PATH, {
    doc: 'Passwords of keys, one on each line',
    nginx: 'ssl_password_file',
  }),
  server('versions', 'versions', VERSIONS, {
    doc: 'Versions that are spoken',
    nginx: 'ssl_protocols',
  }),
  server('ciphers', 'ciphers', CIPHERS, { doc: 'Ciphers', nginx: 'ssl_ciphers' }),
  server('own_order', 'prefersOwnCiphers', BOOLEAN, {
    doc: "Our order of ciphers goes before the client's",
    nginx: 'ssl_prefer_server_ciphers',
  }),
  server('curves', 'curves', freeText('text', 'curves such as X25519:P-256, or auto', true), {
    doc: 'Curves of key exchanges',
    nginx: 'ssl_ecdh_curve',
  }),
  server('dh_parameters', 'dhParameters', OPTIONAL_PATH, {
    doc: 'Parameters of Diffie and Hellman',
    nginx: 'ssl_dhparam',
  }),
  server('reject_handshake', 'rejectsHandshake', BOOLEAN, {
    doc: 'Refuse handshakes for these names',
    nginx: 'ssl_reject_handshake',
  }),
  server('session_cache', 'sessionCache', SESSION_CACHE, {
    doc: 'Where sessions are kept',
    nginx: 'ssl_session_cache',
  }),
  server('session_timeout', 'sessionTimeoutMs', DURATION, {
    doc: 'How long a session may be taken up again',
    nginx: 'ssl_session_timeout',
  }),
  server('tickets', 'hasTickets', BOOLEAN, {
    doc: 'Let clients keep sessions themselves',
    nginx: 'ssl_session_tickets',
  }),
  server('ticket_keys', 'ticketKeys', PATHS, {
    doc: 'Keys of those tickets',
    nginx: 'ssl_session_ticket_key',
  }),
  server('verify_client', 'clientCheck', choice(CLIENT_CHECKS), {
    doc: 'Whether clients have to show a certificate',
    nginx: 'ssl_verify_client',
  }),
  server('verify_depth', 'verifyDepth', integer(0), {
    doc: 'Longest chain of certificates',
    nginx: 'ssl_verify_depth',
  }),
  server('client_certificates', 'clientCertificates', OPTIONAL_PATH, {
    doc: 'Certificates that vouch for clients, and that these are told',
    nginx: 'ssl_client_certificate',
  }),
  server('trusted_certificates', 'trustedCertificates', OPTIONAL_PATH, {
    doc: 'The same, not told',
    nginx: 'ssl_trusted_certificate',
  }),
  server('crl', 'crl', OPTIONAL_PATH, { doc: 'Revoked certificates', nginx: 'ssl_crl' }),
]

const HTTP2_ROWS: readonly Row<ServerTls>[] = [
  server('enabled', 'isHttp2', BOOLEAN, { doc: 'Speak HTTP/2', nginx: 'http2' }),
  server('body_preread', 'http2PrereadBytes', size(0), {
    doc: 'What of a request body may come unasked',
    nginx: 'http2_body_preread_size',
  }),
  server('chunk', 'http2ChunkBytes', size(1), {
    doc: 'Longest piece of a response body',
    nginx: 'http2_chunk_size',
  }),
  server('streams', 'http2StreamsMax', integer(0), {
    doc: 'Requests of one connection at once',
    nginx: 'http2_max_concurrent_streams',
  }),
]

const peer = rowsOf<PeerTls>()
const PEER_ROWS: readonly Row<PeerTls>[] = [
  peer('certificate', 'certificate', OPTIONAL_TLS_FILE, {
    doc: 'Certificate that peers are shown',
    nginx: 'proxy_ssl_certificate',
  }),
  peer('key', 'certificateKey', OPTIONAL_TLS_FILE, {
    doc: 'Its key',
    nginx: 'proxy_ssl_certificate_key',
  }),
  peer('password_file', 'passwordFile', OPTIONAL_PATH, {
    doc: 'Passwords of keys, one on each line',
    nginx: 'proxy_ssl_password_file',
  }),
  peer('trusted_certificates', 'trustedCertificates', OPTIONAL_PATH, {
    doc: 'Certificates that vouch for those of peers',
    nginx: 'proxy_ssl_trusted_certificate',
  }),
  peer('crl', 'crl', OPTIONAL_PATH, { doc: 'Revoked certificates', nginx: 'proxy_ssl_crl' }),
  peer('verify', 'isVerified', BOOLEAN, {
    doc: 'Look at certificates of peers',
    nginx: 'proxy_ssl_verify',
  }),
  peer('verify_depth', 'verifyDepth', integer(0), {
    doc: 'Longest chain of certificates',
    nginx: 'proxy_ssl_verify_depth',
  }),
  peer('name', 'name', template('a name such as app.internal', true), {
    doc: 'Name that the certificate has to be for; `""` is the host of the address',
    nginx: 'proxy_ssl_name',
  }),
  peer('server_name', 'sendsName', BOOLEAN, {
    doc: 'Tell peers the name',
    nginx: 'proxy_ssl_server_name',
  }),
  peer('reuse_sessions', 'reusesSessions', BOOLEAN, {
    doc: 'Take sessions up again',
    nginx: 'proxy_ssl_session_reuse',
  }),
  peer('versions', 'versions', VERSIONS, {
    doc: 'Versions that are spoken',
    nginx: 'proxy_ssl_protocols',
  }),
  peer('ciphers', 'ciphers', CIPHERS, { doc: 'Ciphers', nginx: 'proxy_ssl_ciphers' }),
  peer('commands', 'commands', list(TLS_COMMAND, { isOneShort: false }), {
    doc: "Commands of OpenSSL's configuration",
    nginx: 'proxy_ssl_conf_command',
  }),
]

/** Says that what is read has no effect yet. */
function warning<S>(row: Row<S>, what: string): Row<S> {
  return {
    ...row,
    read(entry, reading, draft, origins) {
      reading.warnAt(reading.origin(entry.key), `"${row.name}" has no effect yet: ${what}`)
      return row.read(entry, reading, draft, origins)
    },
  }
}

/** Towards clients: the keys of servers, and of what is above them. */
export const TLS_ROWS: readonly Row<Settings>[] = [
  warning(
    group('tls', within('tls', SERVER_ROWS), { doc: 'TLS towards clients; kept, not served yet' }),
    'TLS towards clients is not served',
  ),
  warning(
    group('http2', within('tls', HTTP2_ROWS), {
      doc: 'HTTP/2 towards clients; kept, not served yet',
    }),
    'HTTP/2 is not served',
  ),
]

/** Towards peers. */
export const PEER_TLS_ROW: Row<ProxySettings> = warning(
  group('tls', within('tls', PEER_ROWS), { doc: 'TLS towards peers; kept, not spoken yet' }),
  'TLS towards peers is not spoken',
)
