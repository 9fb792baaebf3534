// Names that only a request knows (`proxy_pass http://$…`), by the real program at a real name server: found, missing,
// silent, without a resolver. The words are those that nginx has in its error log.

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { afterTest } from '../harness/after-test.ts'
import { Dnsmasq, withoutDnsmasq } from '../harness/dnsmasq.ts'
import { freePort } from '../harness/ports.ts'
import { makeDirectory, type Program, startProgram } from '../harness/program.ts'

async function startOrigin(t: TestContext, host: string, port = 0): Promise<number> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', part => parts.push(part))
    request.on('end', () => response.end(`${host} ${Buffer.concat(parts).length}`))
  })
  server.listen(port, host)
  await once(server, 'listening')
  afterTest(t, () => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function startBench(t: TestContext, resolver: string): Promise<[Program, string]> {
  const text = `
worker_processes 2;
events { }
http {
  access_log off;
  error_log stderr info;
  ${resolver}
  server {
    listen 127.0.0.1:0;
    location / { proxy_pass http://$arg_to; add_header X-Peer $upstream_addr always; }
  }
}
`
  const directory = makeDirectory(t, { 'nginx.conf': text })
  const program = startProgram(t, ['run', '-p', directory, '-c', join(directory, 'nginx.conf')])
  const { listen } = await program.ready()
  return [program, `http://${listen[0]}/`]
}

async function startDnsmasq(t: TestContext, text: string): Promise<Dnsmasq> {
  const dnsmasq = await Dnsmasq.start(text)
  afterTest(t, () => dnsmasq.stop())
  return dnsmasq
}

const OPTIONS = { skip: withoutDnsmasq(), timeout: 60_000 }

describe('a name that a request brings', OPTIONS, () => {
  it('is looked up, and each of its addresses may be tried', async t => {
    const port = await startOrigin(t, '127.0.0.2')
    await startOrigin(t, '127.0.0.4', port)
    const dnsmasq = await startDnsmasq(
      t,
      '127.0.0.2 one.example.com\n127.0.0.3 two.example.com\n127.0.0.4 two.example.com\n',
    )
    const [, url] = await startBench(t, `resolver 127.0.0.1:${dnsmasq.server.port} ipv6=off;`)
    const one = await fetch(`${url}?to=one.example.com:${port}`, { method: 'POST', body: 'hello' })
    assert.equal(await one.text(), '127.0.0.2 5')
    const tried = new Set<string>()
    for (let i = 0; i < 8; i++) {
      const answer = await fetch(`${url}?to=two.example.com:${port}`)
      assert.equal(await answer.text(), '127.0.0.4 0')
      tried.add(answer.headers.get('x-peer')!.replaceAll(`:${port}`, ''))
    }
    assert.deepEqual([...tried].sort(), ['127.0.0.3, 127.0.0.4', '127.0.0.4'])
  })

  it('answers 502 when nobody has such a name', async t => {
    const dnsmasq = await startDnsmasq(t, '127.0.0.2 one.example.com\n')
    const [program, url] = await startBench(t, `resolver 127.0.0.1:${dnsmasq.server.port};`)
    assert.equal((await fetch(`${url}?to=none.example.com`)).status, 502)
    await program.says(/none\.example\.com could not be resolved \(3: Host not found\), client: /)
  })

  it('answers 502 when nobody answers in time', async t => {
    const silent = createSocket('udp4')
    silent.bind(0, '127.0.0.1')
    await once(silent, 'listening')
    afterTest(t, () => silent.close())
    const resolver = `resolver 127.0.0.1:${silent.address().port}; resolver_timeout 300ms;`
    const [program, url] = await startBench(t, resolver)
    assert.equal((await fetch(`${url}?to=app.example.com:81`)).status, 502)
    await program.says(
      /app\.example\.com could not be resolved \(110: Operation timed out\), client/,
    )
  })

  it('is given up when its client leaves', async t => {
    const silent = createSocket('udp4')
    silent.bind(0, '127.0.0.1')
    await once(silent, 'listening')
    afterTest(t, () => silent.close())
    const [program, url] = await startBench(t, `resolver 127.0.0.1:${silent.address().port};`)
    const client = connect(Number(new URL(url).port), '127.0.0.1')
    client.write('GET /?to=app.example.com HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(silent, 'message')
    client.resetAndDestroy()
    await program.says(/client prematurely closed connection/)
  })

  const REFUSED: readonly [string, number, RegExp][] = [
    ['app.example.com:81', 502, /no resolver defined to resolve app\.example\.com, client: /],
    ['app.example.com:0', 500, /invalid port in upstream "app\.example\.com:0"/],
    ['', 500, /invalid host in upstream ""/],
  ]
  for (const [name, status, words] of REFUSED) {
    it(`answers ${status} to ${JSON.stringify(name)} without a resolver`, async t => {
      const [program, url] = await startBench(t, '')
      assert.equal((await fetch(`${url}?to=${name}`)).status, status)
      await program.says(words)
    })
  }
})

describe('a state file', { timeout: 60_000 }, () => {
  const conf = (state: string) => `
events { }
http {
  error_log stderr notice;
  upstream app { zone app 64k; state ${state}; }
  server { listen 127.0.0.1:0; location / { proxy_pass http://app; } }
}
`

  it('has the peers of a group that has no others', async t => {
    const port = await startOrigin(t, '127.0.0.2')
    const dead = await freePort()
    const directory = makeDirectory(t, {
      'nginx.conf': conf('app.state'),
      'app.state': `server 127.0.0.2:${port} weight=2;\nserver 127.0.0.1:${dead} down;\n`,
    })
    const program = startProgram(t, ['run', '-p', directory, '-c', join(directory, 'nginx.conf')])
    const { listen } = await program.ready()
    for (let i = 0; i < 4; i++) {
      const answer = await fetch(`http://${listen[0]}/`)
      assert.equal(await answer.text(), '127.0.0.2 0')
    }
  })

  it('serves from its whole lines when the last one breaks off, and says so', async t => {
    const port = await startOrigin(t, '127.0.0.2')
    const directory = makeDirectory(t, {
      'nginx.conf': conf('app.state'),
      'app.state': `server 127.0.0.2:${port} weight=2;\nserver 127.0.0.1:46881 weig`,
    })
    const program = startProgram(t, ['run', '-p', directory, '-c', join(directory, 'nginx.conf')])
    const { listen } = await program.ready()
    await program.says(/app\.state:2:1: warning: Last line of the state file of upstream "app"/)
    assert.equal(await (await fetch(`http://${listen[0]}/`)).text(), '127.0.0.2 0')
  })

  it('may be missing: then the group has no peer', async t => {
    const directory = makeDirectory(t, { 'nginx.conf': conf('app.state') })
    const program = startProgram(t, ['run', '-p', directory, '-c', join(directory, 'nginx.conf')])
    const { listen } = await program.ready()
    assert.equal((await fetch(`http://${listen[0]}/`)).status, 502)
    await program.says(/no live upstreams/)
  })

  it('is quoted where it is wrong', async t => {
    const directory = makeDirectory(t, {
      'nginx.conf': conf('app.state'),
      'app.state': 'server 127.0.0.1:80;\nserver 127.0.0.2:80 wieght=2;\n',
    })
    const { code, stderr } = await startProgram(t, [
      ...['run', '-p', directory, '-c', join(directory, 'nginx.conf')],
    ]).ended
    assert.equal(code, 1)
    assert.match(stderr, /app\.state:2:21: error: invalid parameter "wieght=2"/)
    assert.match(stderr, /server 127\.0\.0\.2:80 wieght=2;\n\s+\^/)
  })
})
