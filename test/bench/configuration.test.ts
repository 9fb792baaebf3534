/**
 * Tests of what the benchmark writes for proxies to read, and of the origin's counts.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeHaproxyConfig } from '../../bench/macro/haproxy-config.ts'
import { makeNginxConfig } from '../../bench/macro/nginx-config.ts'
import { parseStubStatus } from '../../bench/macro/origin.ts'

describe('makeNginxConfig', () => {
  const setting = {
    directory: '/d',
    port: 8000,
    originPorts: [8001, 8002],
    keepalive: 64,
    cache: null,
  }

  it('keeps connections to both servers and uses one worker', () => {
    const config = makeNginxConfig({ ...setting, accessLogPath: null })
    for (const line of [
      'worker_processes 1;',
      'server 127.0.0.1:8001;',
      'server 127.0.0.1:8002;',
      'keepalive 64;',
      'proxy_http_version 1.1;',
      'proxy_set_header Connection "";',
      'access_log off;',
    ]) {
      assert.ok(config.includes(line), line)
    }
  })

  it('logs in the combined format when the work asks for it', () => {
    const config = makeNginxConfig({ ...setting, accessLogPath: '/d/access.log' })
    assert.ok(config.includes('access_log /d/access.log combined;'))
  })

  it('caches only when the work asks for it', () => {
    const config = makeNginxConfig({ ...setting, accessLogPath: null })
    assert.doesNotMatch(config, /proxy_cache|sendfile/)
    const cache = { keys: 1, memory: null }
    const caching = makeNginxConfig({ ...setting, accessLogPath: null, cache })
    for (const line of ['sendfile on;', 'proxy_cache bench;', 'proxy_cache_min_uses 1;']) {
      assert.ok(caching.includes(line), line)
    }
    assert.match(caching, /proxy_cache_path \/d\/cache .*use_temp_path=off;/s)
  })

  it('has room for the keys that the work brings, and does not store those asked for once', () => {
    const cache = { keys: 1_000_000, memory: '0' }
    const config = makeNginxConfig({ ...setting, accessLogPath: null, cache })
    const zoneBytes = Number(/keys_zone=bench:(\d+)/.exec(config)?.[1])
    assert.ok(zoneBytes / cache.keys > 128)
    assert.ok(config.includes('proxy_cache_min_uses 2;'))
    assert.ok(config.includes(' memory=0;'))
  })
})

describe('makeHaproxyConfig', () => {
  const setting = { port: 8000, originPorts: [8001, 8002] }

  it('reuses connections on one thread', () => {
    const config = makeHaproxyConfig({ ...setting, hasAccessLog: false })
    assert.match(config, /nbthread 1\n/)
    assert.match(config, /http-reuse always\n/)
    assert.doesNotMatch(config, /\blog/)
  })

  it('escapes the blanks and quotes of the log format', () => {
    const config = makeHaproxyConfig({ ...setting, hasAccessLog: true })
    assert.ok(config.includes('log-format %ci\\ -\\ -\\ [%trl]\\ \\"%HM'))
  })
})

describe('parseStubStatus', () => {
  it('reads accepted connections and requests', () => {
    const text = [
      'Active connections: 2 ',
      'server accepts handled requests',
      ' 16 17 31070465 ',
      'Reading: 0 Writing: 1 Waiting: 1 ',
      '',
    ].join('\n')
    assert.deepEqual(parseStubStatus(text), { connections: 16, requests: 31_070_465 })
  })

  it('gives null for anything else', () => {
    assert.equal(parseStubStatus('<html>404 Not Found</html>'), null)
  })
})
