import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Sticky } from '../../src/model/upstream.ts'
import { PeerNames } from '../../src/proxy/peer-names.ts'
import { compileSticky } from '../../src/proxy/sticky.ts'
import { networkKey } from '../../src/proxy/sticky-source.ts'
import { createSessionZone, SessionZone } from '../../src/zone/session-zone.ts'
import { makeExchange } from './exchange-fixture.ts'

const names = new PeerNames([
  { route: 'a', address: '127.0.0.1:8081' },
  { route: 'b', address: '127.0.0.1:8082' },
])
const TIMEOUT_MS = 60_000

function setUp(parts: Partial<Extract<Sticky, { kind: 'source' }>> = {}) {
  const clock = { nowMs: 0, wallMs: 1_001_678_400_000, wallSeconds: 1_001_678_400 }
  const zone = new SessionZone(createSessionZone(32_768), 0)
  const sticky: Sticky = {
    kind: 'source',
    prefix4: 24,
    prefix6: 64,
    zone: { name: 's', bytes: 32_768 },
    timeoutMs: TIMEOUT_MS,
    ...parts,
  }
  const sessions = compileSticky(sticky, { clock, isStrict: false, zone })
  return { clock, zone, sessions }
}

function from(remoteAddress: string) {
  return makeExchange(['GET / HTTP/1.1', 'Host: a.test'], { connection: { remoteAddress } })
}

interface Row {
  readonly what: string
  readonly addresses: readonly [string, string]
  readonly prefix4?: number
  readonly prefix6?: number
  readonly isSame: boolean
}

const ROWS: readonly Row[] = [
  { what: 'one network of IPv4', addresses: ['10.1.2.3', '10.1.2.200'], isSame: true },
  { what: 'two networks of IPv4', addresses: ['10.1.2.3', '10.1.3.3'], isSame: false },
  {
    what: 'two addresses with 32 bits',
    addresses: ['10.1.2.3', '10.1.2.2'],
    prefix4: 32,
    isSame: false,
  },
  {
    what: 'two halves of an octet',
    addresses: ['10.1.2.127', '10.1.2.128'],
    prefix4: 25,
    isSame: false,
  },
  {
    what: 'one half of an octet',
    addresses: ['10.1.2.129', '10.1.2.254'],
    prefix4: 25,
    isSame: true,
  },
  {
    what: 'IPv4 within IPv6 and by itself',
    addresses: ['::ffff:10.1.2.3', '10.1.2.9'],
    isSame: true,
  },
  {
    what: 'one network of IPv6',
    addresses: ['2001:db8:1:2::1', '2001:db8:1:2:ffff:0:0:9'],
    isSame: true,
  },
  {
    what: 'two networks of IPv6',
    addresses: ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    isSame: false,
  },
  {
    what: 'two addresses of IPv6 with 128 bits',
    addresses: ['2001:db8::1', '2001:db8::2'],
    prefix6: 128,
    isSame: false,
  },
  {
    what: 'one address of IPv6 in two spellings',
    addresses: ['2001:db8::1', '2001:DB8:0:0::1'],
    prefix6: 128,
    isSame: true,
  },
  { what: 'the two kinds of loopback', addresses: ['127.0.0.1', '::1'], isSame: false },
]

describe('networkKey', () => {
  for (const { what, addresses, prefix4 = 24, prefix6 = 64, isSame } of ROWS) {
    it(`${isSame ? 'is one' : 'differs'} for ${what}`, () => {
      const [first, second] = addresses.map(text => networkKey(text, prefix4, prefix6))
      assert.notEqual(first, '')
      assert.equal(first === second, isSame)
    })
  }

  it('differs between networks of other sizes', () => {
    assert.notEqual(networkKey('10.0.0.0', 24, 64), networkKey('10.0.0.0', 23, 64))
    assert.notEqual(networkKey('10.0.0.0', 24, 64), networkKey('10.0.0.0', 17, 64))
  })

  it('is empty for a client without an address', () => {
    assert.equal(networkKey('unix:', 24, 64), '')
  })
})

describe('SourceSessions', () => {
  it('binds a network with the pick, before anything was answered', () => {
    const { sessions } = setUp()
    assert.deepEqual(sessions.find(from('10.1.2.3'), names), [])
    sessions.onPick!(from('10.1.2.3'), names, 1)
    assert.deepEqual(sessions.find(from('10.1.2.4'), names), [1])
    assert.deepEqual(sessions.find(from('10.1.3.3'), names), [])
  })

  it('ends after the time without a request, and each request moves that on', () => {
    const { clock, sessions } = setUp()
    sessions.onPick!(from('10.1.2.3'), names, 1)
    clock.wallSeconds += 50
    sessions.onPick!(from('10.1.2.3'), names, 1)
    clock.wallSeconds += 50
    assert.deepEqual(sessions.find(from('10.1.2.3'), names), [1])
    clock.wallSeconds += 12
    assert.deepEqual(sessions.find(from('10.1.2.3'), names), [])
  })

  it('counts the time from the end of a long answer', () => {
    const { clock, sessions } = setUp()
    const exchange = from('10.1.2.3')
    sessions.onPick!(exchange, names, 1)
    clock.wallSeconds += 300
    const { services } = exchange.snapshot
    Object.assign(exchange, {
      snapshot: {
        services: {
          ...services,
          clock: { ...services.clock, nowMs: exchange.startedMs + 300_000 },
        },
      },
    })
    sessions.onWhole(exchange, names, 1)
    clock.wallSeconds += 50
    assert.deepEqual(sessions.find(from('10.1.2.3'), names), [1])
  })

  it('binds anew to the peer that took the place of another', () => {
    const { sessions, zone } = setUp()
    sessions.onPick!(from('10.1.2.3'), names, 1)
    sessions.onPick!(from('10.1.2.3'), names, 0)
    assert.deepEqual(sessions.find(from('10.1.2.3'), names), [0])
    assert.equal(zone.count, 1)
  })

  it('binds to the one of several tries that answered', () => {
    const { sessions } = setUp()
    const exchange = from('10.1.2.3')
    sessions.onPick!(exchange, names, 0)
    sessions.onPick!(exchange, names, 1)
    exchange.tries = [{}, {}] as typeof exchange.tries
    sessions.onAnswer(exchange, names, 0)
    assert.deepEqual(sessions.find(exchange, names), [0])
  })

  it('forgets a peer that the upstream does not have any more, and finds one that moved', () => {
    const { sessions } = setUp()
    sessions.onPick!(from('10.1.2.3'), names, 0)
    const moved = new PeerNames([
      { route: 'c', address: '127.0.0.1:8083' },
      { route: 'a', address: '127.0.0.1:8081' },
    ])
    assert.deepEqual(sessions.find(from('10.1.2.3'), moved), [1])
    const without = new PeerNames([{ route: 'c', address: '127.0.0.1:8083' }])
    assert.deepEqual(sessions.find(from('10.1.2.3'), without), [])
  })

  it('tells requests from different addresses apart, in whatever order they come', () => {
    const { sessions } = setUp()
    for (let i = 0; i < 20; i++) sessions.onPick!(from(`10.0.${i}.1`), names, i % 2)
    for (let i = 19; i >= 0; i--) {
      assert.deepEqual(sessions.find(from(`10.0.${i}.7`), names), [i % 2])
    }
  })

  it('binds nobody who has no address', () => {
    const { sessions, zone } = setUp()
    sessions.onPick!(from('unix:'), names, 0)
    assert.equal(zone.count, 0)
    assert.deepEqual(sessions.find(from('unix:'), names), [])
  })
})
