// What `headgate status` says and how it ends, by answers that the test gives.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { LoadOptions } from '../../src/control/load.ts'
import { askStatus, type StatusAnswer } from '../../src/control/status-client.ts'
import { showStatus } from '../../src/control/status-command.ts'
import type { StatusReport } from '../../src/control/status-report.ts'
import type { Terminal } from '../../src/control/terminal.ts'
import { afterTest } from '../harness/after-test.ts'
import { ManualDelay } from '../harness/manual-delay.ts'
import { makeDirectory } from '../harness/program.ts'

const REPORT: StatusReport = {
  format: 1,
  version: '1.2.3',
  pid: 42,
  now: '2026-11-21T10:00:00.000Z',
  startedAt: '2026-11-21T09:00:00.000Z',
  config: 'a.yaml',
  generation: 1,
  workers: 1,
  upstreams: [],
  caches: [],
  limits: [],
  transitions: [],
}

const RUNS: StatusAnswer = { kind: 'report', report: REPORT, text: JSON.stringify(REPORT) }
const ABSENT: StatusAnswer = { kind: 'absent', isStale: false }

class Bench {
  out = ''
  err = ''
  readonly asked: string[] = []
  readonly time = new ManualDelay()
  readonly end = new AbortController()
  answers: StatusAnswer[] = []
  screen: Terminal['screen'] | undefined

  async run(values: Readonly<Record<string, string>>, options?: LoadOptions): Promise<number> {
    const terminal: Terminal = {
      out: text => {
        this.out += text
      },
      err: text => {
        this.err += text
      },
      env: {},
      cwd: '/',
      hostname: 'here',
      hasColor: false,
      ...(this.screen === undefined ? {} : { screen: this.screen }),
    }
    return showStatus({ values, terminal }, () => options ?? null, {
      ask: async path => {
        this.asked.push(path)
        return this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!
      },
      delay: this.time.delay,
      signal: this.end.signal,
      userId: 1000,
    })
  }
}

function bench(...answers: StatusAnswer[]): Bench {
  const made = new Bench()
  made.answers = answers
  return made
}

function optionsFor(t: TestContext, text: string): LoadOptions {
  const prefix = makeDirectory(t, { 'a.yaml': text })
  return {
    file: join(prefix, 'a.yaml'),
    prefix,
    globals: '',
    format: null,
    env: {},
    hostname: 'here',
    isForeground: false,
    errorLogPath: null,
  }
}

const YAML = `
upstreams: { web: ['127.0.0.1:1'] }
servers: [{ listen: 80, routes: [{ path: /, proxy: { upstream: web } }] }]
`

describe('showStatus', () => {
  it('shows a table and ends with 0', async () => {
    const made = bench(RUNS)
    assert.equal(await made.run({ socket: '/run/a.sock' }), 0)
    assert.match(made.out, /^headgate 1\.2\.3 pid 42, 1 worker, generation 1, up 1 h: a\.yaml\n/)
    assert.deepEqual(made.asked, ['/run/a.sock'])
    assert.equal(made.err, '')
  })

  it('prints JSON', async () => {
    const made = bench(RUNS)
    assert.equal(await made.run({ socket: '/run/a.sock', json: '' }), 0)
    assert.deepEqual(JSON.parse(made.out), REPORT)
  })

  const failures: { name: string; answer: StatusAnswer; code: number; says: RegExp }[] = [
    {
      name: 'ends with 3 and names the socket where nobody is',
      answer: ABSENT,
      code: 3,
      says: /^headgate: it is not running: there is no control socket "\/run\/a\.sock" \(start it with "headgate run", or name the socket with --socket\)\n$/,
    },
    {
      name: 'ends with 3 where a dead process left its socket',
      answer: { kind: 'absent', isStale: true },
      code: 3,
      says: /nobody serves control socket "\/run\/a\.sock" \(its process has ended/,
    },
    {
      name: 'ends with 1 where it may not ask, and says who may',
      answer: { kind: 'failed', problem: '13: Permission denied' },
      code: 1,
      says: /cannot ask control socket "\/run\/a\.sock": 13: Permission denied \(ask as the user/,
    },
    {
      name: 'ends with 1 where the file is of another kind',
      answer: { kind: 'failed', problem: 'it is no socket' },
      code: 1,
      says: /control socket "\/run\/a\.sock": it is no socket \(name another with --socket\)\n$/,
    },
    {
      name: 'ends with 1 where the answer is none',
      answer: { kind: 'failed', problem: 'its answer is no JSON' },
      code: 1,
      says: /its answer is no JSON/,
    },
  ]
  for (const { name, answer, code, says } of failures) {
    it(name, async () => {
      const made = bench(answer)
      assert.equal(await made.run({ socket: '/run/a.sock' }), code)
      assert.match(made.err, says)
      assert.equal(made.out, '')
    })
  }

  it('asks where the configuration has its socket', async t => {
    const made = bench(RUNS)
    await made.run({}, optionsFor(t, `control: /run/own.sock\n${YAML}`))
    assert.deepEqual(made.asked, ['/run/own.sock'])
  })

  it('asks at all usual places until somebody answers', async t => {
    const made = bench(ABSENT)
    assert.equal(await made.run({}, optionsFor(t, YAML)), 3)
    for (const place of [
      /\/headgate-1000\/a\.yaml-[0-9a-f]{8}\.sock$/,
      /^\/run\/headgate\/a\.yaml-/,
    ]) {
      assert.equal(made.asked.filter(path => place.test(path)).length, 1, String(place))
    }
    assert.equal(made.err.includes(made.asked[0]!), true)
  })

  it('asks nobody where the configuration has no socket', async t => {
    const made = bench(RUNS)
    assert.equal(await made.run({}, optionsFor(t, `control: off\n${YAML}`)), 1)
    assert.deepEqual(made.asked, [])
    assert.match(made.err, /switches the control socket off/)
  })

  it('asks at the usual place when the configuration cannot be read by now', async t => {
    const made = bench(RUNS)
    assert.equal(await made.run({}, optionsFor(t, 'servers: 1')), 0)
    assert.match(made.err, /error: /)
    assert.equal(made.asked.length, 1)
  })

  it('asks first where a configuration with mistakes says that its socket is', async t => {
    const made = bench(RUNS)
    assert.equal(await made.run({}, optionsFor(t, 'control: /run/own.sock\nservers: 1')), 0)
    assert.deepEqual(made.asked, ['/run/own.sock'])
  })

  const unreadable = [
    { name: 'has mistakes', text: 'servers: 1', isGone: false },
    { name: 'is gone', text: YAML, isGone: true },
  ]
  for (const { name, text, isGone } of unreadable) {
    it(`does not claim that nothing runs where the configuration ${name}`, async t => {
      const made = bench(ABSENT)
      const options = optionsFor(t, text)
      if (isGone) rmSync(options.file)
      assert.equal(await made.run({}, options), 1)
      assert.match(
        made.err,
        /cannot tell whether it runs: there is no control socket "[^\n]*--socket\)\n$/,
      )
    })
  }

  it('believes a socket that was left rather than one that it may not ask', async t => {
    const made = bench(
      { kind: 'absent', isStale: true },
      {
        kind: 'failed',
        problem: '13: Permission denied',
      },
    )
    assert.equal(await made.run({}, optionsFor(t, YAML)), 3)
    const denied = bench(ABSENT, { kind: 'failed', problem: '13: Permission denied' })
    assert.equal(await denied.run({}, optionsFor(t, YAML)), 1)
    assert.match(denied.err, /Permission denied \(ask as the user that it runs as\)/)
  })

  for (const watch of ['0', '0.01', 'soon', '99999999']) {
    it(`refuses to watch every ${watch} seconds`, async () => {
      const made = bench(RUNS)
      assert.equal(await made.run({ socket: '/run/a.sock', watch }), 1)
      assert.match(made.err, /takes 0\.1 to 86400 seconds, not /)
      assert.deepEqual(made.asked, [])
    })
  }

  it('shows it again and again, and ends with 3 when the process has gone', async () => {
    const made = bench(RUNS, RUNS, ABSENT)
    const running = made.run({ socket: '/run/a.sock', watch: '5' })
    while (made.time.waiting.length === 0) await Promise.resolve()
    assert.deepEqual(
      made.time.waiting.map(({ ms }) => ms),
      [5000],
    )
    await made.time.pass()
    for (const { resolve } of made.time.waiting.splice(0)) resolve()
    assert.equal(await running, 3)
    assert.equal(made.out.match(/^headgate 1\.2\.3/gm)!.length, 2)
    assert.match(made.err, /it is not running/)
  })

  it('ends with 0 when somebody has seen enough', async () => {
    const made = bench(RUNS)
    const running = made.run({ socket: '/run/a.sock', watch: '' })
    while (made.time.waiting.length === 0) await Promise.resolve()
    made.end.abort()
    assert.equal(await running, 0)
  })

  it('draws over what it has drawn on a screen, and never past its end', async () => {
    const made = bench(RUNS)
    made.screen = { columns: 20, rows: 4, hasColor: false }
    const running = made.run({ socket: '/run/a.sock', watch: '' })
    while (made.time.waiting.length === 0) await Promise.resolve()
    made.end.abort()
    await running
    const [, drawn = ''] = made.out.split('\x1b[2J\x1b[H')
    const lines = drawn
      .replaceAll(/\x1b\[[KJ]/g, '')
      .trimEnd()
      .split('\n')
    assert.equal(lines.length, 3)
    for (const line of lines) assert.equal(line.length <= 20, true)
  })

  it('keeps escapes out of what is no screen', async () => {
    const made = bench(RUNS)
    const running = made.run({ socket: '/run/a.sock', watch: '' })
    while (made.time.waiting.length === 0) await Promise.resolve()
    made.end.abort()
    await running
    assert.equal(made.out.includes('\x1b'), false)
  })
})

describe('askStatus', () => {
  async function serve(t: TestContext, answer: string): Promise<string> {
    const path = join(makeDirectory(t), 'a.sock')
    const server = createServer(socket => {
      socket.on('error', () => {})
      socket.once('data', () => (answer === '' ? undefined : socket.end(answer)))
      afterTest(t, () => socket.destroy())
    }).listen(path)
    await once(server, 'listening')
    afterTest(t, () => server.close())
    return path
  }
  const http = (body: string, status = '200 OK') =>
    `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`

  it('takes a report', async t => {
    const answer = await askStatus(await serve(t, http(JSON.stringify(REPORT))))
    assert.deepEqual(answer, RUNS)
  })

  it('knows that nobody is there', async t => {
    const path = join(makeDirectory(t), 'a.sock')
    assert.deepEqual(await askStatus(path), ABSENT)
  })

  it('does not take a file of another kind for a socket that was left', async t => {
    const path = join(makeDirectory(t, { 'a.txt': 'text' }), 'a.txt')
    assert.deepEqual(await askStatus(path), { kind: 'failed', problem: 'it is no socket' })
  })

  const rows: [string, string, RegExp][] = [
    ['another status', http('{"error":"no"}', '500 No'), /^it answers 500: \{"error":"no"\}$/],
    ['another format', http('{"format":2}'), /^its answer has format 2, and this program reads 1$/],
    ['no report', http('null'), /^its answer has format none/],
    ['no JSON', http('hello'), /^its answer is no JSON$/],
    ['no HTTP', 'hello\r\n\r\n', /Parse Error/],
    ['half an answer', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{', /aborted|Connection reset/],
  ]
  for (const [name, text, says] of rows) {
    it(`refuses ${name}`, async t => {
      const answer = await askStatus(await serve(t, text))
      assert.equal(answer.kind, 'failed')
      assert.match(answer.kind === 'failed' ? answer.problem : '', says)
    })
  }

  it('gives up on a silent one', async t => {
    const answer = await askStatus(await serve(t, ''), 50)
    assert.deepEqual(answer, { kind: 'failed', problem: 'no answer in 0.05 s' })
  })
})
