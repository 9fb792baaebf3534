import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { ErrorLog, type ErrorLogFields } from '../../src/base/error-log.ts'

describe('ErrorLog', () => {
  const directory = mkdtempSync(join(tmpdir(), 'error-log-'))
  after(() => rmSync(directory, { recursive: true }))
  let files = 0
  const newPath = () => join(directory, `${++files}.log`)
  const now = () => new Date(2026, 10, 9, 3, 5, 7, 250)
  const pid = process.pid

  const LINES: {
    name: string
    text: string
    fields?: ErrorLogFields
    line: string
  }[] = [
    { name: 'plain text', text: 'all is well', line: 'all is well' },
    {
      name: 'the particulars in order, some in quotes as nginx does',
      text: 'no live upstreams',
      fields: { client: '10.0.0.1', server: 'a.example', request: 'GET / HTTP/1.1', host: 'a' },
      line: 'no live upstreams, client: 10.0.0.1, server: a.example, request: "GET / HTTP/1.1", host: "a"',
    },
    {
      name: 'the connection in front',
      text: 'client timed out',
      fields: { connection: 12, client: 'unix:' },
      line: '*12 client timed out, client: unix:',
    },
    {
      name: 'no line that a client could have forged',
      text: 'bad\n2026/01/01',
      fields: { request: 'GET /\r\n\x1b[31m' },
      line: 'bad\\x0a2026/01/01, request: "GET /\\x0d\\x0a\\x1b[31m"',
    },
    { name: 'no field without a value', text: 'x', fields: { host: undefined }, line: 'x' },
  ]
  for (const { name, text, fields, line } of LINES) {
    it(`writes ${name}`, () => {
      const path = newPath()
      const log = new ErrorLog([{ path, level: 'notice', format: 'text' }], { thread: 7, now })
      log.write('notice', text, fields)
      log.close()
      assert.equal(readFileSync(path, 'utf8'), `2026/11/09 03:05:07 [notice] ${pid}#7: ${line}\n`)
    })
  }

  it('follows the time from second to second', () => {
    const path = newPath()
    let second = 58
    const log = new ErrorLog([{ path, level: 'info', format: 'text' }], {
      now: () => new Date(2026, 11, 31, 23, 59, second++),
    })
    log.write('info', 'a')
    log.write('info', 'b')
    log.write('info', 'c')
    log.close()
    const stamps = readFileSync(path, 'utf8')
      .split('\n')
      .map(line => line.slice(0, 19))
    assert.deepEqual(stamps, [
      '2026/12/31 23:59:58',
      '2026/12/31 23:59:59',
      '2027/01/01 00:00:00',
      '',
    ])
  })

  it('writes to each target what its level wants', () => {
    const targets = (['debug', 'warn', 'emerg'] as const).map(level => ({
      path: newPath(),
      level,
      format: 'text' as const,
    }))
    const log = new ErrorLog(targets)
    for (const level of ['debug', 'notice', 'warn', 'alert', 'emerg'] as const)
      log.write(level, 'x')
    log.close()
    const counts = targets.map(({ path }) => readFileSync(path, 'utf8').split('\n').length - 1)
    assert.deepEqual(counts, [5, 3, 1])
  })

  it('says before a text is made whether anybody wants it', () => {
    const log = new ErrorLog([{ path: newPath(), level: 'warn', format: 'text' }])
    assert.deepEqual([log.isWanted('notice'), log.isWanted('warn')], [false, true])
    log.close()
    assert.equal(new ErrorLog([]).isWanted('emerg'), false)
  })

  it('writes JSON lines with the level as a word', () => {
    const path = newPath()
    const log = new ErrorLog([{ path, level: 'warn', format: 'json' }], { thread: 3, now })
    log.write('notice', 'not wanted')
    log.write('alert', 'two\nlines', { connection: 5, client: '10.0.0.1' })
    log.close()
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    assert.deepEqual(
      lines.map(line => JSON.parse(line)),
      [
        {
          level: 'alert',
          time: now().toISOString(),
          pid,
          thread: 3,
          connection: 5,
          client: '10.0.0.1',
          message: 'two\nlines',
        },
      ],
    )
  })

  it('goes on in a new file after the old one was moved away', () => {
    const path = newPath()
    const log = new ErrorLog([{ path, level: 'info', format: 'text' }])
    log.write('info', 'before')
    renameSync(path, `${path}.1`)
    log.write('info', 'between')
    log.reopen()
    log.write('info', 'behind')
    log.close()
    assert.match(readFileSync(`${path}.1`, 'utf8'), /before\n.*between\n$/)
    assert.match(readFileSync(path, 'utf8'), /^[^\n]*behind\n$/)
  })

  it('keeps the old file and says so when it cannot be opened anew', () => {
    const folder = mkdtempSync(join(directory, 'gone-'))
    const path = join(folder, 'error.log')
    const witness = newPath()
    const log = new ErrorLog([
      { path, level: 'info', format: 'text' },
      { path: witness, level: 'info', format: 'text' },
    ])
    rmSync(folder, { recursive: true })
    log.reopen()
    log.write('info', 'still here')
    log.close()
    assert.match(
      readFileSync(witness, 'utf8'),
      /\[emerg\] .*open\(\) "[^"]+" failed \(2: No such file or directory\)\n.*still here\n$/,
    )
  })

  it('adds to what is in the file', () => {
    const path = newPath()
    for (const text of ['one', 'two']) {
      const log = new ErrorLog([{ path, level: 'info', format: 'text' }])
      log.write('info', text)
      log.close()
    }
    assert.match(readFileSync(path, 'utf8'), /one\n.*two\n$/)
  })

  it('refuses a file that cannot be opened, in one line', () => {
    assert.throws(
      () => new ErrorLog([{ path: join(directory, 'no/such'), level: 'info', format: 'text' }]),
      { message: /^open\(\) "[^"]+no\/such" failed \(2: No such file or directory\)$/ },
    )
  })

  it('never throws when the disk is full, nor after it was closed', () => {
    const log = new ErrorLog([
      { path: '/dev/full', level: 'info', format: 'text' },
      { path: '/dev/full', level: 'info', format: 'json' },
    ])
    log.write('error', 'lost')
    log.close()
    log.write('error', 'lost too')
    log.close()
  })
})
