// What each variable gives, from the documentation of nginx's modules and from what nginx 1.22 logged for the same
// requests (missing and empty values differ in its log).

import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'

import { VARIABLE_PREFIXES, VARIABLES } from '../../src/model/variables.ts'
import type { Exchange } from '../../src/proxy/exchange.ts'
import type { Fetch } from '../../src/proxy/fetch.ts'
import { VARIABLE_FAMILIES } from '../../src/proxy/field-variables.ts'
import { binaryAddress } from '../../src/proxy/request-variables.ts'
import { commonLogText, iso8601Text } from '../../src/proxy/time-variables.ts'
import { secondsText } from '../../src/proxy/variable.ts'
import { compileTemplate, compileVariable, VARIABLE_TABLE } from '../../src/proxy/variables.ts'
import { type FixtureOptions, makeExchange, makeTry, setResponse } from './exchange-fixture.ts'

function value(name: string, exchange: Exchange): string | null {
  return compileVariable(name)(exchange)
}

function get(target: string, fields: readonly string[] = [], options: FixtureOptions = {}) {
  return makeExchange([`GET ${target} HTTP/1.1`, 'Host: Example.COM:8080', ...fields], options)
}

describe('the variables that readers accept', () => {
  it('all have an implementation, and nothing is implemented that they refuse', () => {
    const listed = VARIABLES.map(variable => variable.name).sort()
    assert.deepEqual(Object.keys(VARIABLE_TABLE).sort(), listed)
    const prefixes = VARIABLE_PREFIXES.map(variable => variable.name).sort()
    assert.deepEqual(Object.keys(VARIABLE_FAMILIES).sort(), prefixes)
  })

  it('give a text or nothing for a request to which nothing has happened yet', () => {
    const exchange = get('/')
    for (const { name } of VARIABLES) {
      const text = value(name, exchange)
      assert.ok(text === null || typeof text === 'string', name)
    }
  })
})

describe('compileVariable', () => {
  const rows: readonly [string, string | null, Exchange][] = [
    ['args', 'a=1&b=%20', get('/x?a=1&b=%20')],
    ['args', null, get('/x?')],
    ['args', null, get('/x')],
    ['query_string', 'q', get('/x?q')],
    ['is_args', '?', get('/x?q')],
    ['is_args', '', get('/x')],
    ['is_args', '', get('/x?')],
    ['uri', '/a b/c', get('/a%20b/./c?d')],
    ['document_uri', '/a b/c', get('/a%20b/./c?d')],
    ['request_uri', '/a%20b/./c?d', get('/a%20b/./c?d')],
    ['request', 'GET /a%20b HTTP/1.1', get('/a%20b')],
    ['request_method', 'GET', get('/')],
    ['request_length', '42', get('/')],
    ['server_protocol', 'HTTP/1.1', get('/')],
    ['server_protocol', 'HTTP/1.0', makeExchange(['GET / HTTP/1.0'])],
    ['scheme', 'http', get('/')],
    ['host', 'example.com', get('/')],
    ['host', 'other.test', get('http://Other.test:1/')],
    ['host', 'example.org', makeExchange(['GET / HTTP/1.0'])],
    ['http_host', 'Example.COM:8080', get('/')],
    ['http_host', null, makeExchange(['GET / HTTP/1.0'])],
    ['server_name', 'example.org', get('/')],
    ['server_addr', '127.0.0.1', get('/')],
    ['server_port', '8080', get('/')],
    ['remote_addr', '192.0.2.7', get('/')],
    ['remote_port', '40000', get('/')],
    ['remote_port', '', get('/', [], { connection: { remoteAddress: 'unix:', remotePort: 0 } })],
    ['binary_remote_addr', '\xc0\x00\x02\x07', get('/')],
    ['realip_remote_addr', '192.0.2.7', get('/')],
    ['connection', '17', get('/')],
    ['connection_requests', '3', get('/')],
    ['connection_time', '5.234', get('/')],
    ['request_time', '1.234', get('/')],
    ['msec', '1001678400.123', get('/')],
    ['date_gmt', 'Friday, 28-Sep-2001 12:00:00 GMT', get('/')],
    ['hostname', 'host.test', get('/')],
    ['pid', '4711', get('/')],
    ['nginx_version', '1.30.0', get('/')],
    ['pipe', '.', get('/')],
    ['pipe', 'p', get('/', [], { connection: { isPipelined: true } })],
    ['request_length', '57', get('/', [], { connection: { bodyBytesRead: 15 } })],
    ['tcpinfo_rtt', null, get('/')],
    ['status', '000', get('/')],
    ['body_bytes_sent', '0', get('/')],
    ['limit_rate', '0', get('/')],
    ['https', '', get('/')],
    ['http2', '', get('/')],
    ['ssl_protocol', null, get('/')],
    ['proxy_protocol_addr', null, get('/')],
    ['request_completion', '', get('/')],
    ['content_length', '12', get('/', ['Content-Length: 12'])],
    ['content_length', null, get('/')],
    ['content_type', 'text/x; a=b', get('/', ['content-type: text/x; a=b'])],
    ['http_x_some_thing', 'v', get('/', ['X-Some-Thing: v'])],
    ['http_x_some_thing', 'v, w', get('/', ['X-Some-Thing: v', 'x-some-THING: w'])],
    ['http_user_agent', 'a b', get('/', ['User-Agent: a b'])],
    ['HTTP_User_Agent', 'a b', get('/', ['User-Agent: a b'])],
    ['http_user_agent', '', get('/', ['User-Agent:'])],
    ['http_referer', null, get('/')],
    ['http_cookie', 'a=1; b=2', get('/', ['Cookie: a=1', 'Cookie: b=2'])],
    ['http_x_forwarded_for', '1, 2', get('/', ['X-Forwarded-For: 1', 'X-Forwarded-For: 2'])],
    ['proxy_add_x_forwarded_for', '192.0.2.7', get('/')],
    ['proxy_add_x_forwarded_for', '1, 2, 192.0.2.7', get('/', ['X-Forwarded-For: 1, 2'])],
    ['arg_a', '1', get('/?a=1&b=2')],
    ['arg_b', '2', get('/?a=1&b=2')],
    ['arg_b', 'x', get('/?A=1&B=x')],
    ['arg_b', 'first', get('/?b=first&b=second')],
    ['arg_b', '', get('/?a&b=')],
    ['arg_b', null, get('/?b')],
    ['arg_b', null, get('/?ab=1')],
    ['arg_b', null, get('/')],
    ['arg_b', '2', get('/?b&b=2')],
    ['arg_b', 'c=d', get('/?b=c=d')],
    ['cookie_a', '1', get('/', ['Cookie: a=1; b=2'])],
    ['cookie_b', '2', get('/', ['Cookie: a=1; b=2'])],
    ['cookie_b', '2', get('/', ['Cookie: a=1', 'Cookie: B = 2'])],
    ['cookie_b', '', get('/', ['Cookie: b='])],
    ['cookie_b', null, get('/', ['Cookie: ab=1; bc=2'])],
    ['cookie_b', null, get('/')],
    ['remote_user', 'Aladdin', get('/', ['Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='])],
    ['remote_user', 'Aladdin', get('/', ['Authorization: bAsIc  QWxhZGRpbjpvcGVuIHNlc2FtZQ=='])],
    ['remote_user', null, get('/', ['Authorization: Basic QWxhZGRpbg=='])],
    ['remote_user', null, get('/', ['Authorization: Basic *'])],
    ['remote_user', null, get('/', ['Authorization: Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=='])],
    ['upstream_addr', null, get('/')],
    ['upstream_http_x', null, get('/')],
    ['nobody_knows', null, get('/')],
    ['toString', null, get('/')],
    ['1', null, get('/')],
  ]
  for (const [name, expected, exchange] of rows) {
    const { requestLine, fields } = exchange.head
    const sent = fields.count > 1 ? `, ${fields.text.split('\r\n').slice(2, -2).join(', ')}` : ''
    it(`$${name} of "${requestLine}"${sent} is ${expected === null ? 'missing' : `"${expected}"`}`, () => {
      assert.equal(value(name, exchange), expected)
    })
  }

  it('gives captures by number and by name', () => {
    const exchange = get('/a/b')
    const captures = /^\/(?<first>[a-z])\/(b)(c)?/.exec('/a/b')!
    exchange.captures = captures
    exchange.namedCaptures = { ...captures.groups }
    assert.equal(value('1', exchange), 'a')
    assert.equal(value('2', exchange), 'b')
    assert.equal(value('3', exchange), null)
    assert.equal(value('first', exchange), 'a')
    assert.equal(value('second', exchange), null)
  })

  it('gives one request id for the whole exchange, and others to others', () => {
    const ids = Array.from({ length: 600 }, () => {
      const exchange = get('/')
      const id = value('request_id', exchange)!
      assert.match(id, /^[0-9a-f]{32}$/)
      assert.equal(value('request_id', exchange), id)
      return id
    })
    assert.equal(new Set(ids).size, ids.length)
  })

  it('finds names with underscores where the server lets them pass', () => {
    const client = { ...makeExchange(['GET / HTTP/1.0']).location!.settings.client }
    const settings = { client: { ...client, allowsUnderscores: true } }
    assert.equal(value('http_x_y', get('/', ['X_Y: v'], { settings })), 'v')
    assert.equal(value('http_x_y', get('/', ['X_Y: v'])), null)
  })

  it('tells what the cache had to say, and which piece of a response is fetched', () => {
    const exchange = get('/')
    assert.equal(value('upstream_cache_status', exchange), null)
    assert.equal(value('slice_range', exchange), null)
    exchange.cacheStatus = 'EXPIRED'
    exchange.sliceRange = 'bytes=0-1048575'
    assert.equal(value('upstream_cache_status', exchange), 'EXPIRED')
    assert.equal(value('slice_range', exchange), 'bytes=0-1048575')
  })

  it('tells the validators of the stale response that a peer is asked about', () => {
    const exchange = get('/', ['If-None-Match: "of-the-client"'])
    const names = ['upstream_cache_etag', 'upstream_cache_last_modified']
    const values = (conditionLines: string) => {
      exchange.fetch = { conditionLines } as Fetch
      return names.map(name => value(name, exchange))
    }
    assert.deepEqual(
      names.map(name => value(name, exchange)),
      [null, null],
    )
    const time = 'Fri, 28 Sep 2001 12:00:00 GMT'
    assert.deepEqual(values(''), [null, null])
    assert.deepEqual(values('If-None-Match: "a: b"\r\n'), ['"a: b"', null])
    const both = `If-Modified-Since: ${time}\r\nIf-None-Match: W/"a"\r\n`
    assert.deepEqual(values(both), ['W/"a"', time])
  })

  it('tells how the exchange ended', () => {
    const exchange = get('/')
    exchange.state = 'done'
    assert.equal(value('request_completion', exchange), 'OK')
    exchange.isCut = true
    assert.equal(value('request_completion', exchange), '')
  })

  it('reads what was sent', () => {
    const exchange = get('/')
    exchange.sentHead =
      'HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: text/html\r\nX-A: 1\r\nx-a:  2 \r\n\r\nX-B: body'
    assert.equal(value('sent_http_content_type', exchange), 'text/html')
    assert.equal(value('sent_http_x_a', exchange), '1, 2')
    assert.equal(value('sent_http_x', exchange), null)
    assert.equal(value('sent_http_http/1.1 200 ok', exchange), null)
  })

  it('knows the files of root and alias', () => {
    const files = { ...get('/').location!.settings.files }
    const root = get('/a/b', [], { settings: { files: { ...files, root: ['/srv/www/'] } } })
    assert.equal(value('document_root', root), '/srv/www')
    assert.equal(value('request_filename', root), '/srv/www/a/b')
    const alias = get('/a/b', [], {
      settings: { files: { ...files, root: ['/srv/www/'], isAlias: true } },
      match: { kind: 'prefix', path: '/a/', isFinal: false },
    })
    assert.equal(value('document_root', alias), '/srv/www/')
    assert.equal(value('request_filename', alias), '/srv/www/b')
    const temporary = get('/', [], { settings: { files: { ...files, root: [tmpdir()] } } })
    assert.equal(value('realpath_root', temporary), realpathSync(tmpdir()))
    const lost = get('/', [], { settings: { files: { ...files, root: ['/no/such/place'] } } })
    assert.equal(value('realpath_root', lost), null)
  })

  it('has nginx version of the profile', () => {
    assert.equal(value('nginx_version', get('/', [], { compat: 'nginx/1.28' })), '1.28.0')
  })
})

describe('upstream variables', () => {
  const rows = [
    {
      name: 'one try that went well',
      tries: [
        makeTry('10.0.0.1:80', {
          status: 200,
          connectMs: 0.4,
          headerMs: 12,
          responseMs: 1234.9,
          bytesSent: 77,
          bytesReceived: 250,
          bodyBytes: 100,
        }),
      ],
      expected: ['10.0.0.1:80', '200', '0.000', '0.012', '1.234', '77', '250', '100'],
    },
    {
      name: 'a failed try and the next',
      tries: [
        makeTry('10.0.0.1:80', { status: 502, responseMs: 1 }),
        makeTry('unix:/run/b', { status: 200, connectMs: 2, headerMs: 3, responseMs: 4 }),
      ],
      expected: [
        '10.0.0.1:80, unix:/run/b',
        '502, 200',
        '-, 0.002',
        '-, 0.003',
        '0.001, 0.004',
        '0, 0',
        '0, 0',
        '0, 0',
      ],
    },
    {
      name: 'an internal redirect in between',
      tries: [
        makeTry('a:1', { status: 404, responseMs: 1 }),
        makeTry(''),
        makeTry('b:2'),
        makeTry('c:3', { status: 200 }),
      ],
      expected: [
        'a:1 : b:2, c:3',
        '404 : -, 200',
        '- : -, -',
        '- : -, -',
        '0.001 : -, -',
        '0 : 0, 0',
        '0 : 0, 0',
        '0 : 0, 0',
      ],
    },
  ]
  const names = [
    'addr',
    'status',
    'connect_time',
    'header_time',
    'response_time',
    'bytes_sent',
    'bytes_received',
    'response_length',
  ]
  for (const row of rows) {
    it(`list ${row.name}`, () => {
      const exchange = get('/')
      exchange.tries = row.tries
      assert.deepEqual(
        names.map(name => value(`upstream_${name}`, exchange)),
        row.expected,
      )
    })
  }

  it('read the fields and cookies of the last response', () => {
    const exchange = get('/')
    setResponse(exchange, [
      'HTTP/1.1 200 OK',
      'X-A: 1',
      'Set-Cookie: sid = abc; Path=/',
      'X-A: 2',
      'Set-Cookie: Other=d',
    ])
    assert.equal(value('upstream_http_x_a', exchange), '1, 2')
    assert.equal(value('upstream_http_x_b', exchange), null)
    assert.equal(value('upstream_cookie_sid', exchange), 'abc')
    assert.equal(value('upstream_cookie_other', exchange), 'd')
    assert.equal(value('upstream_cookie_path', exchange), null)
  })

  it('know the group that was asked', () => {
    const exchange = get('/')
    assert.equal(value('proxy_host', exchange), null)
    exchange.proxyHost = 'backend:81'
    assert.equal(value('proxy_host', exchange), 'backend:81')
  })
})

describe('compileTemplate', () => {
  const exchange = get('/p?q=1', ['X-A: \xe9'])
  const rows: readonly [string, readonly (string | { variable: string })[], string][] = [
    ['nothing', [], ''],
    ['text', ['a', 'b'], 'ab'],
    ['text beyond ASCII, as UTF-8', ['é'], '\xc3\xa9'],
    ['a variable', [{ variable: 'uri' }], '/p'],
    ['a missing variable', [{ variable: 'http_none' }], ''],
    ['text and a variable', ['a', { variable: 'uri' }], 'a/p'],
    ['two variables', [{ variable: 'scheme' }, { variable: 'uri' }], 'http/p'],
    [
      'three pieces',
      [{ variable: 'uri' }, { variable: 'is_args' }, { variable: 'args' }],
      '/p?q=1',
    ],
    [
      'four pieces, bytes unchanged',
      ['<', { variable: 'http_x_a' }, { variable: 'http_none' }, 'é'],
      '<\xe9\xc3\xa9',
    ],
  ]
  for (const [name, template, expected] of rows) {
    it(`renders ${name}`, () => assert.equal(compileTemplate(template)(exchange), expected))
  }
})

describe('texts of time', () => {
  it('carry the offset of the local zone', () => {
    const offset = (minutes: number) =>
      Object.assign(new Date(2001, 8, 8, 1, 2, 3), { getTimezoneOffset: () => -minutes })
    assert.equal(commonLogText(offset(0)), '08/Sep/2001:01:02:03 +0000')
    assert.equal(commonLogText(offset(330)), '08/Sep/2001:01:02:03 +0530')
    assert.equal(commonLogText(offset(-210)), '08/Sep/2001:01:02:03 -0330')
    assert.equal(iso8601Text(offset(120)), '2001-09-08T01:02:03+02:00')
  })

  it('are cut to milliseconds, never rounded up, never negative', () => {
    const rows: readonly [number, string][] = [
      [0, '0.000'],
      [-5, '0.000'],
      [0.999, '0.000'],
      [1, '0.001'],
      [999.9, '0.999'],
      [1000, '1.000'],
      [61_010.2, '61.010'],
    ]
    for (const [ms, text] of rows) assert.equal(secondsText(ms), text)
  })
})

describe('binaryAddress', () => {
  const rows: readonly [string, number[]][] = [
    ['0.0.0.0', [0, 0, 0, 0]],
    ['255.1.2.254', [255, 1, 2, 254]],
    ['::', new Array(16).fill(0)],
    ['::1', [...new Array(15).fill(0), 1]],
    ['2001:db8::ff', [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), 0xff]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['::ffff:1.2.3.4', [...new Array(10).fill(0), 255, 255, 1, 2, 3, 4]],
  ]
  for (const [address, bytes] of rows) {
    it(`of ${address} has ${bytes.length} bytes`, () => {
      assert.deepEqual([...Buffer.from(binaryAddress(address), 'latin1')], bytes)
    })
  }

  it('leaves what is no address', () => assert.equal(binaryAddress('unix:'), 'unix:'))
})
