// Names that are followed over configurations, with answers that the test gives.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { NameTable, type NameTableOptions } from '../../src/control/name-table.ts'
import type { NameAnswer, NameSource, Wanted } from '../../src/dns/name-source.ts'
import { fixedAnswer } from '../../src/dns/name-source.ts'
import { BUILT_IN } from '../../src/model/origin.ts'
import { DEFAULT_RESOLVER, type ResolverSettings } from '../../src/model/resolver.ts'
import type { Upstream } from '../../src/model/upstream.ts'
import { FakeTime } from '../dns/fake-time.ts'
import { sampleUpstream } from '../harness/sample-config.ts'

const MISSING: NameAnswer = { outcome: 'missing', reason: '3: Host not found', ttlMs: 1000 }

class Bench {
  readonly time = new FakeTime()
  readonly answers = new Map<string, NameAnswer>()
  readonly asked: string[] = []
  readonly lines: string[] = []
  opened = 0
  closed = 0
  changes = 0
  readonly table: NameTable

  constructor(options: Partial<NameTableOptions> = {}) {
    const source: NameSource = {
      find: async ({ name, service }: Wanted) => {
        this.asked.push(service === null ? name : `${service}@${name}`)
        return this.answers.get(name) ?? MISSING
      },
      close: () => this.closed++,
    }
    this.table = new NameTable({
      log: (level, text) => this.lines.push(`[${level}] ${text}`),
      onChange: () => this.changes++,
      open: async () => {
        this.opened++
        return { source, diagnostics: [] }
      },
      time: this.time,
      delay: () => Promise.resolve(),
      ...options,
    })
  }

  /** A group whose peers all resolve. */
  upstream(
    name: string,
    peers: readonly string[],
    resolver: ResolverSettings | null = null,
  ): Upstream {
    const sample = sampleUpstream(name, ...peers)
    return {
      ...sample,
      resolver,
      peers: sample.peers.map(peer => ({ ...peer, isResolving: true })),
    }
  }

  /** Takes a configuration; gives the hosts of each line. */
  async take(...upstreams: Upstream[]): Promise<string[][]> {
    const names = await this.table.prepare(upstreams)
    const lines = upstreams.flatMap(upstream =>
      upstream.peers.map(peer => names.line(upstream, peer)!),
    )
    await names.settled()
    await Promise.all([...names.used.names].map(({ firstAnswer }) => firstAnswer))
    this.table.keep(names.used)
    return lines.map(line => line.watched!.map(({ host }) => host))
  }
}

const A = fixedAnswer(['10.0.0.1'], 60_000)

describe('NameTable', () => {
  it('asks once for a name, however many lines and groups want it', async () => {
    const bench = new Bench()
    bench.answers.set('a', A)
    const found = await bench.take(
      bench.upstream('u', ['a:80', 'a:81']),
      bench.upstream('v', ['a:80']),
    )
    assert.deepEqual(found, [['10.0.0.1'], ['10.0.0.1'], ['10.0.0.1']])
    assert.deepEqual(bench.asked, ['a'])
    await bench.table.close()
  })

  it('asks apart for another resolver, and not for one that means the same', async () => {
    const bench = new Bench()
    const same = { ...DEFAULT_RESOLVER, origin: { ...BUILT_IN, line: 7 } }
    const other = { ...DEFAULT_RESOLVER, validMs: 5000 }
    await bench.take(
      bench.upstream('u', ['a:80'], same),
      bench.upstream('v', ['a:80']),
      bench.upstream('w', ['a:80'], other),
    )
    assert.deepEqual(bench.asked, ['a', 'a'])
    await bench.table.close()
  })

  it('goes on with a name over a reload, without asking anew', async () => {
    const bench = new Bench()
    bench.answers.set('a', A)
    await bench.take(bench.upstream('u', ['a:80']))
    bench.answers.delete('a')
    const found = await bench.take(bench.upstream('u', ['a:80', 'b:80']))
    assert.deepEqual(found, [['10.0.0.1'], []])
    assert.deepEqual(bench.asked, ['a', 'b'])
    await bench.table.close()
  })

  it('forgets a name that the new configuration does not have', async () => {
    const bench = new Bench()
    await bench.take(bench.upstream('u', ['a:80', 'b:80']))
    await bench.take(bench.upstream('u', ['b:80']))
    assert.equal(bench.table.size, 1)
    await bench.take(sampleUpstream('u'))
    assert.equal(bench.table.size, 0)
    assert.equal(bench.closed > 0, true)
    await bench.table.close()
  })

  it('forgets what only a configuration wanted that was not taken', async () => {
    const bench = new Bench()
    await bench.take(bench.upstream('u', ['a:80']))
    const refused = bench.upstream('u', ['c:80'])
    const names = await bench.table.prepare([refused])
    names.line(refused, refused.peers[0]!)
    assert.equal(bench.table.size, 2)
    bench.table.dropUnused()
    assert.equal(bench.table.size, 1)
    await bench.table.close()
  })

  it('says which groups a name is missing in', async () => {
    const bench = new Bench()
    await bench.take(bench.upstream('u', ['a:80']), bench.upstream('v', ['a:81']))
    assert.deepEqual(bench.lines, [
      '[warn] a (3: Host not found) could not be resolved in upstream "u", "v": it has no peer',
    ])
    await bench.table.close()
  })

  it('tells of a change, and has the new addresses', async () => {
    const bench = new Bench()
    const upstream = bench.upstream('u', ['a:80'])
    await bench.take(upstream)
    const before = bench.changes
    bench.answers.set('a', A)
    await bench.time.pass(2001)
    assert.equal(bench.changes, before + 1)
    assert.deepEqual(await bench.take(upstream), [['10.0.0.1']])
    assert.match(bench.lines.at(-1)!, /^\[notice\] a was found again for upstream "u": 1 address$/)
    await bench.table.close()
  })

  it('keeps the first addresses of a name that was to be resolved once', async () => {
    const bench = new Bench()
    const upstream = sampleUpstream('u', 'late:80')
    const names = await bench.table.prepare([upstream])
    const line = names.line(upstream, upstream.peers[0]!)!
    await names.settled()
    bench.table.keep(names.used)
    assert.deepEqual(line.watched, [])
    await [...names.used.names][0]!.firstAnswer
    bench.answers.set('late', A)
    await bench.time.pass(2001)
    assert.deepEqual(
      line.watched!.map(({ host }) => host),
      ['10.0.0.1'],
    )
    bench.answers.set('late', fixedAnswer(['10.0.0.2'], 1000))
    await bench.time.pass(61_001)
    assert.deepEqual(
      line.watched!.map(({ host }) => host),
      ['10.0.0.1'],
    )
    await bench.table.close()
  })

  it('passes on why a resolver cannot be used', async () => {
    const problem = { severity: 'error', message: 'no', origin: BUILT_IN, hint: '' } as const
    const bench = new Bench({ open: async () => ({ source: null, diagnostics: [problem] }) })
    const upstream = bench.upstream('u', ['a:80'])
    const names = await bench.table.prepare([upstream])
    assert.deepEqual(names.diagnostics, [problem])
    assert.equal(names.line(upstream, upstream.peers[0]!), null)
  })
})
