// What answers while every peer is down, with the real program and four workers: where the files come from, and that all
// workers agree.

import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ask, CountingOrigin } from '../harness/counting-origin.ts'
import { makeDirectory, runProgram, startProgram } from '../harness/program.ts'

const WORKERS = 4
/** Enough that every worker gets some. */
const REQUESTS = 24

function configuration(fallback: string, peers: readonly string[]): string {
  return `
workers: ${WORKERS}
access_log: off
error_log: { path: stderr, level: notice }
upstreams:
  app:
    fallback: ${fallback}
    peers: [${peers.map(peer => `"${peer}"`).join(', ')}]
servers:
  - listen: 127.0.0.1:0
    proxy: { upstream: app }
`
}

async function start(t: TestContext, fallback: string, peers: readonly string[]) {
  const directory = makeDirectory(t, {
    'site.yaml': configuration(fallback, peers),
    'sorry.html': '<p>back soon</p>',
  })
  const file = join(directory, 'site.yaml')
  const program = startProgram(t, ['run', '-c', file])
  const { listen } = await program.ready()
  const askMany = async () => {
    const answers = []
    for (let i = 0; i < REQUESTS; i++) answers.push(await ask(listen[0]!))
    return answers
  }
  return { directory, file, program, askMany }
}

describe('fallback', { timeout: 60_000 }, () => {
  it('is another address as long as no peer is there, for every worker', async t => {
    const [a, b, stand] = await Promise.all(
      ['A', 'B', 'stand-in'].map(name => CountingOrigin.open(t, name)),
    )
    const { askMany } = await start(t, stand!.address, [a!.address, b!.address])
    for (const origin of [a!, b!]) origin.close()
    for (const { status, body } of await askMany()) {
      assert.equal(status, 200)
      assert.equal(body, 'stand-in')
    }
  })

  it('is a page that needs no file once the configuration is taken', async t => {
    const gone = await CountingOrigin.open(t, 'gone')
    gone.close()
    const page = '{ page: sorry.html, retry_after: 30s }'
    const { directory, file, program, askMany } = await start(t, page, [gone.address])
    rmSync(join(directory, 'sorry.html'))
    for (const { status, body, headers } of await askMany()) {
      assert.equal(status, 503)
      assert.equal(body, '<p>back soon</p>')
      assert.equal(headers['content-type'], 'text/html')
      assert.equal(headers['retry-after'], '30')
    }
    // A reload wants it again: what serves goes on.
    await program.tell('SIGHUP', /open\(\) ".*sorry\.html" failed .* in .*site\.yaml:7:23/)
    for (const { body } of await askMany()) assert.equal(body, '<p>back soon</p>')
    writeFileSync(join(directory, 'sorry.html'), 'other')
    writeFileSync(file, configuration(page, [gone.address]))
    await program.tell('SIGHUP', / reloaded: /)
    for (const { body } of await askMany()) assert.equal(body, 'other')
  })

  it('is looked at by a check: a page that is missing, a name that nobody has', async t => {
    const page = '{ page: none.html }'
    const directory = makeDirectory(t, {
      'site.yaml': configuration(page, ['127.0.0.1:1']),
      'nginx.conf': `compat nginx/1.30 strict;
events { }
http {
  upstream app { server 127.0.0.1:1; fallback nobody.invalid; }
}
`,
    })
    const yaml = await runProgram(['check', '-c', join(directory, 'site.yaml')])
    assert.equal(yaml.code, 1)
    assert.match(
      yaml.stdout + yaml.stderr,
      /site\.yaml:7:23: error: open\(\) ".*none\.html" failed/,
    )
    const nginx = await runProgram(['check', '-c', join(directory, 'nginx.conf')])
    assert.equal(nginx.code, 1)
    assert.match(
      nginx.stdout + nginx.stderr,
      /nginx\.conf:4:38: error: host not found in upstream "nobody\.invalid"/,
    )
  })
})
