// How connections to peers are made, beside the real nginx: from which address and with which probes, and what each says
// where an address cannot be had. nginx and HAProxy as peers are told of clients by the PROXY protocol.

import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { readConfigText } from '../../src/config/read.ts'
import { afterTest } from '../harness/after-test.ts'
import {
  ask,
  getRequest,
  type Pair,
  type Served,
  startPair,
  withoutNginx,
} from '../harness/beside-nginx.ts'
import { connectClient, get } from '../harness/client.ts'
import { accepts, freePort } from '../harness/ports.ts'
import { startProxy, toPeers } from '../harness/proxy.ts'
import { RealNginx } from '../harness/real-nginx.ts'

function without(command: string, option: string): string | false {
  return spawnSync(command, [option]).status === 0 ? false : `${command} is not installed here`
}

const HTTP = `
access_log off;
upstream kept { server 127.0.0.1:ORIGIN; keepalive 4; }
upstream kept-and-probed { server 127.0.0.1:ORIGIN; keepalive 4; }
server {
  listen 127.0.0.1:PORT;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  location /plain { proxy_pass http://127.0.0.1:ORIGIN; }
  location /bound { proxy_bind 127.0.0.7; proxy_pass http://127.0.0.1:ORIGIN; }
  location /variable { proxy_bind $http_x_from; proxy_pass http://127.0.0.1:ORIGIN; }
  location /inherited { proxy_bind 127.0.0.8; location /inherited/off { proxy_bind off; proxy_pass http://127.0.0.1:ORIGIN; }
    location /inherited/on { proxy_pass http://127.0.0.1:ORIGIN; } }
  location /foreign { proxy_bind 192.0.2.1; proxy_pass http://127.0.0.1:ORIGIN; }
  location /family { proxy_bind ::1; proxy_pass http://127.0.0.1:ORIGIN; }
  location /kept { proxy_pass http://kept; }
  location /probed { proxy_socket_keepalive on; proxy_pass http://kept-and-probed; }
}
`

interface Row {
  readonly name: string
  readonly path: string
  readonly from?: string
  /** The address that the origin sees; null = it sees nothing. */
  readonly sees: string | null
}

const ROWS: readonly Row[] = [
  { name: 'no address', path: '/plain', sees: '127.0.0.1' },
  { name: 'an address', path: '/bound', sees: '127.0.0.7' },
  { name: 'an address of the level above', path: '/inherited/on', sees: '127.0.0.8' },
  { name: 'off below an address', path: '/inherited/off', sees: '127.0.0.1' },
  { name: 'a variable with an address', path: '/variable', from: '127.0.0.9', sees: '127.0.0.9' },
  { name: 'a variable without a value', path: '/variable', sees: '127.0.0.1' },
  { name: 'a variable with a name', path: '/variable', from: 'localhost', sees: '127.0.0.1' },
  { name: 'an address of another machine', path: '/foreign', sees: null },
  { name: 'an address of another family', path: '/family', sees: null },
]

describe('connections to peers beside nginx', { skip: withoutNginx() }, () => {
  let pair: Pair
  let server: Server
  const sockets: Socket[] = []
  /** Where each of them came from. */
  const origins: (string | undefined)[] = []

  before(async () => {
    server = createServer(socket => {
      sockets.push(socket)
      origins.push(socket.remoteAddress)
      socket.on('error', () => {})
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    pair = await startPair(HTTP.replaceAll('ORIGIN', String(port)), 'compat nginx/1.28 strict;')
  })
  after(async () => {
    await pair?.end()
    pair?.remove()
    server.close()
    for (const socket of sockets) socket.destroy()
  })

  function errorText({ directory }: Served): string {
    return readFileSync(join(directory, 'logs/error.log'), 'latin1')
  }

  for (const row of ROWS) {
    it(`go out from ${row.name} alike`, async () => {
      const seen: unknown[] = []
      for (const served of [pair.nginx, pair.headgate]) {
        const count = sockets.length
        const start = errorText(served).length
        const fields = row.from === undefined ? [] : [`X-From: ${row.from}`]
        const { status } = await ask(served.port, getRequest(row.path, fields))
        const words = /\[(?:crit|error)\] .*?: (?:\*\d+ )?(.*?), client/.exec(
          errorText(served).slice(start),
        )
        seen.push({
          status,
          from: origins[count] ?? null,
          level: /\[(crit|error)\]/.exec(errorText(served).slice(start))?.[1] ?? null,
          words: words?.[1]?.replace(/^\d+#\d+: \*\d+ /, '') ?? null,
        })
      }
      assert.deepEqual(seen[1], seen[0])
      assert.equal((seen[0] as { from: string | null }).from, row.sees)
    })
  }

  it('are probed by the kernel alike with proxy_socket_keepalive, and not without', {
    skip: without('ss', '-V'),
  }, async () => {
    for (const served of [pair.nginx, pair.headgate]) {
      for (const [path, isProbed] of [
        ['/kept', false],
        ['/probed', true],
      ] as const) {
        const count = sockets.length
        await ask(served.port, getRequest(path))
        assert.equal(sockets.length, count + 1)
        const { remotePort } = sockets.at(-1)!
        const line = execFileSync('ss', [
          '-tno',
          'state',
          'established',
          `( sport = :${remotePort} )`,
        ])
        const timer = /timer:\((\w+),([0-9.]+\w+)/.exec(line.toString())
        assert.deepEqual(
          [served.name, timer?.[1] ?? null],
          [served.name, isProbed ? 'keepalive' : null],
        )
      }
    }
  })
})

const WRITTEN = [
  '127.0.0.1',
  '127.0.0.1:80',
  '127.0.0.1:00080',
  '127.0.0.1:0',
  '127.0.0.1:65535',
  '127.0.0.1:65536',
  '127.0.0.1:',
  '::1',
  '[::1]:80',
  '[::1]',
  '[::1',
  '::1:80',
  '[127.0.0.1]:80',
  'localhost',
  'localhost:80',
  'unix:/run/a.sock',
  '*',
  '*:80',
  '80',
  '127.1',
  '""',
  '"127.0.0.1 "',
  'off',
  'off off',
  '127.0.0.1 on',
]

describe('proxy_bind beside nginx', { skip: withoutNginx() }, () => {
  for (const text of WRITTEN) {
    it(`is judged alike: ${text}`, t => {
      const directory = mkdtempSync(join(tmpdir(), 'headgate-bind-'))
      afterTest(t, () => rmSync(directory, { recursive: true }))
      const paths = ['client_body', 'fastcgi', 'scgi', 'uwsgi', 'proxy']
        .map(name => `${name}_temp_path ${directory}/${name};`)
        .join(' ')
      const conf = `pid ${directory}/pid; error_log ${directory}/error.log; events { }
http { access_log off; ${paths} server { listen 127.0.0.1:1; location / { proxy_bind ${text}; proxy_pass http://127.0.0.1:2; } } }`
      const file = join(directory, 'nginx.conf')
      writeFileSync(file, conf)
      const { stderr } = spawnSync('nginx', ['-t', '-p', directory, '-c', file])
      const theirs = /\[emerg\] \d+#\d+: (.*) in /.exec(stderr.toString())?.[1] ?? ''
      const ours = conf.replace(/(fastcgi|scgi|uwsgi)_temp_path \S+;/g, '')
      const options = { prefix: directory, env: {}, globals: '', hostname: 'test' }
      const { diagnostics } = readConfigText(file, ours, { ...options, format: 'nginx' })
      const error = diagnostics.find(({ severity }) => severity === 'error')
      assert.equal(error?.message ?? '', theirs)
    })
  }
})

describe('the PROXY protocol', () => {
  const versions = ['v1', 'v2'] as const

  async function tells(t: TestContext, peer: string, version: string): Promise<void> {
    const upstream = `keepalive 4; proxy_protocol ${version};`
    const proxy = await startProxy(t, toPeers([peer], { upstream }))
    for (let i = 0; i < 2; i++) {
      const client = await connectClient(t, proxy.port)
      const said = `127.0.0.1:${client.socket.localPort} 127.0.0.1:${proxy.port}`
      for (let again = 0; again < 2; again++) {
        const { status, body } = await client.ask(get('/'))
        assert.deepEqual([status, body.toString('latin1')], [200, said])
      }
    }
  }

  for (const version of versions) {
    it(`${version} is understood by nginx`, { skip: withoutNginx() }, async t => {
      const port = await freePort()
      const told = '$proxy_protocol_addr:$proxy_protocol_port'
      const server = '$proxy_protocol_server_addr:$proxy_protocol_server_port'
      const nginx = await RealNginx.start(
        {},
        `listen 127.0.0.1:${port} proxy_protocol; location / { return 200 "${told} ${server}"; }`,
      )
      afterTest(t, () => nginx.end())
      await tells(t, `127.0.0.1:${port}`, version)
    })

    it(`${version} is understood by HAProxy`, { skip: without('haproxy', '-v') }, async t => {
      const port = await startHaproxy(t)
      await tells(t, `127.0.0.1:${port}`, version)
    })
  }
})

/** A HAProxy that takes only connections with a header, and answers with what that said. */
async function startHaproxy(t: TestContext): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-haproxy-'))
  const port = await freePort()
  const file = join(directory, 'haproxy.cfg')
  const said = '%[src]:%[src_port] %[dst]:%[dst_port]'
  writeFileSync(
    file,
    `defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend told
  bind 127.0.0.1:${port} accept-proxy
  http-request return status 200 content-type text/plain lf-string "${said}"
`,
  )
  const child: ChildProcess = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' })
  afterTest(t, async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    rmSync(directory, { recursive: true })
  })
  for (let i = 0; i < 100 && !(await accepts(port)); i++) await delay(20)
  return port
}
