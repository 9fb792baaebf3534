// Health without probes, by the real program with four workers in front of three origins, of which
// some answer 500: who is left out, for how long, and what the log says of it.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { CountingOrigin } from '../harness/counting-origin.ts'
import { makeDirectory, type Program, startProgram } from '../harness/program.ts'

/** An origin that answers 200 with its name, or 500 while it is broken. */
interface Origin {
  readonly counting: CountingOrigin
  isBroken: boolean
}

async function openOrigins(t: TestContext, count: number): Promise<Origin[]> {
  const origins: Origin[] = []
  for (let index = 0; index < count; index++) {
    const name = 'abc'[index]!
    const counting = await CountingOrigin.open(t, name, (_, response) => {
      response.statusCode = origins[index]!.isBroken ? 500 : 200
      response.end(name)
    })
    origins.push({ counting, isBroken: false })
  }
  return origins
}

function nginxConf(origins: readonly Origin[], peer: string, lines: string): string {
  return `
worker_processes 4;
events { worker_connections 1024; }
http {
  access_log off;
  error_log stderr notice;
  upstream app {
    ${origins.map(({ counting }) => `server ${counting.address} ${peer};`).join('\n    ')}
    ${lines}
  }
  server { listen 127.0.0.1:0; location / { proxy_pass http://app; } }
}
`
}

interface Bench {
  readonly program: Program
  readonly url: string
  readonly file: string
}

async function start(t: TestContext, name: string, text: string): Promise<Bench> {
  const file = join(makeDirectory(t, { [name]: text }), name)
  const program = startProgram(t, ['run', '-p', join(file, '..'), '-c', file])
  const { listen } = await program.ready()
  return { program, url: `http://${listen[0]}/`, file }
}

/** Sends requests one after another, each on a connection of its own, so that all workers are met. */
async function ask(url: string, count: number): Promise<string[]> {
  const answers: string[] = []
  for (let i = 0; i < count; i++) {
    const answer = await fetch(url, { headers: { connection: 'close' } })
    answers.push(`${answer.status} ${await answer.text()}`)
  }
  return answers
}

/** Sends requests until one is answered so. */
async function askUntil(url: string, wanted: string): Promise<void> {
  while (!(await ask(url, 1)).includes(wanted));
}

function statuses(answers: readonly string[]): string[] {
  return [...new Set(answers.map(answer => answer.split(' ')[0]!))].sort()
}

function linesOf(program: Program, pattern: RegExp): string[] {
  return program.stderr.split('\n').filter(line => pattern.test(line))
}

const OPTIONS = { timeout: 60_000 }

describe('outlier detection', OPTIONS, () => {
  it('ejects a peer that answers 500, and takes it back when it is well', async t => {
    const origins = await openOrigins(t, 3)
    const rules = 'outlier_detection base=1s max=1s;'
    const { program, url } = await start(t, 'nginx.conf', nginxConf(origins, '', rules))
    const [a] = origins
    a!.isBroken = true
    const first = await ask(url, 60)
    assert.equal(first.filter(answer => answer === '500 a').length >= 5, true)
    await program.says(/\[warn\].* ejected for 1s: too many failures in a row\n/)
    a!.isBroken = false
    await askUntil(url, '200 a')
    await program.says(/\[notice\].* is back: the trial after its ejection went well\n/)
    assert.deepEqual(statuses(await ask(url, 12)), ['200'])
  })

  it('leaves it out after exactly five, whichever workers met them', async t => {
    const origins = await openOrigins(t, 3)
    const { program, url } = await start(
      t,
      'nginx.conf',
      nginxConf(origins, 'max_fails=0', 'outlier_detection on;'),
    )
    origins[1]!.isBroken = true
    const answers = await ask(url, 60)
    assert.equal(answers.filter(answer => answer === '500 b').length, 5)
    assert.equal(linesOf(program, / ejected for /).length, 1)
  })

  it('is off in nginx.conf where nobody asks for it', async t => {
    const origins = await openOrigins(t, 3)
    const { url } = await start(t, 'nginx.conf', nginxConf(origins, '', ''))
    origins[1]!.isBroken = true
    const answers = await ask(url, 30)
    assert.equal(answers.filter(answer => answer === '500 b').length, 10)
  })

  it('is on in YAML where nothing is written', async t => {
    const origins = await openOrigins(t, 3)
    const peers = origins.map(({ counting }) => `"${counting.address}"`).join(', ')
    const text = `
workers: 4
error_log: { path: stderr, level: warn }
upstreams:
  app: [${peers}]
servers:
  - listen: 127.0.0.1:0
    proxy: { upstream: app }
`
    const { url } = await start(t, 'site.yaml', text)
    origins[1]!.isBroken = true
    const answers = await ask(url, 30)
    assert.equal(answers.filter(answer => answer === '500 b').length, 5)
  })

  it('keeps its ejections over a reload', async t => {
    const origins = await openOrigins(t, 3)
    const rules = 'outlier_detection base=60s;'
    const conf = nginxConf(origins, '', rules)
    const { program, url, file } = await start(t, 'nginx.conf', conf)
    origins[2]!.isBroken = true
    await ask(url, 30)
    const { count } = origins[2]!.counting
    assert.equal(count, 5)
    writeFileSync(file, conf.replace('location /', 'add_header X-New yes; location /'))
    const [, listen] = await program.tell('SIGHUP', / reloaded: .* listen=(.*)\n/)
    const again = `http://${listen}/`
    assert.equal((await fetch(again)).headers.get('x-new'), 'yes')
    assert.deepEqual(statuses(await ask(again, 30)), ['200'])
    assert.equal(origins[2]!.counting.count, count)
  })
})

describe('fail_on', OPTIONS, () => {
  it('bans for what is not retried, and the client sees the peer’s own answer', async t => {
    const origins = await openOrigins(t, 3)
    const { program, url } = await start(
      t,
      'nginx.conf',
      nginxConf(origins, 'max_fails=2 fail_timeout=60s', 'fail_on http_5xx;'),
    )
    origins[0]!.isBroken = true
    const answers = await ask(url, 30)
    assert.equal(answers.filter(answer => answer === '500 a').length, 2)
    assert.equal(linesOf(program, /upstream server temporarily disabled/).length, 1)
  })

  it('bans nobody for what is retried when it is off', async t => {
    const origins = await openOrigins(t, 3)
    const text = nginxConf(origins, 'max_fails=1 fail_timeout=60s', 'fail_on off;')
    const retrying = text.replace('location / {', 'location / { proxy_next_upstream http_500;')
    const { program, url } = await start(t, 'nginx.conf', retrying)
    origins[0]!.isBroken = true
    assert.deepEqual(statuses(await ask(url, 30)), ['200'])
    assert.ok(origins[0]!.counting.count >= 5)
    assert.deepEqual(linesOf(program, /temporarily disabled/), [])
  })

  it('bans a peer whose head takes longer than it may', async t => {
    const origins = await openOrigins(t, 3)
    const { url } = await start(
      t,
      'nginx.conf',
      nginxConf(origins, 'fail_timeout=60s', 'fail_on slow=1ms;'),
    )
    const [a] = origins
    a!.counting.isHolding = true
    const held = ask(url, 3)
    await a!.counting.got(1)
    // The head leaves only after the clock of this process has moved on by more than a timer tick.
    const begun = performance.now()
    while (performance.now() - begun < 60) await new Promise(resolve => setImmediate(resolve))
    a!.counting.isHolding = false
    a!.counting.release()
    assert.deepEqual(statuses(await held), ['200'])
    const { count } = a!.counting
    await ask(url, 20)
    assert.equal(a!.counting.count, count)
  })
})

describe('panic', OPTIONS, () => {
  it('uses all peers when all are banned, says so once, and ends when they are well', async t => {
    const origins = await openOrigins(t, 3)
    const lines = 'fail_on error http_5xx; panic_threshold 50%;'
    const { program, url } = await start(
      t,
      'nginx.conf',
      nginxConf(origins, 'max_fails=1 fail_timeout=1s', lines),
    )
    for (const origin of origins) origin.isBroken = true
    const answers = await ask(url, 40)
    assert.deepEqual(statuses(answers), ['500'], 'never a 502 of our own')
    assert.equal(
      linesOf(program, /\[error\].* panics: [01] of 3 peers usable, so all get requests/).length,
      1,
    )
    for (const origin of origins) origin.isBroken = false
    while (linesOf(program, /no longer panics/).length === 0) await ask(url, 6)
    assert.equal(linesOf(program, /" panics: /).length, 1)
    assert.equal(linesOf(program, /no longer panics: [23] of 3 peers usable/).length, 1)
    assert.deepEqual(statuses(await ask(url, 12)), ['200'])
  })

  it('is nginx’s 502 where nobody asks for it', async t => {
    const origins = await openOrigins(t, 3)
    const { url } = await start(
      t,
      'nginx.conf',
      nginxConf(origins, 'max_fails=1 fail_timeout=60s', 'fail_on http_5xx;'),
    )
    for (const origin of origins) origin.isBroken = true
    assert.equal((await ask(url, 4)).at(-1)!.slice(0, 3), '502')
  })
})
