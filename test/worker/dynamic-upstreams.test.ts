// Groups for addresses that only a request knows.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TriedSet } from '../../src/balance/tried.ts'
import { SystemClock } from '../../src/base/clock.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import { DynamicUpstreams } from '../../src/worker/dynamic-upstreams.ts'

function make(): DynamicUpstreams {
  const clock = new SystemClock()
  return new DynamicUpstreams(clock, new TimerWheel(clock), false)
}

describe('DynamicUpstreams', () => {
  const addresses: readonly [string, string][] = [
    ['192.0.2.1:8080', '192.0.2.1:8080'],
    ['192.0.2.1', '192.0.2.1:80'],
    ['192.0.2.1:65535', '192.0.2.1:65535'],
    ['[2001:db8::1]:8080', '[2001:db8::1]:8080'],
    ['[::1]', '[::1]:80'],
    ['[::ffff:192.0.2.1]:81', '[::ffff:192.0.2.1]:81'],
    ['unix:/run/a.sock', 'unix:/run/a.sock'],
    ['unix:/run/a.sock:', 'unix:/run/a.sock'],
  ]
  for (const [name, text] of addresses) {
    it(`finds ${name}`, () => {
      const found = make().find(name)
      assert.deepEqual(
        found?.peers.addresses.map(address => address.text),
        [text],
      )
      assert.equal(found.config.name, name)
      assert.equal(found.config.isImplicit, true)
      assert.deepEqual(
        found.config.peers.map(peer => peer.address),
        [found.peers.addresses[0]?.address],
      )
    })
  }

  const others = [
    '',
    'localhost',
    'localhost:80',
    'a.test:80',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '192.0.2.1:',
    '192.0.2.1:x',
    '192.0.2.1:-1',
    '192.0.2.1:80:80',
    '192.0.2.256:80',
    '192.0.2:80',
    '0192.0.2.1',
    '2001:db8::1',
    '[2001:db8::1',
    '[192.0.2.1]x',
    '[]:80',
    '[g::1]:80',
    'unix:',
    'unix:relative',
    ':80',
    ' 192.0.2.1',
    '192.0.2.1\r\n',
    '192.0.2.1:80\0',
    'user@192.0.2.1',
  ]
  for (const name of others) {
    it(`has nothing for ${JSON.stringify(name)}`, () => {
      assert.equal(make().find(name), null)
    })
  }

  it('gives the same group for the same name', () => {
    const upstreams = make()
    const first = upstreams.find('192.0.2.1:8080')
    assert.notEqual(first, null)
    assert.equal(upstreams.find('192.0.2.1:8080'), first)
    assert.notEqual(upstreams.find('192.0.2.1:8081'), first)
  })

  it('forgets the oldest of more than a thousand', () => {
    const upstreams = make()
    const first = upstreams.find('192.0.2.1:1')
    const second = upstreams.find('192.0.2.1:2')
    for (let port = 3; port <= 1025; port++) upstreams.find(`192.0.2.1:${port}`)
    assert.equal(upstreams.find('192.0.2.1:2'), second)
    const again = upstreams.find('192.0.2.1:1')
    assert.notEqual(again, null)
    assert.notEqual(again, first)
  })

  it('picks its one peer always, whatever happened to it', () => {
    const upstreams = make()
    const { group } = upstreams.find('192.0.2.1:8080')!.peers
    for (let i = 0; i < 10; i++) {
      const peer = group.pick(new TriedSet(), 1000 + i)
      assert.equal(peer, 0)
      group.release(peer, 'failure', 1000 + i)
    }
  })

  it('keeps its peer when another address has taken over its slot', () => {
    const upstreams = make()
    const old = upstreams.find('192.0.2.1:1')!
    for (let port = 2; port <= 1026; port++) upstreams.find(`192.0.2.1:${port}`)
    assert.equal(old.peers.group.pick(new TriedSet(), 5), 0)
    assert.equal(old.peers.addresses[0]?.text, '192.0.2.1:1')
  })
})
