import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { readPidFile, removePidFile, writePidFile } from '../../src/control/pid-file.ts'
import { sendSignal } from '../../src/control/send-signal.ts'

const directory = mkdtempSync(join(tmpdir(), 'pid-file-'))
after(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'test.pid')

describe('writePidFile', () => {
  it('writes the number and a newline over what was there', () => {
    writeFileSync(path, '1234567\n')
    writePidFile(path, 42)
    assert.equal(readFileSync(path, 'utf8'), '42\n')
  })

  it('writes nothing when there is no path', () => {
    writePidFile('', 42)
  })

  it('throws the system error when it cannot', () => {
    assert.throws(() => writePidFile(join(directory, 'no/such.pid'), 42), { code: 'ENOENT' })
  })
})

describe('readPidFile', () => {
  const TEXTS: { text: string; found: ReturnType<typeof readPidFile> }[] = [
    { text: '42\n', found: { kind: 'pid', pid: 42 } },
    { text: ' 42 ', found: { kind: 'pid', pid: 42 } },
    { text: '', found: { kind: 'invalid', text: '' } },
    { text: '0\n', found: { kind: 'invalid', text: '0' } },
    { text: '-1\n', found: { kind: 'invalid', text: '-1' } },
    { text: '1e3', found: { kind: 'invalid', text: '1e3' } },
    { text: '42 43', found: { kind: 'invalid', text: '42 43' } },
    { text: '99999999999', found: { kind: 'invalid', text: '99999999999' } },
  ]
  for (const { text, found } of TEXTS) {
    it(`finds ${found.kind} in ${JSON.stringify(text)}`, () => {
      writeFileSync(path, text)
      assert.deepEqual(readPidFile(path), found)
    })
  }

  it('says why a file cannot be read', () => {
    const found = readPidFile(join(directory, 'none'))
    assert.equal(found.kind === 'unreadable' && (found.error as { code: string }).code, 'ENOENT')
  })
})

describe('removePidFile', () => {
  it('removes its own file', () => {
    writePidFile(path, 42)
    removePidFile(path, 42)
    assert.equal(existsSync(path), false)
  })

  it("leaves another process's file", () => {
    writePidFile(path, 43)
    removePidFile(path, 42)
    assert.equal(readFileSync(path, 'utf8'), '43\n')
  })

  it('does nothing when there is none', () => {
    removePidFile(join(directory, 'none'), 42)
    removePidFile('', 42)
  })
})

describe('sendSignal', () => {
  const SENT = [
    { name: 'stop', signal: 'SIGTERM' },
    { name: 'quit', signal: 'SIGQUIT' },
    { name: 'reload', signal: 'SIGHUP' },
    { name: 'reopen', signal: 'SIGUSR1' },
  ] as const
  for (const { name, signal } of SENT) {
    it(`sends ${signal} for ${name}`, () => {
      writePidFile(path, 42)
      const sent: unknown[] = []
      assert.equal(
        sendSignal(name, path, (...args) => sent.push(args)),
        null,
      )
      assert.deepEqual(sent, [[42, signal]])
    })
  }

  const never = () => assert.fail('nothing is to be sent')
  it('says that there is no pid file', () => {
    assert.match(
      sendSignal('stop', join(directory, 'none'), never) ?? '',
      /^\[error\] open\(\) "[^"]+none" failed \(2: No such file or directory\): is it running\?$/,
    )
  })

  it('says that none is configured', () => {
    assert.equal(sendSignal('stop', '', never), '[error] the configuration names no pid file')
  })

  it('says that the file holds no number', () => {
    writeFileSync(path, 'abc\n')
    assert.equal(sendSignal('stop', path, never), `[error] invalid PID number "abc" in "${path}"`)
  })

  it('says that the process is gone', () => {
    writePidFile(path, 42)
    const gone = Object.assign(new Error('kill ESRCH'), { code: 'ESRCH', errno: -3 })
    const problem = sendSignal('stop', path, () => {
      throw gone
    })
    assert.equal(
      problem,
      `[alert] kill(42, SIGTERM) failed (3: No such process), pid from "${path}"`,
    )
  })
})
