// `proxy_ssl_*`: how peers would be spoken to under TLS. As nginx, which opens these files for `proxy_pass https://` only,
// a missing one is no mistake, but for that of passwords.
// http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_certificate

import type { DirectiveRow } from './directive-row.ts'
import { readCount, readFlag } from './level-rows.ts'
import { parseTemplate } from './template-text.ts'
import {
  keptRow,
  keptValue,
  readFileName,
  readFileTemplate,
  readOpenFile,
  versionsRow,
} from './tls-rows.ts'
import { statementOrigin } from './tree.ts'

const FILE = { syntax: 'file' } as const
const FLAG = { syntax: 'on | off' } as const

export const PEER_TLS_DIRECTIVES: readonly DirectiveRow[] = [
  keptValue(
    'proxy_ssl_certificate',
    'peers',
    'peerTls.certificate',
    { ...FILE, doc: 'certificate that peers are shown' },
    readFileTemplate,
  ),
  keptValue(
    'proxy_ssl_certificate_key',
    'peers',
    'peerTls.certificateKey',
    { ...FILE, doc: 'its key' },
    readFileTemplate,
  ),
  keptValue(
    'proxy_ssl_password_file',
    'peers',
    'peerTls.passwordFile',
    { ...FILE, doc: 'passwords of keys, one on each line' },
    readOpenFile,
  ),
  keptValue(
    'proxy_ssl_trusted_certificate',
    'peers',
    'peerTls.trustedCertificates',
    { ...FILE, doc: 'certificates that vouch for those of peers' },
    readFileName,
  ),
  keptValue(
    'proxy_ssl_crl',
    'peers',
    'peerTls.crl',
    { ...FILE, doc: 'revoked certificates' },
    readFileName,
  ),
  keptValue(
    'proxy_ssl_verify',
    'peers',
    'peerTls.isVerified',
    { ...FLAG, doc: 'whether certificates of peers are looked at' },
    readFlag,
  ),
  keptValue(
    'proxy_ssl_verify_depth',
    'peers',
    'peerTls.verifyDepth',
    { syntax: 'number', doc: 'longest chain of certificates' },
    readCount,
  ),
  keptValue(
    'proxy_ssl_name',
    'peers',
    'peerTls.name',
    { syntax: 'name', doc: 'name that the certificate has to be for' },
    (word, _directive, reading) => parseTemplate(word, reading),
  ),
  keptValue(
    'proxy_ssl_server_name',
    'peers',
    'peerTls.sendsName',
    { ...FLAG, doc: 'whether peers are told the name' },
    readFlag,
  ),
  keptValue(
    'proxy_ssl_session_reuse',
    'peers',
    'peerTls.reusesSessions',
    { ...FLAG, doc: 'whether sessions are taken up again' },
    readFlag,
  ),
  versionsRow('proxy_ssl_protocols', 'peers', 'peerTls.versions', {
    doc: 'versions that are spoken',
  }),
  keptValue(
    'proxy_ssl_ciphers',
    'peers',
    'peerTls.ciphers',
    { syntax: 'ciphers', doc: 'ciphers, as OpenSSL lists them' },
    word => word.text,
  ),
  keptRow(
    'proxy_ssl_conf_command',
    'peers',
    {
      args: [2, 2],
      isRepeatable: true,
      syntax: 'name value',
      doc: "a command of OpenSSL's configuration",
    },
    (directive, { level }) => {
      const [name, value] = directive.args
      const before = level.values['peerTls.commands'] ?? []
      const pair = [name!.text, value!.text] as const
      level.set('peerTls.commands', [...before, pair], statementOrigin(directive))
    },
  ),
]
