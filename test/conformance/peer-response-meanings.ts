// Rows for test/conformance/peer-responses.test.ts where the status or the method decides what a body is, interim
// answers, and the fields that belong to one hop only (RFC 9110 §7.6.1, §15).

import type { ResponseOutcome, ResponseRow } from './peer-responses.ts'

const refused = { kind: 'refused' } as const

function seen(
  status: number,
  body: string,
  framing: 'none' | 'length' | 'chunked',
  rest: { readonly has?: readonly string[]; readonly lacks?: readonly string[] } = {},
): ResponseOutcome {
  return { kind: 'relayed', status, body, framing, ...rest }
}

const WITHOUT_BODY: readonly ResponseRow[] = [
  [
    '204',
    'HTTP/1.1 204 No Content\r\n\r\n',
    seen(204, '', 'none', { lacks: ['content-length'] }),
    true,
  ],
  [
    '204 with Content-Length: 0',
    'HTTP/1.1 204 N\r\nContent-Length: 0\r\n\r\n',
    seen(204, '', 'none', { lacks: ['content-length'] }),
    true,
  ],
  [
    '204 with a Content-Length and a body',
    'HTTP/1.1 204 N\r\nContent-Length: 3\r\n\r\nabc',
    seen(204, '', 'none', { lacks: ['content-length'] }),
    false,
  ],
  [
    '204 with chunks',
    'HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    seen(204, '', 'none', { lacks: ['transfer-encoding'] }),
    false,
  ],
  [
    '304',
    'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
    seen(304, '', 'none', { has: ['etag: "a"'] }),
    true,
  ],
  [
    '304 with Content-Length',
    'HTTP/1.1 304 N\r\nContent-Length: 30\r\n\r\n',
    seen(304, '', 'none', { has: ['content-length: 30'] }),
    true,
  ],
  [
    '304 with a body',
    'HTTP/1.1 304 N\r\nContent-Length: 3\r\n\r\nabc',
    seen(304, '', 'none'),
    false,
  ],
  [
    '304 with two lengths',
    'HTTP/1.1 304 N\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n',
    refused,
    false,
  ],
].map(([name, bytes, outcome, isPooled]) => ({
  name: `no body: ${name}`,
  bytes: bytes as string,
  outcome: outcome as ResponseOutcome,
  isPooled: isPooled as boolean,
}))

const HEADS: readonly ResponseRow[] = [
  [
    'with Content-Length',
    'HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n',
    seen(200, '', 'none', { has: ['content-length: 30'] }),
    true,
  ],
  [
    'with chunked',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    seen(200, '', 'none'),
    true,
  ],
  ['without framing', 'HTTP/1.1 200 OK\r\n\r\n', seen(200, '', 'none'), true],
  [
    'with a body all the same',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
    seen(200, '', 'none'),
    false,
  ],
  [
    '404 with Content-Length',
    'HTTP/1.1 404 N\r\nContent-Length: 3\r\n\r\n',
    seen(404, '', 'none', { has: ['content-length: 3'] }),
    true,
  ],
  ['with a broken length', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n', refused, false],
].map(([name, bytes, outcome, isPooled]) => ({
  name: `HEAD: ${name}`,
  bytes: bytes as string,
  outcome: outcome as ResponseOutcome,
  isPooled: isPooled as boolean,
  method: 'HEAD' as const,
}))

const FINAL = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc'
const abc = seen(200, 'abc', 'length')

const INTERIMS: readonly ResponseRow[] = [
  ['100', `HTTP/1.1 100 Continue\r\n\r\n${FINAL}`, abc, true],
  ['100 with a length', `HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n${FINAL}`, abc, true],
  ['102 and 103', `HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\nLink: </a>\r\n\r\n${FINAL}`, abc, true],
  ['sixteen', `${'HTTP/1.1 102 P\r\n\r\n'.repeat(16)}${FINAL}`, abc, true],
  ['a hundred', `${'HTTP/1.1 100 C\r\n\r\n'.repeat(100)}${FINAL}`, refused, false],
  ['and the end', 'HTTP/1.1 100 C\r\n\r\nFIN', refused, false],
  [
    '101 that nobody asked for',
    'HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc',
    refused,
    false,
  ],
  ['a broken one', 'HTTP/1.1 103 E\r\nLink </a>\r\n\r\n', refused, false],
  ['199', `HTTP/1.1 199 X\r\n\r\n${FINAL}`, abc, true],
].map(([name, bytes, outcome, isPooled]) => ({
  name: `interim: ${name}`,
  bytes: bytes as string,
  outcome: outcome as ResponseOutcome,
  isPooled: isPooled as boolean,
}))

const FIELDS: readonly ResponseRow[] = [
  [
    'Connection and what it names go no further',
    'Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=9',
    { lacks: ['x-hop'] },
  ],
  [
    'Connection in two lines',
    'Connection: X-One\r\nConnection: X-Two\r\nX-One: 1\r\nX-Two: 2',
    { lacks: ['x-one', 'x-two'] },
  ],
  [
    'Set-Cookie cannot be named away',
    'Connection: Set-Cookie\r\nSet-Cookie: a=b',
    { has: ['set-cookie: a=b'] },
  ],
  ['Upgrade goes no further', 'Upgrade: h2c\r\nConnection: Upgrade', { lacks: ['upgrade'] }],
  [
    'Proxy-Connection goes no further',
    'Proxy-Connection: keep-alive',
    { lacks: ['proxy-connection'] },
  ],
  [
    'duplicates and their order stay',
    'Set-Cookie: a\r\nX: y\r\nSet-Cookie: b',
    { has: ['set-cookie: a', 'set-cookie: b', 'x: y'] },
  ],
  ['Trailer goes no further without its trailers', 'Trailer: X-Sum', { lacks: ['trailer'] }],
  [
    'X-Accel fields stay here',
    'X-Accel-Expires: 5\r\nX-Accel-Buffering: no',
    { lacks: ['x-accel-expires', 'x-accel-buffering'] },
  ],
].map(([name, lines, rest]) => ({
  name: `fields: ${name as string}`,
  bytes: `HTTP/1.1 200 OK\r\n${lines as string}\r\nContent-Length: 3\r\n\r\nabc`,
  outcome: seen(200, 'abc', 'length', rest as object),
  isPooled: true,
}))

export const MEANING_ROWS: readonly ResponseRow[] = [
  ...WITHOUT_BODY,
  ...HEADS,
  ...INTERIMS,
  ...FIELDS,
]
