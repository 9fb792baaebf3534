// Files that are really there; only the time between two looks is the test's.

import assert from 'node:assert/strict'
import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { FileWatch } from '../../src/control/file-watch.ts'
import { afterTest } from '../harness/after-test.ts'
import { ManualDelay } from '../harness/manual-delay.ts'
import { makeDirectory } from '../harness/program.ts'

function open(t: TestContext, text = 'one') {
  const directory = makeDirectory(t, { 'a.conf': text })
  const path = join(directory, 'a.conf')
  const time = new ManualDelay()
  const changes: string[][] = []
  const watch = new FileWatch({
    onChange: files => changes.push([...files]),
    delay: time.delay,
  })
  afterTest(t, () => watch.close())
  let minute = 0
  /** Another time whatever the file system's clock can tell apart. */
  const write = (contents: string) => {
    writeFileSync(path, contents)
    utimesSync(path, 1_700_000_000, 1_700_000_000 + ++minute * 60)
  }
  /** As often as it needs to be sure. */
  const look = async () => {
    await watch.look()
    await watch.look()
  }
  return { directory, path, time, changes, watch, write, look }
}

describe('FileWatch', () => {
  it('tells of other contents, once', async t => {
    const { watch, path, write, look, changes } = open(t)
    watch.use(new Map([[path, 'one']]), false)
    await look()
    assert.deepEqual(changes, [])
    write('two')
    await look()
    await look()
    assert.deepEqual(changes, [[path]])
  })

  it('leaves a file alone that is only touched', async t => {
    const { watch, path, write, look, changes } = open(t)
    watch.use(new Map([[path, 'one']]), false)
    write('one')
    await look()
    assert.deepEqual(changes, [])
  })

  it('knows contents as they were read, with a byte order mark or without', async t => {
    const { watch, path, look, changes } = open(t, '\ufeffone')
    watch.use(new Map([[path, 'one']]), false)
    await look()
    assert.deepEqual(changes, [])
  })

  it('waits until a file stays as it is', async t => {
    const { watch, path, write, changes } = open(t)
    watch.use(new Map([[path, 'one']]), false)
    write('tw')
    await watch.look()
    write('two')
    await watch.look()
    assert.deepEqual(changes, [])
    await watch.look()
    assert.deepEqual(changes, [[path]])
  })

  it('finds a change that came before it was told what to watch', async t => {
    const { watch, path, write, look, changes } = open(t)
    write('two')
    watch.use(new Map([[path, 'one']]), false)
    await look()
    assert.deepEqual(changes, [[path]])
  })

  it('takes a file that is gone for no change, and one that takes its place for one', async t => {
    const { watch, path, directory, look, changes } = open(t)
    watch.use(new Map([[path, 'one']]), false)
    rmSync(path)
    await look()
    assert.deepEqual(changes, [])
    writeFileSync(join(directory, 'b.conf'), 'two')
    renameSync(join(directory, 'b.conf'), path)
    await look()
    assert.deepEqual(changes, [[path]])
  })

  it('tells again when a file that was bad changes once more', async t => {
    const { watch, path, write, look, changes } = open(t)
    watch.use(new Map([[path, 'one']]), false)
    write('bad')
    await look()
    // It was read, and refused.
    watch.use(new Map([[path, 'bad']]), false)
    await look()
    write('good')
    await look()
    assert.deepEqual(changes, [[path], [path]])
  })

  it('looks by itself while somebody wants to know, and stops when it is closed', async t => {
    const { watch, path, write, time, changes } = open(t)
    watch.use(new Map([[path, 'one']]), false)
    assert.deepEqual(time.waiting, [])
    watch.use(new Map([[path, 'one']]), true)
    write('two')
    await time.pass()
    await time.pass()
    assert.deepEqual(changes, [[path]])
    watch.close()
    assert.deepEqual(time.waiting, [])
  })
})
