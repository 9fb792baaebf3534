// What finding the server of a request costs among 10, 1,000 and 10,000 names: exact ones, names below `*.`, and hosts that
// nobody has, in turns and in one process. Checks first that every name finds its own server. Run:
// node bench/micro/proxy/server-table.bench.ts

import assert from 'node:assert/strict'
import type { ServerName } from '../../../src/model/route.ts'
import type { ServerRuntime } from '../../../src/proxy/runtime.ts'
import { ServerTable } from '../../../src/proxy/server-table.ts'

const SIZES = [10, 1_000, 10_000]
const ROUNDS = 40
const FINDS = 100_000
/** So many hosts are asked for in turns, whatever the size: what is compared is the table, not the processor's cache. */
const HOSTS = 10

function makeTable(count: number): ServerTable {
  const servers = Array.from({ length: count }, (_, index) => {
    const names: ServerName[] = [
      { kind: 'exact', name: `site${index}.example.com` },
      { kind: 'suffix', name: `.wild${index}.example.com`, isApexToo: false },
    ]
    // A table looks at names only.
    return { config: { names } } as unknown as ServerRuntime
  })
  return new ServerTable(servers[0]!, servers)
}

const KINDS = {
  exact: (index: number) => `site${index}.example.com`,
  'below *.': (index: number) => `a.wild${index}.example.com`,
  unknown: (index: number) => `nobody${index}.example.org`,
} as const

function time(table: ServerTable, hosts: readonly string[]): number {
  const started = performance.now()
  for (let i = 0; i < FINDS; i++) table.find(hosts[i % HOSTS]!)
  return ((performance.now() - started) * 1e6) / FINDS
}

const tables = SIZES.map(count => ({ count, table: makeTable(count) }))
for (const { count, table } of tables) {
  const step = count / HOSTS
  for (let i = 0; i < HOSTS; i++) {
    const index = i * step
    const found = table.find(KINDS.exact(index)).server
    assert.equal(table.find(KINDS['below *.'](index)).server, found)
    assert.equal(found.config.names[0]!.kind, 'exact')
  }
  assert.equal(table.find(KINDS.unknown(0)).server, table.defaultServer)
}
for (const [kind, hostOf] of Object.entries(KINDS)) {
  const best = tables.map(() => Number.POSITIVE_INFINITY)
  const hosts = tables.map(({ count }) =>
    Array.from({ length: HOSTS }, (_, i) => hostOf((i * count) / HOSTS)),
  )
  for (let round = 0; round < ROUNDS; round++) {
    tables.forEach(({ table }, at) => {
      best[at] = Math.min(best[at]!, time(table, hosts[at]!))
    })
  }
  const cells = tables.map(({ count }, at) => `${count}: ${best[at]!.toFixed(1)} ns`)
  console.log(`${kind.padEnd(10)} ${cells.join(', ')}`)
}
