import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { DIRECTIVES, findRows } from '../../../src/config/nginx/directive-table.ts'
import {
  type Comparison,
  compareWithNginx,
  isFaithful,
} from '../../../src/config/nginx/fidelity.ts'
import { FIDELITY_NOTES, MISSED_DIRECTIVES } from '../../../src/config/nginx/fidelity-notes.ts'
import { readConfigText } from '../../../src/config/read.ts'

function compare(main: string, http = '', isStrict = false): readonly Comparison[] {
  const text = `${main}\nevents { }\nhttp {\n${http}\n}\n`
  const { written } = readConfigText('nginx.conf', text, {
    prefix: '/prefix',
    env: {},
    globals: '',
    hostname: 'here',
    format: 'nginx',
    keepsWritten: true,
  })
  assert.ok(written !== undefined)
  return compareWithNginx(written, isStrict)
}

/** `name fidelity`, with the number of uses where it is not one. */
function words(comparisons: readonly Comparison[]): string[] {
  return comparisons.map(({ name, fidelity, count }) =>
    count === 1 ? `${name} ${fidelity}` : `${name} ${fidelity} ${count}`,
  )
}

interface Row {
  readonly name: string
  readonly main?: string
  readonly http?: string
  readonly isStrict?: boolean
  /** Besides `events` and `http`. */
  readonly expected: readonly string[]
}

const UPSTREAM = (lines: string) => `upstream a { server 127.0.0.1; ${lines} }`

const ROWS: readonly Row[] = [
  {
    name: 'nothing of what is the same',
    http: 'keepalive_timeout 5;',
    expected: ['keepalive_timeout same'],
  },
  {
    name: 'what differs',
    http: 'client_header_timeout 5;',
    expected: ['client_header_timeout differs'],
  },
  { name: 'what is ignored', http: 'sendfile on;', expected: ['sendfile ignored'] },
  { name: 'what is of our own', main: 'compat nginx/1.30;', expected: ['compat ours'] },
  {
    name: 'what is not supported',
    http: 'gzip on;',
    expected: ['gzip refused'],
  },
  { name: 'a value that says what holds anyway', http: 'gzip off;', expected: ['gzip same'] },
  {
    name: 'uses of one directive that come to the same once',
    http: 'server { listen 1; } server { listen 2; } server { listen 3 deferred; }',
    expected: ['listen differs', 'listen same 2', 'server same 3'],
  },
  {
    name: 'one parameter alone',
    http: 'resolver 127.0.0.1 hold=0;',
    expected: ['resolver ours'],
  },
  {
    name: 'a difference that strict takes away',
    http: 'resolver 127.0.0.1;',
    isStrict: true,
    expected: ['resolver same'],
  },
  {
    name: 'a difference that strict does not take away',
    http: 'client_header_timeout 5;',
    isStrict: true,
    expected: ['client_header_timeout differs'],
  },
  {
    name: 'a kept connection',
    http: UPSTREAM('keepalive 4;'),
    expected: ['keepalive differs', 'server same', 'upstream same'],
  },
  {
    name: 'no kept connection',
    http: UPSTREAM('keepalive 0;'),
    expected: ['keepalive same', 'server same', 'upstream same'],
  },
  {
    name: 'a directive that is ours in one block only',
    http: UPSTREAM('health_check;'),
    expected: ['health_check ours', 'server same', 'upstream same'],
  },
  {
    name: 'statuses that are tried again',
    http: 'proxy_next_upstream error http_502;',
    expected: ['proxy_next_upstream differs'],
  },
  {
    name: 'failures that are tried again',
    http: 'proxy_next_upstream error timeout;',
    expected: ['proxy_next_upstream same'],
  },
]

describe('compareWithNginx', () => {
  for (const { name, main = '', http = '', isStrict = false, expected } of ROWS) {
    it(`names ${name}`, () => {
      const found = words(compare(main, http, isStrict))
      assert.deepEqual(
        found.filter(text => text !== 'events same' && text !== 'http same').sort(),
        [...expected].sort(),
      )
    })
  }

  it('names the first place, and what differs before what is the same', () => {
    const [first, ...rest] = compare('', 'send_timeout 1;\nclient_header_timeout 5;')
    assert.equal(first?.name, 'client_header_timeout')
    assert.deepEqual([first?.origin.line, first?.origin.column], [5, 1])
    assert.ok(rest.every(({ fidelity }) => fidelity === 'same'))
  })

  it('counts an include', () => {
    const found = words(compare('', 'include no-such-*.conf;'))
    assert.ok(found.includes('include same'))
  })
})

describe('isFaithful', () => {
  const rows = [
    { name: 'takes what is the same', text: 'send_timeout 5;', expected: true },
    { name: 'takes what nobody misses', text: 'sendfile on;', expected: true },
    { name: 'takes what is of our own', text: 'proxy_connect_hedge off;', expected: true },
    { name: 'refuses what differs', text: 'client_header_timeout 5;', expected: false },
    { name: 'refuses what is not supported', text: 'gzip on;', expected: false },
  ]
  for (const { name, text, expected } of rows) {
    it(name, () => assert.equal(isFaithful(compare('', text)), expected))
  }

  it('refuses what is ignored and missed', () => {
    assert.equal(isFaithful(compare('user www-data;')), false)
  })
})

describe('FIDELITY_NOTES', () => {
  it('are about directives that there are', () => {
    for (const name of Object.keys(FIDELITY_NOTES)) {
      const rows = findRows(name)
      assert.ok(rows.length > 0, name)
      assert.ok(
        rows.every(row => row.effect === 'works'),
        name,
      )
    }
  })

  it('name blocks that the directive may stand in', () => {
    for (const [name, notes] of Object.entries(FIDELITY_NOTES)) {
      const within = new Set(findRows(name).flatMap(row => row.within))
      for (const { blocks = [] } of notes) {
        assert.ok(
          blocks.every(block => within.has(block)),
          name,
        )
      }
    }
  })

  it('reach the table', () => {
    const noted = DIRECTIVES.filter(row => row.fidelity !== undefined).map(row => row.name)
    assert.deepEqual([...new Set(noted)].sort(), Object.keys(FIDELITY_NOTES).sort())
  })

  it('of what is missed are directives without effect', () => {
    for (const name of MISSED_DIRECTIVES) {
      assert.ok(
        findRows(name).some(row => row.effect === 'none'),
        name,
      )
    }
  })
})
