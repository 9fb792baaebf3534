// What becomes a file, in nginx and in the program, by one table of requests and answers: the same answers to clients, the
// same files with the same access and dates, and nothing left beside them.

import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import {
  ask,
  getRequest,
  type Pair,
  type RawResponse,
  type Served,
  startPair,
  withoutNginx,
} from '../harness/beside-nginx.ts'
import { Origin, type OriginConnection } from '../harness/origin.ts'
import { HOW, hello, OK, type Row, WHERE, WHICH } from './store-rows.ts'

const PATIENCE_MS = 5_000

const HTTP = `
access_log off;
default_type text/plain;
server {
  listen 127.0.0.1:PORT;
  proxy_store on;
  root DIRECTORY/data;
  location /plain/ { proxy_pass http://ORIGIN; }
  location /modes/ { proxy_pass http://ORIGIN; proxy_store_access user:rw group:rw all:r; }
  location /narrow/ { proxy_pass http://ORIGIN; proxy_store_access user:r group:r; }
  location /unbuffered/ { proxy_pass http://ORIGIN; proxy_buffering off; }
  location /insisting/ { proxy_pass http://ORIGIN; proxy_ignore_headers X-Accel-Buffering; }
  location /off/ { proxy_pass http://ORIGIN; proxy_store off; }
  location /path/ { proxy_pass http://ORIGIN; proxy_store DIRECTORY/data$uri.$arg_x; }
  location /alias/ { proxy_pass http://ORIGIN; alias DIRECTORY/data/aliased/; }
  location /new/ { proxy_store off; error_page 404 = @fetch; }
  location /page/ { proxy_store off; error_page 404 =201 @fetch; }
  location /bare/ { proxy_store off; error_page 404 =204 @fetch; }
  location /tried/ { proxy_store off; try_files $uri @fetch; }
  location /moved/ { proxy_store off; error_page 404 = /fetch$uri; }
  location /fetch/ { internal; proxy_pass http://ORIGIN; alias DIRECTORY/data/; }
  location @fetch { internal; proxy_pass http://ORIGIN; }
}
`

const EARLY = '/plain/early'
const LATE = '/plain/late'
const BODY = `${'0123456789'.repeat(5000)}world`

class Bench {
  readonly origin = new Origin()
  #pair: Pair | null = null
  readonly #rows = new Map([...WHICH, ...WHERE, ...HOW].map(row => [nameOf(row.target), row]))

  get pair(): Pair {
    return this.#pair!
  }

  async start(): Promise<void> {
    await this.origin.open()
    this.origin.run(async connection => {
      const request = await connection.request()
      this.origin.requests.push(request)
      const name = nameOf(request.start.split(' ')[1]!)
      if (name === EARLY || name === LATE) await this.#answerLeft(name, connection)
      else await connection.send(this.#rows.get(name)?.reply ?? hello())
      connection.end()
    })
    const http = HTTP.replaceAll('ORIGIN', this.origin.address)
    this.#pair = await startPair(http, 'compat nginx/1.28 strict;')
    for (const { directory } of [this.pair.nginx, this.pair.headgate]) {
      // Started by root, nginx serves as somebody else, who may not write in directories of 0550.
      for (const name of ['data', 'data/narrow']) {
        mkdirSync(join(directory, name))
        chmodSync(join(directory, name), 0o777)
      }
    }
  }

  async end(): Promise<void> {
    await this.#pair?.end()
    this.#pair?.remove()
    this.origin.close()
  }

  async compare(row: Row): Promise<void> {
    const request = getRequest(row.target, row.fields, row.method) + (row.body ?? '')
    const { nginx, headgate } = this.pair
    const theirs = await ask(nginx.port, request)
    if (row.status !== undefined) assert.equal(theirs.status, row.status)
    const ours = await ask(headgate.port, request)
    assert.deepEqual(seen(ours), seen(theirs))
    await this.#settle(row.differs ?? [])
  }

  /** Waits until both have the same files. */
  async #settle(differing: readonly string[]): Promise<void> {
    const all = [...this.#rows.values()].flatMap(row => row.differs ?? [])
    const filesIn = ({ directory }: Served): string[] =>
      filesOf(join(directory, 'data')).filter(line => !isOf(line, all))
    const until = performance.now() + PATIENCE_MS
    const { nginx, headgate } = this.pair
    for (;;) {
      const [theirs, ours] = [filesIn(nginx), filesIn(headgate)]
      if (performance.now() > until) assert.deepEqual(ours, theirs)
      if (JSON.stringify(theirs) === JSON.stringify(ours)) break
      await new Promise(resolve => setImmediate(resolve))
    }
    for (const name of differing) {
      assert.ok(existsSync(join(nginx.directory, 'data', name)), `nginx makes no ${name}`)
      assert.ok(!existsSync(join(headgate.directory, 'data', name)), `there is ${name}`)
    }
  }

  readonly #left = new Map<string, () => void>()

  /** Lets a client leave before the response, or in the middle of it. */
  async leave(name: string): Promise<void> {
    for (const { port } of [this.pair.nginx, this.pair.headgate]) {
      const gone = new Promise<void>(resolve => this.#left.set(name, resolve))
      const socket = connect(port, '127.0.0.1')
      const isAsked = new Promise<void>(resolve => this.#asked.set(name, resolve))
      socket.write(getRequest(name), 'latin1')
      await isAsked
      if (name === LATE) await new Promise(resolve => socket.once('data', resolve))
      const isClosed = new Promise(resolve => socket.once('close', resolve))
      socket.destroy()
      await isClosed
      this.#left.get(name)!()
      await gone
    }
    await this.#settle([])
    const file = join(this.pair.headgate.directory, 'data', name)
    assert.equal(readFileSync(file, 'latin1'), BODY)
  }

  readonly #asked = new Map<string, () => void>()

  async #answerLeft(name: string, connection: OriginConnection): Promise<void> {
    const left = new Promise<void>(resolve => {
      const known = this.#left.get(name)
      this.#left.set(name, () => {
        known?.()
        resolve()
      })
    })
    const head = `${OK}\r\nContent-Length: ${BODY.length}\r\n\r\n`
    // Enough for nginx not to wait for more before it says anything.
    if (name === LATE) await connection.send(head + BODY.slice(0, -5))
    this.#asked.get(name)!()
    await left
    await connection.send(name === LATE ? BODY.slice(-5) : head + BODY)
  }
}

function nameOf(target: string): string {
  return target.split('?')[0]!
}

/** What a client gets, whatever chunks it comes in. */
function seen({ status, fields, body }: RawResponse): readonly unknown[] {
  const text = body.toString('latin1')
  const isChunked = fields.get('transfer-encoding') === 'chunked'
  const whole = isChunked ? text.replaceAll(/[0-9a-f]+\r\n([a-z]*)\r\n/g, '$1') : text
  return [status, fields.get('content-length'), isChunked, whole]
}

/** Each file and directory below: access, content, and the date where it is of the past. */
function filesOf(directory: string): string[] {
  const lines = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map(name => {
    const path = join(directory, name)
    const stats = statSync(path)
    const mode = (stats.mode & 0o777).toString(8)
    if (stats.isDirectory()) return `${name}/ ${mode}`
    const isOld = Date.now() - stats.mtimeMs > 86_400_000
    const date = isOld ? stats.mtime.toISOString() : 'today'
    return `${name} ${mode} ${date} ${readFileSync(path, 'latin1')}`
  })
  return lines.sort()
}

function isOf(line: string, names: readonly string[]): boolean {
  return names.some(name => line.startsWith(`${name} `) || line.startsWith(`${name}/`))
}

describe('proxy_store beside nginx', { skip: withoutNginx() }, () => {
  const bench = new Bench()
  before(() => bench.start())
  after(() => bench.end())
  for (const [what, rows] of Object.entries({
    'what is stored': WHICH,
    'under which name': WHERE,
    'on which way': HOW,
  })) {
    describe(what, () => {
      for (const row of rows) it(row.name, () => bench.compare(row))
    })
  }

  it('answers from the file that is there, without the peer', async () => {
    for (const target of ['/new/a/b', '/tried/a', '/moved/a']) {
      const count = bench.origin.requests.length
      for (const { port } of [bench.pair.nginx, bench.pair.headgate]) {
        const { status, body } = await ask(port, getRequest(target))
        assert.deepEqual([status, String(body)], [200, 'hello'])
      }
      assert.equal(bench.origin.requests.length, count)
    }
  })

  it('goes on when the client has left', async () => {
    for (const name of [EARLY, LATE]) await bench.leave(name)
  })

  it('leaves nothing beside the files', async () => {
    const differing = [...WHICH, ...WHERE, ...HOW].flatMap(row => row.differs ?? [])
    for (const { directory } of [bench.pair.nginx, bench.pair.headgate]) {
      assert.deepEqual(filesOf(join(directory, 'proxy')), [])
    }
    const [theirs, ours] = [bench.pair.nginx, bench.pair.headgate].map(served =>
      filesOf(join(served.directory, 'data')).filter(line => !isOf(line, differing)),
    )
    assert.deepEqual(ours, theirs)
    assert.ok(theirs!.length > 25)
  })

  it('never lets a variable lead upwards', () => {
    const isThere = ({ directory }: Served) => existsSync(join(directory, 'data/escaped'))
    assert.deepEqual([bench.pair.nginx, bench.pair.headgate].map(isThere), [true, false])
  })
})
