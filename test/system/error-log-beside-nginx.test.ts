// The same mistakes of clients and peers met by nginx and by us: the error log must say the same of each, up to what only
// we add behind it, and the access log must know as much of a request that was refused.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'

import { type Pair, type Served, startPair, withoutNginx } from '../harness/beside-nginx.ts'
import { freePort } from '../harness/ports.ts'
import { hold, MISTAKES, type Mistake, startBadPeer } from './mistakes.ts'

const FORMAT = [
  '$status|$request|$request_method|$request_uri|$document_uri|$args|$server_name|$host|$http_host',
  '$http_x_one|$request_length|$pipe|$connection_requests|$server_addr|$upstream_status',
].join('|')

const HTTP = `
log_format refused '${FORMAT}';
access_log DIRECTORY/logs/refused.log refused;
server_tokens off;
client_header_timeout 300ms; client_body_timeout 300ms; proxy_read_timeout 300ms;
client_header_buffer_size 1k; large_client_header_buffers 2 2k;
upstream banned { server 127.0.0.1:DEAD fail_timeout=1h; server 127.0.0.1:DEAD down; }
upstream second-chance { server 127.0.0.1:DEAD max_fails=0; server 127.0.0.1:ORIGIN backup; }
server {
  listen 127.0.0.1:PORT default_server;
  listen unix:DIRECTORY/socket;
  server_name first.test;
  root DIRECTORY/none;
  location / { return 200 "first"; }
  location /files/ { }
  location /index/ { alias DIRECTORY/; }
  location /peer/ { proxy_pass http://127.0.0.1:ORIGIN; }
  location /streamed/ { proxy_pass http://127.0.0.1:ORIGIN; proxy_request_buffering off; proxy_http_version 1.1; }
  location /dead/ { proxy_pass http://127.0.0.1:DEAD/other/; }
  location /banned/ { proxy_pass http://banned; }
  location /second/ { proxy_pass http://second-chance; }
  location /unix/ { proxy_pass http://unix:DIRECTORY/no-socket; }
  location /small/ { client_max_body_size 4; proxy_pass http://127.0.0.1:ORIGIN; }
  location /circle/ { try_files /none /circle/again; }
  location /nowhere/ { try_files /none @nowhere; }
}
server {
  listen 127.0.0.1:PORT;
  server_name second.test;
  error_page 400 /page;
  location / { return 200 "second"; }
  location = /page { return 200 "the page of second.test"; }
}
`

describe('the logs of mistakes beside nginx', { skip: withoutNginx() }, () => {
  let pair: Pair
  let peer: { port: number; close(): void }
  const errors = new Map<string, readonly string[]>()
  const answers = new Map<string, string>()

  before(async () => {
    peer = await startBadPeer()
    const dead = await freePort()
    // Strict: of a deviation there is nothing to compare.
    const http = HTTP.replaceAll('ORIGIN', String(peer.port)).replaceAll('DEAD', String(dead))
    pair = await startPair(http, 'compat nginx/1.28 strict;')
    for (const mistake of MISTAKES) {
      for (const served of [pair.nginx, pair.headgate]) {
        const start = errorText(served).length
        answers.set(keyOf(mistake, served), await hold(served, mistake))
        const text = errorText(served).slice(start).replaceAll(String(dead), 'DEAD')
        errors.set(keyOf(mistake, served), errorLines(text, served))
      }
    }
    // Both write the access log after they answered; what they close they write out.
    await pair.end()
  })
  after(() => {
    peer.close()
    pair.remove()
  })

  for (const mistake of MISTAKES) {
    it(`say the same of ${mistake.name}`, () => {
      const theirs = errors.get(keyOf(mistake, pair.nginx))!
      assert.notEqual(theirs.length, 0, 'nginx said nothing: the table is wrong')
      assert.deepEqual(errors.get(keyOf(mistake, pair.headgate)), theirs)
    })

    if (mistake.isAnswerAlike === true) {
      it(`tell of the same answer to ${mistake.name}`, () => {
        const ours = answers.get(keyOf(mistake, pair.headgate))
        assert.equal(ours, answers.get(keyOf(mistake, pair.nginx)))
        assert.notEqual(ours, '')
      })
    }
  }

  it('know as much of every request', () => {
    const theirs = accessLines(pair.nginx)
    const ours = accessLines(pair.headgate)
    assert.equal(theirs.length, MISTAKES.length)
    assert.deepEqual(ours, theirs)
  })
})

function keyOf(mistake: Mistake, served: Served): string {
  return `${served.name} ${mistake.name}`
}

function errorText(served: Served): string {
  const path = `${served.directory}/logs/error.log`
  return existsSync(path) ? readFileSync(path, 'latin1') : ''
}

/** What was said of exchanges: without time, process and connection, and without what we add. */
function errorLines(text: string, served: Served): string[] {
  return text
    .split('\n')
    .filter(line => line.includes(', client: '))
    .map(line =>
      line
        .replace(/^\S+ \S+ (\[\w+\]) \d+#\d+: (\*\d+ )?/, '$1 ')
        .replace(/(, reason: .*)?, step: \w+(, tries: .*)?$/, '')
        .replaceAll(served.directory, 'DIRECTORY')
        .replaceAll(`:${served.port}`, ':PORT')
        // nginx writes what came, whatever a terminal makes of it.
        .replace(/[^\x20-\x7e]/g, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`),
    )
}

/** Of each request, in order. */
function accessLines(served: Served): string[] {
  const lines = readFileSync(`${served.directory}/logs/refused.log`, 'latin1').split('\n')
  return lines.slice(0, -1).map((line, index) => {
    const mistake = MISTAKES[index]
    const values = line.replaceAll(served.directory, 'DIRECTORY').split('|')
    return [mistake?.name, ...values.filter((_, at) => !isUnlike(mistake, at))].join('|')
  })
}

const NAMES = FORMAT.split('|')

function isUnlike(mistake: Mistake | undefined, at: number): boolean {
  return mistake?.unlike?.includes(NAMES[at]!) === true
}
