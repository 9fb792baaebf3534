// A response that becomes a plain file: its access and date, the directories above it, a temporary directory on another
// disk, and that a failure leaves nothing.

import assert from 'node:assert/strict'
import fs, { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type FileCalls, SYSTEM_FILES } from '../../../src/cache/store/file-calls.ts'
import { PlainFile } from '../../../src/cache/store/plain-file.ts'
import { afterTest } from '../../harness/after-test.ts'

type Callback = (error: Error | null) => void

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(code), { code, syscall })
}

/** A rename that says EXDEV unless both names are in one directory. */
const ACROSS: Partial<FileCalls> = {
  rename: ((from: string | Buffer, to: Buffer, onDone: Callback) => {
    const directory = (path: string | Buffer) => String(path).replace(/[^/]*$/, '')
    if (directory(from) === directory(to)) fs.rename(from, to, onDone)
    else fs.stat(directory(to), error => onDone(error ?? systemError('EXDEV', 'rename')))
  }) as FileCalls['rename'],
}

function failing(call: 'chmod' | 'utimes' | 'rename' | 'copyFile' | 'mkdir', code: string) {
  const own = (...values: unknown[]) =>
    setImmediate(() => (values.at(-1) as Callback)(systemError(code, call)))
  return { [call]: own } as Partial<FileCalls>
}

interface Wanted {
  readonly name?: string
  readonly mode?: number
  readonly modifiedSeconds?: number
  readonly files?: Partial<FileCalls>
}

interface Made {
  readonly error: Error | null
  readonly root: string
  /** What is in the directory for temporary files. */
  readonly left: readonly string[]
}

async function make(t: TestContext, wanted: Wanted): Promise<Made> {
  const directory = mkdtempSync(join(tmpdir(), 'plain-file-'))
  afterTest(t, () => rmSync(directory, { recursive: true, force: true }))
  const root = join(directory, 'root')
  const tempPath = join(directory, 'temp')
  mkdirSync(root)
  const file = new PlainFile({
    files: { ...SYSTEM_FILES, ...wanted.files },
    tempPath,
    target: `${root}/${wanted.name ?? 'file'}`,
    mode: wanted.mode ?? 0o600,
    modifiedSeconds: wanted.modifiedSeconds ?? Number.NaN,
  })
  const call = (run: (onDone: Callback) => void) => new Promise<Error | null>(run)
  assert.equal(await call(onDone => file.open(onDone)), null)
  assert.equal(readdirSync(tempPath).length, 1)
  const pieces = [Buffer.from('hello '), Buffer.alloc(0), Buffer.from('world')]
  assert.equal(await call(onDone => file.write(pieces, 0, onDone)), null)
  file.close()
  const error = await call(onDone => file.publish(onDone))
  // Its removal is not waited for.
  const until = performance.now() + 5_000
  while (readdirSync(tempPath).length > 0 && performance.now() < until)
    await new Promise(resolve => setImmediate(resolve))
  return { error, root, left: readdirSync(tempPath) }
}

const modeOf = (path: string): number => statSync(path).mode & 0o777

describe('PlainFile', () => {
  for (const [disk, files] of [
    ['on one disk', {}],
    ['across disks', ACROSS],
  ] as const) {
    it(`has all bytes, the access and the date that were given (${disk})`, async t => {
      const { error, root, left } = await make(t, {
        mode: 0o640,
        modifiedSeconds: 1_000_000,
        files,
      })
      assert.equal(error, null)
      assert.deepEqual([readdirSync(root), left], [['file'], []])
      const path = join(root, 'file')
      assert.equal(readFileSync(path, 'utf8'), 'hello world')
      assert.deepEqual([modeOf(path), statSync(path).mtimeMs], [0o640, 1_000_000_000])
    })

    it(`makes the directories that are missing (${disk})`, async t => {
      const { error, root, left } = await make(t, { name: 'a/b/c', mode: 0o640, files })
      assert.deepEqual([error, left, readdirSync(join(root, 'a/b'))], [null, [], ['c']])
      const mask = process.umask()
      for (const name of ['a', 'a/b']) assert.equal(modeOf(join(root, name)), 0o750 & ~mask)
    })
  }

  it('gives who may read files the search of directories, and nobody else', async t => {
    const mask = process.umask()
    for (const [mode, directory] of [
      [0o600, 0o700],
      [0o644, 0o755],
      [0o604, 0o705],
      [0o400, 0o500],
    ] as const) {
      const { root } = await make(t, { name: 'a/file', mode })
      assert.equal(modeOf(join(root, 'a')), directory & ~mask)
      assert.equal(modeOf(join(root, 'a/file')), mode)
    }
  })

  it('takes names as bytes', async t => {
    const { error, root } = await make(t, { name: 'caf\xe9' })
    assert.equal(error, null)
    const names = readdirSync(root, { encoding: 'buffer' }).map(name => name.toString('latin1'))
    assert.deepEqual(names, ['caf\xe9'])
  })

  const FAILURES: readonly (readonly [string, Partial<FileCalls>, string])[] = [
    ['access that cannot be given', failing('chmod', 'EPERM'), 'chmod'],
    ['a date that cannot be given', failing('utimes', 'EPERM'), 'utimes'],
    ['a place that cannot be had', failing('rename', 'EACCES'), 'rename'],
    ['directories that cannot be made', failing('mkdir', 'EACCES'), 'mkdir'],
    ['a copy that cannot be made', { ...ACROSS, ...failing('copyFile', 'ENOSPC') }, 'copyfile'],
  ]
  for (const [name, files, call] of FAILURES) {
    it(`leaves nothing after ${name}, and tells why`, async t => {
      const wanted = { name: 'a/file', modifiedSeconds: 1, files }
      const { error, root, left } = await make(t, wanted)
      const { syscall } = error as NodeJS.ErrnoException
      assert.equal(syscall?.toLowerCase(), call)
      assert.deepEqual(left, [])
      const rest = readdirSync(root, { recursive: true })
      assert.ok(
        rest.every(path => String(path) === 'a'),
        String(rest),
      )
    })
  }

  it('forgets a file that is not wanted any more', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'plain-file-'))
    afterTest(t, () => rmSync(directory, { recursive: true, force: true }))
    const unlinked = Promise.withResolvers<void>()
    const unlink = ((path: string, onDone: Callback) =>
      fs.unlink(path, error => {
        onDone(error)
        unlinked.resolve()
      })) as FileCalls['unlink']
    const file = new PlainFile({
      files: { ...SYSTEM_FILES, unlink },
      tempPath: directory,
      target: join(directory, 'never'),
      mode: 0o600,
      modifiedSeconds: Number.NaN,
    })
    await new Promise<void>(resolve => file.open(() => resolve()))
    file.discard()
    await unlinked.promise
    file.close()
    assert.deepEqual([readdirSync(directory), file.path], [[], ''])
  })
})
