// What a real nginx picked, typed in: which of three peers A B C a client address or a key goes to.
// Any change of these orders would move the sessions and caches of everybody who switches over.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TriedSet } from '../../src/balance/tried.ts'
import type { Method } from '../../src/model/upstream.ts'
import { GroupFixture } from './group-fixture.ts'

const IP_HASH: Method = { kind: 'ip_hash' }
const HASH: Method = { kind: 'hash', key: [], placement: 'modulo', boundedPercent: null }
const KETAMA: Method = { kind: 'hash', key: [], placement: 'ketama', boundedPercent: null }

const NAMES = ['127.0.0.1:9101', '127.0.0.1:9102', '127.0.0.1:9103']
const KEYS = Array.from({ length: 24 }, (_, number) => `k${number}`)

function groupOf(method: Method, weights: readonly number[] = [1, 1, 1]): GroupFixture {
  return new GroupFixture(
    weights.map((weight, peer) => ({ weight, name: NAMES[peer]! })),
    method,
  )
}

function pickAll(group: GroupFixture, keys: readonly string[]): string {
  return keys.map(key => group.pick(new TriedSet(), key)).join('')
}

describe('ip_hash', () => {
  const ADDRESSES = [
    '127.0.0.7',
    '127.0.1.7',
    '127.1.2.7',
    '127.9.9.7',
    '127.200.17.7',
    '127.13.37.7',
    '127.255.254.7',
  ]

  it('sends networks of 256 addresses where nginx does', () => {
    assert.equal(pickAll(groupOf(IP_HASH), ADDRESSES), 'CAACBCC')
  })

  it('does so with weights 2,1,1', () => {
    assert.equal(pickAll(groupOf(IP_HASH, [2, 1, 1]), ADDRESSES), 'AACBABB')
  })

  it('sends all 256 addresses of a network to one peer', () => {
    const addresses = Array.from({ length: 256 }, (_, last) => `127.9.9.${last}`)
    assert.equal(pickAll(groupOf(IP_HASH), addresses), 'C'.repeat(256))
  })
})

describe('hash', () => {
  it('sends keys where nginx does', () => {
    assert.equal(pickAll(groupOf(HASH), KEYS), 'BABABCACAAAAAACBCCBACCBA')
  })
})

describe('hash … consistent', () => {
  it('sends keys where nginx does', () => {
    assert.equal(pickAll(groupOf(KETAMA), KEYS), 'AAACABCAACABBCBCBBAACCAC')
  })

  it('does so with weights 2,1,1', () => {
    assert.equal(pickAll(groupOf(KETAMA, [2, 1, 1]), KEYS), 'AAACAACAAAABBCBCAAAACCAC')
  })
})
