// How connections to peers are made, and which are used again: by local address, by PROXY header, by owner, and until
// the peer has had enough (`Keep-Alive: max=`) or says something unasked. Real sockets, a clock that the test turns.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { parseLocalAddress } from '../../src/model/local-address.ts'
import { ConnectionPool } from '../../src/upstream/connection-pool.ts'
import { makeEgress } from '../../src/upstream/egress.ts'
import { PeerAddress } from '../../src/upstream/peer-address.ts'
import { PeerConnection } from '../../src/upstream/peer-connection.ts'
import { afterTest } from '../harness/after-test.ts'
import { type BareOrigin, PoolFixture, startBareOrigin, until } from './peer-fixture.ts'

interface World {
  readonly origin: BareOrigin
  readonly fixture: PoolFixture
}

async function startWorld(t: TestContext, line = '', isStrict = false): Promise<World> {
  const origin = await startBareOrigin(t)
  const fields = line === '' ? '' : `${line}\r\n`
  origin.answer = `HTTP/1.1 200 OK\r\n${fields}Content-Length: 0\r\n\r\n`
  const address = { kind: 'tcp', host: '127.0.0.1', port: origin.port } as const
  const fixture = new PoolFixture(t, [new PeerAddress('peer', address)], {}, isStrict)
  return { origin, fixture }
}

function from(text: string) {
  return makeEgress({ from: parseLocalAddress(text) })
}

function header(text: string) {
  return makeEgress({ preamble: Buffer.from(text) })
}

describe('PeerConnection', () => {
  it('goes out from the address that is asked for', async t => {
    const { origin, fixture } = await startWorld(t)
    await fixture.openAndServe(from('127.0.0.7'))
    assert.equal(origin.sockets[0]!.remoteAddress, '127.0.0.7')
  })

  it('goes out from the port that is asked for', async t => {
    const { origin, fixture } = await startWorld(t)
    // The same port on another address of this machine is free.
    await fixture.openAndServe(from(`127.0.0.8:${origin.port}`))
    const { remoteAddress, remotePort } = origin.sockets[0]!
    assert.deepEqual([remoteAddress, remotePort], ['127.0.0.8', origin.port])
  })

  for (const [name, text, errno] of [
    ['is not of this machine', '192.0.2.1', '99: Cannot assign requested address'],
    ['is of another family', '::1', '97: Address family not supported by protocol'],
  ] as const) {
    it(`blames itself, not the peer, for an address that ${name}`, async t => {
      const { fixture } = await startWorld(t)
      const failure = await fixture.open(from(text)).sink.failed.promise
      assert.deepEqual(failure, {
        failure: 'bind_failed',
        detail: `bind(${text}) failed (${errno})`,
      })
      assert.equal(fixture.wheel.count, 0)
    })
  }

  it('leaves a unix socket without an address of its own', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'headgate-peer-'))
    afterTest(t, () => rmSync(directory, { recursive: true }))
    const path = join(directory, 'origin.sock')
    const { promise, resolve } = Promise.withResolvers<string>()
    const server = createServer(socket => {
      socket.on('data', bytes => resolve(bytes.toString('latin1')))
    })
    await new Promise<void>(listening => server.listen(path, listening))
    afterTest(t, () => server.close())
    const fixture = new PoolFixture(t, [new PeerAddress('unix', { kind: 'unix', path })])
    const preamble = Buffer.from('PROXY UNKNOWN\r\n')
    const { connection, sink } = fixture.open(
      makeEgress({ from: parseLocalAddress('127.0.0.7'), isProbed: true, preamble }),
    )
    await sink.connected.promise
    assert.equal(await promise, 'PROXY UNKNOWN\r\n')
    connection.destroy()
  })

  it('sends the header first, once for each connection', async t => {
    const { origin, fixture } = await startWorld(t)
    const egress = header('PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n')
    await fixture.openAndServe(egress)
    await fixture.serveAgain(egress)
    const request = 'GET / HTTP/1.1\r\n\r\n'
    assert.deepEqual(origin.received, [`PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n${request}${request}`])
  })

  for (const [name, bytes] of [
    ['says something unasked', 'HTTP/1.1 408 Request Timeout\r\n\r\n'],
    ['closes it', null],
  ] as const) {
    it(`closes an idle connection when its peer ${name}`, async t => {
      const { origin, fixture } = await startWorld(t)
      await fixture.openAndServe()
      assert.equal(fixture.pool.idleCount, 1)
      if (bytes === null) origin.sockets[0]!.end()
      else origin.sockets[0]!.write(bytes)
      await until(() => fixture.pool.idleCount === 0, 'the pool to let go')
      assert.equal(fixture.take(), null)
      assert.equal(fixture.wheel.count, 0)
      await until(() => origin.sockets[0]!.destroyed, 'the connection to close')
    })
  }

  it('is closed with everything it holds when the peer resets it while idle', async t => {
    const { origin, fixture } = await startWorld(t)
    await fixture.openAndServe()
    origin.sockets[0]!.resetAndDestroy()
    await until(() => fixture.pool.idleCount === 0, 'the pool to let go')
    assert.equal(fixture.wheel.count, 0)
  })
})

describe('ConnectionPool', () => {
  it('gives a connection only to requests that want it made alike', async t => {
    const { fixture } = await startWorld(t)
    const plain = await fixture.openAndServe()
    const bound = await fixture.openAndServe(from('127.0.0.7'))
    const told = await fixture.openAndServe(header('PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n'))
    assert.equal(fixture.pool.idleCount, 3)
    assert.equal(fixture.take(from('127.0.0.8')), null)
    assert.equal(fixture.take(header('PROXY TCP4 10.0.0.1 10.0.0.2 3 2\r\n')), null)
    assert.equal(fixture.take(from('127.0.0.7')), bound)
    assert.equal(fixture.take(from('127.0.0.7')), null)
    assert.equal(fixture.take(header('PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n')), told)
    assert.equal(fixture.take(), plain)
    assert.equal(fixture.pool.idleCount, 0)
  })

  it('keeps connections of one owner from another', async t => {
    const { fixture } = await startWorld(t)
    const mine = makeEgress({ owner: {} })
    const connection = await fixture.openAndServe(mine)
    assert.equal(fixture.take(makeEgress({ owner: {} })), null)
    assert.equal(fixture.take(), null)
    assert.equal(fixture.take(mine), connection)
  })

  it('counts connections of all kinds together, and closes the one that was used longest ago', async t => {
    const { origin, fixture } = await startWorld(t)
    const { clock, wheel, addresses } = fixture
    const keepalive = { idleMax: 2, requestsMax: 9, ageMaxMs: 1e9, idleTimeoutMs: 1e9 }
    const pool = new ConnectionPool(
      clock,
      wheel,
      { ...keepalive, isLocal: false },
      addresses,
      false,
    )
    afterTest(t, () => pool.close())
    const small = Object.assign(Object.create(fixture), { pool }) as PoolFixture
    const first = from('127.0.0.7')
    await small.openAndServe(first)
    await small.openAndServe(from('127.0.0.8'))
    await small.openAndServe(from('127.0.0.9'))
    assert.equal(pool.idleCount, 2)
    assert.equal(small.take(first), null)
    await until(() => origin.sockets[0]!.destroyed, 'the oldest to close')
    assert.ok(small.take(from('127.0.0.8')) instanceof PeerConnection)
  })

  it('lets a connection go that its peer allows no more requests', async t => {
    const { fixture } = await startWorld(t, 'Keep-Alive: timeout=60, max=0')
    await fixture.openAndServe()
    assert.equal(fixture.pool.idleCount, 0)
  })

  it('takes a max that stays the same for the sum of all requests', async t => {
    const { fixture } = await startWorld(t, 'Keep-Alive: timeout=60, max=3')
    const connection = await fixture.openAndServe()
    assert.equal(await fixture.serveAgain(), connection)
    assert.equal(fixture.pool.idleCount, 1)
    assert.equal(await fixture.serveAgain(), connection)
    assert.equal(connection.requests, 3)
    assert.equal(fixture.pool.idleCount, 0)
  })

  it('takes a max that falls for what is left', async t => {
    const { origin, fixture } = await startWorld(t)
    const left = (max: number) => {
      origin.answer = `HTTP/1.1 200 OK\r\nkeep-alive: max=${max},timeout=60\r\nContent-Length: 0\r\n\r\n`
    }
    left(3)
    await fixture.openAndServe()
    for (const max of [2, 1]) {
      left(max)
      await fixture.serveAgain()
      assert.equal(fixture.pool.idleCount, 1)
    }
    left(0)
    const connection = await fixture.serveAgain()
    assert.equal(connection.requests, 4)
    assert.equal(fixture.pool.idleCount, 0)
  })

  it('does not hear of a max in compat strict, as nginx', async t => {
    const { fixture } = await startWorld(t, 'Keep-Alive: max=1', true)
    await fixture.openAndServe()
    await fixture.serveAgain()
    assert.equal(fixture.pool.idleCount, 1)
  })
})
