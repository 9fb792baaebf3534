// Requests, good and damaged, against the rules that need no specification: nothing throws, every
// refusal is a known one, the split of the reads does not matter, and what we accept llhttp reads
// as the same message of the same length.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Failure } from '../../src/base/failure.ts'
import { ChunkedDecoder } from '../../src/http/chunked-decoder.ts'
import {
  checkPartialHead,
  findHeadEnd,
  type HeadLimits,
  parseRequestHead,
  RequestHead,
  skipEmptyLine,
} from '../../src/http/request-parser.ts'
import { isFramingName, LLHTTP_METHODS, readRequest } from './llhttp-reader.ts'
import { damage, makeRequest } from './message-source.ts'
import { FUZZ_COUNT, FUZZ_SEED, SeededRandom } from './seeded-random.ts'

const LIMITS: HeadLimits = {
  ...{ lineBytesMax: 300, headBytesMax: 700, fieldsMax: 20, fieldLineBytesMax: 400 },
  ...{ allowUnderscores: true, ignoreInvalidFields: true },
}

const REFUSALS: ReadonlySet<string> = new Set([
  ...['bad_request_line', 'bad_method', 'bad_target', 'bad_version', 'bad_host', 'bad_field'],
  ...['bad_content_length', 'bad_transfer_encoding', 'unknown_transfer_coding', 'bad_expect'],
  ...['bad_upgrade', 'target_too_long', 'head_too_large', 'bad_chunk'],
])

/** What one message comes to. */
interface Outcome {
  readonly head: RequestHead | null
  readonly failure: Failure | null
  readonly body: string
  readonly trailers: readonly string[]
  /** Where the head starts, and where the message ends when it is whole. */
  readonly start: number
  readonly end: number
  readonly isWhole: boolean
}

interface Difference {
  readonly reason: string
  applies(head: RequestHead, trailers: readonly string[]): boolean
}

/**
 * Where llhttp and we differ on purpose: such a message is not compared, or changed before it is.
 */
const DIFFERENCES: readonly Difference[] = [
  {
    reason: 'methods are any token (RFC 9110 §9.1); llhttp has a list',
    applies: head => !LLHTTP_METHODS.has(head.method),
  },
  {
    reason: 'llhttp reads no body after CONNECT; the proxy answers 405 or refuses the body',
    applies: head => head.method === 'CONNECT',
  },
  {
    reason: 'llhttp knows the method of other protocols (ICE, RTSP) with their versions only',
    applies: head => head.method === 'SOURCE' || head.method === 'PRI',
  },
  {
    reason:
      'framing names in trailers are dropped (RFC 9110 §6.5.1); llhttp takes them for the head',
    applies: (_head, trailers) => trailers.some(isFramingName),
  },
]

describe('parseRequestHead, fuzzed', () => {
  it(`agrees with llhttp, in any split (seed ${FUZZ_SEED}, ${FUZZ_COUNT} inputs)`, () => {
    const random = new SeededRandom(FUZZ_SEED)
    const counts = { whole: 0, refused: 0, waiting: 0, compared: 0 }
    for (let index = 0; index < FUZZ_COUNT; index++) {
      const text = makeRequest(random)
      const name = `seed ${FUZZ_SEED} input ${index}: ${JSON.stringify(text)}`
      const outcome = run(text, [])
      if (outcome.failure !== null) {
        counts.refused++
        assert.ok(REFUSALS.has(outcome.failure.failure), name)
        assert.match(outcome.failure.detail, /^[\x20-\x7e]*$/, name)
      } else if (outcome.isWhole) {
        counts.whole++
        if (compareWithLlhttp(text, outcome, name)) counts.compared++
      } else {
        counts.waiting++
      }
      const cuts = [random.below(text.length + 1), random.below(text.length + 1)]
      compareSplit(
        outcome,
        run(
          text,
          cuts.sort((left, right) => left - right),
        ),
        name,
      )
      if (random.oneIn(50))
        compareSplit(
          outcome,
          run(
            text,
            Array.from(text, (_, at) => at),
          ),
          name,
        )
    }
    // A generator gone wrong would make all of the above say nothing.
    assert.ok(counts.whole > FUZZ_COUNT / 20, JSON.stringify(counts))
    assert.ok(counts.compared > FUZZ_COUNT / 25, JSON.stringify(counts))
    assert.ok(counts.refused > FUZZ_COUNT / 10, JSON.stringify(counts))
  })

  it(`reads any bytes without throwing (seed ${FUZZ_SEED})`, () => {
    const random = new SeededRandom(FUZZ_SEED + 1)
    for (let index = 0; index < FUZZ_COUNT / 4; index++) {
      const length = random.below(80)
      const noise = String.fromCharCode(...Array.from({ length }, () => random.below(256)))
      const text = random.oneIn(2)
        ? `${noise}\r\n\r\n`
        : damage(random, damage(random, makeRequest(random)))
      const { failure } = run(text, [random.below(text.length + 1)])
      if (failure !== null) assert.ok(REFUSALS.has(failure.failure), JSON.stringify(text))
    }
  })
})

/** Reads one message as a connection would, from reads that end at `cuts`. */
function run(text: string, cuts: readonly number[]): Outcome {
  const bytes = Buffer.from(text, 'latin1')
  const ends = [...cuts, bytes.length]
  const outcome = { body: '', trailers: [] as string[], start: -1, end: 0, isWhole: false }
  const waiting: Outcome = { ...outcome, head: null, failure: null }
  const head = new RequestHead()
  let searched = 0
  let headEnd = -1
  let step = 0
  for (; step < ends.length && headEnd < 0; step++) {
    const end = ends[step]!
    if (outcome.start < 0) {
      if (end === 0) continue
      outcome.start = skipEmptyLine(bytes, 0, end)
      if (outcome.start < 0) continue
      searched = outcome.start
    }
    headEnd = findHeadEnd(bytes, Math.max(outcome.start, searched - 3), end)
    searched = end
    if (headEnd >= 0) break
    const failure = checkPartialHead(bytes, outcome.start, end, LIMITS)
    if (failure !== null) return { ...outcome, head: null, failure }
  }
  if (headEnd < 0) return waiting
  const failure = parseRequestHead(bytes, outcome.start, headEnd, head, LIMITS)
  if (failure !== null) return { ...outcome, head: null, failure }
  if (head.bodyBytes >= 0) {
    outcome.end = headEnd + head.bodyBytes
    outcome.isWhole = outcome.end <= bytes.length
    outcome.body = text.slice(headEnd, outcome.end)
    return { ...outcome, head, failure: null }
  }
  const decoder = new ChunkedDecoder()
  decoder.reset('client')
  const sink = {
    onChunkData(run: Buffer, from: number, to: number) {
      outcome.body += run.toString('latin1', from, to)
    },
  }
  outcome.end = headEnd
  for (; step < ends.length && !decoder.isDone && decoder.failure === null; step++) {
    outcome.end = decoder.decode(bytes, outcome.end, ends[step]!, sink)
  }
  const { trailers } = decoder
  for (let i = 0; trailers !== null && i < trailers.count; i++) {
    outcome.trailers.push(trailers.name(i), trailers.value(i))
  }
  return { ...outcome, head, failure: decoder.failure, isWhole: decoder.isDone }
}

function compareSplit(whole: Outcome, split: Outcome, name: string): void {
  assert.equal(split.failure?.failure, whole.failure?.failure, name)
  if (whole.failure !== null) return
  assert.deepEqual({ ...split, head: null }, { ...whole, head: null }, name)
  assert.deepEqual(split.head, whole.head, name)
}

/**
 * Asserts that llhttp reads exactly our message; false when the message is one of the differences.
 */
function compareWithLlhttp(text: string, outcome: Outcome, name: string): boolean {
  const head = outcome.head!
  if (DIFFERENCES.some(difference => difference.applies(head, outcome.trailers))) return false
  const message = forLlhttp(text, outcome)
  const reading = readRequest(message)
  assert.equal(reading.error, null, `llhttp refuses: ${name}`)
  assert.equal(reading.messages, 1, `llhttp sees another end: ${name}`)
  assert.equal(reading.consumed, message.length, name)
  assert.equal(reading.method, head.method, name)
  assert.equal(reading.target, head.requestLine.split(' ')[1], name)
  assert.equal(reading.minor, head.minor, name)
  assert.equal(reading.body, outcome.body, name)
  assert.deepEqual(reading.fields, fieldTexts(head), name)
  assert.deepEqual(reading.trailers, outcome.trailers, name)
  // Whole means that it is not whole a byte earlier.
  assert.equal(readRequest(message.slice(0, -1)).messages, 0, name)
  return true
}

/**
 * The message's own bytes, with what llhttp does not take made plain: LF line ends, minor versions
 * above 1.
 */
function forLlhttp(text: string, outcome: Outcome): string {
  const head = outcome.head!
  const headText = head.fields.text
    .replaceAll(/\r?\n/g, '\r\n')
    .replace(/ HTTP\/1\.[2-9]\r/, ' HTTP/1.1\r')
  return headText + text.slice(outcome.start + head.headBytes, outcome.end)
}

function fieldTexts(head: RequestHead): string[] {
  return Array.from({ length: head.fields.count }, (_, index) => [
    head.fields.name(index),
    head.fields.value(index),
  ]).flat()
}
