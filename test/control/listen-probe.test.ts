import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'

import { canShareListeners, probeListeners } from '../../src/control/listen-probe.ts'
import { tcp } from '../harness/sample-config.ts'

const directory = mkdtempSync(join(tmpdir(), 'probe-'))
after(() => rmSync(directory, { recursive: true }))

describe('probeListeners', () => {
  const servers: Server[] = []
  const listen = async (options: ListenOptions): Promise<Server> => {
    const server = createServer().listen(options)
    servers.push(server)
    await once(server, 'listening')
    return server
  }
  const portOf = (server: Server) => (server.address() as AddressInfo).port
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  it('finds nothing wrong with free addresses, and lets go of them', async () => {
    const addresses = [tcp('127.0.0.1:0'), tcp('127.0.0.1:0')]
    assert.deepEqual(await probeListeners(addresses), [])
    const server = await listen({ host: '127.0.0.1', port: 0 })
    const port = portOf(server)
    await new Promise(resolve => server.close(resolve))
    assert.deepEqual(await probeListeners([tcp(`127.0.0.1:${port}`)]), [])
    await listen({ host: '127.0.0.1', port })
  })

  for (const reusePort of [false, true]) {
    it(`finds who listens there ${reusePort ? 'even if he would share' : 'alone'}`, async () => {
      const port = portOf(await listen({ host: '127.0.0.1', port: 0, reusePort }))
      const problems = await probeListeners([tcp(`127.0.0.1:${port}`)])
      assert.equal(problems.length, 1)
      assert.equal(problems[0]!.code, 'EADDRINUSE')
      const start = `bind() to 127.0.0.1:${port} failed (98: Address already in use): `
      assert.ok(problems[0]!.text.startsWith(start), problems[0]!.text)
    })
  }

  it('tries again while the address is taken, as often as it may', async () => {
    const server = await listen({ host: '127.0.0.1', port: 0 })
    const address = tcp(`127.0.0.1:${portOf(server)}`)
    let waits = 0
    const problems = await probeListeners([address], {
      triesMax: 5,
      delay: async () => {
        if (++waits === 3) await new Promise(resolve => server.close(resolve))
      },
    })
    assert.deepEqual(problems, [])
    assert.equal(waits, 3)
  })

  it('stops trying, and names every address that is taken', async () => {
    const first = await listen({ host: '127.0.0.1', port: 0 })
    const second = await listen({ host: '127.0.0.1', port: 0 })
    const addresses = [first, second].map(server => tcp(`127.0.0.1:${portOf(server)}`))
    let waits = 0
    const problems = await probeListeners(addresses, {
      triesMax: 3,
      delay: async () => void waits++,
    })
    assert.equal(problems.length, 2)
    assert.equal(waits, 2)
  })

  it('says that the machine has no such address', async () => {
    const problems = await probeListeners([tcp('192.0.2.1:80')])
    assert.equal(problems[0]!.code, 'EADDRNOTAVAIL')
    assert.match(problems[0]!.text, /this machine has no such address$/)
  })

  it('removes a socket file on which nobody accepts', async () => {
    const path = join(directory, 'stale')
    // A process that is killed while it listens leaves its file behind.
    const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.send(1))`
    const child = spawn(process.execPath, ['-e', code], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    await once(child, 'message')
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.ok(existsSync(path))
    assert.deepEqual(await probeListeners([{ kind: 'unix', path }]), [])
    assert.ok(!existsSync(path))
  })

  it('leaves a socket file alone on which somebody accepts', async () => {
    const path = join(directory, 'live')
    await listen({ path })
    const problems = await probeListeners([{ kind: 'unix', path }])
    assert.match(
      problems[0]!.text,
      /^bind\(\) to unix:.*live failed \(98: .*\): another process accepts connections on it$/,
    )
    assert.ok(existsSync(path))
  })

  it('never removes a file that is no socket', async () => {
    const path = join(directory, 'file')
    writeFileSync(path, 'precious')
    const problems = await probeListeners([{ kind: 'unix', path }])
    assert.match(problems[0]!.text, /there is a file of this name that is no socket/)
    assert.ok(existsSync(path))
  })
})

describe('canShareListeners', () => {
  it('is true where several sockets can listen on one port', async () => {
    const can = await canShareListeners()
    const second = await new Promise(resolve => {
      const first = createServer().listen({ host: '127.0.0.1', port: 0, reusePort: true })
      first.once('error', () => resolve(false))
      first.once('listening', () => {
        const { port } = first.address() as AddressInfo
        const server = createServer().listen({ host: '127.0.0.1', port, reusePort: true })
        server.once('error', () => resolve(false))
        server.once('listening', () => server.close(() => resolve(true)))
        server.once('close', () => first.close())
      })
    })
    assert.equal(can, second)
  })
})
