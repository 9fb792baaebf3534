// Requests that must go on, and exactly as what: the other rows of test/conformance/client-requests.test.ts. `HOST` in
// the expectation is the peer's own address, which nginx's default puts into Host.

export interface ForwardedRow {
  readonly name: string
  readonly bytes: string
  /** The head that the peer gets, lines without their ends. */
  readonly head: readonly string[]
  readonly body?: string
  /** Status at the client that comes before the answer; default none. */
  readonly interim?: 100
}

/** A row whose request line and lines go on as they came, but for Host, which is ours and comes first. */
function same(name: string, first: string, ...lines: readonly string[]): ForwardedRow {
  return {
    name,
    bytes: `${[first, 'Host: a', ...lines].join('\r\n')}\r\n\r\n`,
    head: [first, 'Host: HOST', ...lines],
  }
}

/** A GET with lines of which only some go on. */
function fields(name: string, sent: readonly string[], kept: readonly string[]): ForwardedRow {
  return {
    name,
    bytes: `GET / HTTP/1.1\r\nHost: a\r\n${sent.map(line => `${line}\r\n`).join('')}\r\n`,
    head: ['GET / HTTP/1.1', 'Host: HOST', ...kept],
  }
}

/** A POST whose body reaches the peer whole, with its length. */
function body(
  name: string,
  lines: readonly string[],
  sent: string,
  kept: string,
  rest: Partial<ForwardedRow> = {},
): ForwardedRow {
  return {
    name,
    bytes: `POST / HTTP/1.1\r\nHost: a\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n${sent}`,
    head: ['POST / HTTP/1.1', 'Host: HOST', `Content-Length: ${kept.length}`],
    body: kept,
    ...rest,
  }
}

const GET = 'GET / HTTP/1.1'

const LINES: readonly ForwardedRow[] = [
  same('line: plain', 'GET /a/b?c=d HTTP/1.1'),
  same('line: an unknown method', 'BREW /pot HTTP/1.1'),
  same('line: a method in lower case', 'get / HTTP/1.1'),
  same('line: a method with signs', "M-SEARCH!#$%&'*+.^_`|~ / HTTP/1.1"),
  same('line: a raw path with slashes and dots', 'GET //a/.//b%2Fc/../d?x=%zz HTTP/1.1'),
  same('line: signs in the query', 'GET /?a=<>"{}|\\^`[] HTTP/1.1'),
  same('line: a question mark at the end', 'GET /? HTTP/1.1'),
  same('line: a query with question marks', 'GET /??a?b HTTP/1.1'),
  same('line: an encoded question mark', 'GET /a%3Fb HTTP/1.1'),
  same('line: a long one', `GET /${'a'.repeat(4_000)} HTTP/1.1`),
  {
    name: 'line: HTTP/1.7 counts as 1.1',
    bytes: 'GET / HTTP/1.7\r\nHost: a\r\n\r\n',
    head: [GET, 'Host: HOST'],
  },
  {
    name: 'line: HTTP/1.0 without Host',
    bytes: 'GET / HTTP/1.0\r\n\r\n',
    head: [GET, 'Host: HOST'],
  },
  {
    name: 'line: an empty line before',
    bytes: '\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
    head: [GET, 'Host: HOST'],
  },
  {
    name: 'line: LF before',
    bytes: '\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
    head: [GET, 'Host: HOST'],
  },
  {
    name: 'line: lines that end with LF',
    bytes: 'GET / HTTP/1.1\nHost: a\nX: y\n\n',
    head: [GET, 'Host: HOST', 'X: y'],
  },
  {
    name: 'line: mixed line ends',
    bytes: 'GET / HTTP/1.1\r\nHost: a\nX: y\r\n\n',
    head: [GET, 'Host: HOST', 'X: y'],
  },
  {
    name: 'line: an absolute target',
    bytes: 'GET http://b/c?d HTTP/1.1\r\nHost: a\r\n\r\n',
    head: ['GET /c?d HTTP/1.1', 'Host: HOST'],
  },
  {
    name: 'line: an absolute target without a path',
    bytes: 'GET http://b HTTP/1.1\r\nHost: a\r\n\r\n',
    head: [GET, 'Host: HOST'],
  },
  {
    name: 'line: an absolute target with a query alone',
    bytes: 'GET http://b?c HTTP/1.1\r\nHost: a\r\n\r\n',
    head: ['GET /?c HTTP/1.1', 'Host: HOST'],
  },
  {
    name: 'line: an absolute target in capitals',
    bytes: 'GET HTTP://B:80/c HTTP/1.1\r\nHost: a\r\n\r\n',
    head: ['GET /c HTTP/1.1', 'Host: HOST'],
  },
]

const FIELDS: readonly ForwardedRow[] = [
  same('field: order, case and duplicates', GET, 'x-B: 1', 'X-a: 2', 'x-b: 3', 'ACCEPT: */*'),
  same('field: bytes over 127', GET, 'X: \xe4\xff'),
  same('field: a tab inside a value', GET, 'X: a\tb'),
  same('field: signs in a value', GET, 'X: !"#$%&\'()*+,-./:;<=>?@[\\]^`{|}~'),
  same('field: one that looks like a request', GET, 'X: GET / HTTP/1.1'),
  same('field: many', GET, ...Array.from({ length: 200 }, (_, i) => `X${i}: y`)),
  fields('field: an empty value', ['X:', 'Y: '], ['X: ', 'Y: ']),
  fields('field: white space around a value', ['X: \t y \t', 'Z:w'], ['X: y', 'Z: w']),
  fields('field: a name with an underscore is dropped', ['X_a: 1', 'X-a: 2'], ['X-a: 2']),
  fields('field: an underscore does not make a Content-Length', ['Content_Length: 3'], []),
  fields('field: a name with other signs is dropped', ['X!: 1', 'Y: 2'], ['Y: 2']),
  fields('hop: Connection: close', ['Connection: close', 'X: y'], ['X: y']),
  fields('hop: Keep-Alive', ['Connection: keep-alive', 'Keep-Alive: timeout=5'], []),
  fields('hop: Proxy-Connection', ['Proxy-Connection: keep-alive'], []),
  fields('hop: TE', ['TE: trailers, gzip', 'Connection: TE'], []),
  fields(
    'hop: Upgrade that nobody wants',
    ['Connection: Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'],
    [],
  ),
  fields(
    'hop: a field that Connection names',
    ['Connection: X-Hop', 'X-Hop: 1', 'X-End: 2'],
    ['X-End: 2'],
  ),
  fields(
    'hop: names in other case and two lines',
    ['X-One: 1', 'Connection: x-one', 'Connection: X-TWO', 'x-two: 2'],
    [],
  ),
  fields('hop: a longer name stays', ['Connection: X', 'X-Y: 1'], ['X-Y: 1']),
  fields('hop: Host cannot be named away', ['Connection: Host, close'], []),
  fields(
    'hop: what the way behind us relies on cannot be named away',
    [
      'Connection: X-Forwarded-For, X-Forwarded-Proto, X-Real-IP, Forwarded, Authorization, Cookie',
      'X-Forwarded-For: 1.2.3.4',
      'X-Forwarded-Proto: https',
      'X-Real-IP: 1.2.3.4',
      'Forwarded: for=1.2.3.4',
      'Authorization: Basic eDp5',
      'Cookie: a=b',
    ],
    [
      'X-Forwarded-For: 1.2.3.4',
      'X-Forwarded-Proto: https',
      'X-Real-IP: 1.2.3.4',
      'Forwarded: for=1.2.3.4',
      'Authorization: Basic eDp5',
      'Cookie: a=b',
    ],
  ),
  fields(
    'hop: an X-Forwarded of any name stays',
    ['Connection: X-Forwarded-Anything', 'X-Forwarded-Anything: 1'],
    ['X-Forwarded-Anything: 1'],
  ),
  fields('expect: 100-continue without a body', ['Expect: 100-continue'], []),
  {
    name: 'expect: ignored in HTTP/1.0',
    bytes: 'GET / HTTP/1.0\r\nHost: a\r\nExpect: a-pony\r\n\r\n',
    head: [GET, 'Host: HOST'],
  },
  {
    name: 'forwards: counted down with OPTIONS',
    bytes: 'OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 10\r\nX: y\r\n\r\n',
    head: ['OPTIONS / HTTP/1.1', 'Host: HOST', 'Max-Forwards: 9', 'X: y'],
  },
  fields('forwards: left alone with GET', ['Max-Forwards: 10'], ['Max-Forwards: 10']),
]

const BODIES: readonly ForwardedRow[] = [
  body('body: with a length', ['Content-Length: 3'], 'abc', 'abc'),
  body('body: leading zeros', ['Content-Length: 003'], 'abc', 'abc'),
  body('body: a length of 0', ['Content-Length: 0'], '', ''),
  body(
    'body: every byte',
    ['Content-Length: 256'],
    String.fromCharCode(...Array(256).keys()),
    String.fromCharCode(...Array(256).keys()),
  ),
  body(
    'body: one that looks like a request',
    ['Content-Length: 37'],
    'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\nxy',
    'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\nxy',
  ),
  body('body: chunks', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n', 'abcde'),
  body('body: Chunked in capitals', ['transfer-ENCODING: ChUnKeD'], '3\r\nabc\r\n0\r\n\r\n', 'abc'),
  body('body: no chunks', ['Transfer-Encoding: chunked'], '0\r\n\r\n', ''),
  body(
    'body: extensions',
    ['Transfer-Encoding: chunked'],
    '3;a;b=c;d="e;f"\r\nabc\r\n0;x\r\n\r\n',
    'abc',
  ),
  body(
    'body: leading zeros of a size',
    ['Transfer-Encoding: chunked'],
    '0000000000000003\r\nabc\r\n00\r\n\r\n',
    'abc',
  ),
  body(
    'body: upper and lower digits',
    ['Transfer-Encoding: chunked'],
    'a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n',
    '01234567890123456789a',
  ),
  body(
    'body: trailers',
    ['Transfer-Encoding: chunked'],
    '3\r\nabc\r\n0\r\nX: y\r\nContent-Length: 9\r\n\r\n',
    'abc',
  ),
  body('body: 100-continue', ['Expect: 100-continue', 'Content-Length: 3'], 'abc', 'abc'),
  body(
    'body: 100-continue in capitals',
    ['EXPECT: 100-Continue', 'Content-Length: 3'],
    'abc',
    'abc',
  ),
  ...['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PUT', 'BREW'].map(
    (method): ForwardedRow => ({
      name: `body: of ${method}`,
      bytes: `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`,
      head: [`${method} / HTTP/1.1`, 'Host: HOST', 'Content-Length: 3'],
      body: 'abc',
    }),
  ),
  ...['DELETE', 'OPTIONS', 'POST', 'PUT', 'PATCH'].map(
    (method): ForwardedRow => ({
      name: `body: none of ${method}, and none gained`,
      bytes: `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`,
      head: [`${method} / HTTP/1.1`, 'Host: HOST'],
    }),
  ),
  ...['DELETE', 'OPTIONS'].map(
    (method): ForwardedRow => ({
      name: `body: chunks of ${method}`,
      bytes: `${method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
      head: [`${method} / HTTP/1.1`, 'Host: HOST', 'Content-Length: 3'],
      body: 'abc',
    }),
  ),
]

export const FORWARDED_ROWS: readonly ForwardedRow[] = [...LINES, ...FIELDS, ...BODIES]
