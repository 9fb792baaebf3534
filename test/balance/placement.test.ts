// The tables of consistent hashing: the ring against a plain one made by the published rules, the
// Maglev table by what its paper promises, and what they do when peers come, go or are busy.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import { findPoint } from '../../src/balance/ketama.ts'
import { findPlace } from '../../src/balance/maglev.ts'
import {
  buildPlacement,
  buildTable,
  distinctNames,
  type NamedWeight,
} from '../../src/balance/placement.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import { BUILT_IN } from '../../src/model/origin.ts'
import { type Method, PLAIN_PEER, PLAIN_UPSTREAM } from '../../src/model/upstream.ts'
import { GroupFixture } from './group-fixture.ts'
import { hash } from './method-rows.ts'

const KEYS = Array.from({ length: 5_000 }, (_, number) => `/photo/${number * 37}`)

function named(...rows: readonly (readonly [string, number])[]): NamedWeight[] {
  return rows.map(([name, weight]) => ({ name, weight }))
}

/** Host, port and number as the rules have them: crc32(host \0 port previous), low byte first. */
function plainPoints(host: string, port: string, count: number): number[] {
  const points: number[] = []
  let previous = 0
  for (let i = 0; i < count; i++) {
    const number = Buffer.alloc(4)
    number.writeUInt32LE(previous)
    previous = crc32(Buffer.concat([Buffer.from(`${host}\0${port}`), number]))
    points.push(previous)
  }
  return points
}

/** The name of the first point that is not below the hash, else of the very first. */
function plainLookup(ring: readonly (readonly [number, string])[], key: string): string {
  const own = crc32(key)
  return (ring.find(([point]) => point >= own) ?? ring[0]!)[1]
}

describe('buildKetama', () => {
  const ROWS = [
    { what: 'addresses', name: '10.0.0.1:8080', host: '10.0.0.1', port: '8080' },
    { what: 'names without a port', name: 'app.example', host: 'app.example', port: '' },
    { what: 'IPv6 addresses', name: '[::1]:80', host: '[::1]', port: '80' },
    { what: 'IPv6 addresses without a port', name: '[::1]', host: '[::1]', port: '' },
    { what: 'unix sockets', name: 'unix:/run/a.sock', host: '/run/a.sock', port: '' },
    { what: 'names that are not ASCII', name: 'büro:1', host: 'büro', port: '1' },
  ]
  for (const { what, name, host, port } of ROWS) {
    it(`places ${what} by host and port`, () => {
      const table = buildPlacement('ketama', named([name, 2]))!
      const points = plainPoints(host, port, 320).sort((a, b) => a - b)
      assert.deepEqual([...table.points], points)
    })
  }

  it('leads every key where a search through the plain ring leads it', () => {
    const peers = named(['a:1', 1], ['b:2', 3], ['unix:/c', 2])
    const table = buildPlacement('ketama', peers)!
    const ring = [
      ...plainPoints('a', '1', 160).map(point => [point, 'a:1'] as const),
      ...plainPoints('b', '2', 480).map(point => [point, 'b:2'] as const),
      ...plainPoints('/c', '', 320).map(point => [point, 'unix:/c'] as const),
    ].sort((a, b) => a[0] - b[0])
    const names = distinctNames(peers)
    for (const key of KEYS) {
      const place = findPoint(table, crc32(key)) % table.places.length
      assert.equal(names[table.places[place]!], plainLookup(ring, key))
    }
  })

  it('wraps behind the last point', () => {
    const table = buildPlacement('ketama', named(['a:1', 1], ['b:2', 1]))!
    assert.equal(findPoint(table, 0xffff_ffff), table.points.length)
    assert.equal(findPoint(table, 0), 0)
    assert.equal(findPoint(table, table.points[7]!), 7)
    assert.equal(findPoint(table, table.points[7]! + 1), 8)
  })

  it('has each point once when a name stands twice', () => {
    const once = buildPlacement('ketama', named(['a:1', 2]))!
    const twice = buildPlacement('ketama', named(['a:1', 1], ['a:1', 2]))!
    assert.deepEqual(twice.points, once.points)
  })

  it('gives weights beyond its size fewer points, in proportion', () => {
    const table = buildPlacement('ketama', named(['a:1', 300_000], ['b:2', 100_000]))!
    assert.ok(table.points.length <= 1 << 23)
    const own = table.places.reduce((sum, name) => sum + (name === 0 ? 1 : 0), 0)
    assert.ok(Math.abs(own / table.points.length - 0.75) < 0.01)
  })
})

describe('buildMaglev', () => {
  it('gives equal names places that differ by at most one', () => {
    const names = Array.from({ length: 7 }, (_, at) => [`10.0.0.${at}:80`, 1] as const)
    const counts = countPlaces(buildPlacement('maglev', named(...names))!.places)
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      65_537,
    )
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1)
  })

  it('gives names places by their weights', () => {
    const counts = countPlaces(
      buildPlacement('maglev', named(['a', 5], ['b', 2], ['c', 1]))!.places,
    )
    for (const [at, weight] of [5, 2, 1].entries()) {
      assert.ok(Math.abs(counts[at]! - (65_537 * weight) / 8) <= 2, `${counts}`)
    }
  })

  it('leads nearly all keys to the same names after one has left', () => {
    const all = named(...Array.from({ length: 10 }, (_, at) => [`peer-${at}`, 1] as const))
    const left = all.filter(({ name }) => name !== 'peer-4')
    const before = KEYS.map(key => nameOf(all, key))
    const after = KEYS.map(key => nameOf(left, key))
    const moved = before.filter((name, at) => name !== 'peer-4' && name !== after[at]).length
    assert.ok(moved / KEYS.length < 0.05, `${moved} of ${KEYS.length}`)
  })

  function nameOf(peers: readonly NamedWeight[], key: string): string {
    const cached = tables.get(peers) ?? buildPlacement('maglev', peers)!
    tables.set(peers, cached)
    return distinctNames(peers)[cached.places[findPlace(crc32(key))]!]!
  }
  const tables = new Map<readonly NamedWeight[], { readonly places: Uint16Array }>()

  function countPlaces(places: Uint16Array): number[] {
    const counts: number[] = []
    for (const name of places) counts[name] = (counts[name] ?? 0) + 1
    return counts
  }
})

describe('buildTable', () => {
  const upstream = (method: Method) => ({
    ...PLAIN_UPSTREAM,
    origin: BUILT_IN,
    name: 'app',
    method,
    peers: ['a', 'b', 'c'].map((name, at) => ({
      ...PLAIN_PEER,
      origin: BUILT_IN,
      name,
      address: { kind: 'unix' as const, path: `/${name}` },
      isBackup: at === 1,
    })),
    keepalive: { idleMax: 0, requestsMax: 1, ageMaxMs: 0, idleTimeoutMs: 0, isLocal: false },
    isImplicit: false,
  })
  const resolved = [{ peer: 0 }, { peer: 0 }, { peer: 1 }, { peer: 2 }]

  it('has the primaries only, a name of two addresses once', () => {
    const table = buildTable(upstream(hash('ketama')), resolved)!
    assert.deepEqual(table, buildPlacement('ketama', named(['a', 1], ['c', 1])))
  })

  it('lies in memory that a message shares', () => {
    for (const placement of ['ketama', 'maglev'] as const) {
      const table = buildTable(upstream(hash(placement)), resolved)!
      structuredClone(table).places[0] = 1
      const first = table.places[0]
      structuredClone(table).places[0] = 0
      assert.deepEqual([first, table.places[0]], [1, 0])
    }
  })

  for (const method of [hash('modulo'), { kind: 'ip_hash' }, PLAIN_UPSTREAM.method] as Method[]) {
    it(`has nothing for ${JSON.stringify(method)}`, () => {
      assert.equal(buildTable(upstream(method), resolved), null)
    })
  }
})

describe('hash with a table', () => {
  for (const placement of ['ketama', 'maglev'] as const) {
    it(`keeps the keys of the others where they are when a peer is out: ${placement}`, () => {
      const fixture = new GroupFixture([{}, {}, {}, {}], hash(placement))
      const before = KEYS.map(key => pickAndRelease(fixture, key))
      fixture.main.setState(2, 'down', true)
      const after = KEYS.map(key => pickAndRelease(fixture, key))
      const moved = after.filter((letter, at) => before[at] !== 'C' && letter !== before[at])
      assert.deepEqual(moved, [])
      const spread = new Set(after.filter((_, at) => before[at] === 'C'))
      assert.equal(spread.size, 3, 'what C had is shared by all others')
    })
  }

  it('lets the addresses of one name take turns', () => {
    const fixture = new GroupFixture(
      [{ name: 'app:80' }, { name: 'app:80' }, { name: 'other:80', isDown: true }],
      hash('ketama'),
    )
    const picks = KEYS.slice(0, 10).map(key => pickAndRelease(fixture, key))
    assert.equal(picks.join(''), 'ABABABABAB')
  })

  it('sends requests without a key round', () => {
    const fixture = new GroupFixture([{}, {}, {}], hash('ketama'))
    const picks = Array.from({ length: 6 }, () => pickAndRelease(fixture, ''))
    assert.equal(picks.join(''), 'ABCABC')
  })

  for (const placement of ['ketama', 'maglev'] as const) {
    it(`gives a busy key’s peer no more than its bound: ${placement}`, () => {
      const fixture = new GroupFixture([{}, {}, {}, {}], hash(placement, 125))
      const counts: Record<string, number> = {}
      for (let i = 0; i < 100; i++) {
        const letter = fixture.pick(new TriedSet(), 'the busy key')
        counts[letter] = (counts[letter] ?? 0) + 1
        const most = Math.ceil((1.25 * (i + 1)) / 4)
        assert.ok(counts[letter] <= most, `${letter} has ${counts[letter]} of ${i + 1}`)
      }
      const first = new GroupFixture([{}, {}, {}, {}], hash(placement, 125))
      const home = first.pick(new TriedSet(), 'the busy key')
      assert.equal(counts[home], Math.ceil((1.25 * 100) / 4), 'its own peer has what it may')
    })
  }

  it('bounds by the peers that are up', () => {
    const fixture = new GroupFixture(
      [{}, {}, { isDown: true }, { isDown: true }],
      hash('ketama', 150),
    )
    const counts = { A: 0, B: 0 }
    for (let i = 0; i < 100; i++) counts[fixture.pick(new TriedSet(), 'k') as 'A' | 'B']++
    assert.equal(Math.max(counts.A, counts.B), 75)
  })

  it('goes back to a key’s own peer when that has room again', () => {
    const fixture = new GroupFixture([{}, {}, {}], hash('ketama', 110))
    const home = fixture.pick(new TriedSet(), 'k')
    const other = fixture.pick(new TriedSet(), 'k')
    assert.notEqual(other, home)
    fixture.release(home)
    fixture.release(other)
    assert.equal(fixture.pick(new TriedSet(), 'k'), home)
  })

  function pickAndRelease(fixture: GroupFixture, key: string): string {
    const letter = fixture.pick(new TriedSet(), key)
    fixture.release(letter)
    return letter
  }
})
