// The real thread over real directories, and threads that die.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { systemDelay } from '../../../src/base/delay.ts'
import type { KeptCache } from '../../../src/control/cache/cache-messages.ts'
import { CacheThread, type CacheThreadOptions } from '../../../src/control/cache/cache-thread.ts'
import { CACHE_THREAD } from '../../../src/zone/cache-layout.ts'
import { afterTest } from '../../harness/after-test.ts'
import { ManualDelay } from '../../harness/manual-delay.ts'
import { CacheBench } from './cache-fixture.ts'

const LOADED = / entr(?:y|ies) loaded /
const ALL = { kind: 'all' } as const

class Desk {
  readonly lines: string[] = []
  readonly thread: CacheThread
  gone = 0
  #watchers: { readonly pattern: RegExp; readonly resolve: (line: string) => void }[] = []

  constructor(t: TestContext, options: Partial<CacheThreadOptions> = {}) {
    this.thread = new CacheThread({
      log: (level, text) => this.#onLine(`[${level}] ${text}`),
      onGone: () => {
        this.gone++
      },
      delay: systemDelay,
      now: () => performance.now(),
      ...options,
    })
    afterTest(t, () => this.thread.close())
  }

  /** The next line that is so, or the first one that was. */
  says(pattern: RegExp): Promise<string> {
    const found = this.lines.find(line => pattern.test(line))
    if (found !== undefined) return Promise.resolve(found)
    const { promise, resolve } = Promise.withResolvers<string>()
    this.#watchers.push({ pattern, resolve })
    return promise
  }

  #onLine(line: string): void {
    this.lines.push(line)
    for (const { pattern, resolve } of this.#watchers) if (pattern.test(line)) resolve(line)
  }
}

function kept(bench: CacheBench, id = 1): KeptCache {
  return { id, path: bench.care.path, memory: { zone: bench.memory, run: bench.care.run } }
}

/** A thread that does what the script says with messages. */
function script(text: string): URL {
  const code = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', message => { ${text} })`
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`)
}

describe('CacheThread', { timeout: 60_000 }, () => {
  it('loads thousands of entries, says so, and evicts down to the limit', async t => {
    const bench = new CacheBench(t, { inactiveMs: 1e12, zoneBytes: 4 * 1024 * 1024 })
    bench.nowMs = Date.now()
    for (let i = 0; i < 3000; i++) bench.leave({ key: `/${i}` })
    const desk = new Desk(t)
    desk.thread.use([kept(bench)], [])
    const line = await desk.says(LOADED)
    assert.match(
      line,
      /^\[notice\] cache "pages": 3000 entries loaded \(\d+ bytes\), 0 dropped, in /,
    )
    assert.equal(bench.zone.entryCount, 3000)
    assert.equal(bench.zone.loaderState, 'done')
    assert.equal(bench.zone.counters.totals().loaded, 3000)
    const bytesMax = Math.floor(bench.zone.bytes / 2)
    bench.care.path = {
      ...bench.care.path,
      bytesMax,
      manager: { files: 1e6, thresholdMs: 1e6, sleepMs: 0 },
    }
    desk.thread.use([kept(bench)], [])
    // Behind the next look of the manager, which has changed limits by then.
    while (bench.zone.bytes > bytesMax) await systemDelay(20)
    assert.equal(bench.files().length, bench.zone.entryCount)
  })

  it('does one purge after the other, and answers each', async t => {
    const bench = new CacheBench(t)
    for (let i = 0; i < 300; i++) bench.leave({ key: `/${i}`, tags: [i % 2 ? 'odd' : 'even'] })
    const desk = new Desk(t)
    desk.thread.use([kept(bench)], [])
    const [odd, all, none] = await Promise.all([
      desk.thread.purge([{ cache: 1, scope: { kind: 'tag', tag: 'odd' } }], false),
      desk.thread.purge([{ cache: 1, scope: ALL }], false),
      desk.thread.purge([{ cache: 1, scope: ALL }], false),
    ])
    assert.deepEqual(
      [odd, all, none].map(counts => counts[0]?.entries),
      [150, 150, 0],
    )
    assert.equal(bench.files().length, 0)
  })

  it('answers for caches that are gone by null', async t => {
    const bench = new CacheBench(t)
    const desk = new Desk(t)
    desk.thread.use([kept(bench)], [])
    assert.deepEqual(await desk.thread.purge([{ cache: 9, scope: ALL }], false), [null])
    assert.deepEqual(await desk.thread.list([9], '', 1), [null])
  })

  it('lets go of caches that do not serve any more, and takes others', async t => {
    const first = new CacheBench(t)
    const second = new CacheBench(t, { name: 'images' })
    const path = second.leave({ key: '/a' })
    const desk = new Desk(t)
    desk.thread.use([kept(first)], [])
    await desk.says(/"pages": 0 entries loaded/)
    desk.thread.use([kept(second, 2)], [])
    await desk.says(/"images": 1 entry loaded/)
    assert.deepEqual(await desk.thread.list([1], '', 1), [null])
    assert.equal((await desk.thread.list([2], '', 1))[0]?.entries[0]?.path, path)
  })

  it('starts no thread without a cache', async t => {
    const desk = new Desk(t)
    desk.thread.use([], [])
    await assert.rejects(desk.thread.purge([], false), /the cache thread does not run/)
  })

  it('starts again when it dies, and fails what was asked of it', async t => {
    const bench = new CacheBench(t)
    const time = new ManualDelay()
    const url = script("if (message.kind === 'purge') throw new Error('a mistake')")
    const desk = new Desk(t, { url, delay: time.delay })
    desk.thread.use([kept(bench)], [])
    await assert.rejects(desk.thread.purge([], false), /the cache thread ended: Error: a mistake/)
    assert.equal(desk.gone, 1)
    await desk.says(/^\[alert\] the cache thread died: Error: a mistake/)
    await desk.says(/^\[notice\] the cache thread is started again/)
    await assert.rejects(desk.thread.purge([], false), /a mistake/)
    await desk.says(/^\[error\] the cache thread starts again in 100 ms/)
    await assert.rejects(desk.thread.purge([], false), /does not run/)
    desk.lines.length = 0
    for (const { resolve } of time.waiting) resolve()
    await desk.says(/^\[notice\] the cache thread is started again/)
    assert.equal(desk.gone, 2)
  })

  it('goes on with what a dead thread had begun', async t => {
    const bench = new CacheBench(t)
    for (let i = 0; i < 20; i++) bench.leave({ key: `/${i}` })
    const desk = new Desk(t)
    desk.thread.use([kept(bench)], [])
    await desk.says(LOADED)
    await desk.thread.close()
    bench.zone.reclaim(CACHE_THREAD)
    const later = bench.leave({ key: '/later' })
    const next = new Desk(t)
    next.thread.use([kept(bench)], [])
    assert.match(await next.says(LOADED), /1 entry loaded .*, 20 known already, in/)
    assert.equal(bench.zone.entryCount, 21)
    assert.ok(existsSync(later))
  })

  it('is not started again when it was closed', async t => {
    const bench = new CacheBench(t)
    const desk = new Desk(t)
    desk.thread.use([kept(bench)], [])
    await desk.says(LOADED)
    await desk.thread.close()
    assert.deepEqual(
      desk.lines.filter(line => line.includes('died')),
      [],
    )
    assert.equal(desk.gone, 1)
    assert.equal(desk.thread.isStuck, false)
    desk.thread.use([kept(bench)], [])
    await assert.rejects(desk.thread.purge([], false), /does not run/)
  })
})
