import assert from 'node:assert/strict'
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { makePipe, type ProgramPipe } from '../../src/probe/program-pipe.ts'

const directory = mkdtempSync(join(tmpdir(), 'headgate-pipe-test-'))
process.env.TMPDIR = directory
after(() => rmdirSync(directory))

function made(byProgram: 'written' | 'read'): ProgramPipe {
  const pipe = makePipe(byProgram)
  assert.ok(pipe !== null)
  return pipe
}

function drop(pipe: ProgramPipe): void {
  closeSync(pipe.ours)
  closeSync(pipe.theirs)
}

/** What the system says of a descriptor: access mode and flags. */
function flags(fd: number): number {
  return Number.parseInt(
    /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))![1]!,
    8,
  )
}
const O_NONBLOCK = 0o4000

describe('makePipe', () => {
  it('leads from the program to us, or from us to the program', () => {
    for (const byProgram of ['written', 'read'] as const) {
      const pipe = made(byProgram)
      const [from, to] =
        byProgram === 'written' ? [pipe.theirs, pipe.ours] : [pipe.ours, pipe.theirs]
      assert.ok(fstatSync(to).isFIFO())
      writeSync(from, 'text')
      const bytes = Buffer.alloc(10)
      assert.equal(bytes.toString('utf8', 0, readSync(to, bytes)), 'text')
      drop(pipe)
    }
  })

  it('waits at the end of the program, and never at ours', () => {
    for (const byProgram of ['written', 'read'] as const) {
      const pipe = made(byProgram)
      assert.equal(flags(pipe.ours) & O_NONBLOCK, O_NONBLOCK)
      assert.equal(flags(pipe.theirs) & O_NONBLOCK, 0)
      drop(pipe)
    }
  })

  it('keeps apart what many get, and leaves nothing in the file system', () => {
    const pipes = Array.from({ length: 40 }, () => made('written'))
    const nodes = new Set(pipes.map(({ theirs }) => fstatSync(theirs).ino))
    assert.equal(nodes.size, pipes.length)
    for (const { ours, theirs } of pipes) assert.equal(fstatSync(ours).ino, fstatSync(theirs).ino)
    pipes.forEach(drop)
    assert.deepEqual(readdirSync(directory), [])
  })
})
