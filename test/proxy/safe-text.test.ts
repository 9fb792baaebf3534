// Texts out of variables, before they stand in a head.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fieldText, mayHoldDecoded, targetText } from '../../src/proxy/safe-text.ts'
import { makeExchange } from './exchange-fixture.ts'

describe('fieldText', () => {
  it('escapes what ends a line, and nothing else', () => {
    assert.equal(fieldText('a\r\nb\0c'), 'a%0D%0Ab%00c')
    for (const text of ['', 'plain', 'a b\tc%20\xe4"<>']) assert.equal(fieldText(text), text)
  })
})

describe('targetText', () => {
  it('escapes what cannot stand in a target, and no escape a second time', () => {
    assert.equal(targetText('/a b\r\nc#d\x7f\xe4'), '/a%20b%0D%0Ac%23d%7F%E4')
    for (const text of ['/', '/a%20b?c=d&e', '/!"$&\'()*+,-.:;<=>?@[\\]^_`{|}~'])
      assert.equal(targetText(text), text)
  })
})

describe('mayHoldDecoded', () => {
  for (const [target, expected] of [
    ['/', false],
    ['/a/b?c=%20', false],
    ['/a%20b', true],
    ['/a/../b', true],
    ['//a', true],
  ] as const) {
    it(`is ${expected} for ${target}`, () => {
      assert.equal(mayHoldDecoded(makeExchange([`GET ${target} HTTP/1.1`, 'Host: a'])), expected)
    })
  }

  it('is true after an internal redirect, whatever the path', () => {
    const exchange = makeExchange(['GET /a HTTP/1.1', 'Host: a'])
    exchange.isInternal = true
    assert.equal(mayHoldDecoded(exchange), true)
  })
})
