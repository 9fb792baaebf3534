/**
 * Tests of reading what the load generators print.
 * The samples are outputs of wrk 4.1 and autocannon 9 with the figures left as they came.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { canDrive, parseAutocannon, parseWrk, parseWrkTime } from '../../bench/macro/load.ts'
import { WORK } from '../../bench/macro/work.ts'

// wrk pads the times on the right, so some of these lines end with a space.
const WRK = [
  'Running 1s test @ http://127.0.0.1:37551/1m',
  '  1 threads and 16 connections',
  '  Thread Stats   Avg      Stdev     Max   +/- Stdev',
  '    Latency    67.23ms  177.82ms   1.39s    93.59%',
  '    Req/Sec   363.00    324.99   841.00     57.14%',
  '  Latency Distribution',
  '     50%  635.91us',
  '     75%   34.67ms',
  '     90%   50.00ms',
  '     99%    1.16s ',
  '  262 requests in 1.81s, 262.82MB read',
  'Requests/sec:    144.67',
  'Transfer/sec:    145.13MB',
  '',
]

function insertBeforeRate(lines: readonly string[]): string {
  return WRK.toSpliced(WRK.length - 3, 0, ...lines).join('\n')
}

describe('parseWrk', () => {
  it('reads totals, rate and percentiles', () => {
    assert.deepEqual(parseWrk(WRK.join('\n')), {
      requests: 262,
      requestsPerSecond: 144.67,
      p50Ms: 0.63591,
      p99Ms: 1160,
      socketErrors: 0,
      badStatuses: 0,
    })
  })

  it('adds the four kinds of socket errors up and counts bad statuses apart', () => {
    const output = insertBeforeRate([
      '  Socket errors: connect 1, read 20, write 300, timeout 4000',
      '  Non-2xx or 3xx responses: 17',
    ])
    const result = parseWrk(output)
    assert.equal(result?.socketErrors, 4321)
    assert.equal(result?.badStatuses, 17)
  })

  const incomplete = [
    { name: 'nothing', output: '' },
    { name: 'a failed start', output: 'unable to connect to 127.0.0.1:1 Connection refused\n' },
    { name: 'no totals', output: WRK.filter(line => !line.includes('requests in')).join('\n') },
    { name: 'no rate', output: WRK.filter(line => !line.startsWith('Requests')).join('\n') },
    { name: 'no 50th percentile', output: WRK.filter(line => !line.includes('50%')).join('\n') },
    { name: 'no 99th percentile', output: WRK.filter(line => !line.includes('99%')).join('\n') },
  ]
  for (const { name, output } of incomplete) {
    it(`gives null for ${name}`, () => assert.equal(parseWrk(output), null))
  }
})

describe('parseWrkTime', () => {
  const rows = [
    { text: '635.91us', ms: 0.63591 },
    { text: '1.20ms', ms: 1.2 },
    { text: '2.00s', ms: 2000 },
    { text: '1.50m', ms: 90_000 },
    { text: '1.00h', ms: 3_600_000 },
    { text: '1.20', ms: null },
    { text: '1.20ks', ms: null },
    { text: '', ms: null },
  ]
  for (const { text, ms } of rows) {
    it(`reads "${text}" as ${ms}`, () => {
      const found = parseWrkTime(text)
      if (ms === null || found === null) assert.equal(found, ms)
      else assert.ok(Math.abs(found - ms) < 1e-9)
    })
  }
})

describe('parseAutocannon', () => {
  const result = {
    errors: 3,
    timeouts: 1,
    non2xx: 7,
    '2xx': 19_993,
    '3xx': 0,
    '4xx': 5,
    '5xx': 2,
    latency: { average: 3.1, p50: 3, p90: 4, p99: 9 },
    requests: { average: 9998.4, total: 20_000, sent: 20_064 },
  }

  it('reads totals, rate, percentiles and errors', () => {
    assert.deepEqual(parseAutocannon(`a warning\n${JSON.stringify(result)}\n`), {
      requests: 20_000,
      requestsPerSecond: 9998.4,
      p50Ms: 3,
      p99Ms: 9,
      socketErrors: 3,
      badStatuses: 7,
    })
  })

  const wrong = [
    { name: 'nothing', output: '' },
    { name: 'text', output: 'Error: connect ECONNREFUSED' },
    { name: 'JSON of another shape', output: '{"requests":12}' },
    { name: 'a JSON number', output: '12' },
  ]
  for (const { name, output } of wrong) {
    it(`gives null for ${name}`, () => assert.equal(parseAutocannon(output), null))
  }
})

describe('canDrive', () => {
  it('leaves work of many targets to wrk', () => {
    const many = WORK.filter(item => item.keys > 1)
    assert.ok(many.length > 0)
    for (const item of WORK) {
      assert.equal(canDrive('wrk', item), true)
      assert.equal(canDrive('autocannon', item), !many.includes(item))
    }
  })
})
