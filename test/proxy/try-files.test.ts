// What `try_files` does that the comparison with nginx in test/system cannot show: names that must not be looked for, and
// clients that leave while the disk works.

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { makeSnapshot, requestTo, type SnapshotFixture } from '../worker/snapshot-fixture.ts'

async function withFiles(t: TestContext, locations: string): Promise<SnapshotFixture> {
  const fixture = await makeSnapshot(
    t,
    `server { listen 80; root DIR/www; index index.html; ${locations} }`,
  )
  mkdirSync(join(fixture.directory, 'www/dir'), { recursive: true })
  writeFileSync(join(fixture.directory, 'secret'), 'secret')
  writeFileSync(join(fixture.directory, 'www/a'), 'content of a')
  writeFileSync(join(fixture.directory, 'www/index.html'), 'the start')
  writeFileSync(join(fixture.directory, 'www/dir/index.html'), 'index of dir')
  return fixture
}

describe('makeTryFiles', () => {
  const rows: readonly [string, string, string, number, string | RegExp][] = [
    [
      'takes the first path that is there',
      'try_files /none /a /index.html =404;',
      '/x',
      200,
      'content of a',
    ],
    ['falls back when none is there', 'try_files /none /nor-this =418;', '/x', 418, /teapot/],
    ['takes no directory for a file', 'try_files /dir =404;', '/x', 404, /404/],
    ['takes no file for a directory', 'try_files /a/ =404;', '/x', 404, /404/],
    ['does not leave the root', 'try_files /../secret =404;', '/x', 404, /404/],
    [
      'does not leave the root by an argument',
      'try_files /$arg_f =404;',
      '/x?f=../secret',
      404,
      /404/,
    ],
    [
      'does not leave the root by the root itself',
      'try_files $arg_f =404;',
      '/x?f=/..',
      404,
      /404/,
    ],
    ['goes to a path with arguments', 'try_files /none /b?x=$uri;', '/x', 200, '/b /x'],
    ['goes to a name', 'try_files /none @named;', '/x', 200, 'named /x'],
    ['answers 500 where nobody has the name', 'try_files /none @nobody;', '/x', 500, /500/],
  ]
  for (const [name, rule, target, status, body] of rows) {
    it(name, async t => {
      const fixture = await withFiles(
        t,
        `location / { ${rule} }
         location = /b { return 200 "$uri $arg_x"; }
         location @named { return 200 "named $uri"; }`,
      )
      const connection = await fixture.ask(requestTo(target))
      assert.equal(connection.status, status)
      if (typeof body === 'string') assert.equal(connection.body, body)
      else assert.match(connection.body, body)
    })
  }

  it('takes the root itself for a directory', async t => {
    const fixture = await withFiles(t, 'location = /x { try_files / =404; }')
    assert.equal((await fixture.ask(requestTo('/x'))).body, 'the start')
  })

  it('keeps the method on its way to another path', async t => {
    const fixture = await withFiles(
      t,
      'location / { try_files /none /b; } location = /b { return 200 "$request_method"; }',
    )
    assert.equal((await fixture.ask(requestTo('/x', 'DELETE'))).body, 'DELETE')
    assert.equal((await fixture.ask(requestTo('/x', 'HEAD'))).body, '')
  })

  it('answers nobody when the client has left meanwhile, and lets go of the connection', async t => {
    const fixture = await withFiles(t, 'location / { try_files /none /a =404; }')
    const connection = await fixture.ask(requestTo('/x'), {
      onBegun: begun => {
        assert.notEqual(begun.flow, null)
        begun.flow?.onClientGone({ failure: 'client_gone', detail: 'left' })
      },
    })
    assert.equal(connection.written, '')
    assert.equal(connection.cut, 'closed')
    assert.equal(fixture.snapshot.active, 0)
    // The search that still ran must not come back to it: another request is answered as ever.
    assert.equal((await fixture.ask(requestTo('/x'))).body, 'content of a')
  })

  it('does not listen to the client any more once it has found', async t => {
    const fixture = await withFiles(
      t,
      'location / { try_files /none @named; } location @named { return 200 "n"; }',
    )
    const connection = await fixture.ask(requestTo('/x'))
    assert.equal(connection.flow, null)
  })
})
