import assert from 'node:assert/strict'
import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import type { AskedWords } from '../../../src/control/explain/asked.ts'
import { type ExplainFixture, linesOf, makeExplainer } from './explain-fixture.ts'

const NGINX = `events { }
http {
  upstream app {
    server 10.0.0.1:8080 weight=2;
    server 10.0.0.2:8080 backup;
  }
  upstream named { server app.internal:8080; }
  upstream hashed { hash $arg_key; server 10.0.1.1:80; server 10.0.1.2:80; server 10.0.1.3:80; }
  upstream sticky {
    sticky route $cookie_at;
    server 10.0.2.1:80 route=a;
    server 10.0.2.2:80 route=b;
  }
  upstream down { server 10.0.3.1:80 down; }
  proxy_cache_path DIR/cache keys_zone=c:1m;
  map $http_x_kind $kind { default plain; special rare; }
  limit_req_zone $remote_addr zone=slow:1m rate=2r/s;
  access_log DIR/a.log combined;
  add_header X-All 1;
  proxy_read_timeout 7s;
  server {
    listen 8080;
    server_name a.test *.a.test;
    root DIR/html;
    location / { try_files $uri @app; }
    location = /health { return 200 "fine\\nand well"; }
    location /old/ { return 301 https://b.test$request_uri; }
    location ^~ /static/ { error_page 404 /gone.html; add_header X-Own 2; }
    location = /gone.html { internal; return 404 "gone"; }
    location ~ ^/r1 { return 201; }
    location ~* \\.png$ {
      proxy_pass http://app;
      proxy_cache c;
      proxy_cache_key $uri$http_x_kind;
      proxy_cache_valid 200 1h;
      proxy_cache_bypass $arg_fresh;
    }
    location /api/ {
      proxy_pass http://app/v1/;
      proxy_set_header Host $host;
      proxy_set_header X-Kind $kind;
      proxy_set_header Accept-Encoding "";
      proxy_hide_header X-Powered-By;
      proxy_connect_timeout 3s;
      location /api/inner/ { return 202; }
    }
    location @app { proxy_pass http://app; access_log off; }
    location /named { proxy_pass http://named; }
    location /hashed { proxy_pass http://hashed; }
    location /sticky { proxy_pass http://sticky; }
    location /down { proxy_pass http://down; }
    location /dynamic { resolver 127.0.0.1; proxy_pass http://$arg_to; }
    location /inside {
      allow 10.0.0.0/8;
      deny all;
      return 204;
      try_files /none =404;
    }
    location /only { allow 10.0.0.0/8; deny all; limit_req zone=slow burst=3; proxy_pass http://app; }
    location /moved { rewrite ^/moved/(.*)$ /api/$1?moved=1 last; }
    location /asked { if ($arg_no) { return 403; } proxy_pass http://app; }
    location /guarded { auth_request /guard; proxy_pass http://app; }
    location /guard { proxy_pass http://named; }
    location /much {
      proxy_pass http://app;
      proxy_set_body "own $arg_b";
      proxy_pass_request_headers off;
      proxy_cookie_path / /much/;
      proxy_next_upstream error http_502;
      proxy_next_upstream_tries 2;
      proxy_next_upstream_deadline 4s;
    }
    location /forbidden { error_page 403 /gone.html; deny all; proxy_pass http://app; }
  }
  server { listen 8080 default_server; return 444; }
  server { listen 8080; server_name ~^r\\d+\\.test$ .wide.test w.*; location / { return 200 x; } }
}
`

interface Row {
  readonly asked: AskedWords
  readonly outcome: object
  readonly location?: string | null
  readonly uri?: string
  /** Lines of topics, with the places; all of each topic. */
  readonly says?: Readonly<Record<string, readonly string[]>>
}

const peer = (upstream: string | null, address: string | null, target: string) => ({
  kind: 'peer',
  upstream,
  peer: address,
  target,
})
const answer = (status: number) => ({ kind: 'answer', status })
const at = (path: string, host = 'a.test') => ({ url: `http://${host}:8080${path}` })

const ROWS: readonly Row[] = [
  {
    asked: at('/health'),
    outcome: answer(200),
    location: '= /health',
    says: {
      server: ['a.test: its name is "a.test" @ nginx.conf:23'],
      listen: ['0.0.0.0:8080: port 8080 @ nginx.conf:22'],
      location: ['= /health: this very path @ nginx.conf:26'],
      answers: [
        '200 OK @ nginx.conf:26',
        'Content-Type: text/plain',
        'X-All: 1 @ nginx.conf:19',
        'Content-Length: 13',
        'body "fine…"',
      ],
    },
  },
  {
    asked: at('/old/x', 'www.a.test'),
    outcome: answer(301),
    says: {
      server: ['a.test: "*.a.test" is the longest such name that matches @ nginx.conf:23'],
    },
  },
  {
    asked: at('/', 'nobody.test'),
    outcome: { kind: 'closed' },
    location: null,
    says: {
      server: [
        'the server: no name matches "nobody.test": the default server of the address @ nginx.conf:75',
      ],
      answers: ['the connection is closed @ nginx.conf:75'],
    },
  },
  {
    asked: at('/', 'r12.test'),
    outcome: answer(200),
    says: {
      server: [
        '~^r\\d+\\.test$: "~^r\\d+\\.test$" is the first regex that matches @ nginx.conf:76',
      ],
    },
  },
  {
    asked: at('/', 'wide.test'),
    outcome: answer(200),
    says: {
      server: [
        '~^r\\d+\\.test$: ".wide.test" is the longest such name that matches @ nginx.conf:76',
      ],
    },
  },
  {
    asked: at('/', 'w.example'),
    outcome: answer(200),
    says: {
      server: ['~^r\\d+\\.test$: "w.*" is the longest such name that matches @ nginx.conf:76'],
    },
  },
  {
    asked: {
      ...at('/api/x?y=1'),
      fields: ['Accept-Encoding: gzip', 'X-Mine: 1', 'X-Kind: special'],
    },
    outcome: peer('app', '10.0.0.1:8080', '/v1/x?y=1'),
    location: '/api/',
    says: {
      location: ['/api/: the longest prefix; no regex matches @ nginx.conf:38'],
      variable: ['$kind = "rare", by map @ nginx.conf:16'],
      upstream: ['app: round robin over 2 peers @ nginx.conf:3'],
      peer: ['10.0.0.1:8080: the first turn after a start @ nginx.conf:4'],
      sends: [
        'GET /v1/x?y=1 HTTP/1.1 @ nginx.conf:39',
        'Host: a.test @ nginx.conf:40',
        'X-Kind: rare @ nginx.conf:41',
        'X-Mine: 1 @ client',
      ],
      drops: ['Accept-Encoding: what it is set to is empty @ nginx.conf:42'],
      times: [
        'connect 3s @ nginx.conf:44',
        'send 1m @ default',
        'read 7s @ nginx.conf:20',
        'body up to 1m @ default',
      ],
      adds: ['X-All: 1 @ nginx.conf:19'],
      logs: ['a.log combined @ nginx.conf:18'],
    },
  },
  {
    asked: at('/api/inner/x'),
    outcome: answer(202),
    location: '/api/inner/',
    says: {
      location: [
        '/api/inner/: the longest prefix; no regex matches, inside the one around it @ nginx.conf:45',
      ],
    },
  },
  {
    asked: at('/api'),
    outcome: answer(301),
    location: '/api/',
    says: {
      location: [
        '/api/: the path lacks its slash, and such a location proxies: 301 @ nginx.conf:38',
      ],
    },
  },
  {
    asked: at('/r1x'),
    outcome: answer(201),
    location: '~ ^/r1',
    says: { location: ['~ ^/r1: regex 1 of 2, the first that matches @ nginx.conf:30'] },
  },
  {
    asked: at('/a.PNG'),
    outcome: peer('app', '10.0.0.1:8080', '/a.PNG'),
    location: '~* \\.png$',
    says: {
      cache: [
        '"c" by the rules of nginx @ nginx.conf:33',
        'key "/a.PNG" @ nginx.conf:34',
        'looked up; what follows holds when nothing fresh is stored',
        'kept as long as the answer says, else 200 for 1h @ nginx.conf:35',
      ],
      drops: ['Range and conditions: the cache asks for all of it'],
    },
  },
  {
    asked: { ...at('/a.png?fresh=1'), fields: ['Range: bytes=0-1', 'X-Kind: k'] },
    outcome: peer('app', '10.0.0.1:8080', '/a.png?fresh=1'),
    says: {
      cache: [
        '"c" by the rules of nginx @ nginx.conf:33',
        'key "/a.pngk" @ nginx.conf:34',
        'not looked up @ nginx.conf:36',
        'kept as long as the answer says, else 200 for 1h @ nginx.conf:35',
      ],
      sends: [
        'GET /a.png?fresh=1 HTTP/1.1 @ nginx.conf:32',
        'Host: app @ default',
        'X-Kind: k @ client',
      ],
    },
  },
  {
    asked: { ...at('/a.png'), method: 'PUT' },
    outcome: peer('app', '10.0.0.1:8080', '/a.png'),
    says: { cache: ['"c" is not asked for PUT @ default'] },
  },
  {
    asked: at('/here.txt'),
    outcome: answer(200),
    location: '/',
    uri: '/here.txt',
    says: {
      redirect: ['/here.txt is there @ nginx.conf:25'],
      file: ['html/here.txt @ nginx.conf:24'],
    },
  },
  {
    asked: at('/nowhere'),
    outcome: peer('app', '10.0.0.1:8080', '/nowhere'),
    location: '@app',
    says: {
      redirect: ['none of the files is there @ nginx.conf:25'],
      location: [
        '/: the longest prefix; no regex matches @ nginx.conf:25',
        '@app: by its name @ nginx.conf:47',
      ],
      logs: ['off @ nginx.conf:47'],
    },
  },
  {
    asked: at('/static/nothing'),
    outcome: answer(404),
    location: '= /gone.html',
    uri: '/gone.html',
    says: {
      location: [
        '^~ /static/: the longest prefix, and "^~": no regex is asked @ nginx.conf:28',
        '= /gone.html: this very path @ nginx.conf:29',
      ],
      redirect: ['404 is answered by /gone.html @ nginx.conf:28', 'goes on as /gone.html'],
    },
  },
  {
    asked: at('/gone.html'),
    outcome: answer(404),
    location: '= /gone.html',
    says: { location: ['= /gone.html: for internal redirects only: 404 @ nginx.conf:29'] },
  },
  {
    asked: at('/named/x'),
    outcome: peer('named', null, '/named/x'),
    says: {
      peer: ['app.internal:8080: the only peer; the name is looked up at the start @ nginx.conf:7'],
    },
  },
  {
    asked: at('/hashed?key=one'),
    outcome: peer('hashed', '10.0.1.3:80', '/hashed?key=one'),
    says: { peer: ['10.0.1.3:80: by the hash of "one" @ nginx.conf:8'] },
  },
  {
    asked: { ...at('/sticky'), fields: ['Cookie: at=b'] },
    outcome: peer('sticky', '10.0.2.2:80', '/sticky'),
    says: { peer: ['10.0.2.2:80: its session is bound to it @ nginx.conf:12'] },
  },
  {
    asked: at('/down'),
    outcome: peer('down', null, '/down'),
    says: { peer: ['none can be picked: 502 @ nginx.conf:14'] },
  },
  {
    asked: at('/dynamic?to=c.test'),
    outcome: peer(null, null, '/dynamic?to=c.test'),
    says: { upstream: ['c.test: its name is looked up when a request comes'] },
  },
  {
    asked: at('/only'),
    outcome: answer(403),
    says: { access: ['127.0.0.1 may not: rule 2 of 2, deny all @ nginx.conf:59'] },
  },
  {
    asked: { ...at('/only'), client: '10.1.2.3' },
    outcome: peer('app', '10.0.0.1:8080', '/only'),
    says: {
      client: ['10.1.2.3'],
      access: ['10.1.2.3 may pass: rule 1 of 2, allow 10.0.0.0/8 @ nginx.conf:59'],
      limit: ['requests, zone "slow", as "10.1.2.3": 2 a second and 3 more @ nginx.conf:59'],
    },
  },
  {
    asked: at('/inside'),
    outcome: answer(204),
    says: { access: [], answers: ['204 No Content @ nginx.conf:56', 'X-All: 1 @ nginx.conf:19'] },
  },
  {
    asked: at('/forbidden'),
    outcome: answer(403),
    location: '= /gone.html',
    says: {
      access: ['127.0.0.1 may not: rule 1 of 1, deny all @ nginx.conf:73'],
      redirect: ['403 is answered by /gone.html @ nginx.conf:73', 'goes on as /gone.html'],
    },
  },
  {
    asked: { ...at('/much?b=1'), fields: ['X-A: 1'] },
    outcome: peer('app', '10.0.0.1:8080', '/much?b=1'),
    says: {
      sends: [
        'GET /much?b=1 HTTP/1.1 @ nginx.conf:65',
        'Host: app @ default',
        'body "own 1" @ nginx.conf:66',
      ],
      drops: ['all fields of the client @ nginx.conf:67'],
      retries: [
        'the next peer on error, http_502 @ nginx.conf:69',
        '2 tries @ nginx.conf:70',
        'all tries 4s @ nginx.conf:71',
      ],
    },
  },
  {
    asked: { ...at('/named', 'a.test'), method: 'POST', fields: ['Content-Length: 5'] },
    outcome: peer('named', null, '/named'),
    says: {
      sends: [
        'POST /named HTTP/1.1 @ nginx.conf:48',
        'Host: named @ default',
        '5 bytes of body, read whole before a peer is asked @ client',
      ],
    },
  },
  {
    asked: at('/guarded'),
    outcome: peer('app', '10.0.0.1:8080', '/guarded'),
    location: '/guarded',
    says: {
      access: [
        '/guard is asked, and counts here as one that agrees @ nginx.conf:62',
        '/guard is asked first, location /guard',
      ],
    },
  },
  {
    asked: at('/moved/x?y=1'),
    outcome: peer('app', '10.0.0.1:8080', '/v1/x?moved=1&y=1'),
    location: '/api/',
    uri: '/api/x',
    says: { rewrite: ['rewrite to /api/x?moved=1&y=1 @ nginx.conf:60'] },
  },
  {
    asked: at('/asked?no=1'),
    outcome: answer(403),
    says: { rewrite: ['if: holds @ nginx.conf:61', 'return 403 @ nginx.conf:61'], file: [] },
  },
  { asked: at('/asked'), outcome: peer('app', '10.0.0.1:8080', '/asked') },
  { asked: at('/%zz'), outcome: answer(400), location: null },
  { asked: { ...at('/health'), method: 'TRACE' }, outcome: answer(405) },
  { asked: { ...at('/here.txt'), method: 'PUT' }, outcome: answer(405) },
]

describe('explain, of an nginx.conf', () => {
  let fixture: ExplainFixture
  before(async () => {
    fixture = await makeExplainer({ 'nginx.conf': NGINX, 'html/here.txt': 'here', 'html/x/y': '' })
  })
  after(() => fixture.remove())

  for (const { asked, outcome, location, uri, says = {} } of ROWS) {
    const name = [asked.method ?? 'GET', asked.url, ...(asked.fields ?? []), asked.client ?? '']
    it(`says what becomes of ${name.join(' ').trim()}`, async () => {
      const found = await fixture.ask(asked)
      const shown = JSON.stringify(found.decisions, null, 1)
      assert.deepEqual(found.outcome, outcome, shown)
      if (location !== undefined) assert.equal(found.location, location, shown)
      if (uri !== undefined) assert.equal(found.uri, uri)
      for (const [topic, lines] of Object.entries(says)) {
        assert.deepEqual(linesOf(found, topic), lines, shown)
      }
    })
  }

  it('refuses a port on which nothing listens', async () => {
    assert.match(await fixture.refusal({ url: 'http://a.test:9/' }), /nothing listens on port 9/)
  })

  it('does not read a file to its end', async () => {
    const path = join(fixture.directory, 'html/large.bin')
    writeFileSync(path, '')
    truncateSync(path, 2 ** 40)
    const found = await fixture.ask(at('/large.bin'))
    rmSync(path)
    assert.deepEqual(found.outcome, answer(200))
    assert.ok(linesOf(found, 'answers').includes(`Content-Length: ${2 ** 40}`))
  })

  it('opens no log and makes no directory', () => {
    assert.deepEqual(readdirSync(fixture.directory).sort(), ['html', 'nginx.conf'])
  })
})

const YAML = `upstreams:
  app:
    method: least_conn
    peers: [ "10.0.0.1:80", "10.0.0.2:80" ]
servers:
  - listen: 8080
    names: [ a.test ]
    add_headers: { X-All: "1" }
    routes:
      - path: /
        proxy:
          upstream: app
          read_timeout: 9s
          set_headers: { X-Mine: "$remote_addr" }
      - exact: /health
        return: { status: 200, body: fine }
`

describe('explain, of YAML', () => {
  let fixture: ExplainFixture
  before(async () => {
    fixture = await makeExplainer({ 'a.yaml': YAML })
  })
  after(() => fixture.remove())

  it('says which keys decide about a request that is passed on', async () => {
    const found = await fixture.ask(at('/x'))
    assert.deepEqual(found.outcome, peer('app', '10.0.0.1:80', '/x'))
    assert.equal(found.location, '/')
    assert.ok(linesOf(found, 'times').includes('read 9s @ a.yaml:13'))
    assert.ok(linesOf(found, 'sends').includes('X-Mine: 127.0.0.1 @ a.yaml:14'))
    assert.ok(linesOf(found, 'adds').includes('X-All: 1 @ a.yaml:8'))
    assert.deepEqual(linesOf(found, 'peer'), ['10.0.0.1:80: with nothing under way @ a.yaml:4'])
  })

  it('says which key answers', async () => {
    const found = await fixture.ask(at('/health'))
    assert.deepEqual(found.outcome, answer(200))
    assert.ok(linesOf(found, 'answers')[0]!.endsWith('@ a.yaml:16'))
  })
})

const LDIRECTORD = `checktimeout=3
virtual=10.9.0.1:80
	real=10.0.0.1:80 masq
	real=10.0.0.2:80 masq
	scheduler=rr
	protocol=tcp
	checktype=connect
`

describe('explain, of ldirectord.cf', () => {
  it('says which real would be asked', async () => {
    const fixture = await makeExplainer({ 'ldirectord.cf': LDIRECTORD })
    try {
      const found = await fixture.ask({ url: 'http://10.9.0.1/x' })
      assert.deepEqual(found.outcome, peer('10.9.0.1:80', '10.0.0.1:80', '/x'))
      assert.ok(linesOf(found, 'peer')[0]!.endsWith('@ ldirectord.cf:3'))
    } finally {
      fixture.remove()
    }
  })
})
