// Configurations about requests to peers, their cookies, and TLS that nginx refuses when it tests them: the program must
// refuse them too, with nginx's words at the beginning of its own; and what nginx takes it must take.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readConfig } from '../../src/config/read.ts'
import { withoutNginx } from '../harness/beside-nginx.ts'

/** Content of a server block, or of `http` where it begins with `http:`. */
const ROWS: readonly string[] = [
  'proxy_cookie_domain off;',
  'proxy_cookie_domain on;',
  'proxy_cookie_domain a b; proxy_cookie_domain off;',
  'proxy_cookie_domain off; proxy_cookie_domain a b;',
  'proxy_cookie_domain a b c;',
  'proxy_cookie_domain;',
  'proxy_cookie_domain ~ x;',
  'proxy_cookie_domain . x;',
  'proxy_cookie_domain $nobody x;',
  'proxy_cookie_path /a;',
  'proxy_cookie_path off; proxy_cookie_path off;',
  'proxy_cookie_path ~* x;',
  'proxy_cookie_flags session;',
  'proxy_cookie_flags session secured;',
  'proxy_cookie_flags session samesite=maybe;',
  'proxy_cookie_flags session SECURE;',
  'proxy_cookie_flags session $arg_x;',
  'proxy_cookie_flags a secure httponly samesite=lax nosecure;',
  'proxy_cookie_flags ~s secure;',
  'location / { if ($host) { proxy_cookie_flags off; } }',
  'location / { limit_except GET { proxy_method GET; } }',
  'proxy_method GET; proxy_method GET;',
  'proxy_method;',
  'proxy_set_body a b;',
  'proxy_set_body "";',
  'proxy_pass_request_body maybe;',
  'proxy_pass_request_headers yes;',
  'proxy_force_ranges 1;',
  'proxy_send_lowat 1k;',
  'client_body_in_file_only clean;',
  'client_body_in_file_only always;',
  'client_body_in_single_buffer perhaps;',
  'keepalive_disable none safari;',
  'keepalive_disable netscape;',
  'keepalive_disable;',
  'reset_timedout_connection never;',
  'chunked_transfer_encoding 1;',
  'output_buffers 1;',
  'ssl_protocols TLSv1.4;',
  'ssl_protocols TLSv1.2 TLSv1.2;',
  'ssl_verify_client maybe;',
  'ssl_verify_client on;',
  'ssl_session_cache shared:x;',
  'ssl_session_cache shared:x:1k;',
  'ssl_session_cache shared::1m;',
  'ssl_session_cache shared:x:1z;',
  'ssl_session_cache shared:x:1m builtin:1000;',
  'ssl_session_cache builtin:z;',
  'ssl_session_cache none off;',
  'ssl_session_cache rubbish;',
  'ssl_session_cache a b c;',
  'http:ssl_session_cache shared:a:1m; server { listen 127.0.0.1:PORT; ssl_session_cache shared:a:2m; }',
  'ssl_session_timeout 1x;',
  'ssl_session_tickets maybe;',
  'ssl_verify_depth x;',
  'ssl_password_file nowhere;',
  'ssl_certificate nowhere.pem;',
  'ssl_certificate text.pem; ssl_certificate text.pem; ssl_certificate_key text.pem;',
  'ssl_certificate nowhere.pem; ssl_certificate_key nowhere.key;',
  'ssl_certificate text.pem; ssl_certificate_key text.pem;',
  'ssl_certificate_key nowhere.key;',
  'ssl_certificate $host.pem; ssl_certificate_key $host.key;',
  'ssl_dhparam nowhere; ssl_crl nowhere; ssl_client_certificate nowhere; ssl_ciphers nowhere;',
  'location / { ssl_protocols TLSv1.2; }',
  'http2_chunk_size 0;',
  'http2_chunk_size 1z;',
  'http2_body_preread_size 1z;',
  'http2_max_concurrent_streams x;',
  'location / { http2_chunk_size 4k; }',
  'location / { http2_max_concurrent_streams 4; }',
  'proxy_ssl_password_file nowhere;',
  'proxy_ssl_protocols x;',
  'proxy_ssl_verify_depth -1;',
  'proxy_ssl_name;',
  'proxy_ssl_conf_command Ciphers;',
  'location / { proxy_pass http://127.0.0.1; proxy_ssl_certificate nowhere; proxy_ssl_crl nowhere; proxy_ssl_verify on; }',
]

describe('what nginx refuses', { skip: withoutNginx() }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'refused-'))
  const file = join(directory, 'nginx.conf')

  before(() => {
    mkdirSync(join(directory, 'logs'))
    writeFileSync(join(directory, 'text.pem'), 'no certificate\n')
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  for (const row of ROWS) {
    it(row, () => {
      const http = row.startsWith('http:')
        ? row.slice('http:'.length)
        : `server { listen 127.0.0.1:PORT; ${row} }`
      writeFileSync(
        file,
        `pid ${directory}/pid; error_log ${directory}/logs/error.log;
events {}
http { access_log off; ${http.replaceAll('PORT', '1')} }
`,
      )
      const theirs = nginxWords(directory, file)
      const ours = ownWords(directory, file)
      if (theirs === '') assert.equal(ours, '')
      else assert.ok(ours.startsWith(theirs), `nginx: ${theirs}\nours: ${ours}`)
    })
  }
})

/** The first mistake that nginx tells, without its place; empty where it takes the file. */
function nginxWords(directory: string, file: string): string {
  const { stderr, status } = spawnSync('nginx', ['-t', '-p', directory, '-c', file], {
    encoding: 'utf8',
  })
  // It opens its sockets too, which is not what is tested.
  if (status === 0 || /bind\(\)/.test(stderr)) return ''
  const [, words = stderr] = /\[emerg\] (?:\d+#\d+: )?(.*)/.exec(stderr) ?? []
  return words.replace(/ in \/\S+:\d+$/, '').replace(/(?:: BIO_new_file| \(SSL|: PEM_read).*$/, '')
}

function ownWords(directory: string, file: string): string {
  const options = { prefix: directory, env: {}, globals: '', hostname: 'here' }
  const { diagnostics } = readConfig(file, options)
  return diagnostics.find(({ severity }) => severity === 'error')?.message ?? ''
}
