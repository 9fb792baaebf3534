import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'

import { parseNetwork } from '../../src/base/network.ts'
import type { AccessRule } from '../../src/model/access.ts'
import { AddressRules, type AddressVerdict } from '../../src/proxy/address-rules.ts'

/** `allow 10.0.0.0/8; deny all;` */
function rulesOf(text: string): readonly AccessRule[] {
  return text
    .split(';')
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(line => {
      const [action, word = ''] = line.split(' ')
      const kind = word === 'all' ? 'all' : word === 'unix:' ? 'unix' : 'network'
      const from = kind === 'network' ? { kind, network: word } : { kind }
      return { action, from } as AccessRule
    })
}

const CASES: readonly (readonly [
  rules: string,
  verdicts: Readonly<Record<string, AddressVerdict>>,
])[] = [
  ['', { '10.0.0.1': null, '::1': null, 'unix:': null }],
  ['deny all', { '10.0.0.1': 'deny', '::1': 'deny', 'unix:': 'deny' }],
  ['allow unix:; deny all', { '10.0.0.1': 'deny', 'unix:': 'allow' }],
  ['deny 10.0.0.1', { '10.0.0.0': null, '10.0.0.1': 'deny', '10.0.0.2': null, '::1': null }],
  [
    'allow 10.1.0.0/16; deny 10.0.0.0/8',
    {
      '9.255.255.255': null,
      '10.0.0.0': 'deny',
      '10.0.255.255': 'deny',
      '10.1.0.0': 'allow',
      '10.1.255.255': 'allow',
      '10.2.0.0': 'deny',
      '10.255.255.255': 'deny',
      '11.0.0.0': null,
    },
  ],
  ['deny 10.0.0.0/8; allow 10.1.0.0/16', { '10.1.0.0': 'deny', '10.2.0.0': 'deny' }],
  ['allow 10.0.0.0/8; deny 10.0.0.0/8', { '10.1.0.0': 'allow' }],
  ['deny 255.255.255.255', { '255.255.255.255': 'deny', '255.255.255.254': null }],
  ['deny 0.0.0.0/0', { '0.0.0.0': 'deny', '255.255.255.255': 'deny', '::1': null }],
  ['deny 128.0.0.0/1', { '127.255.255.255': null, '128.0.0.0': 'deny', '255.255.255.255': 'deny' }],
  [
    'allow 2001:db8::/32; deny ::/0',
    { '2001:db8::1': 'allow', '2001:db9::': 'deny', '1.1.1.1': null },
  ],
  ['deny fe80::/10', { 'fe80::1%eth0': 'deny', 'fec0::1': null }],
  // Through an IPv6 socket: the rules for IPv4 hold where there are any.
  ['deny 10.0.0.0/8', { '::ffff:10.0.0.1': 'deny', '::ffff:11.0.0.1': null }],
  ['deny ::/0', { '::ffff:10.0.0.1': 'deny', '10.0.0.1': null }],
  ['allow 11.0.0.0/8; deny ::/0', { '::ffff:10.0.0.1': null }],
  ['deny 10.0.0.1', { '': null, nonsense: null, '10.0.0': null }],
]

describe('AddressRules', () => {
  for (const [rules, verdicts] of CASES) {
    it(`follow "${rules}"`, () => {
      const made = new AddressRules(rulesOf(rules))
      for (const round of [1, 2])
        for (const [address, verdict] of Object.entries(verdicts))
          assert.equal(made.find(address), verdict, `${address}, round ${round}`)
    })
  }

  it('say of every address what the first rule that holds it says', () => {
    // Few distinct bits, so that networks meet.
    const byte = fc.constantFrom(0, 1, 2, 3, 127, 128, 254, 255)
    const ipv4 = fc.tuple(byte, byte, byte, byte).map(bytes => bytes.join('.'))
    const group = fc.constantFrom('0', '1', '8000', 'ffff', 'fffe')
    const ipv6 = fc
      .tuple(group, group, group, group)
      .map(groups => `${groups[0]}:${groups[1]}:0:0:0:0:${groups[2]}:${groups[3]}`)
    const networkOf = (address: fc.Arbitrary<string>, bits: number) =>
      fc.tuple(address, fc.nat({ max: bits })).map(([text, length]) => `${text}/${length}`)
    const line = fc
      .tuple(
        fc.constantFrom('allow', 'deny'),
        fc.oneof(
          { weight: 5, arbitrary: networkOf(ipv4, 32) },
          { weight: 5, arbitrary: networkOf(ipv6, 128) },
          { weight: 1, arbitrary: fc.constantFrom('all', 'unix:') },
        ),
      )
      .map(words => words.join(' '))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), fc.oneof(ipv4, ipv6), (lines, address) => {
        const rules = rulesOf(lines.join(';'))
        const found = new AddressRules(rules).find(address)
        assert.equal(found, naiveVerdict(rules, address))
      }),
      { seed: 6, numRuns: 2000 },
    )
  })

  it('are made of a hundred thousand in little time, and asked in less', () => {
    const rules: AccessRule[] = []
    for (let i = 0; i < 100_000; i++) {
      const network = `${(i >> 16) + 1}.${(i >> 8) & 0xff}.${i & 0xff}.0/24`
      rules.push({ action: i % 2 === 0 ? 'deny' : 'allow', from: { kind: 'network', network } })
    }
    const made = new AddressRules(rules)
    assert.equal(made.find('1.0.0.7'), 'deny')
    assert.equal(made.find('1.0.1.7'), 'allow')
    assert.equal(made.find('2.134.159.255'), 'allow')
    assert.equal(made.find('2.134.160.0'), null)
  })
})

function naiveVerdict(rules: readonly AccessRule[], address: string): AddressVerdict {
  const at = parseNetwork(address)!.network
  for (const { action, from } of rules) {
    if (from.kind === 'all') return action
    if (from.kind === 'unix') continue
    const { family, first, last } = parseNetwork(from.network)!.network
    if (family === at.family && first <= at.first && at.last <= last) return action
  }
  return null
}
