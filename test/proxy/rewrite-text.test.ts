import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  compileScriptText,
  escapeArgument,
  unescapeRedirect,
} from '../../src/proxy/rewrite-text.ts'
import { makeExchange } from './exchange-fixture.ts'

describe('escapeArgument', () => {
  it('escapes what means something in a query, and nothing else', () => {
    const kept = "!$'()*,-./09:=@AZ[]_az~"
    assert.equal(escapeArgument(kept), kept)
    assert.equal(
      escapeArgument(' "#%&+;<>?\\^`{|}'),
      '%20%22%23%25%26%2B%3B%3C%3E%3F%5C%5E%60%7B%7C%7D',
    )
    assert.equal(escapeArgument('\x00\r\n\x7f\x80\xff'), '%00%0D%0A%7F%80%FF')
  })
})

describe('unescapeRedirect', () => {
  const rows: readonly [string, string, string][] = [
    ['plain text stays', 'http://a/b', 'http://a/b'],
    ['letters, digits and signs are decoded', '/%41%7a%30%2F%26%2b', '/Az0/&+'],
    ['spaces, controls and bytes above stay', '/%20%0d%0a%25%7f%ff', '/%20%0d%0a%25%7f%ff'],
    ['nothing is decoded behind a question mark', '/%41?%41', '/A?%41'],
    ['a decoded question mark is one', '/%41%3f%41', '/A?%41'],
    ['a percent sign before no digit goes', '/%zz%', '/zz'],
    ['one digit takes what follows with it', '/%4gx%4', '/x'],
    ['a percent sign before another stays once', '/%%41', '/%41'],
  ]
  for (const [name, text, plain] of rows) {
    it(name, () => assert.equal(unescapeRedirect(text), plain))
  }
})

describe('compileScriptText', () => {
  const template = ['v=', { variable: '1' }, '&u=', { variable: 'uri' }]
  const captures = ['/a b&c', 'a b&c']

  it('escapes captures of a path that had escapes, and no other variable', () => {
    const exchange = makeExchange(['GET /a%20b&c HTTP/1.1', 'Host: x'])
    exchange.captures = captures
    const text = compileScriptText(template)
    assert.equal(text(exchange, true), 'v=a%20b%26c&u=/a b&c')
    assert.equal(text(exchange, false), 'v=a b&c&u=/a b&c')
  })

  it('leaves captures of a path without escapes as they are', () => {
    const exchange = makeExchange(['GET /a&c?x=%20+ HTTP/1.1', 'Host: x'])
    exchange.captures = captures
    assert.equal(compileScriptText(template)(exchange, true), 'v=a b&c&u=/a&c')
  })

  it('takes a plus sign in the path for an escape', () => {
    const exchange = makeExchange(['GET /a+c HTTP/1.1', 'Host: x'])
    exchange.captures = captures
    assert.equal(compileScriptText(template)(exchange, true), 'v=a%20b%26c&u=/a+c')
  })
})
