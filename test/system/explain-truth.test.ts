// What `explain` says of a request is what then happens: the same file is explained and run, and for each request the
// status, the location that answered and what the origin got are compared with what was said.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http'
import { after, before, describe, it } from 'node:test'

import { type ExplainFixture, makeExplainer } from '../control/explain/explain-fixture.ts'
import { Origin } from '../harness/origin.ts'
import { Program } from '../harness/program.ts'
import { fieldOf } from '../harness/raw-message.ts'

/** `PEER` is the origin's address. Every location tells its name in a field. */
const CONFIGURATION = `
daemon off;
pid DIR/pid;
error_log stderr notice;
worker_processes 1;
events { }
http {
  access_log off;
  upstream app { server PEER; keepalive 0; }
  limit_req_zone $remote_addr zone=z:1m rate=100r/s;
  limit_conn_zone $remote_addr zone=c:1m;
  map $http_x_kind $kind { default plain; special rare; }
  server {
    listen 127.0.0.1:0;
    server_name a.test;
    root DIR/html;
    location / { add_header L / always; try_files $uri $uri/ @app; }
    location @app { add_header L @app always; proxy_pass http://app; }
    location = /health { add_header L "= /health" always; return 200 fine; }
    location /old/ { add_header L /old/ always; return 301 /new$request_uri; }
    location /gone { add_header L /gone always; return 410; }
    location ^~ /static/ { add_header L "^~ /static/" always; error_page 404 =203 /missing.html; }
    location = /missing.html { add_header L "= /missing.html" always; internal; }
    location ~ ^/r(1|2) { add_header L "~ ^/r(1|2)" always; return 201; }
    location ~* \\.PNG { add_header L "~* \\\\.PNG" always; proxy_pass http://app; }
    location /api/ {
      add_header L /api/ always;
      proxy_pass http://app/v1/;
      proxy_set_header X-Kind $kind;
      location /api/inner/ { add_header L /api/inner/ always; return 202; }
    }
    location /whole { add_header L /whole always; proxy_pass http://app/x$uri?a=$arg_a; }
    location /kept { add_header L /kept always; proxy_pass http://app; }
    location /denied { add_header L /denied always; deny all; proxy_pass http://app; }
    location /allowed { add_header L /allowed always; allow 127.0.0.1; deny all; proxy_pass http://app; }
    location /moved { rewrite ^/moved/(.*)$ /api/$1?moved=1 last; }
    location /stays { add_header L /stays always; rewrite ^/stays/(.*)$ /went/$1 break; proxy_pass http://app; }
    location /away { add_header L /away always; rewrite ^ /elsewhere permanent; }
    location /asked {
      add_header L /asked always;
      if ($arg_no) { return 403; }
      set $word $arg_word;
      proxy_pass http://app/said/$word;
    }
    location /password { add_header L /password always; auth_basic R; auth_basic_user_file DIR/users; return 200; proxy_pass http://app; }
    location /login { add_header L /login always; auth_basic R; auth_basic_user_file DIR/users; proxy_pass http://app; }
    location /either { add_header L /either always; satisfy any; allow 127.0.0.1; deny all; auth_basic R; auth_basic_user_file DIR/users; proxy_pass http://app; }
    location /guarded { add_header L /guarded always; auth_request /guard; proxy_pass http://app; }
    location /refused { add_header L /refused always; auth_request /refusal; proxy_pass http://app; }
    location = /guard { return 204; }
    location = /refusal { return 403; }
    location /limited { add_header L /limited always; limit_req zone=z; limit_conn c 5; proxy_pass http://app; }
    location /reading { add_header L /reading always; limit_except GET { deny all; } proxy_pass http://app; }
    location /branch {
      add_header L /branch always;
      proxy_set_header X-Kind none;
      if ($http_x_kind) { add_header L branch always; proxy_pass http://app; }
      return 205;
    }
    location /round { rewrite ^(.*)$ /round$1 last; }
  }
  server { listen 127.0.0.1:0; server_name *.b.test ~^c; location / { add_header L / always; return 209; } }
}
`

interface Row {
  readonly path: string
  readonly method?: string
  readonly host?: string
  readonly fields?: Readonly<Record<string, string>>
}

const ROWS: readonly Row[] = [
  { path: '/' },
  { path: '/nowhere' },
  { path: '/nowhere?x=1&y=%20' },
  { path: '/here.txt' },
  { path: '/here.txt', method: 'HEAD' },
  { path: '/dir' },
  { path: '/dir/' },
  { path: '/health' },
  { path: '/health/' },
  { path: '/old/a?b' },
  { path: '/gone/x' },
  { path: '/static/none' },
  { path: '/missing.html' },
  { path: '/r1' },
  { path: '/r3' },
  { path: '/x.png' },
  { path: '/static/x.png' },
  { path: '/api' },
  { path: '/api/x%2Fy?z' },
  { path: '/api//x/../y' },
  { path: '/api/x', fields: { 'X-Kind': 'special' } },
  { path: '/api/inner/x' },
  { path: '/whole/b?a=1&c=2' },
  { path: '/kept/%41?x#y'.replace('#y', '') },
  { path: '/kept', method: 'DELETE' },
  { path: '/denied' },
  { path: '/allowed' },
  { path: '/moved/x' },
  { path: '/moved/x?y=1' },
  { path: '/stays/x?y=1' },
  { path: '/away' },
  { path: '/asked?no=1' },
  { path: '/asked?word=hello' },
  { path: '/password' },
  { path: '/login' },
  { path: '/login', fields: { Authorization: 'Basic YTpi' } },
  { path: '/login', fields: { Authorization: 'Basic YTpj' } },
  { path: '/either' },
  { path: '/guarded' },
  { path: '/refused' },
  { path: '/limited' },
  { path: '/reading/x' },
  { path: '/reading/x', method: 'POST' },
  { path: '/branch' },
  { path: '/branch', fields: { 'X-Kind': 'y' } },
  { path: '/round/' },
  { path: '/%zz' },
  { path: '/', host: 'x.b.test' },
  { path: '/', host: 'cc' },
  { path: '/here.txt', host: 'nobody' },
]

/** What happened. */
interface Happened {
  readonly status: number
  /** The field `L`: which location answered. */
  readonly location: string | null
  /** Request line and the field X-Kind that the origin got; null = it was not asked. */
  readonly asked: { readonly target: string; readonly kind: string | null } | null
}

describe('explain, beside what happens', { timeout: 60_000 }, () => {
  const origin = new Origin()
  let fixture: ExplainFixture
  let program: Program | null = null
  let port = 0

  before(async () => {
    await origin.open()
    origin.answerWith(() => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    fixture = await makeExplainer({
      'nginx.conf': CONFIGURATION.replaceAll('PEER', origin.address),
      users: 'a:{PLAIN}b\n',
      'html/here.txt': 'here',
      'html/dir/index.html': 'index',
      'html/missing.html': 'missing',
    })
    program = new Program(['run', '-c', 'nginx.conf'], { cwd: fixture.directory })
    const { listen } = await program.ready()
    port = Number(listen[0]!.split(':')[1])
  })

  after(async () => {
    origin.close()
    program?.child.kill('SIGKILL')
    await program?.ended
    fixture.remove()
  })

  async function send({
    path,
    method = 'GET',
    host = 'a.test',
    fields = {},
  }: Row): Promise<Happened> {
    const before = origin.requests.length
    const headers: OutgoingHttpHeaders = { host, ...fields }
    const sent = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false })
    sent.end()
    const [response] = await once(sent, 'response')
    response.resume()
    await once(response, 'end')
    const asked = origin.requests[before]
    return {
      status: response.statusCode,
      location: response.headers.l ?? null,
      asked:
        asked === undefined
          ? null
          : { target: asked.start.split(' ')[1]!, kind: fieldOf(asked, 'x-kind') },
    }
  }

  for (const row of ROWS) {
    const { path, method = 'GET', host = 'a.test', fields = {} } = row
    const name = [method, host, path, ...Object.values(fields)].join(' ')
    it(`says what becomes of ${name}`, async () => {
      const said = await fixture.ask(
        {
          url: `http://${host}${path}`,
          method,
          fields: Object.entries(fields).map(([field, value]) => `${field}: ${value}`),
        },
        '127.0.0.1:0',
      )
      const happened = await send(row)
      const shown = JSON.stringify({ said, happened }, null, 1)
      const { outcome } = said
      if (outcome.kind === 'peer') {
        assert.ok(happened.asked !== null, shown)
        assert.equal(outcome.target, happened.asked.target, shown)
        assert.equal(outcome.peer, origin.address)
        const kind = said.decisions.find(({ text }) => text.startsWith('X-Kind: '))
        assert.equal(kind?.text.slice('X-Kind: '.length) ?? null, happened.asked.kind, shown)
        assert.equal(happened.status, 200)
      } else {
        assert.ok(outcome.kind === 'answer', shown)
        assert.equal(happened.asked, null, shown)
        assert.equal(outcome.status, happened.status, shown)
      }
      // Answers that no location made have no name, and blocks that stand for one have their own.
      const isBlock = /^(if|limit_except) /.test(said.location ?? '')
      if (happened.location !== null && !isBlock)
        assert.equal(said.location, happened.location, shown)
    })
  }
})
