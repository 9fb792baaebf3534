// What a response must be, and the words for what it is not.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import type { HeaderTest, ResponseExpectation } from '../../src/model/probe.ts'
import { decodeText, readBodyText } from '../../src/probe/body-text.ts'
import { type CheckedResponse, responseFault } from '../../src/probe/expectation.ts'
import { PROBE_LIMITS } from '../../src/probe/limits.ts'
import { textFault } from '../../src/probe/text-matcher.ts'
import { contains, expecting, regex } from './probe-values.ts'

function answer(changes: Partial<CheckedResponse> = {}): CheckedResponse {
  return { status: 200, headers: {}, body: Buffer.from('Test Page'), tookMs: 12, ...changes }
}

function field(name: string, changes: Partial<HeaderTest> = {}): HeaderTest {
  return { name, test: null, isAbsent: false, ...changes }
}

const EQUAL = contains('on', { kind: 'equal' })

describe('responseFault', () => {
  const ROWS: readonly {
    readonly name: string
    readonly expect: Partial<ResponseExpectation>
    readonly answer?: Partial<CheckedResponse>
    readonly fault: string
  }[] = [
    { name: 'a status in a range', expect: { statuses: [[200, 399]] }, fault: '' },
    {
      name: 'a status outside of all ranges',
      expect: {
        statuses: [
          [200, 299],
          [304, 304],
        ],
      },
      answer: { status: 500 },
      fault: 'status was not 200-299 304',
    },
    {
      name: 'a status that must not be',
      expect: { statuses: [[500, 599]], isStatusNegated: true },
      answer: { status: 503 },
      fault: 'status was one of 500-599',
    },
    {
      name: 'another one than that',
      expect: { statuses: [[500, 599]], isStatusNegated: true },
      fault: '',
    },
    {
      name: 'a field that is missing',
      expect: { headers: [field('x-ready')] },
      fault: 'no field "x-ready"',
    },
    {
      name: 'a field that is there',
      expect: { headers: [field('x-ready')] },
      answer: { headers: { 'x-ready': '' } },
      fault: '',
    },
    {
      name: 'a field that must not be there',
      expect: { headers: [field('x-ready', { isAbsent: true })] },
      answer: { headers: { 'x-ready': '1' } },
      fault: 'field "x-ready" was there',
    },
    {
      name: 'a field that is missing as it must',
      expect: { headers: [field('x-ready', { isAbsent: true })] },
      fault: '',
    },
    {
      name: 'a field with another value',
      expect: { headers: [field('x-ready', { test: EQUAL })] },
      answer: { headers: { 'x-ready': 'off' } },
      fault: 'field "x-ready" was "off", not "on"',
    },
    {
      name: 'a field sent twice, which is one list',
      expect: { headers: [field('via', { test: regex('^a, b$') })] },
      answer: { headers: { via: ['a', 'b'] } },
      fault: '',
    },
    {
      name: 'a field that does not match',
      expect: { headers: [field('server', { test: regex('^nginx') })] },
      answer: { headers: { server: 'Apache' } },
      fault: 'field "server" did not match "^nginx": "Apache"',
    },
    {
      name: 'a missing field that must not be something',
      expect: { headers: [field('server', { test: regex('IIS', { isNegated: true }) })] },
      fault: '',
    },
    { name: 'a text that is there', expect: { body: [contains('Test Page')] }, fault: '' },
    {
      name: 'a text that is missing',
      expect: { body: [contains('Test Page')] },
      answer: { body: Buffer.from('It works!') },
      fault: 'body did not contain "Test Page"',
    },
    {
      name: 'the second of two texts',
      expect: { body: [contains('Test'), contains('maintenance', { isNegated: true })] },
      answer: { body: Buffer.from('Test: maintenance') },
      fault: 'body contained "maintenance"',
    },
    {
      name: 'a regex that is not found',
      expect: { body: [regex('T[aeiou]+st P')] },
      answer: { body: Buffer.from('Tst Page') },
      fault: 'body did not match "T[aeiou]+st P"',
    },
    {
      name: 'a slow response',
      expect: { withinMs: 1000 },
      answer: { tookMs: 1001 },
      fault: 'response took more than 1,000 ms',
    },
    {
      name: 'a response at the last moment',
      expect: { withinMs: 1000 },
      answer: { tookMs: 1000 },
      fault: '',
    },
    {
      name: 'a status before all else',
      expect: { statuses: [[200, 200]], body: [contains('x')], withinMs: 1 },
      answer: { status: 404 },
      fault: 'status was not 200',
    },
    {
      name: 'a body that is gzip, though nobody asked for it',
      expect: { body: [contains('Test Page')] },
      answer: { body: gzipSync('the Test Page'), headers: { 'content-encoding': 'gzip' } },
      fault: '',
    },
  ]
  for (const { name, expect, answer: changes, fault } of ROWS) {
    it(`${fault === '' ? 'takes' : 'refuses'} ${name}`, () => {
      assert.equal(responseFault(answer(changes), expecting(expect)), fault)
    })
  }
})

describe('textFault', () => {
  it('minds the case unless it is told not to', () => {
    assert.equal(textFault('body', 'TEST', contains('test')), 'body did not contain "test"')
    for (const kind of ['contains', 'equal', 'regex'] as const) {
      assert.equal(
        textFault('body', 'TEST', contains('test', { kind, isCaseInsensitive: true })),
        '',
      )
    }
  })

  it('looks for a regex anywhere, and for its ends at those of the whole text', () => {
    assert.equal(textFault('body', 'a\nTest\n', regex('Te.t')), '')
    assert.notEqual(textFault('body', 'a\nTest\n', regex('^Te.t$')), '')
  })

  for (const source of ['(a+)+$', '(a|aa)+$', '(.*a){20}$', '^(\\w+\\s?)*$']) {
    it(`stops ${source} that backtracks, says so, and works on`, () => {
      const text = `${'a'.repeat(5000)}!`
      const start = performance.now()
      const fault = textFault('body', text, regex(source))
      const tookMs = performance.now() - start
      assert.equal(fault, `regex "${source}" took more than 20 ms on the body`)
      assert.ok(tookMs < 1000, `${tookMs} ms`)
      assert.equal(textFault('body', 'aaa', regex('a+$')), '')
      // Asked again at once it is not run again.
      const again = performance.now()
      assert.equal(textFault('body', text, regex(source)), fault)
      assert.ok(performance.now() - again < PROBE_LIMITS.regexMs)
    })
  }

  it('does not fall over a regex that cannot be compiled', () => {
    assert.equal(textFault('body', 'a', regex('(')), 'regex "(" cannot be run on the body')
  })

  it('shows foreign text in one line, and no more than its beginning', () => {
    const text = `\x1b[31mred\r\n\u202e${'x'.repeat(500)}`
    const fault = textFault('body', text, contains('a', { kind: 'equal' }))
    assert.match(fault, /^body was "\\x1b\[31mred\\r\\n\\u202ex{80,120}…", not "a"$/)
  })
})

describe('readBodyText', () => {
  it('undoes codings as far as the first bytes go', () => {
    const page = Array.from({ length: 5000 }, (_, line) => `line ${line} ${line ** 3}`).join('\n')
    for (const [coding, bytes] of [
      ['gzip', gzipSync(page)],
      ['deflate', deflateSync(page)],
    ] as const) {
      const cut = bytes.subarray(0, bytes.length >> 1)
      const { text, fault } = readBodyText(cut, coding)
      assert.equal(fault, '')
      assert.ok(text.length > 1000 && page.startsWith(text.slice(0, -10)))
    }
  })

  it('names a body that expands without end', () => {
    const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024))
    const { text, fault } = readBodyText(bomb, 'gzip')
    assert.equal(text, '')
    assert.equal(fault, 'body expands to more than 4,194,304 bytes (gzip)')
  })

  it('names a body that is not what it says, and a coding that it does not know', () => {
    assert.match(readBodyText(Buffer.from('plain'), 'gzip').fault, /^body is no good gzip \(/)
    for (const coding of ['rot13', 'toString', 'gzip, br']) {
      const { fault } = readBodyText(Buffer.from('x'), coding)
      assert.equal(fault, `body has a coding that cannot be read, "${coding}"`)
    }
  })
})

describe('decodeText', () => {
  it('reads UTF-8 as such, cut inside a character or not, and all else byte by byte', () => {
    const utf8 = Buffer.from('Grüße €')
    assert.equal(decodeText(utf8), 'Grüße €')
    assert.equal(decodeText(utf8.subarray(0, -1)), 'Grüße ')
    assert.equal(decodeText(Buffer.from('Grüße', 'latin1')), 'Grüße')
    assert.equal(decodeText(Buffer.alloc(0)), '')
    assert.equal(decodeText(Buffer.from([0x80])), '')
  })
})
