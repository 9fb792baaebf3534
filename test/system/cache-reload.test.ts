// Reloads while the cache is being filled, with caches that come, go and change their size; and a cache that is filled faster
// than its limit allows.

import assert from 'node:assert/strict'
import { statfsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { BodyOrigin, type Taken, take, takeAll } from './cache-origin.ts'
import { CacheProxy, LOADED, until } from './cache-proxy.ts'

const FILLING_MS = 6_000
/** The manager looks a second after it was done; on a busy machine it is late. */
const ROUND_MS_MAX = 3_000
const PATHS = Array.from({ length: 600 }, (_, i) => `/${[900, 20_000, 90_000][i % 3]}/file-${i}`)

function wrong(taken: readonly (Taken | null)[]): (Taken | null)[] {
  return taken.filter(
    each => each === null || each.status !== 200 || !each.isWhole || each.wrongAt !== -1,
  )
}

function hits(taken: readonly (Taken | null)[]): number {
  return taken.filter(each => each?.cache === 'HIT').length
}

describe('reloads over a cache', { timeout: 120_000 }, () => {
  it('lose no fill and no answer', async t => {
    const origin = await BodyOrigin.open(t)
    const proxy = new CacheProxy(t, { origin: origin.address, workers: 2 })
    await proxy.start()
    const filling = takeAll(proxy.port, PATHS)
    for (let reload = 1; reload <= 4; reload++) {
      await origin.until(() => origin.requests.length >= reload * 100)
      await proxy.reload()
    }
    assert.deepEqual(wrong(await filling), [])
    await proxy.stored(PATHS.length)
    const again = await takeAll(proxy.port, PATHS)
    assert.deepEqual([wrong(again), hits(again)], [[], PATHS.length])
    assert.equal(origin.requests.length, PATHS.length)
    assert.doesNotMatch(proxy.log, /\[(?:alert|emerg|crit|error)\]/)
  })

  it('take caches in, leave them out and rename them, while they are used', async t => {
    const origin = await BodyOrigin.open(t)
    const proxy = new CacheProxy(t, { origin: origin.address, workers: 2 })
    await proxy.start()
    const paths = PATHS.slice(0, 60)
    await takeAll(proxy.port, paths)
    await proxy.stored(paths.length)

    // Another one beside it, for other requests.
    const other = join(proxy.directory, 'other')
    const second = {
      http: `proxy_cache_path ${other} keys_zone=second:1m use_temp_path=off;`,
      server: `location /5000/ { proxy_pass http://${origin.address}; proxy_cache second; }`,
    }
    proxy.configure(second)
    await proxy.reload()
    const both = [...paths, '/5000/a', '/5000/b']
    assert.deepEqual(wrong(await takeAll(proxy.port, both)), [])
    await until(async () => (await proxy.statistics('second')).entries === 2, 'two entries')
    const found = await takeAll(proxy.port, both)
    assert.deepEqual([wrong(found), hits(found)], [[], both.length])

    // A bigger zone: the directory is read anew, and what is in it stays.
    const asked = origin.requests.length
    proxy.configure({ ...second, keys: '4m' })
    proxy.program!.stderr = ''
    await proxy.reload()
    await proxy.program!.says(LOADED)
    const grown = await takeAll(proxy.port, both)
    assert.deepEqual([wrong(grown), hits(grown)], [[], both.length])
    assert.equal(origin.requests.length, asked)

    // Left out in the middle of a fill: who has it is answered to the end.
    origin.isHolding = true
    const late = take(proxy.port, '/400000/late')
    await origin.until(() => origin.requests.length > asked)
    proxy.configure({ http: '', server: '', isOff: true })
    await proxy.reload()
    origin.isHolding = false
    origin.release()
    const answer = await late
    assert.deepEqual([answer.bytes, answer.wrongAt, answer.isWhole], [400_000, -1, true])
    const without = await takeAll(proxy.port, both)
    assert.deepEqual([wrong(without), hits(without)], [[], 0])

    // Renamed: the same files under another name.
    proxy.configure({ isOff: false, name: 'renamed' })
    proxy.program!.stderr = ''
    await proxy.reload()
    await proxy.program!.says(/cache "renamed": \d+ entries loaded/)
    const renamed = await takeAll(proxy.port, paths)
    assert.deepEqual([wrong(renamed), hits(renamed)], [[], paths.length])
    assert.doesNotMatch(proxy.log, /\[(?:alert|emerg|crit)\]/)
  })
})

describe('the limits of a cache', { timeout: 120_000 }, () => {
  it('hold under load: max_size and what comes between two looks', async t => {
    const origin = await BodyOrigin.open(t)
    const maxBytes = 4_000_000
    const path = `max_size=${maxBytes} manager_files=1000 manager_sleep=1ms`
    const proxy = new CacheProxy(t, { origin: origin.address, path })
    await proxy.start()
    const looks: { readonly ms: number; readonly stored: number }[] = []
    let most = 0
    let isOver = false
    const bytes = () => proxy.files().reduce((sum, file) => sum + sizeOf(file), 0)
    const watching = (async () => {
      while (!isOver) {
        most = Math.max(most, bytes())
        looks.push({ ms: performance.now(), stored: origin.bytes })
        await delay(50)
      }
    })()
    const startMs = performance.now()
    for (let round = 0; performance.now() - startMs < FILLING_MS; round++) {
      const paths = Array.from({ length: 60 }, (_, i) => `/50000/round-${round}-${i}`)
      assert.deepEqual(wrong(await takeAll(proxy.port, paths)), [])
    }
    await until(() => bytes() <= maxBytes, 'the manager')
    isOver = true
    await watching
    const between = mostWithin(looks, ROUND_MS_MAX)
    t.diagnostic(
      `${origin.bytes} bytes stored in 6 s; at most ${most} at once, ${maxBytes} may be, ${between} came within three seconds`,
    )
    assert.ok(most < maxBytes + between, `${most} bytes`)
    const { bytes: counted, evictions, entries } = await proxy.statistics()
    assert.ok(counted <= maxBytes && evictions > 0)
    await until(() => proxy.files().length === entries, 'files and zone to agree')
    assert.equal(bytes(), counted)
  })

  it('hold where the disk has less than min_free: nothing is kept, all is answered', async t => {
    const origin = await BodyOrigin.open(t)
    const { blocks, bsize } = statfsSync(tmpdir())
    const path = `min_free=${Math.floor((blocks * bsize) / 1_048_576)}m`
    const proxy = new CacheProxy(t, { origin: origin.address, path })
    await proxy.start()
    const paths = PATHS.slice(0, 30)
    assert.deepEqual(wrong(await takeAll(proxy.port, paths)), [])
    await until(() => proxy.files().length === 0, 'the manager')
    assert.deepEqual(wrong(await takeAll(proxy.port, paths)), [])
    const { evictions } = await proxy.statistics()
    assert.ok(evictions >= 30)
  })
})

/** Most that was stored within any such time. */
function mostWithin(
  looks: readonly { readonly ms: number; readonly stored: number }[],
  ms: number,
): number {
  let most = 0
  for (const from of looks) {
    const last = looks.findLast(to => to.ms <= from.ms + ms)!
    most = Math.max(most, last.stored - from.stored)
  }
  return most
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size
  } catch {
    return 0
  }
}
