// `headgate peer`: what somebody at the controls changes holds at once, over a restart, and until the configuration says
// something else.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { makeDirectory, type Program, runProgram, startProgram } from '../harness/program.ts'

interface Setting {
  readonly directory: string
  readonly file: string
  readonly state: string
  readonly origins: readonly Origin[]
  readonly env: Readonly<Record<string, string>>
}

async function setUp(t: TestContext): Promise<Setting> {
  const origins = await Promise.all([startOrigin(t), startOrigin(t)])
  for (const [index, origin] of origins.entries()) origin.answerWith(() => ok('AB'[index]!))
  const directory = makeDirectory(t)
  const file = join(directory, 'site.yaml')
  const state = join(directory, 'app.state')
  const setting = { directory, file, state, origins, env: { XDG_RUNTIME_DIR: directory } }
  configure(setting, '')
  return setting
}

/** @param first what is written of the first peer beside its address */
function configure({ file, state, origins }: Setting, first: string): void {
  const [a, b] = origins
  writeFileSync(
    file,
    `workers: 2
access_log: off
upstreams:
  app:
    state: ${state}
    peers:
      - { address: "${a!.address}"${first} }
      - "${b!.address}"
servers:
  - { listen: "127.0.0.1:0", proxy: { upstream: app } }
`,
  )
}

interface Running {
  readonly program: Program
  readonly url: string
}

async function start(t: TestContext, { file, env }: Setting): Promise<Running> {
  const program = startProgram(t, ['run', '-c', file], { env })
  const { listen } = await program.ready()
  return { program, url: `http://${listen[0]}/` }
}

function peer({ file, env }: Setting, address: string, action: string, group = 'app') {
  return runProgram(['peer', '-c', file, '-u', group, '--peer', address, action], { env })
}

/** Who answers ten requests. */
async function answerers({ url }: Running): Promise<string> {
  const seen = new Set<string>()
  for (let i = 0; i < 10; i++) seen.add(await (await fetch(url)).text())
  return [...seen].sort().join('')
}

describe('headgate peer', { timeout: 90_000 }, () => {
  it('takes a peer out at once, keeps it out over a restart, and gives way to an edit', async t => {
    const setting = await setUp(t)
    const [first] = setting.origins
    const running = await start(t, setting)
    assert.equal(await answerers(running), 'AB')
    const done = await peer(setting, first!.address, 'down')
    assert.deepEqual([done.code, done.stderr], [0, ''])
    assert.match(done.stdout, /: down, kept in .*app\.state; generation 2 serves it\n$/)
    assert.equal(await answerers(running), 'B')
    running.program.child.kill('SIGKILL')
    await running.program.ended

    const again = await start(t, setting)
    assert.equal(await answerers(again), 'B')
    configure(setting, ', weight: 3')
    await again.program.tell('SIGHUP', / reloaded: /)
    assert.equal(await answerers(again), 'AB', 'who edits the line wants what it says now')
  })

  it('adds and removes peers, and changes weights', async t => {
    const setting = await setUp(t)
    const third = await startOrigin(t)
    third.answerWith(() => ok('C'))
    const running = await start(t, setting)
    for (const [address, action] of [
      [third.address, 'add'],
      [setting.origins[0]!.address, 'remove'],
      [setting.origins[1]!.address, 'weight=4'],
    ] as const) {
      const { code, stderr } = await peer(setting, address, action)
      assert.deepEqual([code, stderr], [0, ''])
    }
    assert.equal(await answerers(running), 'BC')
    const text = readFileSync(setting.state, 'utf8')
    assert.match(text, new RegExp(`server ${third.address}; # was: nothing\n`))
    assert.match(text, /weight=4; # was: server .*;\n/)
    assert.match(text, /# removed: server .*;\n/)
  })

  it('keeps a change for the next start when nothing runs', async t => {
    const setting = await setUp(t)
    const { code, stdout } = await peer(setting, setting.origins[1]!.address, 'down')
    assert.equal(code, 0)
    assert.match(stdout, /it holds from the next start/)
    assert.equal(await answerers(await start(t, setting)), 'A')
  })

  it('says what is wrong, and changes nothing', async t => {
    const setting = await setUp(t)
    const [first] = setting.origins
    const rows: readonly (readonly [string, string, string, RegExp])[] = [
      [first!.address, 'off', 'app', /cannot "off" a peer: wants one of up, down, drain/],
      [first!.address, 'weight=0', 'app', /cannot "weight=0" a peer/],
      [first!.address, 'down', 'ap', /there is no upstream "ap": did you mean "app"\?/],
      ['10.0.0.9:80', 'down', 'app', /upstream "app" has no peer "10\.0\.0\.9:80": it has /],
      [first!.address, 'add', 'app', /is a peer of upstream "app" already/],
      ['no address;', 'add', 'app', /is no address such as/],
    ]
    for (const [address, action, group, expected] of rows) {
      const { code, stderr } = await peer(setting, address, action, group)
      assert.equal(code, 1, action)
      assert.match(stderr, expected)
    }
    assert.throws(() => readFileSync(setting.state), /ENOENT/)
    writeFileSync(setting.file, readFileSync(setting.file, 'utf8').replace(/ +state: .*\n/, ''))
    const { stderr } = await peer(setting, first!.address, 'down')
    assert.match(stderr, /upstream "app" has no state file to keep a change in: add "state FILE;"/)
  })
})
