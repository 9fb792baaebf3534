// Which connections may serve one another's requests.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseLocalAddress } from '../../src/model/local-address.ts'
import { makeEgress, mayServe, PLAIN_EGRESS } from '../../src/upstream/egress.ts'

const from = parseLocalAddress('10.0.0.1')
const preamble = Buffer.from('PROXY UNKNOWN\r\n')
const owner = {}

const ALIKE = [
  ['nothing said', {}],
  ['an address', { from }],
  ['probes', { isProbed: true }],
  ['a header', { preamble }],
  ['an owner', { owner }],
  ['all of it', { from, isProbed: true, preamble, owner }],
] as const

describe('mayServe', () => {
  for (const [index, [name, parts]] of ALIKE.entries()) {
    it(`lets connections serve one another that have ${name} in common`, () => {
      assert.equal(mayServe(makeEgress(parts), makeEgress(parts)), true)
    })

    it(`keeps connections with ${name} from everything else`, () => {
      for (const [other, [, others]] of ALIKE.entries()) {
        if (other !== index) {
          assert.equal(mayServe(makeEgress(parts), makeEgress(others)), false)
        }
      }
    })
  }

  it('tells headers, ports and owners apart', () => {
    const egress = makeEgress({ from, preamble, owner })
    const others = [
      { from: parseLocalAddress('10.0.0.1:80'), preamble, owner },
      { from: parseLocalAddress('10.0.0.2'), preamble, owner },
      { from, preamble: Buffer.from('PROXY UNKNOWM\r\n'), owner },
      { from, preamble, owner: {} },
    ]
    for (const parts of others) assert.equal(mayServe(egress, makeEgress(parts)), false)
  })
})

describe('PLAIN_EGRESS', () => {
  it('is what is made of nothing', () => {
    assert.equal(mayServe(PLAIN_EGRESS, makeEgress({})), true)
  })
})
