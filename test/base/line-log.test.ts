// Lines go out whole, in order, unchanged, and a file that takes none harms nobody.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs, {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { LineLog, type LineLogOptions } from '../../src/base/line-log.ts'

const directory = mkdtempSync(join(tmpdir(), 'line-log-'))
after(() => rmSync(directory, { recursive: true, force: true }))

let serial = 0

function makeLog(options: Partial<LineLogOptions> = {}): LineLog {
  return new LineLog(join(directory, `${serial++}.log`), {
    bufferBytes: 0,
    flushMs: 0,
    onLoss: (lines, reason) => assert.fail(`${lines} lines lost: ${reason}`),
    ...options,
  })
}

function contentOf(log: LineLog): string {
  return readFileSync(log.path, 'latin1')
}

/** After everything that this turn of the loop set off. */
function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(() => setImmediate(resolve)))
}

describe('LineLog', () => {
  it('writes the lines of one turn at its end, in order', async () => {
    const log = makeLog()
    for (let i = 0; i < 100; i++) log.write(`line ${i}\n`)
    assert.equal(contentOf(log), '')
    await nextTurn()
    assert.equal(contentOf(log), Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join(''))
    log.close()
  })

  it('passes every byte unchanged', () => {
    const log = makeLog()
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))
    log.write(`${all}\n`)
    log.flush()
    assert.equal(contentOf(log), `${all}\n`)
    log.close()
  })

  it('with a buffer writes when a line does not fit any more, and never a part of one', async () => {
    const log = makeLog({ bufferBytes: 25 })
    log.write('0123456789\n')
    log.write('0123456789\n')
    await nextTurn()
    assert.equal(contentOf(log), '')
    log.write('abc\n')
    assert.equal(contentOf(log), '0123456789\n0123456789\n')
    log.write(`${'x'.repeat(100)}\n`)
    assert.equal(contentOf(log), '0123456789\n0123456789\nabc\n')
    log.close()
    assert.equal(contentOf(log), `0123456789\n0123456789\nabc\n${'x'.repeat(100)}\n`)
  })

  it('with a flush time writes the buffer after it', t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const log = makeLog({ bufferBytes: 1000, flushMs: 5000 })
    log.write('one\n')
    t.mock.timers.tick(4000)
    log.write('two\n')
    assert.equal(contentOf(log), '')
    t.mock.timers.tick(1000)
    assert.equal(contentOf(log), 'one\ntwo\n')
    log.close()
  })

  it('writes what waits when the buffering changes', () => {
    const log = makeLog({ bufferBytes: 1000 })
    log.write('one\n')
    log.configure(1000, 0)
    assert.equal(contentOf(log), '')
    log.configure(0, 0)
    assert.equal(contentOf(log), 'one\n')
    log.close()
  })

  it('goes on in a new file after it was renamed and opened anew', () => {
    const log = makeLog({ bufferBytes: 1000 })
    log.write('old\n')
    renameSync(log.path, `${log.path}.1`)
    log.reopen()
    log.write('new\n')
    log.close()
    assert.equal(readFileSync(`${log.path}.1`, 'latin1'), 'old\n')
    assert.equal(contentOf(log), 'new\n')
  })

  it('keeps the old file when the new one cannot be opened', () => {
    const below = mkdtempSync(join(directory, 'gone-'))
    const log = new LineLog(join(below, 'a.log'), { bufferBytes: 0, flushMs: 0, onLoss: () => {} })
    const kept = openSync(log.path, 'r')
    rmSync(below, { recursive: true })
    assert.throws(() => log.reopen(), { code: 'ENOENT' })
    log.write('still\n')
    log.close()
    const bytes = Buffer.alloc(10)
    assert.equal(bytes.toString('latin1', 0, readSync(kept, bytes)), 'still\n')
    closeSync(kept)
  })

  it('throws only when it is made', () => {
    const options = { bufferBytes: 0, flushMs: 0, onLoss: () => {} }
    assert.throws(() => new LineLog(join(directory, 'none', 'a.log'), options), { code: 'ENOENT' })
    assert.throws(() => new LineLog(directory, options), { code: 'EISDIR' })
  })

  it('counts what a full disk did not take, and goes on', () => {
    const losses: [number, string][] = []
    const log = new LineLog('/dev/full', {
      bufferBytes: 0,
      flushMs: 0,
      onLoss: (lines, reason) => losses.push([lines, reason]),
    })
    log.write('one\ntwo\n')
    log.write('three\n')
    log.flush()
    log.write('four\n')
    log.flush()
    log.close()
    assert.deepEqual(
      losses.map(([lines]) => lines),
      [3, 1],
    )
    assert.match(losses[0]![1], /^28: No space left on device$/)
  })

  it('keeps the rest for a pipe whose reader is behind', async () => {
    // An end that must not wait: opening the path of a non-blocking pipe's end gives a blocking one, so the open call
    // is led to the descriptor itself.
    const path = join(directory, 'pipe')
    execFileSync('mkfifo', [path])
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    const original = fs.openSync
    fs.openSync = (() => writer) as typeof fs.openSync
    syncBuiltinESMExports()
    const log = makeLog()
    fs.openSync = original
    syncBuiltinESMExports()
    const lines = Array.from({ length: 30_000 }, (_, i) => `line ${i}\n`)
    for (const line of lines) log.write(line)
    let text = ''
    const bytes = Buffer.alloc(65536)
    while (text.length < lines.join('').length) {
      await nextTurn()
      try {
        text += bytes.toString('latin1', 0, readSync(reader, bytes))
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
      }
    }
    assert.equal(text, lines.join(''))
    log.close()
    closeSync(reader)
  })

  it('takes nothing after it was closed', async () => {
    const log = makeLog()
    log.close()
    log.write('late\n')
    await nextTurn()
    log.close()
    assert.equal(contentOf(log), '')
  })
})
