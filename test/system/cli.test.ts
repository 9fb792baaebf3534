// The command line of the real program: what it says, where it says it, and its exit codes.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { makeDirectory, type ProgramEnd, runProgram, startProgram } from '../harness/program.ts'

const GOOD = `
daemon off;
error_log stderr;
pid test.pid;
events {}
http {
  access_log off;
  server { listen 127.0.0.1:0; location / { return 200 "hello\\n"; } }
}
`
const BAD = GOOD.replace('return 200', 'retrun 200')
const UNRESOLVABLE = GOOD.replace('return 200 "hello\\n"', 'proxy_pass http://no-such.invalid')

/** Fails with everything that was said. */
function expectCode(end: ProgramEnd, code: number): void {
  assert.equal(end.code, code, `exit code ${end.code}: ${end.stdout}${end.stderr}`)
}

describe('headgate, as nginx', { timeout: 60_000 }, () => {
  it('-t says that a good file is good, in nginx words, and leaves nothing behind', async t => {
    const directory = makeDirectory(t, { 'a.conf': GOOD })
    const end = await runProgram(['-p', directory, '-tc', 'a.conf'])
    expectCode(end, 0)
    const file = join(directory, 'a.conf')
    assert.equal(end.stdout, '')
    assert.equal(
      end.stderr,
      `headgate: the configuration file ${file} syntax is ok\n` +
        `headgate: configuration file ${file} test is successful\n`,
    )
    assert.deepEqual(readdirSync(directory), ['a.conf'])
  })

  it('-t says where a bad file is bad', async t => {
    const directory = makeDirectory(t, { 'a.conf': BAD })
    const end = await runProgram(['-t', '-p', directory, '-ca.conf'])
    expectCode(end, 1)
    assert.match(end.stderr, /a\.conf:8:\d+: error: .*retrun/)
    assert.ok(end.stderr.endsWith(`configuration file ${join(directory, 'a.conf')} test failed\n`))
  })

  it('-t warns of a name without an address, which may come later', async t => {
    const directory = makeDirectory(t, { 'a.conf': UNRESOLVABLE })
    const end = await runProgram(['-t', '-p', directory, '-c', 'a.conf'])
    expectCode(end, 0)
    assert.match(end.stderr, /a\.conf:8:\d+: warning: host not found in upstream "no-such\.invalid/)
  })

  it('-t refuses a name without an address where nginx is followed to the letter', async t => {
    const directory = makeDirectory(t, { 'a.conf': `compat nginx/1.28 strict;${UNRESOLVABLE}` })
    const end = await runProgram(['-t', '-p', directory, '-c', 'a.conf'])
    expectCode(end, 1)
    assert.match(end.stderr, /a\.conf:8:\d+: error: host not found in upstream "no-such\.invalid/)
  })

  it('-t refuses a file that cannot be written', async t => {
    const directory = makeDirectory(t, { 'a.conf': GOOD.replace('test.pid', 'no/such.pid') })
    const end = await runProgram(['-t', '-p', directory, '-c', 'a.conf'])
    expectCode(end, 1)
    assert.match(end.stderr, /open\(\) "[^"]+\/no\/such\.pid" failed \(2: /)
  })

  it('-t refuses an address that this machine does not have', async t => {
    const directory = makeDirectory(t, { 'a.conf': GOOD.replace('127.0.0.1:0', '192.0.2.1:8080') })
    const end = await runProgram(['-t', '-p', directory, '-c', 'a.conf'])
    expectCode(end, 1)
    assert.match(end.stderr, /bind\(\) to 192\.0\.2\.1:8080 failed \(99: /)
  })

  it('-tq is silent about a good file and not about a bad one', async t => {
    const directory = makeDirectory(t, { 'a.conf': GOOD, 'b.conf': BAD })
    const good = await runProgram(['-tq', '-p', directory, '-c', 'a.conf'])
    expectCode(good, 0)
    assert.equal(good.stdout + good.stderr, '')
    const bad = await runProgram(['-tq', '-p', directory, '-c', 'b.conf'])
    expectCode(bad, 1)
    assert.match(bad.stderr, /retrun/)
  })

  it('-T prints every file that was read', async t => {
    const directory = makeDirectory(t, {
      'a.conf': GOOD.replace('access_log off;', 'include part.conf;'),
      'part.conf': 'access_log off;\n',
    })
    const end = await runProgram(['-T', '-p', directory, '-c', 'a.conf'])
    expectCode(end, 0)
    const heads = end.stdout.match(/^# configuration file .*$/gm)
    assert.deepEqual(heads, [
      `# configuration file ${join(directory, 'a.conf')}:`,
      `# configuration file ${join(directory, 'part.conf')}:`,
    ])
    assert.ok(end.stdout.endsWith('part.conf:\naccess_log off;\n\n'))
  })

  it('-g holds besides the file', async t => {
    const directory = makeDirectory(t, { 'a.conf': GOOD })
    const end = await runProgram([
      '-t',
      '-p',
      directory,
      '-c',
      'a.conf',
      '-g',
      'worker_proceses 2;',
    ])
    expectCode(end, 1)
    assert.match(end.stderr, /worker_proceses/)
  })

  it('-v says its version to standard error', async () => {
    const end = await runProgram(['-v'])
    expectCode(end, 0)
    assert.match(end.stderr, /^headgate version: headgate\/\d+\.\d+\.\d+\n$/)
    assert.equal(end.stdout, '')
  })

  it('names every place where it looked for a configuration', async t => {
    const directory = makeDirectory(t)
    const end = await runProgram(['-t', '-p', directory])
    expectCode(end, 1)
    assert.match(end.stderr, /\/etc\/headgate\/headgate\.yaml, .*\/conf\/nginx\.conf exists\n$/)
  })

  it('ends with 1 for a flag that nginx does not have', async () => {
    const end = await runProgram(['-x'])
    expectCode(end, 1)
    assert.equal(end.stderr, 'headgate: invalid option: "x"\n')
  })

  const SIGNALS = [
    { name: 'is missing', text: null, says: /open\(\) ".*test\.pid" failed \(2: / },
    { name: 'holds no number', text: 'abc\n', says: /invalid PID number "abc" in "/ },
    {
      name: 'names no process',
      text: '4194999\n',
      says: /kill\(4194999, SIGTERM\) failed \(3: /,
    },
  ]
  for (const { name, text, says } of SIGNALS) {
    it(`-s says that the pid file ${name}`, async t => {
      const files = { 'a.conf': GOOD, ...(text === null ? {} : { 'test.pid': text }) }
      const directory = makeDirectory(t, files)
      const end = await runProgram(['-p', directory, '-c', 'a.conf', '-s', 'stop'])
      expectCode(end, 1)
      assert.match(end.stderr, says)
    })
  }
})

describe('headgate, its commands', { timeout: 60_000 }, () => {
  it('check says that a good file can run', async t => {
    const directory = makeDirectory(t, { 'a.conf': GOOD })
    const end = await runProgram(['check', 'a.conf'], { cwd: directory })
    expectCode(end, 0)
    assert.match(end.stderr, /a\.conf: the configuration can run/)
  })

  it('check counts what is wrong with a bad one', async t => {
    const directory = makeDirectory(t, { 'a.conf': BAD })
    const end = await runProgram(['check', '-c', 'a.conf'], { cwd: directory })
    expectCode(end, 1)
    assert.match(end.stderr, /a\.conf: the configuration cannot run \(1 error/)
  })

  it('convert prints YAML that check takes', async t => {
    const directory = makeDirectory(t, { 'a.conf': GOOD })
    const converted = await runProgram(['convert', 'a.conf'], { cwd: directory })
    expectCode(converted, 0)
    const again = makeDirectory(t, { 'a.yaml': converted.stdout })
    expectCode(await runProgram(['check', 'a.yaml'], { cwd: again }), 0)
  })

  it('convert writes no pid file and no background that nobody has asked for', async t => {
    const text = 'events {} http { server { listen 127.0.0.1:0; return 204; } }'
    const directory = makeDirectory(t, { 'a.conf': text })
    const converted = await runProgram(['convert', 'a.conf'], { cwd: directory })
    expectCode(converted, 0)
    assert.doesNotMatch(converted.stdout, /^(?:pid|daemon):/m)
    const again = makeDirectory(t, { 'a.yaml': converted.stdout })
    // From another directory than that of the file.
    expectCode(await runProgram(['check', join(again, 'a.yaml')], { cwd: directory }), 0)
    const program = startProgram(t, ['run', '-c', join(again, 'a.yaml')])
    await program.ready()
    assert.ok(existsSync(join(again, 'logs/access.log')), 'its logs are beside it')
  })

  it('-c and -e are under -p, as with the flags of nginx', async t => {
    const text = GOOD.replace('error_log stderr;', '').replace('daemon off;', '')
    const directory = makeDirectory(t, { 'a.conf': text })
    expectCode(await runProgram(['check', '-p', directory, '-c', 'a.conf']), 0)
    expectCode(await runProgram(['convert', '-p', directory, '-c', 'a.conf']), 0)
    const flags = ['run', '-p', directory, '-c', 'a.conf', '-e', 'e.log']
    const program = startProgram(t, flags)
    await program.ready()
    assert.match(readFileSync(join(directory, 'e.log'), 'utf8'), / started: /)
  })

  it('a FILE without -c is under the current directory, whatever -p says', async t => {
    const directory = makeDirectory(t, { 'a.conf': GOOD })
    const prefix = makeDirectory(t)
    const end = await runProgram(['check', '-p', prefix, 'a.conf'], { cwd: directory })
    expectCode(end, 0)
  })

  it('convert keeps relative paths as they are written, unless -p says what they stand under', async t => {
    const text = GOOD.replace('return 200 "hello\\n"', 'root www').replace(
      'access_log off;',
      'access_log logs/a.log; client_body_temp_path body;',
    )
    const directory = makeDirectory(t, { 'a.conf': text })
    const end = await runProgram(['convert', 'a.conf'], { cwd: directory })
    expectCode(end, 0)
    for (const word of ['pid: test.pid', 'logs/a.log', 'root: www', 'body_temp_path: body']) {
      assert.ok(end.stdout.includes(word), `${word} in ${end.stdout}`)
    }
    assert.ok(!end.stdout.includes(directory), end.stdout)
    const under = await runProgram(['convert', '-p', '/srv', 'a.conf'], { cwd: directory })
    expectCode(under, 0)
    for (const word of ['/srv/test.pid', '/srv/logs/a.log', '/srv/www', '/srv/body']) {
      assert.ok(under.stdout.includes(word), `${word} in ${under.stdout}`)
    }
  })

  it('schema prints a JSON Schema', async () => {
    const end = await runProgram(['schema'])
    expectCode(end, 0)
    assert.match(JSON.parse(end.stdout).$schema, /json-schema\.org/)
  })

  it('--format decides where the name misleads', async t => {
    const directory = makeDirectory(t, { 'a.yaml': GOOD })
    expectCode(await runProgram(['check', 'a.yaml'], { cwd: directory }), 1)
    expectCode(await runProgram(['check', '--format', 'nginx', 'a.yaml'], { cwd: directory }), 0)
  })

  for (const args of [['help'], ['--help'], ['help', 'run'], ['check', '--help'], ['version']]) {
    it(`${args.join(' ')} goes to standard output`, async () => {
      const end = await runProgram(args)
      expectCode(end, 0)
      assert.match(end.stdout, /headgate/)
      assert.equal(end.stderr, '')
    })
  }

  const MISTAKES = [
    { args: ['chekc'], says: 'unknown command "chekc": did you mean "check"?' },
    { args: ['frobnicate'], says: 'unknown command "frobnicate": "headgate help" lists them' },
    { args: ['help', 'chekc'], says: 'unknown command "chekc": did you mean "check"?' },
    {
      args: ['check', '--confg', 'x'],
      says: 'unknown option "--confg" of "check": did you mean "--config"?',
    },
    { args: ['run', '-c'], says: 'option "-c" needs a FILE' },
  ]
  for (const { args, says } of MISTAKES) {
    it(`${args.join(' ')} is one line and exit code 2`, async () => {
      const end = await runProgram(args)
      expectCode(end, 2)
      assert.equal(end.stderr, `headgate: ${says}\n`)
    })
  }
})
