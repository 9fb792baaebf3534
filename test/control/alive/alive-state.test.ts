// The line that says whether a node can serve, as the program and a shell read it: both come to the same.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { aliveScript } from '../../../src/control/alive/alive-script.ts'
import {
  aliveText,
  judgeAlive,
  STALE_HUNDREDTHS,
  uptimeHundredths,
} from '../../../src/control/alive/alive-state.ts'
import { makeDirectory } from '../../harness/program.ts'

const GROUPS = new Map([
  ['app', 2],
  ['web', 0],
  ['a b', 1],
])

interface Row {
  readonly name: string
  /** Hundredths of a second that the line is old. */
  readonly age?: number
  readonly refusal?: string
  readonly groups?: readonly string[]
  /** What is wrong; empty = nothing. */
  readonly said: RegExp | ''
}

const ROWS: readonly Row[] = [
  { name: 'a node that can serve', said: '' },
  { name: 'a group with peers', groups: ['app'], said: '' },
  { name: 'a group whose name has a blank', groups: ['a b'], said: '' },
  {
    name: 'a group without peers',
    groups: ['app', 'web'],
    said: /no peer of "?web"? can be picked/,
  },
  { name: 'a line of a moment ago', age: STALE_HUNDREDTHS - 50, said: '' },
  { name: 'an old line', age: STALE_HUNDREDTHS + 500, said: /nothing was heard of .*7/ },
  { name: 'a line from before a reboot', age: -100_000, said: /nothing was heard of/ },
  { name: 'a node that drains', refusal: 'it is draining', said: /it is draining/ },
  { name: 'a refusal on two lines', refusal: 'it\nis odd', said: /it is odd/ },
]

function write(row: Row, now: number): string {
  const { refusal = '', age = 0 } = row
  return aliveText({ pid: 4242, refusal, groups: GROUPS }, now - age)
}

describe('judgeAlive', () => {
  for (const row of ROWS) {
    it(`judges ${row.name}`, () => {
      const said = judgeAlive(write(row, 1_000_000), 1_000_000, row.groups ?? [])
      if (row.said === '') assert.equal(said, '')
      else assert.match(said, row.said)
    })
  }

  it('knows a group that is not there, and a file that makes no sense', () => {
    const text = write({ name: '', said: '' }, 100)
    assert.match(judgeAlive(text, 100, ['none']), /there is no group "none"/)
    for (const junk of ['', 'ok', 'ok 100 4242 app:2', 'yes 100 1\n', 'ok x 1\n']) {
      assert.match(judgeAlive(junk, 100, []), /makes no sense/)
    }
  })
})

describe('aliveScript', () => {
  const run = (directory: string, groups: readonly string[]) => {
    const script = join(directory, 'alive.sh')
    const missing = join(directory, "it's missing")
    writeFileSync(script, aliveScript([missing, join(directory, 'x.alive')], groups))
    const { status, stderr } = spawnSync('sh', [script], { encoding: 'utf8' })
    return { status, stderr }
  }
  for (const row of ROWS) {
    it(`judges ${row.name}`, t => {
      const now = uptimeHundredths()!
      const directory = makeDirectory(t, { 'x.alive': write(row, now) })
      const { status, stderr } = run(directory, row.groups ?? [])
      assert.equal(status, row.said === '' ? 0 : 1, stderr)
      if (row.said === '') assert.equal(stderr, '')
      else assert.match(stderr, row.said)
    })
  }

  it('says when nothing runs', t => {
    const { status, stderr } = run(makeDirectory(t), [])
    assert.equal(status, 1)
    assert.match(stderr, /does not run/)
  })

  it('has nothing in it that a name could run', t => {
    const directory = makeDirectory(t, {
      'x.alive': write({ name: '', said: '' }, uptimeHundredths()!),
    })
    const { status } = run(directory, [`'; touch ${directory}/hurt; '`, '$(touch x)'])
    assert.equal(status, 1)
    assert.equal(spawnSync('ls', [join(directory, 'hurt')]).status, 2)
  })
})
