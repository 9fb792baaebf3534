// What a peer's Keep-Alive says of its connection: `timeout` and `max`, in any case and order.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseResponseHead, ResponseHead } from '../../src/http/response-parser.ts'

const LIMITS = {
  lineBytesMax: 4096,
  headBytesMax: 4096,
  fieldsMax: 100,
  fieldLineBytesMax: 4096,
  allowUnderscores: true,
  ignoreInvalidFields: true,
}

const ROWS: readonly (readonly [value: string, timeoutMs: number, max: number])[] = [
  ['timeout=5', 5_000, -1],
  ['timeout=5, max=100', 5_000, 100],
  ['max=100,timeout=5', 5_000, 100],
  ['MAX=7', 0, 7],
  ['max=0', 0, 0],
  ['max=', 0, -1],
  ['max=x', 0, -1],
  ['max=-1', 0, -1],
  ['climax=3, mytimeout=4', 0, -1],
  ['max=99999999999999999999', 0, 1_000_000],
  ['timeout=99999999999999999999', 86_400_000, -1],
  ['', 0, -1],
]

describe('parseResponseHead', () => {
  for (const [value, timeoutMs, max] of ROWS) {
    it(`reads Keep-Alive: ${value}`, () => {
      const head = new ResponseHead()
      head.keepAliveTimeoutMs = 1
      head.keepAliveMax = 1
      const bytes = Buffer.from(`HTTP/1.1 200 OK\r\nKeep-Alive: ${value}\r\n\r\n`)
      assert.equal(parseResponseHead(bytes, 0, bytes.length, head, 'GET', LIMITS), null)
      assert.deepEqual([head.keepAliveTimeoutMs, head.keepAliveMax], [timeoutMs, max])
    })
  }

  it('forgets what the response before said', () => {
    const head = new ResponseHead()
    head.keepAliveMax = 3
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\n\r\n')
    assert.equal(parseResponseHead(bytes, 0, bytes.length, head, 'GET', LIMITS), null)
    assert.equal(head.keepAliveMax, -1)
  })
})
