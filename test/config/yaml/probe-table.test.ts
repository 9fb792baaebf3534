// `probe` in YAML: what holds where nothing is written, what follows from other keys, and single
// peers that are asked something else.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { plainConfig } from '../../../src/config/yaml/write.ts'
import type { Config } from '../../../src/model/config.ts'
import type { Probe } from '../../../src/model/probe.ts'
import { readYaml } from './golden.ts'

function configOf(probe: unknown, peers: readonly string[] = ['10.0.0.1']): Config {
  const text = JSON.stringify({ upstreams: { app: { peers, probe } }, servers: [{ listen: 80 }] })
  const { config, diagnostics, sources } = readYaml(text)
  assert.equal(renderDiagnostics(diagnostics, sources), '')
  return config!
}

function probeOf(probe: unknown, peers?: readonly string[]): Probe {
  const [found, ...others] = configOf(probe, peers).upstreams[0]!.probes
  assert.equal(others.length, 0)
  return found!
}

function written(config: Config): unknown {
  const { upstreams } = plainConfig(config) as { upstreams: { app: { probe?: unknown } } }
  return upstreams.app.probe
}

describe('probe', () => {
  it('wants three bad and two good answers, each within 2 s, and asks faster in doubt', () => {
    const probe = probeOf('/health')
    const { intervalMs, jitterMs, doubtIntervalMs, downIntervalMs, timeoutMs, rise, fall } = probe
    assert.deepEqual(
      { intervalMs, jitterMs, doubtIntervalMs, downIntervalMs, timeoutMs, rise, fall },
      {
        intervalMs: 5000,
        jitterMs: 500,
        doubtIntervalMs: 1000,
        downIntervalMs: null,
        timeoutMs: 2000,
        rise: 2,
        fall: 3,
      },
    )
    assert.deepEqual(
      [probe.isMandatory, probe.isPersistent, probe.isAskedOnFailure, probe.keepsSessions],
      [false, true, true, false],
    )
  })

  const TIMES: readonly (readonly [string, unknown, jitterMs: number, doubtMs: number | null])[] = [
    ['a part of the interval', { interval: '30s' }, 3000, 1000],
    ['no doubt faster than a short interval', { interval: '1s' }, 100, null],
    ['another part', { jitter: '50%' }, 2500, 1000],
    ['a time', { jitter: '1s', fast_interval: '2s' }, 1000, 2000],
    ['nothing', { jitter: 0, fast_interval: false }, 0, null],
  ]
  for (const [what, probe, jitterMs, doubtMs] of TIMES) {
    it(`reads and writes ${what} as jitter and in doubt`, () => {
      const config = configOf(probe)
      const [found] = config.upstreams[0]!.probes
      assert.deepEqual([found!.jitterMs, found!.doubtIntervalMs], [jitterMs, doubtMs])
      assert.deepEqual(probeOf(written(config)).jitterMs, jitterMs)
      assert.deepEqual(probeOf(written(config)).doubtIntervalMs, doubtMs)
    })
  }

  const NAMES: readonly (readonly [probe: unknown, name: string])[] = [
    ['/a?b', '/a?b'],
    [{ path: '/a', name: 'page' }, 'page'],
    [{ type: 'tcp' }, 'tcp'],
    [{ type: 'external', command: '/usr/lib/check' }, 'check'],
    [{ type: 'function', module: '/srv/db.ts' }, 'db.ts'],
    [{ type: 'tcp', connects: 3 }, 'tcp'],
    [{ type: 'ping' }, 'ping'],
  ]
  for (const [probe, name] of NAMES) {
    it(`is called "${name}" when it is ${JSON.stringify(probe)}`, () => {
      assert.equal(probeOf(probe).name, name)
    })
  }

  const SHORT: readonly unknown[] = ['/', '/health', ['/a', '/b'], { type: 'tcp' }]
  for (const probe of SHORT) {
    it(`is written as ${JSON.stringify(probe)} again`, () => {
      assert.deepEqual(written(configOf(probe)), probe === '/' ? '/' : probe)
    })
  }
})

describe('probe.peers', () => {
  const PEERS = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.1:80']

  it('asks the peers of an address, or one by its number, what differs', () => {
    const path = { '10.0.0.2:80': '/two', '#3': { method: 'HEAD' } }
    const probe = probeOf({ path: '/all', host: 'a', peers: path }, PEERS)
    const own = Object.entries(probe.checksOfPeers ?? {}).map(([index, check]) => {
      assert.ok(check.kind === 'http')
      return [index, check.method, check.path, check.host]
    })
    assert.deepEqual(own, [
      ['1', 'GET', '/two', 'a'],
      ['2', 'HEAD', '/all', 'a'],
    ])
  })

  it('means all peers of one address', () => {
    const probe = probeOf({ peers: { '10.0.0.1:80': '/one' } }, PEERS)
    assert.deepEqual(Object.keys(probe.checksOfPeers!), ['0', '2'])
  })

  it('is written with the address of a peer that is alone, with the number of others', () => {
    const config = configOf(
      { expect: { body: 'a' }, peers: { '10.0.0.1:80': '/one', '10.0.0.2:80': { type: 'tcp' } } },
      PEERS,
    )
    const { peers } = written(config) as { peers: unknown }
    assert.deepEqual(peers, {
      '#1': { path: '/one' },
      '10.0.0.2:80': { type: 'tcp' },
      '#3': { path: '/one' },
    })
    assert.deepEqual(written(configOf(written(config), PEERS)), written(config))
  })
})
