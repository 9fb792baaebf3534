// A mistake in the main thread ends the process, and nothing of it stays behind.

import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { makeDirectory, startProgram } from '../harness/program.ts'

const CRASHING = fileURLToPath(new URL('../harness/crashing-main.ts', import.meta.url))

const CONF = `
error_log stderr notice;
worker_processes 1;
events {}
http {
  access_log off;
  upstream app { server 127.0.0.1:9; health_check type=external command=DIRECTORY/deaf.sh timeout=60s mandatory; }
  server { listen 127.0.0.1:0; location / { proxy_pass http://app; } }
}
`

/** Runs, and is no corpse that somebody has yet to ask after. */
function isRunning(pid: string): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setImmediate(resolve))
}

describe('a crash of the main thread', { timeout: 60_000 }, () => {
  it('ends programs of checks that are deaf, and shows its stack once', async t => {
    const directory = makeDirectory(t)
    const said = join(directory, 'pid')
    writeFileSync(join(directory, 'a.conf'), CONF.replace('DIRECTORY', directory))
    writeFileSync(
      join(directory, 'deaf.sh'),
      `#!/bin/sh\ntrap '' TERM\nsleep 60 & echo $! $$ > ${said}.new\nmv ${said}.new ${said}\nwait\n`,
    )
    chmodSync(join(directory, 'deaf.sh'), 0o755)
    const crashFile = join(directory, 'crash')
    const program = startProgram(t, ['run', '-c', join(directory, 'a.conf')], {
      main: CRASHING,
      env: { CRASH_FILE: crashFile },
    })
    await program.ready()
    await until(() => existsSync(said))
    const pids = readFileSync(said, 'utf8').trim().split(' ')
    assert.deepEqual(pids.map(isRunning), [true, true])
    writeFileSync(crashFile, '')
    const { code, stderr } = await program.ended
    assert.equal(code, 1)
    assert.match(stderr, /\[emerg\] .*crashed: Error: died as told\n/)
    assert.match(stderr, /crashed, this is a mistake in the program: Error: died as told\n/)
    assert.equal(stderr.match(/crashing-main\.ts:\d+/g)?.length, 1, stderr)
    await until(() => !pids.some(isRunning))
  })
})
