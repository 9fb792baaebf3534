// The real program with real checks, in front of origins that die, hang, answer 500, change their
// page: what the log says, what `headgate status` shows, and which origin users reach.

import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import type { StatusReport } from '../../src/control/status-report.ts'
import { ask, CountingOrigin } from '../harness/counting-origin.ts'
import { makeDirectory, type Program, runProgram, startProgram } from '../harness/program.ts'

/** What an origin answers to checks, or to everybody. */
interface Behaviour {
  page: string
  status: number
  hangs: boolean
}

interface Bench {
  readonly program: Program
  readonly directory: string
  readonly file: string
  readonly address: string
  readonly a: CountingOrigin
  readonly b: CountingOrigin
  /** Of `a`. */
  readonly behaviour: Behaviour
}

const PROBE = `{ path: /alive, interval: 200ms, jitter: 0, fast_interval: 50ms, timeout: 300ms,
      rise: 2, fall: 2, expect: { status: [200], body: Test Page } }`

function yaml(origins: readonly CountingOrigin[], upstream: string, top = ''): string {
  return `
workers: 2
access_log: off
error_log: { path: stderr, level: info }
${top}
upstreams:
  web:
    peers: [${origins.map(({ address }) => `'${address}'`).join(', ')}]
    ${upstream}
servers:
  - listen: 127.0.0.1:0
    routes: [{ path: /, proxy: { upstream: web } }]
`
}

async function start(t: TestContext, upstream: string, top = ''): Promise<Bench> {
  const behaviour: Behaviour = { page: 'Test Page', status: 200, hangs: false }
  const a = await CountingOrigin.open(t, 'a', (request, response) => {
    if (request.url !== '/alive') {
      response.end('a')
      return
    }
    response.statusCode = behaviour.status
    if (!behaviour.hangs) response.end(behaviour.page)
  })
  const b = await CountingOrigin.open(t, 'b', (request, response) =>
    response.end(request.url === '/alive' ? 'Test Page' : 'b'),
  )
  const directory = makeDirectory(t)
  const file = join(directory, 'a.yaml')
  const fill = (text: string) => text.replaceAll('DIR', directory)
  writeFileSync(file, fill(yaml([a, b], upstream, top)))
  const program = startProgram(t, ['run', '-c', file])
  const { listen } = await program.ready()
  return { program, directory, file, address: listen[0]!, a, b, behaviour }
}

async function report({ file }: Pick<Bench, 'file'>): Promise<StatusReport> {
  const { code, stdout, stderr } = await runProgram(['status', '-c', file, '--json'])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as StatusReport
}

async function states(bench: Bench): Promise<string[]> {
  const { upstreams } = await report(bench)
  return upstreams[0]!.peers.map(({ state }) => state)
}

/** Who answers users, in a few requests. */
async function answers({ address }: Bench): Promise<string> {
  const found = new Set<string>()
  for (let count = 0; count < 6; count++) found.add((await ask(address)).body)
  return [...found].sort().join('')
}

describe('a probe', () => {
  const rows: { name: string; break: (bench: Bench) => void; line: RegExp }[] = [
    {
      name: 'finds a server that shows another page',
      break: ({ behaviour }) => {
        behaviour.page = 'It works!'
      },
      line: /down: body did not contain "Test Page" \(200, 9 bytes, [\d.]+ ms\), 2nd of 2, upstream: "web"/,
    },
    {
      name: 'finds a server that answers 500',
      break: ({ behaviour }) => {
        behaviour.status = 500
      },
      line: /down: [^\n]*500[^\n]*, 2nd of 2, upstream: "web"/,
    },
    {
      name: 'finds a server that hangs',
      break: ({ behaviour }) => {
        behaviour.hangs = true
      },
      line: /down: timed out after 300 ms [^\n]*, 2nd of 2, upstream: "web"/,
    },
    {
      name: 'finds a server that is gone',
      break: ({ a }) => a.close(),
      line: /down: [^\n]*111: Connection refused[^\n]*, 2nd of 2, upstream: "web"/,
    },
  ]
  for (const { name, break: breakIt, line } of rows) {
    it(name, async t => {
      const bench = await start(t, `probe: ${PROBE}`)
      assert.equal(await answers(bench), 'ab')
      breakIt(bench)
      const [text] = await bench.program.says(new RegExp(`\\[error\\][^\\n]* ${line.source}`))
      assert.match(text, new RegExp(`peer ${bench.a.address} down`))
      assert.equal(await answers(bench), 'b')
      const { upstreams, transitions } = await report(bench)
      const [peer] = upstreams[0]!.peers
      assert.equal(peer!.state, 'down')
      assert.equal(peer!.probes[0]!.last!.good, false)
      assert.equal(text.includes(transitions.at(-1)!.text), true)
    })
  }

  it('brings a server back', async t => {
    const bench = await start(t, `probe: ${PROBE}`)
    bench.behaviour.status = 503
    await bench.program.says(/ down: /)
    bench.behaviour.status = 200
    await bench.program.says(
      /\[notice\] [^\n]*peer [\d.:]+ up after [^\n]*: 200, 9 bytes, [\d.]+ ms, 2nd of 2, upstream: "web"/,
    )
    assert.equal(await answers(bench), 'ab')
    assert.deepEqual(await states(bench), ['up', 'up'])
  })

  it('lets nobody have a request that it did not see well, where it is mandatory', async t => {
    const bench = await start(t, `probe: ${PROBE.replace('{', '{ mandatory: true, ')}`)
    await bench.program.says(new RegExp(`peer ${bench.b.address} up: `))
    await bench.program.says(new RegExp(`peer ${bench.a.address} up: `))
    assert.equal(await answers(bench), 'ab')
    // Another peer that never was well, by a reload.
    const late = await CountingOrigin.open(t, 'c', (request, response) => {
      response.statusCode = request.url === '/alive' ? 500 : 200
      response.end('c')
    })
    const persistent = PROBE.replace('{', '{ mandatory: true, persistent: true, ')
    writeFileSync(bench.file, yaml([bench.a, bench.b, late], `probe: ${persistent}`))
    await bench.program.tell('SIGHUP', /reloaded: /)
    await bench.program.says(new RegExp(`peer ${late.address} down: `))
    assert.equal(await answers(bench), 'ab')
    assert.deepEqual(await states(bench), ['up', 'up', 'down'])
  })

  it('keeps its verdict over a reload, and gives everybody back when it goes', async t => {
    const bench = await start(t, `probe: ${PROBE}`)
    bench.behaviour.status = 500
    await bench.program.says(/ down: /)
    await bench.program.tell('SIGHUP', /reloaded: /)
    assert.equal(await answers(bench), 'b')
    writeFileSync(bench.file, yaml([bench.a, bench.b], ''))
    await bench.program.tell('SIGHUP', /reloaded: /)
    assert.equal(await answers(bench), 'ab')
  })

  it('serves on while a mandatory check that was edited has no answer yet', async t => {
    const bench = await start(
      t,
      `probe: ${PROBE.replace('{', '{ mandatory: true, persistent: true, ')}`,
    )
    await bench.program.says(new RegExp(`peer ${bench.b.address} up: `))
    await bench.program.says(new RegExp(`peer ${bench.a.address} up: `))
    bench.behaviour.hangs = true
    bench.b.close()
    await bench.program.says(new RegExp(`peer ${bench.b.address} down: `))
    const edited =
      '{ path: /alive?2, mandatory: true, persistent: true, interval: 60s, timeout: 50s }'
    writeFileSync(bench.file, yaml([bench.a, bench.b], `probe: ${edited}`))
    await bench.program.tell('SIGHUP', /reloaded: /)
    assert.equal(await answers(bench), 'a')
    assert.deepEqual(await states(bench), ['up', 'down'])
    await bench.program.says(/the check of 2 peers has changed: checking again/)
  })

  it('asks at once after a failed request of a user, where it shall', async t => {
    const probe = `{ path: /alive, interval: 60s, fast_interval: 60s, fall: 1, on_failure: true }`
    const bench = await start(t, `probe: ${probe}`)
    bench.a.close()
    for (let count = 0; count < 4; count++) assert.equal((await ask(bench.address)).body, 'b')
    await bench.program.says(new RegExp(`peer ${bench.a.address} down: `))
  })
})

describe('a file in the maintenance directory', () => {
  it('takes its peer out as long as it is there', async t => {
    const bench = await start(t, `maintenance_dir: DIR`)
    const path = join(bench.directory, bench.a.address)
    writeFileSync(path, '')
    await bench.program.says(new RegExp(`peer ${bench.a.address} in maintenance: `))
    assert.equal(await answers(bench), 'b')
    assert.deepEqual(await states(bench), ['maintenance', 'up'])
    rmSync(path)
    await bench.program.says(new RegExp(`peer ${bench.a.address} back from maintenance: `))
    assert.equal(await answers(bench), 'ab')
  })
})

describe('an alert', () => {
  it('is a program that is told what happened', async t => {
    const bench = await start(t, `alerts: { command: '/bin/sh DIR/it.sh' }\n    probe: ${PROBE}`)
    writeFileSync(
      join(bench.directory, 'it.sh'),
      `echo "$PEER $UPSTREAM $STATE $WHY" > ${bench.directory}/out; echo done >&2; exit 9`,
    )
    bench.behaviour.page = 'It works!'
    await bench.program.says(/alert by command failed: \/bin\/sh: exit code 9 \(done\)/)
    const said = readFileSync(join(bench.directory, 'out'), 'utf8')
    assert.match(said, new RegExp(`^${bench.a.address} web down body did not contain "Test Page"`))
  })
})

describe('the command of a fallback', () => {
  it('is started with the last peer and stopped with the first', async t => {
    const fallback = `fallback: { status: 503, text: sorry, command: /bin/sh DIR/it.sh }`
    const bench = await start(t, `${fallback}\n    probe: ${PROBE}`)
    const { program, directory, address, a, b } = bench
    writeFileSync(join(directory, 'it.sh'), `echo "$@" >> ${directory}/out; echo done >&2; exit 9`)
    bench.behaviour.page = 'It works!'
    b.close()
    await program.says(/fallback command [^\n]* start [^\n]* failed: [^\n]*\(done\)/)
    assert.deepEqual([(await ask(address)).status, (await ask(address)).body], [503, 'sorry'])
    bench.behaviour.page = 'Test Page'
    await program.says(/fallback command [^\n]* stop [^\n]* failed: [^\n]*\(done\)/)
    assert.equal(await answers(bench), 'a')
    assert.equal(
      readFileSync(join(directory, 'out'), 'utf8'),
      `start ${address} tcp\nstop ${address} tcp\n`,
    )
    assert.equal(a.count > 0, true)
  })
})

describe('a change of the configuration on disk', () => {
  it('is taken, and a bad one is not', async t => {
    const bench = await start(t, '', 'auto_reload: { command: /bin/sh DIR/it.sh }')
    const { file, program, directory } = bench
    const script = join(directory, 'it.sh')
    writeFileSync(script, `echo "$@" >> ${directory}/out`)
    writeFileSync(file, readFileSync(file, 'utf8').replace('path: /,', 'path: /,,'))
    await program.says(/configuration file "[^"]*" has changed on disk/)
    await program.says(/the new configuration is not used: it has errors; generation 1 goes on/)
    assert.equal(await answers(bench), 'ab')
    program.stderr = ''
    const top = `auto_reload: { command: /bin/sh ${script} }`
    writeFileSync(file, yaml([bench.b], '', top))
    await program.says(/reloaded: /)
    assert.equal(await answers(bench), 'b')
  })
})

describe('headgate status', () => {
  it('shows a table, and says that nothing runs once it is over', async t => {
    const bench = await start(t, `probe: ${PROBE}`)
    bench.behaviour.page = 'It works!'
    await bench.program.says(/ down: /)
    const { file, address, a, b } = bench
    const { code, stdout } = await runProgram(['status', '-c', file])
    assert.equal(code, 0)
    const lines = stdout.split('\n')
    assert.match(lines[0]!, /^headgate \S+ pid \d+, 2 workers, generation 1, up .*: .*a\.yaml$/)
    assert.match(stdout, new RegExp(`\\nTCP  ${address} round_robin \\(web\\)\\n`))
    assert.match(
      stdout,
      new RegExp(`\\n  -> ${a.address} +1 +0 +0 +down +\\S+ m?s ago: body did not contain`),
    )
    assert.match(
      stdout,
      new RegExp(`\\n  -> ${b.address} +1 +0 +0 +up +\\S+ m?s ago: 200, 9 bytes`),
    )
    assert.match(stdout, /\nLast transitions\n\d{4}\/\d\d\/\d\d [\d:]+ peer \S+ down: body did not/)
    await bench.program.tell('SIGTERM', /exit\n/)
    await bench.program.ended
    const after = await runProgram(['status', '-c', file])
    assert.equal(after.code, 3)
    assert.match(after.stderr, /it is not running: there is no control socket ".*a\.yaml-.*\.sock"/)
  })

  it('asks where the configuration has the socket, also after a reload has moved it', async t => {
    const bench = await start(t, '', 'control: DIR/one.sock')
    const { directory, file, program } = bench
    const at = (name: string) => runProgram(['status', '--socket', join(directory, name), '--json'])
    assert.equal((await at('one.sock')).code, 0)
    assert.equal((await report(bench)).generation, 1)
    writeFileSync(file, readFileSync(file, 'utf8').replace('one.sock', 'two.sock'))
    await program.tell('SIGHUP', /reloaded: /)
    assert.equal((await report(bench)).generation, 2)
    assert.equal((await at('one.sock')).code, 3)
    writeFileSync(file, readFileSync(file, 'utf8').replace(/control: .*/, 'control: off'))
    await program.tell('SIGHUP', /reloaded: /)
    const { code, stderr } = await runProgram(['status', '-c', file])
    assert.equal(code, 1)
    assert.match(stderr, /switches the control socket off/)
  })

  it('finds the process by its file when that has a mistake by now', async t => {
    const bench = await start(t, '')
    writeFileSync(bench.file, 'servers: 5')
    const { code, stdout, stderr } = await runProgram(['status', '-c', bench.file])
    assert.equal(code, 0)
    assert.match(stdout, /round_robin \(web\)/)
    assert.match(stderr, /a\.yaml:1:10: error: /)
  })

  it('watches until the process goes', async t => {
    const bench = await start(t, '')
    const watching = startProgram(t, ['status', '-c', bench.file, '--watch', '0.1'])
    await watching.says(/generation 1[\s\S]*\n\nheadgate[\s\S]*generation 1/)
    await bench.program.tell('SIGTERM', /exit\n/)
    const { code, stderr } = await watching.ended
    assert.equal(code, 3)
    assert.match(stderr, /it is not running/)
  })

  it('watches until it is told to stop', async t => {
    const bench = await start(t, '')
    const watching = startProgram(t, ['status', '-c', bench.file, '--watch', '--json'])
    await watching.says(/"format":1/)
    watching.child.kill('SIGINT')
    assert.equal((await watching.ended).code, 0)
  })
})
