import assert from 'node:assert/strict'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

import { errnoText } from '../../src/base/errno-text.ts'
import {
  callFailedText,
  failedCallText,
  systemErrorCode,
  systemErrorText,
} from '../../src/base/system-error.ts'

function thrownBy(deed: () => unknown): unknown {
  try {
    deed()
  } catch (error) {
    return error
  }
  return assert.fail('nothing was thrown')
}

const onLinux = process.platform === 'linux' ? false : 'the numbers are those of Linux'

describe('errnoText', () => {
  // errno(3) and strerror(3).
  const rows: readonly [string, string][] = [
    ['EPERM', '1: Operation not permitted'],
    ['ENOENT', '2: No such file or directory'],
    ['EACCES', '13: Permission denied'],
    ['EMFILE', '24: Too many open files'],
    ['ENOSPC', '28: No space left on device'],
    ['EPIPE', '32: Broken pipe'],
    ['EADDRINUSE', '98: Address already in use'],
    ['EADDRNOTAVAIL', '99: Cannot assign requested address'],
    ['ENETUNREACH', '101: Network is unreachable'],
    ['ECONNRESET', '104: Connection reset by peer'],
    ['ETIMEDOUT', '110: Connection timed out'],
    ['ECONNREFUSED', '111: Connection refused'],
    ['EHOSTUNREACH', '113: No route to host'],
  ]
  for (const [name, text] of rows) {
    it(`says "${text}" for ${name}`, { skip: onLinux }, () => assert.equal(errnoText(name), text))
  }

  for (const name of ['', 'EOF', 'EAI_AGAIN', 'ENOTFOUND', 'ERR_SOCKET_CLOSED', 'toString', 'EX']) {
    it(`knows no number of "${name}"`, () => assert.equal(errnoText(name), null))
  }
})

describe('systemErrorText', () => {
  it('says the number and the words of a failed call', { skip: onLinux }, () => {
    const error = thrownBy(() => openSync('/no/such/file', 'r'))
    assert.equal(systemErrorText(error), '2: No such file or directory')
    assert.equal(systemErrorCode(error), 'ENOENT')
  })

  it('keeps the message of what is no failed call', () => {
    assert.equal(systemErrorText(new Error('out of luck')), 'out of luck')
    assert.equal(systemErrorText('text'), 'text')
    const named = Object.assign(new Error('nobody of that name'), { code: 'ENOTFOUND' })
    assert.equal(systemErrorText(named), 'ENOTFOUND: nobody of that name')
    const said = Object.assign(new Error('ERR_X: odd'), { code: 'ERR_X' })
    assert.equal(systemErrorText(said), 'ERR_X: odd')
  })
})

describe('callFailedText', () => {
  it('is the line that nginx writes', { skip: onLinux }, () => {
    const error = thrownBy(() => readFileSync('/no/such/file'))
    const text = 'open() "/no/such/file" failed (2: No such file or directory)'
    assert.equal(callFailedText('open', '"/no/such/file"', error), text)
  })
})

describe('failedCallText', () => {
  it('names the call and the path that the error knows', { skip: onLinux }, () => {
    const error = thrownBy(() => mkdirSync('/dev/null/below'))
    assert.equal(failedCallText(error), 'mkdir() "/dev/null/below" failed (20: Not a directory)')
  })

  it('names the path that it is told where the error knows none', { skip: onLinux }, () => {
    const error = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' })
    assert.equal(
      failedCallText(error, '/tmp/x'),
      'write() "/tmp/x" failed (28: No space left on device)',
    )
    assert.equal(failedCallText(error), 'write() failed (28: No space left on device)')
  })

  it('says what an error says that knows no call', () => {
    assert.equal(failedCallText(new Error('cut short'), '/tmp/x'), 'cut short')
  })
})
