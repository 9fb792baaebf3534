import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { writtenControlPaths } from '../../src/control/written-control-path.ts'

describe('writtenControlPaths', () => {
  const rows: [string, string, readonly string[]][] = [
    ['a key of YAML', 'control: /run/a.sock\nservers: 1', ['/run/a.sock']],
    ['one in quotes, with a comment', "control: '/run/a b.sock' # here", ['/run/a b.sock']],
    ['one beside the file', 'control: a.sock', ['/etc/headgate/a.sock']],
    [
      'a directive of nginx.conf',
      'worker_processes x;  control_socket /run/a.sock;',
      ['/run/a.sock'],
    ],
    ['one with a scheme, below the prefix', 'control_socket "unix:a.sock" ;', ['/srv/a.sock']],
    ['none in a comment', '# control_socket /run/a.sock;\n#control: /run/b.sock', []],
    ['none of a deeper key', 'web:\n  control: /run/a.sock', []],
    ['none that is switched off', 'control: off\ncontrol_socket off;', []],
    ['none of another directive', 'my_control_socket /run/a.sock;', []],
  ]
  for (const [name, text, expected] of rows) {
    it(`finds ${name}`, () => {
      const texts = new Map([['/etc/headgate/a.conf', { text }]])
      assert.deepEqual(writtenControlPaths(texts, '/srv'), expected)
    })
  }

  it('takes no long time for a long text', () => {
    const texts = new Map([['/a', { text: `${' control_socket'.repeat(20_000)}\n`.repeat(2) }]])
    const before = performance.now()
    assert.deepEqual(writtenControlPaths(texts, '/'), [])
    assert.ok(performance.now() - before < 2_000)
  })
})
