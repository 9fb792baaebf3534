// Which peer a key or a client goes to, beside the real nginx: ten thousand keys by `hash` and by
// `hash consistent`, and clients of many networks by `ip_hash`. Nobody listens at the peers: the
// addresses that were tried are the answer, and they show the order of later tries as well.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type Pair, startPair, withoutNginx } from '../harness/beside-nginx.ts'
import { freePort } from '../harness/ports.ts'
import { SeededRandom } from '../harness/seeded-random.ts'

const KEYS = 10_000
const KEYS_OF_RETRIES = 500
/** Requests in one write; nginx answers them one after another. */
const BATCH = 100

interface Group {
  readonly name: string
  readonly method: string
  /** Parameters of the peers, in their order. */
  readonly peers: readonly string[]
}

const GROUPS: readonly Group[] = [
  { name: 'modulo', method: 'hash $arg_k;', peers: ['', '', ''] },
  { name: 'modulo-weights', method: 'hash $arg_k;', peers: ['weight=3', 'weight=2', 'down', ''] },
  { name: 'ketama', method: 'hash $arg_k consistent;', peers: ['', '', ''] },
  {
    name: 'ketama-weights',
    method: 'hash $arg_k consistent;',
    peers: ['weight=3', 'weight=2', 'down', ''],
  },
  { name: 'address', method: 'ip_hash;', peers: ['', '', ''] },
  { name: 'address-weights', method: 'ip_hash;', peers: ['weight=2', '', 'down', 'weight=3'] },
]

describe('balancing beside nginx', { skip: withoutNginx(), timeout: 120_000 }, () => {
  let pair: Pair
  before(async () => {
    const ports: number[] = []
    while (ports.length < 4) ports.push(await freePort())
    pair = await startPair(configuration(ports), 'compat nginx/1.28 strict;')
  })
  after(async () => {
    await pair.end()
    pair.remove()
  })

  for (const { name } of GROUPS.slice(0, 4)) {
    it(`sends ${KEYS} keys of "${name}" to the same peers`, async () => {
      const targets = keys(KEYS).map(key => `/first/${name}?k=${key}`)
      await compare(targets)
    })

    it(`goes on to the same peers in the same order when those of "${name}" refuse`, async () => {
      const targets = keys(KEYS_OF_RETRIES).map(key => `/every/${name}?k=${key}`)
      await compare(targets)
    })
  }

  for (const { name } of GROUPS.slice(4)) {
    it(`sends the clients of 300 networks of "${name}" to the same peers`, async () => {
      const random = new SeededRandom(1)
      for (let i = 0; i < 300; i++) {
        const source = [127, 1 + random.below(254), random.below(256), 1 + random.below(254)]
        const target = `/${i % 2 === 0 ? 'first' : 'every'}/${name}`
        await compare([target], source.join('.'))
      }
    })
  }

  async function compare(targets: readonly string[], source = '127.0.0.1'): Promise<void> {
    const theirs = await triedPeers(pair.nginx.port, targets, source)
    const ours = await triedPeers(pair.headgate.port, targets, source)
    const wrong = targets
      .map((target, at) => `${source} ${target}: ${ours[at]}, nginx ${theirs[at]}`)
      .filter((_, at) => ours[at] !== theirs[at])
    assert.deepEqual(wrong, [])
    assert.ok(new Set(theirs).size > 1 || targets.length === 1, 'the peers are told apart')
  }
})

/** Short ones, long ones and some with bytes that are no letters. */
function keys(count: number): string[] {
  return Array.from({ length: count }, (_, number) =>
    number % 3 === 0
      ? `k${number}`
      : number % 3 === 1
        ? `/a/long/path/${number * 7}`
        : `%C3${number}`,
  )
}

function configuration(ports: readonly number[]): string {
  const groups = GROUPS.map(({ name, method, peers }) => {
    const servers = peers.map((words, at) => `server 127.0.0.1:${ports[at]} max_fails=0 ${words};`)
    return `upstream ${name} { ${method} ${servers.join(' ')} }`
  })
  const locations = GROUPS.map(
    ({ name }) => `location /first/${name} { proxy_next_upstream off; proxy_pass http://${name}; }
location /every/${name} { proxy_pass http://${name}; }`,
  )
  return `access_log off;
${groups.join('\n')}
server {
  listen 127.0.0.1:PORT;
  keepalive_requests 1000000;
  add_header X-Peers $upstream_addr always;
  ${locations.join('\n')}
}`
}

/** The peers that each request was tried at, as the answer tells them. */
async function triedPeers(
  port: number,
  targets: readonly string[],
  source: string,
): Promise<string[]> {
  const found: string[] = []
  for (let at = 0; at < targets.length; at += BATCH) {
    found.push(...(await askBatch(port, targets.slice(at, at + BATCH), source)))
  }
  return found
}

function askBatch(port: number, targets: readonly string[], source: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect({ port, host: '127.0.0.1', localAddress: source })
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('data', (piece: string) => {
      text += piece
    })
    socket.on('close', () => {
      const peers = [...text.matchAll(/^X-Peers: (.*)\r$/gm)].map(match => match[1]!)
      if (peers.length === targets.length) resolve(peers)
      else reject(new Error(`${peers.length} answers to ${targets.length} requests: ${text}`))
    })
    const last = targets.length - 1
    const requests = targets.map(
      (target, at) =>
        `GET ${target} HTTP/1.1\r\nHost: a.test\r\n${at === last ? 'Connection: close\r\n' : ''}\r\n`,
    )
    socket.write(requests.join(''), 'latin1')
  })
}
