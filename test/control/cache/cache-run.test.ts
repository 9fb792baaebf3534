// Which files of earlier runs nobody writes any more.

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { parseEntryName, temporaryPath, writerOf } from '../../../src/cache/store/entry-path.ts'
import { isRunOver, makeRun } from '../../../src/control/cache/cache-run.ts'
import { ofEarlierRuns, removeLeftovers } from '../../../src/control/cache/remove-leftovers.ts'
import { makeDirectory } from '../../harness/program.ts'
import { finish } from './cache-fixture.ts'

const NAME = '0123456789abcdef'.repeat(2)

describe('makeRun', () => {
  it('makes names that differ, and that names of files may have', () => {
    const runs = new Set(Array.from({ length: 100 }, () => makeRun(4_194_304)))
    assert.equal(runs.size, 100)
    for (const run of runs) {
      const name = temporaryPath('/', NAME, run, 1).slice(1)
      assert.deepEqual(parseEntryName(name), { kind: 'temporary', hex: NAME, run })
    }
  })
})

describe('isRunOver', () => {
  const own = makeRun(10)
  const ROWS: { name: string; run: string; isOver: boolean }[] = [
    { name: 'its own', run: own, isOver: false },
    { name: 'a worker of its own', run: writerOf(own, 7), isOver: false },
    { name: 'one of a process that runs', run: makeRun(20), isOver: false },
    { name: 'a worker of one that runs', run: writerOf(makeRun(20), 7), isOver: false },
    { name: 'a worker of one that ended', run: writerOf(makeRun(30), 7), isOver: true },
    { name: 'one of a process that ended', run: makeRun(30), isOver: true },
    {
      name: 'an earlier one of its own number, as containers have it',
      run: makeRun(10),
      isOver: true,
    },
    { name: 'one that nobody here named', run: 'another', isOver: true },
  ]
  for (const { name, run, isOver } of ROWS) {
    it(`says ${isOver} of ${name}`, () => {
      assert.equal(
        isRunOver(run, own, pid => pid === 20),
        isOver,
      )
    })
  }

  it('asks the system for the process', () => {
    assert.equal(isRunOver(makeRun(process.ppid), makeRun()), false)
    assert.equal(isRunOver(makeRun(0x3fff_ffff), makeRun()), true)
  })
})

describe('removeLeftovers', () => {
  it('takes what a killed process was writing, and nothing else', t => {
    const directory = makeDirectory(t)
    const own = makeRun()
    const kept = [
      temporaryPath(directory, NAME, own, 1),
      join(directory, NAME),
      join(directory, 'a'),
    ]
    const dead = temporaryPath(directory, NAME, makeRun(0x3fff_ffff), 2)
    for (const path of [...kept, dead]) writeFileSync(path, '')
    mkdirSync(temporaryPath(directory, NAME, makeRun(0x3fff_ffff), 3))
    assert.equal(finish(removeLeftovers(directory, ofEarlierRuns(own))), 1)
    assert.equal(readdirSync(directory).length, 4)
  })

  it('leaves a directory alone that is not there, or whose files stay', t => {
    const directory = makeDirectory(t)
    assert.equal(finish(removeLeftovers(join(directory, 'none'), () => true)), 0)
    assert.equal(finish(removeLeftovers('/proc/self/fd/none', () => true)), 0)
  })
})
