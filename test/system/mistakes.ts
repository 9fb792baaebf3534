// What clients and peers do wrong, one request each: the table behind the comparison of error logs, and the two who
// commit it.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

import { getRequest, type Served } from '../harness/beside-nginx.ts'

/** One mistake, on a connection of its own. */
export interface Mistake {
  readonly name: string
  /** What is sent; `FIN` and `RST` end the client's side once the peer has what came before, or at once without one. */
  readonly request: string
  readonly ending?: 'FIN' | 'RST'
  /** A peer gets the request before the client ends it. */
  readonly waitsForPeer?: boolean
  /** Comes through the UNIX socket. */
  readonly isLocal?: boolean
  /** The body of the answer must be the same, too. */
  readonly isAnswerAlike?: boolean
  /** Variables that differ, each for the reason given. */
  readonly unlike?: readonly string[]
}

const HOST = 'Host: second.test\r\n'
const NAMED = `${HOST}X-One: 1\r\n`
const LINE = 'GET /x?a=1 HTTP/1.1\r\n'

/** nginx knows that there is a path, and not which. */
const NO_PATH = ['$document_uri']
/** 431 where nginx has 400. */
const OWN_STATUS = ['$status']

function post(target: string, body: string, ...fields: readonly string[]): string {
  return getRequest(target, ['Transfer-Encoding: chunked', ...fields], 'POST') + body
}

function field(name: string, line: string, more: Partial<Mistake> = {}): Mistake {
  return { name, request: `${LINE}${NAMED}${line}\r\nX-After: 1\r\n\r\n`, ...more }
}

const LINES: readonly Mistake[] = [
  { name: 'a TLS handshake', request: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abc' },
  { name: 'a line without sense', request: 'abc def\r\n\r\n' },
  { name: 'a line without a target', request: 'GET\r\n\r\n' },
  { name: 'a line with an empty target', request: 'GET  HTTP/1.1\r\n\r\n' },
  { name: 'a version that is none', request: `GET /x HTTX/1.1\r\n${NAMED}\r\n` },
  { name: 'a word instead of a version', request: `GET /x foo\r\n${NAMED}\r\n` },
  { name: 'a version from the future', request: `GET /x HTTP/3.5\r\n${NAMED}\r\n` },
  { name: 'a control byte in a target', request: `GET /a\x01b HTTP/1.1\r\n${NAMED}\r\n` },
  { name: 'an asterisk to GET', request: `GET * HTTP/1.1\r\n${NAMED}\r\n` },
  { name: 'an authority that is none', request: `GET http://a%/x HTTP/1.1\r\n${NAMED}\r\n` },
  { name: 'a path above the root', request: `GET /../x HTTP/1.1\r\n${NAMED}\r\n`, unlike: NO_PATH },
  { name: 'a bad escape', request: `GET /%zz?q HTTP/1.1\r\n${NAMED}\r\n`, unlike: NO_PATH },
  { name: 'an escaped NUL', request: `GET /%00 HTTP/1.1\r\n${NAMED}\r\n`, unlike: NO_PATH },
  { name: 'TRACE', request: `TRACE /x HTTP/1.1\r\n${NAMED}\r\n` },
  { name: 'half a line and the end', request: 'GET /x HT', ending: 'FIN' },
  { name: 'half a line and silence', request: 'GET /x HT' },
]

const HEADS: readonly Mistake[] = [
  field('a space in a name', 'bad line', { isAnswerAlike: true }),
  field('a space before the colon', 'X-Two : 2'),
  field('no name', ': 2'),
  field('a folded line', ' folded'),
  field('a NUL in a value', 'X-Two: a\0b'),
  field('a bare CR in a value', 'X-Two: a\rb'),
  field('two Hosts', 'Host: first.test'),
  field('two lengths', 'Content-Length: 1\r\nContent-Length: 2'),
  {
    name: 'a bad line before Host',
    request: `${LINE}bad line\r\n${NAMED}\r\n`,
  },
  { name: 'a bad line through a UNIX socket', request: `${LINE}bad line\r\n\r\n`, isLocal: true },
  { name: 'no Host', request: `${LINE}X-One: 1\r\n\r\n` },
  { name: 'an empty Host', request: `${LINE}Host:\r\nX-One: 1\r\n\r\n` },
  { name: 'a Host that is none', request: `${LINE}Host: a/b\r\nX-One: 1\r\n\r\n` },
  {
    name: 'a length that is none',
    request: `POST /x HTTP/1.1\r\n${NAMED}Content-Length: x\r\n\r\n`,
  },
  {
    name: 'a length and chunks',
    request: `POST /x HTTP/1.1\r\n${NAMED}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
  },
  {
    name: 'an unknown coding',
    request: `POST /x HTTP/1.1\r\n${NAMED}Transfer-Encoding: foo\r\n\r\n`,
  },
  {
    name: 'chunks in HTTP/1.0',
    request: `POST /x HTTP/1.0\r\n${NAMED}Transfer-Encoding: chunked\r\n\r\n`,
  },
  { name: 'half a head and the end', request: `${LINE}${NAMED}X-Ha`, ending: 'FIN' },
  { name: 'half a head and silence', request: `${LINE}${NAMED}X-Ha` },
  field('a field that is too long', `X-Long: ${'b'.repeat(3000)}`, { unlike: OWN_STATUS }),
]

const BODIES: readonly Mistake[] = [
  { name: 'a chunk size that is none', request: post('/peer/x', 'zz\r\nhello\r\n0\r\n\r\n') },
  { name: 'a chunk without its end', request: post('/peer/x', '5\r\nhelloxx') },
  {
    name: 'a body that is too large',
    request: `${getRequest('/small/x', ['Content-Length: 5'], 'POST')}hello`,
  },
  {
    name: 'half a body and the end',
    request: `${getRequest('/peer/x', ['Content-Length: 5'], 'POST')}he`,
    ending: 'FIN',
  },
]

const PEERS: readonly Mistake[] = [
  { name: 'a peer that refuses', request: getRequest('/dead/a%20b?c=d') },
  { name: 'a peer that refuses before another', request: getRequest('/second/x') },
  { name: 'a peer that is banned by this', request: getRequest('/banned/x') },
  { name: 'no peer that is not banned', request: getRequest('/banned/x?y') },
  { name: 'a socket that is not there', request: getRequest('/unix/x?y') },
  { name: 'a peer that closes', request: getRequest('/peer/close?q') },
  { name: 'a peer that resets', request: getRequest('/peer/reset') },
  { name: 'a peer that is silent', request: getRequest('/peer/silence') },
  { name: 'a peer that stops in its head', request: getRequest('/peer/half') },
  { name: 'a peer with too large a head', request: getRequest('/peer/large') },
  ...['word', 'no-name', 'spaced', 'spaced-colon', 'folded', 'nul', 'bell', 'cr', 'latin'].map(
    line => ({
      name: `a peer with a line that is none (${line})`,
      request: getRequest(`/peer/line-${line}`),
    }),
  ),
  { name: 'a peer that stops in its body', request: getRequest('/peer/short') },
  { name: 'a peer that stops in a chunk', request: getRequest('/peer/cut-chunk') },
  {
    name: 'a client that leaves',
    request: getRequest('/peer/silence'),
    ending: 'RST',
    waitsForPeer: true,
  },
  {
    name: 'a client that ends its side',
    request: getRequest('/peer/silence'),
    ending: 'FIN',
    waitsForPeer: true,
  },
]

const FILES: readonly Mistake[] = [
  { name: 'a file that is not there', request: getRequest('/files/caf%C3%A9') },
  { name: 'a referrer', request: getRequest('/files/none', ['Referer: http://a.test/"b"']) },
  { name: 'a directory without an index', request: getRequest('/index/') },
  {
    name: 'a circle of redirects',
    request: getRequest('/circle/x'),
    unlike: ['$document_uri', '$args'],
  },
  { name: 'a named location that nobody wrote', request: getRequest('/nowhere/x') },
]

/** In the order in which they are made. */
export const MISTAKES: readonly Mistake[] = [...LINES, ...HEADS, ...BODIES, ...PEERS, ...FILES]

function answersWith(line: string): (socket: Socket) => void {
  const head = `HTTP/1.1 200 OK\r\nX-Good: good\r\n${line}\r\nContent-Length: 2\r\n\r\n`
  return socket => socket.end(Buffer.from(`${head}ok`, 'latin1'))
}

const DEEDS: Readonly<Record<string, (socket: Socket) => void>> = {
  '/peer/line-word': answersWith('no colon'),
  '/peer/line-no-name': answersWith(': nameless'),
  '/peer/line-spaced': answersWith('X Bad: 1'),
  '/peer/line-spaced-colon': answersWith('X-Bad : 1'),
  '/peer/line-folded': answersWith('X-Bad: 1\r\n more'),
  '/peer/line-nul': answersWith('X-Bad: "1"\\\x002'),
  '/peer/line-bell': answersWith('X-\x07Bad: 1'),
  '/peer/line-cr': answersWith('X-Bad: 1\r2'),
  '/peer/line-latin': answersWith('X-Bad: caf\xc3\xa9 \xff\x002'),
  '/peer/close': socket => socket.end(),
  '/peer/reset': socket => socket.resetAndDestroy(),
  '/peer/silence': () => {},
  '/peer/half': socket => socket.end('HTTP/1.1 200 OK\r\nContent-'),
  '/peer/large': socket => socket.end(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`),
  '/peer/short': socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello'),
  '/peer/cut-chunk': socket =>
    socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel'),
}

let onAsked: (() => void) | null = null
let onLeft: (() => void) | null = null

/** A peer that does what the path says. */
export async function startBadPeer(): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    let text = ''
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      onLeft?.()
    })
    socket.on('data', bytes => {
      text += bytes.toString('latin1')
      if (!text.includes('\r\n\r\n')) return
      const path = text.split(' ')[1]!.replace(/\?.*/, '')
      const answer = () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      ;(DEEDS[path] ?? answer)(socket)
      onAsked?.()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Makes the mistake and waits for the end of the connection; gives the body of the answer. */
export async function hold(served: Served, mistake: Mistake): Promise<string> {
  const { ending, waitsForPeer = false, isLocal = false } = mistake
  const socket = isLocal
    ? connect({ path: `${served.directory}/socket`, allowHalfOpen: true })
    : connect({ port: served.port, host: '127.0.0.1', allowHalfOpen: true })
  let text = ''
  socket.on('data', bytes => {
    text += bytes.toString('latin1')
  })
  socket.on('end', () => socket.end())
  socket.on('error', () => {})
  const over = new Promise<void>(resolve => socket.on('close', () => resolve()))
  const asked = new Promise<void>(resolve => {
    onAsked = resolve
  })
  const left = new Promise<void>(resolve => {
    onLeft = resolve
  })
  await new Promise<void>(resolve => socket.write(mistake.request, 'latin1', () => resolve()))
  if (waitsForPeer) await asked
  if (ending === 'FIN') socket.end()
  else if (ending === 'RST') socket.resetAndDestroy()
  await over
  // Who waits for a peer is done with it last.
  if (waitsForPeer) await left
  return text.slice(text.indexOf('\r\n\r\n') + 4)
}
