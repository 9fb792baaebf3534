// From a request to the location that answers it and on to its error page, through the whole proxy with the real reader.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { afterTest } from '../harness/after-test.ts'
import { askOnce, connectClient, get } from '../harness/client.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import { startProxy } from '../harness/proxy.ts'
import { fieldOf } from '../harness/raw-message.ts'

const SERVER = `
  server_name main.example;
  location /user/ { proxy_pass http://peers; }
  location = /exact/ { proxy_pass http://peers; }
  location /n/ { proxy_pass http://peers/m/; }
  location ~ ^/re/(?<rest>.*)$ { return 200 "re $1 $rest"; }
  location /inside { internal; return 200 "inside"; }
  location /redirected { error_page 404 = /inside; return 404; }
  location /page { error_page 404 /inside; return 404; }
  location /nothing { internal; return 404; }
  location /missing { error_page 403 /nothing; return 403; }
  location /circle { error_page 418 = /circle; return 418; }
  location /named { error_page 418 = @named; return 418; }
  location @named { return 200 "named $request_uri"; }
  location /moved { return 301 /there; }
  location /silent { return 444; }
  location /failing { proxy_pass http://gone; error_page 502 503 /inside; }
  location /taken { proxy_pass http://peers; proxy_intercept_errors on; error_page 500 =200 /inside; }
  location / { return 200 "root $uri"; }
`
const ELSEWHERE = `
  server { listen 127.0.0.1:0; server_name other.example *.wild.example; location / { return 200 "other"; } }
  server { listen 127.0.0.1:0; server_name ~^(?<who>\\w+)\\.regex\\.example$; location / { return 200 "regex $who"; } }`

describe('a request', () => {
  it('finds its server and location', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) =>
      start.includes('/taken')
        ? 'HTTP/1.1 500 E\r\nContent-Length: 4\r\n\r\nours'
        : ok(`peer ${start}`),
    )
    const gone = await startOrigin(t)
    gone.stopListening()
    const proxy = await startProxy(t, {
      http: `upstream peers { server ${origin.address}; } upstream gone { server ${gone.address}; }`,
      server: `${SERVER} } ${ELSEWHERE.slice(0, ELSEWHERE.lastIndexOf('}'))}`,
    })
    const rows: readonly (readonly [
      target: string,
      status: number,
      body: string,
      host?: string,
    ])[] = [
      ['/', 200, 'root /'],
      ['/a%20b/../c', 200, 'root /c'],
      ['/user/x', 200, 'peer GET /user/x HTTP/1.1'],
      ['/n/a%2Fb?c', 200, 'peer GET /m/a/b?c HTTP/1.1'],
      ['/re/abc', 200, 're abc abc'],
      ['/inside', 404, ''],
      ['/redirected', 200, 'inside'],
      ['/page', 404, 'inside'],
      ['/circle', 418, ''],
      ['/missing', 404, ''],
      ['/named?q', 200, 'named /named?q'],
      ['/failing', 502, 'inside'],
      ['/taken', 200, 'inside'],
      ['/', 200, 'other', 'other.example'],
      ['/', 200, 'other', 'OTHER.example.:8080'],
      ['/', 200, 'other', 'a.b.wild.example'],
      ['/', 200, 'regex bob', 'bob.regex.example'],
      ['/', 200, 'root /', 'unknown.example'],
    ]
    for (const [target, status, body, host] of rows) {
      await t.test(`${host ?? ''}${target}`, async t => {
        const request = `GET ${target} HTTP/1.1\r\nHost: ${host ?? 'main.example'}\r\n\r\n`
        const response = await askOnce(t, proxy.port, request)
        assert.equal(response.status, status)
        if (body !== '') assert.equal(response.body.toString(), body)
      })
    }
    for (const [target, location] of [
      ['/user', '/user/'],
      ['/exact?a=b', '/exact/?a=b'],
      ['/moved', '/there'],
    ] as const) {
      const response = await askOnce(t, proxy.port, get(target))
      assert.equal(response.status, 301)
      assert.equal(fieldOf(response, 'location'), `http://test.example:${proxy.port}${location}`)
    }
    const client = await connectClient(t, proxy.port)
    await client.send(get('/silent'))
    assert.equal((await client.rest()).length, 0)
  })
})

describe('a request that repeats itself', () => {
  it('goes where the files of the moment send it', async t => {
    const root = mkdtempSync(join(tmpdir(), 'headgate-routing-'))
    afterTest(t, () => rmSync(root, { recursive: true }))
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) => ok(start))
    const proxy = await startProxy(t, {
      http: `upstream peers { server ${origin.address}; }`,
      server: `root ${root};
        location / { try_files $uri.html $uri =404; proxy_pass http://peers/; proxy_set_header X $uri; }`,
    })
    writeFileSync(join(root, 'p'), '')
    const client = await connectClient(t, proxy.port)
    for (let i = 0; i < 4; i++) {
      assert.match((await client.ask(get('/p'))).body.toString(), /^GET \/p HTTP/)
    }
    writeFileSync(join(root, 'p.html'), '')
    for (let i = 0; i < 3; i++) {
      assert.match((await client.ask(get('/p'))).body.toString(), /^GET \/p\.html HTTP/)
    }
    rmSync(join(root, 'p.html'))
    assert.match((await client.ask(get('/p'))).body.toString(), /^GET \/p HTTP/)
  })
})
