// What is said of a group as a whole: weights that are too much together, backups that a method has
// no place for, and settings without an effect.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkUpstream } from '../../src/model/check-upstreams.ts'
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
