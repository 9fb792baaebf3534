// A peer that can go dark: a process of its own, which is stopped, with its accept queue filled, so that the kernel drops
// every further SYN and nothing is ever said on the connections that are open. That is what the network shows of a host
// whose switch port died.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { afterTest } from './after-test.ts'

const SERVER = `
const server = require('node:http').createServer((request, response) => {
  const wait = /\\/wait\\/(\\d+)/.exec(request.url)
  setTimeout(() => response.end('answered'), wait === null ? 0 : Number(wait[1]))
})
server.keepAliveTimeout = 60000
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port))
`
/** More connects than any accept queue of backlog 1 takes. */
const FILLERS_MAX = 16
/** A connect on the loopback that is not through by then is not going to be. */
const DARK_AFTER_MS = 300

export class DarkPeer {
  readonly #child: ChildProcess
  readonly #fillers: Socket[] = []
  port = 0

  constructor() {
    this.#child = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] })
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    const [line] = await once(this.#child.stdout!, 'data')
    this.port = Number(String(line).trim())
  }

  /** From here on nothing is heard of it. */
  async goDark(): Promise<void> {
    this.#child.kill('SIGSTOP')
    for (let i = 0; i < FILLERS_MAX; i++) {
      if (!(await this.#fill())) return
    }
    throw new Error('the accept queue of the stopped process does not fill')
  }

  /** Lives again, with all that was sent to it meanwhile. */
  comeBack(): void {
    for (const filler of this.#fillers.splice(0)) filler.destroy()
    this.#child.kill('SIGCONT')
  }

  /** Puts one connection into the queue; false when it was not taken. */
  #fill(): Promise<boolean> {
    return new Promise(resolve => {
      const socket = connect(this.port, '127.0.0.1')
      this.#fillers.push(socket)
      const timer = setTimeout(() => resolve(false), DARK_AFTER_MS)
      socket.on('error', () => {})
      socket.on('connect', () => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }

  async stop(): Promise<void> {
    for (const filler of this.#fillers.splice(0)) filler.destroy()
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

/** Starts a peer that answers, until it goes dark. `/wait/N` is answered after N milliseconds. */
export async function startDarkPeer(t: TestContext): Promise<DarkPeer> {
  const peer = new DarkPeer()
  afterTest(t, () => peer.stop())
  await peer.start()
  return peer
}
