// Checks that users wrote: what they get, what they may do, and what becomes of those that go wrong.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { FunctionChecker } from '../../src/probe/function-check.ts'
import { ask, makeTarget } from './probe-values.ts'

const directory = mkdtempSync(join(tmpdir(), 'headgate-probe-function-'))
after(() => rmSync(directory, { recursive: true }))

/** What the modules of this test tell it. */
const events = new EventTarget()
Object.assign(globalThis, { probeTestEvents: events })

let modules = 0
function moduleOf(text: string, name = `check-${modules++}.ts`): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

function makeChecker(modulePath: string): FunctionChecker {
  const check = { kind: 'function', modulePath } as const
  const address = { kind: 'tcp', host: '10.0.0.7', port: 8080 } as const
  const probe = { name: 'mine' }
  return new FunctionChecker(makeTarget({ address, check, probe, peerName: 'app:8080' }), check)
}

describe('FunctionChecker', () => {
  it('calls the default export with the peer, in TypeScript too', async () => {
    const path = moduleOf(
      'export default (peer: object): void => { throw new Error(JSON.stringify(peer)) }',
    )
    const { fault } = await ask(makeChecker(path))
    assert.deepEqual(JSON.parse(fault), {
      name: 'app:8080',
      host: '10.0.0.7',
      port: 8080,
      socketPath: null,
      probe: 'mine',
    })
  })

  const ROWS: readonly [string, string, RegExp][] = [
    ['is good when it returns, whatever that is', 'export default () => false', /^$/],
    ['is good when its promise resolves', 'export default async () => {}', /^$/],
    ['is bad when it throws', `export default () => { throw new Error('a\\nb') }`, /^a\\nb$/],
    ['is bad when its promise rejects', `export default async () => { throw 'no' }`, /^no$/],
    ['is bad when it throws nothing', `export default () => { throw '' }`, /^the function threw$/],
    ['has no function', 'export default 7', /^".*" has no function as its default export$/],
    ['is no module', 'export default (', /^cannot load the check: /],
    ['fails as it is loaded', `throw new Error('early')`, /^cannot load the check: early$/],
  ]
  for (const [name, text, fault] of ROWS) {
    it(name, async () => assert.match((await ask(makeChecker(moduleOf(text)))).fault, fault))
  }

  it('names a module that is not there', async () => {
    assert.match(
      (await ask(makeChecker(join(directory, 'none.ts')))).fault,
      /^cannot load the check: stat\(\) ".*none\.ts" failed \(2: No such file or directory\)$/,
    )
  })

  it('takes a module anew when its file has changed', async () => {
    const path = moduleOf(`export default () => { throw new Error('old') }`, 'changing.ts')
    const checker = makeChecker(path)
    assert.equal((await ask(checker)).fault, 'old')
    moduleOf('export default () => {}', 'changing.ts')
    utimesSync(path, 1_700_000_000, 1_700_000_000)
    assert.equal((await ask(checker)).fault, '')
  })

  it('leaves a function behind that does not return, and tells it by the signal', async () => {
    const path = moduleOf(
      `
      export default (peer, signal) => new Promise((resolve, reject) => {
        globalThis.probeTestEvents.dispatchEvent(new Event('called'))
        signal.addEventListener('abort', () => {
          globalThis.probeTestEvents.dispatchEvent(new Event('aborted'))
          reject(new Error('too late'))
        })
      })`,
      'hanging.mjs',
    )
    const checker = makeChecker(path)
    const called = once(events, 'called')
    checker.start(() => assert.fail('it was stopped'))
    await called
    const aborted = once(events, 'aborted')
    assert.deepEqual(checker.stop(), {
      during: 'the function was running',
      facts: [],
      ended: null,
    })
    await aborted
    // It can be asked again, and the answer of the first does not come in between.
    const again = once(events, 'called')
    checker.start(() => assert.fail('it was stopped'))
    await again
    checker.stop()
  })
})
