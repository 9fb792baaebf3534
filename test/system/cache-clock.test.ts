// The wall clock is set back and forward under a cache that is in use: whatever that does to what is fresh, no answer is
// wrong, nobody waits, and what is stored now is found again.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { BodyOrigin, take, takeAll } from './cache-origin.ts'
import { CacheProxy, until } from './cache-proxy.ts'

const PRELOAD = fileURLToPath(new URL('../harness/stepped-clock.ts', import.meta.url))
const HOUR_MS = 3_600_000
const PATHS = Array.from({ length: 40 }, (_, i) => `/${1000 + 2000 * i}/file-${i}`)
/** Threads look at the file, and then at the clock, each now and then. */
const NOTICED_MS = 1_200

// Most of it is waiting.
describe('a clock that is set', { timeout: 60_000, concurrency: 2 }, () => {
  for (const mode of ['nginx', 'standard']) {
    it(`harms no answer, and leaves the cache at work, in ${mode} mode`, async t => {
      const origin = await BodyOrigin.open(t)
      // By a clock that goes right everything of today would be old (RFC 9111 §4.2.3).
      origin.hasDate = false
      origin.fields = { 'cache-control': 'max-age=600' }
      const location = `proxy_cache_mode ${mode}; proxy_cache_lock on; proxy_cache_lock_timeout 60s;`
      const proxy = new CacheProxy(t, { origin: origin.address, location, path: 'inactive=1d' })
      const clock = join(proxy.directory, 'clock')
      const step = async (ms: number) => {
        writeFileSync(clock, String(ms))
        await delay(NOTICED_MS)
      }
      writeFileSync(clock, '0')
      await proxy.start(false, { CLOCK_FILE: clock, NODE_OPTIONS: `--import ${PRELOAD}` })
      await takeAll(proxy.port, PATHS)
      await proxy.stored(PATHS.length)
      for (const aheadMs of [-HOUR_MS, 5 * HOUR_MS, -100 * 24 * HOUR_MS]) {
        // One fetch is under way while the clock is set, and others wait for it.
        origin.isHolding = true
        const path = `/9999/held-${aheadMs}`
        const before = origin.requests.length
        const waiting = takeAll(proxy.port, new Array(12).fill(path), {}, 12)
        await origin.until(() => origin.requests.length > before)
        await step(aheadMs)
        origin.isHolding = false
        origin.release()
        for (const each of await waiting) {
          assert.deepEqual([each?.status, each?.isWhole, each?.wrongAt], [200, true, -1])
        }
        const all = await takeAll(proxy.port, PATHS)
        const again = await takeAll(proxy.port, PATHS)
        for (const each of [...all, ...again]) {
          assert.deepEqual([each?.status, each?.isWhole, each?.wrongAt], [200, true, -1])
        }
        const kinds = [all, again].map(list => [...new Set(list.map(each => each!.cache))].join())
        t.diagnostic(`${aheadMs / HOUR_MS} h: ${kinds.join(', then ')}`)
        // What is stored now is found: nothing fetches for ever.
        const fresh = `/4321/fresh-${aheadMs}`
        await take(proxy.port, fresh)
        await until(async () => (await take(proxy.port, fresh)).cache === 'HIT', 'a hit')
      }
      assert.doesNotMatch(proxy.log, /\[(?:alert|emerg|crit)\]/)
      const { entries } = await proxy.statistics()
      assert.equal(entries, PATHS.length + 6)
    })
  }
})
