// Limits with the real program and four workers: every request comes on a connection of its own, so that the counts are
// those of all workers or they are wrong. Rates are so low that it does not matter how long a test takes.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Answered, ask, CountingOrigin } from '../harness/counting-origin.ts'
import { makeDirectory, type Program, runProgram, startProgram } from '../harness/program.ts'
import { nextTurn } from '../harness/raw-connection.ts'

const WORKERS = 4
const CRASHING = fileURLToPath(new URL('../harness/crashing-program.ts', import.meta.url))

interface Setup {
  readonly http: string
  /** Lines of the one location, or where it is whole, the locations themselves. */
  readonly location: string
  readonly isWhole?: boolean
}

function configuration({ http, location, isWhole }: Setup, origin: string): string {
  const one = `location / { ${location} proxy_pass http://ORIGIN; }`
  const locations = (isWhole ? location : one).replaceAll('ORIGIN', origin)
  return `worker_processes ${WORKERS};
error_log stderr info;
events { }
http {
  log_format status '$status $limit_req_status';
  access_log logs status;
  ${http}
  server {
    listen 127.0.0.1:0;
    add_header X-Limits "$limit_req_status,$limit_conn_status" always;
    ${locations}
  }
}
`
}

interface Running {
  readonly program: Program
  readonly directory: string
  readonly file: string
  readonly address: string
  readonly origin: CountingOrigin
  reload(setup: Setup): Promise<void>
}

async function start(t: TestContext, setup: Setup): Promise<Running> {
  const origin = await CountingOrigin.open(t, 'A')
  const text = configuration(setup, origin.address)
  const directory = makeDirectory(t, { 'nginx.conf': text })
  const file = join(directory, 'nginx.conf')
  const program = startProgram(t, ['run', '-p', directory, '-c', file])
  const { listen } = await program.ready()
  return {
    program,
    directory,
    file,
    address: listen[0]!,
    origin,
    reload: async next => {
      writeFileSync(file, configuration(next, origin.address))
      await program.tell('SIGHUP', / reloaded: /)
    },
  }
}

function askMany(address: string, count: number, path = '/'): Promise<Answered>[] {
  return Array.from({ length: count }, () => ask(address, path))
}

async function countStatuses(answers: readonly Promise<Answered>[]): Promise<object> {
  const counts: Record<number, number> = {}
  for (const { status } of await Promise.all(answers)) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** Waits until so many answers have come in. */
async function whenCame(answers: readonly Promise<unknown>[], count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let came = 0
  for (const answer of answers) {
    void answer.then(() => {
      if (++came === count) resolve()
    })
  }
  await promise
}

const REQUESTS = 'limit_req_zone all zone=one:1m rate=1r/m;'
const CONNECTIONS = 'limit_conn_zone all zone=one:1m;'

describe('limits over four workers', { timeout: 180_000 }, () => {
  it('count exactly', async t => {
    const http = `${REQUESTS} limit_req_zone $arg_k zone=keys:1m rate=1r/m;
      limit_conn_zone all zone=seven:64k; limit_req_zone $uri zone=slow:1m rate=20r/m;`
    const location = `
      location /burst { limit_req zone=one burst=49 nodelay; proxy_pass http://ORIGIN; }
      location /keys { limit_req zone=keys burst=4 nodelay; proxy_pass http://ORIGIN; }
      location /seven { limit_conn seven 7; proxy_pass http://ORIGIN; }
      location /slow { limit_req zone=slow burst=9; proxy_pass http://ORIGIN; }`
    const { address, file, origin } = await start(t, { http, location, isWhole: true })

    await t.test('let exactly the burst through', async () => {
      const answers = askMany(address, 300, '/burst')
      assert.deepEqual(await countStatuses(answers), { 200: 50, 503: 250 })
      assert.equal(origin.count, 50)
    })

    await t.test('count each key apart', async () => {
      const paths = Array.from({ length: 20 }, (_, index) => `/keys?k=${index}`)
      const counts = await Promise.all(paths.map(path => countStatuses(askMany(address, 12, path))))
      for (const count of counts) assert.deepEqual(count, { 200: 5, 503: 7 })
    })

    await t.test('never have more in hand than are allowed, and take others then', async () => {
      const before = origin.count
      origin.activeMax = 0
      for (let round = 1; round <= 3; round++) {
        origin.isHolding = true
        const answers = askMany(address, 40, '/seven')
        await whenCame(answers, 33)
        await origin.got(before + 7 * round)
        origin.isHolding = false
        origin.release()
        assert.deepEqual(await countStatuses(answers), { 200: 7, 503: 33 })
      }
      assert.equal(origin.activeMax, 7)
    })

    await t.test('take the body of a request that had to wait', async () => {
      assert.equal((await ask(address, '/slow')).status, 200)
      const body = 'b'.repeat(300_000)
      const response = await fetch(`http://${address}/slow`, { method: 'POST', body })
      assert.equal(response.headers.get('x-limits'), 'DELAYED,')
      assert.deepEqual([response.status, await response.text()], [200, 'A'])
    })

    await t.test('tell in the status what they did', async () => {
      const { stdout } = await runProgram(['status', '--json', '-c', file])
      const { limits } = JSON.parse(stdout) as { limits: Record<string, unknown>[] }
      const shown = limits.map(({ capacity, delayedDryRun, rejectedDryRun, ...rest }) => {
        assert.ok((capacity as number) > 500)
        assert.deepEqual([delayedDryRun, rejectedDryRun], [0, 0])
        return Object.values(rest)
      })
      assert.deepEqual(shown, [
        ['one', 'requests', 'all', 1, 50, 0, 250],
        ['keys', 'requests', '$arg_k', 20, 100, 0, 140],
        ['seven', 'connections', 'all', 0, 21, 0, 99],
        ['slow', 'requests', '$uri', 1, 1, 1, 0],
      ])
    })
  })

  it('takes the connections of a worker back that dies', async t => {
    const origin = await CountingOrigin.open(t, 'A')
    origin.isHolding = true
    const setup = { http: CONNECTIONS, location: 'limit_conn one 30;' }
    const directory = makeDirectory(t, { 'a.conf': configuration(setup, origin.address) })
    const program = startProgram(t, [join(directory, 'a.conf')], { main: CRASHING })
    const { listen } = await program.ready()
    const outcomes: number[] = []
    const first = Array.from({ length: 30 }, () =>
      ask(listen[0]!)
        .then(({ status }) => status)
        .catch(() => 0)
        .then(status => outcomes.push(status)),
    )
    await origin.got(30)
    assert.equal((await ask(listen[0]!)).status, 503)
    for (const worker of [0, 1]) {
      writeFileSync(join(directory, `die-${worker}`), '')
      await program.says(new RegExp(`worker ${worker} serves again`))
    }
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    const lost = outcomes.length
    const next = askMany(listen[0]!, 40)
    await whenCame(next, 40 - lost)
    await origin.got(30 + lost)
    origin.isHolding = false
    origin.release()
    await Promise.all(first)
    assert.equal(outcomes.filter(status => status === 200).length, 30 - lost)
    const expected = lost === 0 ? { 503: 40 } : { 200: lost, 503: 40 - lost }
    assert.deepEqual(await countStatuses(next), expected)
  })

  it('goes on over a reload where key and size are the same, and begins anew where not', async t => {
    const location = 'limit_req zone=one burst=4 nodelay;'
    const { address, reload } = await start(t, { http: REQUESTS, location })
    assert.deepEqual(await countStatuses(askMany(address, 8)), { 200: 5, 503: 3 })
    const other = { http: REQUESTS, location: 'limit_req zone=one burst=6 nodelay;' }
    await reload(other)
    assert.deepEqual(await countStatuses(askMany(address, 8)), { 200: 2, 503: 6 })
    await reload({ ...other, http: REQUESTS.replace('1m', '2m') })
    assert.deepEqual(await countStatuses(askMany(address, 8)), { 200: 7, 503: 1 })
    await reload({ ...other, http: REQUESTS.replace('all', 'everybody').replace('1m', '2m') })
    assert.deepEqual(await countStatuses(askMany(address, 8)), { 200: 7, 503: 1 })
  })

  it('counts the connections in hand over a reload', async t => {
    const setup = { http: CONNECTIONS, location: 'limit_conn one 3;' }
    const { address, origin, reload } = await start(t, setup)
    origin.isHolding = true
    const held = askMany(address, 3)
    await origin.got(3)
    await reload(setup)
    assert.equal((await ask(address)).status, 503)
    origin.isHolding = false
    origin.release()
    assert.deepEqual(await countStatuses(held), { 200: 3 })
    assert.equal((await ask(address)).status, 200)
  })

  it('forgets a request whose client leaves while it waits', async t => {
    const setup = { http: REQUESTS, location: 'limit_req zone=one burst=5;' }
    const { address, program, directory, origin } = await start(t, setup)
    assert.equal((await ask(address)).headers['x-limits'], 'PASSED,')
    const gone = new AbortController()
    const waiting = ask(address, '/', {}, gone.signal).catch(() => null)
    await program.says(/delaying request, excess: [01]\.\d{3}, by zone "one", client: 127/)
    // Who leaves within a moment of its request could be waiting half-closed.
    await new Promise(resolve => setTimeout(resolve, 50))
    gone.abort()
    assert.equal(await waiting, null)
    await program.says(/client prematurely closed connection/)
    program.child.kill('SIGQUIT')
    await program.ended
    assert.equal(readFileSync(join(directory, 'logs'), 'utf8'), '200 PASSED\n499 DELAYED\n')
    assert.equal(origin.count, 1)
  })
})
