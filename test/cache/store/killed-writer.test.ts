// A process that is killed in the middle of many fills leaves nothing that is ever answered wrongly: every file that has an
// entry's name is a whole one, and the rest has names by which it is found and removed.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'

import { decodeHeader, decodeMeta } from '../../../src/cache/store/entry-file.ts'
import { parseEntryName } from '../../../src/cache/store/entry-path.ts'
import { keyOf, load, pattern, RUN, StoreFixture } from './store-fixture.ts'

const FILLER = join(import.meta.dirname, 'killed-filler.ts')

describe('a writer that is killed', () => {
  it('leaves whole entries, and files that are known to be unfinished', async () => {
    for (let round = 0; round < 3; round++) {
      const before = new StoreFixture()
      const child = spawn(process.execPath, [FILLER, before.root], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      child.kill('SIGKILL')
      await once(child, 'exit')

      const names = before.files()
      const now = new StoreFixture({ isCold: true }, 1, before.root)
      let entries = 0
      for (const path of names) {
        const parsed = parseEntryName(basename(path))
        assert.ok(parsed !== null, path)
        if (parsed.kind === 'temporary') {
          assert.equal(parsed.run, RUN)
          continue
        }
        entries++
        const bytes = before.readFile(path)
        const header = decodeHeader(bytes, bytes.length, bytes.length)
        // A meta that was being changed may be lost; then the entry is.
        const meta = typeof header === 'string' ? header : decodeMeta(bytes, header)
        if (typeof meta === 'string') continue
        const body = await load(now.store, keyOf(meta.key))
        const isOne = [0, 1, 2].some(seed => body?.equals(pattern(meta.length, seed)))
        assert.ok(isOne, `${meta.key} has a wrong body`)
      }
      assert.ok(entries > 50, `${entries} entries`)
      before.remove()
    }
  })
})
