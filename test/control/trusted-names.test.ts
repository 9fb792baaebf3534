import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { resolveTrusted } from '../../src/control/trusted-names.ts'
import type { Config } from '../../src/model/config.ts'
import { BUILT_IN } from '../../src/model/origin.ts'
import { sampleConfig } from '../harness/sample-config.ts'

function configWith(...networks: readonly string[]): Config {
  const config = sampleConfig()
  const [server] = config.servers
  const { settings } = server!
  const from = networks.map(network => ({ origin: BUILT_IN, network }))
  const realIp = { ...settings.realIp, from }
  return { ...config, servers: [{ ...server!, settings: { ...settings, realIp } }] }
}

function networksOf(config: Config): readonly string[] {
  return config.servers[0]!.settings.realIp.from.map(({ network }) => network)
}

describe('resolveTrusted', () => {
  it('puts the addresses of names in their place, and asks for nothing else', async () => {
    const asked: string[] = []
    const config = configWith('10.0.0.0/8', 'proxy.test', 'unix:', '::1')
    const { config: found, diagnostics } = await resolveTrusted(config, {
      lookup: async host => {
        asked.push(host)
        return ['192.0.2.1', '2001:db8::1']
      },
    })
    assert.deepEqual(networksOf(found), ['10.0.0.0/8', '192.0.2.1', '2001:db8::1', 'unix:', '::1'])
    assert.deepEqual(diagnostics, [])
    assert.deepEqual(asked, ['proxy.test'])
  })

  it('refuses a name that nobody has, as nginx does', async () => {
    const { diagnostics } = await resolveTrusted(configWith('nobody.test'), {
      lookup: async () => [],
    })
    const [found] = diagnostics
    assert.equal(found?.severity, 'error')
    assert.equal(found?.message, 'host not found in set_real_ip_from "nobody.test"')
  })
})
