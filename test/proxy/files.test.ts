// What the file handler answers, through a seam in place of the answers: names that must not be served, files that
// change while they are sent, clients that go away. The usual requests run beside the real nginx in test/system.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { BodySource } from '../../src/base/body-source.ts'
import { fail } from '../../src/base/failure.ts'
import { defaultSettings } from '../../src/model/defaults.ts'
import type { LocationMatch } from '../../src/model/route.ts'
import type { FileSettings } from '../../src/model/settings.ts'
import type { Exchange } from '../../src/proxy/exchange.ts'
import type { FileAnswer, FileAnswers } from '../../src/proxy/file-response.ts'
import { makeFileHandler } from '../../src/proxy/files.ts'
import { makeExchange } from './exchange-fixture.ts'

const root = mkdtempSync(join(tmpdir(), 'files-'))
after(() => rmSync(root, { recursive: true, force: true }))

mkdirSync(join(root, 'www/dir'), { recursive: true })
writeFileSync(join(root, 'www/a.txt'), 'content of a')
writeFileSync(join(root, 'www/dir/start.htm'), 'start')
writeFileSync(join(root, 'secret'), 'secret')
symlinkSync('loop', join(root, 'www/loop'))
execFileSync('mkfifo', [join(root, 'www/pipe')])

type Answered =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string }
  | { readonly kind: 'internal'; readonly uri: string }
  | { readonly kind: 'cut'; readonly failure: string }
  | { readonly kind: 'list'; readonly lines: string; readonly text: string }
  | { readonly kind: 'source'; readonly found: FileAnswer; readonly source: BodySource | null }

const files: FileSettings = {
  ...defaultSettings('nginx/1.30', root).files,
  root: [join(root, 'www')],
  index: [['index.html'], ['start.htm']],
}

interface Asking {
  readonly method?: string
  readonly fields?: readonly string[]
  /** As an internal redirect makes it: nobody has looked at it. */
  readonly uri?: string
  readonly files?: Partial<FileSettings>
  readonly match?: LocationMatch
  onExchange?(exchange: Exchange): void
}

function ask(target: string, asking: Asking = {}): Promise<Answered> {
  const lines = [
    `${asking.method ?? 'GET'} ${target} HTTP/1.1`,
    'Host: h',
    ...(asking.fields ?? []),
  ]
  const settings = { files: { ...files, ...asking.files } }
  const exchange = makeExchange(
    lines,
    asking.match === undefined ? { settings } : { settings, match: asking.match },
  )
  if (asking.uri !== undefined) exchange.uri = asking.uri
  return new Promise(resolve => {
    const answers: FileAnswers = {
      status: (_, status) => resolve({ kind: 'status', status }),
      redirect: (_, status, location) => resolve({ kind: 'redirect', status, location }),
      source: (_, found, source) => resolve({ kind: 'source', found, source }),
      list: (_, lines, text) => resolve({ kind: 'list', lines, text }),
      internal: (_, uri) => resolve({ kind: 'internal', uri }),
      cut: (_, failure) => resolve({ kind: 'cut', failure: failure.failure }),
    }
    makeFileHandler(exchange.location!, answers)(exchange)
    asking.onExchange?.(exchange)
  })
}

async function readAll(source: BodySource): Promise<string> {
  let text = ''
  for (;;) {
    const bytes = source.read()
    if (bytes === null) return text
    if (bytes !== 'wait') {
      assert.ok(bytes.length <= 65536)
      text += bytes.toString('latin1')
      continue
    }
    await new Promise<void>(resolve => {
      source.onReadable = resolve
    })
  }
}

async function sourceOf(target: string, asking: Asking = {}): Promise<BodySource> {
  const answered = await ask(target, asking)
  assert.equal(answered.kind, 'source')
  assert.ok(answered.kind === 'source' && answered.source !== null)
  return answered.source
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

describe('makeFileHandler', () => {
  const statuses: readonly [string, string, Asking, number][] = [
    ['a missing file', '/none', {}, 404],
    ['a FIFO, without waiting for its other end', '/pipe', {}, 404],
    ['a link to itself', '/loop', {}, 403],
    ['a directory without index', '/dir/', { files: { index: [] } }, 403],
    ['a method that files do not have', '/a.txt', { method: 'PUT' }, 405],
    ['POST', '/a.txt', { method: 'POST' }, 405],
    ['dots that an internal redirect brought', '/', { uri: '/dir/../../secret' }, 404],
    ['dots at the end of such a path', '/', { uri: '/dir/..' }, 404],
    ['a NUL that an internal redirect brought', '/', { uri: '/a.txt\0.gif' }, 400],
    [
      'a path that an alias leads out of its root',
      '/i../secret',
      {
        files: { root: [`${join(root, 'www')}/`], isAlias: true },
        match: { kind: 'prefix', path: '/i', isFinal: false },
      },
      404,
    ],
  ]
  for (const [name, target, asking, status] of statuses) {
    it(`answers ${status} to ${name}`, async () => {
      assert.deepEqual(await ask(target, asking), { kind: 'status', status })
    })
  }

  it('gives a file with the fields that describe it', async () => {
    const answered = await ask('/a.txt')
    assert.ok(answered.kind === 'source' && answered.source !== null)
    assert.equal(answered.found.status, 200)
    assert.equal(answered.found.length, 12)
    assert.match(
      answered.found.lines,
      /^Content-Type: text\/plain\r\nAccept-Ranges: bytes\r\nLast-Modified: [^\r]+ GMT\r\nETag: "[0-9a-f]+-c"\r\n$/,
    )
    assert.equal(await readAll(answered.source), 'content of a')
    answered.source.close()
  })

  it('goes on with the first index that is there', async () => {
    assert.deepEqual(await ask('/dir/'), { kind: 'internal', uri: '/dir/start.htm' })
  })

  it('sends a directory without its slash to itself, with the arguments', async () => {
    const location = '/dir/?a=%20'
    assert.deepEqual(await ask('/dir?a=%20'), { kind: 'redirect', status: 301, location })
  })

  it('reads a large file piece by piece, and ranges with their texts between', async () => {
    const text = Array.from({ length: 60_000 }, (_, i) => String(i).padStart(7, '0')).join('')
    writeFileSync(join(root, 'www/large'), text)
    const whole = await sourceOf('/large')
    assert.equal(await readAll(whole), text)
    whole.close()
    const parts = await sourceOf('/large', { fields: ['Range: bytes=70-76, 100000-300000,-7'] })
    const body = await readAll(parts)
    assert.match(
      body,
      /^\r\n--(\d{20})\r\nContent-Type: text\/plain\r\nContent-Range: bytes 70-76\/420000\r\n\r\n0000010\r\n--\1\r\n/,
    )
    assert.ok(body.includes(`\r\n\r\n${text.slice(100_000, 300_001)}\r\n--`))
    assert.match(body, /\r\n\r\n0059999\r\n--\d{20}--\r\n$/)
    parts.close()
  })

  it('breaks off when the file becomes shorter than was promised', async () => {
    const path = join(root, 'www/shrinking')
    writeFileSync(path, 'x'.repeat(300_000))
    const source = await sourceOf('/shrinking')
    assert.equal(source.read(), 'wait')
    await new Promise<void>(resolve => {
      source.onReadable = resolve
    })
    truncateSync(path, 1000)
    const text = await readAll(source)
    assert.ok(text.length < 300_000)
    assert.equal(source.failure?.failure, 'internal')
    source.close()
  })

  it('leaves no file open, whatever comes of it', async () => {
    writeFileSync(join(root, 'www/open'), 'x'.repeat(200_000))
    const before = openFiles()
    for (const method of ['GET', 'HEAD', 'POST']) {
      for (const target of ['/open', '/none', '/dir', '/dir/', '/pipe', '/loop']) {
        for (const field of [
          'X: y',
          'Range: bytes=0-1',
          'Range: bytes=900000-',
          'If-None-Match: *',
          'If-Match: "x"',
        ]) {
          const answered = await ask(target, { method, fields: [field] })
          if (answered.kind !== 'source' || answered.source === null) continue
          answered.source.read()
          answered.source.close()
          answered.source.close()
          assert.equal(answered.source.read(), null)
        }
      }
    }
    while (openFiles() > before) await new Promise(resolve => setImmediate(resolve))
  })

  it('stops when the client goes away while the disk works', async () => {
    const before = openFiles()
    const answered = await ask('/a.txt', {
      onExchange: exchange => {
        exchange.isFinished = true
        exchange.connection.flow!.onClientGone(fail('client_gone'))
      },
    })
    assert.deepEqual(answered, { kind: 'cut', failure: 'client_gone' })
    while (openFiles() > before) await new Promise(resolve => setImmediate(resolve))
  })
})
