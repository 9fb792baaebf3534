import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { openNames, type ServerLookup } from '../../src/dns/open-names.ts'
import { Resolver } from '../../src/dns/resolver.ts'
import { SystemNames } from '../../src/dns/system-names.ts'
import { DEFAULT_RESOLVER, type ResolverServer } from '../../src/model/resolver.ts'
import { FakeTime } from './fake-time.ts'
import { address, replyTo, scriptedServer } from './scripted-server.ts'

const NEVER = new AbortController().signal

function server(host: string, port: number, line = 3): ResolverServer {
  const origin = { file: 'nginx.conf', line, column: 14, endColumn: 20 }
  return { origin, name: `${host}:${port}`, host, port }
}

describe('openNames', () => {
  it('asks the machine where no server is written', async () => {
    const { source, diagnostics } = await openNames(DEFAULT_RESOLVER)
    assert.ok(source instanceof SystemNames)
    assert.deepEqual(diagnostics, [])
    source.close()
  })

  it('asks the servers that are written, those with a name at every address of it', async () => {
    await using fake = await scriptedServer(query => [
      replyTo(query, { answers: [address(query, '10.1.0.1')] }),
    ])
    const { port } = fake.server
    const asked: string[] = []
    const lookup: ServerLookup = async host => {
      asked.push(host)
      return ['127.0.0.1']
    }
    const servers = [server('127.0.0.1', port), server('ns.example', port)]
    const settings = { ...DEFAULT_RESOLVER, servers, asksIpv6: false }
    const { source } = await openNames(settings, { lookup })
    assert.ok(source instanceof Resolver)
    const answer = await source.find({ name: 'app.example', service: null }, NEVER)
    assert.equal(answer.outcome === 'found' && answer.addresses[0]?.host, '10.1.0.1')
    assert.deepEqual(asked, ['ns.example'])
    source.close()
  })

  const REFUSED: readonly { name: string; lookup: ServerLookup; hint: RegExp }[] = [
    {
      name: 'a name that nobody knows',
      lookup: async () => {
        throw Object.assign(new Error('no'), { code: 'ENOTFOUND' })
      },
      hint: /^looking it up failed: ENOTFOUND; write the address/,
    },
    { name: 'a name without an address', lookup: async () => [], hint: /has no address/ },
    {
      name: 'a name that takes too long',
      lookup: () => new Promise(() => {}),
      hint: /no answer for "ns\.example" in 10 seconds/,
    },
  ]
  for (const { name, lookup, hint } of REFUSED) {
    it(`refuses ${name} where it stands, in nginx's words`, async () => {
      const time = new FakeTime()
      const servers = [server('ns.example', 53, 3), server('ns.example', 54, 4)]
      const opened = openNames({ ...DEFAULT_RESOLVER, servers }, { lookup, time })
      await time.pass(10_000)
      const { source, diagnostics } = await opened
      assert.equal(source, null)
      assert.deepEqual(
        diagnostics.map(({ severity, message, origin }) => [severity, message, origin.line]),
        [
          ['error', 'host not found in resolver "ns.example:53"', 3],
          ['error', 'host not found in resolver "ns.example:54"', 4],
        ],
      )
      assert.match(diagnostics[0]!.hint, hint)
    })
  }
})
