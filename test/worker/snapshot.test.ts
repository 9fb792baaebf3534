// A configuration compiled for one worker: which server and location of it answers, and what is given back when it ends.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { makeSnapshot, requestTo } from './snapshot-fixture.ts'

const hosted = (host: string, target = '/') => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`

describe('WorkerSnapshot', () => {
  it('has a table of servers for each address, each with its default server', async t => {
    const fixture = await makeSnapshot(
      t,
      `server { listen 127.0.0.1:81; server_name one.test; return 200 "one"; }
       server { listen 127.0.0.1:81 default_server; listen 82; server_name two.test; return 200 "two"; }
       server { listen 82; server_name three.test; return 200 "three"; }`,
    )
    const ask = async (address: string, host: string) =>
      (await fixture.ask(hosted(host), { address })).body
    assert.deepEqual([...fixture.snapshot.addresses.keys()].sort(), ['0.0.0.0:82', '127.0.0.1:81'])
    assert.equal(await ask('127.0.0.1:81', 'one.test'), 'one')
    assert.equal(await ask('127.0.0.1:81', 'two.test'), 'two')
    assert.equal(await ask('127.0.0.1:81', 'three.test'), 'two')
    assert.equal(await ask('0.0.0.0:82', 'three.test'), 'three')
    assert.equal(await ask('0.0.0.0:82', 'one.test'), 'two')
  })

  it('takes the limits of heads from the default server of an address', async t => {
    const { snapshot } = await makeSnapshot(
      t,
      `server { listen 81; client_header_buffer_size 2k; large_client_header_buffers 3 16k;
         client_header_timeout 7s; keepalive_timeout 8s; send_timeout 9s; lingering_close off;
         underscores_in_headers on; ignore_invalid_headers off; }
       server { listen 81; server_name b; client_header_buffer_size 1k; client_header_timeout 1s; }
       server { listen 82; lingering_time 11s; lingering_timeout 12s; }`,
    )
    assert.deepEqual(snapshot.addresses.get('0.0.0.0:81')?.limits, {
      head: {
        lineBytesMax: 16_384,
        fieldLineBytesMax: 16_384,
        headBytesMax: 2_048 + 3 * 16_384,
        fieldsMax: 1_000,
        allowUnderscores: true,
        ignoreInvalidFields: false,
      },
      headerTimeoutMs: 7_000,
      keepaliveTimeoutMs: 8_000,
      sendTimeoutMs: 9_000,
      lingeringTimeMs: 0,
      lingeringTimeoutMs: 5_000,
    })
    const other = snapshot.addresses.get('0.0.0.0:82')?.limits
    assert.equal(other?.lingeringTimeMs, 11_000)
    assert.equal(other?.lingeringTimeoutMs, 12_000)
  })

  it('returns what a server returns before it looks for a location', async t => {
    const fixture = await makeSnapshot(
      t,
      `server { listen 80; return 410; error_page 410 =200 @gone;
         location / { return 200 "never"; } location @gone { return 200 "gone: $uri"; } }`,
    )
    const connection = await fixture.ask(requestTo('/x'))
    assert.equal(connection.status, 200)
    assert.equal(connection.body, 'gone: /x')
  })

  it('knows its groups by name, with their peers in the order of the configuration', async t => {
    const { snapshot } = await makeSnapshot(
      t,
      `upstream a { server 127.0.0.1:9001 weight=3; server 127.0.0.1:9002 backup; server unix:/run/x; keepalive 5; }
       server { listen 80; location / { proxy_pass http://127.0.0.1:9003; } }`,
    )
    const group = snapshot.upstreams.get('a')
    assert.deepEqual(
      group?.peers.addresses.map(address => address.text),
      ['127.0.0.1:9001', '127.0.0.1:9002', 'unix:/run/x'],
    )
    assert.equal(snapshot.upstreams.get('127.0.0.1:9003')?.config.isImplicit, true)
    assert.equal(snapshot.upstreams.get('b'), undefined)
    assert.equal(snapshot.findDynamicUpstream('127.0.0.1:9004')?.config.name, '127.0.0.1:9004')
    assert.equal(snapshot.findDynamicUpstream('name.test'), null)
  })

  it('is released when it is retired and nobody uses it', async t => {
    const { snapshot } = await makeSnapshot(t, 'server { listen 80; return 200; }')
    let released = 0
    snapshot.retire(() => released++)
    assert.equal(released, 1)
  })

  it('is released with its last exchange, once', async t => {
    const fixture = await makeSnapshot(
      t,
      'server { listen 80; root DIR; location / { try_files /none =404; } }',
    )
    const { snapshot } = fixture
    let released = 0
    const answered = await fixture.ask(requestTo('/x'), {
      onBegun: () => {
        assert.equal(snapshot.active, 1)
        snapshot.retire(() => released++)
        assert.equal(released, 0)
      },
    })
    assert.equal(answered.status, 404)
    assert.equal(released, 1)
    assert.equal(snapshot.active, 0)
  })

  it('keeps no connection while the worker drains', async t => {
    const fixture = await makeSnapshot(t, 'server { listen 80; return 200 "x"; }')
    assert.ok((await fixture.ask(requestTo('/'))).keptMs! > 0)
    fixture.snapshot.isDraining = true
    const last = await fixture.ask(requestTo('/'))
    assert.equal(last.keptMs, 0)
    assert.equal(last.field('connection'), 'close')
  })

  it('says in one line which log it cannot open, and leaves none open', async t => {
    await assert.rejects(
      makeSnapshot(
        t,
        'server { listen 80; access_log DIR/a; location / { access_log DIR/none/b; } }',
      ),
      (error: Error) => {
        assert.match(error.message, /none\/b/)
        assert.doesNotMatch(error.message, /\n/)
        return true
      },
    )
  })

  it('is strict when the configuration says so', async t => {
    const strict = await isStrict(t, 'compat nginx/1.30 strict;')
    assert.deepEqual([strict, await isStrict(t, 'compat nginx/1.30;')], [true, false])
  })
})

async function isStrict(t: TestContext, main: string): Promise<boolean> {
  return (await makeSnapshot(t, 'server { listen 80; return 200; }', main)).snapshot.isStrict
}
