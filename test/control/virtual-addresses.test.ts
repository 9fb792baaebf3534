import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readConfigText } from '../../src/config/read.ts'
import { virtualAddresses, virtualsTold } from '../../src/control/virtual-addresses.ts'
import { addressText } from '../../src/model/listener.ts'
import { probedUpstream, sampleProbe } from '../harness/roster.ts'
import { tcp } from '../harness/sample-config.ts'

const CONF = `
events {}
http {
  upstream web { server 10.0.0.1:80; }
  upstream api { server 10.0.0.2:80; }
  upstream idle { server 10.0.0.3:80; }
  server {
    listen 127.0.0.1:0;
    listen 127.0.0.1:8080;
    location / { proxy_pass http://web; location /deep/ { proxy_pass http://api; } }
  }
  server { listen 127.0.0.1:8080; server_name other; location / { proxy_pass http://web; } }
  server { listen 127.0.0.1:8081; location / { proxy_pass http://$host; } }
}
`

describe('virtualAddresses', () => {
  const { config } = readConfigText('nginx.conf', CONF, {
    prefix: '/nowhere',
    env: {},
    globals: '',
    hostname: 'here',
  })
  const listening = { wanted: [tcp('127.0.0.1:0')], bound: [tcp('127.0.0.1:41234')] }
  const found = virtualAddresses(config!, listening)
  const of = (name: string) => (found.get(name) ?? []).map(addressText)

  it('are those of every server with a way to the upstream, each once', () => {
    assert.deepEqual(of('web'), ['127.0.0.1:41234', '127.0.0.1:8080'])
  })

  it('are those of servers that have the way in a location inside another', () => {
    assert.deepEqual(of('api'), ['127.0.0.1:41234', '127.0.0.1:8080'])
  })

  it('are none of an upstream that nobody names', () => assert.deepEqual(of('idle'), []))
})

describe('virtualsTold', () => {
  it('has what a probe was told of clients before what servers listen on', () => {
    const virtual = tcp('192.168.0.110:80')
    const told = probedUpstream({ probes: [sampleProbe(), sampleProbe({ virtual })] })
    const listened = [tcp('0.0.0.0:80')]
    assert.deepEqual(virtualsTold(told, listened), [virtual])
    assert.deepEqual(virtualsTold(probedUpstream(), listened), listened)
  })
})
