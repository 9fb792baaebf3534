// What is said of a group as a whole: weights that are too much together, backups that a method has
// no place for, and settings without an effect.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkUpstream, unservedText } from '../../src/model/check-upstreams.ts'
import type { Origin } from '../../src/model/origin.ts'
import { type Peer, PLAIN_PEER, PLAIN_UPSTREAM, type Upstream } from '../../src/model/upstream.ts'

const origin: Origin = { file: 'site.conf', line: 1, column: 1, endColumn: 2 }

function peer(parts: Partial<Peer>): Peer {
  const address = { kind: 'tcp' as const, host: '10.0.0.1', port: 80 }
  return { ...PLAIN_PEER, origin, name: '10.0.0.1', address, ...parts }
}

function findings(parts: Partial<Upstream>): string[] {
  const keepalive = { idleMax: 0, requestsMax: 1, ageMaxMs: 0, idleTimeoutMs: 0, isLocal: false }
  const base = { ...PLAIN_UPSTREAM, origin, name: 'app', peers: [peer({})], keepalive }
  const found: string[] = []
  checkUpstream({ ...base, isImplicit: false, ...parts }, (severity, message) => {
    found.push(`${severity}: ${message}`)
  })
  return found
}

const HASH = { kind: 'hash', placement: 'modulo', boundedPercent: null } as const

const ROWS: readonly (readonly [what: string, parts: Partial<Upstream>, ...found: string[]])[] = [
  ['nothing of a plain group', {}],
  ['nothing of weights that just fit', { peers: [peer({ weight: 0x1fff_ffff })] }],
  [
    'weights that do not fit together',
    { peers: [peer({ weight: 0x1fff_ffff }), peer({})] },
    'error: Cannot use weights of 536870912 together in upstream "app"',
  ],
  [
    'a backup of a method that hashes',
    { method: { kind: 'ip_hash' }, peers: [peer({}), peer({ isBackup: true })] },
    'warning: Backups do not follow method ip_hash: they go by round robin',
  ],
  [
    'nothing of a backup of another method',
    { method: { kind: 'least_conn' }, peers: [peer({}), peer({ isBackup: true })] },
  ],
  ['nothing of counts that just fit', { peers: [peer({ maxConns: 0x7fff_ffff })] }],
  [
    'counts that do not fit into 32 bits',
    { peers: [peer({ maxConns: 0x8000_0000 }), peer({ maxFails: 1e12 })] },
    'error: Cannot use max_conns 2147483648: it is too large',
    'error: Cannot use max_fails 1000000000000: it is too large',
  ],
  [
    'a queue that does not fit into 32 bits',
    { queue: { size: 0x8000_0000, timeoutMs: 1 } },
    'error: Cannot keep 2147483648 requests in the queue of upstream "app"',
  ],
  [
    'a queue in which nobody waits',
    { queue: { size: 1, timeoutMs: 0 } },
    'warning: The queue of upstream "app" lets nobody wait: its timeout is 0',
  ],
  [
    'two peers of one route',
    { peers: [peer({ route: 'a' }), peer({ route: 'b' }), peer({ route: 'a' }), peer({})] },
    'warning: Two peers of upstream "app" have the route "a"',
  ],
  ['nothing of peers without a route', { peers: [peer({}), peer({})] }],
  [
    'a key that is the same for all requests',
    { method: { ...HASH, key: ['static'] } },
    'warning: The key "static" is the same for all requests',
  ],
  [
    'an empty key',
    { method: { ...HASH, key: [] } },
    'warning: The key "" is the same for all requests',
  ],
  ['nothing of a key with a variable', { method: { ...HASH, key: ['a', { variable: 'uri' }] } }],
  [
    'a group that is down',
    { peers: [peer({ isDown: true }), peer({ isDown: true, isBackup: true })] },
    'warning: All peers of upstream "app" are down',
  ],
  [
    'a group in which nobody takes a new request',
    { peers: [peer({ isDown: true }), peer({ isDraining: true })] },
    'warning: No peer of upstream "app" takes new requests: all drain or are down',
  ],
  [
    'nothing of a group of which a backup is left',
    { peers: [peer({ isDown: true }), peer({ isBackup: true })] },
  ],
  ['nothing of a session', { sticky: { kind: 'route', values: [[{ variable: 'uri' }]] } }],
  ['nothing of a queue', { queue: { size: 1, timeoutMs: 1 } }],
  ['nothing of a state', { statePath: '/run/a' }],
]

describe('checkUpstream', () => {
  for (const [what, parts, ...found] of ROWS) {
    it(`says ${found.length === 0 ? '' : 'its word of '}${what}`, () => {
      assert.deepEqual(findings(parts), found)
    })
  }
})

describe('unservedText', () => {
  it('says what a request gets, with a fallback and without', () => {
    const keepalive = { idleMax: 0, requestsMax: 1, ageMaxMs: 0, idleTimeoutMs: 0, isLocal: false }
    const plain = {
      ...PLAIN_UPSTREAM,
      origin,
      name: 'app',
      peers: [],
      keepalive,
      isImplicit: false,
    }
    const answer = { kind: 'status', status: 503, text: '' } as const
    const fallback = { origin, answer, retryAfterSeconds: 0, command: null }
    assert.equal(unservedText(plain), 'every request gets 502')
    assert.equal(unservedText({ ...plain, fallback }), 'every request goes to the fallback')
  })
})
