// The head that goes to the client: what of the peer's passes, what we add, and the framing, always made anew
// (http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_hide_header, ngx_http_headers_module).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HIDDEN_FIELDS } from '../../src/model/defaults.ts'
import type { Exchange } from '../../src/proxy/exchange.ts'
import { ResponseTemplate, type ResponseTemplateOptions } from '../../src/proxy/response-head.ts'
import { makeExchange, setResponse } from './exchange-fixture.ts'

const DATE = 'Date: Fri, 28 Sep 2001 12:00:00 GMT'
const OPTIONS: ResponseTemplateOptions = {
  clock: { nowMs: 0, wallMs: 1_001_678_400_000, wallSeconds: 1_001_678_400 },
  server: 'headgate',
  hideFields: HIDDEN_FIELDS,
  addFields: [],
  expires: null,
  rewriteLocation: null,
  rewriteCookie: null,
  keepaliveHeaderSeconds: 0,
  trailers: null,
}

function exchangeWith(lines: readonly string[]): Exchange {
  const exchange = makeExchange(['GET / HTTP/1.1', 'Host: a'])
  setResponse(exchange, lines)
  return exchange
}

function fromPeer(
  lines: readonly string[],
  options: Partial<ResponseTemplateOptions> = {},
  framing: 'length' | 'chunked' | 'close' = 'length',
  isKeepAlive = true,
): string[] {
  const exchange = exchangeWith(lines)
  const template = new ResponseTemplate({ ...OPTIONS, ...options })
  return template
    .fromPeer(exchange, exchange.responseHead!, framing, isKeepAlive)
    .split('\r\n')
    .slice(0, -2)
}

const OK = 'HTTP/1.1 200 OK'
const OURS = [OK, 'Server: headgate', DATE]
const ADDED = [{ name: 'X-Add', render: () => 'yes', isAlways: false }]

describe('ResponseTemplate', () => {
  it('has our Server and Date, then what the peer sent, then the framing', () => {
    const lines = fromPeer([
      OK,
      'Server: theirs',
      'date: theirs',
      'X: y',
      'Content-Length: 3',
      'Z: w',
    ])
    assert.deepEqual(lines, [
      ...OURS,
      'X: y',
      'Z: w',
      'Content-Length: 3',
      'Connection: keep-alive',
    ])
  })

  it('makes the framing anew', () => {
    assert.deepEqual(fromPeer([OK, 'Transfer-Encoding: chunked'], {}, 'chunked').slice(3), [
      'Transfer-Encoding: chunked',
      'Connection: keep-alive',
    ])
    assert.deepEqual(fromPeer([OK, 'Transfer-Encoding: chunked'], {}, 'close', false).slice(3), [
      'Connection: close',
    ])
  })

  it('names the time of Keep-Alive when told to', () => {
    const lines = fromPeer([OK, 'Content-Length: 0'], { keepaliveHeaderSeconds: 7 })
    assert.deepEqual(lines.slice(-2), ['Connection: keep-alive', 'Keep-Alive: timeout=7'])
  })

  it('lets Server and Date of the peer pass in place of ours when they are not hidden', () => {
    const lines = fromPeer([OK, 'Server: theirs', 'Date: theirs', 'Content-Length: 0'], {
      hideFields: [],
    })
    assert.deepEqual(lines.slice(0, 3), [OK, 'Server: theirs', 'Date: theirs'])
    assert.deepEqual(
      fromPeer([OK, 'Date: theirs', 'Content-Length: 0'], { hideFields: [] }).slice(0, 3),
      [OK, 'Server: headgate', 'Date: theirs'],
    )
  })

  it('hides by name whatever the case, known names and others', () => {
    const lines = fromPeer(
      [OK, 'X-Powered-By: me', 'ETag: "a"', 'X-POWERED-BY: you', 'X-Powered: stays'],
      { hideFields: ['x-powered-by', 'etag', 'server', 'date'] },
    )
    assert.deepEqual(lines.slice(3, -1), ['X-Powered: stays'])
  })

  for (const [status, isAdded] of [
    [200, true],
    [201, true],
    [204, true],
    [206, true],
    [301, true],
    [304, true],
    [308, true],
    [202, false],
    [404, false],
    [500, false],
  ] as const) {
    it(`${isAdded ? 'adds' : 'does not add'} fields to ${status}, and those with always in any case`, () => {
      const addFields = [...ADDED, { name: 'X-Always', render: () => 'yes', isAlways: true }]
      const lines = fromPeer([`HTTP/1.1 ${status} S`, 'Content-Length: 0'], { addFields })
      assert.equal(lines.includes('X-Add: yes'), isAdded)
      assert.equal(lines.includes('X-Always: yes'), true)
    })
  }

  it('does not add an empty field, and never a second line by a line break in a value', () => {
    const addFields = [
      { name: 'X-Empty', render: () => '', isAlways: false },
      { name: 'X-Bad', render: () => 'a\r\nEvil: 1', isAlways: false },
    ]
    const lines = fromPeer([OK, 'Content-Length: 0'], { addFields })
    assert.deepEqual(lines.slice(3, 4), ['X-Bad: a%0D%0AEvil: 1'])
  })

  it('replaces Expires and Cache-Control by what expires says', () => {
    const expires = () => ({ expires: 'then', cacheControl: 'max-age=1' })
    const lines = fromPeer([OK, 'Expires: theirs', 'Cache-Control: theirs', 'X: y'], { expires })
    assert.deepEqual(lines.slice(3, -1), ['X: y', 'Expires: then', 'Cache-Control: max-age=1'])
    const kept = fromPeer([OK, 'Expires: theirs'], { expires: () => null })
    assert.deepEqual(kept.slice(3, -1), ['Expires: theirs'])
  })

  it('gives expires the time of the resource', () => {
    let seen = ''
    const expires = (_: Exchange, lastModified: string) => {
      seen = lastModified
      return null
    }
    fromPeer([OK, 'Last-Modified: then'], { expires })
    assert.equal(seen, 'then')
  })

  it('rewrites Location, and Refresh behind its url=', () => {
    const rewriteLocation = (_: Exchange, value: string) => value.replace('http://peer/', '/')
    const fields = [
      'Location: http://peer/a',
      'Refresh: 5; URL=http://peer/b',
      'Refresh: 5',
      'X: http://peer/',
    ]
    const lines = fromPeer([OK, ...fields], { rewriteLocation })
    assert.deepEqual(lines.slice(3, -1), [
      'X: http://peer/',
      'Location: http://a:8080/a',
      'Refresh: 5; URL=/b',
      'Refresh: 5',
    ])
  })

  it('keeps the status of the error when a peer gives the page of it', () => {
    const exchange = exchangeWith([OK, 'Content-Length: 0'])
    exchange.errorStatus = 502
    const text = new ResponseTemplate(OPTIONS).fromPeer(
      exchange,
      exchange.responseHead!,
      'length',
      true,
    )
    assert.match(text, /^HTTP\/1\.1 502 Bad Gateway\r\n/)
  })

  it('of our own answers has what we say and nothing else', () => {
    const exchange = makeExchange(['GET / HTTP/1.1', 'Host: a'])
    const template = new ResponseTemplate({ ...OPTIONS, server: '' })
    const text = template.ofOwn(exchange, 404, 'Content-Type: text/html\r\n', 5, 'length', false)
    assert.deepEqual(text.split('\r\n'), [
      'HTTP/1.1 404 Not Found',
      DATE,
      'Content-Type: text/html',
      'Content-Length: 5',
      'Connection: close',
      '',
      '',
    ])
  })

  it('of an interim answer is what the peer sent, without what belongs to one hop', () => {
    const exchange = exchangeWith(['HTTP/1.1 103 Early', 'Link: </a>', 'Connection: X', 'X: y'])
    assert.equal(
      new ResponseTemplate(OPTIONS).ofInterim(exchange.responseHead!),
      'HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n',
    )
  })

  it('of an upgrade has Connection and Upgrade', () => {
    const exchange = exchangeWith(['HTTP/1.1 101 S', 'Upgrade: x', 'Connection: Upgrade', 'X: y'])
    const text = new ResponseTemplate(OPTIONS).ofUpgrade(exchange, exchange.responseHead!)
    assert.deepEqual(text.split('\r\n').slice(3), [
      'X: y',
      'Upgrade: x',
      'Connection: upgrade',
      '',
      '',
    ])
  })

  it('writes the date anew when the second has changed', () => {
    const clock = { nowMs: 0, wallMs: 0, wallSeconds: 1_001_678_400 }
    const template = new ResponseTemplate({ ...OPTIONS, clock })
    const exchange = makeExchange(['GET / HTTP/1.1', 'Host: a'])
    assert.match(template.ofOwn(exchange, 200, '', 0, 'length', true), /12:00:00/)
    clock.wallSeconds++
    assert.match(template.ofOwn(exchange, 200, '', 0, 'length', true), /12:00:01/)
  })

  it('rewrites what it is told to, but shows nothing that stays behind', () => {
    const rewrites = {
      rewriteLocation: () => 'moved',
      rewriteCookie: (_: Exchange, value: string) => `${value}; Secure`,
    }
    const peer = [OK, 'Set-Cookie: a', 'Location: there', 'X: y', 'set-cookie: b']
    assert.deepEqual(fromPeer(peer, rewrites).slice(3, -1), [
      'X: y',
      'Location: moved',
      'Set-Cookie: a; Secure',
      'set-cookie: b; Secure',
    ])
    const hideFields = ['set-cookie', 'location']
    assert.deepEqual(fromPeer(peer, { ...rewrites, hideFields }).slice(3, -1), ['X: y'])
  })

  it('rewrites a cookie each time, also in the same answer again', () => {
    let count = 0
    const rewriteCookie = (_: Exchange, value: string) => `${value}${++count}`
    const template = new ResponseTemplate({ ...OPTIONS, rewriteCookie })
    for (const expected of ['a1', 'a2']) {
      const exchange = exchangeWith([OK, 'Set-Cookie: a'])
      const text = template.fromPeer(exchange, exchange.responseHead!, 'length', true)
      assert.match(text, new RegExp(`Set-Cookie: ${expected}\r`))
    }
  })

  it('has what a peer said that sent the request on, but for what "expires" says itself', () => {
    const kept = 'Set-Cookie: a\r\nExpires: then\r\nCache-Control: private\r\n'
    const expires = () => ({ expires: 'now', cacheControl: '' })
    for (const [options, expected] of [
      [{}, ['Set-Cookie: a', 'Expires: then', 'Cache-Control: private']],
      [{ expires }, ['Set-Cookie: a', 'Expires: now']],
    ] as const) {
      const exchange = exchangeWith([OK, 'X: y'])
      exchange.keptLines = kept
      exchange.keptType = 'text/kept'
      const template = new ResponseTemplate({ ...OPTIONS, ...options })
      const own = template.ofOwn(exchange, 200, '', -1, 'length', true).split('\r\n')
      assert.deepEqual(own.slice(3, -3), expected)
      const head = exchange.responseHead!
      const passed = template.fromPeer(exchange, head, 'length', true).split('\r\n')
      assert.deepEqual(passed.slice(3, -3), ['X: y', 'Content-Type: text/kept', ...expected])
    }
  })
})
