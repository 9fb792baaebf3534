import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import type { NameAnswer } from '../../src/dns/name-source.ts'
import { SystemNames, type SystemNamesOptions } from '../../src/dns/system-names.ts'
import { FakeTime } from './fake-time.ts'
import { a, reply, ScriptedNetwork } from './scripted-ask.ts'

const NEVER = new AbortController().signal

function make(
  files: { hosts?: string; resolv?: string },
  options: Partial<SystemNamesOptions> = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'names-'))
  const hostsPath = join(directory, 'hosts')
  const resolvPath = join(directory, 'resolv.conf')
  if (files.hosts !== undefined) writeFileSync(hostsPath, files.hosts)
  if (files.resolv !== undefined) writeFileSync(resolvPath, files.resolv)
  const time = new FakeTime()
  const network = new ScriptedNetwork()
  const names = new SystemNames({
    validMs: 0,
    asksIpv4: true,
    asksIpv6: false,
    timeoutMs: 30_000,
    hostsPath,
    resolvPath,
    time,
    ask: network.ask,
    ...options,
  })
  return {
    ...{ hostsPath, resolvPath, time, network, names },
    find: (name: string, service: string | null = null) => names.find({ name, service }, NEVER),
    [Symbol.dispose]: () => {
      names.close()
      rmSync(directory, { recursive: true })
    },
  }
}

function hostsOf(answer: NameAnswer): string[] | string {
  return answer.outcome === 'found' ? answer.addresses.map(({ host }) => host) : answer.outcome
}

describe('SystemNames', () => {
  it('takes what stands in /etc/hosts without asking, and looks again after five seconds', async () => {
    using system = make({ hosts: '10.0.0.1 app\n10.0.0.2 app\n::1 app\n' })
    const answer = await system.find('APP.')
    assert.deepEqual(hostsOf(answer), ['10.0.0.1', '10.0.0.2'])
    assert.equal(answer.outcome === 'found' && answer.ttlMs, 5000)
    writeFileSync(system.hostsPath, '10.0.0.3 app\n')
    assert.deepEqual(hostsOf(await system.find('app')), ['10.0.0.1', '10.0.0.2'])
    await system.time.pass(5000)
    assert.deepEqual(hostsOf(await system.find('app')), ['10.0.0.3'])
    assert.equal(system.network.asked.length, 0)
  })

  it('knows localhost without any file', async () => {
    using system = make({}, { asksIpv6: true })
    assert.deepEqual(hostsOf(await system.find('localhost')), ['127.0.0.1', '::1'])
    assert.deepEqual(hostsOf(await system.find('app.localhost')), ['127.0.0.1', '::1'])
    assert.equal(system.network.asked.length, 0)
  })

  it('asks the servers of /etc/resolv.conf, short names in the search domains', async () => {
    using system = make({ resolv: 'nameserver 10.9.9.9\nsearch a.example b.example\n' })
    system.network.set('10.9.9.9 A app.b.example', reply(a('app.b.example', 60, '10.0.0.1')))
    assert.deepEqual(hostsOf(await system.find('app')), ['10.0.0.1'])
    assert.deepEqual(system.network.takeAsked(), ['A app.a.example', 'A app.b.example'])
    assert.equal(hostsOf(await system.find('other.example')), 'missing')
    assert.deepEqual(system.network.takeAsked(), [
      'A other.example',
      'A other.example.a.example',
      'A other.example.b.example',
    ])
  })

  it('is not sure that a name is missing when one domain could not be asked', async () => {
    using system = make({ resolv: 'nameserver 10.9.9.9\nsearch a.example\n' })
    system.network.set('A app.a.example', reply([], { code: 2 }))
    assert.equal(hostsOf(await system.find('app')), 'failed')
  })

  it('waits no longer than the timeout over all names that it tries', async () => {
    const resolv = 'nameserver 10.9.9.9\nsearch a.example b.example\n'
    using system = make({ resolv }, { timeoutMs: 5000 })
    system.network.set('10.9.9.9', 'hang')
    const asked = system.find('app')
    // The files are read for real.
    while (system.network.hangingCount === 0) await system.time.pass(0)
    await system.time.pass(5000)
    assert.deepEqual(await asked, { outcome: 'failed', reason: '110: Operation timed out' })
    assert.deepEqual(system.network.takeAsked(), ['A app.a.example'])
    assert.equal(system.time.waitingCount, 0)
  })

  it('does not look for services in /etc/hosts', async () => {
    using system = make({ hosts: '10.0.0.1 app.example\n' })
    assert.equal(hostsOf(await system.find('app.example', 'http')), 'missing')
    assert.deepEqual(system.network.takeAsked(), ['SRV _http._tcp.app.example'])
  })

  it('follows a change of /etc/resolv.conf, and keeps what it knows without one', async () => {
    using system = make({ resolv: 'nameserver 10.9.9.9\n' })
    system.network.set('A app.example', reply(a('app.example', 60, '10.0.0.1')))
    for (let count = 0; count < 3; count++) {
      await system.find('app.example')
      await system.time.pass(5000)
    }
    assert.deepEqual(system.network.takeServers(), ['10.9.9.9'])
    writeFileSync(system.resolvPath, 'nameserver 10.9.9.8\n')
    await system.find('app.example')
    assert.deepEqual(system.network.takeServers(), ['10.9.9.8'])
  })

  it('asks nobody after it was closed', async () => {
    using system = make({ resolv: 'nameserver 10.9.9.9\n' })
    system.names.close()
    assert.equal(hostsOf(await system.find('app.example')), 'failed')
    assert.equal(system.network.asked.length, 0)
  })
})
