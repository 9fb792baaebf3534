import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, it } from 'node:test'

import { type DecodedPacket, TRUNCATED_RESPONSE } from 'dns-packet'

import type { Question, Reply } from '../../src/dns/message.ts'
import { type Asked, isNoReply, networkAsk } from '../../src/dns/name-server.ts'
import { freePort } from '../harness/ports.ts'
import { FakeTime } from './fake-time.ts'
import {
  address,
  framed,
  type ReplyChanges,
  replyTo,
  type Script,
  type StreamScript,
  scriptedServer,
} from './scripted-server.ts'

const QUESTION: Question = { name: 'app.example', type: 'A' }
const NEVER = new AbortController().signal

function addressesOf(asked: Asked): string[] {
  assert.ok(!isNoReply(asked), JSON.stringify(asked))
  return asked.answers.flatMap(record => (record.type === 'A' ? [record.address] : []))
}

function truncated(query: DecodedPacket): Buffer {
  return replyTo(query, { flags: TRUNCATED_RESPONSE })
}

/** Datagrams that are not the reply to the question; each with the right port behind it. */
const STRANGE: Readonly<Record<string, (query: DecodedPacket) => Buffer>> = {
  'nothing at all': () => Buffer.alloc(0),
  'half a header': query => replyTo(query).subarray(0, 7),
  'another id': query => replyTo({ ...query, id: (query.id! + 1) & 0xffff }, answer(query)),
  'a query instead of a reply': query => replyTo(query, { ...answer(query), type: 'query' }),
  'another kind of message': query => replyTo(query, { ...answer(query), flags: 2 << 11 }),
  'no question': query => replyTo(query, { ...answer(query), questions: [] }),
  'two questions': query =>
    replyTo(query, { ...answer(query), questions: [...query.questions!, ...query.questions!] }),
  'another name': query =>
    replyTo(query, { ...answer(query), questions: [{ type: 'A', name: 'evil.example' }] }),
  'another type': query =>
    replyTo(query, { ...answer(query), questions: [{ type: 'AAAA', name: 'app.example' }] }),
  'another class': query =>
    replyTo(query, {
      ...answer(query),
      questions: [{ type: 'A', name: 'app.example', class: 'CH' }],
    }),
  'a record that is cut': query => replyTo(query, answer(query)).subarray(0, -3),
  'bytes after the end': query => Buffer.concat([replyTo(query, answer(query)), Buffer.alloc(3)]),
  'counts that lie': query => {
    const bytes = replyTo(query, answer(query))
    bytes.writeUInt16BE(0xffff, 6)
    return bytes
  },
  'an address of the wrong length': query => {
    const bytes = replyTo(query, answer(query))
    bytes.writeUInt16BE(5, bytes.length - 6)
    return Buffer.concat([bytes, Buffer.from([9])])
  },
  'a name that points at itself': query => {
    const bytes = replyTo(query, answer(query))
    // What stands behind the name of a record with an IPv4 address, and the name itself.
    const rest = bytes.subarray(-14)
    const start = bytes.length - rest.length - 'app.example'.length - 2
    return Buffer.concat([bytes.subarray(0, start), Buffer.from([0xc0, start]), rest])
  },
  'more than we take': query =>
    replyTo(query, {
      answers: Array.from({ length: 300 }, (_, n) => address(query, `10.9.${n >> 8}.${n & 255}`)),
    }),
}

function answer(query: DecodedPacket, data = '6.6.6.6'): ReplyChanges {
  return { answers: [address(query, data)] }
}

describe('networkAsk', () => {
  it('asks from a new port with a new id, wants recursion, and gives the reply', async () => {
    const ports = new Set<number>()
    await using fake = await scriptedServer((query, from) => {
      ports.add(from.port)
      return [replyTo(query, answer(query, '10.0.0.1'))]
    })
    const ask = networkAsk()
    for (let count = 0; count < 3; count++) {
      assert.deepEqual(addressesOf(await ask(fake.server, QUESTION, NEVER)), ['10.0.0.1'])
    }
    assert.equal(ports.size, 3)
    assert.equal(new Set(fake.queries.map(query => query.id)).size, 3)
    assert.ok(fake.queries.every(query => query.flag_rd))
    assert.deepEqual(fake.queries[0]!.questions, [{ name: 'app.example', type: 'A', class: 'IN' }])
  })

  it('takes the question back in any case', async () => {
    await using fake = await scriptedServer(query => [
      replyTo(query, {
        ...answer(query, '10.0.0.1'),
        questions: [{ type: 'A', name: 'APP.Example' }],
      }),
    ])
    assert.deepEqual(addressesOf(await networkAsk()(fake.server, QUESTION, NEVER)), ['10.0.0.1'])
  })

  for (const [name, make] of Object.entries(STRANGE)) {
    it(`passes over ${name}, and takes the reply that comes after it`, async () => {
      const script: Script = query => [make(query), replyTo(query, answer(query, '10.0.0.1'))]
      await using fake = await scriptedServer(script)
      assert.deepEqual(addressesOf(await networkAsk()(fake.server, QUESTION, NEVER)), ['10.0.0.1'])
    })

    it(`is silent when there is only ${name}`, async () => {
      const time = new FakeTime()
      await using fake = await scriptedServer(query => [make(query)])
      const arrived = fake.nextQuery()
      const asked = networkAsk({ delay: time.delay })(fake.server, QUESTION, NEVER)
      await arrived
      await time.pass(2000)
      const result = await asked
      assert.ok(isNoReply(result) && result.problem === 'silent', JSON.stringify(result))
      assert.equal(time.waitingCount, 0)
    })
  }

  it('hears only the address and port that it asked', async () => {
    const stranger = createSocket('udp4')
    await using fake = await scriptedServer((query, from) => {
      // From another port of the same machine, with the right id and question.
      stranger.send(replyTo(query, answer(query)), from.port, from.address, () => sent())
      return []
    })
    let sent = (): void => {}
    const wasSent = new Promise<void>(resolve => (sent = resolve))
    const time = new FakeTime()
    const asked = networkAsk({ delay: time.delay })(fake.server, QUESTION, NEVER)
    await wasSent
    await time.pass(2000)
    const result = await asked
    assert.ok(isNoReply(result) && result.problem === 'silent')
    stranger.close()
    await once(stranger, 'close')
  })

  it('says at once that nobody listens', async () => {
    const port = await freePort()
    const time = new FakeTime()
    const ask = networkAsk({ delay: time.delay })
    const result = await ask({ host: '127.0.0.1', port }, QUESTION, NEVER)
    assert.ok(isNoReply(result) && result.problem === 'unreachable')
    assert.match(result.text, /^127\.0\.0\.1:\d+: .*connection refused/i)
    assert.equal(time.waitingCount, 0)
  })

  for (const code of [1, 2, 4, 5]) {
    it(`takes a refusal with code ${code} without the question`, async () => {
      await using fake = await scriptedServer(query => [replyTo(query, { code, questions: [] })])
      const asked = await networkAsk()(fake.server, QUESTION, NEVER)
      assert.ok(!isNoReply(asked))
      assert.equal(asked.code, code)
    })
  }

  it('ends early when it is given up, also before it began', async () => {
    const time = new FakeTime()
    await using fake = await scriptedServer(() => [])
    const over = new AbortController()
    const arrived = fake.nextQuery()
    const asked = networkAsk({ delay: time.delay })(fake.server, QUESTION, over.signal)
    await arrived
    over.abort()
    for (const result of [await asked, await networkAsk()(fake.server, QUESTION, over.signal)]) {
      assert.ok(isNoReply(result) && result.problem === 'closed')
    }
    assert.equal(fake.queries.length, 1)
    assert.equal(time.waitingCount, 0)
  })
})

describe('networkAsk over a connection', () => {
  const many = (query: DecodedPacket): ReplyChanges => ({
    answers: Array.from({ length: 300 }, (_, n) => address(query, `10.9.${n >> 8}.${n & 255}`)),
  })

  /** Asks a server whose datagrams are cut, and whose connections do as the script says. */
  async function askBoth(script: StreamScript | null, cut = truncated): Promise<Asked> {
    await using fake = await scriptedServer(query => [cut(query)], script)
    return await networkAsk()(fake.server, QUESTION, NEVER)
  }

  it('asks again when the reply was cut', async () => {
    const asked = await askBoth((query, socket) => socket.end(framed(replyTo(query, many(query)))))
    assert.equal(addressesOf(asked).length, 300)
  })

  it('also when the cut went through a record', async () => {
    const cut = (query: DecodedPacket): Buffer =>
      replyTo(query, { ...answer(query), flags: TRUNCATED_RESPONSE }).subarray(0, -5)
    const asked = await askBoth(
      (query, socket) => socket.end(framed(replyTo(query, many(query)))),
      cut,
    )
    assert.equal((asked as Reply).answers.length, 300)
  })

  it('puts a reply together that comes byte by byte', async () => {
    const asked = await askBoth(async (query, socket) => {
      socket.setNoDelay(true)
      for (const byte of framed(replyTo(query, answer(query, '10.0.0.1')))) {
        await new Promise(written => socket.write(Buffer.from([byte]), written))
      }
    })
    assert.deepEqual(addressesOf(asked), ['10.0.0.1'])
  })

  const BAD: Readonly<Record<string, StreamScript | null>> = {
    'nobody listens': null,
    'it is closed at once': (_, socket) => socket.destroy(),
    'it ends in the middle': (query, socket) =>
      socket.end(framed(replyTo(query, answer(query))).subarray(0, -4)),
    'the message is empty': (_, socket) => socket.write(Buffer.from([0, 0])),
    'the reply is another one': (query, socket) =>
      socket.write(framed(replyTo({ ...query, id: (query.id! + 1) & 0xffff }, answer(query)))),
    'the reply is cut here too': (query, socket) => socket.write(framed(truncated(query))),
    'it sends noise': (_, socket) => socket.write(framed(Buffer.alloc(40, 0xff))),
  }
  for (const [name, script] of Object.entries(BAD)) {
    it(`gives no reply when ${name}`, async () => {
      const asked = await askBoth(script)
      assert.ok(isNoReply(asked))
      assert.ok(['broken', 'unreachable'].includes(asked.problem), asked.problem)
    })
  }

  it('does not wait for ever', async () => {
    const time = new FakeTime()
    let arrive = (): void => {}
    const arrived = new Promise<void>(resolve => (arrive = resolve))
    await using fake = await scriptedServer(
      query => [truncated(query)],
      () => arrive(),
    )
    const asked = networkAsk({ delay: time.delay })(fake.server, QUESTION, NEVER)
    await arrived
    await time.pass(5000)
    const result = await asked
    assert.ok(isNoReply(result) && result.problem === 'silent')
  })
})
