import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { DescriptorLimit } from '../../src/base/descriptor-limit.ts'

const limits = (
  soft: string,
) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             95831                95831                processes
Max open files            ${soft.padEnd(20)} 1048576              files
Max locked memory         8388608              8388608              bytes
`

describe('DescriptorLimit', () => {
  const ROWS = [
    { name: 'keeps a quarter', soft: '1000', max: 1000, first: 750 },
    { name: 'keeps sixteen of few', soft: '40', max: 40, first: 24 },
    { name: 'keeps no more than 1024 of many', soft: '1048576', max: 1_048_576, first: 1_047_552 },
  ]
  for (const { name, soft, max, first } of ROWS) {
    it(name, () => {
      const limit = new DescriptorLimit(() => limits(soft))
      assert.equal(limit.max, max)
      assert.deepEqual([limit.isScarce(first - 1), limit.isScarce(first)], [false, true])
    })
  }

  const UNKNOWN = [
    { name: 'there is none', read: () => limits('unlimited') },
    {
      name: 'the system does not say',
      read: () => {
        throw new Error('ENOENT')
      },
    },
    { name: 'it says something else', read: () => 'Max pending signals 7\n' },
  ]
  for (const { name, read } of UNKNOWN) {
    it(`never finds descriptors scarce where ${name}`, () => {
      const limit = new DescriptorLimit(read)
      assert.equal(limit.max, Number.POSITIVE_INFINITY)
      assert.equal(limit.isScarce(1_000_000), false)
    })
  }

  it('follows a limit that changes, and keeps what it knew when that cannot be read', () => {
    let text: string | null = limits('100')
    const limit = new DescriptorLimit(() => {
      if (text === null) throw new Error('EMFILE')
      return text
    })
    assert.equal(limit.isScarce(90), true)
    text = limits('1000')
    limit.refresh()
    assert.equal(limit.isScarce(90), false)
    text = null
    limit.refresh()
    assert.equal(limit.max, 1000)
  })

  it('takes an unknown descriptor for none', () => {
    assert.equal(new DescriptorLimit(() => limits('10')).isScarce(-1), false)
  })

  it('knows the limit of this process', () => {
    const { max } = new DescriptorLimit()
    assert.ok(max > 16, `${max}`)
  })
})
