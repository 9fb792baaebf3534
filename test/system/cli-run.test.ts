// The real program while it runs: start, signals, reload, stop, and what it leaves behind.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { afterTest } from '../harness/after-test.ts'
import { getOnce } from '../harness/get-once.ts'
import { makeDirectory, runProgram, startProgram } from '../harness/program.ts'

interface Parts {
  readonly main?: string
  readonly http?: string
  readonly listen?: string
  readonly says?: string
}

function conf({ main = '', http = '', listen = '127.0.0.1:0', says = 'one' }: Parts = {}): string {
  return `
error_log stderr notice;
pid test.pid;
worker_processes 2;
${main}
events {}
http {
  access_log off;
  ${http}
  server { listen ${listen}; location / { return 200 "${says}"; } }
}
`
}

describe('headgate run', { timeout: 60_000 }, () => {
  it('serves, writes the pid file once it does, and removes it at the end', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf() })
    const program = startProgram(t, ['run', 'a.conf'], { cwd: directory })
    const { listen, pid, workers } = await program.ready()
    assert.equal(readFileSync(join(directory, 'test.pid'), 'utf8'), `${pid}\n`)
    assert.equal(pid, program.pid)
    assert.equal(workers, 2)
    assert.equal(await getOnce(listen[0]!), '200 one')
    program.child.kill('SIGTERM')
    assert.equal((await program.ended).code, 0)
    assert.ok(!existsSync(join(directory, 'test.pid')))
  })

  it('says on standard error that it has started when the log is elsewhere', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf().replace('stderr notice', 'e.log') })
    const program = startProgram(t, ['run', 'a.conf'], { cwd: directory })
    const { listen } = await program.ready()
    assert.equal(await getOnce(listen[0]!), '200 one')
    assert.equal(readFileSync(join(directory, 'e.log'), 'utf8'), '')
  })

  const NOTICE = '"sendfile" has no effect here: Node decides this'
  const WITHOUT_EFFECT = { http: 'sendfile on;' }
  const STARTS = [
    { name: 'run', start: ['run', 'a.conf'], main: '' },
    { name: 'daemon off', start: ['-p', '.', '-c', 'a.conf'], main: 'daemon off;' },
  ]
  for (const { name, start, main } of STARTS) {
    for (const log of ['stderr', 'e.log']) {
      it(`shows the profile and what has no effect, with ${name} and error_log ${log}`, async t => {
        const text = conf({ ...WITHOUT_EFFECT, main }).replace('stderr notice', log)
        const directory = makeDirectory(t, { 'a.conf': text })
        const program = startProgram(t, start, { cwd: directory })
        await program.ready()
        const [first, second, ...rest] = program.stderr.split('\n')
        assert.match(first!, new RegExp(`^headgate: \\[notice\\] ${NOTICE} in .*a\\.conf:9:`))
        assert.match(second!, /^headgate\/\S+ started: .* compat=nginx\/1\.30 /)
        assert.deepEqual(rest, [''])
      })
    }
  }

  it('shows them in the log alone where that is on standard error', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf(WITHOUT_EFFECT) })
    const program = startProgram(t, ['run', 'a.conf'], { cwd: directory })
    await program.ready()
    const lines = program.stderr.split('\n').slice(0, -1)
    assert.equal(lines.length, 2)
    for (const line of lines) assert.match(line, /^\d{4}\/\d\d\/\d\d \S+ \[notice\] \d+#\d+: /)
    assert.ok(lines[0]!.includes(NOTICE))
  })

  it('takes its place over a stale pid file', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf(), 'test.pid': '4194999\n' })
    const program = startProgram(t, ['run', 'a.conf'], { cwd: directory })
    const { pid } = await program.ready()
    assert.equal(readFileSync(join(directory, 'test.pid'), 'utf8'), `${pid}\n`)
  })

  it('refuses a port that another instance has, in one line', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf() })
    const program = startProgram(t, ['run', 'a.conf'], { cwd: directory })
    const { listen } = await program.ready()
    const second = makeDirectory(t, { 'a.conf': conf({ listen: listen[0]! }) })
    const end = await runProgram(['run', 'a.conf'], { cwd: second })
    assert.equal(end.code, 1)
    const line = `bind() to ${listen[0]} failed (98: Address already in use): another`
    assert.ok(end.stderr.includes(`headgate: [emerg] ${line}`), end.stderr)
    assert.ok(!existsSync(join(second, 'test.pid')))
  })

  it('refuses a log that cannot be opened', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf({ main: 'error_log no/such.log;' }) })
    const end = await runProgram(['run', 'a.conf'], { cwd: directory })
    assert.equal(end.code, 1)
    assert.match(end.stderr, /open\(\) "[^"]+no\/such\.log" failed \(2: /)
  })

  it('refuses a directory for temporary files that cannot be made, and makes one that can', async t => {
    const http = (path: string) =>
      conf({ http: `client_body_temp_path ${path}; proxy_temp_path tmp;` }).replace(
        'return 200 "one"',
        'proxy_pass http://127.0.0.1:1',
      )
    const directory = makeDirectory(t, { 'a.conf': http('no/such'), 'b.conf': http('body 1 2') })
    const end = await runProgram(['run', 'a.conf'], { cwd: directory })
    assert.equal(end.code, 1)
    assert.match(
      end.stderr,
      /a\.conf:9:3: error: mkdir\(\) "[^"]+\/no\/such" failed \(.*o such file/,
    )
    assert.ok(!existsSync(join(directory, 'tmp')))
    const program = startProgram(t, ['run', 'b.conf'], { cwd: directory })
    await program.ready()
    for (const name of ['body', 'tmp']) {
      assert.equal(statSync(join(directory, name)).mode & 0o777, 0o700)
    }
    writeFileSync(join(directory, 'b.conf'), http('no/such'))
    await program.tell('SIGHUP', /\[emerg\] .* the new configuration is not used: it has errors/)
    assert.match(program.stderr, /\[emerg\] .*mkdir\(\) .* in .*b\.conf:9:3/)
  })

  it('replaces a socket file that nobody listens on, and removes its own at the end', async t => {
    const directory = makeDirectory(t)
    const path = join(directory, 'socket')
    writeFileSync(join(directory, 'a.conf'), conf({ listen: `unix:${path}` }))
    const killed = startProgram(t, ['run', 'a.conf'], { cwd: directory })
    await killed.ready()
    killed.child.kill('SIGKILL')
    await killed.ended
    assert.ok(existsSync(path))
    const program = startProgram(t, ['run', 'a.conf'], { cwd: directory })
    const { listen } = await program.ready()
    assert.deepEqual(listen, [`unix:${path}`])
    assert.equal(await getOnce(listen[0]!), '200 one')
    const end = await runProgram(['run', 'a.conf'], { cwd: directory })
    assert.equal(end.code, 1)
    assert.match(end.stderr, /another process accepts connections on it/)
    program.child.kill('SIGTERM')
    await program.ended
    assert.ok(!existsSync(path))
  })
})

describe('headgate -s', { timeout: 60_000 }, () => {
  it('reload serves the new file on the sockets of the old one', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf() })
    const flags = ['-p', directory, '-c', 'a.conf', '-g', 'daemon off;']
    const program = startProgram(t, flags)
    const { listen } = await program.ready()
    writeFileSync(join(directory, 'a.conf'), conf({ says: 'two' }))
    assert.equal((await runProgram([...flags, '-s', 'reload'])).code, 0)
    const [, bound] = await program.says(/ reloaded: .* listen=(.*)\n/)
    assert.equal(bound, listen[0])
    const answers = await Promise.all(Array.from({ length: 8 }, () => getOnce(listen[0]!)))
    assert.deepEqual(new Set(answers), new Set(['200 two']))
  })

  it('reload of a bad file keeps the old one and says why', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf() })
    const program = startProgram(t, ['run', 'a.conf'], { cwd: directory })
    const { listen } = await program.ready()
    writeFileSync(join(directory, 'a.conf'), conf({ http: 'nonsense on;', says: 'two' }))
    await program.tell('SIGHUP', /\[emerg\] .* the new configuration is not used: it has errors/)
    assert.match(program.stderr, /\[emerg\] .*"nonsense".* in .*a\.conf:9:\d+/)
    assert.equal(await getOnce(listen[0]!), '200 one')
    writeFileSync(join(directory, 'a.conf'), conf({ says: 'three' }))
    await program.tell('SIGHUP', / reloaded: /)
    assert.equal(await getOnce(listen[0]!), '200 three')
  })

  it('reload refuses an address that is taken, and keeps the old ones', async t => {
    const other = createServer().listen(0, '127.0.0.1')
    afterTest(t, () => other.close())
    await once(other, 'listening')
    const taken = `127.0.0.1:${(other.address() as AddressInfo).port}`
    const directory = makeDirectory(t, { 'a.conf': conf() })
    const program = startProgram(t, ['run', 'a.conf'], { cwd: directory })
    const { listen } = await program.ready()
    writeFileSync(join(directory, 'a.conf'), conf({ listen: taken, says: 'two' }))
    await program.tell('SIGHUP', /the new configuration is not used: bind\(\) to /)
    assert.equal(await getOnce(listen[0]!), '200 one')
  })

  it('reload opens what is new and closes what left', async t => {
    const directory = makeDirectory(t)
    const path = join(directory, 'socket')
    writeFileSync(join(directory, 'a.conf'), conf({ listen: `unix:${path}` }))
    const program = startProgram(t, ['run', 'a.conf'], { cwd: directory })
    await program.ready()
    writeFileSync(join(directory, 'a.conf'), conf({ says: 'two' }))
    const [, bound] = await program.tell('SIGHUP', / reloaded: .* listen=(.*)\n/)
    assert.equal(await getOnce(bound!), '200 two')
    assert.ok(!existsSync(path))
    await assert.rejects(getOnce(`unix:${path}`))
  })

  it('reload adds workers, and keeps those that are too many', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf() })
    const program = startProgram(t, ['run', 'a.conf'], { cwd: directory })
    const { listen } = await program.ready()
    for (const count of [3, 1]) {
      const text = conf({ says: `${count}` }).replace('processes 2', `processes ${count}`)
      writeFileSync(join(directory, 'a.conf'), text)
      await program.tell('SIGHUP', / reloaded: .* workers=3 /)
      assert.equal(await getOnce(listen[0]!), `200 ${count}`)
    }
    assert.match(program.stderr, /3 workers go on: fewer take effect at the next start/)
  })

  it('reopen writes into new files', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf({ main: 'error_log e.log notice;' }) })
    const flags = ['-p', directory, '-c', 'a.conf', '-g', 'daemon off;']
    const program = startProgram(t, flags)
    await program.ready()
    const log = join(directory, 'e.log')
    renameSync(log, `${log}.1`)
    assert.equal((await runProgram([...flags, '-s', 'reopen'])).code, 0)
    await program.says(/logs are reopened/)
    assert.match(readFileSync(`${log}.1`, 'utf8'), / started: /)
    assert.match(readFileSync(log, 'utf8'), /logs are reopened/)
    assert.doesNotMatch(readFileSync(log, 'utf8'), / started: /)
  })

  it('quit ends when nothing is under way, and closes the listeners at once', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf() })
    const flags = ['-p', directory, '-c', 'a.conf', '-g', 'daemon off;']
    const program = startProgram(t, flags)
    const { listen } = await program.ready()
    assert.equal((await runProgram([...flags, '-s', 'quit'])).code, 0)
    const end = await program.ended
    assert.equal(end.code, 0)
    assert.match(end.stderr, /gracefully shutting down/)
    await assert.rejects(getOnce(listen[0]!), { code: 'ECONNREFUSED' })
  })

  it('stop cuts a graceful stop short', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf() })
    const flags = ['-p', directory, '-c', 'a.conf', '-g', 'daemon off;']
    const program = startProgram(t, flags)
    const { listen } = await program.ready()
    // A request that never ends: half a head.
    const [host, port] = listen[0]!.split(':')
    const client = connect(Number(port), host)
    await once(client, 'connect')
    afterTest(t, () => client.destroy())
    client.on('error', () => {})
    client.write('GET / HTTP/1.1\r\nHost: a\r\n')
    // The worker has read it when it has answered another one behind it on the same thread, whichever that is.
    for (let round = 0; round < 8; round++) await getOnce(listen[0]!)
    await program.tell('SIGQUIT', /gracefully shutting down/)
    assert.equal((await runProgram([...flags, '-s', 'stop'])).code, 0)
    assert.equal((await program.ended).code, 0)
  })

  it('stop ends at once with requests under way', async t => {
    const directory = makeDirectory(t, { 'a.conf': conf() })
    const program = startProgram(t, ['run', 'a.conf'], { cwd: directory })
    const { listen } = await program.ready()
    const [host, port] = listen[0]!.split(':')
    const client = connect(Number(port), host)
    await once(client, 'connect')
    client.on('error', () => {})
    client.write('GET / HTTP/1.1\r\n')
    const closed = new Promise(resolve => client.on('close', resolve))
    program.child.kill('SIGINT')
    assert.equal((await program.ended).code, 0)
    await closed
  })
})

describe('headgate with daemon on', { timeout: 60_000 }, () => {
  const quiet = conf().replace('error_log stderr notice;', 'error_log e.log notice;')

  it('returns when it serves, from a process in a session of its own', async t => {
    const directory = makeDirectory(t, { 'a.conf': quiet })
    const flags = ['-p', directory, '-c', 'a.conf']
    const end = await runProgram(flags)
    assert.equal(end.code, 0, end.stderr)
    assert.equal(end.stdout + end.stderr, '')
    const pid = Number(readFileSync(join(directory, 'test.pid'), 'utf8'))
    afterTest(t, () => {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended, as it should.
      }
    })
    const log = join(directory, 'e.log')
    const [, address] = readFileSync(log, 'utf8').match(/ started: pid=\d+ .* listen=(.*)\n/)!
    assert.equal(await getOnce(address!), '200 one')
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    assert.equal(Number(stat[3]), pid)
    assert.equal((await runProgram([...flags, '-s', 'quit'])).code, 0)
    while (existsSync(join(directory, 'test.pid'))) await new Promise(setImmediate)
    await assert.rejects(getOnce(address!), { code: 'ECONNREFUSED' })
  })

  it('returns 1 with the reason when it cannot serve', async t => {
    const other = createServer().listen(0, '127.0.0.1')
    afterTest(t, () => other.close())
    await once(other, 'listening')
    const taken = `127.0.0.1:${(other.address() as AddressInfo).port}`
    const text = quiet.replace('127.0.0.1:0', taken)
    const directory = makeDirectory(t, { 'a.conf': text })
    const end = await runProgram(['-p', directory, '-c', 'a.conf'])
    assert.equal(end.code, 1)
    assert.match(end.stderr, /^headgate: \[emerg\] bind\(\) to .* failed \(98: /)
    assert.ok(!existsSync(join(directory, 'test.pid')))
  })

  it('returns 1 with the findings when the file is bad', async t => {
    const directory = makeDirectory(t, { 'a.conf': 'nonsense;\n' })
    const end = await runProgram(['-p', directory, '-c', 'a.conf'])
    assert.equal(end.code, 1)
    assert.match(end.stderr, /a\.conf:1:1: error: .*nonsense/)
  })
})
