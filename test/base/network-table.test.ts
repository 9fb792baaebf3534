import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import fc from 'fast-check'
import { IpAddress, ipv4Text, ipv6Text } from '../../src/base/ip-address.ts'
import { type Network, parseNetwork } from '../../src/base/network.ts'
import { NetworkTable, type NetworkValue, NO_VALUE } from '../../src/base/network-table.ts'

const address = new IpAddress()

function table(...texts: readonly string[]): NetworkTable {
  return new NetworkTable(
    texts.map((text, value) => ({ network: parseNetwork(text)!.network, value })),
  )
}

/** The smallest network that has the address, of equals the later one: looked for one by one. */
function naive(networks: readonly NetworkValue[], family: 4 | 6, value: bigint): number {
  let found = NO_VALUE
  let smallest: bigint | null = null
  for (const each of networks) {
    const { network } = each
    if (network.family !== family) continue
    const first = BigInt(network.first)
    const last = BigInt(network.last)
    if (value < first || value > last) continue
    const size = last - first
    if (smallest !== null && size > smallest) continue
    smallest = size
    found = each.value
  }
  return found
}

/** Few addresses and many masks, so that networks lie in each other and at both ends. */
const ipv4 = fc
  .tuple(
    fc.array(fc.constantFrom(0, 1, 2, 127, 128, 254, 255), { minLength: 4, maxLength: 4 }),
    fc.integer({ min: 0, max: 32 }),
  )
  .map(([octets, bits]) => `${octets.join('.')}/${bits}`)
  .filter(text => !text.startsWith('255.255.255.255/'))
const ipv6 = fc
  .tuple(
    fc.array(fc.constantFrom('0', '1', '7fff', '8000', 'fffe', 'ffff'), {
      minLength: 8,
      maxLength: 8,
    }),
    fc.integer({ min: 0, max: 128 }),
  )
  .map(([groups, bits]) => `${groups.join(':')}/${bits}`)
const networks = fc
  .array(fc.oneof(ipv4, ipv6), { maxLength: 40 })
  .map(texts => texts.map((text, value) => ({ network: parseNetwork(text)!.network, value })))

/** The ends of networks, and their neighbours. */
function* edges({ family, first, last }: Network): Generator<bigint> {
  const max = family === 4 ? 0xffff_ffffn : (1n << 128n) - 1n
  for (const edge of [BigInt(first), BigInt(last)]) {
    for (const value of [edge - 1n, edge, edge + 1n]) if (value >= 0n && value <= max) yield value
  }
}

function textOf(family: 4 | 6, value: bigint): string {
  if (family === 4) return ipv4Text(Number(value))
  return ipv6Text([96n, 64n, 32n, 0n].map(shift => Number((value >> shift) & 0xffff_ffffn)))
}

describe('NetworkTable', () => {
  it('finds what a look at every network finds', () => {
    fc.assert(
      fc.property(networks, entries => {
        const made = new NetworkTable(entries)
        for (const { network } of entries) {
          for (const value of edges(network)) {
            const text = textOf(network.family, value)
            // IPv4 within IPv6 is IPv4.
            address.read(text)
            if (address.family !== network.family) continue
            assert.equal(made.find(address), naive(entries, network.family, value), text)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('finds nothing in nothing', () => {
    assert.equal(table().find(address.read('10.0.0.1')), NO_VALUE)
    assert.equal(table().find(address.read('::1')), NO_VALUE)
  })

  it('has no place for what is no address', () => {
    assert.equal(table('0.0.0.0/0', '::/0').find(address.read('word')), NO_VALUE)
  })

  it('goes to both ends of the addresses', () => {
    const ends = table('0.0.0.0/1', '128.0.0.0/1', '255.255.255.255', '0.0.0.0', '::/1', '8000::/1')
    const found = [
      '0.0.0.0',
      '0.0.0.1',
      '127.255.255.255',
      '128.0.0.0',
      '255.255.255.254',
      '255.255.255.255',
    ]
    assert.deepEqual(
      found.map(text => ends.find(address.read(text))),
      [3, 0, 0, 1, 1, 2],
    )
    const sixes = ['::2', '7fff::', '8000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']
    assert.deepEqual(
      sixes.map(text => ends.find(address.read(text))),
      [4, 4, 5, 5],
    )
  })

  it('holds 100,000 networks', () => {
    const entries: NetworkValue[] = Array.from({ length: 100_000 }, (_, value) => {
      const first = 0x0a00_0000 + value * 256
      return { network: { family: 4, first, last: first + 255 }, value }
    })
    const made = new NetworkTable(entries)
    for (const value of [0, 1, 49_999, 99_999]) {
      assert.equal(made.findIpv4(0x0a00_0000 + value * 256 + 17), value)
    }
    assert.equal(made.findIpv4(0x0a00_0000 + 100_000 * 256), NO_VALUE)
  })
})
