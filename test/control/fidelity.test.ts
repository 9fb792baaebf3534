import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { Comparison } from '../../src/config/nginx/fidelity.ts'
import { fidelityJson, fidelityLine, fidelityTable } from '../../src/control/fidelity.ts'

const ROWS: readonly Comparison[] = [
  row('keepalive', 'differs', 'a kept connection', 2, 7),
  row('sendfile', 'ignored', 'Node decides this', 1, 3),
  row('server', 'same', '', 12, 20),
]

function row(
  name: string,
  fidelity: Comparison['fidelity'],
  note: string,
  count: number,
  line: number,
): Comparison {
  const origin = { file: 'nginx.conf', line, column: 5, endColumn: 9 }
  return { name, fidelity, note, count, origin, isMeaning: fidelity === 'differs' }
}

describe('fidelityTable', () => {
  it('has a line for each row, in columns', () => {
    assert.equal(
      fidelityTable(ROWS),
      'directive  uses  first          beside nginx\n' +
        'keepalive     2  nginx.conf:7   differs: a kept connection\n' +
        'sendfile      1  nginx.conf:3   ignored: Node decides this\n' +
        'server       12  nginx.conf:20  same\n',
    )
  })

  it('lets no control characters through', () => {
    const name = 'nginx\x1b[2J.conf'
    const origin = { file: name, line: 1, column: 1, endColumn: 2 }
    assert.ok(!fidelityTable([{ ...ROWS[0]!, origin }]).includes('\x1b'))
  })
})

describe('fidelityLine', () => {
  it('counts directives, not their uses', () => {
    const more = row('keepalive', 'differs', 'something else', 1, 9)
    assert.equal(
      fidelityLine([...ROWS, more]),
      'directives beside nginx: 1 the same, 1 ignored, 1 that differ',
    )
  })
})

describe('fidelityJson', () => {
  it('says of each row where it is used first', () => {
    const { directives } = JSON.parse(fidelityJson(ROWS))
    assert.equal(directives.length, 3)
    assert.deepEqual(directives[0], {
      name: 'keepalive',
      fidelity: 'differs',
      note: 'a kept connection',
      isMeaning: true,
      count: 2,
      first: { file: 'nginx.conf', line: 7, column: 5 },
    })
  })
})
