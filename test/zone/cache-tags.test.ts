import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mayHaveTag, tagBloomOf } from '../../src/zone/cache-tags.ts'

describe('mayHaveTag', () => {
  it('never denies a tag that is there', () => {
    for (let count = 1; count < 40; count++) {
      const tags = Array.from({ length: count }, (_, each) => `tag-${count}-${each}`)
      const bloom = tagBloomOf(tags)
      for (const tag of tags) assert.ok(mayHaveTag(bloom, tag))
    }
  })

  it('denies every tag of a response without any', () => {
    assert.equal(tagBloomOf([]), 0)
    assert.ok(!mayHaveTag(0, 'a'))
    assert.ok(!mayHaveTag(0, ''))
  })

  it('denies most tags that are not there', () => {
    let wrong = 0
    for (let i = 0; i < 1000; i++) {
      const bloom = tagBloomOf([`product-${i}`, `category-${i % 7}`])
      if (mayHaveTag(bloom, `other-${i}`)) wrong++
    }
    assert.ok(wrong < 60, `${wrong} of 1000`)
  })
})
