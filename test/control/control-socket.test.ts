// The socket itself, by its own kind of client and by ones that misbehave.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, lstatSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ControlSocket, OrderRefused } from '../../src/control/control-socket.ts'
import { CONTROL_LIMITS } from '../../src/control/limits.ts'
import { afterTest } from '../harness/after-test.ts'
import { makeDirectory } from '../harness/program.ts'

interface Bench {
  readonly directory: string
  readonly socket: ControlSocket
  readonly lines: string[]
  /** Ends an order that is under way. */
  readonly slow: PromiseWithResolvers<void>
}

function makeSocket(t: TestContext, directory = makeDirectory(t)): Bench {
  const lines: string[] = []
  const bench = { slow: Promise.withResolvers<void>() }
  const socket = new ControlSocket({
    routes: [
      { method: 'GET', path: '/status', answer: () => ({ hello: 'world' }) },
      {
        method: 'GET',
        path: '/broken',
        answer: () => {
          throw new Error('a mistake')
        },
      },
      {
        method: 'POST',
        path: '/order',
        obey: async order => {
          if (order === 'nonsense') throw new OrderRefused('that makes no sense')
          if (order === 'broken') throw new Error('a mistake')
          if (order === 'slow') await bench.slow.promise
          return { order }
        },
      },
    ],
    place: {
      configFile: '/etc/a.conf',
      env: { XDG_RUNTIME_DIR: directory },
      userId: process.getuid!(),
      runDirectory: join(directory, 'none'),
      temporaryDirectory: join(directory, 'none'),
    },
    log: (level, text) => lines.push(`[${level}] ${text}`),
  })
  afterTest(t, () => socket.close())
  return { directory, socket, lines, ...bench }
}

async function ask(socketPath: string, path: string, method = 'GET', body = 'a body') {
  const asking = request({ socketPath, path, method, agent: false })
  // What is refused half way is not read to its end.
  asking.on('error', () => {})
  asking.end(method === 'POST' ? body : undefined)
  const [answer] = await once(asking, 'response')
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += chunk
  const { statusCode, headers } = answer
  return { statusCode, headers, value: text === '' ? null : JSON.parse(text) }
}

describe('ControlSocket', () => {
  it('answers at the usual place, to its owner alone', async t => {
    const { socket, directory } = makeSocket(t)
    await socket.use(null)
    assert.match(socket.path!, new RegExp(`^${directory}/headgate/a\\.conf-[0-9a-f]{8}\\.sock$`))
    assert.equal(statSync(socket.path!).mode & 0o777, 0o600)
    const { statusCode, headers, value } = await ask(socket.path!, '/status?x=1')
    assert.equal(statusCode, 200)
    assert.equal(headers['content-type'], 'application/json')
    assert.deepEqual(value, { hello: 'world' })
  })

  it('refuses paths that it does not know, and other methods', async t => {
    const { socket, directory } = makeSocket(t)
    await socket.use(join(directory, 'a.sock'))
    const missing = await ask(socket.path!, '/other')
    assert.equal(missing.statusCode, 404)
    assert.deepEqual(missing.value.paths, ['/status', '/broken', '/order'])
    const wrong = await ask(socket.path!, '/status', 'POST')
    assert.equal(wrong.statusCode, 405)
    assert.equal(wrong.headers.allow, 'GET, HEAD')
    const head = await ask(socket.path!, '/status', 'HEAD')
    assert.deepEqual([head.statusCode, head.value], [200, null])
  })

  it('outlives a mistake in an answer', async t => {
    const { socket, directory, lines } = makeSocket(t)
    await socket.use(join(directory, 'a.sock'))
    assert.equal((await ask(socket.path!, '/broken')).statusCode, 500)
    assert.match(lines[0]!, /^\[alert\] control socket, \/broken: Error: a mistake/)
    assert.equal((await ask(socket.path!, '/status')).statusCode, 200)
  })

  it('takes orders, and answers when they are obeyed', async t => {
    const { socket, directory, slow } = makeSocket(t)
    await socket.use(join(directory, 'a.sock'))
    const order = (body: string) => ask(socket.path!, '/order', 'POST', body)
    assert.deepEqual((await order('{"a":[1]}')).value, { order: { a: [1] } })
    assert.deepEqual((await order('')).value, { order: null })
    let isOver = false
    const late = order('"slow"').finally(() => {
      isOver = true
    })
    assert.equal((await order('"other"')).statusCode, 200)
    assert.equal(isOver, false)
    slow.resolve()
    assert.deepEqual((await late).value, { order: 'slow' })
  })

  const ORDERS: { name: string; body: string; status: number; error: RegExp }[] = [
    { name: 'no JSON', body: '{all: true}', status: 400, error: /^the body is no JSON$/ },
    { name: 'no sense', body: '"nonsense"', status: 400, error: /^that makes no sense$/ },
    {
      name: 'a mistake of ours',
      body: '"broken"',
      status: 500,
      error: /^the answer could not be made; the error log has the reason$/,
    },
    {
      name: 'more than a key can be',
      body: JSON.stringify('x'.repeat(CONTROL_LIMITS.controlBodyBytesMax)),
      status: 413,
      error: /^the body is longer than 524288 bytes$/,
    },
  ]
  for (const { name, body, status, error } of ORDERS) {
    it(`answers ${status} to an order with ${name}`, async t => {
      const { socket, directory, lines } = makeSocket(t)
      await socket.use(join(directory, 'a.sock'))
      const { statusCode, value } = await ask(socket.path!, '/order', 'POST', body)
      assert.equal(statusCode, status)
      assert.match(value.error, error)
      assert.equal(lines.length, status === 500 ? 1 : 0)
      assert.equal((await ask(socket.path!, '/status')).statusCode, 200)
    })
  }

  it('does not read an order that comes by GET', async t => {
    const { socket, directory } = makeSocket(t)
    await socket.use(join(directory, 'a.sock'))
    const { statusCode, headers, value } = await ask(socket.path!, '/order')
    assert.deepEqual([statusCode, headers.allow], [405, 'POST'])
    assert.equal(value.error, '/order takes POST')
  })

  it('outlives a client that leaves in the middle of its order', async t => {
    const { socket, directory } = makeSocket(t)
    await socket.use(join(directory, 'a.sock'))
    const client = connect(socket.path!)
    await once(client, 'connect')
    client.write('POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"half')
    client.destroy()
    await once(client, 'close')
    assert.equal((await ask(socket.path!, '/status')).statusCode, 200)
  })

  it('has its files gone when it is closed', async t => {
    const { socket, directory } = makeSocket(t)
    const path = join(directory, 'a.sock')
    await socket.use(path)
    await socket.close()
    assert.equal(existsSync(path), false)
  })

  it('goes where another configuration wants it', async t => {
    const { socket, directory, lines } = makeSocket(t)
    await socket.use(join(directory, 'a.sock'))
    await socket.use(join(directory, 'b.sock'))
    assert.equal(existsSync(join(directory, 'a.sock')), false)
    assert.equal((await ask(join(directory, 'b.sock'), '/status')).statusCode, 200)
    await socket.use('')
    assert.equal(existsSync(join(directory, 'b.sock')), false)
    assert.equal(socket.path, null)
    await socket.use(null)
    assert.notEqual(socket.path, null)
    assert.deepEqual(lines, [])
  })

  it('stays on the same socket over a reload that changes nothing', async t => {
    const { socket, directory } = makeSocket(t)
    const path = join(directory, 'a.sock')
    await socket.use(path)
    const { ino } = lstatSync(path)
    await socket.use(path)
    assert.equal(lstatSync(path).ino, ino)
  })

  it('stays where it is when the new place cannot be had', async t => {
    const { socket, directory, lines } = makeSocket(t)
    const path = join(directory, 'a.sock')
    await socket.use(path)
    await socket.use(join(directory, 'none', 'b.sock'))
    assert.equal(socket.path, path)
    assert.equal((await ask(path, '/status')).statusCode, 200)
    assert.equal(lines.length, 1)
    assert.match(lines[0]!, /^\[warn\] bind\(\) to unix:.*none\/b\.sock failed/)
    assert.match(lines[0]!, /: it stays at .*a\.sock$/)
  })

  it('replaces the socket of a process that is dead', async t => {
    const { socket, directory } = makeSocket(t)
    const path = join(directory, 'a.sock')
    // Node removes the file at the end, as a process that is killed cannot.
    const dead = createServer().listen(path)
    await once(dead, 'listening')
    const kept = join(directory, 'kept.sock')
    const { linkSync } = await import('node:fs')
    linkSync(path, kept)
    dead.close()
    await once(dead, 'close')
    await socket.use(kept)
    assert.equal((await ask(kept, '/status')).statusCode, 200)
  })

  it('leaves the socket of a living process alone, and says so', async t => {
    const { socket, directory, lines } = makeSocket(t)
    const other = makeSocket(t, directory)
    const path = join(directory, 'a.sock')
    await other.socket.use(path)
    await socket.use(path)
    assert.equal(socket.path, null)
    assert.match(
      lines[0]!,
      /another process accepts connections on it: there is no control socket$/,
    )
    await socket.close()
    assert.equal((await ask(path, '/status')).statusCode, 200)
  })

  it('takes no file away that is no socket', async t => {
    const { socket, directory, lines } = makeSocket(t)
    const path = join(directory, 'a.sock')
    writeFileSync(path, 'mine')
    await socket.use(path)
    assert.equal(lstatSync(path).isFile(), true)
    assert.match(lines[0]!, /a file of this name that is no socket/)
  })

  it('leaves alone what another process has put in its place', async t => {
    const { socket, directory } = makeSocket(t)
    const other = makeSocket(t, directory)
    const path = join(directory, 'a.sock')
    await socket.use(path)
    rmSync(path)
    await other.socket.use(path)
    await socket.close()
    assert.equal((await ask(path, '/status')).statusCode, 200)
  })

  it('refuses a path that is too long for a socket', async t => {
    const { socket, directory, lines } = makeSocket(t)
    await socket.use(join(directory, 'x'.repeat(100)))
    assert.match(lines[0]!, /is longer than 103 bytes: there is no control socket$/)
  })

  it('has no more connections than its limit', async t => {
    const { socket, directory } = makeSocket(t)
    await socket.use(join(directory, 'a.sock'))
    const idle = Array.from({ length: CONTROL_LIMITS.controlConnectionsMax }, () =>
      connect(socket.path!),
    )
    afterTest(t, () => {
      for (const each of idle) each.destroy()
    })
    await Promise.all(idle.map(each => once(each, 'connect')))
    const late = connect(socket.path!)
    late.on('error', () => {})
    await once(late, 'close')
    idle[0]!.destroy()
    await once(idle[0]!, 'close')
  })

  it('refuses a head without an end', async t => {
    const { socket, directory } = makeSocket(t)
    await socket.use(join(directory, 'a.sock'))
    const client = connect(socket.path!)
    client.on('error', () => {})
    client.write(`GET /status HTTP/1.1\r\nx: ${'y'.repeat(20_000)}`)
    let text = ''
    client.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
    await once(client, 'close')
    assert.match(text, /^HTTP\/1\.1 431 /)
  })
})
