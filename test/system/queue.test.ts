// Requests that wait for a peer, with the real program and four workers. Every request comes on a connection of its own,
// so the line is one over all workers or the numbers are wrong.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ask, CountingOrigin } from '../harness/counting-origin.ts'
import { makeDirectory, type Program, startProgram } from '../harness/program.ts'
import { nextTurn } from '../harness/raw-connection.ts'

const WORKERS = 4

interface Running {
  readonly program: Program
  readonly address: string
  /** Makes another `upstream` serve. */
  reload(upstream: string): Promise<void>
}

const CRASHING = fileURLToPath(new URL('../harness/crashing-program.ts', import.meta.url))

function configuration(group: string): string {
  return `worker_processes ${WORKERS};
error_log stderr info;
events { }
http {
  access_log off;
  upstream app { ${group} }
  server {
    listen 127.0.0.1:0;
    add_header X-Queued "$upstream_queue_time" always;
    location / { proxy_pass http://app; }
  }
}
`
}

async function start(t: TestContext, upstream: string): Promise<Running> {
  const directory = makeDirectory(t, { 'nginx.conf': configuration(upstream) })
  const file = join(directory, 'nginx.conf')
  const program = startProgram(t, ['run', '-p', directory, '-c', file])
  const { listen } = await program.ready()
  return {
    program,
    address: listen[0]!,
    reload: async group => {
      writeFileSync(file, configuration(group))
      await program.tell('SIGHUP', / reloaded: /)
    },
  }
}

/** Statuses as they come in. */
class Statuses {
  readonly all: number[] = []
  readonly #checks: (() => void)[] = []

  constructor(answers: readonly Promise<{ readonly status: number }>[]) {
    for (const answer of answers) {
      void answer.then(({ status }) => {
        this.all.push(status)
        for (const check of this.#checks) check()
      })
    }
  }

  count(status: number): number {
    return this.all.filter(each => each === status).length
  }

  /** Resolves when so many have come in. */
  async came(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const check = () => {
      if (this.all.length >= count) resolve()
    }
    this.#checks.push(check)
    check()
    await promise
  }
}

function askMany(address: string, count: number): Promise<{ readonly status: number }>[] {
  return Array.from({ length: count }, () => ask(address))
}

describe('queue', { timeout: 60_000 }, () => {
  it('lets exactly so many wait over all workers, and answers 502 to the others', async t => {
    const origin = await CountingOrigin.open(t, 'A')
    origin.isHolding = true
    const { address } = await start(t, `server ${origin.address} max_conns=2; queue 5;`)
    const statuses = new Statuses(askMany(address, 20))
    await statuses.came(13)
    assert.deepEqual(new Set(statuses.all), new Set([502]))
    await origin.got(2)
    origin.isHolding = false
    origin.release()
    await statuses.came(20)
    assert.deepEqual([statuses.count(502), statuses.count(200)], [13, 7])
    assert.deepEqual([origin.count, origin.activeMax], [7, 2])
  })

  it('never has more than max_conns in flight, and answers everybody in the end', async t => {
    const slow = () =>
      CountingOrigin.open(t, 'A', (_, response) => {
        setTimeout(() => response.end('A'), 3)
      })
    const origins = [await slow(), await slow()]
    const lines = origins.map(each => `server ${each.address} max_conns=3;`).join(' ')
    const { address } = await start(t, `${lines} queue 1000;`)
    const answers = await Promise.all(askMany(address, 400))
    assert.ok(answers.every(({ status }) => status === 200))
    for (const origin of origins) assert.equal(origin.activeMax, 3)
    assert.equal(origins[0]!.count + origins[1]!.count, 400)
  })

  it('lets a request that waits go to a primary again, not only to the backups', async t => {
    const [a, b] = [await CountingOrigin.open(t, 'A'), await CountingOrigin.open(t, 'B')]
    a.isHolding = true
    b.isHolding = true
    const lines = `server ${a.address} max_conns=1; server ${b.address} max_conns=1 backup;`
    const { address, program } = await start(t, `${lines} queue 1;`)
    const held = [ask(address), ask(address)]
    await Promise.all([a.got(1), b.got(1)])
    const waiting = [ask(address), ask(address)]
    assert.equal((await Promise.race(waiting)).status, 502, 'one waits, and there is no room')
    await program.says(/no live upstreams .*queue of "app" is full: it has room for 1/)
    a.release()
    await a.got(2)
    a.release()
    b.release()
    const bodies = (await Promise.all([...held, ...waiting])).map(({ status, body }) => {
      return status === 200 ? body : status
    })
    assert.deepEqual(bodies.sort(), [502, 'A', 'A', 'B'])
  })

  it('answers 502 when the time is over, and says so in the log', async t => {
    const origin = await CountingOrigin.open(t, 'A')
    origin.isHolding = true
    const { address, program } = await start(
      t,
      `server ${origin.address} max_conns=1; queue 5 timeout=300ms;`,
    )
    const first = ask(address)
    await origin.got(1)
    const started = performance.now()
    const late = await ask(address)
    assert.equal(late.status, 502)
    assert.match(String(late.headers['x-queued']), /^0\.[3-9]\d\d$/)
    const tookMs = performance.now() - started
    assert.ok(tookMs >= 299, `it waited ${tookMs} ms`)
    await program.says(
      /no live upstreams while connecting to upstream.*waited 300ms in the queue of "app"/,
    )
    origin.release()
    const { status, headers } = await first
    assert.deepEqual([status, headers['x-queued']], [200, '-'])
  })

  it('answers 503 with Retry-After in YAML, when there is no room and when the time is over', async t => {
    const origin = await CountingOrigin.open(t, 'A')
    origin.isHolding = true
    const directory = makeDirectory(t, {
      'a.yaml': `workers: ${WORKERS}
upstreams:
  app: { queue: { size: 1, timeout: 1500ms }, peers: [{ address: "${origin.address}", max_conns: 1 }] }
servers:
  - listen: 127.0.0.1:0
    proxy: { upstream: app }
`,
    })
    const program = startProgram(t, ['run', '-c', join(directory, 'a.yaml')])
    const { listen } = await program.ready()
    const first = ask(listen[0]!)
    await origin.got(1)
    const late = await Promise.all([ask(listen[0]!), ask(listen[0]!)])
    for (const { status, headers } of late)
      assert.deepEqual([status, headers['retry-after']], [503, '2'])
    origin.release()
    assert.equal((await first).status, 200)
  })

  it('loses no place and nobody else with a worker that dies', async t => {
    const origin = await CountingOrigin.open(t, 'A')
    origin.isHolding = true
    const size = 30
    const directory = makeDirectory(t, {
      'a.conf': configuration(`server ${origin.address} max_conns=1; queue ${size};`),
    })
    const program = startProgram(t, [join(directory, 'a.conf')], { main: CRASHING })
    const { listen } = await program.ready()
    const askAll = (count: number) =>
      Array.from({ length: count }, () => ask(listen[0]!).catch(() => ({ status: 0 })))
    const first = askAll(1)
    await origin.got(1)
    const before = new Statuses([...first, ...askAll(size + 1)])
    // One has no room: so all the others have their places.
    await before.came(1)
    assert.deepEqual(before.all, [502])
    for (const worker of [0, 1]) {
      writeFileSync(join(directory, `die-${worker}`), '')
      await program.says(new RegExp(`worker ${worker} serves again`))
    }
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    const lost = before.count(0)
    const isFirstLost = await Promise.race([
      first[0]!.then(() => true),
      nextTurn().then(() => false),
    ])
    // Then another one is in hand.
    if (isFirstLost) await origin.got(2)
    const after = new Statuses(askAll(size + 5))
    await after.came(size + 5 - lost)
    assert.deepEqual(new Set(after.all), new Set([502]), `${lost} were lost`)
    origin.isHolding = false
    origin.release()
    await before.came(size + 2)
    await after.came(size + 5)
    assert.deepEqual([before.count(502), before.count(200)], [1, size + 1 - lost])
    assert.deepEqual([after.count(502), after.count(200)], [size + 5 - lost, lost])
    assert.equal(origin.activeMax, 1)
  })

  it('forgets a request whose client has gone', async t => {
    const origin = await CountingOrigin.open(t, 'A')
    origin.isHolding = true
    const { address, program } = await start(t, `server ${origin.address} max_conns=1; queue 1;`)
    const first = ask(address)
    await origin.got(1)
    const gone = [new AbortController(), new AbortController()]
    const asked = gone.map(({ signal }) => ask(address, '/', {}, signal).catch(() => null))
    const refused = await Promise.race(
      asked.map(async (each, at) => ((await each) === null ? -1 : at)),
    )
    assert.equal(
      (await asked[refused]!)?.status,
      502,
      'one waits, and there is no room for another',
    )
    // Who leaves within a moment of its request could be waiting half-closed.
    await new Promise(resolve => setTimeout(resolve, 50))
    gone[1 - refused]!.abort()
    // At once, not after the second that an answer on its way would be waited for.
    await program.says(/client prematurely closed connection/)
    const next = new Statuses(askMany(address, 2))
    await next.came(1)
    assert.equal(next.count(502), 1, 'one of two has its place')
    origin.isHolding = false
    origin.release()
    assert.equal((await first).status, 200)
    await next.came(2)
    assert.deepEqual([next.count(200), origin.count], [1, 2])
  })

  it('waits for a ban to end when every peer is banned', async t => {
    const [a, b] = [await CountingOrigin.open(t, 'A'), await CountingOrigin.open(t, 'B')]
    a.close()
    b.close()
    const line = (origin: CountingOrigin) => `server ${origin.address} fail_timeout=1s;`
    const { address } = await start(t, `${line(a)} ${line(b)} queue 5;`)
    assert.equal((await ask(address)).status, 502)
    await a.listen()
    await b.listen()
    assert.equal((await ask(address)).status, 200)
  })

  it('lets those who wait go on over a reload, and nobody wait behind them for other peers', async t => {
    const [a, b] = [await CountingOrigin.open(t, 'A'), await CountingOrigin.open(t, 'B')]
    a.isHolding = true
    const { address, reload } = await start(t, `server ${a.address} max_conns=1; queue 2;`)
    const first = ask(address)
    await a.got(1)
    const waiting = [ask(address), ask(address)]
    const refused = new Statuses(askMany(address, 1))
    const either = new Statuses([...waiting])
    await Promise.race([refused.came(1), either.came(1)])
    await reload(`server ${b.address} max_conns=1; queue 2;`)
    assert.equal((await ask(address)).body, 'B')
    a.isHolding = false
    a.release()
    assert.equal((await first).status, 200)
    const all = [...(await Promise.all(waiting))].map(({ status }) => status)
    await refused.came(1)
    assert.deepEqual([...all, ...refused.all].sort(), [200, 200, 502])
  })
})
