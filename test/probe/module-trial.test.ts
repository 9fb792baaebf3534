import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { tryModule } from '../../src/probe/module-trial.ts'
import { makeDirectory } from '../harness/program.ts'

describe('tryModule', () => {
  it('gives a module up that does not come to an end', async t => {
    const path = join(makeDirectory(t, { 'a.mjs': 'for (;;);' }), 'a.mjs')
    const problem = await tryModule(path, async () => {})
    assert.deepEqual(problem, { text: 'it was not loaded in 5 s', isLasting: false })
  })
})
