// What a `server` line with `race` comes to: one peer for all addresses of its name, which keeps that name whatever it
// stands for, so that its failures and connections are counted in one place.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isSameList, listPeers, makeLine, type PeerLine } from '../../src/control/peer-lines.ts'
import type { WatchedAddress } from '../../src/dns/name-watch.ts'
import type { ListenAddress } from '../../src/model/listener.ts'
import { BUILT_IN } from '../../src/model/origin.ts'
import { PLAIN_PEER, PLAIN_UPSTREAM, type Upstream } from '../../src/model/upstream.ts'

function tcp(host: string, port = 81): ListenAddress {
  return { kind: 'tcp', host, port }
}

const NAME = tcp('app.test')

function upstream(isRaced: boolean): Upstream {
  const peer = { ...PLAIN_PEER, name: 'app.test:81', address: NAME, origin: BUILT_IN, isRaced }
  const keepalive = { idleMax: 0, requestsMax: 1, ageMaxMs: 0, idleTimeoutMs: 0, isLocal: false }
  const peers = [peer]
  return { ...PLAIN_UPSTREAM, name: 'app', peers, keepalive, isImplicit: false, origin: BUILT_IN }
}

function peersOf(isRaced: boolean, line: PeerLine) {
  return listPeers({ upstream: upstream(isRaced), lines: [line] }).peers
}

function watched(host: string): WatchedAddress {
  return { host, port: null, weight: null, isBackup: false }
}

describe('listPeers', () => {
  const both = [tcp('127.0.0.1'), tcp('::1')]

  it('makes one peer of all addresses that are raced for', () => {
    assert.deepEqual(peersOf(true, makeLine(both)), [{ peer: 0, address: NAME, rivals: both }])
  })

  it('makes a peer of each address where there is no race', () => {
    assert.deepEqual(
      peersOf(false, makeLine(both)),
      both.map(address => ({ peer: 0, address })),
    )
  })

  it('has nothing to race for with one address, and no peer with none', () => {
    assert.deepEqual(peersOf(true, makeLine([both[0]!])), [{ peer: 0, address: both[0] }])
    assert.deepEqual(peersOf(true, makeLine([])), [])
  })

  it('races between what a followed name stands for now, at the port of the line', () => {
    const line = { addresses: [], watched: [watched('10.0.0.1'), watched('10.0.0.2')] }
    const rivals = [tcp('10.0.0.1'), tcp('10.0.0.2')]
    assert.deepEqual(peersOf(true, line), [{ peer: 0, address: NAME, rivals }])
  })
})

describe('isSameList', () => {
  it('tells lists apart whose addresses to race for differ', () => {
    const one = peersOf(true, makeLine([tcp('10.0.0.1'), tcp('10.0.0.2')]))
    const other = peersOf(true, makeLine([tcp('10.0.0.1'), tcp('10.0.0.3')]))
    assert.equal(isSameList(one, one), true)
    assert.equal(isSameList(one, other), false)
  })
})
