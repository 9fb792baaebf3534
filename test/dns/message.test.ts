import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { type Answer, encode } from 'dns-packet'

import { codeText, encodeQuestion, parseReply, type Question } from '../../src/dns/message.ts'
import { seedFor } from '../harness/seeded-random.ts'

const QUESTION: Question = { name: 'app.example', type: 'A' }

function replyWith(answers: Answer[], authorities: Answer[] = []) {
  const questions = [{ ...QUESTION }]
  const bytes = encode({ type: 'response', id: 7, questions, answers, authorities })
  const reply = parseReply(bytes, 7, QUESTION)
  assert.ok(reply !== null)
  return reply
}

const name = 'app.example'

/** Records that are there and cannot be used. */
const UNUSABLE: Readonly<Record<string, Answer>> = {
  'of another class': { type: 'A', name, class: 'CH', data: '10.0.0.1' },
  'of another type': { type: 'TXT', name, data: 'text' },
  'with an alias that is no name': { type: 'CNAME', name, data: 'a b.example' },
  'with an alias to the root': { type: 'CNAME', name, data: '.' },
  'of a service that is not there': { type: 'SRV', name, data: { port: 80, target: '.' } },
  'of a service without a port': { type: 'SRV', name, data: { port: 0, target: 'a.example' } },
  'of a service at no name': { type: 'SRV', name, data: { port: 80, target: 'bü.example' } },
}

/** What servers add that speak EDNS. */
const EDNS: Answer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: 4096,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [{ code: 12, length: 4 }],
}

describe('parseReply', () => {
  it('gives names in lower case and times in milliseconds', () => {
    const { answers } = replyWith([
      { type: 'CNAME', name: 'APP.example', ttl: 5, data: 'B.Example' },
      { type: 'A', name: 'B.EXAMPLE', ttl: 60, data: '10.0.0.1' },
      { type: 'AAAA', name, ttl: 1, data: '2001:DB8::1' },
      { type: 'SRV', name, ttl: 1, data: { priority: 1, weight: 2, port: 3, target: 'C.example' } },
    ])
    assert.deepEqual(answers, [
      { type: 'CNAME', name, ttlMs: 5000, target: 'b.example' },
      { type: 'A', name: 'b.example', ttlMs: 60_000, address: '10.0.0.1' },
      { type: 'AAAA', name, ttlMs: 1000, address: '2001:db8::1' },
      { type: 'SRV', name, ttlMs: 1000, priority: 1, weight: 2, port: 3, target: 'c.example' },
    ])
  })

  for (const [what, record] of Object.entries(UNUSABLE)) {
    it(`leaves out a record ${what}`, () => {
      const good: Answer = { type: 'A', name, ttl: 1, data: '10.0.0.1' }
      assert.equal(replyWith([record, good]).answers.length, 1)
    })
  }

  it('takes a time to live with the highest bit for none', () => {
    const { answers } = replyWith([{ type: 'A', name, ttl: 0x8000_0000, data: '10.0.0.1' }])
    assert.equal(answers[0]?.ttlMs, 0)
  })

  it('takes how long a name is missing from the zone: the shorter of its two times', () => {
    const soa = (ttl: number, minimum: number): Answer => ({
      ...{ type: 'SOA', name: 'example', ttl },
      data: { mname: 'ns.example', rname: 'admin.example', minimum },
    })
    assert.equal(replyWith([], [soa(5, 60)]).missingTtlMs, 5000)
    assert.equal(replyWith([], [soa(60, 5)]).missingTtlMs, 5000)
    assert.equal(replyWith([]).missingTtlMs, null)
  })

  it('never throws, whatever the bytes', t => {
    const random = seedFor(t)
    const { seed } = random
    const good = encode({
      ...{ type: 'response', id: 7, questions: [{ ...QUESTION }] },
      answers: [
        { type: 'CNAME', name, ttl: 5, data: 'b.example' },
        { type: 'AAAA', name: 'b.example', ttl: 5, data: '::1' },
        { type: 'SRV', name, ttl: 1, data: { port: 3, target: 'c.example' } },
        { type: 'TXT', name, data: ['a', 'b'] },
        { type: 'NSEC', name, data: { nextDomain: 'a', rrtypes: ['A'] } },
      ],
      additionals: [EDNS],
    })
    let readCount = 0
    for (let round = 0; round < 20_000; round++) {
      const end = random.oneIn(5) ? random.below(good.length + 1) : good.length
      const bytes = Buffer.from(good.subarray(0, end))
      for (let change = random.below(8); change > 0 && end > 0; change--) {
        bytes[random.below(end)] = random.below(256)
      }
      try {
        if (parseReply(bytes, 7, QUESTION) !== null) readCount++
      } catch (error) {
        assert.fail(`seed ${seed}, ${bytes.toString('hex')}: ${error}`)
      }
    }
    assert.ok(readCount > 100, `seed ${seed}: only ${readCount} were read`)
  })
})

describe('encodeQuestion', () => {
  it('is one question that wants recursion (RFC 1035 §4.1)', () => {
    assert.equal(
      encodeQuestion(0x1234, { name: 'a.example', type: 'AAAA' }).toString('hex'),
      '123401000001000000000000016107' + '6578616d706c6500' + '001c0001',
    )
  })
})

describe('codeText', () => {
  it('says it as nginx', () => {
    assert.deepEqual([1, 2, 3, 4, 5, 9].map(codeText), [
      '1: Format error',
      '2: Server failure',
      '3: Host not found',
      '4: Unimplemented',
      '5: Operation refused',
      '9: Unknown error',
    ])
  })
})
