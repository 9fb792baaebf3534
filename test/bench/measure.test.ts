/**
 * Tests of reading what the kernel says about processes, in the formats of proc(5).
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import {
  computeForeignShare,
  isStillRunning,
  type ProcessStat,
  parseCoreBusyTicks,
  parseProcessStat,
  parseResidentBytes,
  pickTree,
  readTree,
} from '../../bench/macro/measure.ts'

const AFTER_COMMAND =
  'S 41 42 42 0 -1 4194560 1563 0 3 0 120 34 7 8 20 0 11 0 98765 1234567 890 18446744073709551615'

describe('parseProcessStat', () => {
  const commands = ['nginx', 'nginx: worker process', 'a) S 1 (b', '(sd-pam)', '']
  for (const command of commands) {
    it(`finds the fields behind the command "${command}"`, () => {
      assert.deepEqual(parseProcessStat(`42 (${command}) ${AFTER_COMMAND}\n`), {
        pid: 42,
        command,
        state: 'S',
        parentPid: 41,
        userTicks: 120,
        systemTicks: 34,
        startTicks: 98765,
      })
    })
  }

  const wrong = ['', '42', '42 nginx S 41', '42 (nginx) S 41 42', `x (nginx) ${AFTER_COMMAND}`]
  for (const line of wrong) {
    it(`gives null for "${line}"`, () => assert.equal(parseProcessStat(line), null))
  }

  it('reads this process', () => {
    const [self] = readTree(process.pid)
    assert.equal(self?.pid, process.pid)
    assert.equal(self?.parentPid, process.ppid)
  })
})

describe('parseResidentBytes', () => {
  it('reads kibibytes as bytes', () => {
    const status = 'Name:\tnginx\nVmHWM:\t    9000 kB\nVmRSS:\t    8124 kB\nRssAnon:\t 1000 kB\n'
    assert.equal(parseResidentBytes(status), 8124 * 1024)
  })

  it('gives 0 for a process without memory of its own, such as one that has ended', () => {
    assert.equal(parseResidentBytes('Name:\tnginx\nState:\tZ (zombie)\n'), 0)
  })
})

describe('parseCoreBusyTicks', () => {
  const stat = [
    'cpu  1000 1000 1000 1000 1000 1000 1000 1000 0 0',
    'cpu0 1 2 4 1000 2000 8 16 32 500 500',
    'cpu1 100 0 0 9 9 0 0 0 0 0',
    'cpu10 7 0 0 9 9 0 0 0 0 0',
    'intr 12345',
  ].join('\n')

  it('leaves out idle, waiting for disks, and guests, which are part of user time', () => {
    assert.equal(parseCoreBusyTicks(stat, 0), 63)
  })

  it('tells core 1 from core 10', () => {
    assert.equal(parseCoreBusyTicks(stat, 1), 100)
    assert.equal(parseCoreBusyTicks(stat, 10), 7)
  })

  it('gives null for a core the machine has not', () => {
    assert.equal(parseCoreBusyTicks(stat, 2), null)
  })
})

describe('pickTree', () => {
  function makeStat(pid: number, parentPid: number): ProcessStat {
    return { pid, parentPid, command: 'x', state: 'S', userTicks: 0, systemTicks: 0, startTicks: 0 }
  }

  it('finds children and grandchildren wherever they stand in the list, and no others', () => {
    const all = [makeStat(30, 20), makeStat(20, 10), makeStat(10, 1), makeStat(11, 1)]
    assert.deepEqual(
      pickTree(all, 10).map(stat => stat.pid),
      [10, 20, 30],
    )
  })

  it('is empty when the process is not there', () => {
    assert.deepEqual(pickTree([makeStat(20, 10)], 10), [])
  })

  it('ends when a process is named as its own parent', () => {
    assert.equal(pickTree([makeStat(0, 0)], 0).length, 1)
  })
})

describe('isStillRunning', () => {
  it('tells a living process from an ended one and from another that got its id', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' })
    await once(child, 'spawn')
    const [seen] = readTree(child.pid ?? 0)
    assert.ok(seen)
    assert.equal(isStillRunning(seen), true)
    assert.equal(isStillRunning({ ...seen, startTicks: seen.startTicks - 1 }), false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(isStillRunning(seen), false)
  })
})

describe('computeForeignShare', () => {
  const rows = [
    { name: 'all its own', busy: 500, own: 500, elapsed: 500, share: 0 },
    { name: 'a fifth to others', busy: 500, own: 400, elapsed: 500, share: 0.2 },
    { name: 'rounding in its favour', busy: 499, own: 500, elapsed: 500, share: 0 },
    { name: 'more than there was time for', busy: 900, own: 0, elapsed: 500, share: 1 },
    { name: 'no time at all', busy: 1, own: 0, elapsed: 0, share: 0 },
  ]
  for (const { name, busy, own, elapsed, share } of rows) {
    it(`gives ${share} for ${name}`, () => {
      assert.equal(computeForeignShare(busy, own, elapsed), share)
    })
  }
})
