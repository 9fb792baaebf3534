// Entry files that somebody or something has damaged, at places that chance picks: no byte of the damage is ever answered,
// what is broken comes from the origin, also in the middle of an answer, and the log names the file.

import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import { seedFor } from '../harness/seeded-random.ts'
import { BodyOrigin, type Taken, takeAll } from './cache-origin.ts'
import { CacheProxy, DIALECTS } from './cache-proxy.ts'

const SIZES = [0, 10, 4_000, 30_000, 65_536, 70_000, 300_000]
const PATHS = Array.from({ length: 84 }, (_, i) => `/${SIZES[i % SIZES.length]}/file-${i}`)
const ROUNDS = { 'nginx.conf': 2, YAML: 1 } as const

type Random = (limit: number) => number

/** Ways in which a file is not what was written. */
const DAMAGES: Record<string, (file: string, random: Random, other: string) => void> = {
  'cut short': (file, random) => truncateSync(file, random(statSync(file).size)),
  emptied: file => truncateSync(file, 0),
  'a bit is turned': (file, random) =>
    change(file, bytes => {
      const at = random(bytes.length)
      bytes[at] = bytes[at]! ^ (1 << random(8))
    }),
  'a page of zeros': (file, random) =>
    change(file, bytes => {
      const at = random(bytes.length)
      bytes.fill(0, at, Math.min(bytes.length, at + 4096))
    }),
  longer: file => writeFileSync(file, 'more', { flag: 'a' }),
  'another entry': (file, _, other) => copyFileSync(other, file),
  'two parts changed places': (file, random) =>
    change(file, bytes => {
      const half = bytes.length >> 1
      const size = Math.min(half, 1 + random(5000))
      const from = Buffer.from(bytes.subarray(0, size))
      bytes.copy(bytes, 0, half, half + size)
      from.copy(bytes, half)
    }),
}

function change(file: string, edit: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file)
  edit(bytes)
  writeFileSync(file, bytes)
}

function damageAll(files: readonly string[], random: Random): void {
  const names = Object.keys(DAMAGES)
  for (const [index, file] of files.entries()) {
    DAMAGES[names[index % names.length]!]!(file, random, files[(index + 1) % files.length]!)
  }
}

/** Answers that no client may see. */
function wrong(taken: readonly (Taken | null)[]): (Taken | null)[] {
  return taken.filter(
    each => each === null || each.status !== 200 || each.wrongAt !== -1 || !each.isWhole,
  )
}

describe('entry files that are damaged', { timeout: 120_000, concurrency: 2 }, () => {
  const CASES = DIALECTS.flatMap(dialect =>
    [false, true].map(isRestarted => ({ dialect, isRestarted })),
  )
  for (const { dialect, isRestarted } of CASES) {
    const when = isRestarted ? 'over a restart' : 'while it runs'
    it(`are never answered, ${when}, from ${dialect}`, async t => {
      const seeded = seedFor(t)
      const random: Random = limit => (limit === 0 ? 0 : seeded.below(limit))
      const origin = await BodyOrigin.open(t)
      // What an answer goes on with must be of the same body.
      origin.isConstant = true
      const proxy = new CacheProxy(t, { dialect, origin: origin.address, path: 'memory=0' })
      await proxy.start()
      await takeAll(proxy.port, PATHS)
      await proxy.stored(PATHS.length)
      for (let round = 0; round < ROUNDS[dialect]; round++) {
        if (isRestarted) await proxy.kill()
        damageAll(proxy.files(), random)
        if (isRestarted) {
          await proxy.start()
          if (round > 0) await proxy.loaded()
        }
        const before = origin.requests.length
        const answers = await takeAll(proxy.port, PATHS)
        assert.deepEqual(wrong(answers), [])
        const asked = origin.requests.slice(before)
        const mended = asked.filter(({ range }) => range !== '').length
        t.diagnostic(`${asked.length - mended} fetched anew, of ${mended} the rest`)
        // A bit of the file's slack may be turned without harm.
        assert.ok(asked.length > PATHS.length / 2)
        assert.deepEqual(wrong(await takeAll(proxy.port, PATHS)), [])
        await proxy.stored(PATHS.length)
      }
      const named = proxy.log.split('\n').filter(line => line.includes(proxy.root))
      assert.ok(named.length > 0)
      const { entries } = await proxy.statistics()
      assert.equal(entries, PATHS.length)
    })
  }
})
