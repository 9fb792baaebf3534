// The budget of further tries with the real program and four workers. Every request comes on a connection of its own, so
// the budget is one over all workers or the numbers are wrong.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ask, CountingOrigin } from '../harness/counting-origin.ts'
import { makeDirectory, startProgram } from '../harness/program.ts'

const WORKERS = 4

interface Running {
  readonly address: string
  /** Answers 503, but for `/held`, which it keeps. */
  readonly busy: CountingOrigin
  /** Is asked after it, and keeps everything. */
  readonly second: CountingOrigin
  releaseHeld(): void
}

async function start(t: TestContext, budget: string): Promise<Running> {
  const held: (() => void)[] = []
  const busy = await CountingOrigin.open(t, 'busy', ({ url }, response) => {
    response.statusCode = url === '/held' ? 200 : 503
    if (url === '/held') held.push(() => response.end('held'))
    else response.end('busy')
  })
  const second = await CountingOrigin.open(t, 'second')
  second.isHolding = true
  const text = `worker_processes ${WORKERS};
error_log stderr error;
events { }
http {
  access_log off;
  upstream app { server ${busy.address} max_fails=0; server ${second.address} backup; }
  server {
    listen 127.0.0.1:0;
    location / {
      proxy_pass http://app;
      proxy_next_upstream error http_503;
      proxy_next_upstream_budget ${budget};
    }
  }
}
`
  const directory = makeDirectory(t, { 'nginx.conf': text })
  const program = startProgram(t, ['run', '-p', directory, '-c', join(directory, 'nginx.conf')])
  const { listen } = await program.ready()
  return {
    address: listen[0]!,
    busy,
    second,
    releaseHeld: () => held.splice(0).forEach(end => void end()),
  }
}

/** Bodies of so many answers; resolves when `settled` of them are there. */
async function bodiesOf(
  address: string,
  count: number,
  settled: number,
): Promise<{ bodies: string[]; all: Promise<void> }> {
  const bodies: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const all = Array.from({ length: count }, async () => {
    bodies.push((await ask(address)).body)
    if (bodies.length === settled) resolve()
  })
  await promise
  return { bodies, all: Promise.all(all).then(() => {}) }
}

describe('the budget of further tries', { timeout: 60_000 }, () => {
  it('is one over all workers, and gives its places back', async t => {
    const { address, second } = await start(t, '1% min=5')
    for (let round = 1; round <= 2; round++) {
      const { bodies, all } = await bodiesOf(address, 40, 35)
      assert.deepEqual(new Set(bodies), new Set(['busy']))
      await second.got(5 * round)
      second.release()
      await all
      assert.equal(bodies.filter(body => body === 'second').length, 5)
      assert.equal(second.count, 5 * round)
    }
  })

  it('is a share of the requests that all workers have in hand', async t => {
    const { address, busy, second, releaseHeld } = await start(t, '10% min=0')
    const held = Array.from({ length: 20 }, () => ask(address, '/held'))
    await busy.got(20)
    // Two of 22, one after the other; in the worker of each there are too few for one.
    const further = [ask(address)]
    await second.got(1)
    further.push(ask(address))
    await second.got(2)
    assert.equal((await ask(address)).body, 'busy')
    releaseHeld()
    assert.ok((await Promise.all(held)).every(({ body }) => body === 'held'))
    assert.equal((await ask(address)).body, 'busy', 'fewer are in hand')
    second.release()
    const bodies = (await Promise.all(further)).map(({ body }) => body)
    assert.deepEqual(bodies, ['second', 'second'])
  })
})
