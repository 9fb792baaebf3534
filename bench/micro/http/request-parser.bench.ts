// Time to find and read one request head, for the two heads that matter: what a load generator
// sends, and what a browser sends. Checks the result before timing. Run: node
// bench/micro/http/request-parser.bench.ts

import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { latin1Text } from '../../../src/http/latin1.ts'
import {
  findHeadEnd,
  type HeadLimits,
  parseRequestHead,
  RequestHead,
} from '../../../src/http/request-parser.ts'
import { VALUE_BYTE } from '../../../src/http/tokens.ts'

const LIMITS: HeadLimits = {
  lineBytesMax: 8192,
  headBytesMax: 32_768,
  fieldsMax: 100,
  fieldLineBytesMax: 8192,
  allowUnderscores: false,
  ignoreInvalidFields: true,
}

const LOAD_GENERATOR = 'GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n'

const BROWSER = [
  'GET /products/list?category=books&page=2&sort=price HTTP/1.1',
  'Host: www.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Referer: https://www.example.com/products/',
  'Connection: keep-alive',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; visits=42',
  'Upgrade-Insecure-Requests: 1',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: same-origin',
  'Priority: u=0, i',
  '',
  '',
].join('\r\n')

// Short rounds, the best of which counts: on a busy machine some of them run undisturbed.
const ROUNDS = 400
const COUNT = 2_000

function measure(name: string, text: string, fieldsCount: number): void {
  // As in a connection: the head lies somewhere in a larger buffer.
  const bytes = Buffer.alloc(64 * 1024)
  const start = 1000
  const end = start + bytes.write(text, start, 'latin1')
  const head = new RequestHead()
  assert.equal(findHeadEnd(bytes, start, end), end)
  assert.equal(parseRequestHead(bytes, start, end, head, LIMITS), null)
  assert.equal(head.method, 'GET')
  assert.equal(head.fields.count, fieldsCount)
  assert.ok(head.isKeepAlive)

  let best = Number.POSITIVE_INFINITY
  let bestScan = Number.POSITIVE_INFINITY
  let bestFloor = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    best = Math.min(best, timeHeads(bytes, start, end, head))
    bestScan = Math.min(bestScan, timeScans(bytes, start, end))
    bestFloor = Math.min(bestFloor, timeFloor(bytes, start, end))
  }
  const size = end - start
  console.log(
    `${name.padEnd(16)} ${size} bytes  ${best.toFixed(0)} ns a head, ` +
      `of these ${bestScan.toFixed(0)} to find its end; floor ${bestFloor.toFixed(0)} ns`,
  )
}

/** Nanoseconds to find and read one head. */
function timeHeads(bytes: Buffer, start: number, end: number, head: RequestHead): number {
  let failures = 0
  const began = performance.now()
  for (let i = 0; i < COUNT; i++) {
    const headEnd = findHeadEnd(bytes, start, end)
    if (parseRequestHead(bytes, start, headEnd, head, LIMITS) !== null) failures++
  }
  const took = performance.now() - began
  assert.equal(failures, 0)
  return (took / COUNT) * 1e6
}

/** Nanoseconds for one table look-up per byte and the text: what no such parser can do without. */
function timeFloor(bytes: Buffer, start: number, end: number): number {
  let sum = 0
  const began = performance.now()
  for (let i = 0; i < COUNT; i++) {
    sum += latin1Text(bytes, start, end).length
    for (let at = start; at < end; at++) sum += VALUE_BYTE[bytes[at]!]!
  }
  const took = performance.now() - began
  assert.ok(sum > 0)
  return (took / COUNT) * 1e6
}

/** Nanoseconds to find the end of one head. */
function timeScans(bytes: Buffer, start: number, end: number): number {
  let failures = 0
  const began = performance.now()
  for (let i = 0; i < COUNT; i++) if (findHeadEnd(bytes, start, end) !== end) failures++
  const took = performance.now() - began
  assert.equal(failures, 0)
  return (took / COUNT) * 1e6
}

measure('load generator', LOAD_GENERATOR, 1)
measure('browser', BROWSER, 13)
