// A process that is killed in the middle of a thousand fills, and workers that die in them: whatever the cache answers
// afterwards is what the origin once sent, byte for byte, and nothing half-written is left.

import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'

import { parseEntryName } from '../../src/cache/store/entry-path.ts'
import { BodyOrigin, type Taken, takeAll } from './cache-origin.ts'
import { CacheProxy, DIALECTS, killWorker, until } from './cache-proxy.ts'

const SIZES = [0, 1, 900, 5_000, 16_384, 40_000, 65_536, 65_537, 200_000, 300_000]
/** A thousand, of all sizes mixed. */
const PATHS = Array.from({ length: 1000 }, (_, i) => `/${SIZES[(i * 7) % SIZES.length]}/file-${i}`)
/** Requests at the origin before the kill comes. */
const KILLED_AT = { 'nginx.conf': [300, 900], YAML: [120] } as const
/** What is stored already is fetched again, and its file replaced. */
const AGAIN = { 'x-again': '1' }
const SETTINGS = {
  location: 'proxy_cache_bypass $http_x_again;',
  cache: 'bypass: $http_x_again',
  workers: 3,
}
/** What YAML says goes the same ways: fewer will do. */
const COUNTS = { 'nginx.conf': 1000, YAML: 200 } as const

function wrong(taken: readonly (Taken | null)[]): (Taken | null)[] {
  return taken.filter(
    each => each === null || each.status !== 200 || !each.isWhole || each.wrongAt !== -1,
  )
}

function temporary(proxy: CacheProxy): string[] {
  return proxy.files().filter(path => parseEntryName(basename(path))?.kind === 'temporary')
}

describe('a cache in the middle of a thousand fills', { timeout: 120_000 }, () => {
  for (const dialect of DIALECTS) {
    const paths = PATHS.slice(0, COUNTS[dialect])
    it(`answers what the origin has sent after a kill, and keeps every whole file: ${dialect}`, async t => {
      const origin = await BodyOrigin.open(t)
      const proxy = new CacheProxy(t, { ...SETTINGS, origin: origin.address, dialect })
      await proxy.start()
      for (const moment of KILLED_AT[dialect]) {
        const filling = takeAll(proxy.port, paths, AGAIN)
        const limit = origin.requests.length + moment
        await origin.until(() => origin.requests.length >= limit)
        await proxy.kill()
        const got = (await filling).filter(each => each !== null)
        assert.deepEqual(wrong(got.filter(each => each.isWhole)), [])
        assert.ok(got.length < paths.length, 'it was killed before the last fill')
        const halves = temporary(proxy).length
        const whole = proxy.files().length - halves

        await proxy.start()
        const { entries, dropped, leftovers } = await proxy.loaded()
        assert.deepEqual(temporary(proxy), [])
        // Files are whole before they get their names: there is none to drop.
        assert.deepEqual([entries, dropped, leftovers], [whole, 0, halves], proxy.log)
        const before = origin.requests.length
        const all = await takeAll(proxy.port, paths)
        assert.deepEqual(wrong(all), [])
        assert.equal(all.filter(each => each?.cache === 'HIT').length, entries)
        assert.equal(origin.requests.length - before, paths.length - entries)
        t.diagnostic(
          `killed at ${moment}: ${entries} loaded, ${dropped} dropped, ${leftovers} half ones removed`,
        )
      }
    })
  }

  it('counts in the line of the start what a kill left in another directory', async t => {
    const origin = await BodyOrigin.open(t)
    const proxy = new CacheProxy(t, {
      ...SETTINGS,
      origin: origin.address,
      path: 'use_temp_path=on',
    })
    await proxy.start()
    const large = Array.from({ length: 20 }, (_, i) => `/3000000/large-${i}`)
    const filling = takeAll(proxy.port, large, AGAIN)
    const directory = join(proxy.directory, 'temporary')
    const halves = () => (existsSync(directory) ? readdirSync(directory).length : 0)
    await until(() => halves() > 3, 'some that are being written')
    await proxy.kill()
    await filling
    const left = halves()
    await proxy.start()
    assert.equal((await proxy.loaded()).leftovers, left)
    assert.equal(halves(), 0)
  })

  it('goes on when worker after worker dies in them', async t => {
    const origin = await BodyOrigin.open(t)
    const proxy = new CacheProxy(t, { ...SETTINGS, origin: origin.address })
    await proxy.start(true)
    const filling = takeAll(proxy.port, PATHS, AGAIN)
    for (const worker of [0, 1, 2]) {
      await origin.until(() => origin.requests.length >= 200 * (worker + 1))
      killWorker(proxy, worker)
      await proxy.program!.says(new RegExp(`worker ${worker} serves again`))
    }
    const got = (await filling).filter(each => each !== null)
    assert.deepEqual(wrong(got.filter(each => each.isWhole)), [])
    const all = await takeAll(proxy.port, PATHS)
    assert.deepEqual(wrong(all), [])
    await until(() => proxy.files().length - temporary(proxy).length === PATHS.length, 'all files')
    const again = await takeAll(proxy.port, PATHS)
    assert.deepEqual(wrong(again), [])
    assert.equal(again.filter(each => each?.cache === 'HIT').length, PATHS.length)
    const { entries, bytes } = await proxy.statistics()
    assert.equal(entries, PATHS.length)
    // What dead workers had begun goes while the others serve.
    await until(() => temporary(proxy).length === 0, 'half files to be removed')
    const swept = [...proxy.log.matchAll(/(\d+) temporary files? of a worker that died removed/g)]
    t.diagnostic(`${entries} entries, ${swept.map(([, count]) => count).join(' + ')} half ones`)
    await proxy.kill()
    await proxy.start()
    const loaded = await proxy.loaded()
    assert.deepEqual(loaded, { entries: PATHS.length, dropped: 0, leftovers: 0 })
    // What the zone had counted over the deaths is what there is.
    assert.equal((await proxy.statistics()).bytes, bytes)
  })
})
