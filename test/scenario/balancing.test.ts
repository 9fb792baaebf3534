// Balancing methods through the whole proxy: the key comes from the request, the times from what the
// peers really take, and what was in flight is given back.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Client, connectClient, get } from '../harness/client.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { startProxy } from '../harness/proxy.ts'

/** Origins that answer with their letter, behind one group. */
async function startGroup(
  t: TestContext,
  count: number,
  method: string,
): Promise<{ readonly origins: readonly Origin[]; readonly client: Client }> {
  const origins: Origin[] = []
  for (let at = 0; at < count; at++) {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok(String.fromCharCode(0x41 + at)))
    origins.push(origin)
  }
  const servers = origins.map(({ address }) => `server ${address};`).join(' ')
  const proxy = await startProxy(t, {
    http: `upstream app { ${method} ${servers} keepalive 8; }`,
    server: 'location / { proxy_pass http://app; }',
  })
  return { origins, client: await connectClient(t, proxy.port) }
}

async function ask(client: Client, path: string): Promise<string> {
  return (await client.ask(get(path))).body.toString()
}

describe('balancing', () => {
  for (const method of [
    'hash $arg_user;',
    'hash $arg_user consistent;',
    'hash $arg_user maglev;',
  ]) {
    it(`sends the requests of one user to one peer, and users to all: ${method}`, async t => {
      const { client } = await startGroup(t, 3, method)
      const homes = new Set<string>()
      for (let user = 0; user < 20; user++) {
        const first = await ask(client, `/a?user=${user}`)
        homes.add(first)
        assert.equal(await ask(client, `/b?user=${user}`), first)
      }
      assert.deepEqual([...homes].sort(), ['A', 'B', 'C'])
    })
  }

  it('goes on to the next peer of the ring when the first refuses', async t => {
    const { origins, client } = await startGroup(t, 3, 'hash $arg_user consistent;')
    const homes: string[] = []
    for (let user = 0; user < 12; user++) homes.push(await ask(client, `/?user=${user}`))
    origins[0]!.close()
    for (let user = 0; user < 12; user++) {
      const now = await ask(client, `/?user=${user}`)
      if (homes[user] === 'A') assert.notEqual(now, 'A')
      else assert.equal(now, homes[user])
    }
  })

  for (const method of ['header', 'last_byte inflight', 'header inflight', 'peak_ewma']) {
    it(`turns from a peer that answers late: least_time ${method}`, async t => {
      const { origins, client } = await startGroup(t, 2, `least_time ${method};`)
      origins[0]!.run(async connection => {
        for (;;) {
          const hasCome = () => connection.unread.length > 0 || connection.isOver
          await connection.when(hasCome, 'a request', true)
          if (connection.unread.length === 0) break
          await connection.request()
          // What makes this peer slow; the test waits for its answer.
          await delay(80)
          await connection.send(ok('A'))
        }
        connection.end()
      })
      const answers: string[] = []
      for (let i = 0; i < 12; i++) answers.push(await ask(client, '/'))
      // Nobody is known at first: each has one request, and A perhaps a second.
      assert.ok(answers.includes('A'))
      assert.equal(answers.slice(4).join(''), 'BBBBBBBB')
    })
  }
})
