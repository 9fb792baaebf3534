// Checks by TCP: connecting alone, and a short conversation.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { ListenAddress } from '../../src/model/listener.ts'
import type { CheckAnswer } from '../../src/probe/checker.ts'
import { CombinedChecker } from '../../src/probe/combined-check.ts'
import { PROBE_LIMITS } from '../../src/probe/limits.ts'
import { TcpChecker } from '../../src/probe/tcp-check.ts'
import { afterTest } from '../harness/after-test.ts'
import { startDeafPort } from '../harness/deaf-port.ts'
import { ask, CONNECT, contains, listen, machineTime, makeTarget, regex } from './probe-values.ts'

async function serve(t: TestContext, onSocket: (socket: Socket) => void): Promise<ListenAddress> {
  const sockets = new Set<Socket>()
  afterTest(t, () => {
    for (const socket of sockets) socket.destroy()
  })
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  return listen(t, server)
}

type TcpCheck = ConstructorParameters<typeof TcpChecker>[1]

function makeChecker(address: ListenAddress, changes: Partial<TcpCheck> = {}): TcpChecker {
  const check: TcpCheck = { kind: 'tcp', tls: null, send: '', expect: null, ...changes }
  return new TcpChecker(makeTarget({ address, check }), check, machineTime())
}

async function closedPort(): Promise<ListenAddress> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return { kind: 'tcp', host: '127.0.0.1', port }
}

describe('TcpChecker', () => {
  it('is content with a connection, and closes it', async t => {
    const closed = Promise.withResolvers<void>()
    const address = await serve(t, socket => socket.on('close', () => closed.resolve()).resume())
    assert.deepEqual(await ask(makeChecker(address)), { fault: '', facts: [] })
    await closed.promise
  })

  it('names the error of the system', async () => {
    const answer = await ask(makeChecker(await closedPort()))
    assert.equal(answer.fault, 'connect() failed (111: Connection refused)')
  })

  it('waits for a text in pieces, in answer to what it sent', async t => {
    const heard: string[] = []
    const address = await serve(t, socket => {
      socket.once('data', data => {
        heard.push(data.toString('latin1'))
        socket.write('+PO')
        setImmediate(() => socket.write('NG\r\n'))
      })
    })
    const checker = makeChecker(address, { send: 'PING\r\n', expect: contains('+PONG') })
    assert.equal((await ask(checker)).fault, '')
    assert.deepEqual(heard, ['PING\r\n'])
  })

  it('does not look at everything again for each byte of a peer that drips', async t => {
    const address = await serve(t, socket => {
      socket.setNoDelay()
      const drip = (left: number) => {
        if (socket.destroyed) return
        socket.write(left === 0 ? 'DONE' : 'a')
        if (left > 0) setImmediate(drip, left - 1)
      }
      drip(500)
    })
    let looks = 0
    const expect = {
      ...regex('D+ONE$'),
      // Read once for each look.
      get kind() {
        looks++
        return 'regex' as const
      },
    }
    const startMs = performance.now()
    assert.deepEqual(await ask(makeChecker(address, { expect })), {
      fault: '',
      facts: ['504 bytes'],
    })
    const { looksAtOnceMax, lookGapMs } = PROBE_LIMITS
    const most = looksAtOnceMax + 1 + (performance.now() - startMs) / lookGapMs
    assert.ok(looks <= most, `${looks} looks`)
  })

  it('takes what came last before the peer closed', async t => {
    const address = await serve(t, socket => {
      socket.setNoDelay()
      const drip = (left: number) => {
        if (left === 0) socket.end('DONE')
        else socket.write('a', () => setImmediate(drip, left - 1))
      }
      drip(50)
    })
    assert.equal((await ask(makeChecker(address, { expect: contains('DONE') }))).fault, '')
  })

  it('sends characters that are bytes as bytes, and others as UTF-8', async t => {
    const heard: string[] = []
    const address = await serve(t, socket => {
      socket.once('data', data => {
        heard.push(data.toString('hex'))
        socket.end('ok')
      })
    })
    for (const send of ['\x00\x80\xff', '€']) {
      assert.equal((await ask(makeChecker(address, { send, expect: contains('ok') }))).fault, '')
    }
    assert.deepEqual(heard, ['0080ff', 'e282ac'])
  })

  const ROWS: readonly {
    readonly name: string
    readonly says: string
    readonly expect: TcpCheck['expect']
    readonly answer: CheckAnswer
  }[] = [
    {
      name: 'takes what a regex finds',
      says: '220 mail ESMTP\r\n',
      expect: regex('^220 .*SMTP'),
      answer: { fault: '', facts: ['16 bytes'] },
    },
    {
      name: 'refuses another answer when the peer has closed',
      says: '554 no\r\n',
      expect: contains('220'),
      answer: { fault: 'answer did not contain "220"', facts: ['8 bytes'] },
    },
    {
      name: 'refuses an answer that must not be',
      says: '554 no\r\n',
      expect: contains('554', { isNegated: true }),
      answer: { fault: 'answer contained "554"', facts: ['8 bytes'] },
    },
    {
      name: 'refuses silence',
      says: '',
      expect: contains('220'),
      answer: { fault: 'peer closed the connection before it sent "220"', facts: [] },
    },
    {
      name: 'refuses silence also where something must not be said',
      says: '',
      expect: contains('554', { isNegated: true }),
      answer: { fault: 'peer closed the connection before it sent an answer', facts: [] },
    },
    {
      name: 'stops reading after 256 KiB',
      says: 'x'.repeat(300_000),
      expect: contains('y'),
      answer: { fault: 'answer did not contain "y"', facts: ['262,144 bytes'] },
    },
  ]
  for (const { name, says, expect, answer } of ROWS) {
    it(name, async t => {
      const address = await serve(t, socket => socket.end(says))
      assert.deepEqual(await ask(makeChecker(address, { expect })), answer)
    })
  }

  it('says that it was connecting when nobody accepted', async t => {
    const port = await startDeafPort(t)
    const checker = makeChecker({ kind: 'tcp', host: '127.0.0.1', port })
    checker.start(() => assert.fail('it was stopped'))
    await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(checker.stop(), { during: 'connecting', facts: [], ended: null })
  })

  it('says what it was waiting for when it is stopped', async t => {
    const connected = Promise.withResolvers<void>()
    const address = await serve(t, socket => socket.once('data', () => connected.resolve()))
    const checker = makeChecker(address, { send: 'PING', expect: contains('PONG') })
    checker.start(() => assert.fail('it was stopped'))
    await connected.promise
    assert.equal(checker.stop().during, 'waiting for "PONG"')
  })
})

describe('CombinedChecker', () => {
  it('asks fully at first, after so many connects, and at once after a failed one', async t => {
    const asked: string[] = []
    let isListening = true
    let wants = { fault: '', facts: [] } as CheckAnswer
    const address = await serve(t, () => {})
    const gone = await closedPort()
    const full = { ...CONNECT, send: 'full' } as const
    const check = { kind: 'combined', connects: 2, full } as const
    // The connect goes where the test says; the full question is the test's own.
    const target = makeTarget({ address, check })
    const checkers = [address, gone].map(
      at =>
        new CombinedChecker({ ...target, address: at }, check, machineTime(), () => ({
          start(onAnswer) {
            asked.push('full')
            setImmediate(() => onAnswer(wants))
          },
          stop: () => ({ during: 'asking', facts: [], ended: null }),
          close() {},
        })),
    )
    const round = async () => {
      asked.length = 0
      await ask(checkers[isListening ? 0 : 1]!)
      return asked.length === 1
    }
    assert.deepEqual([await round(), await round(), await round()], [true, false, false])
    assert.deepEqual([await round(), await round()], [true, false])
    isListening = false
    // The first question of this one is full; then its connects fail, and each asks fully.
    assert.deepEqual([await round(), await round(), await round()], [true, true, true])
    wants = { fault: 'status was not 200', facts: [] }
    isListening = true
    assert.deepEqual([await round(), await round()], [false, true])
    // Until it is good again, every check is a full one.
    assert.equal(await round(), true)
    wants = { fault: '', facts: [] }
    assert.deepEqual([await round(), await round()], [true, false])
  })
})
