// The head that goes to a peer, line by line, with our fields and without what must stay behind
// (http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header). What hop-by-hop means is tested with the
// parser, and through the whole proxy in test/conformance.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Exchange } from '../../src/proxy/exchange.ts'
import { RequestTemplate, type RequestTemplateOptions } from '../../src/proxy/outgoing-head.ts'
import { makeExchange } from './exchange-fixture.ts'

const OPTIONS: RequestTemplateOptions = {
  httpVersion: '1.1',
  setFields: [{ name: 'Host', render: () => 'peer' }],
  allowsUpgrade: [],
  passesTrailers: false,
  uri: null,
  isUriWhole: false,
  matchedLength: 0,
  isStable: false,
}

function build(lines: readonly string[], options: Partial<RequestTemplateOptions> = {}): string[] {
  const exchange = makeExchange(lines)
  return new RequestTemplate({ ...OPTIONS, ...options }).build(exchange).split('\r\n').slice(0, -1)
}

const set = (name: string, render: (exchange: Exchange) => string) => ({ name, render })

describe('RequestTemplate', () => {
  it('puts our fields first and replaces those of the client, whatever their case', () => {
    const setFields = [
      set('Host', () => 'peer'),
      set('X-Mine', () => 'mine'),
      set('Accept', () => 'all'),
    ]
    const lines = build(
      ['GET / HTTP/1.1', 'host: a', 'x-mine: theirs', 'ACCEPT: theirs', 'X-Min: e'],
      { setFields },
    )
    assert.deepEqual(lines, [
      'GET / HTTP/1.1',
      'Host: peer',
      'X-Mine: mine',
      'Accept: all',
      'X-Min: e',
    ])
  })

  it('sends nothing for an empty value, and not the field of the client either', () => {
    const setFields = [
      set('Host', () => 'peer'),
      set('Accept-Encoding', () => ''),
      set('X-Mine', () => ''),
    ]
    const lines = build(
      ['GET / HTTP/1.1', 'Host: a', 'Accept-Encoding: gzip', 'X-Mine: a', 'X: y'],
      { setFields },
    )
    assert.deepEqual(lines, ['GET / HTTP/1.1', 'Host: peer', 'X: y'])
  })

  it('writes HTTP/1.0 when told to', () => {
    assert.equal(build(['GET / HTTP/1.1', 'Host: a'], { httpVersion: '1.0' })[0], 'GET / HTTP/1.0')
  })

  it('leaves framing to who knows the body', () => {
    const lines = build(['POST / HTTP/1.1', 'Host: a', 'Content-Length: 3', 'X: y'])
    assert.deepEqual(lines, ['POST / HTTP/1.1', 'Host: peer', 'X: y'])
  })

  const UPGRADE = ['GET / HTTP/1.1', 'Host: a', 'Connection: upgrade', 'Upgrade: WebSocket']
  const upgrades: readonly (readonly [
    string,
    readonly string[],
    Partial<RequestTemplateOptions>,
    boolean,
  ])[] = [
    ['an Upgrade that the route allows', UPGRADE, { allowsUpgrade: ['websocket'] }, true],
    ['another one', UPGRADE, { allowsUpgrade: ['h2c'] }, false],
    [
      'one that Connection does not name',
      [...UPGRADE.slice(0, 2), UPGRADE[3]!],
      { allowsUpgrade: ['websocket'] },
      false,
    ],
    [
      'two at once',
      [...UPGRADE.slice(0, 3), 'Upgrade: websocket, h2c'],
      { allowsUpgrade: ['websocket'] },
      false,
    ],
    [
      'one in HTTP/1.0',
      ['GET / HTTP/1.0', ...UPGRADE.slice(1)],
      { allowsUpgrade: ['websocket'] },
      false,
    ],
  ]
  for (const [name, lines, options, isPassed] of upgrades) {
    it(`${isPassed ? 'passes' : 'drops'} ${name}`, () => {
      const exchange = makeExchange(lines)
      const text = new RequestTemplate({ ...OPTIONS, ...options }).build(exchange)
      assert.equal(exchange.wantsUpgrade, isPassed)
      assert.equal(/upgrade/i.test(text), isPassed)
    })
  }

  it('asks for an upgrade when our own field does, and only when it has a value', () => {
    for (const value of ['websocket', '']) {
      const exchange = makeExchange(['GET / HTTP/1.1', 'Host: a'])
      const setFields = [set('Upgrade', () => value), set('Connection', () => 'upgrade')]
      new RequestTemplate({ ...OPTIONS, setFields }).build(exchange)
      assert.equal(exchange.wantsUpgrade, value !== '')
    }
  })

  const targets: readonly (readonly [string, string, string])[] = [
    // Asked of nginx 1.22: location /n/ { proxy_pass http://peer/m/; }
    ['/n/a', '/m/a', 'replaces the prefix'],
    ['/n/a?b=c', '/m/a?b=c', 'keeps the query'],
    ['/n/a%2Fb/../c%20d', '/m/a/c%20d', 'makes the path plain and escapes it again'],
    ['/n/%25', '/m/%25', 'keeps an escaped percent sign escaped'],
    ['/n/%2525', '/m/%2525', 'keeps an escaped percent sign escaped that looks like an escape'],
    ['/n/a%3Fb', '/m/a%3Fb', 'keeps an escaped question mark escaped'],
    ['/n/a%23b?c%20d', '/m/a%23b?c%20d', 'keeps an escaped number sign escaped'],
    ['/n/a%0d%0aX:y', '/m/a%0D%0AX:y', 'keeps escaped line ends escaped'],
    ['/n/', '/m/', 'replaces a bare prefix'],
  ]
  for (const [target, expected, name] of targets) {
    it(`with a URI ${name}: ${target}`, () => {
      const [line] = build([`GET ${target} HTTP/1.1`, 'Host: a'], {
        uri: () => '/m/',
        matchedLength: 3,
      })
      assert.equal(line, `GET ${expected} HTTP/1.1`)
    })
  }

  it('without a URI passes the target as it came', () => {
    const target = '//a/./%7e/%zz'.slice(0, -4)
    assert.equal(
      build([`GET ${target}?x=%zz HTTP/1.1`, 'Host: a'])[0],
      `GET ${target}?x=%zz HTTP/1.1`,
    )
  })

  it('after an internal redirect sends the path that it led to', () => {
    const exchange = makeExchange(['GET /a?b HTTP/1.1', 'Host: a'])
    exchange.isInternal = true
    exchange.uri = '/error page'
    exchange.args = 'c'
    const [line] = new RequestTemplate(OPTIONS).build(exchange).split('\r\n')
    assert.equal(line, 'GET /error%20page?c HTTP/1.1')
  })

  it('never lets a decoded path start another field or another request', () => {
    const exchange = makeExchange(['GET /a%0d%0aEvil:%201%20b HTTP/1.1', 'Host: a'])
    const template = new RequestTemplate({
      ...OPTIONS,
      setFields: [set('X-Path', ({ uri }) => uri)],
      uri: ({ uri }) => `/p${uri}`,
      isUriWhole: true,
    })
    assert.deepEqual(template.build(exchange).split('\r\n').slice(0, -1), [
      'GET /p/a%0D%0AEvil:%201%20b HTTP/1.1',
      'X-Path: /a%0D%0AEvil: 1 b',
      'Host: a',
    ])
  })

  for (const [value, expected] of [
    ['10', '9'],
    ['1', '0'],
    ['007', '6'],
    ['x', 'x'],
    ['99999999999999999999', '99999999999999999999'],
  ] as const) {
    it(`counts Max-Forwards ${value} down with OPTIONS, in its place`, () => {
      const fields = ['A: b', `max-forwards: ${value}`, 'C: d']
      assert.deepEqual(build(['OPTIONS / HTTP/1.1', 'Host: a', ...fields]).slice(2), [
        'A: b',
        `max-forwards: ${expected}`,
        'C: d',
      ])
      assert.deepEqual(build(['GET / HTTP/1.1', 'Host: a', ...fields]).slice(2), fields)
    })
  }

  it('writes lines that are not as we write them anew', () => {
    const lines = build(['GET / HTTP/1.1', 'Host: a', 'A:b', 'C: d', 'E:  f  ', 'G: h'])
    assert.deepEqual(lines.slice(2), ['A: b', 'C: d', 'E: f', 'G: h'])
  })

  it('has the method that is set, unless a cache asks GET for HEAD', () => {
    const method = () => 'PATCH'
    assert.equal(build(['GET / HTTP/1.1', 'Host: a'], { method })[0], 'PATCH / HTTP/1.1')
    const exchange = makeExchange(['HEAD / HTTP/1.1', 'Host: a'])
    exchange.method = 'GET'
    const template = new RequestTemplate({ ...OPTIONS, method })
    assert.match(template.build(exchange), /^GET /)
    assert.equal(exchange.peerMethod, '')
  })

  for (const method of ['', 'GET /x HTTP/1.1\r\nX: y', 'A B', 'Ä']) {
    it(`leaves the method for "${method}", which is none`, () => {
      const lines = build(['PUT / HTTP/1.1', 'Host: a'], { method: () => method })
      assert.equal(lines[0], 'PUT / HTTP/1.1')
    })
  }

  it('leaves all fields of the client behind where they do not pass', () => {
    const lines = build(['GET / HTTP/1.1', 'Host: a', 'A: b'], { dropsAllFields: true })
    assert.deepEqual(lines, ['GET / HTTP/1.1', 'Host: peer'])
  })

  it('sets no framing: that is made anew with the body', () => {
    const setFields = [
      set('Host', () => 'peer'),
      set('Content-Length', () => '7'),
      set('transfer-encoding', () => 'chunked'),
    ]
    const lines = build(['GET / HTTP/1.1', 'Host: a'], { setFields })
    assert.deepEqual(lines, ['GET / HTTP/1.1', 'Host: peer'])
  })

  it('brings a body of its own, or none', () => {
    const exchange = makeExchange(['POST / HTTP/1.1', 'Host: a', 'Content-Length: 2'])
    const rows = [
      [null, false, '\r\n'],
      ['none', true, '\r\n'],
      [() => '', true, 'Content-Length: 0\r\n\r\n'],
      [() => 'body', true, 'Content-Length: 4\r\n\r\nbody'],
    ] as const
    for (const [body, hasOwn, text] of rows) {
      const template = new RequestTemplate({ ...OPTIONS, body })
      assert.deepEqual([template.hasOwnBody, template.ownBody(exchange)], [hasOwn, text])
    }
  })
})
