// The words are those of nginx's own error log; test/system/error-log-beside-nginx compares them with a real one where
// a test can bring the failure about.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { errnoText } from '../../src/base/errno-text.ts'
import { type FailureKind, fail } from '../../src/base/failure.ts'
import {
  bodyFailureWords,
  clientGoneText,
  peerFailureLevel,
  peerFailureText,
} from '../../src/proxy/failure-words.ts'
import type { Step } from '../../src/proxy/steps.ts'

const errno = (code: string) => `(${errnoText(code)})`
const TCP = '10.0.0.1:80'
const UNIX = 'unix:/run/x'

interface Row {
  readonly kind: FailureKind
  readonly detail?: string
  readonly quote?: string
  readonly step: Step
  readonly address?: string
  readonly text: string
  readonly level?: string
}

const ROWS: readonly Row[] = [
  {
    kind: 'connect_failed',
    detail: 'ECONNREFUSED',
    step: 'connect',
    text: `connect() failed ${errno('ECONNREFUSED')} while connecting to upstream`,
  },
  {
    kind: 'connect_failed',
    detail: 'EHOSTUNREACH',
    step: 'connect',
    text: `connect() failed ${errno('EHOSTUNREACH')} while connecting to upstream`,
  },
  {
    kind: 'connect_failed',
    detail: 'ENETUNREACH',
    step: 'connect',
    text: `connect() to ${TCP} failed ${errno('ENETUNREACH')} while connecting to upstream`,
  },
  {
    kind: 'connect_failed',
    detail: 'ENOENT',
    step: 'connect',
    address: UNIX,
    text: `connect() to ${UNIX} failed ${errno('ENOENT')} while connecting to upstream`,
    level: 'crit',
  },
  {
    kind: 'connect_failed',
    detail: 'ECONNREFUSED',
    step: 'connect',
    address: UNIX,
    text: `connect() to ${UNIX} failed ${errno('ECONNREFUSED')} while connecting to upstream`,
  },
  {
    kind: 'out_of_sockets',
    detail: 'EMFILE',
    step: 'connect',
    text: `socket() failed ${errno('EMFILE')} while connecting to upstream`,
    level: 'alert',
  },
  {
    kind: 'connect_timeout',
    step: 'connect',
    text: `upstream timed out ${errno('ETIMEDOUT')} while connecting to upstream`,
  },
  {
    kind: 'send_timeout',
    step: 'forward',
    text: `upstream timed out ${errno('ETIMEDOUT')} while sending request to upstream`,
  },
  {
    kind: 'peer_reset',
    detail: 'EPIPE',
    step: 'forward',
    text: `writev() failed ${errno('EPIPE')} while sending request to upstream`,
  },
  {
    kind: 'peer_reset',
    detail: 'ECONNRESET',
    step: 'forward',
    text: `recv() failed ${errno('ECONNRESET')} while reading response header from upstream`,
  },
  {
    kind: 'truncated_response',
    detail: 'ECONNRESET',
    step: 'relay',
    text: `readv() failed ${errno('ECONNRESET')} while reading upstream`,
  },
  {
    kind: 'truncated_response',
    step: 'relay',
    text: 'upstream prematurely closed connection while reading upstream',
  },
  {
    kind: 'bad_response_framing',
    detail: 'byte 0x7a at 0 of a size',
    step: 'relay',
    text: 'upstream sent invalid chunked response while reading upstream',
  },
  {
    kind: 'bad_response_framing',
    detail: 'unknown transfer coding',
    step: 'forward',
    quote: 'zip',
    text: 'upstream sent unknown "Transfer-Encoding": "zip" while reading response header from upstream',
  },
  {
    kind: 'bad_response_framing',
    detail: 'Content-Length is not one decimal number',
    step: 'forward',
    quote: 'Content-Length: 1x',
    text: 'upstream sent invalid "Content-Length" header: "Content-Length: 1x" while reading response header from upstream',
  },
  {
    kind: 'bad_response',
    detail: 'space in or after the name',
    step: 'forward',
    quote: 'X\\x20',
    text: 'upstream sent invalid header: "X\\x20..." while reading response header from upstream',
  },
  ...['no HTTP/1 status line', 'status is not 100 to 599', 'byte 0x53 at 0'].map(
    (detail): Row => ({
      kind: 'bad_response',
      detail,
      step: 'forward',
      text: 'upstream sent no valid HTTP/1.0 header while reading response header from upstream',
    }),
  ),
  {
    kind: 'bad_response',
    detail: 'more than 16 interim responses',
    step: 'forward',
    text: 'upstream sent invalid header while reading response header from upstream',
  },
  {
    kind: 'spool_failed',
    detail: 'open() "/x" failed (13: Permission denied)',
    step: 'relay',
    text: 'open() "/x" failed (13: Permission denied) while reading upstream',
    level: 'crit',
  },
]

describe('peerFailureText', () => {
  for (const { kind, detail = '', quote, step, address = TCP, text, level = 'error' } of ROWS) {
    it(`says "${text}"`, () => {
      const failure = quote === undefined ? fail(kind, detail) : { ...fail(kind, detail), quote }
      assert.equal(peerFailureText(failure, step, address), text)
      assert.equal(peerFailureLevel(failure), level)
    })
  }
})

describe('clientGoneText', () => {
  const start =
    'epoll_wait() reported that client prematurely closed connection, so upstream connection is closed too'
  const rows: readonly [Step, FailureKind, string, string][] = [
    ['connect', 'client_gone', 'closed', `${start} while connecting to upstream`],
    ['forward', 'client_gone', 'closed', `${start} while sending request to upstream`],
    [
      'forward',
      'client_gone',
      'ECONNRESET',
      `${start} ${errno('ECONNRESET')} while sending request to upstream`,
    ],
    [
      'relay',
      'client_gone',
      'ECONNRESET',
      `writev() failed ${errno('ECONNRESET')} while sending to client`,
    ],
    [
      'relay',
      'client_gone',
      'closed',
      'client prematurely closed connection while sending to client',
    ],
    [
      'relay',
      'client_timeout',
      'too slow',
      `client timed out ${errno('ETIMEDOUT')} while sending to client`,
    ],
  ]
  for (const [step, kind, detail, text] of rows) {
    it(`says in step ${step} of ${kind} ${detail}: "${text}"`, () => {
      assert.equal(clientGoneText(fail(kind, detail), step), text)
    })
  }
})

describe('bodyFailureWords', () => {
  const rows: readonly [FailureKind, string, boolean, string, string][] = [
    ['bad_chunk', 'a byte', true, 'error', 'client sent invalid chunked body'],
    [
      'body_too_large',
      '5 bytes',
      false,
      'error',
      'client intended to send too large body: 5 bytes',
    ],
    [
      'body_too_large',
      'more than 4 bytes',
      true,
      'error',
      'client intended to send too large chunked body: more than 4 bytes',
    ],
    ['client_gone', 'cut', false, 'info', 'client prematurely closed connection'],
    [
      'client_timeout',
      'slow',
      false,
      'info',
      `client timed out ${errno('ETIMEDOUT')} while reading client request body`,
    ],
    ['spool_failed', 'open() "/x" failed', false, 'crit', 'open() "/x" failed'],
  ]
  for (const [kind, detail, isChunked, level, text] of rows) {
    it(`says of ${kind}: "${text}"`, () => {
      assert.deepEqual(bodyFailureWords(fail(kind, detail), isChunked), { level, text })
    })
  }
})
