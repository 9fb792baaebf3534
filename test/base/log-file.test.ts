import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { LogFile } from '../../src/base/log-file.ts'

describe('LogFile', () => {
  const directory = mkdtempSync(join(tmpdir(), 'log-file-'))
  after(() => rmSync(directory, { recursive: true }))

  it('says with the next line that gets through how many were lost, and why', () => {
    // A link that leads first to a full disk and then to a file: what a freed disk looks like.
    const path = join(directory, 'link')
    const target = join(directory, 'target')
    symlinkSync('/dev/full', path)
    const file = new LogFile(path)
    const onLoss = (loss: { count: number; reason: string }) => `${loss.count} ${loss.reason}\n`
    assert.equal(file.write('a\n', onLoss), false)
    assert.equal(file.write('b\n', onLoss), false)
    rmSync(path)
    symlinkSync(target, path)
    file.reopen()
    assert.equal(file.write('c\n', onLoss), true)
    assert.equal(file.write('d\n', onLoss), true)
    file.close()
    assert.equal(readFileSync(target, 'utf8'), '2 28: No space left on device\nc\nd\n')
  })

  it('writes nothing once it is closed, and leaves the standard outputs open', () => {
    const file = new LogFile('stderr')
    file.close()
    assert.equal(file.write('x'), false)
    const again = new LogFile('/dev/stderr')
    assert.equal(again.write(''), true)
    again.close()
  })
})
