// What happens when no more clients fit: at `worker_connections` as nginx does it, and when the process may open no
// more files. In both cases requests under way are not harmed, and the service goes on when there is room again.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'

import { type Client, connectClient, get } from '../harness/client.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { makeDirectory, type Program, startProgram } from '../harness/program.ts'

interface Setting {
  readonly program: Program
  readonly origin: Origin
  readonly port: number
}

async function start(t: TestContext, connectionsMax: number, limit?: number): Promise<Setting> {
  const origin = await startOrigin(t)
  const directory = makeDirectory(t, {
    'a.conf': `
error_log stderr notice;
worker_processes 1;
events { worker_connections ${connectionsMax}; }
http {
  access_log off;
  server {
    listen 127.0.0.1:0;
    location / { return 200 "here"; }
    location /slow { proxy_pass http://${origin.address}; }
  }
}
`,
  })
  const options = limit === undefined ? {} : { openFilesMax: limit }
  const program = startProgram(t, ['run', 'a.conf'], { cwd: directory, ...options })
  const { listen } = await program.ready()
  return { program, origin, port: Number(listen[0]!.split(':')[1]) }
}

/** A client whose request waits for the origin. */
async function startBusy(t: TestContext, { port }: Setting): Promise<Client> {
  const client = await connectClient(t, port)
  await client.send(get('/slow'))
  return client
}

async function assertAnswered(client: Client, target = '/'): Promise<void> {
  assert.equal((await client.ask(get(target))).status, 200)
}

const lines = (program: Program, level: string) =>
  program.stderr.split('\n').filter(line => line.includes(`[${level}]`))

describe('worker_connections', { timeout: 60_000 }, () => {
  it('closes the oldest idle connection for a new client', async t => {
    const setting = await start(t, 2)
    const first = await connectClient(t, setting.port)
    await assertAnswered(first)
    const second = await connectClient(t, setting.port)
    await assertAnswered(second)
    const third = await connectClient(t, setting.port)
    await assertAnswered(third)
    await first.when(() => first.isOver, 'the end of the first connection')
    await assertAnswered(second)
    assert.match(
      lines(setting.program, 'warn').join('\n'),
      /: 2 worker_connections are not enough, reusing connections$/,
    )
  })

  it('refuses a new client while all are busy, and takes one when they are not', async t => {
    const setting = await start(t, 2)
    const clients = [await startBusy(t, setting), await startBusy(t, setting)]
    const peers = [await setting.origin.accept(), await setting.origin.accept()]
    const refused = await connectClient(t, setting.port)
    await refused.when(() => refused.isOver, 'the end of the refused connection')
    assert.equal(refused.bytesReceived, 0)
    await setting.program.says(/\[alert\] .*: 2 worker_connections are not enough\n/)
    for (const peer of peers) await peer.send(ok('late'))
    for (const client of clients) assert.equal((await client.response()).status, 200)
    await assertAnswered(await connectClient(t, setting.port))
  })
})

describe('the limit of open files', { timeout: 60_000 }, () => {
  it('is warned of at the start when worker_connections pass it', async t => {
    const { program } = await start(t, 500, 100)
    const expected = /: 500 worker_connections in 1 workers exceed open file resource limit: 100$/
    assert.match(lines(program, 'warn').join('\n'), expected)
  })

  it('refuses new clients before it is reached, and harms nobody who is served', async t => {
    const setting = await start(t, 50, 90)
    const clients: Client[] = []
    let accepting = setting.origin.accept()
    for (;;) {
      const client = await startBusy(t, setting)
      const isOver = client.when(() => client.isOver, 'its end', true).then(() => true)
      const isRefused = await Promise.race([isOver, accepting.then(() => false)])
      if (isRefused) break
      clients.push(client)
      accepting = setting.origin.accept()
    }
    // Nobody came to the origin any more.
    accepting.catch(() => {})
    assert.ok(clients.length >= 3, `${clients.length} clients`)
    const [failure] = await setting.program.says(/\[crit\].*\n/)
    assert.match(failure, /accept4\(\) failed \(24: Too many open files\): 90 open files are not/)
    for (const connection of setting.origin.connections) await connection.send(ok('late'))
    for (const client of clients) assert.equal((await client.response()).status, 200)
    assert.deepEqual(lines(setting.program, 'alert'), [])
    for (const client of clients) client.destroy()
    // The program sees the ends in its own time: until then it refuses.
    for (;;) {
      const client = await connectClient(t, setting.port)
      const isAnswered = client.send(get('/')).then(() => client.response())
      if (await isAnswered.then(({ status }) => status === 200).catch(() => false)) break
      assert.ok(client.isOver)
    }
  })
})
