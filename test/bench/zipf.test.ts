/**
 * Tests of the Zipf replay: the requests it draws, the pace of its load, and its picture.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { joinLatencies, pickPercentile, runPacedLoad } from '../../bench/macro/paced-load.ts'
import { drawZipf } from '../../bench/macro/zipf/picture.ts'
import {
  computeIdealRatio,
  makeSizes,
  makeZipf,
  type ZipfSetting,
} from '../../bench/macro/zipf/requests.ts'
import { afterTest } from '../harness/after-test.ts'

const SETTING: ZipfSetting = {
  seed: 7,
  objects: 1000,
  exponent: 0.9,
  medianBytes: 4096,
  spread: 1,
  bytesMax: 100_000,
}

async function serve(t: TestContext, handle: RequestListener): Promise<number> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterTest(t, () => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

describe('makeZipf', () => {
  it('draws the same objects from the same seed', () => {
    const [one, same, other] = [SETTING, SETTING, { ...SETTING, seed: 8 }].map(setting => {
      const next = makeZipf(setting)
      return Array.from({ length: 50 }, next)
    })
    assert.deepEqual(one, same)
    assert.notDeepEqual(one, other)
  })

  it('draws an object of rank r as often as 1 / r ^ s says', () => {
    const next = makeZipf(SETTING)
    const counts = new Array<number>(SETTING.objects).fill(0)
    for (let draw = 0; draw < 200_000; draw++) counts[next()]!++
    for (const rank of [2, 5, 20, 100]) {
      const expected = counts[0]! * rank ** -SETTING.exponent
      assert.ok(Math.abs(counts[rank - 1]! - expected) < 5 * Math.sqrt(expected), `rank ${rank}`)
    }
  })
})

describe('makeSizes', () => {
  it('has half of the objects below the median, and none above the limit', () => {
    const sizes = makeSizes(SETTING)
    const below = sizes.filter(bytes => bytes < SETTING.medianBytes).length
    assert.ok(Math.abs(below / SETTING.objects - 0.5) < 0.06)
    assert.ok(Math.max(...sizes) <= SETTING.bytesMax)
    assert.ok(Math.min(...sizes) >= 1)
  })
})

describe('computeIdealRatio', () => {
  it('is nothing for an empty cache, all for one that holds everything, and grows', () => {
    const ratios = [0, 100_000, 1_000_000, 1e9].map(bytes => computeIdealRatio(SETTING, bytes))
    assert.equal(ratios[0], 0)
    assert.equal(ratios[3], 1)
    assert.ok(ratios[1]! > 0 && ratios[1]! < ratios[2]! && ratios[2]! < 1)
  })
})

describe('runPacedLoad', () => {
  it('sends as many requests as the pace says, and counts hits and failures', async t => {
    let count = 0
    const port = await serve(t, (_, response) => {
      count++
      const status = count % 10 === 0 ? 503 : 200
      const hit = count % 2 === 0 ? 'HIT' : 'MISS'
      response.writeHead(status, { 'content-length': 4, 'x-cache-status': hit }).end('body')
    })
    const told: number[] = []
    const [second, ...more] = await runPacedLoad({
      port,
      requestsPerSecond: 100,
      seconds: 1,
      connections: 4,
      nextTarget: () => '/',
      onSecond: number => told.push(number),
    })
    assert.equal(more.length, 0)
    assert.deepEqual(told, [0])
    assert.equal(count, 100)
    assert.deepEqual([second!.answered, second!.failed, second!.hits], [90, 10, 40])
    assert.equal(joinLatencies([second!]).length, 90)
  })

  it('counts a latency from the moment of the request, not from when a connection was free', async t => {
    const port = await serve(t, (_, response) => {
      setTimeout(() => response.writeHead(200, { 'content-length': 0 }).end(), 100)
    })
    const plan = { port, requestsPerSecond: 20, seconds: 1, connections: 1, nextTarget: () => '/' }
    const [second] = await runPacedLoad(plan)
    assert.equal(second!.answered, 20)
    // Twenty take two seconds, one after the other: the last was due one second before its end.
    assert.ok(second!.latencies.at(-1)! > 900)
  })

  it('refuses answers without a length', async t => {
    const port = await serve(t, (_, response) => {
      response.write('a')
      response.end('b')
    })
    const plan = { port, requestsPerSecond: 10, seconds: 1, connections: 1, nextTarget: () => '/' }
    await assert.rejects(runPacedLoad(plan), /no Content-Length/)
  })
})

describe('pickPercentile', () => {
  it('picks by rank', () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1)
    assert.deepEqual(
      [0, 50, 99, 100].map(percent => pickPercentile(values, percent)),
      [1, 50, 99, 100],
    )
    assert.ok(Number.isNaN(pickPercentile([], 50)))
  })
})

describe('drawZipf', () => {
  const one = { hitRatios: [0, 0.5, 1], storedMib: [1, 8, 4], latenciesMs: [0.5, 2, 40] }
  const svg = drawZipf({
    title: 'a < b & c',
    subtitle: 'how',
    percents: [50, 90, 99],
    idealRatio: 0.8,
    cacheMib: 5,
    series: [
      { ...one, name: 'headgate' },
      { ...one, name: 'nginx' },
    ],
  })

  it('has lines for each proxy in each panel over time, bars for each percentile, and a legend', () => {
    assert.equal(svg.match(/<polyline /g)?.length, 4)
    for (const name of ['headgate', 'nginx']) assert.ok(svg.includes(`>${name}</text>`))
    for (const percent of [50, 90, 99]) assert.ok(svg.includes(`>p${percent}</text>`))
    assert.ok(svg.includes('max_size = 5 MiB'))
  })

  it('escapes what is text, and has no number that is none', () => {
    assert.ok(svg.includes('a &lt; b &amp; c'))
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/)
  })
})
