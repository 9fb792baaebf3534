// What must cost no request: the death of an origin, and a reload, both while clients keep asking.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { afterTest } from '../harness/after-test.ts'
import { load } from '../harness/load.ts'
import { makeDirectory, startProgram } from '../harness/program.ts'
import { RealNginx, withoutNginx } from '../harness/real-nginx.ts'

function configuration(ports: readonly number[], workers: number): string {
  return `
worker_processes ${workers};
events { worker_connections 1024; }
http {
  access_log off;
  error_log stderr;
  upstream origins {
    ${ports.map(port => `server 127.0.0.1:${port};`).join(' ')}
    keepalive 16;
  }
  server { listen 127.0.0.1:0; location / { proxy_pass http://origins; } }
}
`
}

describe('under load', { skip: withoutNginx(), timeout: 120_000 }, () => {
  it('loses no request when an origin is killed', async t => {
    const origins = await Promise.all([
      RealNginx.start({ a: 'one' }),
      RealNginx.start({ a: 'two' }),
    ])
    afterTest(t, () => Promise.all(origins.map(origin => origin.end())))
    const directory = makeDirectory(t, {
      'nginx.conf': configuration(
        origins.map(each => each.port),
        2,
      ),
    })
    const program = startProgram(t, ['run', '-p', directory, '-c', join(directory, 'nginx.conf')])
    const { listen } = await program.ready()
    const result = await load(`http://${listen[0]}/a`, 6000, 32, () => origins[0]!.kill())
    t.diagnostic(`an origin killed: ${result.text}`)
    assert.deepEqual([result.good, result.bad], [6000, 0])
  })

  it('loses no request when the configuration is reloaded, also to another origin', async t => {
    const origins = await Promise.all([
      RealNginx.start({ a: 'one' }),
      RealNginx.start({ a: 'two' }),
    ])
    afterTest(t, () => Promise.all(origins.map(origin => origin.end())))
    const file = join(
      makeDirectory(t, { 'nginx.conf': configuration([origins[0]!.port], 2) }),
      'nginx.conf',
    )
    const program = startProgram(t, ['run', '-p', join(file, '..'), '-c', file])
    const { listen } = await program.ready()
    const result = await load(`http://${listen[0]}/a`, 9000, 32, async () => {
      writeFileSync(file, configuration([origins[1]!.port], 2))
      for (let i = 0; i < 3; i++) await program.tell('SIGHUP', /reload/i)
    })
    t.diagnostic(`reloaded: ${result.text}`)
    assert.deepEqual([result.good, result.bad], [9000, 0])
    assert.equal(await (await fetch(`http://${listen[0]}/a`)).text(), 'two')
  })

  it('keeps serving the old configuration when the new one has a mistake', async t => {
    const origin = await RealNginx.start({ a: 'one' })
    afterTest(t, () => origin.end())
    const file = join(
      makeDirectory(t, { 'nginx.conf': configuration([origin.port], 1) }),
      'nginx.conf',
    )
    const program = startProgram(t, ['run', '-p', join(file, '..'), '-c', file])
    const { listen } = await program.ready()
    writeFileSync(file, configuration([origin.port], 1).replace('proxy_pass', 'proxy_pas'))
    await program.tell('SIGHUP', /unknown directive "proxy_pas"/)
    assert.equal(await (await fetch(`http://${listen[0]}/a`)).text(), 'one')
  })
})
