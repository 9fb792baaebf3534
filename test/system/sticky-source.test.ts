// Sessions by the client's address, with the real program and four workers: clients come from different loopback
// addresses, every request on a connection of its own, so it lands at any worker.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { CountingOrigin } from '../harness/counting-origin.ts'
import { makeDirectory, startProgram } from '../harness/program.ts'

const WORKERS = 4
/** Clients, and requests of each: enough that every worker gets some of each. */
const CLIENTS = 8
const REQUESTS = 10

interface Running {
  /** Asks from an address of this machine; who answered. */
  ask(from: string): Promise<string>
  reload(upstream: string): Promise<void>
}

async function start(t: TestContext, upstream: string): Promise<Running> {
  const text = (group: string) => `worker_processes ${WORKERS};
error_log stderr notice;
events { }
http {
  access_log off;
  upstream app { ${group} }
  server { listen 127.0.0.1:0; location / { proxy_pass http://app; } }
}
`
  const directory = makeDirectory(t, { 'nginx.conf': text(upstream) })
  const file = join(directory, 'nginx.conf')
  const program = startProgram(t, ['run', '-p', directory, '-c', file])
  const { listen } = await program.ready()
  const port = Number(listen[0]!.split(':')[1])
  return {
    ask: async localAddress => {
      const asked = request({ host: '127.0.0.1', port, localAddress, agent: false })
      asked.end()
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      let body = ''
      for await (const chunk of response) body += chunk
      assert.equal(response.statusCode, 200)
      return body
    },
    reload: async group => {
      writeFileSync(file, text(group))
      await program.tell('SIGHUP', / reloaded: /)
    },
  }
}

function openThree(t: TestContext): Promise<CountingOrigin[]> {
  return Promise.all(['A', 'B', 'C'].map(name => CountingOrigin.open(t, name)))
}

function servers(origins: readonly CountingOrigin[], words = ''): string {
  return origins.map(({ address }) => `server ${address} ${words};`).join(' ')
}

const STICKY = 'sticky source zone=clients:64k;'
const addresses = Array.from({ length: CLIENTS }, (_, i) => `127.0.${i + 1}.1`)

async function firstPeers({ ask }: Running): Promise<Map<string, string>> {
  const bound = new Map<string, string>()
  for (const address of addresses) bound.set(address, await ask(address))
  assert.equal(new Set(bound.values()).size, 3, 'clients spread')
  return bound
}

async function assertStay({ ask }: Running, bound: ReadonlyMap<string, string>): Promise<void> {
  for (const [address, name] of bound) {
    for (let i = 0; i < REQUESTS; i++) assert.equal(await ask(address), name)
  }
}

describe('sticky source', { timeout: 60_000 }, () => {
  it('keeps each address at its peer over workers and over reloads', async t => {
    const origins = await openThree(t)
    const running = await start(t, `${STICKY} ${servers(origins)}`)
    const bound = await firstPeers(running)
    await assertStay(running, bound)
    // The order of the lines is another one, and so are the indices.
    await running.reload(`${STICKY} ${servers(origins.toReversed())}`)
    await assertStay(running, bound)
  })

  it('keeps a network together that asks for the first time at once', async t => {
    const origins = await openThree(t)
    for (const origin of origins) origin.isHolding = true
    const running = await start(t, `sticky source netmask=16 zone=c:64k; ${servers(origins)}`)
    const first = running.ask('127.3.0.1')
    await Promise.race(origins.map(origin => origin.got(1)))
    const others = ['127.3.1.1', '127.3.2.2', '127.3.3.3'].map(address => running.ask(address))
    const one = origins.find(({ count }) => count === 1)!
    await one.got(4)
    one.release()
    assert.deepEqual(await Promise.all([first, ...others]), Array(4).fill(one.name))
  })

  it('sends the clients of a peer that died elsewhere, where they stay, and loses no request', async t => {
    const origins = await openThree(t)
    const running = await start(t, `${STICKY} ${servers(origins)}`)
    const bound = await firstPeers(running)
    const dead = origins.find(({ name }) => name === bound.get(addresses[0]!))!
    dead.close()
    const moved = new Map<string, string>()
    for (const address of addresses) moved.set(address, await running.ask(address))
    for (const [address, name] of moved) {
      assert.notEqual(name, dead.name)
      if (bound.get(address) !== dead.name) assert.equal(name, bound.get(address))
    }
    await dead.listen()
    await assertStay(running, moved)
  })

  it('lets the clients of a draining peer finish there, and sends others elsewhere', async t => {
    const origins = await openThree(t)
    const [a, ...others] = origins
    const running = await start(t, `${STICKY} ${servers(origins)}`)
    const bound = await firstPeers(running)
    await running.reload(`${STICKY} server ${a!.address} drain; ${servers(others)}`)
    await assertStay(running, bound)
    for (let i = 0; i < REQUESTS; i++) {
      assert.notEqual(await running.ask(`127.9.${i}.1`), a!.name)
    }
  })
})
