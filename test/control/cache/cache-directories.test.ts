// As nginx at its start: the last level is made, for nobody else; a check makes nothing and says what a start would.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import {
  checkCacheDirectories,
  makeCacheDirectories,
} from '../../../src/control/cache/cache-directories.ts'
import { makeCachePath } from './cache-fixture.ts'

const root = mkdtempSync(join(tmpdir(), 'cache-directories-'))
after(() => rmSync(root, { recursive: true }))
writeFileSync(join(root, 'file'), '')
mkdirSync(join(root, 'there'), { mode: 0o755 })

const origin = { file: 'a.conf', line: 3, column: 20, endColumn: 30 }

function caches(...names: string[]) {
  return {
    caches: names.map(name => ({
      ...makeCachePath({ path: join(root, name), name }),
      origins: { path: origin },
    })),
  }
}

const REFUSED: { name: string; path: string; says: string }[] = [
  {
    name: 'what is missing above the last level',
    path: 'none/cache',
    says: `mkdir() "${root}/none/cache" failed (2: No such file or directory)`,
  },
  { name: 'a file', path: 'file', says: `mkdir() "${root}/file" failed (it is no directory)` },
  {
    name: 'what is below a file',
    path: 'file/cache',
    says: `mkdir() "${root}/file/cache" failed (20: Not a directory)`,
  },
]

describe('makeCacheDirectories', () => {
  it('makes what is missing for nobody else, and leaves what is there as it is', () => {
    makeCacheDirectories(caches('there', 'new'))
    assert.equal(statSync(join(root, 'new')).mode & 0o777, 0o700)
    assert.equal(statSync(join(root, 'there')).mode & 0o777, 0o755)
  })

  for (const { name, path, says } of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.throws(() => makeCacheDirectories(caches(path)), { message: says })
    })
  }
})

describe('checkCacheDirectories', () => {
  it('makes nothing', () => {
    assert.deepEqual(checkCacheDirectories(caches('there', 'later')), [])
    assert.equal(existsSync(join(root, 'later')), false)
  })

  for (const { name, path, says } of REFUSED) {
    it(`finds ${name}, at its place`, () => {
      assert.deepEqual(checkCacheDirectories(caches(path)), [
        { severity: 'error', message: says, origin, hint: '' },
      ])
    })
  }
})
