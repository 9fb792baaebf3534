// A worker that dies takes nothing with it but its own connections.

import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { getOnce } from '../harness/get-once.ts'
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
