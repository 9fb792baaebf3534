import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AgeHistogram } from '../../src/zone/cache-ages.ts'
import { SeededRandom } from '../harness/seeded-random.ts'

describe('AgeHistogram', () => {
  it('tells from which age on entries are so many bytes', () => {
    const ages = new AgeHistogram()
    for (let age = 0; age < 10; age++) ages.add(age, 100)
    assert.equal(ages.ageFor(1, 0), 9)
    assert.equal(ages.ageFor(100, 0), 9)
    assert.equal(ages.ageFor(101, 0), 8)
    assert.equal(ages.ageFor(900, 0), 1)
  })

  it('tells from which age on they are so many', () => {
    const ages = new AgeHistogram()
    for (let age = 0; age < 10; age++) ages.add(age, 0)
    assert.equal(ages.ageFor(0, 3), 7)
  })

  it('means all entries when all of them are not enough', () => {
    const ages = new AgeHistogram()
    ages.add(5, 100)
    assert.equal(ages.ageFor(101, 0), 0)
  })

  it('means none when there is nothing to free', () => {
    assert.equal(new AgeHistogram().ageFor(0, 0), Number.POSITIVE_INFINITY)
  })

  it('forgets on command', () => {
    const ages = new AgeHistogram()
    ages.add(50, 100)
    ages.clear()
    ages.add(3, 100)
    assert.equal(ages.ageFor(100, 0), 3)
  })

  it('takes any age, also one before a clock that was set back', () => {
    const ages = new AgeHistogram()
    for (const age of [-5, 0.9, 2 ** 31 - 1, 2 ** 40, Number.POSITIVE_INFINITY]) ages.add(age, 1)
    assert.ok(ages.ageFor(3, 0) >= 2 ** 30)
    assert.equal(ages.ageFor(4, 0), 0)
  })

  it('is off by an eighth at most, and always gives enough', () => {
    const random = new SeededRandom(11)
    for (let round = 0; round < 200; round++) {
      const ages = new AgeHistogram()
      const entries = Array.from({ length: 50 }, () => {
        return { age: random.below(2 ** random.below(31)), bytes: 1 + random.below(1000) }
      })
      for (const { age, bytes } of entries) ages.add(age, bytes)
      const wanted = 1 + random.below(10_000)
      const found = ages.ageFor(wanted, 0)
      const sumFrom = (age: number) =>
        entries.filter(each => each.age >= age).reduce((sum, { bytes }) => sum + bytes, 0)
      const best = entries
        .map(({ age }) => age)
        .sort((a, b) => b - a)
        .find(age => sumFrom(age) >= wanted)
      if (best === undefined) assert.equal(found, 0)
      else {
        assert.ok(sumFrom(found) >= wanted, `${found} gives enough`)
        assert.ok(found <= best && found >= best - best / 8, `${found} is close to ${best}`)
      }
    }
  })
})
