// The same requests logged by nginx and by us with the same formats: the lines must be the same, byte for byte,
// whatever the clients and the peer sent.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { after, before, describe, it } from 'node:test'

import {
  ask,
  getRequest,
  type Pair,
  type Served,
  startPair,
  withoutNginx,
} from '../harness/beside-nginx.ts'
import { freePort } from '../harness/ports.ts'

const REQUEST_PARTS = [
  '$remote_user|$request|$request_method|$request_uri|$uri|$document_uri|$args|$query_string|$is_args',
  '$host|$http_host|$server_name|$server_protocol|$scheme|$https|$http2|$status|$request_length',
  '$content_length|$content_type|$http_user_agent|$http_referer|$http_x_one|$http_cookie',
  '$http_x_forwarded_for|$proxy_add_x_forwarded_for|$arg_a|$arg_b|$cookie_a|$cookie_b|$remote_addr',
  '$request_completion|$pipe|$connection_requests|$limit_rate|$gzip_ratio|$ssl_protocol|$sent_http_x_answer',
  '$proxy_protocol_addr|$realip_remote_addr|$part|$uri',
].join('|')

const UPSTREAM_PARTS =
  '$upstream_addr|$upstream_status|$upstream_response_length|$upstream_http_x_answer|$upstream_http_none|' +
  '$upstream_cookie_session|$upstream_cache_status|$proxy_host|$proxy_port|$sent_http_content_type|' +
  '$sent_http_location|$body_bytes_sent|$upstream_bytes_received'

const TIME_PARTS =
  '$request_time|$upstream_response_time|$upstream_connect_time|$upstream_header_time|$msec|$time_local|$time_iso8601|$connection_time|$date_gmt'

const HTTP = `
log_format by_default '${REQUEST_PARTS}|${UPSTREAM_PARTS}|end';
log_format as_json escape=json '${REQUEST_PARTS}|${UPSTREAM_PARTS}|end';
log_format as_is escape=none '${REQUEST_PARTS}|${UPSTREAM_PARTS}|end';
log_format pipe '$pipe $connection_requests $request_length $request';
log_format times '${TIME_PARTS}';
log_format literal '"quoted" \\\\back\\tslash $status é';
upstream dead { server 127.0.0.1:DEAD; server 127.0.0.1:ORIGIN backup; }
upstream gone { server 127.0.0.1:DEAD max_fails=0; }
server {
  listen 127.0.0.1:PORT;
  server_name logged.test;
  server_tokens off;
  root DIRECTORY;
  access_log DIRECTORY/logs/default.log by_default;
  access_log DIRECTORY/logs/json.log as_json;
  access_log DIRECTORY/logs/none.log as_is;
  access_log DIRECTORY/logs/times.log times;
  access_log DIRECTORY/logs/literal.log literal;
  access_log DIRECTORY/logs/combined.log;
  access_log DIRECTORY/logs/filtered.log by_default if=$arg_log;
  access_log DIRECTORY/logs/$arg_file.log by_default;
  proxy_http_version 1.1;
  proxy_set_header Connection close;
  location / { return 200 "text\\n"; }
  location /p/ { proxy_pass http://127.0.0.1:ORIGIN; }
  location /dead/ { proxy_pass http://dead; }
  location /gone/ { proxy_pass http://gone; }
  location /page/ { proxy_pass http://127.0.0.1:ORIGIN; proxy_intercept_errors on; error_page 404 /p/page; }
  location /pipe/ { access_log DIRECTORY/logs/pipe.log pipe; return 200 x; }
  location /moved { return 302 /p/; }
  location ~ ^/re/(?<part>[^/]*)/(.*)$ { return 200 "$1 $2"; }
  location /empty { return 204; }
}
`

interface Row {
  readonly name: string
  readonly request: string
  /** Variables that differ, each for the reason given. */
  readonly unlike?: readonly string[]
}

/** Lengths of built-in pages differ by our name. */
const OWN_PAGE = ['$body_bytes_sent']
/** The length of a body in chunks is known to us when it is whole. */
const CHUNKED = ['$content_length']

const ROWS: readonly Row[] = [
  { name: 'a plain request', request: getRequest('/x?a=1&B=2&log=1') },
  { name: 'an empty query string', request: getRequest('/x?') },
  { name: 'no query string', request: getRequest('/x') },
  { name: 'an escaped path', request: getRequest('/a%20b%22c/./d%5C?a=%22') },
  { name: 'an encoded control byte', request: getRequest('/a%01b%7fc%0Ad') },
  { name: 'encoded UTF-8', request: getRequest('/%C3%A9%e2%82%ac') },
  {
    name: 'quotes and backslashes',
    request: getRequest('/', ['User-Agent: "a\\b"', "Referer: 'x'"]),
  },
  {
    name: 'bytes above ASCII',
    request: getRequest('/', ['User-Agent: caf\xc3\xa9 \xe9\xff\x80', 'X-One: \xa0']),
  },
  { name: 'a tab in a field', request: getRequest('/', ['User-Agent: a\tb', 'Referer: x\t\ty']) },
  { name: 'empty fields', request: getRequest('/', ['User-Agent:', 'Referer: ', 'X-One:']) },
  { name: 'cookies', request: getRequest('/', ['Cookie: a=1; b="x y"; c', 'Cookie: d=4']) },
  { name: 'cookies in disorder', request: getRequest('/', ['Cookie: ab=1;a ; B= 2 ;b=3']) },
  { name: 'arguments in disorder', request: getRequest('/?ab=1&a&A=x=y&&b=') },
  {
    name: 'forwarded clients',
    request: getRequest('/', ['X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 2.2.2.2']),
  },
  {
    name: 'credentials',
    request: getRequest('/', ['Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==']),
  },
  {
    name: 'credentials with odd bytes',
    request: getRequest('/', [
      `Authorization: Basic ${Buffer.from('u"\xe9\x01:p', 'latin1').toString('base64')}`,
    ]),
  },
  { name: 'credentials that are none', request: getRequest('/', ['Authorization: Basic x']) },
  {
    name: 'an empty user',
    request: getRequest('/', [`Authorization: Basic ${Buffer.from(':p').toString('base64')}`]),
  },
  {
    name: 'a host with a port',
    request: 'GET / HTTP/1.1\r\nHost: LOGGED.test:123\r\nConnection: close\r\n\r\n',
  },
  {
    name: 'an absolute target',
    request:
      'GET http://Other.test/abs?q HTTP/1.1\r\nHost: logged.test\r\nConnection: close\r\n\r\n',
  },
  { name: 'HTTP/1.0 without Host', request: 'GET /old HTTP/1.0\r\n\r\n' },
  { name: 'HEAD', request: getRequest('/', [], 'HEAD') },
  {
    name: 'a body',
    request: `${getRequest('/p/body', ['Content-Length: 5', 'Content-Type: a/b; c="d"'], 'POST')}hello`,
  },
  {
    name: 'a chunked body',
    request: `${getRequest('/p/body', ['Transfer-Encoding: chunked'], 'POST')}5\r\nhello\r\n0\r\n\r\n`,
    unlike: CHUNKED,
  },
  {
    name: 'chunks with extensions and trailers',
    request: `${getRequest('/p/body', ['Transfer-Encoding: chunked'], 'POST')}5;a="b"\r\nhello\r\n0\r\nX: 1\r\n\r\n`,
    unlike: CHUNKED,
  },
  {
    name: 'a body that nobody wants',
    request: `${getRequest('/x', ['Content-Length: 5'], 'POST')}hello`,
  },
  { name: 'captures', request: getRequest('/re/x%20y/z/w') },
  { name: 'a capture of nothing', request: getRequest('/re//') },
  { name: 'no content', request: getRequest('/empty') },
  { name: 'a redirect', request: getRequest('/moved'), unlike: OWN_PAGE },
  { name: 'a peer', request: getRequest('/p/1') },
  { name: 'a peer asked with HEAD', request: getRequest('/p/1', [], 'HEAD') },
  { name: 'a peer that sends a cookie', request: getRequest('/p/cookie') },
  { name: 'a peer that sends odd bytes', request: getRequest('/p/odd') },
  { name: 'a peer that answers 404', request: getRequest('/p/404') },
  { name: 'a second peer after a dead one', request: getRequest('/dead/1') },
  { name: 'no peer but a dead one', request: getRequest('/gone/1'), unlike: OWN_PAGE },
  { name: 'an error page from a peer after a peer', request: getRequest('/page/404') },
  { name: 'a request line without sense', request: 'GET\r\n\r\n', unlike: OWN_PAGE },
  {
    name: 'a field without sense',
    request: 'GET /x HTTP/1.1\r\nHost: a b\r\n\r\n',
    unlike: OWN_PAGE,
  },
  { name: 'a file named by the request', request: getRequest('/?file=named') },
]

/** The second has a body that nobody reads. */
const PIPELINED = [
  'GET /pipe/1 HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /pipe/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
  getRequest('/pipe/3'),
].join('')

const PEER_ANSWERS: Readonly<Record<string, string>> = {
  '/p/cookie':
    'HTTP/1.1 200 OK\r\nSet-Cookie: first=1\r\nSet-Cookie: SESSION = abc ; Path=/\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
  '/p/odd':
    'HTTP/1.1 200 OK\r\nX-Answer: "\xe9\\\t.\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
  '/p/404': 'HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone',
  '/page/404': 'HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone',
}
const PEER_ANSWER =
  'HTTP/1.1 200 OK\r\nX-Answer: yes\r\nContent-Type: a/b\r\nContent-Length: 6\r\nConnection: close\r\n\r\nanswer'

/** A peer that answers by the path, when the whole request is there. */
function startOrigin(port: number): Promise<Server> {
  const server = createServer(socket => {
    let text = ''
    socket.on('error', () => socket.destroy())
    socket.on('data', bytes => {
      text += bytes.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end === -1) return
      const length = Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0)
      const isWhole = /chunked/i.test(text)
        ? text.endsWith('0\r\n\r\n')
        : text.length >= end + 4 + length
      if (isWhole) socket.end(PEER_ANSWERS[text.split(' ')[1]!] ?? PEER_ANSWER, 'latin1')
    })
  })
  return new Promise(resolve => server.listen(port, '127.0.0.1', () => resolve(server)))
}

function linesOf(served: Served, log: string, end = '\n'): string[] {
  const text = readFileSync(`${served.directory}/logs/${log}.log`, 'latin1')
  return text.split(end).slice(0, -1)
}

/** Of the long formats: unescaped values may hold line feeds. */
const LONG_END = '|end\n'

describe('the access log beside nginx', { skip: withoutNginx() }, () => {
  let pair: Pair
  let origin: Server

  before(async () => {
    const originPort = await freePort()
    const deadPort = await freePort()
    origin = await startOrigin(originPort)
    const http = HTTP.replaceAll('ORIGIN', String(originPort)).replaceAll('DEAD', String(deadPort))
    pair = await startPair(http)
    for (const { request } of ROWS) {
      await ask(pair.nginx.port, request)
      await ask(pair.headgate.port, request)
    }
    await ask(pair.nginx.port, PIPELINED)
    await ask(pair.headgate.port, PIPELINED)
    // Both log after they answered; what they close they write out.
    await pair.end()
  })
  after(async () => {
    origin.close()
    pair.remove()
  })

  for (const log of ['default', 'json', 'none']) {
    ROWS.forEach(({ name, unlike = [] }, index) => {
      it(`is the same for ${name}, ${log}`, () => {
        assert.equal(linesOf(pair.nginx, log, LONG_END).length, ROWS.length, 'lines of nginx')
        const theirs = comparable(linesOf(pair.nginx, log, LONG_END)[index]!, pair.nginx, unlike)
        const ours = comparable(
          linesOf(pair.headgate, log, LONG_END)[index]!,
          pair.headgate,
          unlike,
        )
        assert.deepEqual(ours, theirs)
      })
    })
  }

  it('knows a request that came before the answer to the one before it', () => {
    const theirs = linesOf(pair.nginx, 'pipe')
    assert.deepEqual(
      theirs.map(line => line[0]),
      ['.', 'p', 'p'],
    )
    assert.deepEqual(linesOf(pair.headgate, 'pipe'), theirs)
  })

  it('has times of the same form', () => {
    const form = (line: string) =>
      line
        .replace(/\d/g, '9')
        .replace(/9+\./g, '9.')
        .replace(/[A-Z][a-z]+/g, 'Word')
    assert.deepEqual(
      linesOf(pair.headgate, 'times').map(form),
      linesOf(pair.nginx, 'times').map(form),
    )
  })

  it('writes literal text as it stands', () => {
    assert.deepEqual(linesOf(pair.headgate, 'literal'), linesOf(pair.nginx, 'literal'))
  })

  it('is `combined` where no format is named', () => {
    const form = (line: string) =>
      line.replace(/\[[^\]]*\]/, '[time]').replace(/(" \d\d\d) \d+/, '$1 bytes')
    assert.deepEqual(
      linesOf(pair.headgate, 'combined').map(form),
      linesOf(pair.nginx, 'combined').map(form),
    )
  })

  it('leaves out what `if=` leaves out', () => {
    assert.equal(linesOf(pair.nginx, 'filtered').length, 1)
    assert.equal(linesOf(pair.headgate, 'filtered').length, 1)
  })

  it('names the file by the request', () => {
    assert.equal(linesOf(pair.headgate, 'named').length, linesOf(pair.nginx, 'named').length)
    assert.equal(linesOf(pair.nginx, 'named').length, 1)
  })
})

const FIELD_NAMES = `${REQUEST_PARTS}|${UPSTREAM_PARTS}`.split('|')

/** Without what each run chooses for itself, or says of itself. */
function comparable(line: string, served: Served, unlike: readonly string[]): object {
  const values = line.replaceAll(`:${served.port}/`, ':PORT/').split('|')
  const named = FIELD_NAMES.map((name, index) => [name, values[index] ?? '(none)'] as const)
  return Object.fromEntries(named.filter(([name]) => !unlike.includes(name)))
}
