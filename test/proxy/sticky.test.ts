import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import type { Sticky } from '../../src/model/upstream.ts'
import { PeerNames } from '../../src/proxy/peer-names.ts'
import { ResponseTemplate } from '../../src/proxy/response-head.ts'
import { compileSticky, type StickySessions } from '../../src/proxy/sticky.ts'
import { formatCookieDate } from '../../src/proxy/sticky-cookie.ts'
import { createSessionZone, SessionZone } from '../../src/zone/session-zone.ts'
import { makeExchange, setResponse } from './exchange-fixture.ts'

const names = new PeerNames([
  { route: null, address: '127.0.0.1:8081' },
  { route: 'b', address: '127.0.0.1:8082' },
  { route: 'b', address: '127.0.0.1:8083' },
])
const NAME_OF_FIRST = createHash('md5').update('127.0.0.1:8081').digest('hex')
/** 28 September 2001, 12:00:00 UTC. */
const clock = { nowMs: 0, wallMs: 1_001_678_400_000, wallSeconds: 1_001_678_400 }

function compile(
  sticky: Sticky,
  isStrict = false,
  zone: SessionZone | null = null,
): StickySessions {
  return compileSticky(sticky, { clock, isStrict, zone })
}

function requestOf(...fields: string[]) {
  return makeExchange(['GET /?r=b HTTP/1.1', 'Host: a.test', ...fields])
}

describe('PeerNames', () => {
  it('names a peer by its route, else by the MD5 of its address', () => {
    assert.deepEqual(names.names, [NAME_OF_FIRST, 'b', 'b'])
    assert.deepEqual(names.find(NAME_OF_FIRST), [0])
    assert.deepEqual(names.find('b'), [1, 2])
    assert.deepEqual(names.find('c'), [])
    assert.deepEqual(names.findDigest(digestOf('b')), [1, 2])
    assert.deepEqual(names.findDigest(digestOf('c')), [])
  })
})

type Cookie = Extract<Sticky, { kind: 'cookie' }>

const PLAIN: Cookie = {
  kind: 'cookie',
  name: 'srv',
  expires: null,
  domain: [],
  path: '',
  httpOnly: false,
  secure: false,
  sameSite: [],
}

describe('CookieSessions', () => {
  const rows: readonly {
    readonly name: string
    readonly cookie: Partial<Cookie>
    readonly line: string
  }[] = [
    { name: 'nothing more', cookie: {}, line: 'srv=b' },
    {
      name: 'a time',
      cookie: { expires: 3600 },
      line: 'srv=b; expires=Fri, 28-Sep-01 13:00:00 GMT; max-age=3600',
    },
    {
      name: 'the latest time',
      cookie: { expires: 'max' },
      line: 'srv=b; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000',
    },
    {
      name: 'all attributes, in nginx’s order',
      cookie: {
        expires: 60,
        domain: ['.a.', { variable: 'host' }],
        httpOnly: true,
        secure: true,
        sameSite: ['Lax'],
        path: '/p',
      },
      line:
        'srv=b; expires=Fri, 28-Sep-01 12:01:00 GMT; max-age=60; domain=.a.a.test; httponly; secure; ' +
        'samesite=Lax; path=/p',
    },
    {
      name: 'a same site of a variable',
      cookie: { sameSite: [{ variable: 'http_x' }] },
      line: 'srv=b; samesite=None',
    },
    {
      name: 'a wrong one of a variable',
      cookie: { sameSite: [{ variable: 'http_y' }] },
      line: 'srv=b; samesite=strict',
    },
    {
      name: 'none of an empty variable',
      cookie: { sameSite: [{ variable: 'http_z' }] },
      line: 'srv=b',
    },
  ]
  for (const { name, cookie, line } of rows) {
    it(`sends ${name}`, () => {
      const exchange = requestOf('X: None', 'Y: none; a')
      compile({ ...PLAIN, ...cookie }).onAnswer(exchange, names, 1)
      assert.equal(exchange.ownLines, `Set-Cookie: ${line}\r\n`)
    })
  }

  it('finds the peer by the cookie', () => {
    const sessions = compile(PLAIN)
    assert.deepEqual(sessions.find(requestOf('Cookie: a=1; srv=b'), names), [1, 2])
    assert.deepEqual(sessions.find(requestOf('Cookie: srv=unknown'), names), [])
    assert.deepEqual(sessions.find(requestOf(), names), [])
  })

  const again: readonly {
    readonly name: string
    readonly cookie: Partial<Cookie>
    readonly isStrict: boolean
    readonly isSent: boolean
  }[] = [
    { name: 'sends nothing to who has it', cookie: {}, isStrict: false, isSent: false },
    {
      name: 'sends it again where it expires',
      cookie: { expires: 60 },
      isStrict: false,
      isSent: true,
    },
    { name: 'sends it always with strict, as nginx', cookie: {}, isStrict: true, isSent: true },
  ]
  for (const { name, cookie, isStrict, isSent } of again) {
    it(name, () => {
      const exchange = requestOf('Cookie: srv=b')
      const sessions = compile({ ...PLAIN, ...cookie }, isStrict)
      sessions.onAnswer(exchange, names, 2)
      assert.equal(exchange.ownLines !== '', isSent)
    })
  }

  it('sends it to who has another one', () => {
    const exchange = requestOf('Cookie: srv=b')
    compile(PLAIN).onAnswer(exchange, names, 0)
    assert.equal(exchange.ownLines, `Set-Cookie: srv=${NAME_OF_FIRST}\r\n`)
  })

  it('writes years of two digits, and of four from 2038 on', () => {
    assert.equal(formatCookieDate(2_145_916_555), 'Thu, 31-Dec-37 23:55:55 GMT')
    assert.equal(formatCookieDate(2_145_916_800), 'Fri, 01-Jan-2038 00:00:00 GMT')
  })
})

describe('ResponseTemplate with a session’s cookie', () => {
  const template = () =>
    new ResponseTemplate({
      clock,
      server: '',
      hideFields: ['set-cookie'],
      addFields: [],
      expires: null,
      rewriteLocation: null,
      rewriteCookie: null,
      keepaliveHeaderSeconds: 0,
      trailers: null,
    })

  function answer(lines: readonly string[], ownLines: string) {
    const exchange = requestOf()
    setResponse(exchange, lines)
    exchange.ownLines = ownLines
    return { exchange, head: exchange.responseHead! }
  }

  it('adds it, also where those of the peer are hidden, and gives it to nobody else', () => {
    const response = template()
    const lines = ['HTTP/1.1 200 OK', 'Content-Length: 0', 'Set-Cookie: peer=1']
    for (const line of ['', 'Set-Cookie: srv=b\r\n', '', 'Set-Cookie: srv=c\r\n', '']) {
      const { exchange, head } = answer(lines, line)
      const text = response.fromPeer(exchange, head, 'length', true)
      assert.deepEqual(text.match(/^Set-Cookie: .*\r\n/gm) ?? [], line === '' ? [] : [line])
    }
  })

  it('adds it when the protocol is switched', () => {
    const lines = ['HTTP/1.1 101 Switching', 'Connection: upgrade', 'Upgrade: websocket']
    const { exchange, head } = answer(lines, 'Set-Cookie: srv=b\r\n')
    assert.match(template().ofUpgrade(exchange, head), /\r\nSet-Cookie: srv=b\r\n.*Upgrade: /s)
  })
})

describe('RouteSessions', () => {
  it('goes by the first value that is not empty', () => {
    const values = [[{ variable: 'arg_none' }], [{ variable: 'arg_r' }], ['c']]
    assert.deepEqual(compile({ kind: 'route', values }).find(requestOf(), names), [1, 2])
    assert.deepEqual(
      compile({ kind: 'route', values: [['c'], ['b']] }).find(requestOf(), names),
      [],
    )
  })
})

describe('LearnedSessions', () => {
  const sticky = (isAfterHeader: boolean): Sticky => ({
    kind: 'learn',
    create: [[{ variable: 'upstream_cookie_sid' }]],
    lookup: [[{ variable: 'cookie_sid' }]],
    zone: { name: 's', bytes: 32_768 },
    timeoutMs: 600_000,
    isAfterHeader,
  })

  function answered(setCookie: string, ...fields: string[]) {
    const exchange = requestOf(...fields)
    setResponse(exchange, [
      'HTTP/1.1 200 OK',
      ...(setCookie === '' ? [] : [`Set-Cookie: ${setCookie}`]),
    ])
    return exchange
  }

  for (const isAfterHeader of [false, true]) {
    it(`learns at the ${isAfterHeader ? 'head' : 'end'} of the answer`, () => {
      const zone = new SessionZone(createSessionZone(32_768), 0)
      const sessions = compile(sticky(isAfterHeader), false, zone)
      const exchange = answered('sid=1; path=/')
      sessions.onAnswer(exchange, names, 0)
      assert.equal(zone.count, isAfterHeader ? 1 : 0)
      sessions.onWhole(exchange, names, 0)
      assert.equal(zone.count, 1)
      assert.deepEqual(sessions.find(requestOf('Cookie: sid=1'), names), [0])
      assert.deepEqual(sessions.find(requestOf('Cookie: sid=2'), names), [])
      assert.deepEqual(sessions.find(requestOf(), names), [])
    })
  }

  it('binds a session that was answered elsewhere anew, and makes none that it does not know', () => {
    const zone = new SessionZone(createSessionZone(32_768), 0)
    const sessions = compile(sticky(false), false, zone)
    sessions.onWhole(answered('sid=1'), names, 0)
    sessions.onWhole(answered('', 'Cookie: sid=1'), names, 1)
    assert.deepEqual(sessions.find(requestOf('Cookie: sid=1'), names), [1, 2])
    sessions.onWhole(answered('', 'Cookie: sid=other'), names, 1)
    assert.equal(zone.count, 1)
  })

  it('forgets a peer that the upstream does not have any more', () => {
    const zone = new SessionZone(createSessionZone(32_768), 0)
    const sessions = compile(sticky(false), false, zone)
    sessions.onWhole(answered('sid=1'), names, 0)
    const others = new PeerNames([{ route: 'b', address: '127.0.0.1:8082' }])
    assert.deepEqual(sessions.find(requestOf('Cookie: sid=1'), others), [])
  })
})
