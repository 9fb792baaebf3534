// Checks by programs: arguments, environment, exit codes, output; and programs that will not end.

import assert from 'node:assert/strict'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { SystemClock } from '../../src/base/clock.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import type { ListenAddress } from '../../src/model/listener.ts'
import type { CheckTime } from '../../src/probe/checker.ts'
import { ExternalChecker } from '../../src/probe/external-check.ts'
import { PROBE_LIMITS } from '../../src/probe/limits.ts'
import { PingChecker } from '../../src/probe/ping-check.ts'
import { type ProbeReport, Prober } from '../../src/probe/prober.ts'
import { killGroups } from '../../src/probe/program-groups.ts'
import { afterTest } from '../harness/after-test.ts'
import { ask, machineTime, makeTarget } from './probe-values.ts'

const directory = mkdtempSync(join(tmpdir(), 'headgate-probe-program-'))
after(() => rmSync(directory, { recursive: true }))

let programs = 0
function program(text: string, name = `check-${programs++}`): string {
  const path = join(directory, name)
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
  return path
}

const REAL: ListenAddress = { kind: 'tcp', host: '192.168.0.102', port: 8080 }
const VIRTUAL: ListenAddress = { kind: 'tcp', host: '192.168.0.200', port: 80 }

type ExternalCheck = ConstructorParameters<typeof ExternalChecker>[1]

function makeChecker(
  command: string,
  changes: Partial<ExternalCheck> = {},
  virtual: ListenAddress | null = VIRTUAL,
  time: CheckTime = machineTime(),
): ExternalChecker {
  const check: ExternalCheck = {
    kind: 'external',
    command,
    arguments: [],
    environment: [],
    ...changes,
  }
  return new ExternalChecker(makeTarget({ address: REAL, check, probe: { virtual } }), check, time)
}

/** Waits for a file that a program writes: there is no other event to wait for. */
async function appears(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise(resolve => setImmediate(resolve))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('ExternalChecker', () => {
  it('gives the address of clients and the one of the peer, behind its own arguments', async () => {
    const command = program('echo "$# $*"; exit 1')
    const own = makeChecker(command, { arguments: ['-v', 'two words'] })
    assert.deepEqual(await ask(own), {
      fault: 'exit code 1: 6 -v two words 192.168.0.200 80 192.168.0.102 8080',
      facts: [],
    })
    const unknown = makeChecker(command, {}, null)
    assert.equal((await ask(unknown)).fault, 'exit code 1: 4 - 0 192.168.0.102 8080')
  })

  it('takes no text for a command of a shell', async () => {
    const command = program('echo "$1"; exit 1')
    const checker = makeChecker(command, { arguments: ['$(id); `id` | true'] })
    assert.equal((await ask(checker)).fault, 'exit code 1: $(id); `id` | true')
  })

  it('gives our own environment and what is written, which counts more', async () => {
    process.env.HEADGATE_PROBE_SITE = 'ours'
    process.env.HEADGATE_PROBE_OTHER = 'other'
    const command = program(
      'echo "${#PATH}|$HOME|$HEADGATE_PROBE_SITE|$HEADGATE_PROBE_OTHER|$PWD"; exit 1',
    )
    const checker = makeChecker(command, { environment: [['HEADGATE_PROBE_SITE', 'a b']] })
    const { fault } = await ask(checker)
    delete process.env.HEADGATE_PROBE_SITE
    delete process.env.HEADGATE_PROBE_OTHER
    const { PATH = '', HOME = '' } = process.env
    assert.equal(fault, `exit code 1: ${PATH.length}|${HOME}|a b|other|/`)
  })

  it('gives the address of clients in place of its name, looked up once', async () => {
    const command = program('echo "$1 $2"; exit 1')
    const asked: string[] = []
    const virtual: ListenAddress = { kind: 'tcp', host: 'vip.example', port: 80 }
    const check: ExternalCheck = { kind: 'external', command, arguments: [], environment: [] }
    const lookUp = async (host: string) => {
      asked.push(host)
      return '10.0.0.7'
    }
    const target = makeTarget({ address: REAL, check, probe: { virtual } })
    const checker = new ExternalChecker(target, check, machineTime(), lookUp)
    assert.equal((await ask(checker)).fault, 'exit code 1: 10.0.0.7 80')
    assert.equal((await ask(checker)).fault, 'exit code 1: 10.0.0.7 80')
    assert.deepEqual(asked, ['vip.example'])
  })

  it('runs nothing for a check that was stopped while a name was looked up', async () => {
    const command = program('exit 0')
    const virtual: ListenAddress = { kind: 'tcp', host: 'vip.example', port: 80 }
    const check: ExternalCheck = { kind: 'external', command, arguments: [], environment: [] }
    const found = Promise.withResolvers<string>()
    const target = makeTarget({ address: REAL, check, probe: { virtual } })
    const checker = new ExternalChecker(target, check, machineTime(), () => found.promise)
    checker.start(() => assert.fail('it was stopped'))
    assert.deepEqual(checker.stop(), { during: 'its name was looked up', facts: [], ended: null })
    found.resolve('10.0.0.7')
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(checker.stop().ended, null, 'nothing runs')
    assert.equal((await ask(checker)).fault, '', 'the next one does')
  })

  const ROWS: readonly [string, string, string][] = [
    ['is good at exit code 0, whatever it says', 'echo down; exit 0', ''],
    ['is bad at any other', 'exit 42', 'exit code 42'],
    ['shows the last line', 'echo one; echo two >&2; exit 1', 'exit code 1: two'],
    [
      'shows no control characters',
      `printf 'a\\033[31mb\\001'; exit 1`,
      'exit code 1: a\\x1b[31mb\\x01',
    ],
    ['names the signal that ended it', 'kill -SEGV $$', 'ended by SIGSEGV'],
    [
      'keeps the end of a long output',
      'i=0; while [ $i -lt 3000 ]; do echo "line $i of many"; i=$((i+1)); done; exit 1',
      'exit code 1: line 2999 of many',
    ],
    [
      'lets a program open its outputs by their names',
      'set -e; echo one > /dev/stdout; echo two > /dev/stderr; echo three >> /dev/stderr; exit 4',
      'exit code 4: three',
    ],
    [
      'does not wait for children that hold its output',
      'sleep 30 & echo left; exit 3',
      'exit code 3: left',
    ],
  ]
  for (const [name, text, fault] of ROWS) {
    it(name, async () => assert.equal((await ask(makeChecker(program(text)))).fault, fault))
  }

  it('names a program that is not there, or may not be run', async () => {
    assert.equal(
      (await ask(makeChecker('/nowhere/check'))).fault,
      'exec() "/nowhere/check" failed (2: No such file or directory)',
    )
    const plain = join(directory, 'plain')
    writeFileSync(plain, 'text')
    chmodSync(plain, 0o644)
    assert.equal(
      (await ask(makeChecker(plain))).fault,
      `exec() "${plain}" failed (13: Permission denied)`,
    )
  })

  it('ends a program by TERM, its children too', async () => {
    const pids = join(directory, 'pids-term')
    const command = program(`sleep 300 & echo "$$ $!" > ${pids}.new; mv ${pids}.new ${pids}; wait`)
    const checker = makeChecker(command)
    checker.start(() => assert.fail('it was stopped'))
    await appears(pids)
    const { ended, during } = checker.stop()
    assert.equal(during, 'the program ran, which was killed')
    await ended
    for (const pid of readFileSync(pids, 'utf8').trim().split(' ')) {
      while (isAlive(Number(pid)) && !isZombie(Number(pid))) {
        await new Promise(resolve => setImmediate(resolve))
      }
    }
  })

  it('kills a program that ignores TERM after a second, and reports it in time', async t => {
    const clock = new SystemClock()
    const time = { clock, wheel: new TimerWheel(clock) }
    const mark = join(directory, 'deaf')
    const command = program(`trap '' TERM; echo busy; : > ${mark}; while :; do sleep 0.05; done`)
    const reports: ProbeReport[] = []
    const told = Promise.withResolvers<void>()
    const prober = new Prober({
      time,
      onReport: report => {
        reports.push(report)
        told.resolve()
      },
    })
    afterTest(t, () => prober.close())
    const check: ExternalCheck = { kind: 'external', command, arguments: [], environment: [] }
    const probe = { isMandatory: true, timeoutMs: 300, intervalMs: 60_000 }
    // The wheel's own timer does not keep a process alive.
    const alive = setInterval(() => {}, 1000)
    afterTest(t, () => clearInterval(alive))
    prober.setTargets([makeTarget({ check, probe })])
    await told.promise
    assert.equal(
      reports[0]!.why,
      'timed out after 300 ms while the program ran, which was killed: busy',
    )
    assert.ok(reports[0]!.tookMs < 300 + PROBE_LIMITS.killDelayMs)
    const start = performance.now()
    await prober.close()
    const tookMs = performance.now() - start
    assert.ok(tookMs > PROBE_LIMITS.killDelayMs / 2, `${tookMs} ms`)
  })
})

function isZombie(pid: number): boolean {
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').slice(-300))
  } catch {
    return true
  }
}

describe('a program that the system refuses at once', () => {
  const loop = join(directory, 'loop')
  symlinkSync(loop, loop)
  const plainFile = program('exit 0')
  const copy = join(directory, 'copy')
  copyFileSync('/bin/true', copy)
  const long = `/${'x'.repeat(300)}`
  const ROWS: readonly [string, string, Partial<ExternalCheck>, RegExp][] = [
    ['is below a file', `${plainFile}/x`, {}, /^exec\(\) ".*" failed \(20: Not a directory\)$/],
    ['links to itself', loop, {}, /failed \(40: Too many levels of symbolic links\)$/],
    ['has too long a name', long, {}, /failed \(36: File name too long\)$/],
    [
      'gets too much to read',
      plainFile,
      { arguments: ['x'.repeat(200_000)] },
      /failed \(7: Argument list too long\)$/,
    ],
    ['gets a zero byte', plainFile, { arguments: ['a\0b'] }, /^exec\(\) ".*" failed \(/],
  ]
  for (const [name, command, changes, fault] of ROWS) {
    it(`is a bad check when it ${name}`, async () => {
      assert.match((await ask(makeChecker(command, changes))).fault, fault)
    })
  }

  it('is a bad check while it is being written, and a good one after', async () => {
    const writing = openSync(copy, 'r+')
    const checker = makeChecker(copy)
    assert.equal((await ask(checker)).fault, `exec() "${copy}" failed (26: Text file busy)`)
    closeSync(writing)
    assert.equal((await ask(checker)).fault, '')
  })

  it('can be stopped before that is known', async () => {
    const checker = makeChecker(`${plainFile}/x`)
    checker.start(() => assert.fail('it was stopped'))
    await checker.stop().ended
  })
})

describe('killGroups', () => {
  it('ends programs that are deaf to TERM, and what they started', async () => {
    const said = join(directory, 'group')
    const command = program(
      `trap '' TERM\nsleep 60 & echo $! > ${said}.new\nmv ${said}.new ${said}\nwait`,
    )
    const answer = ask(makeChecker(command))
    await appears(said)
    killGroups()
    assert.equal((await answer).fault, 'ended by SIGKILL')
    const child = Number(readFileSync(said, 'utf8'))
    while (isAlive(child)) await new Promise(resolve => setImmediate(resolve))
  })
})

describe('PingChecker', () => {
  /** A `ping` of ours stands in for the machine's, which needs a network and rights. */
  async function withPing(
    text: string,
    tries: number,
  ): Promise<{ fault: string; calls: string[] }> {
    const home = mkdtempSync(join(directory, 'ping-'))
    const calls = join(home, 'calls')
    writeFileSync(join(home, 'ping'), `#!/bin/sh\necho "$*" >> ${calls}\n${text}\n`)
    chmodSync(join(home, 'ping'), 0o755)
    const path = process.env.PATH
    process.env.PATH = `${home}:${path}`
    try {
      const check = { kind: 'ping', tries } as const
      const target = makeTarget({ address: REAL, check, probe: { timeoutMs: 6000 } })
      const answer = await ask(new PingChecker(target, check, machineTime()))
      return { fault: answer.fault, calls: readFileSync(calls, 'utf8').trim().split('\n') }
    } finally {
      process.env.PATH = path
    }
  }

  it('asks the address once, and is content with an answer', async () => {
    const { fault, calls } = await withPing('exit 0', 1)
    assert.deepEqual([fault, calls], ['', ['-q -c 1 -W 6 192.168.0.102']])
  })

  it('tries again, inside the same time', async () => {
    const { fault, calls } = await withPing('exit 1', 3)
    assert.equal(fault, 'no answer to ping, asked 3 times')
    assert.deepEqual(calls, new Array(3).fill('-q -c 1 -W 2 192.168.0.102'))
  })

  it('shows why it could not ask', async () => {
    const { fault, calls } = await withPing('echo "ping: socket: not permitted" >&2; exit 2', 3)
    assert.deepEqual([fault, calls.length], ['exit code 2: ping: socket: not permitted', 1])
  })
})
