// Checks that users wrote: what they get, what they may do, and what becomes of those that go wrong.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'
import { FunctionChecker } from '../../src/probe/function-check.ts'
import { renewModules } from '../../src/probe/function-host.ts'
import { afterTest } from '../harness/after-test.ts'
import { ask, makeTarget } from './probe-values.ts'

const directory = mkdtempSync(join(tmpdir(), 'headgate-probe-function-'))
after(() => rmSync(directory, { recursive: true }))

/** What the modules of this test tell it, from their threads. */
function channelOf(t: TestContext): { readonly name: string; heard(): Promise<string> } {
  const name = `probe test ${modules}`
  const channel = new BroadcastChannel(name)
  afterTest(t, () => channel.close())
  const words: string[] = []
  let wake = () => {}
  channel.onmessage = ({ data }: { data: unknown }) => {
    words.push(String(data))
    wake()
  }
  const heard = async () => {
    while (words.length === 0) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
    return words.shift()!
  }
  return { name, heard }
}

let modules = 0
function moduleOf(text: string, name = `check-${modules++}.ts`): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

const made: FunctionChecker[] = []
after(() => {
  for (const checker of made) checker.close()
})

function makeChecker(modulePath: string, host = '10.0.0.7'): FunctionChecker {
  const check = { kind: 'function', modulePath } as const
  const address = { kind: 'tcp', host, port: 8080 } as const
  const probe = { name: 'mine' }
  const target = makeTarget({ address, check, probe, peerName: 'app:8080' })
  const checker = new FunctionChecker(target, check)
  made.push(checker)
  return checker
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

  it('tries a module again that could not be loaded, once its file has changed', async () => {
    const path = moduleOf('export default (', 'broken.mjs')
    const checker = makeChecker(path)
    assert.match((await ask(checker)).fault, /^cannot load the check: /)
    moduleOf('export default () => {}', 'broken.mjs')
    utimesSync(path, 1_700_000_000, 1_700_000_000)
    assert.equal((await ask(checker)).fault, '')
  })

  it('keeps a module as it was loaded until all are renewed, with what it imports', async () => {
    const says = (text: string) => moduleOf(`export const word = '${text}'`, 'imported.mjs')
    const text = (word: string) =>
      `import { word } from './imported.mjs'\nexport default () => { throw new Error(word + ${word}) }`
    says('old')
    const path = moduleOf(text("' one'"), 'importing.mjs')
    const checkers = [makeChecker(path), makeChecker(path)]
    const faults = async () => {
      const answers = []
      for (const checker of checkers) answers.push((await ask(checker)).fault)
      return answers
    }
    assert.deepEqual(await faults(), ['old one', 'old one'])
    says('new')
    moduleOf(text("' two'"), 'importing.mjs')
    utimesSync(path, 1_700_000_000, 1_700_000_000)
    assert.deepEqual(await faults(), ['old one', 'old one'])
    renewModules()
    assert.deepEqual(await faults(), ['new two', 'new two'])
  })

  const ODD: readonly [string, string, RegExp][] = [
    ['nothing that has a text', 'throw Object.create(null)', /^what was thrown cannot be shown$/],
    [
      'an error whose message is no text',
      `throw Object.assign(new Error(), { message: { toString: null } })`,
      /^what was thrown cannot be shown$/,
    ],
    [
      'an error whose message throws',
      `throw Object.defineProperty(new Error(), 'message', { get() { throw 1 } })`,
      /^what was thrown cannot be shown$/,
    ],
    ['a symbol', `throw Symbol('odd')`, /^Symbol\(odd\)$/],
  ]
  for (const [name, body, fault] of ODD) {
    it(`is bad when it throws ${name}`, async () => {
      const path = moduleOf(`export default () => { ${body} }`)
      assert.match((await ask(makeChecker(path))).fault, fault)
    })
  }

  const LATE: readonly [string, string][] = [
    ['a rejection that nobody awaits', `Promise.reject(new Error('late'))`],
    ['an error thrown from a timer', `setTimeout(() => { throw new Error('late') }, 0)`],
  ]
  for (const [name, body] of LATE) {
    it(`is bad by ${name}, which names the module, and goes on in a new thread`, async () => {
      const path = moduleOf(
        `let calls = 0
        export default peer => {
          if (peer.host === '10.0.0.1') { ${body}; return new Promise(() => {}) }
          throw new Error('call ' + ++calls)
        }`,
        `late-${modules++}.mjs`,
      )
      const good = makeChecker(path)
      assert.equal((await ask(good)).fault, 'call 1')
      assert.equal((await ask(good)).fault, 'call 2')
      assert.equal(
        (await ask(makeChecker(path, '10.0.0.1'))).fault,
        `module "${path}" failed outside of a check: late`,
      )
      assert.equal((await ask(good)).fault, 'call 1')
    })
  }

  it('is bad once after an error that came when its check had ended', async t => {
    const channel = channelOf(t)
    const path = moduleOf(
      `import { BroadcastChannel } from 'node:worker_threads'
      const channel = new BroadcastChannel('${channel.name}')
      let isFirst = true
      export default () => {
        if (!isFirst) return
        isFirst = false
        setTimeout(() => { channel.postMessage('throws'); throw new Error('later') }, 50)
      }`,
      'later.mjs',
    )
    const checker = makeChecker(path)
    assert.equal((await ask(checker)).fault, '')
    assert.equal(await channel.heard(), 'throws')
    const fault = `module "${path}" failed outside of a check: later`
    let answer = await ask(checker)
    // The word of the channel may overtake that of the thread.
    if (answer.fault === '') answer = await ask(checker)
    assert.equal(answer.fault, fault)
    assert.equal((await ask(checker)).fault, '')
  })

  it('is bad when the module ends its thread', async () => {
    const path = moduleOf('export default () => { process.exit(3) }', 'exits.mjs')
    const fault = `module "${path}" failed outside of a check: it ended its thread with exit code 3`
    assert.equal((await ask(makeChecker(path))).fault, fault)
  })

  it('does not block who asks when it loops for ever, and is ended', async t => {
    const channel = channelOf(t)
    const path = moduleOf(
      `import { BroadcastChannel } from 'node:worker_threads'
      const channel = new BroadcastChannel('${channel.name}')
      export default peer => {
        if (peer.host !== '10.0.0.1') return
        channel.postMessage('loops')
        for (;;) {}
      }`,
      'loops.mjs',
    )
    const looping = makeChecker(path, '10.0.0.1')
    looping.start(() => assert.fail('it was stopped'))
    assert.equal(await channel.heard(), 'loops')
    // This one waits behind the loop, and is called anew in the next thread.
    const other = ask(makeChecker(path))
    const { ended } = looping.stop()
    assert.ok(ended !== null)
    await ended
    assert.equal((await other).fault, '')
    // From then on it has a thread of its own, and the others do not wait for it.
    looping.start(() => assert.fail('it was stopped'))
    assert.equal(await channel.heard(), 'loops')
    assert.equal((await ask(makeChecker(path))).fault, '')
    await looping.stop().ended
  })

  it('is bad when it blocks the check of another peer, whose time is over first', async t => {
    const channel = channelOf(t)
    const path = moduleOf(
      `import { BroadcastChannel } from 'node:worker_threads'
      const channel = new BroadcastChannel('${channel.name}')
      export default () => { channel.postMessage('loops'); for (;;) {} }`,
      'patient.mjs',
    )
    const looping = ask(makeChecker(path, '10.0.0.1'))
    assert.equal(await channel.heard(), 'loops')
    const other = makeChecker(path)
    other.start(() => assert.fail('it was stopped'))
    await other.stop().ended
    assert.equal((await looping).fault, 'the function blocks its thread')
  })

  it('leaves a function behind that does not return, and tells it by the signal', async t => {
    const channel = channelOf(t)
    const path = moduleOf(
      `import { BroadcastChannel } from 'node:worker_threads'
      const channel = new BroadcastChannel('${channel.name}')
      export default (peer, signal) => new Promise((resolve, reject) => {
        channel.postMessage('called')
        signal.addEventListener('abort', () => {
          channel.postMessage('aborted')
          reject(new Error('too late'))
        })
      })`,
      'hanging.mjs',
    )
    const checker = makeChecker(path)
    checker.start(() => assert.fail('it was stopped'))
    assert.equal(await channel.heard(), 'called')
    const { during, ended } = checker.stop()
    assert.equal(during, 'the function was running')
    assert.equal(await channel.heard(), 'aborted')
    await ended
    // It can be asked again, and the answer of the first does not come in between.
    checker.start(() => assert.fail('it was stopped'))
    assert.equal(await channel.heard(), 'called')
    await checker.stop().ended
  })
})
