// Peers of a running worker that are replaced: who began with the old ones keeps them, and what stays is the same.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'

import { TriedSet } from '../../src/balance/tried.ts'
import type { ResolvedUpstream } from '../../src/worker/messages.ts'
import { tcp } from '../harness/sample-config.ts'
import { makeSnapshot } from './snapshot-fixture.ts'

const HTTP = `
  upstream app { server 127.0.0.1:1 weight=2; server 127.0.0.1:2; }
  server { listen 127.0.0.1:81; location / { proxy_pass http://app; } }
`

async function makeApp(t: TestContext, http = HTTP) {
  const { snapshot } = await makeSnapshot(t, http)
  const upstream = snapshot.upstreams.get('app')!
  /** Slots of a fixture: far from those that the snapshot has. */
  const resolved = (version: number, ...peers: Partial<ResolvedUpstream['peers'][0]>[]) => ({
    name: 'app',
    group: 0,
    version,
    peers: peers.map((peer, index) => ({
      peer: 0,
      address: tcp('127.0.0.1:1'),
      slot: 100 + 10 * version + index,
      ...peer,
    })),
  })
  const texts = () => upstream.peers.addresses.map(({ text }) => text)
  return { snapshot, upstream, resolved, texts }
}

describe('WorkerUpstream', () => {
  it('has the peers that it was given last, and the same object for an address that stays', async t => {
    const { snapshot, upstream, resolved, texts } = await makeApp(t)
    const before = upstream.peers
    assert.deepEqual(texts(), ['127.0.0.1:1', '127.0.0.1:2'])
    snapshot.changePeers(
      resolved(2, { address: tcp('127.0.0.1:3') }, { peer: 1, address: tcp('127.0.0.1:2') }),
      () => {},
    )
    assert.deepEqual(texts(), ['127.0.0.1:3', '127.0.0.1:2'])
    assert.equal(upstream.peers.addresses[1], before.addresses[1])
    assert.deepEqual(
      before.addresses.map(({ text }) => text),
      ['127.0.0.1:1', '127.0.0.1:2'],
    )
  })

  it('releases the peers before when the last request on them has ended', async t => {
    const { snapshot, upstream, resolved } = await makeApp(t)
    const released: number[] = []
    const before = upstream.peers
    before.hold()
    before.hold()
    snapshot.changePeers(resolved(2, {}), version => released.push(version))
    before.letGo()
    assert.equal(released.length, 0)
    before.letGo()
    assert.deepEqual(released, [1])
    snapshot.changePeers(resolved(3, {}), version => released.push(version))
    assert.deepEqual(released, [1, 2])
  })

  it('takes weights and ranks that come with the addresses', async t => {
    const { snapshot, upstream, resolved } = await makeApp(t)
    snapshot.changePeers(
      resolved(
        2,
        { peer: 1, weight: 3 },
        { peer: 1, address: tcp('127.0.0.1:7') },
        { peer: 1, address: tcp('127.0.0.1:8'), isBackup: true },
      ),
      () => {},
    )
    const picked = Array.from({ length: 8 }, () => upstream.peers.group.pick(new TriedSet(), 5))
    assert.deepEqual(
      [0, 1, 2].map(peer => picked.filter(found => found === peer).length),
      [6, 2, 0],
    )
  })

  for (const method of [
    '',
    'least_conn;',
    'ip_hash;',
    'hash $uri;',
    'hash $uri consistent;',
    'hash $uri maglev;',
    'random;',
    'random two;',
    'least_time header;',
  ]) {
    it(`may be left without a peer, and gets some again: ${method || 'round robin'}`, async t => {
      const { snapshot, upstream, resolved } = await makeApp(
        t,
        HTTP.replace('{ server 127.0.0.1:1', `{ ${method} server 127.0.0.1:1`),
      )
      snapshot.changePeers(resolved(2), () => {})
      assert.equal(upstream.peers.group.triesMax, 0)
      assert.equal(upstream.peers.group.pick(new TriedSet(), 5, 'key'), -1)
      assert.equal(upstream.peers.group.hasEligible(new TriedSet(), 5), false)
      snapshot.changePeers(resolved(3, {}, { address: tcp('127.0.0.1:9') }), () => {})
      assert.notEqual(upstream.peers.group.pick(new TriedSet(), 5, 'key'), -1)
    })
  }

  it('gives who waits one of its new peers at once', async t => {
    const http = HTTP.replace('127.0.0.1:2;', '127.0.0.1:2; queue 5;')
    const { snapshot, upstream, resolved } = await makeApp(t, http)
    snapshot.changePeers(resolved(2), () => {})
    let picked = -1
    const waiter = upstream.queue!.join(
      {
        pickNow: () => {
          picked = upstream.peers.group.pick(new TriedSet(), 5)
          return picked !== -1
        },
        onTurn: () => {},
        onWaitOver: () => assert.fail('it waited for nothing'),
      },
      false,
    )
    assert.notEqual(waiter, null)
    assert.equal(picked, -1)
    snapshot.changePeers(resolved(3, {}), () => {})
    assert.equal(picked, 0)
  })

  it('leaves other upstreams, and names that it does not know, as they are', async t => {
    const { snapshot, texts, resolved } = await makeApp(t)
    snapshot.changePeers({ ...resolved(2), name: 'other' }, () => assert.fail('nothing changed'))
    assert.deepEqual(texts(), ['127.0.0.1:1', '127.0.0.1:2'])
  })
})
