// `ssl_*` and `http2*`: how clients would be spoken to under TLS and HTTP/2.
// http://nginx.org/en/docs/http/ngx_http_ssl_module.html, http://nginx.org/en/docs/http/ngx_http_v2_module.html

import type { SessionCache } from '../../model/tls.ts'
import { CLIENT_CHECKS } from '../../model/tls.ts'
import { type DirectiveRow, SERVER_LEVELS } from './directive-row.ts'
import { oneOf, readCount, readFlag, readSize, readTimeSeconds } from './level-rows.ts'
import type { Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { LevelValues } from './scope.ts'
import {
  keptRow,
  keptValue,
  readFileName,
  readFileTemplate,
  readOpenFile,
  versionsRow,
} from './tls-rows.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { parseCount, parseSize } from './values.ts'

const WITHIN = SERVER_LEVELS
const FILE = { within: WITHIN, syntax: 'file' } as const
const FLAG = { within: WITHIN, syntax: 'on | off' } as const

/** The least of a zone: eight pages. */
const ZONE_BYTES_MIN = 32_768
const PREREAD_BYTES_MAX = 2_147_483_647

export const TLS_DIRECTIVES: readonly DirectiveRow[] = [
  listRow(
    'ssl_certificate',
    'tls.certificates',
    'certificate of a server; one for each kind of key',
  ),
  listRow('ssl_certificate_key', 'tls.keys', 'its key'),
  keptValue(
    'ssl_password_file',
    'clients',
    'tls.passwordFile',
    { ...FILE, doc: 'passwords of keys, one on each line' },
    readOpenFile,
  ),
  versionsRow('ssl_protocols', 'clients', 'tls.versions', {
    within: WITHIN,
    doc: 'versions that are spoken',
  }),
  keptValue(
    'ssl_ciphers',
    'clients',
    'tls.ciphers',
    { within: WITHIN, syntax: 'ciphers', doc: 'ciphers, as OpenSSL lists them' },
    word => word.text,
  ),
  keptValue(
    'ssl_prefer_server_ciphers',
    'clients',
    'tls.prefersOwnCiphers',
    { ...FLAG, doc: "whether our order of ciphers goes before the client's" },
    readFlag,
  ),
  keptValue(
    'ssl_ecdh_curve',
    'clients',
    'tls.curves',
    { within: WITHIN, syntax: 'curve', doc: 'curves of key exchanges' },
    word => word.text,
  ),
  keptValue(
    'ssl_dhparam',
    'clients',
    'tls.dhParameters',
    { ...FILE, doc: 'parameters of Diffie and Hellman' },
    readFileName,
  ),
  keptValue(
    'ssl_reject_handshake',
    'clients',
    'tls.rejectsHandshake',
    { ...FLAG, doc: 'whether handshakes for these names are refused' },
    readFlag,
  ),
  keptRow(
    'ssl_session_cache',
    'clients',
    {
      within: WITHIN,
      args: [1, 2],
      syntax: 'off | none | [builtin[:size]] [shared:name:size]',
      doc: 'where sessions are kept',
    },
    (directive, { level }, reading) => {
      const cache = readSessionCache(directive, reading)
      if (cache !== null) level.set('tls.sessionCache', cache, statementOrigin(directive))
    },
  ),
  keptValue(
    'ssl_session_timeout',
    'clients',
    'tls.sessionTimeoutMs',
    { within: WITHIN, syntax: 'time', doc: 'how long a session may be taken up again' },
    (word, directive, reading) => {
      const seconds = readTimeSeconds(word, directive, reading)
      return seconds === null ? null : seconds * 1000
    },
  ),
  keptValue(
    'ssl_session_tickets',
    'clients',
    'tls.hasTickets',
    { ...FLAG, doc: 'whether clients keep sessions themselves' },
    readFlag,
  ),
  keptRow(
    'ssl_session_ticket_key',
    'clients',
    { ...FILE, isRepeatable: true, doc: 'key of those tickets' },
    (directive, { level }, reading) => {
      const before = level.values['tls.ticketKeys'] ?? []
      const path = readFileName(directive.args[0]!, directive, reading)
      level.set('tls.ticketKeys', [...before, path], statementOrigin(directive))
    },
  ),
  keptValue(
    'ssl_verify_client',
    'clients',
    'tls.clientCheck',
    {
      within: WITHIN,
      syntax: CLIENT_CHECKS.join(' | '),
      doc: 'whether clients have to show a certificate',
    },
    (word, _directive, reading) => {
      const found = CLIENT_CHECKS.find(known => known === word.text.toLowerCase())
      if (found !== undefined) return found
      reading.refuse(word, `invalid value "${word.text}"`, `write ${oneOf(CLIENT_CHECKS)}`)
      return null
    },
  ),
  keptValue(
    'ssl_verify_depth',
    'clients',
    'tls.verifyDepth',
    { within: WITHIN, syntax: 'number', doc: 'longest chain of certificates' },
    readCount,
  ),
  fileRow(
    'ssl_client_certificate',
    'tls.clientCertificates',
    'certificates that vouch for clients',
  ),
  fileRow('ssl_trusted_certificate', 'tls.trustedCertificates', 'the same, not told to clients'),
  fileRow('ssl_crl', 'tls.crl', 'revoked certificates'),
  keptValue(
    'http2',
    'clients',
    'tls.isHttp2',
    { ...FLAG, doc: 'whether HTTP/2 is spoken' },
    readFlag,
  ),
  keptValue(
    'http2_body_preread_size',
    'clients',
    'tls.http2PrereadBytes',
    { within: WITHIN, syntax: 'size', doc: 'what of a request body may come unasked' },
    (word, directive, reading) => {
      const bytes = readSize(word, directive, reading)
      if (bytes === null || bytes <= PREREAD_BYTES_MAX) return bytes
      reading.refuse(word, `the maximum body preread size is ${PREREAD_BYTES_MAX}`)
      return null
    },
  ),
  keptValue(
    'http2_chunk_size',
    'clients',
    'tls.http2ChunkBytes',
    { syntax: 'size', doc: 'longest piece of a response body' },
    (word, directive, reading) => {
      const bytes = readSize(word, directive, reading)
      if (bytes !== 0) return bytes
      reading.refuse(word, 'the http2 chunk size cannot be zero')
      return null
    },
  ),
  keptValue(
    'http2_max_concurrent_streams',
    'clients',
    'tls.http2StreamsMax',
    { within: WITHIN, syntax: 'number', doc: 'requests of one connection at once' },
    readCount,
  ),
]

function fileRow(
  name: string,
  key: 'tls.clientCertificates' | 'tls.trustedCertificates' | 'tls.crl',
  doc: string,
): DirectiveRow {
  return keptValue(name, 'clients', key, { ...FILE, doc }, readFileName)
}

function listRow(name: string, key: 'tls.certificates' | 'tls.keys', doc: string): DirectiveRow {
  return keptRow(
    name,
    'clients',
    { ...FILE, isRepeatable: true, doc },
    (directive, scope, reading) => {
      const before: LevelValues[typeof key] = scope.level.values[key] ?? []
      const path = readFileTemplate(directive.args[0]!, directive, reading)
      scope.level.set(key, [...before, path], statementOrigin(directive))
    },
  )
}

/** Two words go together, but for `off` and `none`, of which the last holds. */
function readSessionCache({ args }: Directive, reading: Reading): SessionCache | null {
  let word: 'off' | 'none' | null = null
  let builtInSessions: number | null = null
  let shared: { readonly name: string; readonly bytes: number } | null = null
  for (const arg of args) {
    const { text } = arg
    const [, count] = /^builtin(?::(.+))?$/s.exec(text) ?? []
    if (text === 'off' || text === 'none') word = text
    else if (text === 'builtin') builtInSessions = 0
    else if (count !== undefined && parseCount(count) !== null) builtInSessions = parseCount(count)
    else if (text.startsWith('shared:')) shared = readShared(arg, reading)
    else refuseCache(arg, reading)
    if (text.startsWith('shared:') && shared === null) return null
  }
  if (word !== null) return { kind: word }
  if (builtInSessions === null && shared === null) return null
  return { kind: 'memory', builtInSessions, shared }
}

function readShared(
  word: Word,
  reading: Reading,
): { readonly name: string; readonly bytes: number } | null {
  const [, name = '', size = ''] = /^shared:([^:]+):(.+)$/s.exec(word.text) ?? []
  const bytes = parseSize(size)
  if (bytes === null) {
    refuseCache(word, reading)
    return null
  }
  if (bytes < ZONE_BYTES_MIN) {
    reading.refuse(word, `session cache "${word.text}" is too small`, 'give it 32k at least')
    return null
  }
  const before = reading.sessionCaches.get(name)
  if (before !== undefined && before !== bytes) {
    const message = `the size ${bytes} of shared memory zone "${name}" conflicts with already declared size ${before}`
    reading.refuse(word, message)
    return null
  }
  reading.sessionCaches.set(name, bytes)
  return { name, bytes }
}

function refuseCache(word: Word, reading: Reading): void {
  reading.refuse(word, `invalid session cache "${word.text}"`, 'write such as: shared:TLS:10m')
}
