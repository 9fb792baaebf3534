// Bodies held against names, in pieces of every kind.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { beginFastdfsCheck, FastdfsCheck } from '../../src/cache/fastdfs-check.ts'
import { type FastdfsName, parseFastdfsName } from '../../src/cache/fastdfs-name.ts'
import { goodResponse } from '../http/parse-text.ts'
import { encodeFastdfsName } from './fastdfs-encoder.ts'

/** A published upload of a small file by a real cluster: its name, and the twelve bytes it was. */
const PATH = '/group1/M00/00/00/wKhJhGHYF2CAbacYAAAADLCV5eM801.txt'
const BODY = 'Hello World\n'
const EMPTY = encodeFastdfsName({
  source: [10, 0, 0, 7],
  createdAt: 1_700_000_000,
  size: 0x8000_0001n << 32n,
  crc32: 0,
})

function nameOf(path: string): FastdfsName {
  const name = parseFastdfsName(path)
  assert.ok(name !== null)
  return name
}

function check(path: string, pieces: readonly string[]): string {
  const running = new FastdfsCheck(nameOf(path))
  for (const piece of pieces) {
    // Pieces lie in the middle of other bytes.
    const bytes = Buffer.from(`<<${piece}>>`, 'latin1')
    running.add(bytes, 2, bytes.length - 2)
  }
  return running.verdict()
}

describe('FastdfsCheck', () => {
  for (const [name, path, pieces, want] of [
    ['the body in one piece', PATH, [BODY], 'ok'],
    ['the body byte by byte', PATH, [...BODY], 'ok'],
    ['empty pieces between', PATH, ['', 'Hello', '', ' World\n', ''], 'ok'],
    ['a byte too few', PATH, [BODY.slice(0, -1)], 'size'],
    ['a byte too many', PATH, [BODY, 'x'], 'size'],
    ['nothing', PATH, [], 'size'],
    ['one other byte', PATH, ['Hello World\r'], 'crc'],
    ['two bytes in each other’s place', PATH, ['eHllo World\n'], 'crc'],
    ['twelve zeros', PATH, ['\0'.repeat(12)], 'crc'],
    ['an empty file', EMPTY, [], 'ok'],
    ['a byte for an empty file', EMPTY, ['x'], 'size'],
  ] as const) {
    it(`says ${want} for ${name}`, () => assert.equal(check(path, pieces), want))
  }

  it('says no at the first byte too many', () => {
    const running = new FastdfsCheck(nameOf(PATH))
    assert.equal(running.add(Buffer.from(BODY), 0, 12), true)
    assert.equal(running.add(Buffer.from('x'), 0, 1), false)
  })
})

describe('beginFastdfsCheck', () => {
  const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 12'
  const slave = PATH.replace('.txt', '_big.txt')
  for (const [name, path, method, head, want] of [
    ['a whole body', PATH, 'GET', whole, true],
    ['a chunked body', PATH, 'GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked', true],
    ['a part', PATH, 'GET', 'HTTP/1.1 206 Partial Content\r\nContent-Length: 3', false],
    ['a file that is not there', PATH, 'GET', 'HTTP/1.1 404 Not Found\r\nContent-Length: 3', false],
    ['a redirect', PATH, 'GET', 'HTTP/1.1 302 Found\r\nContent-Length: 0', false],
    ['an encoded body', PATH, 'GET', `${whole}\r\nContent-Encoding: gzip`, false],
    ['no body', PATH, 'HEAD', whole, false],
    ['a slave', slave, 'GET', whole, false],
    ['another path', '/index.html', 'GET', whole, false],
  ] as const) {
    it(`${want ? 'checks' : 'does not check'} ${name}`, () => {
      assert.equal(
        beginFastdfsCheck(path, method, goodResponse(`${head}\r\n\r\n`, method)) !== null,
        want,
      )
    })
  }
})
