import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { Question } from '../../src/dns/message.ts'
import { ServerList } from '../../src/dns/server-list.ts'
import { FakeTime } from './fake-time.ts'
import { a, reply, ScriptedNetwork, SERVERS, SILENT, UNREACHABLE } from './scripted-ask.ts'

const QUESTION: Question = { name: 'app.example', type: 'A' }
const NEVER = new AbortController().signal
const GOOD = reply(a('app.example', 60, '10.1.0.1'))

function make(servers = SERVERS) {
  const time = new FakeTime()
  const network = new ScriptedNetwork()
  network.set('A app.example', GOOD)
  return { time, network, list: new ServerList(servers, network.ask, time) }
}

describe('ServerList', () => {
  it('begins each question with the next server', async () => {
    const { network, list } = make()
    for (let count = 0; count < 4; count++) await list.ask(QUESTION, NEVER)
    assert.deepEqual(network.takeServers(), ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.1'])
  })

  const FAILURES = [
    { name: 'is silent', answer: SILENT, isRemembered: true },
    { name: 'is not there', answer: UNREACHABLE, isRemembered: true },
    { name: 'refuses', answer: reply([], { code: 5 }), isRemembered: true },
    { name: 'cannot do it', answer: reply([], { code: 4 }), isRemembered: true },
    { name: 'fails for this name', answer: reply([], { code: 2 }), isRemembered: false },
  ] as const
  for (const { name, answer, isRemembered } of FAILURES) {
    it(`asks the next one when a server ${name}`, async () => {
      const { network, list, time } = make()
      network.set('10.0.0.1', answer)
      assert.deepEqual(await list.ask(QUESTION, NEVER), { reply: GOOD, reason: '' })
      assert.deepEqual(network.takeServers(), ['10.0.0.1', '10.0.0.2'])
      // Its turn comes again with the fourth question.
      await list.ask(QUESTION, NEVER)
      await list.ask(QUESTION, NEVER)
      network.takeServers()
      await list.ask(QUESTION, NEVER)
      const expected = isRemembered ? ['10.0.0.2'] : ['10.0.0.1', '10.0.0.2']
      assert.deepEqual(network.takeServers(), expected)
      await time.pass(10_001)
      await list.ask(QUESTION, NEVER)
      await list.ask(QUESTION, NEVER)
      network.takeServers()
      await list.ask(QUESTION, NEVER)
      assert.deepEqual(network.takeServers(), ['10.0.0.1', '10.0.0.2'])
    })
  }

  it('takes "no such name" for an answer', async () => {
    const { network, list } = make()
    network.set('A app.example', reply([], { code: 3 }))
    assert.equal((await list.ask(QUESTION, NEVER)).reply?.code, 3)
    assert.equal(network.asked.length, 1)
  })

  it('forgets that a server was bad when it answers', async () => {
    const { network, list } = make(SERVERS.slice(0, 1))
    network.set('10.0.0.1', UNREACHABLE)
    await list.ask(QUESTION, NEVER)
    network.set('10.0.0.1', GOOD)
    assert.equal((await list.ask(QUESTION, NEVER)).reply, GOOD)
  })

  it('asks all of them three times while they are silent', async () => {
    const { network, list } = make()
    for (const { host } of SERVERS) network.set(host, SILENT)
    assert.deepEqual(await list.ask(QUESTION, NEVER), { reply: null, reason: 'no answer' })
    assert.equal(network.asked.length, 9)
  })

  it('asks all of them once when all refuse', async () => {
    const { network, list } = make()
    for (const { host } of SERVERS) network.set(host, reply([], { code: 5 }))
    const { reply: none, reason } = await list.ask(QUESTION, NEVER)
    assert.equal(none, null)
    assert.equal(reason, '5: Operation refused, says 10.0.0.3:53')
    assert.deepEqual(network.takeServers(), ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  })

  it('stops when it is given up', async () => {
    const { network, list } = make()
    network.set('10.0.0.1', 'hang')
    const over = new AbortController()
    const asked = list.ask(QUESTION, over.signal)
    over.abort()
    assert.equal((await asked).reply, null)
    assert.equal(network.asked.length, 1)
  })

  it('says so when there is no server', async () => {
    const { list } = make([])
    assert.deepEqual(await list.ask(QUESTION, NEVER), { reply: null, reason: 'no name servers' })
  })
})
