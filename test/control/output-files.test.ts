import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { checkOutputFiles, makeLogDirectory, outputFiles } from '../../src/control/output-files.ts'
import { literal } from '../../src/model/template.ts'
import { sampleConfig, sampleUpstream } from '../harness/sample-config.ts'

const directory = mkdtempSync(join(tmpdir(), 'output-files-'))
after(() => rmSync(directory, { recursive: true }))

describe('outputFiles', () => {
  it('lists logs and the pid file, and nothing that is no file of a fixed name', () => {
    const config = sampleConfig({ prefix: '/p' })
    const [server] = config.servers
    const accessLog = server!.settings.accessLogs[0]!
    const accessLogs = [
      { ...accessLog, path: literal('/var/access.log') },
      { ...accessLog, path: literal('/dev/stdout') },
      { ...accessLog, path: ['/var/', { variable: 'host' }] },
    ]
    const errorLogs = [{ path: 'stderr', level: 'warn', format: 'text' } as const]
    const settings = { ...server!.settings, accessLogs, errorLogs }
    const changed = { ...config, servers: [{ ...server!, settings }] }
    assert.deepEqual(
      [...outputFiles(changed).keys()],
      ['/p/logs/error.log', '/var/access.log', '/p/logs/headgate.pid'],
    )
  })
})

describe('checkOutputFiles', () => {
  const check = (prefix: string, pidPath: string) =>
    checkOutputFiles(sampleConfig({ prefix, process: { pidPath } }), prefix).map(
      ({ message }) => message,
    )

  it('finds nothing wrong where the directory of logs is missing and can be made', () => {
    assert.deepEqual(check(directory, ''), [])
    assert.ok(!existsSync(join(directory, 'logs')))
  })

  it('refuses a file in a directory that does not exist', () => {
    const path = join(directory, 'no/such.pid')
    assert.deepEqual(check(directory, path), [
      `open() "${path}" failed (2: No such file or directory)`,
    ])
  })

  it('refuses a directory in place of a file', () => {
    const path = join(directory, 'folder')
    mkdirSync(path)
    assert.deepEqual(check(directory, path), [`open() "${path}" failed (it is a directory)`])
  })

  it('refuses the default files when their directory cannot be made', () => {
    const prefix = join(directory, 'nowhere')
    assert.equal(check(prefix, '').length, 2)
  })
})

describe('checkOutputFiles, of state files', () => {
  const check = (statePath: string | null) => {
    const upstream = { ...sampleUpstream('app', '10.0.0.1:80'), statePath }
    return checkOutputFiles(
      sampleConfig({ prefix: directory, process: { pidPath: '' }, upstreams: [upstream] }),
      directory,
    ).map(({ severity, message, hint }) => [severity, message, hint])
  }

  for (const [what, path] of [
    ['without one', null],
    ['that is there', join(directory, 'app.state')],
    ['that its first change makes', join(directory, 'new.state')],
  ] as const) {
    it(`finds nothing wrong with a group ${what}`, () => {
      writeFileSync(join(directory, 'app.state'), '')
      assert.deepEqual(check(path), [])
    })
  }

  it('refuses one in a directory that does not exist', () => {
    const path = join(directory, 'no/such.state')
    assert.deepEqual(check(path), [
      [
        'error',
        `open() "${path}" failed (2: No such file or directory)`,
        `make the directory: ${join(directory, 'no')}`,
      ],
    ])
  })

  it('warns of one that can be read and not written', t => {
    const closed = mkdtempSync(join(directory, 'closed-'))
    chmodSync(closed, 0o500)
    if (process.getuid?.() === 0) return t.skip('the superuser may write anywhere')
    const path = join(closed, 'app.state')
    const [[severity, message] = [], ...rest] = check(path)
    assert.deepEqual(rest, [])
    assert.deepEqual(
      [severity, message],
      ['warning', `open() "${path}" failed (13: Permission denied)`],
    )
  })
})

describe('makeLogDirectory', () => {
  it('makes the directory that the defaults want', () => {
    const prefix = mkdtempSync(join(directory, 'prefix-'))
    makeLogDirectory(sampleConfig({ prefix }), prefix)
    assert.ok(existsSync(join(prefix, 'logs')))
  })

  it('makes the one beside a file of YAML, whatever the prefix is', () => {
    const beside = mkdtempSync(join(directory, 'beside-'))
    const prefix = mkdtempSync(join(directory, 'prefix-'))
    const config = { ...sampleConfig({ prefix: beside }), file: join(beside, 'a.yaml') }
    assert.notEqual(checkOutputFiles(config, prefix).length, 0)
    const yaml = { ...config, format: 'yaml' } as const
    assert.deepEqual(checkOutputFiles(yaml, prefix), [])
    makeLogDirectory(yaml, prefix)
    assert.ok(existsSync(join(beside, 'logs')))
    assert.ok(!existsSync(join(prefix, 'logs')))
  })

  it('makes none where nothing is written into it', () => {
    const prefix = mkdtempSync(join(directory, 'prefix-'))
    makeLogDirectory(sampleConfig({ prefix: '/elsewhere' }), prefix)
    assert.ok(!existsSync(join(prefix, 'logs')))
  })
})
