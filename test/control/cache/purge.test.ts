// What a purge takes, and what it leaves; what is being fetched meanwhile is not stored.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import { digestOf } from '../../../src/base/digest.ts'
import { readEntryHead } from '../../../src/control/cache/entry-head.ts'
import { listEntries } from '../../../src/control/cache/list-entries.ts'
import { loadTree } from '../../../src/control/cache/load-tree.ts'
import { type PurgeScope, purge } from '../../../src/control/cache/purge.ts'
import { CacheBench, type EntryParts, finish, hashOf, hexOf, STORED_MS } from './cache-fixture.ts'

const ENTRIES: readonly EntryParts[] = [
  { key: '/a' },
  { key: '/a', vary: 'accept', variant: 'text/html' },
  { key: '/a', vary: 'accept', variant: 'text/plain' },
  { key: '/a/b', tags: ['red'] },
  { key: '/b', tags: ['red', 'blue'] },
  { key: '/c', tags: ['green'], url: 'https://other.example/c' },
]

function fill(bench: CacheBench): void {
  for (const parts of ENTRIES) bench.leave(parts)
  assert.equal(finish(loadTree(bench.care)).entries, ENTRIES.length)
}

function left(bench: CacheBench): number[] {
  return ENTRIES.flatMap((parts, index) => (bench.isStored(parts) ? [index] : []))
}

const ROWS: { name: string; scope: PurgeScope; left: number[] }[] = [
  { name: 'a key and its variants', scope: { kind: 'keys', keys: ['/a'] }, left: [3, 4, 5] },
  { name: 'several keys', scope: { kind: 'keys', keys: ['/b', '/c'] }, left: [0, 1, 2, 3] },
  {
    name: 'no key that is not there',
    scope: { kind: 'keys', keys: ['/'] },
    left: [0, 1, 2, 3, 4, 5],
  },
  {
    name: 'keys by their start',
    scope: { kind: 'prefix', prefix: '/a', isOfKey: true },
    left: [4, 5],
  },
  {
    name: 'no key by the start of its URL where keys are meant',
    scope: { kind: 'prefix', prefix: 'http://', isOfKey: true },
    left: [0, 1, 2, 3, 4, 5],
  },
  {
    name: 'URLs by their start',
    scope: { kind: 'prefix', prefix: 'http://example.com/a', isOfKey: false },
    left: [4, 5],
  },
  {
    name: 'URLs of another host',
    scope: { kind: 'prefix', prefix: 'https://other.example', isOfKey: false },
    left: [0, 1, 2, 3, 4],
  },
  { name: 'a tag', scope: { kind: 'tag', tag: 'red' }, left: [0, 1, 2, 5] },
  { name: 'a whole tag only', scope: { kind: 'tag', tag: 're' }, left: [0, 1, 2, 3, 4, 5] },
  { name: 'everything', scope: { kind: 'all' }, left: [] },
]

describe('purge', () => {
  for (const { name, scope, left: expected } of ROWS) {
    it(`removes ${name}`, t => {
      const bench = new CacheBench(t)
      fill(bench)
      const { bytes } = bench.zone
      const counts = finish(purge(bench.care, scope, false))
      assert.deepEqual(left(bench), expected)
      assert.equal(counts.entries, ENTRIES.length - expected.length)
      assert.equal(counts.bytes, bytes - bench.zone.bytes)
      assert.equal(counts.failures, 0)
      assert.equal(bench.files().length, expected.length)
      assert.equal(bench.zone.counters.totals().purges, counts.entries)
      assert.equal(finish(purge(bench.care, scope, false)).entries, 0, 'nothing goes twice')
    })

    it(`makes stale ${name}`, t => {
      const bench = new CacheBench(t)
      fill(bench)
      bench.nowMs += 5_000
      const before = ENTRIES.map(parts => bodyOf(bench, parts))
      const counts = finish(purge(bench.care, scope, true))
      assert.equal(counts.entries, ENTRIES.length - expected.length)
      assert.equal(left(bench).length, ENTRIES.length)
      for (const [index, parts] of ENTRIES.entries()) {
        const found = readEntryHead(bench.pathOf(parts), hexOf(parts))
        assert.ok(found.kind === 'head')
        const { freshUntilMs } = found.head.meta.freshness
        const slot = bench.zone.find(hashOf(parts), digestOf(parts.key)[0]!)
        const isStale = !expected.includes(index)
        assert.equal(freshUntilMs, isStale ? STORED_MS + 5_000 : STORED_MS + 3_600_000)
        assert.equal(bench.zone.isExpired(slot), isStale)
        assert.equal(bodyOf(bench, parts), before[index], 'the body is as it was')
      }
    })
  }

  it('keeps what is being fetched from being stored', t => {
    for (const { scope } of ROWS.filter(
      row => row.left.length < 4 && row.name !== 'several keys',
    )) {
      const bench = new CacheBench(t)
      fill(bench)
      const parts = ENTRIES[0]!
      const { zone } = bench
      const slot = zone.use(hashOf(parts), digestOf(parts.key)[0]!, bench.seconds)
      const mark = zone.purgeMark(slot)
      finish(purge(bench.care, scope, false))
      const facts = { bytes: 1, freshUntilSeconds: 0, tagBloom: 0 }
      assert.equal(zone.store(slot, hashOf(parts), facts, mark), false, JSON.stringify(scope))
      assert.ok(zone.store(slot, hashOf(parts), facts, zone.purgeMark(slot)), 'a later one is')
    }
  })

  it('keeps the first fetch of a key from being stored', t => {
    const bench = new CacheBench(t)
    const hash = hashOf({ key: '/new' })
    const slot = bench.zone.use(hash, hash[0]!, bench.seconds)
    const mark = bench.zone.purgeMark(slot)
    assert.equal(finish(purge(bench.care, { kind: 'keys', keys: ['/new'] }, false)).entries, 0)
    const facts = { bytes: 1, freshUntilSeconds: 0, tagBloom: 0 }
    assert.equal(bench.zone.store(slot, hash, facts, mark), false)
  })

  it('removes what is damaged or gone, as nobody can say that it is something else', t => {
    const bench = new CacheBench(t)
    fill(bench)
    writeFileSync(bench.pathOf(ENTRIES[4]!), 'damaged')
    rmSync(bench.pathOf(ENTRIES[5]!))
    const scope: PurgeScope = { kind: 'prefix', prefix: '/nothing', isOfKey: true }
    finish(purge(bench.care, scope, false))
    assert.deepEqual(left(bench), [0, 1, 2, 3])
    assert.equal(existsSync(bench.pathOf(ENTRIES[4]!)), false)
  })

  it('leaves stale what is stale already, since when it is', t => {
    const bench = new CacheBench(t)
    fill(bench)
    bench.nowMs += 7_200_000
    assert.equal(finish(purge(bench.care, { kind: 'keys', keys: ['/b'] }, true)).entries, 1)
    const found = readEntryHead(bench.pathOf({ key: '/b' }), hexOf({ key: '/b' }))
    assert.ok(found.kind === 'head')
    assert.equal(found.head.meta.freshness.freshUntilMs, STORED_MS + 3_600_000)
  })
})

describe('listEntries', () => {
  it('says what each is about', t => {
    const bench = new CacheBench(t)
    fill(bench)
    const { entries, isCut } = finish(listEntries(bench.care, 'https://other.example/', 10))
    const [entry] = entries
    assert.equal(entries.length, 1)
    assert.equal(isCut, false)
    assert.deepEqual(entry, {
      url: 'https://other.example/c',
      key: '/c',
      variant: '',
      status: 200,
      fileBytes: readFileSync(bench.pathOf({ key: '/c' })).length,
      bodyBytes: 6,
      isWhole: true,
      range: '',
      storedMs: STORED_MS,
      freshUntilMs: STORED_MS + 3_600_000,
      usedMs: entry!.usedMs,
      uses: 0,
      tags: ['green'],
      path: bench.pathOf({ key: '/c' }),
    })
  })

  it('tells which bytes there are of a piece and of parts', t => {
    const bench = new CacheBench(t)
    const head = 'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 10-19/95\r\n\r\n'
    bench.store({ key: '/piece', head })
    const parts = [
      { start: 0, end: 3 },
      { start: 50, end: 53 },
    ]
    bench.store({ key: '/parts', parts, length: 95 })
    const { entries } = finish(listEntries(bench.care, '', 10))
    const found = entries.map(({ key, range, isWhole }) => [key, range, isWhole])
    assert.deepEqual(found.sort(), [
      ['/parts', '0-2,50-52', false],
      ['/piece', '10-19', true],
    ])
  })

  it('stops at the limit and says so', t => {
    const bench = new CacheBench(t)
    fill(bench)
    const some = finish(listEntries(bench.care, '', 2))
    assert.deepEqual([some.entries.length, some.isCut], [2, true])
    const all = finish(listEntries(bench.care, '', ENTRIES.length))
    assert.deepEqual([all.entries.length, all.isCut], [ENTRIES.length, false])
  })
})

function bodyOf(bench: CacheBench, parts: EntryParts): string {
  return readFileSync(bench.pathOf(parts)).toString('latin1').slice(-10)
}
