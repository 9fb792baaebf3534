// Names followed at a real name server: dnsmasq on a loopback port, its records changed while it runs. What the machine
// does not have is skipped with a reason.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { networkAsk } from '../../src/dns/name-server.ts'
import type { NameAnswer } from '../../src/dns/name-source.ts'
import { NameWatch } from '../../src/dns/name-watch.ts'
import { Resolver } from '../../src/dns/resolver.ts'
import { FakeTime } from '../dns/fake-time.ts'
import { Dnsmasq, withoutDnsmasq } from '../harness/dnsmasq.ts'

const NEVER = new AbortController().signal
const SETTINGS = { validMs: 0, asksIpv4: true, asksIpv6: true, timeoutMs: 5000 } as const

const MANY = Array.from({ length: 120 }, (_, n) => `10.2.${n >> 6}.${n & 63} many.example.com`)

const RECORDS = [
  '--srv-host=_http._tcp.app.example.com,one.example.com,8081,10,5',
  '--srv-host=_http._tcp.app.example.com,two.example.com,8082,20,7',
  '--cname=www.example.com,one.example.com',
]

const FIRST = [
  '10.1.0.1 one.example.com',
  '2001:db8::1 one.example.com',
  '10.1.0.2 two.example.com',
  '10.1.0.3 both.example.com',
  '10.1.0.4 both.example.com',
  ...MANY,
].join('\n')

describe('names at a real dnsmasq', { skip: withoutDnsmasq() }, () => {
  let dnsmasq: Dnsmasq
  let resolver: Resolver

  before(async () => {
    dnsmasq = await Dnsmasq.start(FIRST, RECORDS)
    resolver = new Resolver({ ...SETTINGS, servers: [dnsmasq.server] })
  })

  after(async () => {
    resolver?.close()
    await dnsmasq?.stop()
  })

  function hosts(answer: NameAnswer): string[] | string {
    if (answer.outcome !== 'found') return answer.outcome
    return answer.addresses.map(({ host, port, weight }) =>
      port === null ? host : `${host}:${port}/${weight}`,
    )
  }

  const FOUND: readonly { name: string; service?: string; expected: string[] | string }[] = [
    { name: 'one.example.com', expected: ['10.1.0.1', '2001:db8::1'] },
    { name: 'both.example.com', expected: ['10.1.0.3', '10.1.0.4'] },
    { name: 'www.example.com', expected: ['10.1.0.1', '2001:db8::1'] },
    { name: 'none.example.com', expected: 'missing' },
    { name: 'elsewhere.test', expected: 'failed' },
    {
      name: 'app.example.com',
      service: 'http',
      expected: ['10.1.0.1:8081/5', '2001:db8::1:8081/5', '10.1.0.2:8082/7'],
    },
    { name: 'none.example.com', service: 'http', expected: 'missing' },
  ]
  for (const { name, service = null, expected } of FOUND) {
    it(`finds ${service === null ? name : `${service} at ${name}`}: ${expected}`, async () => {
      assert.deepEqual(hosts(await resolver.find({ name, service }, NEVER)), expected)
    })
  }

  it('gives addresses in one order although the server turns them round', async () => {
    const ask = networkAsk()
    const orders = new Set<string>()
    for (let count = 0; count < 4; count++) {
      const asked = await ask(dnsmasq.server, { name: 'both.example.com', type: 'A' }, NEVER)
      orders.add(JSON.stringify('answers' in asked && asked.answers))
    }
    for (let count = 0; count < 3; count++) {
      const fresh = new Resolver({ ...SETTINGS, servers: [dnsmasq.server] })
      const answer = await fresh.find({ name: 'both.example.com', service: null }, NEVER)
      assert.deepEqual(hosts(answer), ['10.1.0.3', '10.1.0.4'])
      fresh.close()
    }
    assert.equal(orders.size, 2)
  })

  it('gets more addresses than a datagram holds', async () => {
    const answer = await resolver.find({ name: 'many.example.com', service: null }, NEVER)
    assert.deepEqual(hosts(answer), MANY.map(line => line.split(' ')[0]!).sort())
  })

  it('follows a name whose addresses change, and holds them when it is gone', async () => {
    const time = new FakeTime()
    const own = new Resolver({ ...SETTINGS, servers: [dnsmasq.server], time, ask: networkAsk() })
    const told: string[] = []
    let wake = (): void => {}
    const tell = (text: string): void => {
      told.push(text)
      wake()
    }
    const watch = new NameWatch({
      ...{ wanted: { name: 'both.example.com', service: null }, source: own, time },
      ...{ retryMs: 1000, holdMs: 3_600_000 },
      onChange: list => tell(list.map(({ host }) => host).join(' ')),
      onEvent: ({ kind, text, count }) => tell(`${kind}: ${text} [${count}]`),
    })
    await watch.firstAnswer
    /** Changes the records, and lets the addresses live their second, or a missing name its ten. */
    const afterChange = async (text: string, ms = 2001): Promise<void> => {
      await dnsmasq.change(text)
      const said = new Promise<void>(resolve => (wake = resolve))
      await time.pass(ms)
      await said
    }
    await afterChange(FIRST.replace('10.1.0.4 both', '10.1.0.5 both'))
    await afterChange(FIRST.replace('10.1.0.4 both', '10.1.0.5 other'))
    await afterChange('10.1.0.1 one.example.com\n')
    await afterChange(FIRST, 11_001)
    await watch.close()
    own.close()
    assert.deepEqual(told, [
      '10.1.0.3 10.1.0.4',
      '10.1.0.3 10.1.0.5',
      '10.1.0.3',
      'missing: both.example.com (3: Host not found) [1]',
      '10.1.0.3 10.1.0.4',
      'found: both.example.com [2]',
    ])
  })
})
