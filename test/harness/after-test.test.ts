// What is ended after a test: all of it, whatever becomes of one.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { afterTest } from './after-test.ts'

/** A test context that keeps its hooks, as the runner does. */
function contextOf(hooks: (() => unknown)[]): TestContext {
  const context = { after: (hook: () => unknown) => void hooks.push(hook) }
  return context as unknown as TestContext
}

describe('afterTest', () => {
  it('ends what was begun last first', async () => {
    const hooks: (() => unknown)[] = []
    const ended: string[] = []
    const t = contextOf(hooks)
    for (const name of ['directory', 'program']) afterTest(t, () => ended.push(name))
    assert.equal(hooks.length, 1)
    await hooks[0]!()
    assert.deepEqual(ended, ['program', 'directory'])
  })

  it('ends everything when one of them throws, and then says so', async () => {
    const hooks: (() => unknown)[] = []
    const ended: string[] = []
    const t = contextOf(hooks)
    afterTest(t, () => ended.push('first'))
    afterTest(t, () => Promise.reject(new Error('not empty')))
    await assert.rejects(async () => hooks[0]!(), /not empty/)
    assert.deepEqual(ended, ['first'])
  })
})
