import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import type { UsersFile } from '../../src/auth/users-file.ts'
import {
  isUsersFileProblem,
  type UsersFileProblem,
  UsersFiles,
} from '../../src/auth/users-files.ts'

const OLD = 1_000_000_000

function makePlace(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'users-files-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function find(files: UsersFiles, path: string): Promise<UsersFile | UsersFileProblem> {
  return new Promise(resolve => files.find(path, resolve))
}

async function passwordOf(files: UsersFiles, path: string, user: string): Promise<string | null> {
  const users = await find(files, path)
  assert.ok(!isUsersFileProblem(users))
  return users.find(user)
}

/** By a clock that stands long after all changes, so that what was read is kept. */
const later = () => Date.now() + 3_600_000

describe('UsersFiles', () => {
  it('keeps what was read while nobody changes the file', async t => {
    const path = join(makePlace(t), 'users')
    writeFileSync(path, 'a:x\n')
    const files = new UsersFiles(later)
    assert.equal(await find(files, path), await find(files, path))
  })

  it('sees a change with the next question, also one that keeps size and date', async t => {
    const path = join(makePlace(t), 'users')
    writeFileSync(path, 'a:x\n')
    utimesSync(path, OLD, OLD)
    const files = new UsersFiles(later)
    assert.equal(await passwordOf(files, path, 'a'), 'x')
    writeFileSync(path, 'a:y\n')
    utimesSync(path, OLD, OLD)
    assert.equal(await passwordOf(files, path, 'a'), 'y')
  })

  it('reads a file again that was changed a moment ago', async t => {
    const path = join(makePlace(t), 'users')
    writeFileSync(path, 'a:x\n')
    const files = new UsersFiles(() => Date.now())
    assert.notEqual(await find(files, path), await find(files, path))
  })

  it('follows a file that takes the place of another, and a link that points elsewhere', async t => {
    const place = makePlace(t)
    const path = join(place, 'users')
    const link = join(place, 'link')
    writeFileSync(path, 'a:x\n')
    writeFileSync(`${path}.new`, 'a:z\n')
    writeFileSync(`${path}.other`, 'a:o\n')
    symlinkSync(path, link)
    const files = new UsersFiles(later)
    assert.equal(await passwordOf(files, link, 'a'), 'x')
    renameSync(`${path}.new`, path)
    assert.equal(await passwordOf(files, link, 'a'), 'z')
    rmSync(link)
    symlinkSync(`${path}.other`, link)
    assert.equal(await passwordOf(files, link, 'a'), 'o')
  })

  it('says why a file cannot be used, and uses it when it can be', async t => {
    const place = makePlace(t)
    const path = join(place, 'users')
    const files = new UsersFiles(later)
    const missing = await find(files, path)
    assert.deepEqual(missing, {
      isMissing: true,
      text: `open() "${path}" failed (2: No such file or directory)`,
    })
    writeFileSync(path, 'a:x\n')
    assert.equal(await passwordOf(files, path, 'a'), 'x')
    assert.deepEqual(await find(files, place), {
      isMissing: false,
      text: `pread() "${place}" failed (21: Is a directory)`,
    })
    const below = await find(files, `${path}/below`)
    assert.ok(isUsersFileProblem(below))
    assert.equal(below.isMissing, false)
    assert.match(below.text, /20: Not a directory/)
    const zero = await find(files, `${path}\0x`)
    assert.ok(isUsersFileProblem(zero) && zero.isMissing)
  })

  it('does not go on with a file that it may not read any more', {
    skip: process.getuid?.() === 0 && 'root may read everything',
  }, async t => {
    const path = join(makePlace(t), 'users')
    writeFileSync(path, 'a:x\n')
    const files = new UsersFiles(later)
    assert.equal(await passwordOf(files, path, 'a'), 'x')
    chmodSync(path, 0)
    assert.ok(isUsersFileProblem(await find(files, path)))
  })

  it('takes a file that is too large for no file', async t => {
    const path = join(makePlace(t), 'users')
    writeFileSync(path, '')
    const { truncateSync } = await import('node:fs')
    truncateSync(path, 17 * 1024 * 1024)
    const result = await find(new UsersFiles(later), path)
    assert.ok(isUsersFileProblem(result))
    assert.match(result.text, /has more than 16777216 bytes$/)
  })

  it('answers /dev/null with nobody', async () => {
    assert.equal(await passwordOf(new UsersFiles(later), '/dev/null', 'a'), null)
  })

  it('lets those that ask during a look see what was written before they asked', async t => {
    const path = join(makePlace(t), 'users')
    writeFileSync(path, 'a:x\n')
    const files = new UsersFiles(later)
    const first = find(files, path)
    const second = find(files, path)
    writeFileSync(path, 'a:changed\n')
    const third = passwordOf(files, path, 'a')
    assert.equal(await third, 'changed')
    await Promise.all([first, second])
  })
})
