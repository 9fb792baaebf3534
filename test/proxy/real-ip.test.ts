import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { defaultSettings } from '../../src/model/defaults.ts'
import { BUILT_IN } from '../../src/model/origin.ts'
import { DEFAULT_REAL_IP, type RealIpSettings } from '../../src/model/real-ip.ts'
import { detach } from '../../src/proxy/detach.ts'
import type { Exchange } from '../../src/proxy/exchange.ts'
import { compileRealIp, realIpPhase } from '../../src/proxy/real-ip.ts'
import { compileTemplate } from '../../src/proxy/variables.ts'
import { makeExchange, makeLocation } from './exchange-fixture.ts'

function rules(parts: Partial<RealIpSettings>, ...networks: readonly string[]): RealIpSettings {
  const from = networks.map(network => ({ origin: BUILT_IN, network }))
  return { ...DEFAULT_REAL_IP, from, ...parts }
}

function ask(
  fields: readonly string[],
  connection: Readonly<Record<string, unknown>> = {},
): Exchange {
  return makeExchange(['GET / HTTP/1.1', 'Host: a', ...fields], { connection })
}

function shown(exchange: Exchange, ...names: readonly string[]): string {
  return names.map(name => compileTemplate([{ variable: name }])(exchange)).join('|')
}

const header = {
  source: { address: '2001:db8::1', port: 4242 },
  destination: { address: '::1', port: 443 },
  tlvs: '\x01\x00\x02h2',
}

describe('compileRealIp', () => {
  it('has nothing to do where nobody is trusted', () => {
    assert.equal(compileRealIp(DEFAULT_REAL_IP), null)
  })

  it('is one for all levels that share their settings', () => {
    const settings = rules({}, '192.0.2.0/24')
    assert.equal(compileRealIp(settings), compileRealIp(settings))
  })

  it('believes clients of a UNIX socket where they are named', () => {
    const fields = ['X-Real-IP: 203.0.113.1']
    const unix = { remoteAddress: 'unix:', remotePort: 0 }
    const found = compileRealIp(rules({}, 'unix:'))!.find(ask(fields, unix))
    assert.deepEqual(found, { address: '203.0.113.1', port: 0 })
    assert.equal(compileRealIp(rules({}, '0.0.0.0/0', '::/0'))!.find(ask(fields, unix)), null)
    assert.equal(compileRealIp(rules({}, 'unix:'))!.find(ask(fields)), null)
  })

  it('takes the client of a PROXY header with its port', () => {
    const settings = rules({ header: 'proxy-protocol' }, '192.0.2.0/24')
    const found = compileRealIp(settings)!.find(ask([], { proxyHeader: header }))
    assert.deepEqual(found, { address: '2001:db8::1', port: 4242 })
    assert.equal(compileRealIp(settings)!.find(ask([], { proxyHeader: null })), null)
  })
})

describe('realIpPhase', () => {
  const settings = defaultSettings('nginx/1.30', '/prefix')
  const own = rules({}, '192.0.2.0/24')

  it('is left out where nobody is trusted', () => {
    const next = () => {}
    assert.equal(realIpPhase(makeLocation(settings, null), next), next)
  })

  it("goes by the location's rules unless the server's have found somebody", () => {
    const went: Exchange[] = []
    const phase = realIpPhase(makeLocation({ ...settings, realIp: own }, null), each =>
      went.push(each),
    )
    const exchange = ask(['X-Real-IP: 203.0.113.1'])
    Object.assign(exchange.server, { realIp: null })
    phase(exchange)
    assert.equal(exchange.realClient?.address, '203.0.113.1')
    const before = { address: '198.51.100.1', port: 1 }
    const found = ask(['X-Real-IP: 203.0.113.1'])
    found.realClient = before
    phase(found)
    assert.equal(found.realClient, before)
    assert.deepEqual(went, [exchange, found])
  })
})

describe('the client of an exchange', () => {
  it('is whom a trusted peer speaks for, wherever it is asked for', () => {
    const exchange = ask(['X-Forwarded-For: 203.0.113.1'])
    exchange.realClient = { address: '203.0.113.1', port: 0 }
    assert.equal(
      shown(exchange, 'remote_addr', 'remote_port', 'realip_remote_addr', 'realip_remote_port'),
      '203.0.113.1||192.0.2.7|40000',
    )
    assert.equal(shown(exchange, 'binary_remote_addr'), '\xcb\x00\x71\x01')
    assert.equal(shown(exchange, 'proxy_add_x_forwarded_for'), '203.0.113.1, 203.0.113.1')
    assert.equal(shown(detach(exchange), 'remote_addr'), '203.0.113.1')
  })

  it('has the values of its PROXY header', () => {
    const exchange = ask([], { proxyHeader: header })
    const names = [
      'addr',
      'port',
      'server_addr',
      'server_port',
      'tlv_alpn',
      'tlv_0x01',
      'tlv_0x02',
      'tlv_ssl_verify',
      'tlv_none',
    ]
    const text = shown(exchange, ...names.map(name => `proxy_protocol_${name}`))
    assert.equal(text, '2001:db8::1|4242|::1|443|h2|h2|||')
    assert.equal(
      shown(ask([]), 'proxy_protocol_addr', 'proxy_protocol_port', 'proxy_protocol_tlv_alpn'),
      '||',
    )
  })
})
