// `headgate alive` and its script beside the running program: they follow what happens to it.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import { afterTest } from '../harness/after-test.ts'
import { makeDirectory, type Program, runProgram, startProgram } from '../harness/program.ts'
import { until } from './cache-proxy.ts'

interface Node {
  readonly program: Program
  readonly port: number
  readonly log: string
  readonly directory: string
  /** Of the script. */
  check(): { readonly status: number | null; readonly said: string }
  alive(...words: string[]): ReturnType<typeof runProgram>
  origin: { close(): void }
}

const CRASHING = fileURLToPath(new URL('../harness/crashing-program.ts', import.meta.url))
const STUCK_WORKER = new URL('../harness/stuck-worker.ts', import.meta.url).href

async function startNode(t: TestContext, isSticking = false): Promise<Node> {
  const origin = createServer((_, response) => response.end('fine'))
  await new Promise<void>(resolve => origin.listen(0, '127.0.0.1', resolve))
  const close = () => {
    origin.closeAllConnections()
    origin.close()
  }
  afterTest(t, close)
  const { port: peer } = origin.address() as AddressInfo
  const directory = makeDirectory(t)
  const file = join(directory, 'nginx.conf')
  writeFileSync(
    file,
    `worker_processes 2; error_log stderr notice; worker_shutdown_timeout 10s; events {}
http {
  access_log ${directory}/access.log;
  upstream app { server 127.0.0.1:${peer}; health_check interval=200ms fails=1 passes=1; zone app 64k; }
  server { listen 127.0.0.1:0; location / { proxy_pass http://app; } }
}
`,
  )
  const env = { XDG_RUNTIME_DIR: directory }
  const program = isSticking
    ? startProgram(t, [file, STUCK_WORKER], { env, main: CRASHING })
    : startProgram(t, ['run', '-c', file], { env })
  const { listen } = await program.ready()
  const script = join(directory, 'alive.sh')
  const made = await runProgram(['alive', '-c', file, '-u', 'app', '--script'], { env })
  assert.equal(made.code, 0, made.stderr)
  writeFileSync(script, made.stdout)
  return {
    program,
    port: Number(listen[0]!.split(':').at(-1)),
    log: join(directory, 'access.log'),
    directory,
    check: () => {
      const { status, stderr } = spawnSync('sh', [script], { encoding: 'utf8' })
      return { status, said: stderr }
    },
    alive: (...words) => runProgram(['alive', '-c', file, ...words], { env }),
    origin: { close },
  }
}

describe('headgate alive', { timeout: 60_000 }, () => {
  it('follows the peers, and leaves nothing in the access log', async t => {
    const node = await startNode(t)
    await until(() => node.check().status === 0, 'a node that can serve')
    assert.equal((await node.alive('-u', 'app')).code, 0)
    node.origin.close()
    await until(() => node.check().status === 1, 'a node without peers')
    assert.match(node.check().said, /no peer of app can be picked/)
    assert.match((await node.alive('-u', 'app')).stderr, /no peer of "app" can be picked/)
    // Without a group the node itself counts.
    assert.equal((await node.alive()).code, 0)
    assert.equal(spawnSync('cat', [node.log], { encoding: 'utf8' }).stdout, '')
  })

  it('says at once that the node drains', async t => {
    const node = await startNode(t)
    await until(() => node.check().status === 0, 'a node that can serve')
    // A request under way keeps it from ending.
    const client = connect(node.port, '127.0.0.1')
    afterTest(t, () => client.destroy())
    client.on('error', () => {})
    client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab')
    await node.program.tell('SIGQUIT', /gracefully shutting down/)
    await until(() => node.check().status === 1, 'a node that drains')
    assert.match(node.check().said, /it is draining/)
  })

  it('does not outlive the process, however that ends', async t => {
    const node = await startNode(t)
    await until(() => node.check().status === 0, 'a node that can serve')
    node.program.child.kill('SIGSTOP')
    await until(() => node.check().status === 1, 'a node that stands still')
    assert.match(node.check().said, /nothing was heard of/)
    node.program.child.kill('SIGCONT')
    await until(() => node.check().status === 0, 'a node that goes on')
    node.program.child.kill('SIGKILL')
    await node.program.ended
    await until(() => node.check().status === 1, 'a node that is gone')
    assert.equal((await node.alive()).code, 1)
  })

  it('sees a worker that stands still', async t => {
    const node = await startNode(t, true)
    await until(() => node.check().status === 0, 'a node that can serve')
    writeFileSync(join(node.directory, 'order'), 'spin')
    renameSync(join(node.directory, 'order'), join(node.directory, 'stick'))
    await until(() => node.check().status === 1, 'a node with a stuck worker')
    assert.match(node.check().said, /worker \d does not answer/)
  })

  it('is gone after a stop', async t => {
    const node = await startNode(t)
    await until(() => node.check().status === 0, 'a node that can serve')
    node.program.child.kill('SIGTERM')
    await node.program.ended
    assert.match(node.check().said, /does not run/)
    assert.match((await node.alive()).stderr, /it does not run/)
  })
})
