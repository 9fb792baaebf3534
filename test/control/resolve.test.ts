import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { listPeers, makeLine } from '../../src/control/peer-lines.ts'
import { type Lookup, type ResolveOptions, resolveLines } from '../../src/control/resolve.ts'
import type { Upstream } from '../../src/model/upstream.ts'
import { sampleUpstream } from '../harness/sample-config.ts'

const KNOWN: Record<string, string[]> = {
  'one.example': ['10.0.0.1'],
  'two.example': ['10.0.0.2', '::2', '10.0.0.2'],
  'empty.example': [],
}

const lookup: Lookup = async host => {
  const found = KNOWN[host]
  if (found === undefined) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' })
  return found
}

async function resolve(upstreams: readonly Upstream[], options: ResolveOptions = {}) {
  const { lines, diagnostics } = await resolveLines(upstreams, options)
  return { upstreams: lines.map(listPeers), diagnostics }
}

describe('resolveLines', () => {
  it('makes a peer of every address of a name, in order, each once', async () => {
    const upstream = sampleUpstream('u', '127.0.0.1:80', 'two.example:81', 'one.example:82')
    const { upstreams, diagnostics } = await resolve([upstream], { lookup })
    assert.deepEqual(diagnostics, [])
    assert.deepEqual(upstreams, [
      {
        name: 'u',
        peers: [
          { peer: 0, address: { kind: 'tcp', host: '127.0.0.1', port: 80 } },
          { peer: 1, address: { kind: 'tcp', host: '10.0.0.2', port: 81 } },
          { peer: 1, address: { kind: 'tcp', host: '::2', port: 81 } },
          { peer: 2, address: { kind: 'tcp', host: '10.0.0.1', port: 82 } },
        ],
      },
    ])
  })

  it('asks for each name once, whoever uses it, and never for an address', async () => {
    const asked: string[] = []
    const peers = ['one.example:1', 'one.example:2', '127.0.0.1:3', '::1:4']
    await resolve([sampleUpstream('a', ...peers), sampleUpstream('b', ...peers)], {
      lookup: host => {
        asked.push(host)
        return lookup(host)
      },
    })
    assert.deepEqual(asked, ['one.example'])
  })

  it('leaves unix sockets as they are', async () => {
    const upstream = sampleUpstream('u', '127.0.0.1:80')
    const address = { kind: 'unix', path: '/run/app.sock' } as const
    const peers = [{ ...upstream.peers[0]!, address }]
    const { upstreams } = await resolve([{ ...upstream, peers }], { lookup })
    assert.deepEqual(upstreams[0]!.peers, [{ peer: 0, address }])
  })

  const FAILING = [
    { host: 'none.example', hint: /ENOTFOUND/ },
    { host: 'empty.example', hint: /has no address/ },
  ]
  for (const { host, hint } of FAILING) {
    it(`refuses ${host} where it was written, and names the others too`, async () => {
      const upstream = sampleUpstream('u', `${host}:80`, 'one.example:80', `${host}:81`)
      const { diagnostics } = await resolve([upstream], { lookup })
      assert.deepEqual(
        diagnostics.map(({ severity, message }) => `${severity}: ${message}`),
        [
          `error: host not found in upstream "${host}:80"`,
          `error: host not found in upstream "${host}:81"`,
        ],
      )
      assert.equal(diagnostics[0]!.origin.line, 3)
      assert.match(diagnostics[0]!.hint, hint)
    })
  }

  it('warns only, where somebody goes on asking', async () => {
    const followed: string[] = []
    const { upstreams, diagnostics } = await resolve([sampleUpstream('u', 'none.example:80')], {
      lookup,
      follow: ({ name }, peer) => {
        followed.push(`${name} ${peer.name}`)
        return makeLine([])
      },
    })
    assert.deepEqual(followed, ['u none.example:80'])
    assert.deepEqual(upstreams, [{ name: 'u', peers: [] }])
    const [warning] = diagnostics
    assert.equal(warning?.severity, 'warning')
    assert.match(warning.hint, /ENOTFOUND; it is asked for again/)
  })

  it('leaves a name that is followed to who follows it', async () => {
    const upstream = sampleUpstream('u', 'two.example:80', 'one.example:81')
    const peers = upstream.peers.map((peer, index) => ({ ...peer, isResolving: index === 0 }))
    const { upstreams } = await resolve([{ ...upstream, peers }], {
      lookup: host => {
        assert.equal(host, 'one.example')
        return lookup(host)
      },
      follow: () => ({
        addresses: [],
        watched: [{ host: '10.0.0.9', port: null, weight: null, isBackup: false }],
      }),
    })
    assert.deepEqual(
      upstreams[0]!.peers.map(({ address }) => address),
      [
        { kind: 'tcp', host: '10.0.0.9', port: 80 },
        { kind: 'tcp', host: '10.0.0.1', port: 81 },
      ],
    )
  })

  it('does not wait for ever', async () => {
    const { diagnostics } = await resolve([sampleUpstream('u', 'slow.example:80')], {
      lookup: () => new Promise(() => {}),
      delay: async () => {},
      timeoutMs: 3000,
    })
    assert.match(diagnostics[0]!.hint, /no answer for "slow\.example" in 3 seconds/)
  })

  it('knows what this machine calls itself', async () => {
    const { upstreams, diagnostics } = await resolve([sampleUpstream('u', 'localhost:80')])
    assert.deepEqual(diagnostics, [])
    const first = upstreams[0]!.peers[0]!.address
    assert.equal(first.kind === 'tcp' && first.host, '127.0.0.1')
  })
})
