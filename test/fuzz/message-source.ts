// Makes HTTP/1 messages, good ones and nearly good ones: put together from parts that parsers are
// known to disagree about, then damaged in a few places. Every message is a latin-1 text, one
// character per byte.

import type { SeededRandom } from './seeded-random.ts'

const METHODS = [
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'PATCH',
  'TRACE',
  'get',
  'FOO',
]
const TARGETS = [
  ...['/', '/a?b=c', '//a', '/%2e%2e/', '/a|b', '*', '/\x7f', '/a#b', 'a', '/caf\xe9', '/"<>', ''],
  ...[
    'http://a/',
    'http://a',
    'http://a?b',
    'https://a:8/b',
    'http://u@a/',
    'a:80',
    'http://[::1]/',
    'HTTP://A/',
  ],
]
const VERSIONS = [
  '1.1',
  '1.1',
  '1.1',
  '1.1',
  '1.1',
  '1.0',
  '1.2',
  '2.0',
  '0.9',
  '1',
  '1.10',
  '1.1 ',
]
const LINE_ENDS = [
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\n',
  '\r',
  '\r\r\n',
  '\n\r',
]
const SEPARATORS = [': ', ': ', ': ', ': ', ':', ':  ', ':\t', ' : ', '\t: ', ' ', '']
const NAMES = [
  'X-A',
  'x-a',
  'X_A',
  'A',
  'X.B',
  "!#$%&'*+-.^_`|~",
  'Accept',
  'X\0',
  'X(',
  '',
  'X Y',
  '\xe9',
]
const VALUES = [
  ...[
    '',
    'b',
    'a, b',
    '\xff\xfe',
    'a\tb',
    'a b ',
    '\t',
    'a\0b',
    'a\x7fb',
    'a\rb',
    'a\x01',
    'a\r\n b',
    '"q"',
  ],
  ...[
    'close',
    'keep-alive',
    'Upgrade',
    'X-A',
    'chunked',
    'trailers',
    '100-continue',
    'websocket',
    '5',
  ],
]
const HOSTS = [
  'a',
  'a:80',
  'A.b',
  '',
  'a b',
  'a,b',
  'a@b',
  'a:x',
  '[::1]:8',
  '[',
  'a%41',
  'a\0',
  '127.0.0.1',
]
const LENGTHS = [
  '0',
  '3',
  '5',
  '10',
  '05',
  '+5',
  '-5',
  '0x5',
  '5 ',
  '5,5',
  '5 5',
  '',
  '18446744073709551619',
  '\t5',
]
const CODINGS = [
  'chunked',
  'Chunked',
  ' chunked',
  'chunked ',
  '\tchunked',
  'xchunked',
  'identity',
  'gzip, chunked',
]
const MORE_CODINGS = [
  'chunked, chunked',
  '"chunked"',
  'chunked;a',
  '',
  ',chunked',
  '\x0bchunked',
  'gzip',
  'chunked\x0b',
]
const CONNECTIONS = [
  'close',
  'keep-alive',
  'Keep-Alive, close',
  'upgrade',
  'x-a',
  'content-length',
  'host',
  ',',
  'TE',
]
const STATUSES = [
  '200',
  '200',
  '200',
  '204',
  '304',
  '100',
  '101',
  '103',
  '404',
  '599',
  '600',
  '999',
  '000',
  '20',
  '2000',
]
const REASONS = [' OK', ' ', '', ' Not Found', '  two', '\tOK', ' \xfc', ' a\0', ' a\rb']
const SIZES = [
  '1',
  '3',
  '5',
  'a',
  'A',
  '005',
  '0x3',
  '+3',
  '3 ',
  ' 3',
  '3;a',
  '3;a=b',
  '3;\x01',
  'g',
  '',
  '3_',
  '-1',
]
const BIG_SIZES = ['ffffffffffffffff', '20000000000000', '10000000000000003', '0000000000000003']
const TRAILERS = [
  'X-T: 1',
  'Content-Length: 3',
  'Host: b',
  'A : b',
  ': b',
  'A',
  ' A: b',
  'A: \0',
  'x_y: 1',
  'A: b\r',
]
const DAMAGE = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  '\x7f',
  '\xff',
  ',',
  ';',
  '0',
  '\x0b',
  '#',
  '%',
  '\x85',
  '\xa0',
]

/** A request with its body, if it says that it has one, and perhaps more bytes behind it. */
export function makeRequest(random: SeededRandom): string {
  const end = lineEnd(random)
  const method = random.oneIn(2) ? random.pick(METHODS) : random.pick(['GET', 'POST'])
  const target = random.oneIn(2) ? random.pick(TARGETS) : '/'
  const space = random.oneIn(30) ? random.pick(['  ', '\t', '']) : ' '
  const version = random.oneIn(3) ? random.pick(VERSIONS) : '1.1'
  const start = random.oneIn(20) ? random.pick(['\r\n', '\n', '\r', ' ']) : ''
  const lines = [`${start}${method}${space}${target} HTTP/${version}`]
  if (!random.oneIn(15)) lines.push(`Host: ${random.oneIn(4) ? random.pick(HOSTS) : 'a'}`)
  return makeMessage(random, lines, end)
}

/** A response with its body, if it says that it has one, and perhaps more bytes behind it. */
export function makeResponse(random: SeededRandom): string {
  const version = random.oneIn(3) ? random.pick(VERSIONS) : '1.1'
  const status = random.oneIn(2) ? random.pick(STATUSES) : '200'
  const reason = random.oneIn(4) ? random.pick(REASONS) : ' OK'
  return makeMessage(random, [`HTTP/${version} ${status}${reason}`], lineEnd(random))
}

/** The bytes of a chunked body, good or nearly so, and perhaps more behind it. */
export function makeChunks(random: SeededRandom): string {
  let text = ''
  for (let count = random.below(4); count > 0; count--) {
    if (random.oneIn(12)) {
      text += `${random.pick(random.oneIn(4) ? BIG_SIZES : SIZES)}\r\nabc${lineEnd(random)}`
    } else {
      const size = 1 + random.below(20)
      const extension = random.oneIn(6) ? random.pick([';a', ';a=b', ';a="b"', ';', ';;']) : ''
      text += `${size.toString(16)}${extension}${lineEnd(random)}`
      text += `${'x'.repeat(size)}${lineEnd(random)}`
    }
  }
  text += `0${random.oneIn(10) ? ';last' : ''}${lineEnd(random)}`
  for (let count = random.oneIn(4) ? random.below(3) : 0; count > 0; count--) {
    text += random.pick(TRAILERS) + lineEnd(random)
  }
  return `${text}${lineEnd(random)}${random.oneIn(4) ? 'GET / HTTP/1.1\r\n\r\n' : ''}`
}

/** Damages a text in up to three places. */
export function damage(random: SeededRandom, text: string): string {
  let damaged = text
  for (let count = random.below(3); count >= 0; count--) {
    const at = random.below(damaged.length + 1)
    const size = random.oneIn(4) ? random.below(12) : 1
    const before = damaged.slice(0, at)
    const after = damaged.slice(at)
    switch (random.below(6)) {
      case 0:
        damaged = before + after.slice(size)
        break
      case 1:
        damaged = before + after.slice(0, size) + after
        break
      case 2:
        damaged = before + String.fromCharCode(random.below(256)) + after.slice(1)
        break
      case 3:
        damaged = before + random.pick(DAMAGE) + after.slice(1)
        break
      default:
        damaged = before + random.pick(DAMAGE) + after
    }
  }
  return damaged
}

function makeMessage(random: SeededRandom, lines: string[], end: string): string {
  for (let count = random.below(5); count > 0; count--) lines.push(makeField(random))
  const framing = random.below(6)
  if (framing < 2 || random.oneIn(20)) {
    lines.push(`Content-Length: ${random.oneIn(3) ? random.pick(LENGTHS) : '5'}`)
  }
  if (framing === 2 || random.oneIn(20)) {
    const codings = random.oneIn(2) ? CODINGS : MORE_CODINGS
    lines.push(`Transfer-Encoding: ${random.oneIn(3) ? random.pick(codings) : 'chunked'}`)
  }
  if (random.oneIn(8)) lines.push(`Connection: ${random.pick(CONNECTIONS)}`)
  if (random.oneIn(20)) lines.push(`Upgrade: ${random.pick(['websocket', 'h2c', 'a, b', ''])}`)
  if (random.oneIn(20))
    lines.push(`Expect: ${random.pick(['100-continue', '100-Continue', 'x', ''])}`)
  const head = lines.map(line => line + (random.oneIn(40) ? lineEnd(random) : end)).join('')
  const body = framing === 2 ? makeChunks(random) : 'hello'.slice(0, random.oneIn(8) ? 3 : 5)
  const message = `${head}${end}${framing < 3 ? body : ''}`
  return random.oneIn(2) ? damage(random, message) : message
}

function makeField(random: SeededRandom): string {
  const name = random.oneIn(6) ? random.pick(NAMES) : `X-${random.below(4)}`
  const separator = random.oneIn(10) ? random.pick(SEPARATORS) : ': '
  const value = random.oneIn(3) ? random.pick(VALUES) : 'value'
  return `${name}${separator}${value}`
}

function lineEnd(random: SeededRandom): string {
  return random.oneIn(12) ? random.pick(LINE_ENDS) : '\r\n'
}
