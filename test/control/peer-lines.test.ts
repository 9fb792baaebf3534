import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { isSameList, listPeers, makeLine, weightProblem } from '../../src/control/peer-lines.ts'
import type { WatchedAddress } from '../../src/dns/name-watch.ts'
import { addressText } from '../../src/model/listener.ts'
import { type Peer, WEIGHT_TOTAL_MAX } from '../../src/model/upstream.ts'
import { sampleUpstream, tcp } from '../harness/sample-config.ts'

function watched(host: string, parts: Partial<WatchedAddress> = {}): WatchedAddress {
  return { host, port: null, weight: null, isBackup: false, ...parts }
}

/** The peers of one line, as `address weight rank`, where the records say something. */
function peersOf(line: Partial<Peer>, found: readonly WatchedAddress[]): string[] {
  const sample = sampleUpstream('u', 'name:80')
  const upstream = { ...sample, peers: [{ ...sample.peers[0]!, ...line }] }
  return listPeers({ upstream, lines: [{ addresses: [], watched: found }] }).peers.map(
    ({ address, weight, isBackup }) =>
      [addressText(address), weight, isBackup && 'backup'].filter(Boolean).join(' '),
  )
}

describe('listPeers', () => {
  const best = watched('10.0.0.1', { port: 81, weight: 5 })
  const other = watched('10.0.0.2', { port: 82, weight: 7, isBackup: true })
  const ROWS: readonly [string, Partial<Peer>, readonly WatchedAddress[], string[]][] = [
    ['takes the port of the line', {}, [watched('10.0.0.1')], ['10.0.0.1:80']],
    ['has no peer for a name without address', {}, [], []],
    ['takes port and weight of a service', {}, [best], ['10.0.0.1:81 5']],
    ['keeps a weight that was written', { weight: 2 }, [best], ['10.0.0.1:81']],
    [
      'makes backups of what is less wanted',
      {},
      [best, other],
      ['10.0.0.1:81 5', '10.0.0.2:82 7 backup'],
    ],
    ['takes only the best for a backup', { isBackup: true }, [best, other], ['10.0.0.1:81 5']],
    ['writes version 6 in brackets', {}, [watched('::1')], ['[::1]:80']],
  ]
  for (const [what, line, found, expected] of ROWS) {
    it(what, () => assert.deepEqual(peersOf(line, found), expected))
  }

  it('has the lines in their order', () => {
    const upstream = sampleUpstream('u', 'a:80', '10.0.0.7:80', 'b:81')
    const lines = [
      { addresses: [], watched: [watched('10.0.0.9')] },
      makeLine([tcp('10.0.0.7:80')]),
      { addresses: [], watched: [watched('10.0.0.1'), watched('10.0.0.2')] },
    ]
    assert.deepEqual(
      listPeers({ upstream, lines }).peers.map(({ peer, address }) => [peer, addressText(address)]),
      [
        [0, '10.0.0.9:80'],
        [1, '10.0.0.7:80'],
        [2, '10.0.0.1:81'],
        [2, '10.0.0.2:81'],
      ],
    )
  })
})

describe('isSameList', () => {
  const one = { peer: 0, address: tcp('10.0.0.1:80') }
  const ROWS: readonly [
    string,
    boolean,
    (typeof one & { weight?: number; isBackup?: boolean })[],
  ][] = [
    ['the same', true, [{ ...one, address: tcp('10.0.0.1:80') }]],
    ['another address', false, [{ ...one, address: tcp('10.0.0.2:80') }]],
    ['another port', false, [{ ...one, address: tcp('10.0.0.1:81') }]],
    ['another line', false, [{ ...one, peer: 1 }]],
    ['another weight', false, [{ ...one, weight: 2 }]],
    ['another rank', false, [{ ...one, isBackup: true }]],
    ['one more', false, [one, one]],
    ['none', false, []],
  ]
  for (const [what, expected, list] of ROWS) {
    it(`says ${expected} to ${what}`, () => assert.equal(isSameList([one], list), expected))
  }
})

describe('weightProblem', () => {
  const upstream = sampleUpstream('u', 'a:80')
  const half = Math.ceil(WEIGHT_TOTAL_MAX / 2)
  const peers = [1, 2].map(last => ({ peer: 0, address: tcp(`10.0.0.${last}:80`), weight: half }))

  it('says what passes the sum that a group can hold', () => {
    assert.match(weightProblem(upstream, { name: 'u', peers }), /its 2 addresses pass/)
  })

  it('has nothing to say of less', () => {
    assert.equal(weightProblem(upstream, { name: 'u', peers: peers.slice(1) }), '')
  })
})
