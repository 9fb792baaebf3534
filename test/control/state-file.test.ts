import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { applyState, StateFile } from '../../src/control/state-file.ts'
import { serverLine, stateText } from '../../src/control/state-text.ts'
import { type Peer, PLAIN_PEER, type Upstream } from '../../src/model/upstream.ts'
import { makeDirectory } from '../harness/program.ts'
import { sampleUpstream } from '../harness/sample-config.ts'

const OPTIONS = { prefix: '/', env: {}, hostname: 'test', globals: '' }

function peer(name: string, parts: Partial<Peer> = {}): Peer {
  return { ...sampleUpstream('u', name).peers[0]!, ...PLAIN_PEER, name, ...parts }
}

/** Reads `text` as the state file of a group. */
function read(t: TestContext, text: string | null, parts: Partial<Upstream> = {}) {
  const files: Record<string, string> = text === null ? {} : { state: text }
  const path = join(makeDirectory(t, files), 'state')
  const upstream = { ...sampleUpstream('app'), peers: [], statePath: path, ...parts }
  const state = applyState(upstream, OPTIONS)
  return {
    lines: state.upstream.peers.map(serverLine),
    found: state.diagnostics.map(
      ({ severity, message, origin }) => `${severity} ${origin.line}:${origin.column} ${message}`,
    ),
    hints: state.diagnostics.map(({ hint }) => hint),
    state,
  }
}

describe('serverLine', () => {
  const ROWS: readonly [Partial<Peer>, string][] = [
    [{}, 'server 10.0.0.1:80;'],
    [
      { weight: 2, maxConns: 3, maxFails: 4, failTimeoutSeconds: 5, slowStartSeconds: 6 },
      'server 10.0.0.1:80 weight=2 max_conns=3 max_fails=4 fail_timeout=5s slow_start=6s;',
    ],
    [{ isBackup: true, isDown: true, isDraining: true }, 'server 10.0.0.1:80 backup down drain;'],
    [{ route: 'a b;c"' }, 'server 10.0.0.1:80 "route=a b;c\\"";'],
  ]
  for (const [parts, line] of ROWS) {
    it(`writes ${line}, which reads as it was`, t => {
      assert.equal(serverLine(peer('10.0.0.1:80', parts)), line)
      assert.deepEqual(read(t, `${line}\n`).lines, [line])
    })
  }
})

describe('applyState', () => {
  it('takes the peers of a group that has no others from the file', t => {
    const text = 'server 10.0.0.1:80 weight=3;\n\n# by hand\nserver unix:/run/a.sock down;\n'
    const { lines, found, state } = read(t, text)
    assert.deepEqual(lines, ['server 10.0.0.1:80 weight=3;', 'server unix:/run/a.sock down;'])
    assert.deepEqual(found, [])
    assert.deepEqual(
      state.upstream.peers.map(({ origin }) => origin.line),
      [1, 4],
    )
  })

  for (const [what, text] of [
    ['is missing', null],
    ['is empty', ''],
  ] as const) {
    it(`leaves a group as it is when its file ${what}`, t => {
      const { lines, found } = read(t, text)
      assert.deepEqual([lines, found], [[], []])
    })
  }

  const MISTAKES: readonly [string, string, RegExp][] = [
    ['server 10.0.0.1 wieght=2;\n', 'error 1:17 invalid parameter "wieght=2"', /weight/],
    [
      'server a;\nserver 10.0.0.1:99999;\n',
      'error 2:8 invalid port in upstream "10.0.0.1:99999"',
      /^$/,
    ],
    [
      'server a;\nkeepalive 5;\n',
      'error 2:1 "keepalive" is not allowed in a state file',
      /server 10/,
    ],
    ['server a', 'error 1:8 unexpected end of file, expecting ";" or "}"', /^/],
    ['server a;\n}\n', 'error 2:1 unexpected "}"', /^/],
  ]
  for (const [text, message, hint] of MISTAKES) {
    it(`refuses ${JSON.stringify(text)} where it is wrong`, t => {
      const { found, hints } = read(t, text)
      assert.equal(found[0], message)
      assert.match(hints[0]!, hint)
    })
  }

  it('says what it cannot open, where the file was named', t => {
    const path = makeDirectory(t)
    const { found } = read(t, null, { statePath: path })
    assert.match(found[0]!, /^error \d+:\d+ .*"\/.*" failed \(21: Is a directory\)$/)
  })

  it('refuses what the method above it refuses', t => {
    const { found } = read(t, 'server a backup;\n', { method: { kind: 'ip_hash' } })
    assert.equal(found[0], 'error 1:10 balancing method does not support parameter "backup"')
  })
})

describe('what was set at run time', () => {
  const configured = [peer('10.0.0.1:80'), peer('10.0.0.2:80'), peer('10.0.0.3:80')]
  const now = [peer('10.0.0.1:80', { weight: 5 }), configured[1]!, peer('10.0.0.4:80')]
  const text = stateText('app', configured, now)
  const line = (text: string) => `server 10.0.0.${text};`

  it('is written with what the configuration said', () => {
    assert.equal(
      text,
      `# Peers of upstream app, as they were set at run time.
server 10.0.0.1:80 weight=5; # was: server 10.0.0.1:80;
server 10.0.0.2:80;
server 10.0.0.4:80; # was: nothing
# removed: server 10.0.0.3:80;
`,
    )
  })

  const ROWS: readonly [string, readonly Peer[], string[], number][] = [
    ['holds over a restart', configured, ['1:80 weight=5', '2:80', '4:80'], 0],
    [
      'leaves what the configuration has changed since',
      [peer('10.0.0.1:80', { weight: 2 }), configured[1]!, configured[2]!],
      ['1:80 weight=2', '2:80', '4:80'],
      1,
    ],
    [
      'does not bring back what the configuration has taken out',
      [configured[1]!, configured[2]!],
      ['2:80', '4:80'],
      0,
    ],
    [
      'takes an added peer as the configuration has it by now',
      [...configured, peer('10.0.0.4:80', { weight: 9 })],
      ['1:80 weight=5', '2:80', '4:80 weight=9'],
      1,
    ],
    [
      'lets a removed peer come back when its line has changed',
      [configured[0]!, configured[1]!, peer('10.0.0.3:80', { weight: 4 })],
      ['1:80 weight=5', '2:80', '3:80 weight=4', '4:80'],
      1,
    ],
    [
      'has nothing to say where the configuration says the same by now',
      [peer('10.0.0.1:80', { weight: 5 }), configured[1]!, configured[2]!],
      ['1:80 weight=5', '2:80', '4:80'],
      0,
    ],
  ]
  for (const [what, peers, expected, notices] of ROWS) {
    it(what, t => {
      const { lines, found } = read(t, text, { peers })
      assert.deepEqual(lines, expected.map(line))
      assert.equal(found.length, notices)
      for (const each of found) assert.match(each, /^notice .* does not hold any more$/)
    })
  }

  it('is the whole list for a reader that knows only `server` lines', t => {
    assert.deepEqual(read(t, text).lines, ['1:80 weight=5', '2:80', '4:80'].map(line))
  })

  it('tells the same address in two lines apart', t => {
    const twice = [peer('10.0.0.1:80'), peer('10.0.0.1:80', { weight: 2 })]
    const changed = [twice[0]!, peer('10.0.0.1:80', { isDown: true })]
    const { lines } = read(t, stateText('app', twice, changed), { peers: twice })
    assert.deepEqual(lines, ['server 10.0.0.1:80;', 'server 10.0.0.1:80 down;'])
  })
})

describe('StateFile', () => {
  it('replaces the file whole and leaves nothing beside it', async t => {
    const directory = makeDirectory(t, { state: 'old' })
    const path = join(directory, 'state')
    const file = new StateFile(path)
    const writes = Array.from({ length: 20 }, (_, number) => file.write(`${number}\n`))
    await Promise.all(writes)
    assert.equal(readFileSync(path, 'utf8'), '19\n')
    assert.deepEqual(readdirSync(directory), ['state'])
  })

  it('does not care for what a crash left half written', async t => {
    const directory = makeDirectory(t, { state: 'server a;\n', 'state.new': 'server b' })
    const path = join(directory, 'state')
    const upstream = { ...sampleUpstream('app'), peers: [], statePath: path }
    assert.deepEqual(applyState(upstream, OPTIONS).upstream.peers.map(serverLine), ['server a;'])
    await new StateFile(path).write('server c;\n')
    assert.deepEqual(readdirSync(directory), ['state'])
  })

  it('keeps the old text when it cannot write, and goes on', async t => {
    const directory = makeDirectory(t, { state: 'old' })
    const path = join(directory, 'state')
    const file = new StateFile(path)
    mkdirSync(`${path}.new`)
    await assert.rejects(file.write('lost'), /write\(\) ".*state" failed \(21: Is a directory\)/)
    assert.equal(readFileSync(path, 'utf8'), 'old')
    writeFileSync(path, 'old')
    const other = new StateFile(join(directory, 'other'))
    await other.write('new')
    assert.equal(readFileSync(join(directory, 'other'), 'utf8'), 'new')
  })
})
