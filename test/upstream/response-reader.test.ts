// One response out of any split of its bytes: the same events for the same bytes, however the reads fall.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HeadLimits } from '../../src/http/request-parser.ts'
import type { ResponseHead } from '../../src/http/response-parser.ts'
import { type ReadOutcome, ResponseReader } from '../../src/upstream/response-reader.ts'
import type { ResponseSink } from '../../src/upstream/response-sink.ts'
import { seedFor } from '../harness/seeded-random.ts'

const LIMITS: HeadLimits = {
  lineBytesMax: 4096,
  headBytesMax: 4096,
  fieldsMax: 100,
  fieldLineBytesMax: 4096,
  allowUnderscores: true,
  ignoreInvalidFields: true,
}

/** Keeps what it is told; a run of body pieces is one entry. */
class Recording implements ResponseSink {
  readonly events: string[] = []
  body = ''
  onConnected(): void {}
  onInterim(head: ResponseHead): void {
    this.events.push(`interim ${head.status}`)
  }
  onHead(head: ResponseHead): void {
    this.events.push(`head ${head.status} ${head.bodyBytes}`)
  }
  onData(bytes: Buffer, from: number, to: number): void {
    this.body += bytes.toString('latin1', from, to)
  }
  onPause(): void {}
  onEnd(): void {}
  onFailure(): void {}
  onPeerDrain(): void {}
}

interface Heard {
  readonly events: readonly string[]
  readonly body: string
  readonly outcome: ReadOutcome
  readonly failure: string
}

/** Reads pieces until something other than `more` comes of it. */
function read(pieces: readonly string[], method = 'GET', isUpgradeAsked = false): Heard {
  const reader = new ResponseReader()
  const sink = new Recording()
  reader.sink = sink
  reader.begin(method, LIMITS, isUpgradeAsked)
  let outcome: ReadOutcome = 'more'
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1')
    outcome = reader.read(bytes, bytes.length, false)
    if (outcome !== 'more') break
  }
  const { events, body } = sink
  return { events, body, outcome, failure: reader.failure?.failure ?? '' }
}

const ROWS: readonly (readonly [
  name: string,
  bytes: string,
  outcome: ReadOutcome,
  body: string,
])[] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'whole', 'hello'],
  ['no body', 'HTTP/1.1 204 N\r\n\r\n', 'whole', ''],
  [
    'chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n',
    'whole',
    'abcde',
  ],
  ['until the end', 'HTTP/1.1 200 OK\r\n\r\nand so on', 'more', 'and so on'],
  [
    'interim answers',
    'HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
    'whole',
    'x',
  ],
  ['half a head', 'HTTP/1.1 200 OK\r\nContent-Le', 'more', ''],
  ['a bad status line', 'HTTP/1.1 2000 OK\r\n\r\n', 'failed', ''],
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n', 'failed', ''],
  [
    'a bad chunk',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX',
    'failed',
    'abc',
  ],
  [
    'two lengths',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx',
    'failed',
    '',
  ],
  [
    'an unasked upgrade',
    'HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    'failed',
    '',
  ],
]

describe('ResponseReader', () => {
  for (const [name, bytes, outcome, body] of ROWS) {
    it(`reads ${name} the same in any split`, t => {
      const whole = read([bytes])
      assert.equal(whole.outcome, outcome)
      assert.equal(whole.body, body)
      assert.deepEqual(read([...bytes]), whole)
      for (let at = 1; at < bytes.length; at++)
        assert.deepEqual(read([bytes.slice(0, at), bytes.slice(at)]), whole, `split at ${at}`)
      const random = seedFor(t)
      for (let i = 0; i < 200; i++) assert.deepEqual(read(random.split(bytes, 8)), whole)
    })
  }

  it('finds what comes after the end', () => {
    const bytes = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1'
    assert.equal(read([bytes]).outcome, 'excess')
    assert.equal(read(['HTTP/1.1 304 N\r\n\r\nx']).outcome, 'excess')
    assert.equal(read(['HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'], 'HEAD').outcome, 'excess')
  })

  it('leaves what comes after 101 to the tunnel', () => {
    const reader = new ResponseReader()
    reader.sink = new Recording()
    reader.begin('GET', LIMITS, true)
    const bytes = Buffer.from('HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello')
    assert.equal(reader.read(bytes, bytes.length, false), 'tunnel')
    assert.equal(reader.takeTunnelBytes()?.toString(), 'hello')
    assert.equal(reader.takeTunnelBytes(), null)
  })

  it('says when its sink gave up in the middle', () => {
    const reader = new ResponseReader()
    const sink = new Recording()
    sink.onHead = () => reader.drop()
    reader.sink = sink
    reader.begin('GET', LIMITS, false)
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
    assert.equal(reader.read(bytes, bytes.length, false), 'dropped')
    assert.equal(sink.body, '')
  })
})
