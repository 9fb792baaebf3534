// What the steps of `rewrite` do that the comparison with nginx in test/system cannot show: clients that leave while the
// disk is asked, files that cannot be looked at, and circles through named locations.

import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { makeSnapshot, requestTo } from '../worker/snapshot-fixture.ts'

describe('rewritePhase', () => {
  it('answers nobody when the client has left meanwhile, and lets go of the connection', async t => {
    const fixture = await makeSnapshot(
      t,
      'server { listen 80; location / { if (-f DIR/none) { return 200 "there"; } return 200 "not there"; } }',
    )
    const connection = await fixture.ask(requestTo('/x'), {
      onBegun: begun => {
        assert.notEqual(begun.flow, null)
        begun.flow?.onClientGone({ failure: 'client_gone', detail: 'left' })
      },
    })
    assert.equal(connection.written, '')
    assert.equal(connection.cut, 'closed')
    assert.equal(fixture.snapshot.active, 0)
    const next = await fixture.ask(requestTo('/x'))
    assert.equal(next.body, 'not there')
    assert.equal(next.flow, null)
  })

  it('lets a client leave that waits for the steps of its server', async t => {
    const fixture = await makeSnapshot(
      t,
      'server { listen 80; if (-f DIR/none) { return 403; } location / { return 200 "l"; } }',
    )
    const connection = await fixture.ask(requestTo('/x'), {
      onBegun: begun => begun.flow?.onClientGone({ failure: 'client_gone', detail: 'left' }),
    })
    assert.equal(connection.written, '')
    assert.equal(fixture.snapshot.active, 0)
    assert.equal((await fixture.ask(requestTo('/x'))).body, 'l')
  })

  it('asks the disk for one file after the other, in a server and in a location', async t => {
    const fixture = await makeSnapshot(
      t,
      `server { listen 80; set $a ""; set $b "";
        if (-f DIR/one) { set $a 1; } if (-d DIR/two) { set $a "\${a}2"; }
        location / { if (-e DIR/one) { set $b 1; } if (!-e DIR/none) { set $b "\${b}2"; } return 200 "$a $b"; } }`,
    )
    writeFileSync(join(fixture.directory, 'one'), '')
    mkdirSync(join(fixture.directory, 'two'))
    assert.equal((await fixture.ask(requestTo('/'))).body, '12 12')
  })

  it('takes what cannot be looked at for missing', async t => {
    const fixture = await makeSnapshot(
      t,
      'server { listen 80; location / { if (-f DIR/loop) { return 200 "there"; } return 200 "not there"; } }',
    )
    symlinkSync(join(fixture.directory, 'loop'), join(fixture.directory, 'loop'))
    assert.equal((await fixture.ask(requestTo('/'))).body, 'not there')
  })

  it('ends a circle of named locations and rewrites', async t => {
    const fixture = await makeSnapshot(
      t,
      `server { listen 80; location / { try_files /none @a; } location @a { rewrite ^ /x last; } }`,
    )
    assert.equal((await fixture.ask(requestTo('/'))).status, 500)
  })

  it('finds no location of a server for what its steps answer', async t => {
    const fixture = await makeSnapshot(
      t,
      `server { listen 80; add_header X-Level server always; set $x 1; if ($arg_x) { return 403; }
        location / { add_header X-Level location always; return 200 "l"; } }`,
    )
    const refused = await fixture.ask(requestTo('/?x=1'))
    assert.equal(refused.status, 403)
    assert.match(refused.written, /X-Level: server/)
    assert.match((await fixture.ask(requestTo('/'))).written, /X-Level: location/)
  })
})
