// Peers whose names are followed (`server NAME resolve`), by the real program with four workers at a real name server:
// what comes, goes, moves, vanishes and appears late, while requests go on.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { afterTest } from '../harness/after-test.ts'
import { Dnsmasq, withoutDnsmasq } from '../harness/dnsmasq.ts'
import { load } from '../harness/load.ts'
import { freePort } from '../harness/ports.ts'
import { makeDirectory, type Program, startProgram } from '../harness/program.ts'

/** An origin that answers with its own address. */
async function startOrigin(t: TestContext, host: string, port: number): Promise<Server> {
  const server = createServer((_request, response) => response.end(host))
  server.listen(port, host)
  await once(server, 'listening')
  afterTest(t, () => {
    server.closeAllConnections()
    server.close()
  })
  return server
}

/** Origins at several loopback addresses and one port. */
async function startOrigins(t: TestContext, hosts: readonly string[]) {
  const [first, ...others] = hosts
  const server = await startOrigin(t, first!, 0)
  const { port } = server.address() as AddressInfo
  const servers = new Map([[first!, server]])
  for (const host of others) servers.set(host, await startOrigin(t, host, port))
  return { port, servers }
}

async function startDnsmasq(t: TestContext, text: string, options: readonly string[] = []) {
  const dnsmasq = await Dnsmasq.start(text, options)
  afterTest(t, () => dnsmasq.stop())
  return dnsmasq
}

interface Bench {
  readonly program: Program
  readonly url: string
  readonly file: string
}

async function startBench(t: TestContext, upstream: string, port: number): Promise<Bench> {
  const text = `
worker_processes 4;
events { worker_connections 1024; }
http {
  access_log off;
  error_log stderr notice;
  resolver 127.0.0.1:${port} ipv6=off;
  upstream app { zone app 64k; ${upstream} }
  server {
    listen 127.0.0.1:0;
    add_header X-Peer $upstream_addr always;
    location / { proxy_pass http://app; }
  }
}
`
  const file = join(makeDirectory(t, { 'nginx.conf': text }), 'nginx.conf')
  const program = startProgram(t, ['run', '-p', join(file, '..'), '-c', file])
  const { listen } = await program.ready()
  return { program, url: `http://${listen[0]}/`, file }
}

/** Who answers so many requests, each on a connection of its own, so that all workers are asked. */
async function whoAnswers(url: string, count = 24): Promise<string[]> {
  const found = new Set<string>()
  for (let i = 0; i < count; i++) {
    const answer = await fetch(url, { headers: { connection: 'close' } })
    found.add(answer.status === 200 ? await answer.text() : String(answer.status))
  }
  return [...found].sort()
}

function names(...lines: readonly string[]): string {
  return `${lines.map(line => line.replace(/ (\w+)$/, ' $1.example.com')).join('\n')}\n`
}

const OPTIONS = { skip: withoutDnsmasq(), timeout: 120_000 }

describe('a name that is followed', OPTIONS, () => {
  it('has its addresses as peers, and others as soon as they are others', async t => {
    const { port } = await startOrigins(t, ['127.0.0.2', '127.0.0.3', '127.0.0.4'])
    const dnsmasq = await startDnsmasq(t, names('127.0.0.2 app', '127.0.0.3 app'))
    const { program, url } = await startBench(
      t,
      `server app.example.com:${port} resolve; keepalive 4;`,
      dnsmasq.server.port,
    )
    assert.deepEqual(await whoAnswers(url), ['127.0.0.2', '127.0.0.3'])
    await dnsmasq.change(names('127.0.0.3 app', '127.0.0.4 app'))
    await program.says(
      /"app" has 2 peers now: 127\.0\.0\.3:\d+, 127\.0\.0\.4:\d+; gone: 127\.0\.0\.2:\d+\n/,
    )
    assert.deepEqual(await whoAnswers(url), ['127.0.0.3', '127.0.0.4'])
  })

  it('serves on by its old addresses until one of others has passed a mandatory check', async t => {
    const held: (() => void)[] = []
    const first = await startOrigin(t, '127.0.0.2', 0)
    const { port } = first.address() as AddressInfo
    const second = createServer((request, response) => {
      const answer = () => response.end('127.0.0.3')
      if (request.url === '/check') held.push(answer)
      else answer()
    })
    second.listen(port, '127.0.0.3')
    await once(second, 'listening')
    afterTest(t, () => second.closeAllConnections())
    afterTest(t, () => second.close())
    const dnsmasq = await startDnsmasq(t, names('127.0.0.2 app'))
    const check = 'health_check uri=/check interval=30s mandatory;'
    const { program, url } = await startBench(
      t,
      `server app.example.com:${port} resolve; ${check}`,
      dnsmasq.server.port,
    )
    await program.says(/peer 127\.0\.0\.2:\d+ [^\n]*up: /)
    const asked = once(second, 'request')
    await dnsmasq.change(names('127.0.0.3 app'))
    await program.says(/"app" keeps 127\.0\.0\.2:\d+ until one of the others is up\n/)
    await asked
    assert.deepEqual(await whoAnswers(url), ['127.0.0.2'])
    for (const answer of held) answer()
    await program.says(/"app" has 1 peer now: 127\.0\.0\.3:\d+; gone: 127\.0\.0\.2:\d+\n/)
    assert.deepEqual(await whoAnswers(url), ['127.0.0.3'])
  })

  it('loses no request when an address goes and its machine with it', async t => {
    const { port, servers } = await startOrigins(t, ['127.0.0.2', '127.0.0.3'])
    const dnsmasq = await startDnsmasq(t, names('127.0.0.2 app', '127.0.0.3 app'))
    const { program, url } = await startBench(
      t,
      `server app.example.com:${port} resolve; keepalive 16;`,
      dnsmasq.server.port,
    )
    const result = await load(url, 12_000, 16, async () => {
      await dnsmasq.change(names('127.0.0.2 app'))
      await program.says(/"app" has 1 peer now: 127\.0\.0\.2:\d+; gone: 127\.0\.0\.3:\d+\n/)
      servers.get('127.0.0.3')!.closeAllConnections()
      servers.get('127.0.0.3')!.close()
    })
    t.diagnostic(result.text)
    assert.deepEqual([result.good, result.bad], [12_000, 0])
    assert.deepEqual(await whoAnswers(url), ['127.0.0.2'])
  })

  it('keeps its peers when it is gone from the zone, and says so', async t => {
    const { port } = await startOrigins(t, ['127.0.0.2'])
    const dnsmasq = await startDnsmasq(t, names('127.0.0.2 app'))
    const { program, url } = await startBench(
      t,
      `server app.example.com:${port} resolve;`,
      dnsmasq.server.port,
    )
    await dnsmasq.change(names('127.0.0.2 other'))
    const missing = /\[warn\].* app\.example\.com \(3: Host not found\) could not be resolved .*/
    assert.match((await program.says(missing))[0], /in upstream "app": its address holds/)
    assert.deepEqual(await whoAnswers(url), ['127.0.0.2'])
  })

  it('empties its group when it is gone and nothing is to hold', async t => {
    const { port } = await startOrigins(t, ['127.0.0.2'])
    const dnsmasq = await startDnsmasq(t, names('127.0.0.2 app'))
    const resolver = `resolver 127.0.0.1:${dnsmasq.server.port} ipv6=off hold=0s;`
    const { program, url } = await startBench(
      t,
      `${resolver} server app.example.com:${port} resolve;`,
      dnsmasq.server.port,
    )
    assert.deepEqual(await whoAnswers(url), ['127.0.0.2'])
    await dnsmasq.change(names('127.0.0.2 other'))
    await program.says(/"app" has no peers now/)
    assert.deepEqual(await whoAnswers(url), ['502'])
    await program.says(/no live upstreams while connecting to upstream/)
  })

  for (const method of ['', 'least_conn;', 'ip_hash;', 'hash $uri consistent;', 'random two;']) {
    it(`may appear later${method === '' ? '' : ` (${method})`}`, async t => {
      const { port } = await startOrigins(t, ['127.0.0.2', '127.0.0.3'])
      const dnsmasq = await startDnsmasq(t, names('127.0.0.2 other'))
      const resolver = `resolver 127.0.0.1:${dnsmasq.server.port} ipv6=off valid=1s;`
      const { program, url } = await startBench(
        t,
        `${method} ${resolver} server app.example.com:${port} resolve;`,
        dnsmasq.server.port,
      )
      assert.deepEqual(await whoAnswers(url), ['502'])
      await program.says(/app\.example\.com \(3: Host not found\) could not be .*: it has no peer/)
      await dnsmasq.change(names('127.0.0.3 app'))
      await program.says(/"app" has 1 peer now: 127\.0\.0\.3:\d+\n/)
      assert.deepEqual(await whoAnswers(url), ['127.0.0.3'])
    })
  }

  it('takes ports, weights and ranks from its service records', async t => {
    const first = await startOrigins(t, ['127.0.0.2'])
    const second = await startOrigins(t, ['127.0.0.3'])
    const third = await startOrigins(t, ['127.0.0.4'])
    const service = '--srv-host=_http._tcp.app.example.com'
    const dnsmasq = await startDnsmasq(t, names('127.0.0.2 a', '127.0.0.3 b', '127.0.0.4 c'), [
      `${service},a.example.com,${first.port},10,3`,
      `${service},b.example.com,${second.port},10,1`,
      `${service},c.example.com,${third.port},20,1`,
    ])
    const { url } = await startBench(
      t,
      'server app.example.com service=http resolve;',
      dnsmasq.server.port,
    )
    const counts = new Map<string, number>()
    for (let i = 0; i < 40; i++) {
      const who = await (await fetch(url, { headers: { connection: 'close' } })).text()
      counts.set(who, (counts.get(who) ?? 0) + 1)
    }
    assert.deepEqual(Object.fromEntries(counts), { '127.0.0.2': 30, '127.0.0.3': 10 })
    for (const [host, { servers }] of [
      ['127.0.0.2', first],
      ['127.0.0.3', second],
    ] as const) {
      servers.get(host)!.closeAllConnections()
      servers.get(host)!.close()
    }
    assert.deepEqual(await whoAnswers(url), ['127.0.0.4'])
  })

  it('keeps its peers and what is known of them over a reload', async t => {
    const { port } = await startOrigins(t, ['127.0.0.2'])
    const dnsmasq = await startDnsmasq(t, names('127.0.0.2 app', '127.0.0.3 app'))
    const { program, url } = await startBench(
      t,
      `server app.example.com:${port} resolve fail_timeout=600s;`,
      dnsmasq.server.port,
    )
    const tried = async () => {
      const lists: string[] = []
      for (let i = 0; i < 12; i++) {
        const answer = await fetch(url, { headers: { connection: 'close' } })
        lists.push(answer.headers.get('x-peer') ?? '')
        await answer.text()
      }
      return lists.filter(list => list.includes('127.0.0.3')).length
    }
    assert.equal(await tried(), 1)
    await dnsmasq.stop()
    await program.tell('SIGHUP', /reloaded: /)
    assert.equal(await tried(), 0)
    assert.deepEqual(await whoAnswers(url), ['127.0.0.2'])
  })
})

describe('a name without `resolve` that nobody knows', OPTIONS, () => {
  const conf = (main: string, port: number) => `
${main}
events { }
http {
  error_log stderr notice;
  upstream app { server no-such-name.invalid:80; }
  upstream other { server 127.0.0.1:${port}; }
  server {
    listen 127.0.0.1:0;
    location / { proxy_pass http://other; }
    location /app { proxy_pass http://app; }
  }
}
`

  it('leaves the rest serving, and its own group without a peer', async t => {
    const { port } = await startOrigins(t, ['127.0.0.1'])
    const directory = makeDirectory(t, { 'nginx.conf': conf('', port) })
    const program = startProgram(t, ['run', '-p', directory, '-c', join(directory, 'nginx.conf')])
    const { listen } = await program.ready()
    await program.says(/warning: host not found in upstream "no-such-name\.invalid:80"/)
    assert.deepEqual(await whoAnswers(`http://${listen[0]}/`, 2), ['127.0.0.1'])
    assert.deepEqual(await whoAnswers(`http://${listen[0]}/app`, 2), ['502'])
  })

  it('refuses the start where nginx is followed to the letter', async t => {
    const directory = makeDirectory(t, { 'nginx.conf': '' })
    const file = join(directory, 'nginx.conf')
    writeFileSync(file, conf('compat nginx/1.28 strict;', await freePort()))
    const { code, stderr } = await startProgram(t, ['run', '-p', directory, '-c', file]).ended
    assert.equal(code, 1)
    assert.match(stderr, /error: host not found in upstream "no-such-name\.invalid:80"/)
  })
})
