/**
 * Tests of the maths and the table of the benchmark's report.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Contender,
  computeCpuMicros,
  computeMedian,
  computeRatio,
  findRemarks,
  formatJson,
  formatMicros,
  formatOverview,
  formatTable,
  isVoid,
  type Sample,
  summarise,
} from '../../bench/macro/report.ts'

const SAMPLE: Sample = {
  round: 1,
  requests: 1000,
  requestsPerSecond: 200,
  cpuMicros: 10,
  p50Ms: 1,
  p99Ms: 2,
  socketErrors: 0,
  badStatuses: 0,
  originConnections: 64,
  originRequests: 1000,
  foreignShare: 0,
}

function makeContender(name: string, costs: readonly number[]): Contender {
  const samples = costs.map((cpuMicros, index) => ({ ...SAMPLE, round: index + 1, cpuMicros }))
  return { name, samples, residentBytes: 5 * 1024 * 1024 }
}

describe('computeMedian', () => {
  const rows = [
    { values: [7], median: 7 },
    { values: [9, 1, 5], median: 5 },
    { values: [10, 2], median: 6 },
    { values: [100, 9, 10, 8], median: 9.5 },
  ]
  for (const { values, median } of rows) {
    it(`of ${values.join(', ')} is ${median}`, () => assert.equal(computeMedian(values), median))
  }

  it('leaves the values in their order', () => {
    const values = [3, 1, 2]
    computeMedian(values)
    assert.deepEqual(values, [3, 1, 2])
  })
})

describe('computeCpuMicros', () => {
  it('spreads the clock ticks over the requests', () => {
    // 480 ticks of a hundredth of a second are 4.8 s.
    assert.equal(computeCpuMicros(480, 100, 400_000), 12)
  })

  it('has no finite answer when nothing was served', () => {
    assert.equal(computeCpuMicros(5, 100, 0), Number.POSITIVE_INFINITY)
  })
})

describe('computeRatio', () => {
  it('compares within each round, so that a slow round counts for both', () => {
    const nginx = makeContender('nginx', [10, 40, 10])
    const other = makeContender('other', [12, 44, 11])
    // 1.2, 1.1 and 1.1; the ratio of the medians would be 1.2.
    assert.equal(computeRatio(other.samples, nginx.samples), 1.1)
  })

  it('leaves out rounds that only one of them has', () => {
    const nginx = makeContender('nginx', [10])
    const other = makeContender('other', [20, 90])
    assert.equal(computeRatio(other.samples, nginx.samples), 2)
  })

  it('leaves out rounds in which one of them served nothing', () => {
    const nginx = makeContender('nginx', [10, Number.POSITIVE_INFINITY])
    const other = makeContender('other', [20, Number.POSITIVE_INFINITY])
    assert.equal(computeRatio(other.samples, nginx.samples), 2)
  })

  it('is null without a common round', () => {
    assert.equal(computeRatio(makeContender('other', [20]).samples, []), null)
  })
})

describe('summarise', () => {
  it('gives medians, range and ratio of each proxy in the order measured', () => {
    const contenders = [
      makeContender('headgate', [11, 15, 12]),
      makeContender('nginx', [10, 10, 10]),
    ]
    const [headgate, nginx] = summarise({ work: 'small', title: '', contenders })
    assert.equal(headgate?.name, 'headgate')
    assert.equal(headgate?.cpuMicros, 12)
    assert.deepEqual(headgate?.cpuMicrosRange, [11, 15])
    assert.equal(headgate?.ratioToNginx, 1.2)
    assert.equal(nginx?.ratioToNginx, 1)
  })

  it('has no ratio when nginx was not measured', () => {
    const contenders = [makeContender('haproxy', [11])]
    assert.equal(summarise({ work: 'small', title: '', contenders })[0]?.ratioToNginx, null)
  })
})

describe('formatTable', () => {
  it('aligns the columns and puts remarks below', () => {
    const failing = makeContender('@fastify/http-proxy', [660.2])
    const samples = failing.samples.map(sample => ({ ...sample, badStatuses: 1234 }))
    const contenders = [makeContender('nginx', [10.04, 11]), { ...failing, samples }]
    assert.equal(
      formatTable({ work: 'small', title: 'GET 100 B', contenders }),
      [
        'small: GET 100 B',
        '  proxy                CPU us/req      range  x nginx  req/s  p50 ms  p99 ms  RSS MiB',
        '  nginx                      10.5  10.0-11.0     1.00    200    1.00    2.00      5.0',
        '  @fastify/http-proxy         660        660    65.76    200    1.00    2.00      5.0',
        '  ! @fastify/http-proxy: 1,234 bad statuses',
      ].join('\n'),
    )
  })
})

describe('formatOverview', () => {
  it('shows each work in a line, and a dash where a proxy was not measured', () => {
    const nginx = makeContender('nginx', [10])
    const results = [
      { work: 'small', title: '', contenders: [makeContender('headgate', [11]), nginx] },
      { work: 'small-log', title: '', contenders: [nginx] },
    ]
    assert.deepEqual(formatOverview(results).split('\n').slice(1), [
      '  work       headgate  nginx',
      '  small          1.10   1.00',
      '  small-log         -   1.00',
    ])
  })
})

describe('findRemarks', () => {
  it('is silent about clean samples', () => {
    assert.deepEqual(findRemarks(makeContender('nginx', [10, 11])), [])
  })

  it('adds errors up over the rounds and names the worst disturbance', () => {
    const samples = [
      { ...SAMPLE, socketErrors: 2, foreignShare: 0.31 },
      { ...SAMPLE, socketErrors: 3, foreignShare: 0.05 },
    ]
    assert.deepEqual(findRemarks({ name: 'nginx', samples, residentBytes: 0 }), [
      'nginx: 5 socket errors',
      'nginx: others had up to 31 % of its core',
    ])
  })
})

describe('isVoid', () => {
  const rows = [
    { name: 'no failures', change: {}, expected: false },
    { name: 'one failure in a hundred', change: { badStatuses: 10 }, expected: false },
    { name: 'more bad statuses than that', change: { badStatuses: 11 }, expected: true },
    {
      name: 'both kinds together above it',
      change: { badStatuses: 6, socketErrors: 6 },
      expected: true,
    },
    { name: 'nothing served', change: { requests: 0 }, expected: true },
  ]
  for (const { name, change, expected } of rows) {
    it(`is ${expected} for ${name} in one of the rounds`, () => {
      const samples = [SAMPLE, { ...SAMPLE, ...change }]
      assert.equal(isVoid({ name: 'x', samples, residentBytes: 0 }), expected)
    })
  }
})

describe('formatJson', () => {
  it('keeps medians and samples of each kind of work', () => {
    const text = formatJson({
      date: '2026-01-02T03:04:05.000Z',
      commit: 'abc1234',
      command: 'npm run bench --',
      machine: { processor: 'p', cores: 2, memoryBytes: 1, kernel: 'k', node: 'v24.0.0' },
      versions: { nginx: 'nginx/1.22.1' },
      rounds: 1,
      seconds: 5,
      results: [{ work: 'small', title: 't', contenders: [makeContender('nginx', [10])] }],
    })
    const parsed = JSON.parse(text)
    assert.equal(parsed.commit, 'abc1234')
    assert.equal(parsed.results[0].summary[0].cpuMicros, 10)
    assert.equal(parsed.results[0].samples.nginx[0].requests, 1000)
  })
})

describe('formatMicros', () => {
  const rows = [
    { value: 10.04, text: '10.0' },
    { value: 90, text: '90.0' },
    { value: 660.4, text: '660' },
    { value: 90_120, text: '90,120' },
    { value: Number.POSITIVE_INFINITY, text: '-' },
  ]
  for (const { value, text } of rows) {
    it(`writes ${value} as ${text}`, () => assert.equal(formatMicros(value), text))
  }
})
