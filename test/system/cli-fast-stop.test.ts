// TERM ends the process whatever its workers are doing: what watches it has given up on them by then.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { CONTROL_LIMITS } from '../../src/control/limits.ts'
import { makeDirectory, startProgram } from '../harness/program.ts'

const CRASHING = fileURLToPath(new URL('../harness/crashing-program.ts', import.meta.url))
const STUCK_WORKER = new URL('../harness/stuck-worker.ts', import.meta.url).href

const CONF = `
error_log stderr notice;
error_log e.log notice;
pid test.pid;
worker_processes 2;
events {}
http { access_log off; server { listen 127.0.0.1:0; location / { return 200 "alive"; } } }
`

/** What is generous on a busy machine, and far from for ever. */
const SLACK_MS = 5_000

describe('a fast stop', { timeout: 60_000 }, () => {
  const ROWS = [
    { name: 'spins', order: 'spin', code: 0 },
    { name: 'is stuck in a system call', order: 'fifo', code: null },
  ]
  for (const { name, order, code } of ROWS) {
    it(`comes to its end when a worker ${name}`, async t => {
      const directory = makeDirectory(t, { 'a.conf': CONF })
      assert.equal(spawnSync('mkfifo', [join(directory, 'fifo')]).status, 0)
      const program = startProgram(t, [join(directory, 'a.conf'), STUCK_WORKER], { main: CRASHING })
      await program.ready()
      writeFileSync(join(directory, 'order'), order)
      renameSync(join(directory, 'order'), join(directory, 'stick'))
      await Promise.all([program.says(/worker 0 sticks/), program.says(/worker 1 sticks/)])
      const startedMs = performance.now()
      program.child.kill('SIGTERM')
      const end = await program.ended
      const tookMs = performance.now() - startedMs
      assert.equal(end.code, code, end.stderr)
      const { stopGraceMs, terminateMs } = CONTROL_LIMITS
      assert.ok(tookMs < stopGraceMs + terminateMs + SLACK_MS, `${tookMs} ms`)
      assert.ok(!existsSync(join(directory, 'test.pid')))
      const log = readFileSync(join(directory, 'e.log'), 'utf8')
      assert.equal(
        log.includes('a worker is stuck in a system call'),
        code === null,
        `LOG ${log} ERR ${end.stderr}`,
      )
    })
  }
})
