import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Config } from '../../src/model/config.ts'
import { fallbackGroupName, withFallbackGroups } from '../../src/model/fallback-group.ts'
import { BUILT_IN } from '../../src/model/origin.ts'
import { DEFAULT_OUTLIERS } from '../../src/model/passive-health.ts'
import type { Fallback, Upstream } from '../../src/model/upstream.ts'
import { sampleUpstream, tcp } from '../harness/sample-config.ts'

function fallingBack(answer: Fallback['answer']): Upstream {
  const upstream = sampleUpstream('app', '10.0.0.1:80')
  const { passiveHealth } = upstream
  return {
    ...upstream,
    proxyProtocol: 'v1',
    sticky: { kind: 'route', values: [] },
    queue: { size: 1, timeoutMs: 1 },
    statePath: '/state',
    passiveHealth: { ...passiveHealth, outliers: DEFAULT_OUTLIERS, panicPercent: 50 },
    fallback: { origin: BUILT_IN, answer, retryAfterSeconds: 0, command: null },
  }
}

/** What the function looks at. */
function configOf(...upstreams: Upstream[]): Config {
  return { upstreams } as unknown as Config
}

describe('withFallbackGroups', () => {
  it('makes a group of one address that nothing takes out, with the connections of the other', () => {
    const app = fallingBack({ kind: 'address', name: 'sorry:81', address: tcp('sorry:81') })
    const { upstreams } = withFallbackGroups(configOf(app))
    assert.equal(upstreams[0], app)
    const group = upstreams[1]!
    assert.equal(group.name, fallbackGroupName('app'))
    assert.deepEqual(
      group.peers.map(({ name, address, maxFails }) => [name, address, maxFails]),
      [['sorry:81', tcp('sorry:81'), 0]],
    )
    assert.equal(group.isImplicit, true)
    assert.equal(group.keepalive, app.keepalive)
    assert.equal(group.proxyProtocol, 'v1')
    assert.equal(group.passiveHealth.outliers, null)
    assert.equal(group.passiveHealth.panicPercent, 0)
    for (const property of ['sticky', 'queue', 'statePath', 'fallback', 'alerts'] as const) {
      assert.equal(group[property], null, property)
    }
    assert.deepEqual(group.probes, [])
  })

  it('makes none for a page or a status, and none twice', () => {
    const page = fallingBack({ kind: 'page', path: '/a', status: 503 })
    const status = { ...fallingBack({ kind: 'status', status: 503, text: '' }), name: 'other' }
    const plain = configOf(page, status)
    assert.equal(withFallbackGroups(plain), plain)
    const app = fallingBack({ kind: 'address', name: 'sorry:81', address: tcp('sorry:81') })
    const once = withFallbackGroups(configOf(app))
    assert.equal(withFallbackGroups(once), once)
  })
})
