import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { NameAnswer } from '../../src/dns/name-source.ts'
import { Resolver, type ResolverOptions } from '../../src/dns/resolver.ts'
import { FakeTime } from './fake-time.ts'
import { a, aaaa, cname, reply, ScriptedNetwork, SERVERS, SILENT, srv } from './scripted-ask.ts'

const NEVER = new AbortController().signal

function make(options: Partial<ResolverOptions> = {}) {
  const time = new FakeTime()
  const network = new ScriptedNetwork()
  const resolver = new Resolver({
    servers: SERVERS.slice(0, 1),
    validMs: 0,
    asksIpv4: true,
    asksIpv6: true,
    timeoutMs: 30_000,
    time,
    ask: network.ask,
    ...options,
  })
  const find = (name: string, service: string | null = null, signal = NEVER): Promise<NameAnswer> =>
    resolver.find({ name, service }, signal)
  return { time, network, resolver, find }
}

/** `10.1.0.1`, or `10.1.0.1:80 5/10` with what the service says. */
function shown(answer: NameAnswer): string[] {
  assert.equal(answer.outcome, 'found', JSON.stringify(answer))
  if (answer.outcome !== 'found') return []
  return answer.addresses.map(({ host, port, priority, weight }) =>
    port === null ? host : `${host}:${port} ${priority}/${weight}`,
  )
}

const NODATA = reply([])

describe('Resolver.find', () => {
  it('asks for both kinds side by side, and puts IPv4 first in an order of its own', async () => {
    const { network, find } = make()
    network.set('A app.example', reply(a('app.example', 60, '10.1.0.9', '10.1.0.1')))
    network.set('AAAA app.example', reply(aaaa('app.example', 30, '2001:db8::1')))
    const answer = await find('APP.example.')
    assert.deepEqual(shown(answer), ['10.1.0.1', '10.1.0.9', '2001:db8::1'])
    assert.deepEqual(network.takeAsked(), ['A app.example', 'AAAA app.example'])
    assert.equal(answer.outcome === 'found' && answer.ttlMs, 30_000)
  })

  const FAMILIES = [
    { name: 'ipv6=off', options: { asksIpv6: false }, asked: ['A app.example'] },
    { name: 'ipv4=off', options: { asksIpv4: false }, asked: ['AAAA app.example'] },
  ]
  for (const { name, options, asked } of FAMILIES) {
    it(`asks for one kind with ${name}`, async () => {
      const { network, find } = make(options)
      await find('app.example')
      assert.deepEqual(network.takeAsked(), asked)
    })
  }

  it('keeps an answer for as long as it says, and asks again after', async () => {
    const { network, find, time } = make({ asksIpv6: false })
    network.set('A app.example', reply(a('app.example', 60, '10.1.0.1')))
    await find('app.example')
    await time.pass(59_999)
    const answer = await find('app.example')
    assert.equal(answer.outcome === 'found' && answer.ttlMs, 1)
    assert.equal(network.asked.length, 1)
    await time.pass(1)
    await find('app.example')
    assert.equal(network.asked.length, 2)
  })

  const LIFETIMES = [
    { name: 'valid= instead', ttl: 600, validMs: 5000, expected: 5000 },
    { name: 'a day at most', ttl: 1_000_000, validMs: 0, expected: 86_400_000 },
    { name: 'not at all with a TTL of 0', ttl: 0, validMs: 0, expected: 0 },
    { name: 'a day at most of valid= too', ttl: 1, validMs: 1e12, expected: 86_400_000 },
  ]
  for (const { name, ttl, validMs, expected } of LIFETIMES) {
    it(`keeps an answer: ${name}`, async () => {
      const { network, find } = make({ asksIpv6: false, validMs })
      network.set('A app.example', reply(a('app.example', ttl, '10.1.0.1')))
      const answer = await find('app.example')
      assert.equal(answer.outcome === 'found' && answer.ttlMs, expected)
    })
  }

  const MISSING = [
    { name: 'ten seconds where nobody said', soa: null, validMs: 0, expected: 10_000 },
    { name: 'what the zone says', soa: 3000, validMs: 0, expected: 3000 },
    {
      name: 'ten seconds when the zone says an hour',
      soa: 3_600_000,
      validMs: 0,
      expected: 10_000,
    },
    { name: 'valid= instead', soa: 3000, validMs: 60_000, expected: 60_000 },
  ]
  for (const { name, soa, validMs, expected } of MISSING) {
    it(`keeps that a name is missing: ${name}`, async () => {
      const { network, find, time } = make({ asksIpv6: false, validMs })
      network.set('A app.example', reply([], { code: 3, missingTtlMs: soa }))
      const answer = await find('app.example')
      assert.deepEqual(answer, {
        outcome: 'missing',
        reason: '3: Host not found',
        ttlMs: expected,
      })
      await time.pass(expected - 1)
      await find('app.example')
      assert.equal(network.asked.length, 1)
      await time.pass(1)
      await find('app.example')
      assert.equal(network.asked.length, 2)
    })
  }

  const FAILED = reply([], { code: 2 })
  const NXDOMAIN = reply([], { code: 3 })
  const FOUND4 = reply(a('app.example', 60, '10.1.0.1'))
  const PAIRS = [
    { ipv4: NODATA, ipv6: NODATA, outcome: 'missing', unknown: [] },
    { ipv4: NXDOMAIN, ipv6: FAILED, outcome: 'missing', unknown: [] },
    { ipv4: NODATA, ipv6: FAILED, outcome: 'failed', unknown: [] },
    { ipv4: FAILED, ipv6: FAILED, outcome: 'failed', unknown: [] },
    { ipv4: FOUND4, ipv6: NODATA, outcome: 'found', unknown: [] },
    { ipv4: FOUND4, ipv6: FAILED, outcome: 'found', unknown: ['AAAA'] },
  ]
  for (const { ipv4, ipv6, outcome, unknown } of PAIRS) {
    const says = (code: number, count: number): string =>
      count > 0 ? 'an address' : `code ${code}`
    const name = `A: ${says(ipv4.code, ipv4.answers.length)}, AAAA: ${says(ipv6.code, 0)}`
    it(`is ${outcome} for ${name}`, async () => {
      const { network, find } = make()
      network.set('A app.example', ipv4)
      network.set('AAAA app.example', ipv6)
      const answer = await find('app.example')
      assert.equal(answer.outcome, outcome)
      if (answer.outcome === 'found') assert.deepEqual(answer.unknown, unknown)
    })
  }

  it('asks again no sooner because a name has no address of one kind', async () => {
    const { network, find } = make()
    network.set('A app.example', reply(a('app.example', 300, '10.1.0.1')))
    network.set('AAAA app.example', NODATA)
    const answer = await find('app.example')
    assert.equal(answer.outcome === 'found' && answer.ttlMs, 300_000)
  })

  it('follows aliases inside a reply, whatever their order, with the shortest time to live', async () => {
    const { network, find } = make({ asksIpv6: false })
    network.set(
      'A www.example',
      reply([
        ...a('b.example', 60, '10.1.0.1'),
        cname('a.example', 7, 'b.example'),
        cname('www.example', 60, 'a.example'),
        ...a('other.example', 60, '6.6.6.6'),
      ]),
    )
    const answer = await find('www.example')
    assert.deepEqual(shown(answer), ['10.1.0.1'])
    assert.equal(answer.outcome === 'found' && answer.ttlMs, 7000)
  })

  it('asks for the end of an alias where the reply does not have it', async () => {
    const { network, find } = make({ asksIpv6: false })
    network.set('A www.example', reply([cname('www.example', 5, 'b.example')]))
    network.set('A b.example', reply(a('b.example', 60, '10.1.0.1')))
    const answer = await find('www.example')
    assert.deepEqual(shown(answer), ['10.1.0.1'])
    assert.equal(answer.outcome === 'found' && answer.ttlMs, 5000)
    assert.deepEqual(network.takeAsked(), ['A www.example', 'A b.example'])
  })

  const LOOPS = {
    'in one reply': () =>
      reply([cname('a.example', 60, 'b.example'), cname('b.example', 60, 'a.example')]),
    'over several': (name: string, target: string) => reply([cname(name, 60, target)]),
  }
  for (const [name, loop] of Object.entries(LOOPS)) {
    it(`gives up on aliases that go round ${name}`, async () => {
      const { network, find } = make({ asksIpv6: false })
      network.set('A a.example', loop('a.example', 'b.example'))
      network.set('A b.example', loop('b.example', 'a.example'))
      const answer = await find('a.example')
      assert.equal(answer.outcome, 'failed')
      assert.ok(network.asked.length <= 16)
    })
  }

  it('asks once however many want to know, and tells all', async () => {
    const { network, find } = make({ asksIpv6: false })
    network.set('A app.example', reply(a('app.example', 60, '10.1.0.1')))
    const answers = await Promise.all([
      find('app.example'),
      find('app.example'),
      find('app.example'),
    ])
    assert.equal(network.asked.length, 1)
    for (const answer of answers) assert.deepEqual(shown(answer), ['10.1.0.1'])
  })

  it('gives up a question only when the last one who wanted it has gone', async () => {
    const { network, find } = make({ asksIpv6: false })
    network.set('A app.example', 'hang')
    const [first, second] = [new AbortController(), new AbortController()]
    const one = find('app.example', null, first.signal)
    const two = find('app.example', null, second.signal)
    first.abort()
    assert.equal((await one).outcome, 'failed')
    assert.equal(network.hangingCount, 1)
    second.abort()
    assert.equal((await two).outcome, 'failed')
    assert.equal(network.hangingCount, 0)
    network.set('A app.example', reply(a('app.example', 60, '10.1.0.1')))
    assert.deepEqual(shown(await find('app.example')), ['10.1.0.1'])
  })

  it('waits no longer than resolver_timeout, and says so as nginx', async () => {
    const { network, find, time } = make({ asksIpv6: false, timeoutMs: 5000 })
    network.set('A app.example', 'hang')
    const asked = find('app.example')
    await time.pass(5000)
    assert.deepEqual(await asked, { outcome: 'failed', reason: '110: Operation timed out' })
    assert.equal(network.hangingCount, 0)
    assert.equal(time.waitingCount, 0)
  })

  it('gives what it has when one kind takes too long', async () => {
    const { network, find, time } = make({ timeoutMs: 5000 })
    network.set('A app.example', reply(a('app.example', 60, '10.1.0.1')))
    network.set('AAAA app.example', 'hang')
    const asked = find('app.example')
    await time.pass(5000)
    const answer = await asked
    assert.deepEqual(shown(answer), ['10.1.0.1'])
    assert.deepEqual(answer.outcome === 'found' && answer.unknown, ['AAAA'])
  })

  it('has no limit but that of tries with a timeout of 0', async () => {
    const { network, find, time } = make({ asksIpv6: false, timeoutMs: 0 })
    network.set('A app.example', SILENT)
    assert.equal((await find('app.example')).outcome, 'failed')
    assert.equal(time.waitingCount, 0)
  })

  const REFUSED = [
    { name: 'bücher.example', reason: /ASCII.*xn--/ },
    { name: 'a..example', reason: /a label is empty/ },
    { name: '', reason: /empty/ },
    { name: `${'a'.repeat(64)}.example`, reason: /64 characters, and 63/ },
    {
      name: Array.from({ length: 60 }, () => 'abcde').join('.'),
      reason: /359 characters, and 253/,
    },
    { name: 'a b.example', reason: /ASCII/ },
    { name: 'a/b.example', reason: /other characters/ },
  ]
  for (const { name, reason } of REFUSED) {
    it(`does not ask for "${name.slice(0, 20)}"`, async () => {
      const { network, find } = make()
      const answer = await find(name)
      assert.equal(answer.outcome, 'missing')
      if (answer.outcome === 'missing') assert.match(answer.reason, reason)
      assert.equal(network.asked.length, 0)
    })
  }

  it('gives an address back as it is', async () => {
    const { network, find } = make()
    assert.deepEqual(shown(await find('10.0.0.1')), ['10.0.0.1'])
    assert.deepEqual(shown(await find('2001:DB8::1')), ['2001:db8::1'])
    assert.equal(network.asked.length, 0)
  })

  it('keeps no more than 256 addresses, always the same ones', async () => {
    const { network, find } = make({ asksIpv6: false, validMs: 1000 })
    const all = Array.from({ length: 300 }, (_, n) => `10.9.${n >> 8}.${n & 255}`)
    const first = await (async () => {
      network.set('A app.example', reply(a('app.example', 60, ...all)))
      return shown(await find('app.example'))
    })()
    const other = make({ asksIpv6: false })
    other.network.set('A app.example', reply(a('app.example', 60, ...all.toReversed())))
    assert.equal(first.length, 256)
    assert.deepEqual(shown(await other.find('app.example')), first)
  })

  it('asks no more than 512 questions at once', async () => {
    const { network, find, resolver } = make({ asksIpv6: false })
    const names = Array.from({ length: 520 }, (_, n) => `n${n}.example`)
    for (const name of names) network.set(`A ${name}`, 'hang')
    const finds = names.map(name => find(name))
    for (const answer of await Promise.all(finds.slice(512))) {
      assert.deepEqual(answer, { outcome: 'failed', reason: 'too many questions at once' })
    }
    assert.equal(network.hangingCount, 512)
    resolver.close()
    for (const answer of await Promise.all(finds)) assert.equal(answer.outcome, 'failed')
    assert.equal(network.hangingCount, 0)
  })

  it('asks nobody after it was closed', async () => {
    const { network, find, resolver } = make()
    resolver.close()
    assert.equal((await find('app.example')).outcome, 'failed')
    assert.equal(network.asked.length, 0)
  })
})

describe('Resolver.find for a service', () => {
  const SERVICE = '_http._tcp.app.example'

  const NAMES = [
    { service: 'http', asked: 'SRV _http._tcp.app.example' },
    { service: '_http._tcp', asked: 'SRV _http._tcp.app.example' },
    { service: 'web.prod', asked: 'SRV web.prod.app.example' },
  ]
  for (const { service, asked } of NAMES) {
    it(`asks ${asked} for service=${service}`, async () => {
      const { network, find } = make()
      assert.equal((await find('app.example', service)).outcome, 'missing')
      assert.deepEqual(network.takeAsked(), [asked])
    })
  }

  it('gives the targets with port, weight and priority, the most wanted first', async () => {
    const { network, find } = make()
    network.set(
      `SRV ${SERVICE}`,
      reply([
        srv(SERVICE, 60, [20, 5, 8081, 'b.example']),
        srv(SERVICE, 60, [10, 1, 8080, 'a.example']),
      ]),
    )
    network.set('A a.example', reply(a('a.example', 30, '10.1.0.2', '10.1.0.1')))
    network.set('AAAA a.example', NODATA)
    network.set('A b.example', NODATA)
    network.set('AAAA b.example', reply(aaaa('b.example', 60, '2001:db8::1')))
    const answer = await find('app.example', 'http')
    assert.deepEqual(shown(answer), [
      '10.1.0.1:8080 10/1',
      '10.1.0.2:8080 10/1',
      '2001:db8::1:8081 20/5',
    ])
    assert.equal(answer.outcome === 'found' && answer.ttlMs, 30_000)
  })

  it('takes addresses that came along instead of asking, and only those of targets', async () => {
    const { network, find } = make({ asksIpv6: false })
    network.set(
      `SRV ${SERVICE}`,
      reply([srv(SERVICE, 60, [10, 1, 8080, 'a.example'])], {
        additionals: [...a('a.example', 20, '10.1.0.1'), ...a('evil.example', 1, '6.6.6.6')],
      }),
    )
    const answer = await find('app.example', 'http')
    assert.deepEqual(shown(answer), ['10.1.0.1:8080 10/1'])
    assert.equal(answer.outcome === 'found' && answer.ttlMs, 20_000)
    assert.deepEqual(network.takeAsked(), [`SRV ${SERVICE}`])
  })

  it('says which targets nobody knew of', async () => {
    const { network, find } = make({ asksIpv6: false })
    network.set(
      `SRV ${SERVICE}`,
      reply([
        srv(SERVICE, 60, [10, 1, 8080, 'a.example']),
        srv(SERVICE, 60, [10, 1, 8080, 'b.example']),
      ]),
    )
    network.set('A a.example', reply(a('a.example', 60, '10.1.0.1')))
    network.set('A b.example', reply([], { code: 2 }))
    const answer = await find('app.example', 'http')
    assert.deepEqual(shown(answer), ['10.1.0.1:8080 10/1'])
    assert.deepEqual(answer.outcome === 'found' && answer.unknown, ['A b.example:8080'])
  })

  const NONE = [
    { name: 'missing', code: 3, outcome: 'missing' },
    { name: 'failed', code: 2, outcome: 'failed' },
  ]
  for (const { name, code, outcome } of NONE) {
    it(`is ${name} when the targets are`, async () => {
      const { network, find } = make({ asksIpv6: false })
      network.set(`SRV ${SERVICE}`, reply([srv(SERVICE, 60, [10, 1, 8080, 'a.example'])]))
      network.set('A a.example', reply([], { code }))
      assert.equal((await find('app.example', 'http')).outcome, outcome)
    })
  }

  it('asks for no more than 64 targets', async () => {
    const { network, find } = make({ asksIpv6: false })
    const records = Array.from({ length: 80 }, (_, n) =>
      srv(SERVICE, 60, [n, 1, 80, `t${n}.example`]),
    )
    network.set(`SRV ${SERVICE}`, reply(records))
    await find('app.example', 'http')
    assert.equal(network.takeAsked().length, 1 + 64)
  })

  it('gives an address and port once, with the more wanted priority', async () => {
    const { network, find } = make({ asksIpv6: false })
    network.set(
      `SRV ${SERVICE}`,
      reply([
        srv(SERVICE, 60, [20, 9, 80, 'b.example']),
        srv(SERVICE, 60, [10, 1, 80, 'a.example']),
      ]),
    )
    network.set('A a.example', reply(a('a.example', 60, '10.1.0.1')))
    network.set('A b.example', reply(a('b.example', 60, '10.1.0.1')))
    assert.deepEqual(shown(await find('app.example', 'http')), ['10.1.0.1:80 10/1'])
  })
})
