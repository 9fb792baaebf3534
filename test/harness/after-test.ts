// What a test has started, ended: the last first, and all of it. The runner's own hooks go the other way round and stop at
// the first that throws, so that a directory which a program still writes in would keep the program alive, and the run.

import type { TestContext } from 'node:test'

type Ending = () => unknown

const endings = new WeakMap<TestContext, Ending[]>()

/** Has `end` called after the test, before everything that was registered earlier. */
export function afterTest(t: TestContext, end: Ending): void {
  const known = endings.get(t)
  if (known !== undefined) {
    known.push(end)
    return
  }
  const list = [end]
  endings.set(t, list)
  t.after(() => endAll(list))
}

async function endAll(list: Ending[]): Promise<void> {
  const errors: unknown[] = []
  for (let end = list.pop(); end !== undefined; end = list.pop()) {
    try {
      await end()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 1) throw new AggregateError(errors, 'several endings failed')
  if (errors.length === 1) throw errors[0]
}
