// Files, formats, and what may be wrong with a file before its text counts.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { readConfig, readConfigText } from '../../src/config/read.ts'
import { LIMITS } from '../../src/model/limits.ts'

const OPTIONS = { prefix: '/srv', env: {}, globals: '', hostname: 'here' }
const NGINX = 'events { }\nhttp { server { listen 8080; } }\n'

describe('readConfig', () => {
  let root = ''
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'read-'))
  })
  after(() => rmSync(root, { recursive: true }))

  const refusal = (name: string) => {
    const result = readConfig(join(root, name), OPTIONS)
    assert.equal(result.config, null)
    assert.equal(result.diagnostics.length, 1)
    const { message, origin } = result.diagnostics[0]!
    assert.deepEqual(origin, { file: join(root, name), line: 0, column: 0, endColumn: 0 })
    return message.replaceAll(root, '')
  }

  it('reads a file', () => {
    writeFileSync(join(root, 'a.conf'), NGINX)
    const { config, diagnostics } = readConfig(join(root, 'a.conf'), OPTIONS)
    assert.deepEqual(diagnostics, [])
    assert.equal(config?.format, 'nginx')
    assert.deepEqual(config?.files, [join(root, 'a.conf')])
  })

  it('says that a file is not there', () => {
    assert.equal(refusal('none.conf'), 'Cannot open "/none.conf": no such file')
  })

  it('says that a file is a directory', () => {
    mkdirSync(join(root, 'folder.conf'))
    assert.equal(refusal('folder.conf'), '"/folder.conf" is a directory')
  })

  it('says that a file is no text', () => {
    writeFileSync(join(root, 'b.conf'), 'events\0')
    assert.equal(refusal('b.conf'), '"/b.conf" is not a text file')
  })

  it('says that a file is too large, without reading it', () => {
    writeFileSync(join(root, 'c.conf'), '')
    truncateSync(join(root, 'c.conf'), LIMITS.configFileBytesMax + 1)
    assert.match(refusal('c.conf'), /"\/c.conf" is too large/)
  })

  it('stops at an endless device', () => {
    symlinkSync('/dev/zero', join(root, 'd.conf'))
    assert.match(refusal('d.conf'), /too large|not a text file/)
  })

  it('says that links go in a circle', () => {
    symlinkSync(join(root, 'e.conf'), join(root, 'e.conf'))
    assert.equal(refusal('e.conf'), 'Cannot open "/e.conf": its links go in a circle')
  })

  it('says that a part of the path is a file', () => {
    writeFileSync(join(root, 'f.conf'), NGINX)
    assert.equal(
      refusal('f.conf/x'),
      'Cannot open "/f.conf/x": a part of its path is not a directory',
    )
  })
})

describe('readConfigText', () => {
  const formatOf = (file: string, text: string) => {
    const { config } = readConfigText(file, text, OPTIONS)
    return config?.format ?? null
  }

  it('knows nginx.conf by its name', () => assert.equal(formatOf('site.conf', NGINX), 'nginx'))

  it('knows nginx.conf by its text', () => {
    assert.equal(formatOf('site', NGINX), 'nginx')
    assert.equal(formatOf('site', '# first\nworker_processes 4;\nevents {\n}\n'), 'nginx')
  })

  it('takes the format that is asked for', () => {
    const options = { ...OPTIONS, format: 'nginx' } as const
    assert.equal(readConfigText('site.yaml', NGINX, options).config?.format, 'nginx')
  })

  it('says that it cannot tell', () => {
    const { config, diagnostics } = readConfigText('notes', 'hello there\n', OPTIONS)
    assert.equal(config, null)
    assert.match(diagnostics[0]!.message, /Cannot tell the format of "notes"/)
    assert.match(diagnostics[0]!.hint, /yaml, nginx/)
  })
})
