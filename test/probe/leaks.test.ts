// Thousands of checks, good ones, failing ones and ones that are given up: afterwards nothing is left
// of them, no descriptor, no timer, no socket, and no memory that grows with their number.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ListenAddress } from '../../src/model/listener.ts'
import { PLAIN_HTTP_CHECK, type ProbeCheck } from '../../src/model/probe.ts'
import type { Checker } from '../../src/probe/checker.ts'
import { makeChecker } from '../../src/probe/make-checker.ts'
import { Prober } from '../../src/probe/prober.ts'
import { afterTest } from '../harness/after-test.ts'
import {
  ask,
  CONNECT,
  contains,
  expecting,
  listen,
  machineTime,
  makeTarget,
} from './probe-values.ts'

const CHECKS = 1500
const ROUND = 25

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

function sockets(): number {
  return process.getActiveResourcesInfo().filter(name => /TCP|Socket|Process/.test(name)).length
}

/** Loopback needs some turns to deliver the ends of connections. */
async function settles(isDone: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 5000 && !isDone(); i++) await new Promise(resolve => setImmediate(resolve))
  assert.ok(isDone(), what)
}

/** A server that takes a request and never answers. */
async function serveSilence(t: TestContext): Promise<ListenAddress> {
  const open = new Set<Socket>()
  const server = createTcpServer(socket => {
    open.add(socket)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
    socket.resume().on('end', () => socket.end())
  })
  afterTest(t, () => {
    for (const socket of open) socket.destroy()
  })
  return listen(t, server)
}

async function closedPort(): Promise<ListenAddress> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return { kind: 'tcp', host: '127.0.0.1', port }
}

async function askAndStop(checker: Checker): Promise<void> {
  checker.start(() => assert.fail('it was stopped'))
  for (let i = 0; i < 10; i++) await new Promise(resolve => setImmediate(resolve))
  checker.stop()
}

const FAILING = { ...PLAIN_HTTP_CHECK, expect: expecting({ body: [contains('no such text')] }) }

const ROWS: readonly {
  readonly name: string
  readonly check: ProbeCheck
  readonly peer: 'good' | 'silent' | 'gone'
}[] = [
  { name: 'good checks by HTTP', check: PLAIN_HTTP_CHECK, peer: 'good' },
  { name: 'bad checks by HTTP', check: FAILING, peer: 'good' },
  { name: 'good checks by TCP', check: CONNECT, peer: 'good' },
  { name: 'checks of a peer that is gone', check: PLAIN_HTTP_CHECK, peer: 'gone' },
  { name: 'checks that are given up', check: PLAIN_HTTP_CHECK, peer: 'silent' },
]

describe('a checker', () => {
  for (const { name, check, peer } of ROWS) {
    it(`leaves nothing behind of ${CHECKS} ${name}`, async t => {
      const address =
        peer === 'good'
          ? await listen(
              t,
              createServer((_request, response) => response.end('Test Page'.repeat(500))),
            )
          : peer === 'silent'
            ? await serveSilence(t)
            : await closedPort()
      const time = machineTime()
      const checkers = Array.from({ length: ROUND }, () =>
        makeChecker(makeTarget({ address, check }), time),
      )
      const run = (checker: Checker) => (peer === 'silent' ? askAndStop(checker) : ask(checker))
      const round = async () => {
        await Promise.all(checkers.map(run))
        // The server shares this thread: it takes what has come before its queue is full.
        for (let i = 0; i < 3; i++) await new Promise(resolve => setImmediate(resolve))
      }
      for (let i = 0; i < 5; i++) await round()
      const before = { files: descriptors(), sockets: sockets() }
      collect()
      const heapBefore = process.memoryUsage().heapUsed
      for (let done = 0; done < CHECKS; done += ROUND) await round()
      await settles(() => descriptors() <= before.files + 1, 'descriptors')
      await settles(() => sockets() <= before.sockets + 1, 'sockets')
      collect()
      const grown = process.memoryUsage().heapUsed - heapBefore
      assert.ok(grown / CHECKS < 2000, `${(grown / CHECKS).toFixed(0)} bytes a check`)
      assert.equal(time.wheel.count, 0)
      for (const checker of checkers) checker.close()
    })
  }
})

describe('a prober', () => {
  it('leaves nothing behind when its targets come and go', async t => {
    const address = await serveSilence(t)
    const time = machineTime()
    const prober = new Prober({ onReport: () => {}, time })
    const before = { files: descriptors(), sockets: sockets() }
    for (let i = 0; i < 20; i++) {
      const probe = { isMandatory: true }
      const targets = Array.from({ length: 50 }, (_, index) =>
        makeTarget({ key: `${i} ${index}`, address, check: PLAIN_HTTP_CHECK, probe }),
      )
      prober.setTargets(targets)
      time.clock.refresh()
      for (const { key } of targets) prober.askNow(key)
      for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve))
    }
    assert.equal(prober.count, 50)
    await prober.close()
    await settles(() => descriptors() <= before.files + 1, 'descriptors')
    await settles(() => sockets() <= before.sockets + 1, 'sockets')
    assert.equal(time.wheel.count, 0)
  })
})
