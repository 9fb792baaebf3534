// Answers that do not come from a peer, seen from the connection: what is written, and whether the connection goes on.
// What nginx answers to the same configuration is compared in test/system.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type FakeConnection, makeSnapshot, requestTo } from '../worker/snapshot-fixture.ts'

interface Row {
  readonly name: string
  readonly server: string
  readonly target?: string
  readonly method?: string
  readonly fields?: readonly string[]
  readonly version?: string
  readonly hasNoHost?: boolean
  readonly status: number
  readonly has?: Readonly<Record<string, string | null>>
  readonly body?: string | RegExp
  /** Whether the connection serves the next request. */
  readonly isKept?: boolean
}

const ROWS: readonly Row[] = [
  { name: 'a status', server: 'return 404;', status: 404, body: /404 Not Found/, isKept: true },
  { name: 'the last status', server: 'return 500;', status: 500, isKept: false },
  {
    name: 'the last status with a page',
    server:
      'location = /page { return 200 page; } error_page 400 /page; location / { return 400; }',
    status: 400,
    body: 'page',
    isKept: false,
  },
  { name: 'its number with a text', server: 'return 500 text;', status: 500, isKept: true },
  {
    name: 'a status to HEAD: the length of the page without the page',
    server: 'return 404;',
    method: 'HEAD',
    status: 404,
    body: '',
    has: { 'content-type': 'text/html' },
  },
  {
    name: 'a status without a body',
    server: 'return 204;',
    status: 204,
    body: '',
    has: { 'content-length': null, 'content-type': null },
  },
  {
    name: 'a text',
    server: 'default_type text/x; return 200 "hello $uri";',
    target: '/there',
    status: 200,
    body: 'hello /there',
    has: { 'content-type': 'text/x', 'content-length': '12' },
  },
  {
    name: 'nothing but a status that is no error',
    server: 'default_type text/x; return 200;',
    status: 200,
    body: '',
    has: { 'content-length': '0', 'content-type': 'text/x' },
  },
  {
    name: 'a text in bytes above ASCII: its length is that of its bytes',
    server: 'return 200 "$arg_x\xe9";',
    status: 200,
    body: '\xc3\xa9',
    has: { 'content-length': '2' },
  },
  {
    name: 'a redirect to a path',
    server: 'return 301 /there;',
    status: 301,
    has: { location: 'http://a.test:8080/there' },
  },
  {
    name: 'a redirect to an address',
    server: 'return 302 https://b.test$request_uri;',
    target: '/x?y',
    status: 302,
    has: { location: 'https://b.test/x?y' },
    body: /302 Found/,
  },
  {
    name: 'a redirect to a path that a client filled with line breaks',
    server: 'location ~ ^/([^?]*)$ { return 302 /$1; }',
    target: '/a%0d%0aSet-Cookie:%20b',
    status: 302,
    has: { location: 'http://a.test:8080/a%0D%0ASet-Cookie: b', 'set-cookie': null },
  },
  {
    name: 'a redirect without the name of a host',
    server: 'return 301 /there;',
    version: '1.0',
    hasNoHost: true,
    status: 301,
    has: { location: 'http://127.0.0.1:8080/there' },
    isKept: false,
  },
  {
    name: 'Connection: close',
    server: 'return 200 "x";',
    fields: ['Connection: close'],
    status: 200,
    has: { connection: 'close' },
    isKept: false,
  },
  {
    name: 'keepalive_timeout 0',
    server: 'keepalive_timeout 0; return 200 "x";',
    status: 200,
    has: { connection: 'close' },
    isKept: false,
  },
  {
    name: 'an error page that is a file',
    server: 'root DIR; error_page 403 /page.html; location /x { return 403; }',
    target: '/x',
    status: 403,
    body: 'the page',
  },
  {
    name: 'an error page with a status that has no body',
    server: 'root DIR; error_page 403 =204 /page.html; location /x { return 403; }',
    target: '/x',
    status: 204,
    body: '',
    has: { 'content-length': null, 'content-type': null },
    isKept: true,
  },
  {
    name: 'an error page with the status of the page',
    server:
      'error_page 403 = /other; location /x { return 403; } location /other { return 201 "o"; }',
    target: '/x',
    status: 201,
    body: 'o',
  },
  {
    name: 'an error page that is asked for with GET',
    server:
      'error_page 403 =200 /other; location /x { return 403; } location /other { return 200 "$request_method"; }',
    target: '/x',
    method: 'DELETE',
    status: 200,
    body: 'GET',
  },
  {
    name: 'an error page under a name, with the method as it is',
    server:
      'error_page 403 =200 @other; location /x { return 403; } location @other { return 200 "$request_method $uri"; }',
    target: '/x/%61',
    method: 'DELETE',
    status: 200,
    body: 'DELETE /x/a',
  },
  {
    name: 'an error page that nobody knows the name of',
    server: 'error_page 403 @nobody; location /x { return 403; }',
    target: '/x',
    status: 500,
  },
  {
    name: 'an error page that comes to an error itself',
    server: 'error_page 403 /other; location /x { return 403; } location /other { return 410; }',
    target: '/x',
    status: 410,
  },
  {
    name: 'an error page elsewhere',
    server: 'error_page 403 http://b.test/sorry; location /x { return 403; }',
    target: '/x',
    status: 302,
    has: { location: 'http://b.test/sorry' },
  },
  {
    name: 'a host of proxy_pass that is none',
    server: 'location / { proxy_pass http://$arg_nothing; }',
    status: 500,
  },
  {
    name: 'a host of proxy_pass with a bad port',
    server: 'location / { proxy_pass http://$arg_a; }',
    target: '/?a=host:0',
    status: 500,
  },
  {
    name: 'a host of proxy_pass that somebody would have to resolve',
    server: 'location / { proxy_pass http://$arg_a; }',
    target: '/?a=somebody.test:8080',
    status: 502,
  },
]

async function answer(t: TestContext, row: Row): Promise<FakeConnection> {
  const fixture = await makeSnapshot(t, `server { listen 80; ${row.server} }`)
  writeFileSync(join(fixture.directory, 'page.html'), 'the page')
  const { target = '/', method = 'GET', fields = [], version = '1.1' } = row
  const request = requestTo(target, method, fields, version)
  const connection = await fixture.ask(
    row.hasNoHost === true ? request.replace('Host: a.test\r\n', '') : request,
  )
  assert.equal(fixture.snapshot.active, 0)
  return connection
}

describe('answers of our own', () => {
  for (const row of ROWS) {
    it(row.name, async t => {
      const connection = await answer(t, row)
      assert.equal(connection.status, row.status)
      for (const [name, value] of Object.entries(row.has ?? {}))
        assert.equal(connection.field(name), value, name)
      if (typeof row.body === 'string') assert.equal(connection.body, row.body)
      else if (row.body !== undefined) assert.match(connection.body, row.body)
      if (row.isKept !== undefined) assert.equal(connection.keptMs! > 0, row.isKept)
      const length = connection.field('content-length')
      if (row.method !== 'HEAD' && length !== null)
        assert.equal(connection.body.length, Number(length))
    })
  }

  for (const status of [444, 499, 408]) {
    it(`is no answer for ${status}: the connection is closed`, async t => {
      const fixture = await makeSnapshot(t, `server { listen 80; return ${status}; }`)
      const connection = await fixture.ask(requestTo('/'))
      assert.equal(connection.written, '')
      assert.equal(connection.cut, 'closed')
      assert.equal(connection.keptMs, null)
    })
  }

  it('ends a circle of redirects with 500 and a line in the log', async t => {
    const fixture = await makeSnapshot(
      t,
      'server { listen 80; root DIR; error_log DIR/errors; location / { try_files $uri /again; } }',
    )
    const connection = await fixture.ask(requestTo('/none'))
    assert.equal(connection.status, 500)
    assert.match(
      readFileSync(join(fixture.directory, 'errors'), 'utf8'),
      /redirection cycle while internally redirecting to "\/again", client: .*, request: "GET \/none /,
    )
  })

  it('is written once when the client leaves while a file is opened', async t => {
    const fixture = await makeSnapshot(t, 'server { listen 80; root DIR; }')
    mkdirSync(join(fixture.directory, 'd'))
    writeFileSync(join(fixture.directory, 'd/f'), 'content')
    const connection = await fixture.ask(requestTo('/d/f'), {
      onBegun: begun =>
        begun.flow?.onClientGone({ failure: 'client_gone', detail: 'left while it waited' }),
    })
    assert.equal(connection.written, '')
    assert.equal(connection.cut, 'closed')
    assert.equal(fixture.snapshot.active, 0)
  })
})
