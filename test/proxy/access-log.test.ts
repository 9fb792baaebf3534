// Formats, escaping, conditions, files with variables in their path, and what happens when a file takes nothing.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { ErrorLog } from '../../src/base/error-log.ts'
import { fail } from '../../src/base/failure.ts'
import type { AccessLog, LogFormat } from '../../src/model/settings.ts'
import type { Template } from '../../src/model/template.ts'
import { AccessLogger } from '../../src/proxy/access-log.ts'
import { LogFiles } from '../../src/proxy/log-files.ts'
import { compileLogFormat, escapeDefault, escapeJson } from '../../src/proxy/log-format.ts'
import { makeExchange, makeTry } from './exchange-fixture.ts'

const directory = mkdtempSync(join(tmpdir(), 'access-log-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const clock = { nowMs: 0, wallMs: 0, wallSeconds: 0 }
let serial = 0

interface Setup {
  readonly files: LogFiles
  readonly path: string
  /** What the error log got so far. */
  complaints(): string
  logger(changes?: Partial<AccessLog>, formats?: readonly LogFormat[]): AccessLogger
}

function setUp(): Setup {
  const name = join(directory, String(serial++))
  const errorPath = `${name}.error`
  const errors = new ErrorLog([{ path: errorPath, level: 'error', format: 'text' }])
  const files = new LogFiles(errors, clock)
  const path = `${name}.log`
  return {
    files,
    path,
    complaints: () => readFileSync(errorPath, 'utf8'),
    logger: (changes, formats = []) => {
      const log: AccessLog = {
        path: [path],
        format: 'uri',
        bufferBytes: 0,
        flushMs: 0,
        condition: null,
        ...changes,
      }
      return new AccessLogger(log, [URI_FORMAT, ...formats], files)
    },
  }
}

const URI_FORMAT: LogFormat = { name: 'uri', escape: 'default', text: [{ variable: 'uri' }] }

function get(target: string, ...fields: string[]) {
  return makeExchange([`GET ${target} HTTP/1.1`, 'Host: h', ...fields])
}

describe('escapeDefault', () => {
  const rows: readonly [string, string][] = [
    ['', ''],
    ['plain text ~', 'plain text ~'],
    ['"', '\\x22'],
    ['\\', '\\x5C'],
    ['\0\t\n\r\x1f', '\\x00\\x09\\x0A\\x0D\\x1F'],
    ['\x7f\x80\xff', '\\x7F\\x80\\xFF'],
    ["a'b\xe9c", "a'b\\xE9c"],
  ]
  for (const [text, expected] of rows) {
    it(`makes ${expected || 'nothing'} of ${JSON.stringify(text)}`, () => {
      assert.equal(escapeDefault(text), expected)
    })
  }
})

describe('escapeJson', () => {
  const rows: readonly [string, string][] = [
    ['', ''],
    ['"', '\\"'],
    ['\\', '\\\\'],
    ['\b\f\n\r\t', '\\b\\f\\n\\r\\t'],
    ['\0\x0b\x1f', '\\u0000\\u000B\\u001F'],
    ['\x7f\xc3\xa9/', '\x7f\xc3\xa9/'],
  ]
  for (const [text, expected] of rows) {
    it(`makes ${expected || 'nothing'} of ${JSON.stringify(text)}`, () => {
      assert.equal(escapeJson(text), expected)
    })
  }
})

describe('compileLogFormat', () => {
  const text: Template = ['<', { variable: 'http_x' }, '|', { variable: 'http_y' }, '> "\\é']
  const exchange = get('/', 'X: a"b')
  const rows: readonly [LogFormat['escape'], string][] = [
    ['default', '<a\\x22b|-> "\\\xc3\xa9\n'],
    ['json', '<a\\"b|> "\\\xc3\xa9\n'],
    ['none', '<a"b|> "\\\xc3\xa9\n'],
  ]
  for (const [escaping, expected] of rows) {
    it(`escapes values, not the text between them: ${escaping}`, () => {
      assert.equal(compileLogFormat({ name: 'f', escape: escaping, text })(exchange), expected)
    })
  }

  it('makes an empty line of nothing', () => {
    assert.equal(compileLogFormat({ name: 'f', escape: 'default', text: [] })(exchange), '\n')
  })
})

describe('AccessLogger', () => {
  it('knows `combined` without its being written', () => {
    const { logger, files, path } = setUp()
    const exchange = get('/x?y', 'User-Agent: u', 'Referer: "r"')
    exchange.status = 200
    exchange.bodyBytesSent = 12
    logger({ format: 'combined' }).write(exchange)
    files.flushAll()
    assert.match(
      readFileSync(path, 'latin1'),
      /^192\.0\.2\.7 - - \[28\/Sep\/2001:\d\d:\d\d:00 [+-]\d{4}\] "GET \/x\?y HTTP\/1\.1" 200 12 "\\x22r\\x22" "u"\n$/,
    )
    files.closeAll()
  })

  it('refuses a format that nobody defined', () => {
    assert.throws(() => setUp().logger({ format: 'main' }), {
      message: 'unknown log format "main"',
    })
  })

  it('says which file cannot be opened when it is made', () => {
    const { logger } = setUp()
    const path = join(directory, 'missing', 'a.log')
    assert.throws(() => logger({ path: [path] }), {
      message: `open() "${path}" failed (2: No such file or directory)`,
    })
  })

  it('logs where the condition is neither empty nor 0', () => {
    const { logger, files, path } = setUp()
    const conditional = logger({ condition: [{ variable: 'arg_log' }] })
    for (const target of ['/a', '/b?log=', '/c?log=0', '/d?log=00', '/e?log=1']) {
      conditional.write(get(target))
    }
    files.closeAll()
    assert.equal(readFileSync(path, 'latin1'), '/d\n/e\n')
  })

  it('shares one file between all who name it, until the last is closed', () => {
    const { logger, files, path } = setUp()
    const [first, second] = [logger(), logger()]
    assert.equal(files.count, 1)
    first.write(get('/1'))
    second.write(get('/2'))
    first.close()
    second.write(get('/3'))
    second.close()
    assert.equal(files.count, 0)
    assert.equal(readFileSync(path, 'latin1'), '/1\n/2\n/3\n')
  })

  it('goes on in new files after the old ones were renamed', () => {
    const { logger, files, path } = setUp()
    const log = logger()
    log.write(get('/old'))
    renameSync(path, `${path}.1`)
    files.reopenAll()
    log.write(get('/new'))
    files.closeAll()
    assert.equal(readFileSync(`${path}.1`, 'latin1'), '/old\n')
    assert.equal(readFileSync(path, 'latin1'), '/new\n')
  })

  it('keeps few of the files that requests name open', () => {
    const { logger, files, path } = setUp()
    const log = logger({ path: [`${path}.`, { variable: 'arg_n' }] })
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 100; n++) log.write(get(`/${round}?n=${n}`))
    }
    assert.ok(files.count <= 64, `${files.count} files are open`)
    files.closeAll()
    for (let n = 0; n < 100; n++) {
      assert.equal(readFileSync(`${path}.${n}`, 'latin1'), '/0\n/1\n')
    }
  })

  it('takes names of files as the bytes that requests and configuration have', () => {
    const { logger, files, path } = setUp()
    logger({ path: [`${path}-é-`, { variable: 'arg_n' }] }).write(get('/?n=x'))
    const encoded = makeExchange(['GET / HTTP/1.1', 'Host: h', 'X-Name: \xc3\xa9'])
    logger({ path: [`${path}-`, { variable: 'http_x_name' }] }).write(encoded)
    files.closeAll()
    assert.ok(existsSync(`${path}-é-x`))
    assert.ok(existsSync(`${path}-é`))
  })

  it('reports a file that takes nothing once a minute, and counts every line', () => {
    const { logger, files, complaints } = setUp()
    const log = logger({ path: ['/dev/full'] })
    const lose = () => {
      log.write(get('/'))
      files.flushAll()
    }
    clock.nowMs = 1000
    lose()
    lose()
    clock.nowMs = 60_999
    lose()
    assert.equal(files.lostLines, 3)
    assert.equal(
      complaints().match(/write\(\) to "\/dev\/full" failed \(28: No space left on device\)/g)
        ?.length,
      1,
    )
    clock.nowMs = 61_000
    lose()
    assert.equal(files.lostLines, 4)
    assert.match(complaints(), /lines lost: 3\n$/)
    log.close()
  })

  it('loses the line, not the request, when a file named by the request cannot be opened', () => {
    const { logger, files, complaints } = setUp()
    const log = logger({ path: [join(directory, 'none/'), { variable: 'arg_n' }] })
    log.write(get('/?n=1'))
    log.write(get('/?n=2'))
    assert.equal(files.lostLines, 2)
    assert.match(complaints(), /open\(\) "[^"]*none\/1" failed \(2: /)
    files.closeAll()
  })

  describe('as JSON', () => {
    function writeJson(exchange: ReturnType<typeof get>): Record<string, unknown> {
      const { logger, files, path } = setUp()
      logger({ format: 'json' }).write(exchange)
      files.closeAll()
      const text = readFileSync(path, 'utf8')
      assert.ok(text.endsWith('}\n'))
      return JSON.parse(text)
    }

    it('names the fields like the variables, numbers as numbers', () => {
      const exchange = get('/a%20b?c', 'User-Agent: "u"')
      exchange.status = 200
      exchange.bodyBytesSent = 5
      exchange.tries = [makeTry('10.0.0.1:80', { status: 200, responseMs: 3 })]
      const { time, ...fields } = writeJson(exchange)
      assert.match(String(time), /^2001-09-28T/)
      assert.deepEqual(fields, {
        level: 'info',
        status: 200,
        request_time: 1.234,
        request_length: 51,
        bytes_sent: 0,
        body_bytes_sent: 5,
        connection: 17,
        connection_requests: 3,
        remote_addr: '192.0.2.7',
        request_method: 'GET',
        scheme: 'http',
        host: 'h',
        request_uri: '/a%20b?c',
        server_protocol: 'HTTP/1.1',
        http_user_agent: '"u"',
        server_name: 'example.org',
        upstream_addr: '10.0.0.1:80',
        upstream_status: '200',
        upstream_connect_time: '-',
        upstream_header_time: '-',
        upstream_response_time: '0.003',
      })
    })

    it('is UTF-8, whatever bytes came', () => {
      assert.equal(writeJson(get('/', 'User-Agent: caf\xc3\xa9')).http_user_agent, 'café')
      assert.equal(writeJson(get('/', 'User-Agent: caf\xe9')).http_user_agent, 'caf�')
    })

    it('says how and at which step an exchange failed', () => {
      const exchange = get('/')
      exchange.failure = fail('connect_timeout')
      exchange.step = 'connect'
      const fields = writeJson(exchange)
      assert.deepEqual([fields.failure, fields.step], ['connect_timeout', 'connect'])
    })
  })
})
