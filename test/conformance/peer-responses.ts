// What a peer may send and what has to come of it at the client: the second half of the project's rules of strictness
// (RFC 9112 §4 and §6.3, RFC 9110 §15), one named row each. Data only; test/conformance/peer-responses.test.ts runs it.

/** What the client must see. */
export type ResponseOutcome =
  /** Status, body and framing as given. */
  | {
      readonly kind: 'relayed'
      readonly status: number
      readonly body: string
      readonly framing: 'none' | 'length' | 'chunked'
      /** Field lines that must have come, lower case names. */
      readonly has?: readonly string[]
      /** Names that must not have come. */
      readonly lacks?: readonly string[]
    }
  /** 502 of our own, nothing of the peer's bytes in it. */
  | { readonly kind: 'refused' }
  /** Never whole: 502 when it was found out in time, else a head whose body does not come to its end. */
  | { readonly kind: 'cut' }

export interface ResponseRow {
  readonly name: string
  /** What the peer sends; `FIN` and `RST` at the end of it close the connection. */
  readonly bytes: string
  readonly outcome: ResponseOutcome
  /** May the peer's connection serve the next request? */
  readonly isPooled: boolean
  /** Default GET. */
  readonly method?: 'GET' | 'HEAD'
}

const refused = { kind: 'refused' } as const
const cut = { kind: 'cut' } as const

function relayed(
  body: string,
  framing: 'none' | 'length' | 'chunked' = 'length',
  rest: Partial<Extract<ResponseOutcome, { kind: 'relayed' }>> = {},
): ResponseOutcome {
  return { kind: 'relayed', status: 200, body, framing, ...rest }
}

/** `HTTP/1.1 200 OK` with the lines given, the empty line, and what follows. */
function head(lines: readonly string[], rest = '', status = '200 OK'): string {
  return `HTTP/1.1 ${[status, ...lines].join('\r\n')}\r\n\r\n${rest}`
}

const LENGTH: readonly ResponseRow[] = [
  ['one Content-Length', 'Content-Length: 3', 'abc', true],
  ['leading zeros', 'Content-Length: 0003', 'abc', true],
  ['an empty body', 'Content-Length: 0', '', true],
  ['spaces and tabs around the number', 'Content-Length: \t 3 \t', 'abc', true],
].map(([name, line, body, isPooled]) => ({
  name: `length: ${name}`,
  bytes: head([String(line)], String(body)),
  outcome: relayed(String(body)),
  isPooled: isPooled === true,
}))

const BAD_LENGTHS: readonly ResponseRow[] = [
  ['signed', 'Content-Length: +3'],
  ['negative', 'Content-Length: -3'],
  ['hexadecimal', 'Content-Length: 0x3'],
  ['a fraction', 'Content-Length: 3.0'],
  ['an exponent', 'Content-Length: 3e0'],
  ['empty', 'Content-Length:'],
  ['a word', 'Content-Length: three'],
  ['two numbers in one', 'Content-Length: 3 3'],
  ['a list of equal numbers', 'Content-Length: 3, 3'],
  ['a list of different numbers', 'Content-Length: 3, 4'],
  ['twice, equal', 'Content-Length: 3\r\nContent-Length: 3'],
  ['twice, different', 'Content-Length: 3\r\nContent-Length: 4'],
  ['over 2^53', 'Content-Length: 9007199254740993'],
  ['wrapping 64 bits to 3', 'Content-Length: 18446744073709551619'],
  ['an underscore', 'Content-Length: 3_0'],
  ['quoted', 'Content-Length: "3"'],
  ['with Transfer-Encoding', 'Content-Length: 3\r\nTransfer-Encoding: chunked'],
  ['after Transfer-Encoding', 'Transfer-Encoding: chunked\r\nContent-Length: 3'],
].map(([name, line]) => ({
  name: `length refused: ${name}`,
  bytes: head([line!], 'abc'),
  outcome: refused,
  isPooled: false,
}))

const BAD_CODINGS: readonly ResponseRow[] = [
  ['gzip', 'Transfer-Encoding: gzip'],
  ['identity', 'Transfer-Encoding: identity'],
  ['gzip, chunked', 'Transfer-Encoding: gzip, chunked'],
  ['chunked twice in a list', 'Transfer-Encoding: chunked, chunked'],
  ['chunked in two lines', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'],
  ['chunked and nothing', 'Transfer-Encoding: chunked,'],
  ['nothing and chunked', 'Transfer-Encoding: ,chunked'],
  ['empty', 'Transfer-Encoding:'],
  ['quoted', 'Transfer-Encoding: "chunked"'],
  ['a parameter', 'Transfer-Encoding: chunked;q=1'],
  ['a tab before', 'Transfer-Encoding:\tchunked'],
  ['a vertical tab before', 'Transfer-Encoding: \x0bchunked'],
  ['a longer name', 'Transfer-Encoding: xchunked'],
].map(([name, line]) => ({
  name: `coding refused: ${name}`,
  bytes: `${head([line!], '3\r\nabc\r\n0\r\n\r\n')}FIN`,
  outcome: refused,
  isPooled: false,
}))

function chunked(
  name: string,
  bytes: string,
  outcome: ResponseOutcome,
  isPooled: boolean,
): ResponseRow {
  return {
    name: `chunks: ${name}`,
    bytes: head(['Transfer-Encoding: chunked'], bytes),
    outcome,
    isPooled,
  }
}

const abc = relayed('abc', 'chunked')
/** A chunk goes first, so that the head is on its way to the client when the rest turns out to be broken. */
const CHUNKS: readonly ResponseRow[] = [
  chunked('one', '3\r\nabc\r\n0\r\n\r\n', abc, true),
  chunked('three', '1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n', abc, true),
  chunked('none', '0\r\n\r\n', relayed('', 'chunked'), true),
  chunked('an extension, dropped', '3;x=y\r\nabc\r\n0;z\r\n\r\n', abc, true),
  chunked('a quoted extension', '3;x="y;z"\r\nabc\r\n0\r\n\r\n', abc, true),
  chunked('leading zeros', '0003\r\nabc\r\n000\r\n\r\n', abc, true),
  chunked(
    'upper-case digits',
    'A\r\n0123456789\r\n0\r\n\r\n',
    relayed('0123456789', 'chunked'),
    true,
  ),
  chunked('a trailer, dropped', '3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n', abc, true),
  chunked('17 digits', '00000000000000003\r\nabc\r\n0\r\n\r\n', cut, false),
  chunked('a size over 2^53', 'fffffffffffffff\r\nabc', cut, false),
  chunked('a signed size', '+3\r\nabc\r\n0\r\n\r\n', cut, false),
  chunked('a size with 0x', '0x3\r\nabc\r\n0\r\n\r\n', cut, false),
  chunked('a space before the size', ' 3\r\nabc\r\n0\r\n\r\n', cut, false),
  chunked('a space after the size', '3 \r\nabc\r\n0\r\n\r\n', cut, false),
  chunked('no size', '\r\nabc\r\n0\r\n\r\n', cut, false),
  chunked('LF after the size', '3\nabc\r\n0\r\n\r\n', cut, false),
  chunked('a control byte in an extension', '3;\x01\r\nabc\r\n0\r\n\r\n', cut, false),
  chunked('an endless extension', `3;${'x'.repeat(5_000)}\r\nabc\r\n0\r\n\r\n`, cut, false),
  chunked('data longer than its size', '3\r\nabcd\r\n0\r\n\r\n', cut, false),
  chunked('data shorter than its size', '4\r\nabc\r\n0\r\n\r\n', cut, false),
  chunked('LF after the data', '3\r\nabc\n0\r\n\r\n', cut, false),
  chunked('bytes after the last chunk', '3\r\nabc\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', abc, false),
  chunked('a trailer without a colon', '3\r\nabc\r\n0\r\nxyz\r\n\r\n', cut, false),
  chunked('a folded trailer', '3\r\nabc\r\n0\r\nX: a\r\n b\r\n\r\n', cut, false),
  chunked('a trailer that ends with LF', '3\r\nabc\r\n0\r\nX: a\n\r\n', cut, false),
  chunked('an endless trailer', `3\r\nabc\r\n0\r\nX: ${'x'.repeat(9_000)}\r\n\r\n`, cut, false),
]

const SYNTAX: readonly ResponseRow[] = [
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc', relayed('abc'), false],
  [
    'HTTP/1.0 with keep-alive',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc',
    relayed('abc'),
    true,
  ],
  ['HTTP/1.2 as 1.1', 'HTTP/1.2 200 OK\r\nContent-Length: 3\r\n\r\nabc', relayed('abc'), true],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  ['HTTP/0.9', '<html>hello</html>FIN', refused, false],
  ['lower-case http', 'http/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  ['ICY', 'ICY 200 OK\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  ['an empty line before', '\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  ['no reason', 'HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nabc', relayed('abc'), true],
  ['an empty reason', 'HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\nabc', relayed('abc'), true],
  [
    'a reason with bytes over 127',
    'HTTP/1.1 200 \xe4h\r\nContent-Length: 3\r\n\r\nabc',
    relayed('abc'),
    true,
  ],
  ['lines that end with LF', 'HTTP/1.1 200 OK\nContent-Length: 3\n\nabc', relayed('abc'), true],
  ['status 000', 'HTTP/1.1 000 OK\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  ['status 99', 'HTTP/1.1 99 OK\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  ['status 600', 'HTTP/1.1 600 OK\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  ['status 999', 'HTTP/1.1 999 OK\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  ['status 2000', 'HTTP/1.1 2000 OK\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  ['status 2x0', 'HTTP/1.1 2x0 OK\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  ['status -20', 'HTTP/1.1 -20 OK\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  [
    'two spaces before the status',
    'HTTP/1.1  200 OK\r\nContent-Length: 3\r\n\r\nabc',
    refused,
    false,
  ],
  ['NUL in the reason', 'HTTP/1.1 200 O\0K\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  ['bare CR in the reason', 'HTTP/1.1 200 O\rK\r\nContent-Length: 3\r\n\r\nabc', refused, false],
  ['NUL in a value', head(['X: a\0b', 'Content-Length: 3'], 'abc'), refused, false],
  [
    'DEL in the middle of a long value',
    head([`X: ${'a'.repeat(40)}\x7f${'b'.repeat(40)}`, 'Content-Length: 3'], 'abc'),
    refused,
    false,
  ],
  ['bare CR in a value', head(['X: a\rb', 'Content-Length: 3'], 'abc'), refused, false],
  ['bare CR before a field', head(['X: a\r\rY: b', 'Content-Length: 3'], 'abc'), refused, false],
  ['a fold', head(['X: a\r\n b', 'Content-Length: 3'], 'abc'), refused, false],
  ['a field without a name', head([': a', 'Content-Length: 3'], 'abc'), refused, false],
  ['a line without a colon', head(['xyz', 'Content-Length: 3'], 'abc'), refused, false],
  ['a space before the colon', head(['X : a', 'Content-Length: 3'], 'abc'), refused, false],
  [
    'a space before the colon of Content-Length',
    head(['Content-Length : 3'], 'abc'),
    refused,
    false,
  ],
  ['a parenthesis in a name', head(['X(: a', 'Content-Length: 3'], 'abc'), refused, false],
  [
    'bytes over 127 in a value',
    head(['X: \xe4\xff', 'Content-Length: 3'], 'abc'),
    relayed('abc', 'length', { has: ['x: \xe4\xff'] }),
    true,
  ],
  [
    'an underscore in a name',
    head(['X_a: b', 'Content-Length: 3'], 'abc'),
    relayed('abc', 'length', { has: ['x_a: b'] }),
    true,
  ],
  [
    'an empty value',
    head(['X:', 'Content-Length: 3'], 'abc'),
    relayed('abc', 'length', { has: ['x: '] }),
    true,
  ],
  [
    'a head larger than proxy_buffer_size',
    head([`X: ${'a'.repeat(5_000)}`, 'Content-Length: 3'], 'abc'),
    refused,
    false,
  ],
  ['a head without an end', `HTTP/1.1 200 OK\r\n${'X: a\r\n'.repeat(1_000)}`, refused, false],
  ['a status line without an end', `HTTP/1.1 200 ${'a'.repeat(5_000)}`, refused, false],
].map(([name, bytes, outcome, isPooled]) => ({
  name: `syntax: ${name}`,
  bytes: bytes as string,
  outcome: outcome as ResponseOutcome,
  isPooled: isPooled as boolean,
}))

const ENDINGS: readonly ResponseRow[] = [
  ['nothing at all', 'FIN', refused, false],
  ['half a head', 'HTTP/1.1 200 OK\r\nX: aFIN', refused, false],
  ['reset before the head', 'RST', refused, false],
  ['reset in the head', 'HTTP/1.1 200 OK\r\nX: aRST', refused, false],
  ['a body that is too short', head(['Content-Length: 30'], 'abcFIN'), cut, false],
  ['a reset in the body', head(['Content-Length: 30'], 'abcRST'), cut, false],
  ['chunks without the last', head(['Transfer-Encoding: chunked'], '3\r\nabc\r\nFIN'), cut, false],
  ['the end inside a chunk', head(['Transfer-Encoding: chunked'], '9\r\nabcFIN'), cut, false],
  [
    'the last chunk without its empty line',
    head(['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\nFIN'),
    cut,
    false,
  ],
  ['a reset between chunks', head(['Transfer-Encoding: chunked'], '3\r\nabc\r\nRST'), cut, false],
  ['no framing, until the end', head([], 'abcFIN'), relayed('abc', 'chunked'), false],
  ['no framing and no body', head([], 'FIN'), relayed('', 'chunked'), false],
  ['no framing and a reset', head([], 'abcRST'), cut, false],
  ['bytes after the end', head(['Content-Length: 3'], 'abcdef'), relayed('abc'), false],
  [
    'a second answer after the end',
    head(['Content-Length: 3'], 'abc') + head(['Content-Length: 1'], 'x'),
    relayed('abc'),
    false,
  ],
  ['FIN after a whole answer', `${head(['Content-Length: 3'], 'abc')}FIN`, relayed('abc'), false],
  [
    'Connection: close',
    head(['Content-Length: 3', 'Connection: close'], 'abc'),
    relayed('abc'),
    false,
  ],
  [
    'Connection: Close, in a list',
    head(['Content-Length: 3', 'Connection: x, Close'], 'abc'),
    relayed('abc'),
    false,
  ],
].map(([name, bytes, outcome, isPooled]) => ({
  name: `end: ${name}`,
  bytes: bytes as string,
  outcome: outcome as ResponseOutcome,
  isPooled: isPooled as boolean,
}))

export const RESPONSE_ROWS: readonly ResponseRow[] = [
  ...LENGTH,
  ...BAD_LENGTHS,
  ...BAD_CODINGS,
  ...CHUNKS,
  ...SYNTAX,
  ...ENDINGS,
]
