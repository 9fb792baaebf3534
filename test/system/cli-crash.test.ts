// A worker that dies takes nothing with it but its own connections.

import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { askOnce, connectClient, get } from '../harness/client.ts'
import { getOnce } from '../harness/get-once.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import { makeDirectory, startProgram } from '../harness/program.ts'

const CRASHING = fileURLToPath(new URL('../harness/crashing-program.ts', import.meta.url))

const CONF = `
error_log stderr notice;
worker_processes 2;
events {}
http {
  access_log off;
  server { listen LISTEN; location / { return 200 "alive"; } }
}
`

describe('a worker that dies', { timeout: 60_000 }, () => {
  for (const worker of [0, 1]) {
    it(`is replaced on its port: worker ${worker}`, async t => {
      const directory = makeDirectory(t, { 'a.conf': CONF.replace('LISTEN', '127.0.0.1:0') })
      const file = join(directory, 'a.conf')
      const program = startProgram(t, [file], { main: CRASHING })
      const { listen } = await program.ready()
      writeFileSync(join(directory, `die-${worker}`), '')
      await program.says(new RegExp(`\\[alert\\] .*worker ${worker} died: Error: died as told`))
      await program.says(new RegExp(`worker ${worker} serves again`))
      const answers = await Promise.all(Array.from({ length: 12 }, () => getOnce(listen[0]!)))
      assert.deepEqual(new Set(answers), new Set(['200 alive']))
      assert.equal(program.child.exitCode, null)
      program.child.kill('SIGQUIT')
      assert.equal((await program.ended).code, 0)
    })
  }

  it('holds no place at a peer any more', async t => {
    const origin = await startOrigin(t)
    const directory = makeDirectory(t, {
      'a.conf': CONF.replace('LISTEN', '127.0.0.1:0')
        .replace('return 200 "alive"', 'proxy_pass http://one')
        .replace('http {', `http { upstream one { server ${origin.address} max_conns=1; }`),
    })
    const program = startProgram(t, [join(directory, 'a.conf')], { main: CRASHING })
    const { listen } = await program.ready()
    const port = Number(listen[0]!.split(':')[1])
    const lost = await connectClient(t, port)
    await lost.send(get('/'))
    await origin.accept()
    // The one place is taken, whichever worker is asked.
    for (let round = 0; round < 8; round++)
      assert.equal((await askOnce(t, port, get('/'))).status, 502)
    for (const worker of [0, 1]) {
      writeFileSync(join(directory, `die-${worker}`), '')
      await program.says(new RegExp(`worker ${worker} serves again`))
    }
    await lost.when(() => lost.isOver, 'the end of the connection that the worker had')
    const client = await connectClient(t, port)
    await client.send(get('/'))
    await (await origin.accept()).send(ok('free again'))
    assert.equal((await client.response()).status, 200)
  })

  it('is replaced on its unix socket', async t => {
    const directory = makeDirectory(t)
    const path = join(directory, 'socket')
    writeFileSync(join(directory, 'a.conf'), CONF.replace('LISTEN', `unix:${path}`))
    const program = startProgram(t, [join(directory, 'a.conf')], { main: CRASHING })
    const { listen } = await program.ready()
    writeFileSync(join(directory, 'die-0'), '')
    await program.says(/worker 0 serves again/)
    assert.equal(await getOnce(listen[0]!), '200 alive')
    program.child.kill('SIGTERM')
    await program.ended
    assert.ok(!existsSync(path))
  })
})
