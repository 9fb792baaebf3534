// A cache whose disk is full, read-only, gone, or full of damage: everything is answered right from the origin, the log says
// it once in a while, and when the trouble is over the cache works again.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { crc32 } from 'node:zlib'
import { encodeFastdfsName } from '../cache/fastdfs-encoder.ts'
import { afterTest } from '../harness/after-test.ts'
import { BodyOrigin, bodyBytes, type Taken, take, takeAll } from './cache-origin.ts'
import { CacheProxy, DIALECTS, until } from './cache-proxy.ts'

/** Without a hot tier: every answer has to do with the disk. */
const COLD = 'memory=0'

function paths(count: number, bytes: number, name: string): string[] {
  return Array.from({ length: count }, (_, i) => `/${bytes + i}/${name}-${i}`)
}

/** The FastDFS name of the origin's first body, or with another checksum. */
function fastdfsPath(size: number, wrongBits = 0): string {
  let sum = 0
  for (let at = 0; at < size; at += 65_536) sum = crc32(bodyBytes(1, at, size), sum)
  const facts = {
    size: BigInt(size),
    crc32: (sum ^ wrongBits) >>> 0,
    before: `/${size}/M00/00/00/`,
  }
  return encodeFastdfsName({ source: [10, 0, 0, 1], createdAt: 1_500_000_000, ...facts })
}

function wrong(taken: readonly (Taken | null)[]): (Taken | null)[] {
  return taken.filter(
    each => each === null || each.status !== 200 || !each.isWhole || each.wrongAt !== -1,
  )
}

function hits(taken: readonly (Taken | null)[]): number {
  return taken.filter(each => each?.cache === 'HIT').length
}

/** Asks until all are hits: of what was read a moment ago the file may not be in its place yet. */
async function takeUntilHits(proxy: CacheProxy, known: readonly string[]) {
  let taken: (Taken | null)[] = []
  await until(async () => {
    taken = await takeAll(proxy.port, known)
    return hits(taken) === known.length
  }, 'hits')
  return taken
}

/** Lines of the log at `crit` and above. */
function complaints(proxy: CacheProxy): string[] {
  return proxy.log.split('\n').filter(line => /\[(?:crit|alert|emerg)\]/.test(line))
}

/** A file system of its own for the cache, unmounted after the test. */
function mountSmall(t: TestContext, size: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-mount-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'headgate', directory])
  afterTest(t, () => {
    spawnSync('umount', ['-l', directory])
    rmdirSync(directory)
  })
  assert.equal(mounted.status, 0, String(mounted.stderr))
  return directory
}

function remount(directory: string, options: string): boolean {
  return spawnSync('mount', ['-o', `remount,${options}`, directory]).status === 0
}

/** The reason to skip what needs a file system of its own, or false. */
function withoutMounts(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root can mount a tmpfs'
  const trial = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'headgate', '/mnt'])
  return trial.status === 0 ? false : `no tmpfs can be mounted here: ${trial.stderr}`
}

describe('a cache whose disk is in trouble', { timeout: 120_000 }, () => {
  const skip = withoutMounts()

  for (const dialect of DIALECTS) {
    it(`answers from the origin while the disk is full, and stores again after: ${dialect}`, {
      skip,
    }, async t => {
      const origin = await BodyOrigin.open(t)
      const root = mountSmall(t, '2m')
      const proxy = new CacheProxy(t, { origin: origin.address, root, path: COLD, dialect })
      await proxy.start()
      const large = paths(20, 300_000, 'large')
      const small = paths(60, 20_000, 'small')
      assert.deepEqual(wrong(await takeAll(proxy.port, [...large, ...small])), [])
      const again = await takeAll(proxy.port, [...large, ...small])
      assert.deepEqual(wrong(again), [])
      assert.ok(hits(again) > 0 && hits(again) < again.length, `${hits(again)} hits`)
      const lines = complaints(proxy)
      t.diagnostic(`${hits(again)} of ${again.length} hits on a full disk; ${lines.join(' | ')}`)
      assert.ok(lines.length >= 1 && lines.length <= 4, lines.join('\n'))
      for (const line of lines) assert.match(line, /No space left on device\), the response is not/)
      // A body that is larger than what memory keeps of it, from an origin that is faster than the client.
      const huge = await take(proxy.port, '/5000000/huge')
      assert.deepEqual([huge.bytes, huge.wrongAt, huge.isWhole], [5_000_000, -1, true])

      assert.match((await proxy.command('purge', '--all')).stdout, /entries removed/)
      await until(() => proxy.files().length === 0, 'an empty directory')
      const few = large.slice(0, 3)
      assert.deepEqual(wrong(await takeAll(proxy.port, few)), [])
      await proxy.stored(3)
      const kept = await takeAll(proxy.port, few)
      assert.deepEqual([wrong(kept), hits(kept)], [[], 3])
      assert.ok((await proxy.statistics()).storeFailures > 0)
    })
  }

  it('answers what it has to check before, while the disk is full', { skip }, async t => {
    const origin = await BodyOrigin.open(t)
    origin.isConstant = true
    const root = mountSmall(t, '1m')
    const location = 'fastdfs_verify on;'
    const proxy = new CacheProxy(t, { origin: origin.address, root, path: COLD, location })
    await proxy.start()
    const path = fastdfsPath(3_000_000)
    for (let round = 0; round < 3; round++) {
      const { status, bytes, wrongAt, isWhole, cache } = await take(proxy.port, path)
      assert.deepEqual([status, bytes, wrongAt, isWhole], [200, 3_000_000, -1, true])
      assert.equal(cache, 'MISS')
    }
    // Nobody gets to the end of what is not the file of its name.
    const { isWhole } = await take(proxy.port, fastdfsPath(2_000_000, 1))
    assert.equal(isWhole, false)
  })

  for (const dialect of DIALECTS) {
    it(`goes on with what it has while the disk is read-only: ${dialect}`, { skip }, async t => {
      const origin = await BodyOrigin.open(t)
      const root = mountSmall(t, '20m')
      const proxy = new CacheProxy(t, { origin: origin.address, root, path: COLD, dialect })
      await proxy.start()
      const known = paths(10, 30_000, 'known')
      await takeAll(proxy.port, known)
      await proxy.stored(10)
      // A moment ago a file was still open for writing.
      await until(() => remount(root, 'ro'), 'a read-only disk')
      const before = await takeAll(proxy.port, known)
      assert.deepEqual([wrong(before), hits(before)], [[], 10])
      const fresh = [...paths(20, 30_000, 'new'), ...paths(5, 300_000, 'new')]
      for (let round = 0; round < 2; round++) {
        const answers = await takeAll(proxy.port, fresh)
        assert.deepEqual([wrong(answers), hits(answers)], [[], 0])
      }
      const lines = complaints(proxy)
      assert.ok(lines.length >= 1 && lines.length <= 4, lines.join('\n'))
      for (const line of lines) assert.match(line, /Read-only file system/)
      // What is purged is not answered any more, though its file stays.
      assert.match((await proxy.command('purge', '--key', known[0]!)).stdout, /1 entry removed/)
      assert.equal((await take(proxy.port, known[0]!)).cache, 'MISS')
      assert.ok(remount(root, 'rw'))
      await takeAll(proxy.port, [known[0]!, ...fresh])
      await proxy.stored(35)
      const after = await takeAll(proxy.port, [...known, ...fresh])
      assert.deepEqual([wrong(after), hits(after)], [[], 35])
    })
  }

  for (const [where, path, dialect] of [
    ['beside the files', COLD, 'nginx.conf'],
    ['beside the files', COLD, 'YAML'],
    ['below the directory, as FastDFS has it', `${COLD} use_temp_path=on`, 'nginx.conf'],
  ] as const) {
    it(`works again when its directory comes back; temporary files ${where}: ${dialect}`, async t => {
      const origin = await BodyOrigin.open(t)
      const proxy = new CacheProxy(t, { origin: origin.address, path, dialect })
      if (path !== COLD) proxy.configure({ temporary: join(proxy.root, 'tmp') })
      await proxy.start()
      const known = [...paths(10, 20_000, 'known'), ...paths(3, 300_000, 'known')]
      await takeAll(proxy.port, known)
      await proxy.stored(13)
      const aside = `${proxy.root}-aside`
      renameSync(proxy.root, aside)
      for (let round = 0; round < 2; round++) {
        const answers = await takeAll(proxy.port, known)
        assert.deepEqual([wrong(answers), hits(answers)], [[], 0])
      }
      await proxy.program!.says(/cache "pages": stat\(\) .* nothing is stored until it is back\n/)
      assert.equal((await proxy.statistics()).state, 'gone')
      const lines = complaints(proxy)
      assert.ok(lines.length <= 4, lines.join('\n'))
      for (const line of lines) assert.match(line, /No such file or directory/)
      renameSync(aside, proxy.root)
      await proxy.program!.says(/cache "pages": its directory is back\n/)
      assert.equal((await proxy.statistics()).state, 'ready')
      assert.deepEqual(wrong(await takeAll(proxy.port, known)), [])
      await proxy.stored(13)
      const back = await takeAll(proxy.port, known)
      assert.deepEqual([wrong(back), hits(back)], [[], 13])
      // Another disk in its place, with nothing on it; of the old one some files may still be open.
      rmSync(proxy.root, { recursive: true })
      mkdirSync(proxy.root)
      assert.deepEqual(wrong(await takeAll(proxy.port, known)), [])
      const other = [...paths(10, 20_000, 'other'), ...paths(3, 300_000, 'other')]
      assert.deepEqual(wrong(await takeAll(proxy.port, other)), [])
      const anew = await takeUntilHits(proxy, other)
      assert.deepEqual([wrong(anew), hits(anew)], [[], 13])
    })
  }

  it('answers from the origin what it cannot open', async t => {
    const origin = await BodyOrigin.open(t)
    const proxy = new CacheProxy(t, { origin: origin.address, path: COLD })
    await proxy.start()
    const known = paths(12, 20_000, 'known')
    await takeAll(proxy.port, known)
    await proxy.stored(12)
    const files = proxy.files()
    for (const [index, file] of files.slice(0, 9).entries()) {
      rmSync(file, { force: true })
      if (index % 3 === 0) mkdirSync(file)
      else if (index % 3 === 1) symlinkSync(file, file)
      else {
        rmSync(dirname(file), { recursive: true })
        writeFileSync(dirname(file), 'no directory')
      }
    }
    for (let round = 0; round < 2; round++) {
      const answers = await takeAll(proxy.port, known)
      assert.deepEqual(wrong(answers), [])
    }
    const lines = complaints(proxy)
    t.diagnostic(lines.join(' | '))
    assert.ok(lines.length >= 1 && lines.length <= 8, lines.join('\n'))
  })
})
