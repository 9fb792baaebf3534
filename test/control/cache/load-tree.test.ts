// What a start makes of what earlier runs, other programs and bad disks left in a cache's directory.

import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { digestOf } from '../../../src/base/digest.ts'
import { temporaryPath } from '../../../src/cache/store/entry-path.ts'
import { makeRun } from '../../../src/control/cache/cache-run.ts'
import { loadedText, loadTree } from '../../../src/control/cache/load-tree.ts'
import { SlotRecord } from '../../../src/zone/cache-slot.ts'
import { mayHaveTag } from '../../../src/zone/cache-tags.ts'
import { afterTest } from '../../harness/after-test.ts'
import { CacheBench, finish, hashOf, makeEntry, STORED_MS } from './cache-fixture.ts'

const HASH_OF_NOBODY = 'f'.repeat(32)

describe('loadTree', () => {
  it('takes in what is there, with all that the zone wants to know of it', t => {
    const bench = new CacheBench(t)
    const parts = { key: '/a', tags: ['red', 'blue'] }
    const path = bench.leave(parts)
    const counts = finish(loadTree(bench.care))
    const { length: bytes } = readFileSync(path)
    assert.deepEqual(counts, {
      entries: 1,
      bytes,
      dropped: 0,
      known: 0,
      leftovers: 0,
      foreign: 0,
      failures: 0,
    })
    const slot = bench.zone.find(hashOf(parts), digestOf('/a')[0]!)
    const record = new SlotRecord()
    assert.ok(bench.zone.read(slot, record))
    assert.equal(record.bytes, bytes)
    assert.equal(record.freshUntilSeconds, STORED_MS / 1000 + 3600)
    assert.ok(mayHaveTag(record.tagBloom, 'red') && mayHaveTag(record.tagBloom, 'blue'))
    assert.deepEqual([bench.zone.entryCount, bench.zone.bytes], [1, bytes])
    assert.deepEqual(bench.lines, [])
  })

  it('finds variants, by the key that they are of', t => {
    const bench = new CacheBench(t)
    bench.leave({ key: '/a', vary: 'accept' })
    bench.leave({ key: '/a', vary: 'accept', variant: 'text/html' })
    assert.equal(finish(loadTree(bench.care)).entries, 2)
    assert.equal(bench.zone.findAll(digestOf('/a')[0]!).length, 2)
    assert.equal(finish(loadTree(bench.care)).known, 2, 'a second walk takes nothing twice')
  })

  it('works without levels and with three', t => {
    for (const levels of [[], [2, 2, 2], [1]]) {
      const bench = new CacheBench(t, { levels })
      for (let i = 0; i < 20; i++) bench.leave({ key: `/${i}` })
      assert.equal(finish(loadTree(bench.care)).entries, 20, `levels ${levels}`)
    }
  })

  const good = makeEntry({ key: '/a' }, 'a page')
  const flipped = Buffer.from(good)
  flipped[20]! ^= 1
  const otherMeta = Buffer.from(good)
  otherMeta[100]! ^= 1
  const DAMAGED: { name: string; bytes: Buffer; says: RegExp }[] = [
    { name: 'an empty file', bytes: Buffer.alloc(0), says: /is too small/ },
    { name: 'a file cut in its header', bytes: good.subarray(0, 40), says: /is too small/ },
    { name: 'a file cut in its body', bytes: good.subarray(0, -6), says: /has \d+ bytes and not/ },
    {
      name: 'a file with something behind it',
      bytes: Buffer.concat([good, Buffer.from('x')]),
      says: /has \d+ bytes and not/,
    },
    { name: 'a damaged header', bytes: flipped, says: /has a damaged header/ },
    { name: 'damaged meta', bytes: otherMeta, says: /has damaged meta/ },
    {
      name: 'an entry of another program',
      bytes: Buffer.from(`\x05\0\0\0\0\0\0\0${'x'.repeat(400)}`),
      says: /is not an entry of this cache/,
    },
    {
      name: 'an entry under the name of another',
      bytes: makeEntry({ key: '/b' }, 'another page'),
      says: /has the name of another entry/,
    },
  ]
  for (const { name, bytes, says } of DAMAGED) {
    it(`removes ${name}`, t => {
      const bench = new CacheBench(t)
      const path = bench.pathOf({ key: '/a' })
      bench.write(path, bytes)
      const counts = finish(loadTree(bench.care))
      assert.deepEqual([counts.entries, counts.dropped], [0, 1])
      assert.equal(existsSync(path), false)
      assert.equal(bench.isStored({ key: '/a' }), false)
      assert.match(bench.lines.join('\n'), says)
      assert.equal(bench.lines.length, 1)
    })
  }

  it('removes what a killed process was writing, and nothing that this one or a living one writes', t => {
    const bench = new CacheBench(t)
    const directory = join(bench.root, 'c', '29')
    const own = temporaryPath(directory, HASH_OF_NOBODY, bench.care.run, 1)
    const dead = temporaryPath(directory, HASH_OF_NOBODY, makeRun(0x3fff_ffff), 2)
    const samePid = temporaryPath(directory, HASH_OF_NOBODY, makeRun(), 3)
    const living = temporaryPath(directory, HASH_OF_NOBODY, makeRun(process.ppid), 4)
    for (const path of [own, dead, samePid, living]) bench.write(path, 'half an ent')
    assert.equal(finish(loadTree(bench.care)).leftovers, 2)
    assert.deepEqual([own, dead, samePid, living].map(existsSync), [true, false, false, true])
  })

  it('leaves alone what is none of its files, and names one', t => {
    const bench = new CacheBench(t)
    const foreign = ['README', 'c/notes.txt', `c/29/${HASH_OF_NOBODY}.tmp`].map(name =>
      join(bench.root, name),
    )
    for (const path of foreign) bench.write(path, 'mine')
    bench.write(join(bench.root, 'temporary', 'deep', HASH_OF_NOBODY), 'mine')
    symlinkSync(
      join(bench.root, 'README'),
      bench.pathOf({ key: '/link' }).replace(/.*\//, `${bench.root}/`),
    )
    const counts = finish(loadTree(bench.care))
    assert.deepEqual([counts.foreign, counts.dropped, counts.entries], [4, 0, 0])
    for (const path of foreign) assert.equal(readFileSync(path, 'utf8'), 'mine')
    assert.ok(existsSync(join(bench.root, 'temporary', 'deep', HASH_OF_NOBODY)))
    assert.equal(bench.lines.length, 1)
    assert.match(
      bench.lines[0]!,
      /^\[warn\] cache "pages": left alone what is none of its files: "/,
    )
    assert.match(bench.lines[0]!, /\(and 3 more\)$/)
  })

  it('does not follow a link that has the name of an entry at its place', t => {
    const bench = new CacheBench(t)
    const elsewhere = join(bench.root, 'elsewhere')
    bench.write(elsewhere, makeEntry({ key: '/a' }, 'a page'))
    const path = bench.pathOf({ key: '/a' })
    bench.write(`${path}.tmp`, '')
    symlinkSync(elsewhere, path)
    const counts = finish(loadTree(bench.care))
    assert.deepEqual([counts.entries, counts.dropped], [0, 0])
    assert.ok(existsSync(elsewhere))
  })

  it('removes entries that lie where other levels had them', t => {
    const bench = new CacheBench(t, { levels: [2, 2] })
    const path = bench.leave({ key: '/a' })
    bench.care.path = { ...bench.care.path, levels: [1, 2] }
    assert.equal(finish(loadTree(bench.care)).dropped, 1)
    assert.equal(existsSync(path), false)
    assert.match(bench.lines[0]!, /is not where the levels want it/)
  })

  it('goes on after a directory that it may not read', t => {
    const bench = new CacheBench(t)
    bench.leave({ key: '/a' })
    const closed = join(bench.root, '0')
    mkdirSync(closed)
    chmodSync(closed, 0)
    chmodSync(bench.root, 0o755)
    const counts = asNobody(() => finish(loadTree(bench.care)))
    assert.deepEqual([counts.failures, counts.entries], [1, 1])
    assert.equal(bench.lines.length, 1)
    assert.match(bench.lines[0]!, /opendir\(\) ".*\/0" failed \(13: Permission denied\)/)
  })

  it('says it where the directory is gone', t => {
    const bench = new CacheBench(t)
    renameSync(bench.root, `${bench.root}-away`)
    afterTest(t, () => renameSync(`${bench.root}-away`, bench.root))
    assert.equal(finish(loadTree(bench.care)).failures, 1)
    assert.match(bench.lines[0]!, /opendir\(\) ".*" failed \(2: No such file or directory\)/)
  })

  it('leaves what workers store or fetch meanwhile to them', t => {
    const bench = new CacheBench(t)
    const slot = bench.store({ key: '/stored' })
    const version = bench.zone.version(slot)
    const path = bench.pathOf({ key: '/fetched' })
    bench.write(path, 'not whole yet')
    const fetched = bench.zone.use(
      hashOf({ key: '/fetched' }),
      digestOf('/fetched')[0]!,
      bench.seconds,
    )
    assert.notEqual(bench.zone.lock(fetched, STORED_MS, 5_000), 0)
    const counts = finish(loadTree(bench.care))
    assert.deepEqual([counts.known, counts.entries, counts.dropped], [2, 0, 0])
    assert.equal(bench.zone.version(slot), version)
    assert.ok(existsSync(path))
  })

  it('removes what has no room in the zone', t => {
    const bench = new CacheBench(t, { zoneBytes: 4096 })
    const { capacity } = bench.zone
    for (let i = 0; i < capacity * 2; i++) bench.leave({ key: `/${i}` })
    const counts = finish(loadTree(bench.care))
    assert.equal(bench.files().length, bench.zone.entryCount)
    assert.ok(bench.zone.entryCount <= capacity)
    assert.equal(counts.dropped, capacity * 2 - bench.zone.entryCount)
    assert.match(bench.lines[0]!, /has no room in the zone/)
  })

  it('lets the older of two be unused for longer', t => {
    const bench = new CacheBench(t)
    const old = bench.leave({ key: '/old' })
    utimesSync(old, STORED_MS / 1000 - 86_400, STORED_MS / 1000 - 86_400)
    const young = bench.leave({ key: '/young' })
    utimesSync(young, STORED_MS / 1000 - 60, STORED_MS / 1000 - 60)
    finish(loadTree(bench.care))
    const ageOf = (key: string) =>
      bench.zone.ageSeconds(bench.zone.find(hashOf({ key }), digestOf(key)[0]!), bench.seconds)
    assert.ok(ageOf('/old') > ageOf('/young'))
    assert.ok(ageOf('/old') * 1000 <= bench.care.path.inactiveMs / 10 + 1000)
  })

  it('keeps an entry with meta longer than one reading', t => {
    const bench = new CacheBench(t)
    const key = `/${'k'.repeat(65_536)}`
    bench.leave({ key })
    assert.equal(finish(loadTree(bench.care)).entries, 1)
    assert.ok(bench.isStored({ key }))
  })
})

describe('loadedText', () => {
  const none = { entries: 0, bytes: 0, dropped: 0, known: 0, leftovers: 0, foreign: 0, failures: 0 }
  it('says what came of it in one line', () => {
    assert.equal(
      loadedText('pages', { ...none, entries: 1200, bytes: 99, dropped: 3, leftovers: 1 }, 1234),
      'cache "pages": 1200 entries loaded (99 bytes), 3 dropped, 1 temporary file removed, in 1.23 s',
    )
    assert.equal(
      loadedText('pages', none, 60_400),
      'cache "pages": 0 entries loaded (0 bytes), 0 dropped, in 60 s',
    )
  })
})

/** Root may read everything: it becomes somebody else for a moment. */
function asNobody<T>(run: () => T): T {
  if (process.geteuid!() !== 0) return run()
  process.seteuid!(65_534)
  try {
    return run()
  } finally {
    process.seteuid!(0)
  }
}
