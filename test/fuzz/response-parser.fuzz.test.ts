// Responses, good and damaged: nothing throws, every refusal is a known one, and what we accept
// llhttp reads as the same message with the same body.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Failure } from '../../src/base/failure.ts'
import { BODY_CHUNKED, BODY_UNTIL_CLOSE } from '../../src/http/body-framing.ts'
import { ChunkedDecoder } from '../../src/http/chunked-decoder.ts'
import { findHeadEnd, type HeadLimits } from '../../src/http/request-parser.ts'
import {
  checkPartialResponse,
  parseResponseHead,
  ResponseHead,
} from '../../src/http/response-parser.ts'
import { isFramingName, readResponse } from './llhttp-reader.ts'
import { damage, makeChunks, makeResponse } from './message-source.ts'
import { FUZZ_COUNT, FUZZ_SEED, SeededRandom } from './seeded-random.ts'

const LIMITS: HeadLimits = {
  ...{ lineBytesMax: 700, headBytesMax: 700, fieldsMax: 20, fieldLineBytesMax: 400 },
  ...{ allowUnderscores: true, ignoreInvalidFields: true },
}

const REFUSALS: ReadonlySet<string> = new Set([
  ...['bad_response', 'bad_response_framing', 'response_head_too_large'],
])

interface Difference {
  readonly reason: string
  applies(head: ResponseHead, trailers: readonly string[]): boolean
}

/** Where llhttp and we differ on purpose: such a message is not compared. */
const DIFFERENCES: readonly Difference[] = [
  {
    reason:
      'framing names in trailers are dropped (RFC 9110 §6.5.1); llhttp takes them for the head',
    applies: (_head, trailers) => trailers.some(isFramingName),
  },
  {
    reason: 'no 1xx has a body (RFC 9112 §6.3); llhttp reads one after those that it does not know',
    applies: head => head.status < 200,
  },
]

interface Outcome {
  readonly head: ResponseHead | null
  readonly failure: Failure | null
  readonly body: string
  readonly trailers: readonly string[]
  readonly end: number
  readonly isWhole: boolean
}

describe('parseResponseHead, fuzzed', () => {
  it(`agrees with llhttp (seed ${FUZZ_SEED}, ${FUZZ_COUNT} inputs)`, () => {
    const random = new SeededRandom(FUZZ_SEED)
    const counts = { compared: 0, refused: 0, waiting: 0 }
    for (let index = 0; index < FUZZ_COUNT; index++) {
      const text = makeResponse(random)
      const method = random.oneIn(8) ? 'HEAD' : 'GET'
      const name = `seed ${FUZZ_SEED} input ${index} ${method}: ${JSON.stringify(text)}`
      const outcome = run(text, method, [])
      if (outcome.failure !== null) {
        counts.refused++
        assert.ok(REFUSALS.has(outcome.failure.failure), name)
        assert.match(outcome.failure.detail, /^[\x20-\x7e]*$/, name)
      } else if (outcome.isWhole) {
        counts.compared++
        compareWithLlhttp(text, method, outcome, name)
      } else {
        counts.waiting++
      }
      const split = run(text, method, [random.below(text.length + 1)])
      assert.equal(split.failure?.failure, outcome.failure?.failure, name)
      if (outcome.failure === null) assert.deepEqual(split, outcome, name)
    }
    // A generator gone wrong would make all of the above say nothing.
    assert.ok(counts.compared > FUZZ_COUNT / 10, JSON.stringify(counts))
    assert.ok(counts.refused > FUZZ_COUNT / 10, JSON.stringify(counts))
  })

  it(`reads any bytes without throwing (seed ${FUZZ_SEED})`, () => {
    const random = new SeededRandom(FUZZ_SEED + 1)
    for (let index = 0; index < FUZZ_COUNT / 4; index++) {
      const text = damage(random, damage(random, makeResponse(random)))
      const { failure } = run(text, 'GET', [random.below(text.length + 1)])
      if (failure !== null) assert.ok(REFUSALS.has(failure.failure), JSON.stringify(text))
    }
  })
})

describe('ChunkedDecoder, fuzzed', () => {
  it(`agrees with llhttp on every chunked body (seed ${FUZZ_SEED}, ${FUZZ_COUNT} inputs)`, () => {
    const random = new SeededRandom(FUZZ_SEED + 2)
    let compared = 0
    for (let index = 0; index < FUZZ_COUNT; index++) {
      const chunks = random.oneIn(2) ? damage(random, makeChunks(random)) : makeChunks(random)
      const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`
      const name = `seed ${FUZZ_SEED} input ${index}: ${JSON.stringify(chunks)}`
      const outcome = run(text, 'GET', [])
      if (outcome.isWhole) {
        compareWithLlhttp(text, 'GET', outcome, name)
        compared++
      }
      const split = run(
        text,
        'GET',
        Array.from(text, (_, at) => at),
      )
      assert.equal(split.failure?.detail, outcome.failure?.detail, name)
      assert.deepEqual({ ...split, head: null }, { ...outcome, head: null }, name)
    }
    assert.ok(compared > FUZZ_COUNT / 10, `${compared} compared`)
  })
})

function run(text: string, method: string, cuts: readonly number[]): Outcome {
  const bytes = Buffer.from(text, 'latin1')
  const ends = [...cuts, bytes.length]
  const nothing = { head: null, body: '', trailers: [], end: 0, isWhole: false }
  let headEnd = -1
  let searched = 0
  let step = 0
  for (; step < ends.length; step++) {
    headEnd = findHeadEnd(bytes, Math.max(0, searched - 3), ends[step]!)
    searched = ends[step]!
    if (headEnd >= 0) break
    const failure = checkPartialResponse(bytes, 0, searched, LIMITS)
    if (failure !== null) return { ...nothing, failure }
  }
  if (headEnd < 0) return { ...nothing, failure: null }
  const head = new ResponseHead()
  const failure = parseResponseHead(bytes, 0, headEnd, head, method, LIMITS)
  if (failure !== null) return { ...nothing, failure }
  if (head.bodyBytes !== BODY_CHUNKED) {
    const end = head.bodyBytes === BODY_UNTIL_CLOSE ? text.length : headEnd + head.bodyBytes
    const body = text.slice(headEnd, end)
    return { head, failure: null, body, trailers: [], end, isWhole: end <= text.length }
  }
  return decodeChunks(bytes, head, headEnd, ends.slice(step))
}

function decodeChunks(
  bytes: Buffer,
  head: ResponseHead,
  headEnd: number,
  ends: readonly number[],
): Outcome {
  const decoder = new ChunkedDecoder()
  decoder.reset('peer')
  let body = ''
  let end = headEnd
  const sink = {
    onChunkData(run: Buffer, from: number, to: number) {
      body += run.toString('latin1', from, to)
    },
  }
  for (const to of ends) {
    if (!decoder.isDone && decoder.failure === null) end = decoder.decode(bytes, end, to, sink)
  }
  const trailers: string[] = []
  const fields = decoder.trailers
  for (let i = 0; fields !== null && i < fields.count; i++) {
    trailers.push(fields.name(i), fields.value(i))
  }
  return { head, failure: decoder.failure, body, trailers, end, isWhole: decoder.isDone }
}

/**
 * Asserts that llhttp reads exactly our message, with LF line ends and minor versions above 1 made
 * plain for it.
 */
function compareWithLlhttp(text: string, method: string, outcome: Outcome, name: string): void {
  const head = outcome.head!
  if (DIFFERENCES.some(difference => difference.applies(head, outcome.trailers))) return
  const headText = head.fields.text
    .replaceAll(/\r?\n/g, '\r\n')
    .replace(/^HTTP\/1\.[2-9] /, 'HTTP/1.1 ')
  const message = headText + text.slice(head.headBytes, outcome.end)
  const reading = readResponse(message, method === 'HEAD')
  assert.equal(reading.error, null, `llhttp refuses: ${name}`)
  assert.equal(reading.hasHead, true, name)
  assert.equal(reading.status, head.status, name)
  assert.equal(reading.reason, head.reason, name)
  assert.equal(reading.minor, head.minor, name)
  assert.equal(reading.body, outcome.body, name)
  assert.deepEqual(reading.trailers, outcome.trailers, name)
  const fields = Array.from({ length: head.fields.count }, (_, index) => [
    head.fields.name(index),
    head.fields.value(index),
  ])
  assert.deepEqual(reading.fields, fields.flat(), name)
  if (head.bodyBytes === BODY_UNTIL_CLOSE) return
  assert.equal(reading.messages, 1, `llhttp sees another end: ${name}`)
  assert.equal(reading.consumed, message.length, name)
}
