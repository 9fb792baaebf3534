// One cache under four workers: a key is fetched once whoever is asked, what is purged or stored anew is so for all at once,
// and a worker that dies while it fetches leaves nobody waiting.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { PurgeReport } from '../../src/control/cache/cache-desk.ts'
import { BodyOrigin, type Taken, take, takeAll } from './cache-origin.ts'
import { CacheProxy, killWorker, until } from './cache-proxy.ts'

const WORKERS = 4
const LOCKED = 'proxy_cache_lock on; proxy_cache_lock_age 60s; proxy_cache_lock_timeout 60s;'
/** Connections enough that every worker gets some. */
const ALL_WORKERS = 40
const RACES = 25

function many(path: string, count = ALL_WORKERS): string[] {
  return new Array(count).fill(path)
}

function numbers(taken: readonly (Taken | null)[]): number[] {
  return [...new Set(taken.map(each => each?.number ?? -1))]
}

/** Every worker has it in its own memory. */
async function warm(proxy: CacheProxy, path: string): Promise<number> {
  await until(async () => {
    const taken = await takeAll(proxy.port, many(path))
    return taken.every(each => each?.cache === 'HIT')
  }, 'hits of all workers')
  const taken = await takeAll(proxy.port, many(path))
  const [number = 0, ...others] = numbers(taken)
  assert.deepEqual(others, [])
  return number
}

describe('one cache under four workers', { timeout: 120_000 }, () => {
  it('fetches a key once for a hundred clients', async t => {
    const origin = await BodyOrigin.open(t)
    const proxy = new CacheProxy(t, { origin: origin.address, workers: WORKERS, location: LOCKED })
    await proxy.start()
    for (const path of ['/1000/small', '/400000/large']) {
      origin.isHolding = true
      const before = origin.requests.length
      const asking = takeAll(proxy.port, many(path, 100), {}, 100)
      await origin.until(() => origin.requests.length > before)
      const waits = async () => {
        const { lockWaits } = await proxy.statistics()
        return lockWaits >= 60
      }
      await until(waits, 'the others to wait')
      origin.isHolding = false
      origin.release()
      const taken = await asking
      assert.deepEqual(
        taken.filter(each => each?.status !== 200 || !each.isWhole || each.wrongAt !== -1),
        [],
      )
      assert.equal(origin.requests.length - before, 1)
      assert.equal(numbers(taken).length, 1)
    }
    const { lockWaits, lockTimeouts } = await proxy.statistics()
    t.diagnostic(`${lockWaits} waited, ${lockTimeouts} in vain`)
    assert.equal(lockTimeouts, 0)
  })

  it('has one answer for all after many workers have stored one at once', async t => {
    const origin = await BodyOrigin.open(t)
    const proxy = new CacheProxy(t, { origin: origin.address, workers: WORKERS })
    await proxy.start()
    let fetched = 0
    for (let round = 1; round <= RACES; round++) {
      const path = `/${1000 + round}/raced`
      const before = origin.requests.length
      await takeAll(proxy.port, many(path, 24))
      fetched += origin.requests.length - before
      await until(async () => {
        const taken = await takeAll(proxy.port, many(path, 24))
        return numbers(taken).length === 1 && taken.every(each => each?.cache === 'HIT')
      }, 'one answer')
    }
    t.diagnostic(`${fetched} answers for ${RACES} keys`)
    assert.ok(fetched > RACES, 'several were fetched at once')
  })

  it('lets others go on when the worker that fetches dies', async t => {
    const origin = await BodyOrigin.open(t)
    const proxy = new CacheProxy(t, { origin: origin.address, workers: WORKERS, location: LOCKED })
    await proxy.start(true)
    origin.isHolding = true
    const asking = takeAll(proxy.port, many('/5000/dying', 60), {}, 60)
    await origin.until(() => origin.requests.length === 1)
    await until(async () => (await proxy.statistics()).lockWaits > 30, 'the others to wait')
    const startMs = performance.now()
    // Which one fetches cannot be seen from outside: one after the other dies until somebody else fetches. Who waits in
    // a worker goes with it, so that there are always new ones.
    const all = [asking]
    for (let worker = 0; worker < WORKERS && origin.requests.length === 1; worker++) {
      all.push(takeAll(proxy.port, many('/5000/dying', 20), {}, 20))
      killWorker(proxy, worker)
      await proxy.program!.says(new RegExp(`worker ${worker} serves again`))
    }
    all.push(takeAll(proxy.port, many('/5000/dying', 20), {}, 20))
    await origin.until(() => origin.requests.length > 1)
    t.diagnostic(`another one fetches after ${(performance.now() - startMs).toFixed(0)} ms`)
    origin.isHolding = false
    origin.release()
    const taken = (await Promise.all(all)).flat()
    const served = taken.filter(each => each?.isWhole === true)
    assert.ok(served.length > 0)
    assert.deepEqual(
      served.filter(each => each?.status !== 200 || each.wrongAt !== -1),
      [],
    )
    // The next one does not wait for anybody.
    assert.equal((await take(proxy.port, '/5000/dying')).status, 200)
    assert.ok(origin.requests.length <= 1 + WORKERS)
  })

  it('has purged and fetched anew for all at once', async t => {
    const origin = await BodyOrigin.open(t)
    const location = `proxy_cache_purge $http_x_purge; proxy_cache_bypass $http_x_again;`
    const proxy = new CacheProxy(t, { origin: origin.address, workers: WORKERS, location })
    await proxy.start()
    const path = '/3000/page'
    let number = await warm(proxy, path)
    for (let round = 0; round < 3; round++) {
      const purged = await take(proxy.port, path, { 'x-purge': '1' })
      assert.equal(purged.status, 204)
      const before = origin.requests.length
      const after = await takeAll(proxy.port, many(path))
      assert.ok(!numbers(after).includes(number), 'nobody has the old one')
      assert.ok(origin.requests.length > before)
      await warm(proxy, path)
      // Stored anew by one of them.
      const fresh = await take(proxy.port, path, { 'x-again': '1' })
      await until(async () => {
        const taken = await takeAll(proxy.port, many(path, 8))
        return taken.every(each => each?.number === fresh.number)
      }, 'the new one')
      const taken = await takeAll(proxy.port, many(path))
      assert.deepEqual(numbers(taken), [fresh.number])
      number = await warm(proxy, path)
      assert.equal(number, fresh.number)
    }
    assert.equal((await take(proxy.port, '/1/never', { 'x-purge': '1' })).status, 404)
  })

  it('does on command what the command says, in all workers, when the command ends', async t => {
    const origin = await BodyOrigin.open(t)
    const location = `proxy_cache_use_stale updating error; proxy_cache_purge $http_x_purge;`
    const proxy = new CacheProxy(t, { origin: origin.address, workers: WORKERS, location })
    await proxy.start()
    const rows: readonly (readonly [readonly string[], string, boolean])[] = [
      [['--key', '/2000/a'], '/2000/a', false],
      [['--prefix', '/2000/pre'], '/2000/prefix', false],
      [['--all'], '/2000/all', false],
      [['--tag', 'red'], '/2000/tagged', false],
      [['--soft', '--all'], '/2000/soft', true],
      [['--soft', '--key', '/2000/softkey'], '/2000/softkey', true],
    ]
    for (const [words, path, isSoft] of rows) {
      origin.fields = { 'cache-control': 'max-age=3600', 'cache-tag': 'red, blue' }
      const number = await warm(proxy, path)
      const { code, stdout } = await proxy.command('purge', '--json', ...words)
      assert.equal(code, 0)
      const report = JSON.parse(stdout) as PurgeReport
      assert.ok(report.entries >= 1, words.join(' '))
      assert.equal(report.soft, isSoft)
      const taken = await takeAll(proxy.port, many(path))
      const statuses = new Set(taken.map(each => each!.cache))
      if (isSoft) {
        assert.ok(statuses.has('EXPIRED'), [...statuses].join())
      } else {
        assert.ok(!numbers(taken).includes(number), words.join(' '))
        assert.ok(statuses.has('MISS'))
      }
      assert.notEqual(await warm(proxy, path), number)
    }
    // What is purged softly stands in for an origin that is away.
    const number = await warm(proxy, '/2000/last')
    await proxy.command('purge', '--soft', '--prefix', '/2000/la')
    origin.close()
    const stale = await takeAll(proxy.port, many('/2000/last'))
    assert.deepEqual(numbers(stale), [number])
    // Of those that find that one of them asks the origin already, nginx says so.
    assert.ok(stale.every(each => each?.cache === 'STALE' || each?.cache === 'UPDATING'))
  })

  it('does not store what was being fetched when it was purged', async t => {
    const origin = await BodyOrigin.open(t)
    const location = 'proxy_cache_purge $http_x_purge;'
    const proxy = new CacheProxy(t, { origin: origin.address, workers: WORKERS, location })
    await proxy.start()
    const purges: readonly ((path: string) => Promise<unknown>)[] = [
      path => take(proxy.port, path, { 'x-purge': '1' }),
      path => proxy.command('purge', '--key', path),
      path => proxy.command('purge', '--prefix', path.slice(0, -1)),
      () => proxy.command('purge', '--all'),
    ]
    for (const [index, purge] of purges.entries()) {
      const path = `/100000/page-${index}`
      origin.isHolding = true
      const before = origin.requests.length
      const asking = take(proxy.port, path)
      await origin.until(() => origin.requests.length > before)
      await purge(path)
      origin.isHolding = false
      origin.release()
      const old = await asking
      assert.deepEqual([old.isWhole, old.wrongAt], [true, -1])
      const next = await take(proxy.port, path)
      assert.equal(next.cache, 'MISS')
      assert.notEqual(next.number, old.number)
    }
  })
})
