import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkSessionZones } from '../../src/model/check-session-zones.ts'
import type { Upstream } from '../../src/model/upstream.ts'
import { sampleUpstream } from '../harness/sample-config.ts'

function learning(upstream: string, name: string, bytes = 65_536): Upstream {
  const zone = { name, bytes }
  const rest = { create: [], lookup: [], timeoutMs: 1, isAfterHeader: false }
  return { ...sampleUpstream(upstream, '10.0.0.1:80'), sticky: { kind: 'learn', zone, ...rest } }
}

function bySource(upstream: string, name: string): Upstream {
  const zone = { name, bytes: 65_536 }
  const sticky = { kind: 'source', zone, prefix4: 32, prefix6: 64, timeoutMs: 1 } as const
  return { ...sampleUpstream(upstream, '10.0.0.1:80'), sticky }
}

const ROWS: readonly (readonly [what: string, upstreams: Upstream[], ...found: string[]])[] = [
  ['nothing without sessions', [sampleUpstream('a', '10.0.0.1:80')]],
  ['nothing of sessions of their own', [learning('a', 's'), learning('b', 't', 2 ** 30)]],
  [
    'an error of sessions of two groups',
    [learning('a', 's'), learning('b', 's')],
    'error: Sessions "s" belong to upstream "a" already',
  ],
  [
    'an error of sessions of two groups, whoever makes them',
    [learning('a', 's'), bySource('b', 's')],
    'error: Sessions "s" belong to upstream "a" already',
  ],
  [
    'an error of more memory than anybody means',
    [learning('a', 's', 2 ** 30 + 1)],
    'error: Cannot keep 1073741825 bytes of sessions: wants at most 1g',
  ],
]

describe('checkSessionZones', () => {
  for (const [what, upstreams, ...found] of ROWS) {
    it(`says ${what}`, () => {
      const messages: string[] = []
      checkSessionZones(upstreams, (severity, message) => messages.push(`${severity}: ${message}`))
      assert.deepEqual(messages, found)
    })
  }
})
