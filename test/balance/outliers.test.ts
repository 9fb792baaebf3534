// Which peers stand out, as plain arithmetic: the rules are those of Envoy's documentation of
// outlier detection (success rate, failure percentage, ejection time, ejected share), and the two of
// our own that outliers.ts names.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  causeOf,
  compareOutliers,
  EJECTION_CAUSES,
  ejectionSeconds,
  mayEject,
  numberOf,
} from '../../src/balance/outliers.ts'
import { DEFAULT_OUTLIERS, type OutlierRules } from '../../src/model/passive-health.ts'

/** Answers and failures of each peer, and the cause that each should be ejected for. */
type Row = readonly [
  what: string,
  peers: readonly (readonly [answers: number, faults: number])[],
  causes: string,
  rules?: Partial<OutlierRules>,
]

const many = (count: number, answers: number, faults: number) =>
  Array.from({ length: count }, (): readonly [number, number] => [answers, faults])

const ROWS: readonly Row[] = [
  ['nobody where nobody failed', many(6, 100, 0), '------'],
  ['nobody where nobody was asked', many(6, 0, 0), '------'],
  // Mean 90 %, deviation 22.36 %: 40 % is 2.2 deviations away.
  ['one of six that is far below the mean', [...many(5, 200, 0), [200, 120]], '-----s'],
  // One of five is 2 deviations away at most, and here 2.0 > 1.9.
  ['one of five by the sample that just reaches it', [...many(4, 200, 0), [200, 120]], '----s'],
  ['nobody of four: too few to compare', [...many(3, 200, 0), [200, 120]], '----'],
  ['nobody where one of five had too few requests', [...many(4, 200, 0), [99, 60]], '-----'],
  [
    'nobody with 100 requests as the least and 99 each',
    [...many(9, 99, 0), [99, 70]],
    '----------',
  ],
  ['nobody who failed once in a hundred among ten', [...many(9, 100, 0), [100, 1]], '----------'],
  ['nobody where all fail alike', many(6, 200, 100), '------'],
  [
    'nobody by deviation when that is off',
    [...many(9, 200, 0), [200, 100]],
    '----------',
    { deviation: 0 },
  ],
  ['who failed 85 of 100, alone as he is', [[100, 85]], 'f'],
  [
    'nobody who failed 84 of 100 beside one other',
    [
      [100, 84],
      [100, 0],
    ],
    '--',
  ],
  [
    'nobody who failed 49 of 49',
    [
      [49, 49],
      [60, 0],
    ],
    '--',
  ],
  [
    'who failed 50 of 50',
    [
      [50, 50],
      [60, 0],
    ],
    'f-',
  ],
  [
    'nobody by percentage when that is off',
    [
      [100, 100],
      [60, 0],
    ],
    '--',
    { failurePercent: 0 },
  ],
  ['who meets both rules by his percentage', [...many(9, 200, 0), [200, 190]], '---------f'],
]

const LETTERS = '-rfst'

describe('compareOutliers', () => {
  for (const [what, peers, causes, rules = {}] of ROWS) {
    it(`finds ${what}`, () => {
      const answers = Float64Array.from(peers, ([count]) => count)
      const faults = Float64Array.from(peers, ([, count]) => count)
      const found = new Uint8Array(peers.length).fill(9)
      const count = compareOutliers({ answers, faults }, { ...DEFAULT_OUTLIERS, ...rules }, found)
      assert.equal(Array.from(found, number => LETTERS[number]).join(''), causes)
      assert.equal(count, causes.replaceAll('-', '').length)
    })
  }
})

describe('ejectionSeconds', () => {
  const rows: readonly (readonly [inARow: number, chance: number, seconds: number])[] = [
    [1, 0, 30],
    [2, 0, 60],
    [9, 0, 270],
    [10, 0, 300],
    [50, 0, 300],
    [1, 1, 33],
    [10, 0.5, 315],
  ]
  for (const [inARow, chance, seconds] of rows) {
    it(`takes ${seconds} s for number ${inARow} in a row with chance ${chance}`, () => {
      assert.equal(ejectionSeconds(inARow, DEFAULT_OUTLIERS, chance), seconds)
    })
  }
})

describe('mayEject', () => {
  const rows: readonly (readonly [
    what: string,
    state: readonly [count: number, ejected: number, usableOthers: number],
    percent: number,
    may: boolean,
  ])[] = [
    ['the first of two at 50 %', [2, 0, 1], 50, true],
    ['no second of three at 50 %: that would be 67 %', [3, 1, 1], 50, false],
    ['nobody of three at 10 %: one is 33 %', [3, 0, 2], 10, false],
    ['the first of ten at 10 %', [10, 0, 9], 10, true],
    ['no second of ten at 10 %', [10, 1, 8], 10, false],
    ['all but the last usable one at 100 %', [3, 1, 1], 100, true],
    ['never the last usable one', [3, 2, 0], 100, false],
  ]
  for (const [what, [count, ejected, usableOthers], percent, may] of rows) {
    it(`lets go ${what}`, () => {
      const rules = { ...DEFAULT_OUTLIERS, maxEjectedPercent: percent }
      assert.equal(mayEject(count, ejected, usableOthers, rules), may)
    })
  }
})

describe('EJECTION_CAUSES', () => {
  it('have a number each that leads back to them, and 0 is none', () => {
    assert.equal(causeOf(0), null)
    for (const cause of EJECTION_CAUSES) assert.equal(causeOf(numberOf(cause)), cause)
  })
})
