// Which location serves a path. The rows were asked of nginx 1.22 with the same configuration.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LocationMatch } from '../../src/model/route.ts'
import {
  type LocationEntry,
  type LocationFound,
  LocationTable,
} from '../../src/proxy/location-table.ts'
import type { LocationRuntime } from '../../src/proxy/runtime.ts'

interface Row {
  readonly match: LocationMatch
  readonly name: string
  readonly isProxying?: boolean
  readonly nested?: readonly Row[]
}

function tableOf(rows: readonly Row[]): LocationTable {
  return new LocationTable(
    rows.map((row): LocationEntry => {
      // What a table looks at: whether the location proxies, and who it is.
      const location = { name: row.name, request: row.isProxying === true ? {} : null }
      return {
        match: row.match,
        location: location as unknown as LocationRuntime,
        nested: tableOf(row.nested ?? []),
      }
    }),
  )
}

const exact = (path: string): LocationMatch => ({ kind: 'exact', path })
const prefix = (path: string, isFinal = false): LocationMatch => ({ kind: 'prefix', path, isFinal })
const regex = (pattern: string, isCaseInsensitive = false): LocationMatch => ({
  kind: 'regex',
  pattern,
  isCaseInsensitive,
})

const TABLE = tableOf([
  { match: prefix('/user/'), name: 'user', isProxying: true },
  { match: exact('/exact/'), name: 'exact', isProxying: true },
  { match: prefix('/both/'), name: 'both', isProxying: true },
  { match: exact('/both'), name: 'both-exact' },
  { match: prefix('/long'), name: 'long' },
  { match: prefix('/long/'), name: 'long-slash', isProxying: true },
  { match: prefix('/plain/'), name: 'plain' },
  {
    match: prefix('/outer/'),
    name: 'outer',
    nested: [
      { match: prefix('/outer/inner/'), name: 'inner', isProxying: true },
      { match: regex('\\.x$'), name: 'outer-x' },
    ],
  },
  {
    match: prefix('/final/', true),
    name: 'final',
    nested: [{ match: regex('\\.x$'), name: 'final-x' }],
  },
  { match: regex('\\.x$'), name: 'x' },
  { match: regex('^/re(?<n>.*)$'), name: 're', nested: [{ match: regex('y$'), name: 're-y' }] },
  { match: regex('\\.UP$', true), name: 'up' },
  { match: prefix('/'), name: 'root' },
  { match: exact('/only'), name: 'only' },
  { match: { kind: 'named', name: 'fallback' }, name: 'named' },
])

function find(table: LocationTable, uri: string): LocationFound {
  const found: LocationFound = { location: null, captures: null, isSlashMissing: true }
  table.find(uri, found)
  return found
}

function nameOf(location: LocationRuntime | null): string {
  return location === null ? 'none' : (location as unknown as Row).name
}

describe('LocationTable', () => {
  const rows: readonly (readonly [path: string, name: string])[] = [
    ['/user/', 'user'],
    ['/user/a', 'user'],
    ['/exact/', 'exact'],
    ['/exact/a', 'root'],
    ['/both', 'both-exact'],
    ['/both/', 'both'],
    ['/long', 'long'],
    ['/long/', 'long-slash'],
    ['/longer', 'long'],
    ['/plain', 'root'],
    ['/outer/inner/z', 'inner'],
    ['/outer/q', 'outer'],
    ['/outer/q.x', 'outer-x'],
    ['/outer/inner/q.x', 'outer-x'],
    ['/final/a.x', 'final-x'],
    ['/final/b', 'final'],
    ['/a.x', 'x'],
    ['/rest', 're'],
    ['/resty', 're-y'],
    ['/re.x', 'x'],
    ['/q.up', 'up'],
    ['/only', 'only'],
    ['/only/', 'root'],
    ['/onlyx', 'root'],
    ['/nothing', 'root'],
    ['*', 'none'],
  ]
  for (const [path, name] of rows) {
    it(`gives ${path} to ${name}`, () => {
      const found = find(TABLE, path)
      assert.equal(nameOf(found.location), name)
      assert.equal(found.isSlashMissing, false)
    })
  }

  for (const [path, name] of [
    ['/user', 'user'],
    ['/exact', 'exact'],
    ['/outer/inner', 'inner'],
  ] as const) {
    it(`says that ${path} lacks a slash`, () => {
      const found = find(TABLE, path)
      assert.equal(found.isSlashMissing, true)
      assert.equal(nameOf(found.location), name)
    })
  }

  it('gives the captures of the regex that matched last, and forgets those of the search before', () => {
    const found: LocationFound = { location: null, captures: null, isSlashMissing: false }
    TABLE.find('/rest', found)
    assert.deepEqual([...found.captures!], ['/rest', 'st'])
    assert.equal(found.captures!.groups!.n, 'st')
    TABLE.find('/resty', found)
    assert.deepEqual([...found.captures!], ['y'])
    TABLE.find('/nothing', found)
    assert.equal(found.captures, null)
  })

  it('asks regexes in their order', () => {
    const table = tableOf([
      { match: regex('a'), name: 'first' },
      { match: regex('ab'), name: 'second' },
    ])
    assert.equal(nameOf(find(table, '/ab').location), 'first')
  })

  it('finds nothing where nothing matches', () => {
    assert.equal(find(tableOf([{ match: prefix('/a'), name: 'a' }]), '/b').location, null)
    assert.equal(find(tableOf([]), '/').location, null)
  })

  it('finds a named location only by its name', () => {
    assert.equal(nameOf(TABLE.findNamed('fallback')), 'named')
    assert.equal(TABLE.findNamed('other'), null)
  })
})
