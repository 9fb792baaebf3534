// `proxy_store`: a response becomes a file, and whatever happens to the client or the disk in the meantime, the other one
// does not notice.

import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { askOnce, connectClient, get, request } from '../harness/client.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import {
  type ConfParts,
  filesLeft,
  openFiles,
  startProxy,
  type TestProxy,
} from '../harness/proxy.ts'
import { fieldOf } from '../harness/raw-message.ts'

const SIZE = 8_000_000
const PATIENCE_MS = 5_000

/** Every path goes to the origin; `/files/` looks for a file first. */
function storing(address: string, location = ''): ConfParts {
  const store = `proxy_store on; ${location}`
  return {
    http: `upstream peers { server ${address}; keepalive 4; } root DIR/data;
      proxy_http_version 1.1; proxy_set_header Connection "";`,
    server: `location / { proxy_pass http://peers; ${store} }
      location /files/ { error_page 404 = @fetch; log_not_found off; }
      location @fetch { internal; proxy_pass http://peers; ${store} }`,
  }
}

function fileOf(proxy: TestProxy, name: string): string {
  return join(proxy.directory, 'data', name)
}

/** Waits for a file that follows its answer. */
async function whenThere(proxy: TestProxy, name: string): Promise<Buffer> {
  const path = fileOf(proxy, name)
  const until = performance.now() + PATIENCE_MS
  while (!existsSync(path) && performance.now() < until) await proxy.holdings()
  return readFileSync(path)
}

async function assertOver(proxy: TestProxy): Promise<void> {
  const until = performance.now() + PATIENCE_MS
  let exchanges = Number.POSITIVE_INFINITY
  while (exchanges !== 0 && performance.now() < until)
    exchanges = (await proxy.holdings()).exchanges
  assert.equal(exchanges, 0, 'exchanges that still run')
}

/** Waits until everything is over, and wants nothing left in the directory for temporary files. */
async function assertAtRest(proxy: TestProxy): Promise<void> {
  await assertOver(proxy)
  const until = performance.now() + PATIENCE_MS
  const left = () => readdirSync(join(proxy.directory, 'responses'))
  while (left().length > 0 && performance.now() < until) await proxy.holdings()
  assert.deepEqual(left(), [])
}

function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 8 <= size; at += 8) bytes.writeUInt32BE(at / 8, at)
  return bytes
}

describe('proxy_store', () => {
  it('serves from the file what it has fetched once', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('hello', 'Last-Modified: Mon, 02 Jan 2012 03:04:05 GMT'))
    const proxy = await startProxy(t, storing(origin.address))
    const first = await askOnce(t, proxy.port, get('/files/a/b.txt'))
    assert.equal(String(first.body), 'hello')
    await whenThere(proxy, 'files/a/b.txt')
    const second = await askOnce(t, proxy.port, get('/files/a/b.txt', 'Range: bytes=1-2'))
    assert.deepEqual([second.status, String(second.body)], [206, 'el'])
    assert.equal(fieldOf(second, 'last-modified'), 'Mon, 02 Jan 2012 03:04:05 GMT')
    assert.equal(origin.requests.length, 1)
    await assertAtRest(proxy)
  })

  it('keeps the connections of both sides', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) => ok(start.split(' ')[1]!))
    const proxy = await startProxy(t, storing(origin.address))
    const client = await connectClient(t, proxy.port)
    for (const path of ['/a', '/b', '/a']) {
      assert.equal(String((await client.ask(get(path))).body), path)
    }
    assert.equal(String((await client.ask(request('POST', '/c', 'abc'))).body), '/c')
    assert.equal(origin.connections.length, 1)
    for (const name of ['a', 'b', 'c'])
      assert.equal(String(await whenThere(proxy, name)), `/${name}`)
    await assertAtRest(proxy)
  })

  it('does not hold the peer back for a slow client, who gets every byte', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, storing(origin.address))
    const client = await connectClient(t, proxy.port, { isPaused: true })
    await client.send(get('/large'))
    const peer = await origin.accept()
    await peer.request()
    const bytes = pattern(SIZE)
    const before = await proxy.leastMemory()
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`, bytes)
    assert.ok((await whenThere(proxy, 'large')).equals(bytes))
    assert.ok((await proxy.leastMemory()) - before < 6_000_000)
    client.socket.resume()
    assert.ok((await client.response()).body.equals(bytes))
    client.destroy()
    await assertAtRest(proxy)
  })

  for (const moment of ['before the answer', 'in the middle of it'] as const) {
    it(`goes on when the client leaves ${moment}`, async t => {
      const origin = await startOrigin(t)
      const proxy = await startProxy(t, storing(origin.address))
      const before = openFiles()
      const client = await connectClient(t, proxy.port)
      await client.send(get('/left'))
      const peer = await origin.accept()
      await peer.request()
      const bytes = pattern(SIZE)
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`
      if (moment === 'in the middle of it') {
        await peer.send(head, bytes.subarray(0, 100_000))
        await client.when(() => client.bytesReceived > 50_000, 'some of the body')
      }
      client.reset()
      while ((await proxy.log()).length === 0) await proxy.holdings()
      if (moment === 'in the middle of it') await peer.send(bytes.subarray(100_000))
      else await peer.send(head, bytes)
      assert.ok((await whenThere(proxy, 'left')).equals(bytes))
      peer.end()
      await assertAtRest(proxy)
      peer.destroy()
      assert.ok((await filesLeft(before)) <= before)
    })
  }

  it('gives two clients of one path a whole answer each, and leaves one whole file', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, storing(origin.address))
    const clients = await Promise.all([1, 2].map(() => connectClient(t, proxy.port)))
    const bodies = [pattern(300_000), pattern(200_000)]
    for (const client of clients) await client.send(get('/both'))
    const peers = [await origin.accept(), await origin.accept()]
    for (const [index, peer] of peers.entries()) {
      await peer.request()
      await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${bodies[index]!.length}\r\n\r\n`)
    }
    for (const half of [0, 1]) {
      for (const [index, peer] of peers.entries()) {
        const body = bodies[index]!
        const middle = body.length / 2
        await peer.send(half === 0 ? body.subarray(0, middle) : body.subarray(middle))
      }
    }
    const answers = await Promise.all(clients.map(client => client.response()))
    const lengths = answers.map(({ body }) => body.length).sort()
    assert.deepEqual(lengths, [200_000, 300_000])
    await assertAtRest(proxy)
    const file = readFileSync(fileOf(proxy, 'both'))
    assert.ok(bodies.some(body => body.equals(file)))
  })

  it('replaces the file that is there, and nothing else', async t => {
    const origin = await startOrigin(t)
    let count = 0
    origin.answerWith(() => (count++ === 1 ? ok('broken').replace('200', '500') : ok(`${count}`)))
    const proxy = await startProxy(t, storing(origin.address))
    for (const content of ['1', '1', '3']) {
      await askOnce(t, proxy.port, get('/again'))
      await assertAtRest(proxy)
      assert.equal(String(await whenThere(proxy, 'again')), content)
    }
  })

  it('stores the answer of the peer that gave one', async t => {
    const broken = await startOrigin(t)
    const good = await startOrigin(t)
    broken.answerWith(() => ok('broken').replace('200', '500'))
    good.answerWith(() => ok('good'))
    const conf = storing(
      `${broken.address}; server ${good.address} backup`,
      'proxy_next_upstream http_500;',
    )
    const proxy = await startProxy(t, conf)
    assert.equal(String((await askOnce(t, proxy.port, get('/tried'))).body), 'good')
    assert.equal(String(await whenThere(proxy, 'tried')), 'good')
  })

  it('passes trailers on', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(
      () =>
        'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n',
    )
    const proxy = await startProxy(t, storing(origin.address, 'proxy_pass_trailers on;'))
    const answer = await askOnce(t, proxy.port, get('/trailers'))
    assert.deepEqual([String(answer.body), answer.trailers], ['abc', ['X-Sum: 7']])
    assert.equal(String(await whenThere(proxy, 'trailers')), 'abc')
  })

  it('keeps the configuration that it began with until the file is there', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, storing(origin.address))
    const client = await connectClient(t, proxy.port)
    await client.send(get('/reloaded'))
    const peer = await origin.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n', 'ab')
    await client.when(() => client.bytesReceived > 0, 'the head')
    client.reset()
    while ((await proxy.log()).length === 0) await proxy.holdings()
    const old = proxy.generation.number
    await proxy.reload(storing(origin.address, 'proxy_read_timeout 7s;'))
    assert.ok(!proxy.released.includes(old))
    await peer.send('cd')
    assert.equal(String(await whenThere(proxy, 'reloaded')), 'abcd')
    await proxy.whenReleased(old)
  })
})

describe('proxy_store, what is not stored', () => {
  const CUTS = [
    ['with a length', 'Content-Length: 300000', (bytes: Buffer) => bytes],
    [
      'in chunks',
      'Transfer-Encoding: chunked',
      (bytes: Buffer) => Buffer.concat([Buffer.from('30d40\r\n'), bytes, Buffer.from('\r\n')]),
    ],
  ] as const
  for (const [name, line, encode] of CUTS) {
    it(`leaves nothing of a body that is cut (${name}), and the client sees the cut`, async t => {
      const origin = await startOrigin(t)
      origin.run(async peer => {
        await peer.request()
        await peer.send(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`, encode(pattern(200_000)))
        peer.end()
      })
      const proxy = await startProxy(t, storing(origin.address))
      const answer = await askOnce(t, proxy.port, get('/cut'))
      assert.deepEqual([answer.status, answer.isWhole], [200, false])
      await assertAtRest(proxy)
      assert.ok(!existsSync(fileOf(proxy, 'cut')))
    })
  }

  const PATHS = [
    ['that leads upwards', 'DIR/data$arg_x', '/?x=/a/../../escaped', /cannot store a response as/],
    ['that is empty', '$arg_x', '/', /cannot store a response as/],
    ['that is a directory', 'DIR/data$uri', '/a/', /cannot store a response as/],
  ] as const
  for (const [name, path, target, line] of PATHS) {
    it(`makes no file of a name ${name}, and says so`, async t => {
      const origin = await startOrigin(t)
      origin.answerWith(() => ok('hello'))
      const server = `location / { proxy_pass http://${origin.address}; proxy_store ${path}; }`
      const proxy = await startProxy(t, { server })
      assert.equal(String((await askOnce(t, proxy.port, get(target))).body), 'hello')
      await assertAtRest(proxy)
      assert.match(await proxy.errors(), line)
      assert.ok(!existsSync(fileOf(proxy, '')) && !existsSync(join(proxy.directory, 'escaped')))
    })
  }
})

describe('proxy_store, on a disk that fails', () => {
  const DISKS: readonly {
    readonly name: string
    readonly break: (directory: string) => void
    readonly line: RegExp
  }[] = [
    {
      name: 'no directory for temporary files',
      break: directory => {
        rmSync(join(directory, 'responses'), { recursive: true })
        writeFileSync(join(directory, 'responses'), 'a file')
      },
      line: /crit.* open\(\) ".*" failed \(20: Not a directory\) while storing ".*data\/large"/,
    },
    {
      name: 'a file where a directory would be',
      break: directory => writeFileSync(join(directory, 'data'), 'a file'),
      line: /crit.* rename\(\) ".*" failed \(20: Not a directory\) while storing ".*data\/large"/,
    },
    {
      name: 'a directory where the file would be',
      break: directory => mkdirSync(join(directory, 'data/large/x'), { recursive: true }),
      line: /crit.* rename\(\) ".*" failed \(21: Is a directory\) while storing ".*data\/large"/,
    },
  ]
  for (const disk of DISKS) {
    it(`gives every client the answer, and one line to the log (${disk.name})`, async t => {
      const origin = await startOrigin(t)
      const bytes = pattern(SIZE)
      origin.run(async peer => {
        await peer.request()
        await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`, bytes)
        peer.end()
      })
      const proxy = await startProxy(t, storing(origin.address))
      disk.break(proxy.directory)
      for (let i = 0; i < 2; i++) {
        const answer = await askOnce(t, proxy.port, get('/large'))
        assert.ok(answer.isWhole && answer.body.equals(bytes))
      }
      await assertOver(proxy)
      const lines = (await proxy.errors()).split('\n').filter(line => line.includes('storing'))
      assert.equal(lines.length, 1)
      assert.match(lines[0]!, disk.line)
      if (statSync(join(proxy.directory, 'responses')).isDirectory()) await assertAtRest(proxy)
    })
  }

  it('holds the peer back for a slow client then, and lets it go when that leaves', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, storing(origin.address))
    rmSync(join(proxy.directory, 'responses'), { recursive: true })
    writeFileSync(join(proxy.directory, 'responses'), 'a file')
    const client = await connectClient(t, proxy.port, { isPaused: true })
    await client.send(get('/slow'))
    const peer = await origin.accept()
    await peer.request()
    const size = 64_000_000
    let isSent = false
    const before = await proxy.leastMemory()
    const sent = peer
      .send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`, pattern(size))
      .then(() => {
        isSent = true
      })
    assert.ok((await proxy.mostMemory()) - before < 10_000_000)
    assert.equal(isSent, false)
    client.reset()
    await sent
    peer.end()
    await assertOver(proxy)
  })
})
