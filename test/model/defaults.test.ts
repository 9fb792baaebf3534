// Defaults as nginx documents them, and what its two profiles differ in.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  DEFAULT_LOG_FORMATS,
  defaultKeepalive,
  defaultProcess,
  defaultSettings,
  implicitKeepalive,
} from '../../src/model/defaults.ts'
import { literalText, templateText } from '../../src/model/template.ts'
import { isKnownVariable } from '../../src/model/variables.ts'

describe('defaultSettings', () => {
  const newer = defaultSettings('nginx/1.30', '/srv')
  const older = defaultSettings('nginx/1.28', '/srv')

  it('speaks HTTP/1.1 to peers, and HTTP/1.0 with "Connection: close" in the older profile', () => {
    const sent = (settings: typeof newer) =>
      settings.proxy.setFields.map(field => `${field.name}: ${templateText(field.value)}`)
    assert.equal(newer.proxy.httpVersion, '1.1')
    assert.deepEqual(sent(newer), ['Host: $proxy_host', 'Connection: '])
    assert.equal(older.proxy.httpVersion, '1.0')
    assert.deepEqual(sent(older), ['Host: $proxy_host', 'Connection: close'])
  })

  it('differs between the profiles in nothing else', () => {
    const proxy = { ...older.proxy, httpVersion: '1.1', setFields: newer.proxy.setFields }
    assert.deepEqual({ ...older, proxy }, newer)
  })

  it('stands under the prefix', () => {
    assert.equal(literalText(newer.files.root), '/srv/html')
    assert.equal(literalText(newer.accessLogs[0]!.path), '/srv/logs/access.log')
    assert.equal(newer.errorLogs[0]!.path, '/srv/logs/error.log')
    assert.equal(newer.proxy.tempPath, '/srv/proxy_temp')
    assert.equal(newer.client.bodyTempPath, '/srv/client_body_temp')
  })

  it('has the limits and times of the documentation', () => {
    const { client, proxy } = newer
    assert.equal(client.bodyBytesMax, 1_048_576)
    assert.deepEqual(client.largeHeaderBuffers, { count: 4, bytes: 8192 })
    assert.equal(client.keepaliveTimeoutMs, 75_000)
    assert.equal(client.keepaliveRequestsMax, 1000)
    assert.deepEqual(proxy.retry, {
      on: ['error', 'timeout'],
      triesMax: 0,
      timeoutMs: 0,
      tryTimeoutMs: 0,
      deadlineMs: 0,
      backoffMs: 0,
      backoffMaxMs: 250,
      budgetPercent: 0,
      budgetMin: 3,
      connectHedgeMs: 250,
      hedgePercentile: 0,
      hedgeMinMs: 10,
    })
    assert.deepEqual(
      [proxy.connectTimeoutMs, proxy.sendTimeoutMs, proxy.readTimeoutMs],
      [60_000, 60_000, 60_000],
    )
    assert.equal(proxy.buffersBytes, 32_768)
    assert.equal(proxy.tempFileBytesMax, 1_073_741_824)
  })
})

describe('defaultKeepalive', () => {
  it('keeps 32 idle connections in the newer profile and none in the older', () => {
    assert.equal(defaultKeepalive('nginx/1.30').idleMax, 32)
    assert.equal(defaultKeepalive('nginx/1.28').idleMax, 0)
  })

  it('never keeps any for implicit groups', () => {
    assert.equal(implicitKeepalive('nginx/1.30').idleMax, 0)
    assert.equal(implicitKeepalive('nginx/1.28').idleMax, 0)
  })
})

describe('defaultProcess', () => {
  it('is a worker for every core, in the background as in nginx', () => {
    const { workerProcesses, workerConnectionsMax, isDaemon, pidPath } = defaultProcess('/srv')
    assert.deepEqual([workerProcesses, workerConnectionsMax, isDaemon], ['auto', 512, true])
    assert.equal(pidPath, '/srv/logs/headgate.pid')
  })
})

describe('DEFAULT_LOG_FORMATS', () => {
  it('has the combined form, and only variables that exist', () => {
    const [combined] = DEFAULT_LOG_FORMATS
    assert.equal(
      templateText(combined!.text),
      '$remote_addr - $remote_user [$time_local] "$request" ' +
        '$status $body_bytes_sent "$http_referer" "$http_user_agent"',
    )
    for (const part of combined!.text) {
      if (typeof part !== 'string') assert.ok(isKnownVariable(part.variable), part.variable)
    }
  })
})

describe('isKnownVariable', () => {
  it('knows names and families, and no family without a name', () => {
    for (const name of ['host', 'arg_x', 'upstream_http_etag']) assert.ok(isKnownVariable(name))
    for (const name of ['hosts', 'arg_', 'http', '1', '']) assert.ok(!isKnownVariable(name), name)
  })
})
