import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { renderDiagnostics } from '../../src/config/diagnostic.ts'
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
  /** Another value than the default for each; addresses of this group are names. */
  const OTHERS: { readonly [K in keyof typeof PLAIN_PEER]: Peer[K] } = {
    weight: 2,
    maxConns: 3,
    maxFails: 4,
    failTimeoutSeconds: 5,
    isBackup: true,
    isDown: true,
    isDraining: true,
    slowStartSeconds: 6,
    route: 'a # was: b',
    isResolving: true,
    service: 'http',
    isRaced: true,
  }

  it('has a row for every parameter', () => {
    assert.deepEqual(Object.keys(OTHERS).sort(), Object.keys(PLAIN_PEER).sort())
  })

  for (const [key, value] of Object.entries(OTHERS)) {
    it(`keeps ${key} over writing and reading, by itself and as a change`, t => {
      // `service` is written with `resolve` only.
      const needed = key === 'service' ? { isResolving: true } : {}
      const plain = peer('app.test')
      const changed: Peer = { ...plain, ...needed, [key]: value }
      assert.notEqual(serverLine(changed), serverLine(plain))
      for (const peers of [[], [plain]]) {
        const { state, found } = read(t, stateText('app', peers, [changed]), { peers })
        const { origin: _, origins: __, address: ___, ...kept } = state.upstream.peers[0]!
        const { origin: _o, origins: _p, address: _a, ...wanted } = changed
        assert.deepEqual(kept, wanted)
        assert.ok(found.every(each => !each.startsWith('error')))
      }
    })
  }

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

  for (const [what, text, word] of [
    ['is missing', null, 'is not there'],
    ['is empty', '', 'names none'],
    ['is a comment', '# nobody\n', 'names none'],
  ] as const) {
    it(`warns of a group that has no peer, because its file ${what}`, t => {
      const { lines, found, hints } = read(t, text)
      assert.deepEqual(lines, [])
      assert.equal(found.length, 1)
      assert.match(found[0]!, /^warning .*No peers in upstream "app": its state file "\/.*state" /)
      assert.ok(found[0]!.endsWith(word), found[0])
      assert.match(hints[0]!, /^every request gets 502/)
    })

    it(`leaves a group with peers of its own as it is when its file ${what}`, t => {
      const { lines, found } = read(t, text, { peers: [peer('10.0.0.1:80')] })
      assert.deepEqual([lines, found], [['server 10.0.0.1:80;'], []])
    })
  }

  const BROKEN: readonly [what: string, cut: string][] = [
    ['in a parameter', 'server 127.0.0.1:46881 weig'],
    ['in the address', 'server 127.0'],
    ['in the first word', 'serv'],
    ['before the semicolon', 'server 10.0.0.2:80 weight=2'],
    ['in quotes', 'server 10.0.0.2:80 "route=a;'],
    ['in a comment of ours', 'server 10.0.0.2:80; # was: server 10.0.0.2:80 weig'],
    ['with a line end behind it', 'server 10.0.0.2:80 weig\n'],
  ]
  for (const [what, cut] of BROKEN) {
    it(`leaves out a last line that breaks off ${what}, and nothing that stands above it`, t => {
      const { lines, found, hints } = read(t, `server 10.0.0.1:80 weight=3;\n${cut}`)
      assert.deepEqual(lines, ['server 10.0.0.1:80 weight=3;'])
      const message = 'Last line of the state file of upstream "app" is incomplete: it is left out'
      assert.deepEqual(found, [`warning 2:1 ${message}`])
      assert.match(hints[0]!, /broke off .* complete the line or delete it$/)
    })
  }

  it('takes a last line that is whole but for its line end', t => {
    const { lines, found } = read(t, 'server 10.0.0.1:80;\nserver 10.0.0.2:80 weight=2;')
    assert.deepEqual(lines, ['server 10.0.0.1:80;', 'server 10.0.0.2:80 weight=2;'])
    assert.deepEqual(found, [])
  })

  it('loses no change that was acknowledged to a change that breaks off', t => {
    const configured = [peer('10.0.0.1:80'), peer('10.0.0.2:80')]
    const now = [peer('10.0.0.1:80', { weight: 5 }), peer('10.0.0.2:80', { isDown: true })]
    const text = stateText('app', configured, now).slice(0, -8)
    const { lines, found } = read(t, text, { peers: configured })
    assert.deepEqual(lines, ['server 10.0.0.1:80 weight=5;', 'server 10.0.0.2:80;'])
    assert.match(found.join(), /^warning 3:1 Last line .* is incomplete: it is left out$/)
  })

  it('says once that a file of zero bytes is no text, and prints none of them', t => {
    const { lines, found, hints, state } = read(t, '\0\0\0\0\x1b[31m')
    assert.deepEqual(lines, [])
    const message = 'State file of upstream "app" is not text: it holds bytes of value zero'
    assert.deepEqual(found, [`error 1:1 ${message}`])
    assert.match(hints[0]!, /take it away to start without$/)
    const { diagnostics, source } = state
    const shown = renderDiagnostics(diagnostics, new Map([[source!.file, source!]]))
    assert.doesNotMatch(shown, /[\x00-\x09\x0b-\x1f]/)
  })

  it('refuses zero bytes behind whole lines too: more may be lost than the last one', t => {
    assert.match(read(t, 'server a;\n\0\0').found.join(), /^error 2:1 /)
  })

  it('says what is doubtful about the peers of the file', t => {
    const text = 'server 10.0.0.1:80 route=a;\nserver 10.0.0.2:80 route=a;\n'
    assert.deepEqual(read(t, text).found, [
      'warning 2:20 Two peers of upstream "app" have the route "a"',
    ])
  })

  it('takes a backup where the configuration has lines of its own, whatever the method', t => {
    const peers = [peer('10.0.0.1:80'), peer('10.0.0.2:80', { isBackup: true })]
    const text = stateText('app', peers, [peer('10.0.0.1:80', { weight: 2 }), peers[1]!])
    const { lines } = read(t, text, { peers, method: { kind: 'ip_hash' } })
    assert.deepEqual(lines, ['server 10.0.0.1:80 weight=2;', 'server 10.0.0.2:80 backup;'])
  })

  const MISTAKES: readonly [string, string, RegExp][] = [
    ['server 10.0.0.1 wieght=2;\n', 'error 1:17 invalid parameter "wieght=2"', /weight/],
    [
      'server a;\nserver 10.0.0.1:99999;\n',
      'error 2:8 invalid port in upstream "10.0.0.1:99999"',
      /this is the state file of upstream "app"/,
    ],
    [
      'server a;\nkeepalive 5;\n',
      'error 2:1 "keepalive" is not allowed in a state file',
      /server 10/,
    ],
    ['server a\n weight=2', 'error 2:2 unexpected end of file, expecting ";" or "}"', /state file/],
    ['location / {', 'error 1:12 unexpected end of file, expecting "}"', /state file/],
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
