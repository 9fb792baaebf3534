import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { findForwarded, parseEnd } from '../../src/proxy/forwarded-client.ts'
import { TrustedNetworks } from '../../src/proxy/trusted-networks.ts'

const trusted = new TrustedNetworks(['127.0.0.1', '10.0.0.0/8', '2001:db8::/32', 'unix:'])

describe('findForwarded', () => {
  interface Row {
    readonly lines: readonly string[]
    readonly last: string | null
    readonly recursive: string | null
    readonly from?: string
  }
  const rows: readonly Row[] = [
    { lines: [], last: null, recursive: null },
    { lines: [''], last: null, recursive: null },
    { lines: ['192.0.2.1'], last: '192.0.2.1:0', recursive: '192.0.2.1:0' },
    { lines: ['192.0.2.1:81'], last: '192.0.2.1:81', recursive: '192.0.2.1:81' },
    { lines: ['192.0.2.1, 10.0.0.1'], last: '10.0.0.1:0', recursive: '192.0.2.1:0' },
    { lines: ['192.0.2.1', '10.0.0.1'], last: '10.0.0.1:0', recursive: '192.0.2.1:0' },
    { lines: ['192.0.2.1, 192.0.2.2, 10.0.0.1'], last: '10.0.0.1:0', recursive: '192.0.2.2:0' },
    { lines: ['10.0.0.1,10.0.0.2 ,, '], last: '10.0.0.2:0', recursive: '10.0.0.1:0' },
    { lines: ['bad, 10.0.0.1'], last: '10.0.0.1:0', recursive: '10.0.0.1:0' },
    { lines: ['bad', '10.0.0.1'], last: '10.0.0.1:0', recursive: '10.0.0.1:0' },
    { lines: ['192.0.2.1', 'bad'], last: null, recursive: null },
    { lines: ['192.0.2.1', 'bad, 10.0.0.1'], last: '10.0.0.1:0', recursive: '10.0.0.1:0' },
    { lines: ['192.0.2.1'], from: '192.0.2.9', last: null, recursive: null },
    { lines: ['192.0.2.1'], from: 'unix:', last: '192.0.2.1:0', recursive: '192.0.2.1:0' },
    {
      lines: ['192.0.2.1'],
      from: '::ffff:10.0.0.9',
      last: '192.0.2.1:0',
      recursive: '192.0.2.1:0',
    },
    { lines: ['192.0.2.1, [2001:db8::1]:9'], last: '2001:db8::1:9', recursive: '192.0.2.1:0' },
  ]
  for (const { lines, from = '127.0.0.1', last, recursive } of rows) {
    it(`of "${lines.join('" and "')}" from ${from}`, () => {
      const found = (isRecursive: boolean) => {
        const end = findForwarded(from, lines, trusted, isRecursive)
        return end === null ? null : `${end.address}:${end.port}`
      }
      assert.equal(found(false), last)
      assert.equal(found(true), recursive)
    })
  }

  it('trusts nobody who is not named', () => {
    assert.equal(
      findForwarded('unix:', ['192.0.2.1'], new TrustedNetworks(['0.0.0.0/0']), true),
      null,
    )
  })
})

describe('parseEnd', () => {
  for (const text of [
    '',
    'x',
    '1.2.3',
    '1.2.3.4:',
    '1.2.3.4:0',
    '1.2.3.4:65536',
    '[::1]',
    '[::1]:',
    '::1%lo',
    '[1.2.3.4',
    ']:1',
    '255.255.255.255',
  ]) {
    it(`refuses "${text}"`, () => assert.equal(parseEnd(text), null))
  }
})
