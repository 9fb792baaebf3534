// What a client may send and what has to come of it: the first half of the project's rules of strictness (RFC 9112 §2-3,
// §5-7; RFC 9110 §5, §7), one named row each. Data only; test/conformance/client-requests.test.ts runs it. Here are the
// requests that must be refused: not a byte of them may reach a peer.

/** A request that is answered by the proxy itself, and then closed. */
export interface RefusedRow {
  readonly name: string
  readonly bytes: string
  /** The status, or one of these. */
  readonly status: number | readonly number[]
}

function refuse(
  status: number | readonly number[],
  rows: readonly (readonly [string, string])[],
): RefusedRow[] {
  return rows.map(([name, bytes]) => ({ name, bytes, status }))
}

/** `GET /` with Host, and the lines. */
function get(...lines: readonly string[]): string {
  return `GET / HTTP/1.1\r\nHost: a\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`
}

/** A POST with Host, the lines, and what follows the head. */
function post(lines: readonly string[], rest: string): string {
  return `POST / HTTP/1.1\r\nHost: a\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n${rest}`
}

function line(text: string): string {
  return `${text}\r\nHost: a\r\n\r\n`
}

const LINES = refuse(400, [
  ['no target', line('GET HTTP/1.1')],
  ['no version, as in HTTP/0.9', 'GET /\r\n\r\n'],
  ['a method alone', 'GET\r\n\r\n'],
  ['two spaces before the target', line('GET  / HTTP/1.1')],
  ['two spaces after the target', line('GET /  HTTP/1.1')],
  ['a space before the method', line(' GET / HTTP/1.1')],
  ['a space after the version', line('GET / HTTP/1.1 ')],
  ['a tab for a space', line('GET\t/ HTTP/1.1')],
  ['a space in the target', line('GET /a b HTTP/1.1')],
  ['a lower-case version', line('GET / http/1.1')],
  ['a version without a dot', line('GET / HTTP/11')],
  ['a version with two digits', line('GET / HTTP/1.10')],
  ['a version with a sign', line('GET / HTTP/+1.1')],
  ['another protocol', line('GET / FTTP/1.1')],
  ['a bare CR after the line', 'GET / HTTP/1.1\rHost: a\r\n\r\n'],
  ['a bare CR in the target', line('GET /\ra HTTP/1.1')],
  ['NUL in the target', line('GET /a\0b HTTP/1.1')],
  ['a control byte in the target', line('GET /a\x01b HTTP/1.1')],
  [
    'DEL in the middle of a long target',
    line(`GET /${'a'.repeat(60)}\x7f${'b'.repeat(60)} HTTP/1.1`),
  ],
  [
    'NUL in the middle of a long target',
    line(`GET /${'a'.repeat(100)}\0${'b'.repeat(60)} HTTP/1.1`),
  ],
  ['a byte over 127 in the target', line('GET /\xe4 HTTP/1.1')],
  ['a fragment', line('GET /a#b HTTP/1.1')],
  ['a target without a slash', line('GET a HTTP/1.1')],
  ['an asterisk with GET', line('GET * HTTP/1.1')],
  ['a colon in the method', line('GE:T / HTTP/1.1')],
  ['a control byte in the method', line('GE\x01T / HTTP/1.1')],
  ['a byte over 127 in the method', line('G\xc4T / HTTP/1.1')],
  ['an absolute target without a host', line('GET http:///a HTTP/1.1')],
  ['an absolute target of another scheme', line('GET ftp://a/ HTTP/1.1')],
  ['an absolute target with a user', line('GET http://me@a/ HTTP/1.1')],
  ['an absolute target with a bad port', line('GET http://a:x/ HTTP/1.1')],
  ['an absolute target with half a scheme', line('GET http:/a HTTP/1.1')],
  ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
])

const VERSIONS = [
  ...refuse(505, [
    ['HTTP/2.0', line('GET / HTTP/2.0')],
    ['HTTP/0.9 with a version', line('GET / HTTP/0.9')],
    ['HTTP/3.0', line('GET / HTTP/3.0')],
  ]),
  ...refuse([400, 505], [['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']]),
  ...refuse(405, [
    ['TRACE', line('TRACE / HTTP/1.1')],
    ['CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n'],
  ]),
  ...refuse([400, 405], [['CONNECT without a port', 'CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n']]),
]

const LIMITS = [
  ...refuse(414, [['a line that is too long', line(`GET /${'a'.repeat(9_000)} HTTP/1.1`)]]),
  ...refuse([414, 431], [['a line without an end', `GET /${'a'.repeat(40_000)}`]]),
  ...refuse(
    [400, 431],
    [
      ['a field that is too long', get(`X: ${'a'.repeat(9_000)}`)],
      [
        'a head that is too long',
        get(...Array.from({ length: 40 }, (_, i) => `X${i}: ${'a'.repeat(1_000)}`)),
      ],
      ['too many fields', get(...Array.from({ length: 1_200 }, (_, i) => `X${i}: a`))],
      ['a head without an end', `GET / HTTP/1.1\r\nHost: a\r\n${'X: a\r\n'.repeat(8_000)}`],
    ],
  ),
]

function withHost(...hosts: readonly string[]): string {
  return `GET / HTTP/1.1\r\n${hosts.map(host => `Host: ${host}\r\n`).join('')}\r\n`
}

const HOSTS = refuse(400, [
  ['no Host', withHost()],
  ['two', withHost('a', 'b')],
  ['two equal ones', withHost('a', 'a')],
  ['two in different case', 'GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n'],
  ['a list', withHost('a, b')],
  ['a list without a space', withHost('a,b')],
  ['a user', withHost('me@a')],
  ['a path', withHost('a/b')],
  ['a query', withHost('a?b')],
  ['a fragment', withHost('a#b')],
  ['a backslash', withHost('a\\b')],
  ['a quote', withHost('a"b')],
  ['a space', withHost('a b')],
  ['a tab', withHost('a\tb')],
  ['NUL', withHost('a\0b')],
  ['a byte over 127', withHost('a\xe4')],
  ['two ports', withHost('a:80:81')],
  ['a port of letters', withHost('a:http')],
  ['a signed port', withHost('a:+80')],
  ['a port over 65535', withHost('a:65536')],
  ['a port alone', withHost(':80')],
  ['an open bracket', withHost('[::1')],
  ['a closed bracket', withHost('::1]')],
  ['an address in brackets that is none', withHost('[1.2.3.4.5]')],
  ['something after the bracket', withHost('[::1]a')],
  ['empty', withHost('')],
  ['empty with an absolute target', 'GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n'],
  ['none with an absolute target', 'GET http://a/ HTTP/1.1\r\n\r\n'],
  ['two with an absolute target', 'GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'],
  ['bad with an absolute target', 'GET http://a/ HTTP/1.1\r\nHost: me@b\r\n\r\n'],
  ['an empty label', withHost('a..b')],
  ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
])

const FIELDS = refuse(400, [
  ['no name', get(': x')],
  ['a space before the colon', get('X : y')],
  ['a tab before the colon', get('X\t: y')],
  ['a space in the name', get('X Y: z')],
  ['a control byte in the name', get('X\x01: y')],
  ['NUL in the name', get('X\0Y: z')],
  ['a byte over 127 in the name', get('X\xe4: y')],
  ['no colon', get('xyz')],
  ['a folded line', get('X: y', ' z')],
  ['a fold with a tab', get('X: y', '\tz')],
  ['a fold as the first line', 'GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n'],
  ['NUL in the value', get('X: a\0b')],
  ['NUL in the middle of a long value', get(`X: ${'a'.repeat(70)}\0${'b'.repeat(70)}`)],
  ['DEL in the value', get('X: a\x7fb')],
  ['a control byte in the value', get('X: a\x02b')],
  ['a bare CR in the value', get('X: a\rb')],
  ['a bare CR that hides a field', get('X: a\rTransfer-Encoding: chunked')],
  ['a bare CR at the end', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\r\n\r\n'],
  ['Connection with too many members', get(`Connection: ${'x,'.repeat(200)}`)],
])

const LENGTHS = refuse(
  400,
  [
    ['signed', '+3'],
    ['negative', '-3'],
    ['hexadecimal', '0x3'],
    ['a fraction', '3.0'],
    ['an exponent', '3e0'],
    ['spaced', '3 3'],
    ['empty', ''],
    ['a word', 'three'],
    ['a different list', '3, 4'],
    ['quoted', '"3"'],
    ['over 2^53', '9007199254740993'],
    ['wrapping 64 bits to 3', '18446744073709551619'],
    ['an underscore', '3_0'],
    ['a vertical tab', '\x0b3'],
    ['other digits', '\xb3'],
  ].map(([name, value]) => [name!, post([`Content-Length: ${value}`], 'abc')] as const),
)

const FRAMINGS = [
  ...refuse(400, [
    ['two different lengths', post(['Content-Length: 3', 'Content-Length: 4'], 'abcd')],
    [
      'two different lengths, in other case',
      post(['Content-Length: 3', 'CONTENT-LENGTH: 4'], 'abcd'),
    ],
    ['length and chunked', post(['Content-Length: 3', 'Transfer-Encoding: chunked'], '0\r\n\r\n')],
    ['chunked and length', post(['Transfer-Encoding: chunked', 'Content-Length: 3'], '0\r\n\r\n')],
    [
      'length 0 and chunked',
      post(['Content-Length: 0', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    ],
    [
      'chunked in HTTP/1.0',
      'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ]),
  ...refuse(
    [400, 501],
    [
      ['gzip', 'Transfer-Encoding: gzip'],
      ['identity', 'Transfer-Encoding: identity'],
      ['gzip, chunked', 'Transfer-Encoding: gzip, chunked'],
      ['chunked, gzip', 'Transfer-Encoding: chunked, gzip'],
      ['chunked, identity', 'Transfer-Encoding: chunked, identity'],
      ['chunked twice', 'Transfer-Encoding: chunked, chunked'],
      ['two lines', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'],
      ['two lines, identity first', 'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked'],
      ['empty', 'Transfer-Encoding:'],
      ['an empty member', 'Transfer-Encoding: chunked,'],
      ['an empty first member', 'Transfer-Encoding: ,chunked'],
      ['quotes', 'Transfer-Encoding: "chunked"'],
      ['single quotes', "Transfer-Encoding: 'chunked'"],
      ['a parameter', 'Transfer-Encoding: chunked;q=1'],
      ['a tab before', 'Transfer-Encoding:\tchunked'],
      ['a tab after', 'Transfer-Encoding: chunked\t'],
      ['a vertical tab', 'Transfer-Encoding: \x0bchunked'],
      ['a longer name', 'Transfer-Encoding: xchunked'],
      ['a shorter name', 'Transfer-Encoding: chunke'],
      ['a byte over 127', 'Transfer-Encoding: chunked\xa0'],
    ].map(([name, value]) => [`coding: ${name}`, post([value!], '0\r\n\r\n')] as const),
  ),
]

const CHUNKS = refuse(
  400,
  [
    ['a signed size', '+3\r\nabc\r\n0\r\n\r\n'],
    ['0x', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a space before the size', ' 3\r\nabc\r\n0\r\n\r\n'],
    ['a space after the size', '3 \r\nabc\r\n0\r\n\r\n'],
    ['an underscore', '3_\r\nabc\r\n0\r\n\r\n'],
    ['no size', '\r\nabc\r\n0\r\n\r\n'],
    ['17 digits', '00000000000000003\r\nabc\r\n0\r\n\r\n'],
    ['over 2^53', 'ffffffffffffffff\r\nabc'],
    ['a letter that is no digit', 'g\r\nabc\r\n0\r\n\r\n'],
    ['LF after the size', '3\nabc\r\n0\r\n\r\n'],
    ['CR alone after the size', '3\rabc\r\n0\r\n\r\n'],
    ['LF after the data', '3\r\nabc\n0\r\n\r\n'],
    ['LF after the last size', '3\r\nabc\r\n0\n\r\n'],
    ['LF as the last line', '3\r\nabc\r\n0\r\n\n'],
    ['too much data', '3\r\nabcd\r\n0\r\n\r\n'],
    ['too little data', '4\r\nabc\r\n0\r\n\r\n'],
    ['a control byte in an extension', '3;a\x01\r\nabc\r\n0\r\n\r\n'],
    ['LF in an extension', '3;a\nb\r\nabc\r\n0\r\n\r\n'],
    ['a bare CR in an extension', '3;a\rb\r\nabc\r\n0\r\n\r\n'],
    ['an endless extension', `3;${'a'.repeat(5_000)}\r\nabc\r\n0\r\n\r\n`],
    ['a trailer without a colon', '3\r\nabc\r\n0\r\nxyz\r\n\r\n'],
    ['a trailer with a space before the colon', '3\r\nabc\r\n0\r\nX : y\r\n\r\n'],
    ['a folded trailer', '3\r\nabc\r\n0\r\nX: y\r\n z\r\n\r\n'],
    ['a trailer that ends with LF', '3\r\nabc\r\n0\r\nX: y\n\r\n'],
    ['an endless trailer', `3\r\nabc\r\n0\r\nX: ${'y'.repeat(9_000)}\r\n\r\n`],
  ].map(([name, rest]) => [`chunk: ${name}`, post(['Transfer-Encoding: chunked'], rest!)] as const),
)

const MEANINGS = [
  ...refuse(417, [
    ['an unknown expectation', post(['Expect: a-pony', 'Content-Length: 3'], 'abc')],
    ['two expectations', post(['Expect: 100-continue, x', 'Content-Length: 3'], 'abc')],
  ]),
  ...refuse(400, [
    [
      'an upgrade with a body',
      post(['Connection: upgrade', 'Upgrade: x', 'Content-Length: 3'], 'abc'),
    ],
    ['a path above the root', line('GET /../a HTTP/1.1')],
    ['a path above the root, later', line('GET /a/../../b HTTP/1.1')],
    ['a path above the root, encoded', line('GET /%2e%2e/a HTTP/1.1')],
    ['a path above the root, encoded slashes', line('GET /..%2fa HTTP/1.1')],
    ['an encoded NUL', line('GET /a%00b HTTP/1.1')],
    ['half an escape', line('GET /a%2 HTTP/1.1')],
    ['a bad escape', line('GET /a%zz HTTP/1.1')],
    ['a percent sign alone', line('GET /% HTTP/1.1')],
  ]),
]

function group(name: string, rows: readonly RefusedRow[]): RefusedRow[] {
  return rows.map(row => ({ ...row, name: `${name}: ${row.name}` }))
}

export const REFUSED_ROWS: readonly RefusedRow[] = [
  ...group('line', LINES),
  ...group('version', VERSIONS),
  ...group('limit', LIMITS),
  ...group('Host', HOSTS),
  ...group('field', FIELDS),
  ...group('length', LENGTHS),
  ...group('framing', FRAMINGS),
  ...group('body', CHUNKS),
  ...group('meaning', MEANINGS),
]
