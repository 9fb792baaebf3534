// Connecting to a name with several addresses (RFC 8305): over real sockets, of which some open, some are refused and
// some say nothing, and with a clock that the test turns.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseLocalAddress } from '../../src/model/local-address.ts'
import { makeEgress } from '../../src/upstream/egress.ts'
import { PeerAddress } from '../../src/upstream/peer-address.ts'
import { startDeafPort } from '../harness/deaf-port.ts'
import { refusingPort } from '../harness/origin.ts'
import { PoolFixture, startBareOrigin, until } from './peer-fixture.ts'

function at(host: string, port: number): PeerAddress {
  const text = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return new PeerAddress(text, { kind: 'tcp', host, port })
}

function named(...rivals: readonly PeerAddress[]): PeerAddress {
  return new PeerAddress('app:80', { kind: 'tcp', host: 'app', port: 80 }, rivals)
}

describe('ConnectRace', () => {
  it('takes the first address when that opens, and tries no other', async t => {
    const six = await startBareOrigin(t, '::1')
    const four = await startBareOrigin(t)
    const fixture = new PoolFixture(t, [named(at('127.0.0.1', four.port), at('::1', six.port))])
    const { connection, sink } = fixture.open()
    assert.equal(connection.addressText, 'app:80')
    await sink.connected.promise
    await fixture.serve(connection, sink)
    assert.equal(connection.addressText, `[::1]:${six.port}`)
    assert.deepEqual([six.sockets.length, four.sockets.length], [1, 0])
    fixture.move(1_000)
    assert.equal(four.sockets.length, 0)
  })

  it('goes on at once when an address is refused', async t => {
    const four = await startBareOrigin(t)
    const closed = await refusingPort()
    const fixture = new PoolFixture(t, [named(at('::1', closed), at('127.0.0.1', four.port))])
    const { connection, sink } = fixture.open()
    await sink.connected.promise
    await fixture.serve(connection, sink)
    assert.equal(connection.addressText, `127.0.0.1:${four.port}`)
  })

  it('begins beside an address that says nothing after a quarter of a second, and gives that one up', async t => {
    const deaf = at('127.0.0.1', await startDeafPort(t))
    const four = await startBareOrigin(t)
    const fixture = new PoolFixture(t, [named(deaf, at('127.0.0.1', four.port))])
    const { connection, sink } = fixture.open()
    fixture.move(200)
    assert.equal(four.sockets.length, 0)
    fixture.move(80)
    await sink.connected.promise
    await fixture.serve(connection, sink)
    assert.equal(connection.addressText, `127.0.0.1:${four.port}`)
    // Its own timer, the race's, and no attempt: only the idle connection's timeout is left.
    assert.equal(fixture.wheel.count, 1)
  })

  it('is a connection like others afterwards: kept, taken again, with the name for its key', async t => {
    const four = await startBareOrigin(t)
    const fixture = new PoolFixture(t, [
      named(at('127.0.0.1', four.port), at('127.0.0.2', four.port)),
    ])
    const connection = await fixture.openAndServe()
    assert.equal(await fixture.serveAgain(), connection)
    assert.equal(four.sockets.length, 1)
    four.sockets[0]!.end()
    await until(() => fixture.pool.idleCount === 0, 'the pool to let go')
  })

  it('fails once, when every address has failed, with what tells most of the peer', async t => {
    const closed = await refusingPort()
    const rivals = [at('::1', closed), at('127.0.0.1', closed), at('127.0.0.2', closed)]
    const fixture = new PoolFixture(t, [named(...rivals)])
    const { connection, sink } = fixture.open()
    const failure = await sink.failed.promise
    assert.deepEqual(failure, { failure: 'connect_failed', detail: 'ECONNREFUSED' })
    assert.equal(connection.addressText, 'app:80')
    assert.equal(fixture.wheel.count, 0)
  })

  it('passes over addresses of another family than the one it goes out from', async t => {
    const six = await startBareOrigin(t, '::1')
    const four = await startBareOrigin(t)
    const fixture = new PoolFixture(t, [named(at('::1', six.port), at('127.0.0.1', four.port))])
    const egress = makeEgress({ from: parseLocalAddress('127.0.0.7') })
    const { connection, sink } = fixture.open(egress)
    await sink.connected.promise
    await fixture.serve(connection, sink)
    assert.equal(four.sockets[0]!.remoteAddress, '127.0.0.7')
    assert.equal(six.sockets.length, 0)
  })

  it('says what the peer said rather than that one family has no way', async t => {
    const closed = await refusingPort()
    const fixture = new PoolFixture(t, [named(at('::1', closed), at('127.0.0.1', closed))])
    const egress = makeEgress({ from: parseLocalAddress('127.0.0.7') })
    const failure = await fixture.open(egress).sink.failed.promise
    assert.deepEqual(failure, { failure: 'connect_failed', detail: 'ECONNREFUSED' })
  })

  it('ends with the time for connecting, and leaves nothing behind', async t => {
    const port = await startDeafPort(t)
    const fixture = new PoolFixture(t, [named(at('127.0.0.1', port), at('127.0.0.1', port))])
    const { sink } = fixture.open()
    fixture.move(300)
    fixture.move(5_000)
    const failure = await sink.failed.promise
    assert.equal(failure.failure, 'connect_timeout')
    assert.equal(fixture.wheel.count, 0)
  })

  it('ends without a word when whoever wanted it has left', async t => {
    const port = await startDeafPort(t)
    const fixture = new PoolFixture(t, [named(at('127.0.0.1', port), at('127.0.0.1', port))])
    const { connection, sink } = fixture.open()
    fixture.move(300)
    connection.destroy()
    assert.equal(fixture.wheel.count, 0)
    let hasHeard = false
    sink.connected.promise.catch(() => {
      hasHeard = true
    })
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(hasHeard, false)
  })
})
