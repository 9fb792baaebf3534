// Whatever the order of writing, reading and closing, and wherever the bytes lie, a spool gives back what it took.

import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'

import { Spool, type SpoolOptions } from '../../src/proxy/spool.ts'
import type { SpoolReader } from '../../src/proxy/spool-reader.ts'

const directory = mkdtempSync(join(tmpdir(), 'spool-'))
after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }))

function makeSpool(options: Partial<SpoolOptions> = {}): Spool {
  return new Spool({
    memoryBytesMax: 1000,
    fileBytesMax: 1e9,
    tempPath: directory,
    writeBytes: 1,
    ...options,
  })
}

/** Bytes of which each place in the stream is recognisable. */
function pattern(from: number, to: number): Buffer {
  const bytes = Buffer.alloc(to - from)
  for (let i = 0; i < bytes.length; i++) bytes[i] = ((from + i) * 31 + ((from + i) >> 8)) & 0xff
  return bytes
}

function append(spool: Spool, size: number): string {
  const bytes = pattern(spool.length, spool.length + size)
  const borrowed = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')])
  const result = spool.append(borrowed, 6, 6 + size)
  // The buffer is only borrowed: its owner reads the next bytes into it.
  borrowed.fill(0xee)
  return result
}

function readable(reader: SpoolReader): Promise<void> {
  return new Promise(resolve => {
    reader.onReadable = resolve
  })
}

function ready(spool: Spool): Promise<void> {
  return new Promise(resolve => {
    spool.onReady = resolve
  })
}

async function readAll(reader: SpoolReader): Promise<Buffer> {
  const pieces: Buffer[] = []
  for (;;) {
    const bytes = reader.read()
    if (bytes === null) return Buffer.concat(pieces)
    if (bytes === 'wait') await readable(reader)
    else pieces.push(Buffer.from(bytes))
  }
}

function assertSame(actual: Buffer, expected: Buffer): void {
  assert.equal(actual.length, expected.length)
  assert.ok(actual.equals(expected), 'same length, other bytes')
}

describe('Spool', () => {
  it('keeps small bodies in memory and makes no file', async () => {
    const spool = makeSpool({ tempPath: join(directory, 'unused') })
    assert.equal(append(spool, 999), 'ok')
    spool.end()
    assert.ok(spool.isInMemory)
    assertSame(await readAll(spool.reader()), pattern(0, 999))
    assert.equal(readdirSync(directory).includes('unused'), false)
    spool.close()
  })

  it('joins many small pieces into few buffers', () => {
    const spool = makeSpool()
    for (let i = 0; i < 300; i++) append(spool, 3)
    spool.end()
    const reader = spool.reader()
    assertSame(reader.read() as Buffer, pattern(0, 900))
    assert.equal(reader.read(), null)
    spool.close()
  })

  it('puts what is beyond the memory bound into a private file that goes away on close', async () => {
    const own = join(directory, 'made', 'on', 'demand')
    const spool = makeSpool({ tempPath: own })
    append(spool, 50_000)
    spool.end()
    const reader = spool.reader()
    while (spool.path === '') await new Promise(resolve => setImmediate(resolve))
    assert.equal(statSync(own).mode & 0o777, 0o700)
    assert.equal(statSync(spool.path).mode & 0o777, 0o600)
    assert.match(spool.path, /\/[0-9a-f]{32}$/)
    assertSame(await readAll(reader), pattern(0, 50_000))
    spool.close()
    while (readdirSync(own).length > 0) await new Promise(resolve => setImmediate(resolve))
  })

  it('can be read again from the start, and from the middle', async () => {
    const spool = makeSpool()
    append(spool, 200_000)
    spool.end()
    for (const position of [0, 0, 1, 999, 1000, 1001, 150_000, 200_000]) {
      const reader = spool.reader(position)
      assertSame(await readAll(reader), pattern(position, 200_000))
      reader.close()
    }
    spool.close()
  })

  it('gives pieces of at most 64 KiB', async () => {
    const spool = makeSpool({ memoryBytesMax: 300_000 })
    append(spool, 1_000_000)
    spool.end()
    const reader = spool.reader()
    for (let bytes = reader.read(); bytes !== null; bytes = reader.read()) {
      if (bytes === 'wait') await readable(reader)
      else assert.ok(bytes.length > 0 && bytes.length <= 65536)
    }
    spool.close()
  })

  it('refuses exactly what passes both bounds, and takes nothing of it', async () => {
    const spool = makeSpool({ memoryBytesMax: 10, fileBytesMax: 20 })
    assert.equal(append(spool, 30), 'ok')
    assert.equal(append(spool, 1), 'full')
    assert.equal(spool.length, 30)
    spool.end()
    assertSame(await readAll(spool.reader()), pattern(0, 30))
    spool.close()
  })

  it('asks the writer to pause while the disk is behind, and calls it back', async () => {
    const spool = makeSpool()
    let result = 'ok'
    while (result === 'ok') result = append(spool, 60_000)
    assert.equal(result, 'wait')
    await ready(spool)
    assert.equal(append(spool, 1), 'ok')
    spool.end()
    assertSame(await readAll(spool.reader()), pattern(0, spool.length))
    spool.close()
  })

  it('without a file bounds unread bytes and goes on when they are read', () => {
    const spool = makeSpool({ isConsumed: true, memoryBytesMax: 100, fileBytesMax: 0 })
    const reader = spool.reader()
    assert.equal(append(spool, 60), 'ok')
    assert.equal(append(spool, 60), 'wait')
    assert.equal(append(spool, 1), 'wait')
    let readyCalls = 0
    spool.onReady = () => readyCalls++
    assertSame(reader.read() as Buffer, pattern(0, 121))
    assert.equal(readyCalls, 1)
    assert.equal(append(spool, 5000), 'wait')
    let position = 121
    while (position < 5121) {
      const bytes = reader.read() as Buffer
      assertSame(bytes, pattern(position, position + bytes.length))
      position += bytes.length
    }
    assert.equal(reader.read(), 'wait')
    assert.equal(readyCalls, 2)
    spool.close()
  })

  it('uses a consumed file from its start again once it was read', async () => {
    const spool = makeSpool({ isConsumed: true, memoryBytesMax: 100, fileBytesMax: 100_000 })
    const reader = spool.reader()
    let position = 0
    for (let round = 0; round < 20; round++) {
      let isPaused = append(spool, 90_000) === 'wait'
      spool.onReady = () => {
        isPaused = false
      }
      while (position < spool.length) {
        const bytes = reader.read()
        assert.ok(bytes !== null)
        if (bytes === 'wait') {
          await readable(reader)
          continue
        }
        assertSame(bytes, pattern(position, position + bytes.length))
        position += bytes.length
      }
      if (isPaused) await ready(spool)
      if (spool.path !== '') assert.ok(statSync(spool.path).size <= 190_000)
    }
    spool.end()
    assert.equal(reader.read(), null)
    assert.equal(reader.failure, null)
    spool.close()
  })

  it('wakes a reader that waits for the writer', async () => {
    const spool = makeSpool()
    const reader = spool.reader()
    assert.equal(reader.read(), 'wait')
    const all = readable(reader).then(() => readAll(reader))
    append(spool, 10)
    await Promise.resolve()
    spool.end()
    assertSame(await all, pattern(0, 10))
    spool.close()
  })

  const asFile = join(directory, 'a-file')
  writeFileSync(asFile, '')
  const unwritable = mkdtempSync(join(directory, 'unwritable-'))
  chmodSync(unwritable, 0o500)
  const badPaths = [
    {
      name: 'is a file',
      tempPath: asFile,
      detail: /^(open|mkdir)\(\) "[^"]+" failed \(20: Not a directory\)$/,
    },
    {
      name: 'cannot be made',
      tempPath: join(asFile, 'below'),
      detail: /Not a directory|No such file/,
    },
    {
      name: 'has a name too long',
      tempPath: join(directory, 'x'.repeat(300)),
      detail: /File name too long/,
    },
    ...(process.getuid?.() === 0
      ? []
      : [{ name: 'may not be written', tempPath: unwritable, detail: /13: Permission denied/ }]),
  ]
  for (const { name, tempPath, detail } of badPaths) {
    it(`fails, and does not throw, when the directory ${name}`, async () => {
      const spool = makeSpool({ tempPath })
      const reader = spool.reader()
      const failed = new Promise<void>(resolve => {
        spool.onFailure = resolve
      })
      assert.equal(append(spool, 2000), 'ok')
      const woken = readAll(reader)
      await failed
      assert.equal(spool.failure?.failure, 'spool_failed')
      assert.match(spool.failure.detail, detail)
      await woken
      assert.equal(reader.read(), null)
      assert.equal(reader.failure, spool.failure)
      assert.equal(append(spool, 1), 'full')
      spool.close()
    })
  }

  it('fails when the disk is full', async t => {
    try {
      statSync('/dev/full')
    } catch {
      t.skip('no /dev/full here')
      return
    }
    // The only full disk at hand is a device, so the open call is led there.
    const spool = makeSpool({ tempPath: directory })
    const { syncBuiltinESMExports } = await import('node:module')
    const fs = (await import('node:fs')).default
    const original = fs.open
    fs.open = ((
      _path: string,
      _flags: string,
      _mode: number,
      done: (e: Error | null, fd: number) => void,
    ) => original('/dev/full', 'r+', done)) as typeof fs.open
    syncBuiltinESMExports()
    const failed = new Promise<void>(resolve => {
      spool.onFailure = resolve
    })
    append(spool, 2000)
    fs.open = original
    syncBuiltinESMExports()
    await failed
    assert.match(
      spool.failure?.detail ?? '',
      /^write\(\) "[^"]+" failed \(28: No space left on device\)$/,
    )
    spool.close()
  })

  it('may be closed at any moment, twice, and calls nobody afterwards', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const spool = makeSpool()
      const reader = spool.reader()
      append(spool, 300_000)
      reader.read()
      spool.onReady = spool.onFailure = reader.onReadable = () => assert.fail('called after close')
      const quiet = spool.onReady
      spool.onReady = spool.onFailure = reader.onReadable = null
      for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
      spool.onReady = spool.onFailure = reader.onReadable = quiet
      spool.close()
      spool.close()
      assert.equal(reader.read(), null)
      assert.equal(append(spool, 1), 'full')
    }
    while (readdirSync(directory).some(name => /^[0-9a-f]{32}$/.test(name))) {
      await new Promise(resolve => setImmediate(resolve))
    }
  })

  it('gives back what it took, for any interleaving and any bounds', async () => {
    const sizes = fc.oneof(
      { weight: 4, arbitrary: fc.nat(40) },
      { weight: 2, arbitrary: fc.nat(3000) },
      { weight: 1, arbitrary: fc.nat(90_000) },
    )
    const step = fc.oneof(
      fc.record({ act: fc.constant('append' as const), size: sizes }),
      fc.record({ act: fc.constant('read' as const), size: fc.nat(4) }),
      fc.record({ act: fc.constant('turn' as const), size: fc.nat(3) }),
      fc.record({ act: fc.constant('restart' as const), size: fc.nat(1000) }),
    )
    const bounds = fc.record({
      memoryBytesMax: fc.oneof(fc.constant(0), fc.nat(50), fc.nat(100_000)),
      fileBytesMax: fc.oneof(fc.constant(0), fc.nat(100), fc.nat(1_000_000)),
      writeBytes: fc.oneof(fc.constant(1), fc.nat(10_000)),
      isConsumed: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(bounds, fc.array(step, { maxLength: 60 }), async (options, steps) => {
        const spool = makeSpool(options)
        let reader = spool.reader()
        let position = 0
        let held: Buffer = Buffer.alloc(0)
        let heldFrom = 0
        const readOne = (): Buffer | 'wait' | null => {
          // What was given out is the caller's until now, whatever happened in between.
          assertSame(held, pattern(heldFrom, heldFrom + held.length))
          const bytes = reader.read()
          if (bytes === null || bytes === 'wait') return bytes
          held = bytes
          heldFrom = position
          position += bytes.length
          return bytes
        }
        let isPaused = false
        for (const { act, size } of steps) {
          if (act === 'append' && !isPaused) {
            const before = spool.length
            const result = append(spool, size)
            if (result === 'full') {
              assert.equal(spool.length, before)
              assert.equal(options.isConsumed, false, 'a consumed spool says wait before')
              assert.ok(before + size > options.memoryBytesMax + options.fileBytesMax)
            } else {
              assert.equal(spool.length, before + size)
            }
            if (result === 'wait') {
              isPaused = true
              spool.onReady = () => {
                isPaused = false
              }
            }
          } else if (act === 'read') {
            for (let i = 0; i < size; i++) readOne()
          } else if (act === 'turn') {
            for (let i = 0; i < size; i++) await new Promise(resolve => setImmediate(resolve))
          } else if (act === 'restart' && !options.isConsumed) {
            reader.close()
            position = Math.min(size, spool.length)
            reader = spool.reader(position)
            held = Buffer.alloc(0)
          }
        }
        while (position < spool.length) {
          const bytes = readOne()
          assert.notEqual(bytes, null)
          if (bytes === 'wait') await readable(reader)
        }
        // All was read: nothing may keep the writer of a consumed spool.
        if (isPaused) await new Promise<void>(resolve => (spool.onReady = resolve))
        spool.end()
        assert.equal(readOne(), null)
        assert.equal(spool.failure, null)
        spool.close()
      }),
      { numRuns: 300 },
    )
  })

  for (const [file, isLeft] of [
    ['removed', false],
    ['kept', true],
  ] as const) {
    it(`has every byte in a file that is ${file}`, async () => {
      const spool = makeSpool({ file, writeBytes: 1000 })
      append(spool, 2500)
      const stored = new Promise<void>(resolve => {
        spool.onStored = resolve
      })
      spool.end()
      await stored
      const { path } = spool
      assert.deepEqual(readFileSync(path), pattern(0, 2500))
      spool.close()
      const until = performance.now() + 5_000
      while (!isLeft && existsSync(path) && performance.now() < until)
        await new Promise(resolve => setImmediate(resolve))
      assert.equal(existsSync(path), isLeft)
    })
  }

  it('says at once that nothing is stored', () => {
    const spool = makeSpool({ file: 'kept' })
    let count = 0
    spool.onStored = () => count++
    spool.end()
    assert.deepEqual([count, spool.path], [1, ''])
    spool.close()
  })

  it('keeps no file of a body that broke off', async () => {
    const spool = makeSpool({ file: 'kept' })
    append(spool, 5000)
    while (spool.path === '') await new Promise(resolve => setImmediate(resolve))
    const { path } = spool
    spool.close()
    const until = performance.now() + 5_000
    while (existsSync(path) && performance.now() < until)
      await new Promise(resolve => setImmediate(resolve))
    assert.equal(existsSync(path), false)
  })

  it('is one text while it is in memory', () => {
    const spool = makeSpool({ memoryBytesMax: 5000 })
    append(spool, 3000)
    spool.end()
    assert.equal(spool.text, pattern(0, 3000).toString('latin1'))
    spool.close()
    const large = makeSpool({ memoryBytesMax: 100 })
    append(large, 3000)
    assert.equal(large.text, null)
    large.close()
  })
})
