// Whatever the disk does, the response reaches its readers whole; one line says what went wrong.

import assert from 'node:assert/strict'
import fs, { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import type { EntryWriter } from '../../../src/cache/store/cache-store.ts'
import type { FileCalls } from '../../../src/cache/store/file-calls.ts'
import {
  append,
  begin,
  end,
  fill,
  find,
  keyOf,
  load,
  pattern,
  readAll,
  readEntry,
  StoreFixture,
} from './store-fixture.ts'

type Callback = (error: NodeJS.ErrnoException | null, ...values: unknown[]) => void

function systemError(code: string, syscall: string, path?: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code, syscall, ...(path === undefined ? {} : { path }) })
}

/** Calls that fail as the disk would. */
function failing(call: keyof FileCalls, code: string, from = 1): Partial<FileCalls> {
  let calls = 0
  const own = (...values: unknown[]) => {
    calls++
    const callback = values.at(-1) as Callback
    const path = typeof values[0] === 'string' ? values[0] : undefined
    if (calls < from) (fs[call] as (...values: unknown[]) => void)(...values)
    else setImmediate(() => callback(systemError(code, call, path)))
  }
  return { [call]: own } as Partial<FileCalls>
}

/** Everything that is written goes to a disk that is full. */
const FULL: Partial<FileCalls> = {
  open: ((
    path: string,
    flags: string,
    mode: number,
    onOpen: (error: Error | null, fd: number) => void,
  ) => {
    fs.open(flags === 'wx+' ? '/dev/full' : path, flags === 'wx+' ? 'r+' : flags, mode, onOpen)
  }) as FileCalls['open'],
}

const ROWS: { name: string; files: () => Partial<FileCalls>; line: RegExp }[] = [
  {
    name: 'a disk that is full',
    files: () => FULL,
    line: /writev?\(\) ".*" failed \(28: No space left on device\)/,
  },
  {
    name: 'a disk that becomes full in the middle',
    files: () => failing('writev', 'ENOSPC', 4),
    line: /writev?\(\) ".*" failed \(28: No space left on device\)/,
  },
  {
    name: 'a read-only file system',
    files: () => failing('open', 'EROFS'),
    line: /open\(\) ".*" failed \(30: Read-only file system\)/,
  },
  {
    name: 'a directory that may not be written to',
    files: () => failing('open', 'EACCES'),
    line: /open\(\) ".*" failed \(13: Permission denied\)/,
  },
  {
    name: 'a disk that breaks',
    files: () => failing('writev', 'EIO'),
    line: /writev?\(\) ".*" failed \(5: Input\/output error\)/,
  },
  {
    name: 'a rename that fails',
    files: () => failing('rename', 'EACCES'),
    line: /rename\(\) ".*" failed \(13: Permission denied\)/,
  },
]

async function appendAll(writer: EntryWriter, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += 50_000) {
    if (append(writer, bytes.subarray(at, at + 50_000))) continue
    await new Promise<void>(resolve => {
      writer.onReady = resolve
    })
  }
}

describe('DiskStore', () => {
  for (const { name, files, line } of ROWS) {
    it(`serves a response past ${name}`, async () => {
      for (const size of [1000, 3_000_000]) {
        const fixture = new StoreFixture({ files: files() })
        const key = keyOf(`${name} ${size}`)
        const body = pattern(size)
        const writer = await begin(fixture.store, key, size)
        const reads = readEntry(writer.entry)
        await appendAll(writer, body)
        // A small body may be whole before the disk has failed.
        if (await end(writer)) assert.ok(size === 1000 && name.includes('in the middle'))
        else assert.equal(await load(fixture.store, key), null)
        assert.ok((await reads).equals(body))
        writer.entry.release()
        if (fixture.lines.length > 0) {
          assert.equal(fixture.lines.length, 1)
          assert.match(fixture.lines[0]!, line)
          assert.match(fixture.lines[0]!, /^crit: .*, the response is not stored in the cache$/)
        } else {
          assert.ok(size === 1000 && name.includes('in the middle'))
        }
        fixture.remove()
      }
    })
  }

  it('says once in ten seconds that the disk fails, and then how often it did', async () => {
    const fixture = new StoreFixture({ files: FULL })
    for (let i = 0; i < 5; i++)
      assert.equal(await fill(fixture.store, keyOf(`${i}`), pattern(10)), false)
    assert.equal(fixture.lines.length, 1)
    fixture.clock.wallSeconds += 10
    assert.equal(await fill(fixture.store, keyOf('later'), pattern(10)), false)
    assert.match(fixture.lines[1]!, /, and 4 failures like it before$/)
    assert.equal(fixture.zone.counters.totals().storeFailures, 6)
    fixture.remove()
  })

  it('makes the peer wait for the slowest reader once the disk has failed, and frees memory', async () => {
    const fixture = new StoreFixture({ files: failing('writev', 'ENOSPC', 3) })
    const body = pattern(4_000_000)
    const writer = await begin(fixture.store, keyOf('slow'), body.length)
    const source = writer.entry.open(0, body.length)
    const pieces: Buffer[] = []
    let at = 0
    let isHeld = false
    while (at < body.length) {
      const isReady = new Promise<void>(resolve => {
        writer.onReady = resolve
      })
      if (!append(writer, body.subarray(at, at + 50_000))) {
        isHeld = true
        let isOn = false
        void isReady.then(() => {
          isOn = true
        })
        while (!isOn) {
          const bytes = source.read()
          if (bytes !== 'wait' && bytes !== null) pieces.push(Buffer.from(bytes))
          await new Promise(setImmediate)
        }
      }
      at += 50_000
    }
    assert.ok(isHeld)
    assert.equal(await end(writer), false)
    pieces.push(await readAll(source))
    assert.ok(Buffer.concat(pieces).equals(body))
    writer.entry.release()
    fixture.remove()
  })

  it('keeps what nobody has opened yet when the disk has failed', async () => {
    const fixture = new StoreFixture({ files: FULL })
    const body = pattern(1_000_000)
    const writer = await begin(fixture.store, keyOf('unopened'), body.length)
    let at = 0
    let isTaken = true
    while (isTaken && at < body.length) {
      isTaken = append(writer, body.subarray(at, at + 50_000))
      at += 50_000
      // The first full block finds out.
      while (at > 65_536 && fixture.lines.length === 0) await new Promise(setImmediate)
    }
    assert.ok(!isTaken && at < 600_000)
    const reads = readEntry(writer.entry)
    await appendAll(writer, body.subarray(at))
    assert.equal(await end(writer), false)
    assert.ok((await reads).equals(body))
    writer.entry.release()
    fixture.remove()
  })

  it('goes on storing where only the directories of the levels have gone', async () => {
    const fixture = new StoreFixture()
    assert.ok(await fill(fixture.store, keyOf('a'), pattern(100)))
    for (const name of fs.readdirSync(fixture.root))
      rmSync(join(fixture.root, name), { recursive: true })
    assert.ok(await fill(fixture.store, keyOf('a'), pattern(100)))
    assert.ok((await load(fixture.store, keyOf('a')))?.equals(pattern(100)))
    fixture.remove()
  })

  it('does not make the directory of the cache anew, and stores again when it is back', async () => {
    const fixture = new StoreFixture()
    assert.ok(await fill(fixture.store, keyOf('a'), pattern(100)))
    rmSync(fixture.root, { recursive: true })
    assert.equal(await load(fixture.store, keyOf('a')), null)
    assert.equal(await fill(fixture.store, keyOf('a'), pattern(100)), false)
    assert.equal(fs.existsSync(fixture.root), false)
    assert.equal(fixture.lines.length, 1)
    assert.match(fixture.lines[0]!, /^crit: mkdir\(\) ".*" failed \(2: No such file or directory\)/)
    mkdirSync(fixture.root)
    assert.ok(await fill(fixture.store, keyOf('a'), pattern(100)))
    fixture.remove()
  })

  it('says what hinders it from reading a file, and leaves the file', async () => {
    let isBroken = false
    const openSync = (path: string, flags: string) => {
      if (isBroken) throw systemError('EMFILE', 'open', path)
      return fs.openSync(path, flags)
    }
    const fixture = new StoreFixture({ files: { openSync: openSync as FileCalls['openSync'] } })
    assert.ok(await fill(fixture.store, keyOf('a'), pattern(100)))
    isBroken = true
    assert.equal(await load(fixture.store, keyOf('a')), null)
    assert.match(fixture.lines[0]!, /^crit: open\(\) ".*" failed \(24: Too many open files\)$/)
    isBroken = false
    assert.ok((await load(fixture.store, keyOf('a')))?.equals(pattern(100)))
    fixture.remove()
  })

  it('fails a reader when the file cannot be read any more', async () => {
    const fixture = new StoreFixture()
    const key = keyOf('unreadable')
    assert.ok(await fill(fixture.store, key, pattern(400_000)))
    const broken = new StoreFixture(
      { files: failing('readv', 'EIO', 2), isCold: true },
      1,
      fixture.root,
    )
    const { entry } = await find(broken.store, key)
    const source = entry!.open(0, 400_000)
    const bytes = await readAll(source)
    assert.ok(bytes.length < 400_000 && bytes.equals(pattern(400_000).subarray(0, bytes.length)))
    assert.match(source.failure!.detail, /^read\(\) ".*" failed \(5: Input\/output error\)$/)
    entry!.release()
    fixture.remove()
  })

  it('writes in the directory for temporary files where the cache says so', async () => {
    const tempPath = mkdtempSync(join(tmpdir(), 'store-temp-'))
    after(() => rmSync(tempPath, { recursive: true }))
    const fixture = new StoreFixture({ tempPath })
    const writer = await begin(fixture.store, keyOf('a'), 300_000)
    append(writer, pattern(300_000))
    while (fs.readdirSync(tempPath).length === 0) await new Promise(setImmediate)
    assert.deepEqual(fixture.files(), [])
    assert.ok(await end(writer))
    writer.entry.release()
    assert.deepEqual(fs.readdirSync(tempPath), [])
    assert.ok((await load(fixture.store, keyOf('a')))?.equals(pattern(300_000)))
    fixture.remove()
  })

  it('copies a file from another file system before it takes its place', async () => {
    const tempPath = mkdtempSync(join(tmpdir(), 'store-temp-'))
    after(() => rmSync(tempPath, { recursive: true }))
    const rename = (from: string, to: string, onDone: (error: Error | null) => void) => {
      if (from.startsWith(tempPath))
        setImmediate(() => onDone(systemError('EXDEV', 'rename', from)))
      else fs.rename(from, to, onDone)
    }
    const fixture = new StoreFixture({ tempPath, files: { rename: rename as FileCalls['rename'] } })
    assert.ok(await fill(fixture.store, keyOf('a'), pattern(300_000)))
    assert.ok((await load(fixture.store, keyOf('a')))?.equals(pattern(300_000)))
    assert.equal(fixture.files().length, 1)
    for (let i = 0; i < 1000 && fs.readdirSync(tempPath).length > 0; i++)
      await new Promise(setImmediate)
    assert.deepEqual(fs.readdirSync(tempPath), [])
    fixture.remove()
  })
})
