// The supervisor against threads that only speak its language (test/harness/fake-worker.ts).

import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'

import { systemDelay } from '../../src/base/delay.ts'
import { Generations } from '../../src/control/generations.ts'
import { CONTROL_LIMITS } from '../../src/control/limits.ts'
import { Supervisor, type SupervisorOptions } from '../../src/control/supervisor.ts'
import type { ListenAddress } from '../../src/model/listener.ts'
import type { Generation } from '../../src/worker/messages.ts'
import { createPeerZone, PeerZone } from '../../src/zone/peer-zone.ts'
import { sampleConfig, sampleUpstream, tcp } from '../harness/sample-config.ts'

const FAKE_WORKER = new URL('../harness/fake-worker.ts', import.meta.url)

/** Waits for a worker, as against pauses: a test ends them itself. */
const isPatience = (ms: number) =>
  ms === CONTROL_LIMITS.exitGraceMs || ms >= CONTROL_LIMITS.drainGraceMs

class Bench {
  readonly peerZone = createPeerZone()
  readonly metricZone = new SharedArrayBuffer(1024)
  readonly generations = new Generations(new PeerZone(this.peerZone, -1))
  readonly lines: string[] = []
  readonly gone: number[] = []
  readonly delays: number[] = []
  readonly fatal = Promise.withResolvers<string>()
  readonly supervisor: Supervisor
  readonly #waiting: (() => void)[] = []
  #watchers: { pattern: RegExp; resolve: (line: string) => void }[] = []

  constructor(options: Partial<SupervisorOptions> = {}) {
    this.supervisor = new Supervisor({
      workerUrl: FAKE_WORKER,
      peerZone: this.peerZone,
      metricZone: this.metricZone,
      generations: this.generations,
      isAlone: false,
      log: (level, text) => this.#onLine(`[${level}] ${text}`),
      onGone: index => this.gone.push(index),
      onPurge: async () => 0,
      onFatal: message => this.fatal.resolve(message),
      delay: (ms, signal) => {
        this.delays.push(ms)
        return isPatience(ms) ? this.#patience(signal) : systemDelay(ms, signal)
      },
      now: () => performance.now(),
      ...options,
    })
  }

  /** A generation whose upstreams have these names, which are orders to the fake worker. */
  make(names: readonly string[] = [], listen: readonly ListenAddress[] = []): Generation {
    const upstreams = names.map(name => sampleUpstream(name, '127.0.0.1:1'))
    const config = sampleConfig({ upstreams, listen })
    const addresses = upstreams.map(({ name, peers }) => ({
      name,
      peers: peers.map(({ address }, peer) => ({ peer, address })),
    }))
    return this.generations.make(config, addresses, listen)!
  }

  kill(worker: number): void {
    const cells = new Int32Array(this.metricZone)
    Atomics.store(cells, worker, 1)
    Atomics.notify(cells, worker)
  }

  /** The main thread has waited long enough for whatever it waits for. */
  losePatience(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #patience(signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    signal?.addEventListener('abort', () => resolve())
    return promise
  }

  /** The first line that matches, already there or to come. */
  line(pattern: RegExp): Promise<string> {
    const found = this.lines.find(line => pattern.test(line))
    if (found !== undefined) return Promise.resolve(found)
    const { promise, resolve } = Promise.withResolvers<string>()
    this.#watchers.push({ pattern, resolve })
    return promise
  }

  #onLine(line: string): void {
    this.lines.push(line)
    for (const { pattern, resolve } of this.#watchers) if (pattern.test(line)) resolve(line)
  }
}

describe('Supervisor', { timeout: 30_000 }, () => {
  const benches: Bench[] = []
  const bench = (options?: Partial<SupervisorOptions>): Bench => {
    const made = new Bench(options)
    benches.push(made)
    return made
  }
  afterEach(async () => {
    for (const { supervisor } of benches.splice(0)) await supervisor.stop()
  })

  describe('findKeys', () => {
    it('asks one worker that serves', async () => {
      const { supervisor, make } = bindAll(bench())
      await supervisor.start(make(), 2)
      assert.deepEqual((await supervisor.findKeys('http://a/', 'GET')).found, [
        { cache: 'pages', key: 'GET http://a/ by 0', isPrefix: false },
      ])
    })

    it('says so when nobody serves, or the one that was asked dies', async () => {
      const { supervisor, make } = bindAll(bench())
      assert.deepEqual(await supervisor.findKeys('http://a/', 'GET'), {
        found: [],
        problem: 'no worker serves',
      })
      await supervisor.start(make(), 1)
      const { found, problem } = await supervisor.findKeys('die', 'GET')
      assert.deepEqual(found, [])
      assert.match(problem, /^the worker did not say which key that is: Error: died as told/)
    })
  })

  it('answers a worker whose request purges keys', async () => {
    const asked: string[] = []
    const { supervisor, make, line } = bindAll(
      bench({
        onPurge: async (cache, prefix) => {
          asked.push(`${cache} ${prefix}`)
          return 3
        },
      }),
    )
    await supervisor.start(make(['purge']), 1)
    await line(/ 7 purged 3$/)
    assert.deepEqual(asked, ['pages /a'])
  })

  describe('start', () => {
    it('gives the ports that the first worker bound to the others', async () => {
      const { supervisor, make, line } = bindAll(bench())
      const applied = await supervisor.start(make([], [tcp('127.0.0.1:0')]), 3)
      assert.equal(applied.kind, 'applied')
      assert.deepEqual(applied.kind === 'applied' && applied.generation.listeners, [
        tcp('127.0.0.1:40000'),
      ])
      await line(/worker 0 of 3 took 1: 0$/)
      await line(/worker 1 of 3 took 1: 40000$/)
      await line(/worker 2 of 3 took 1: 40000$/)
      assert.deepEqual(supervisor.serving, [0, 1, 2])
    })

    it('leaves unix sockets to the first worker', async () => {
      const { supervisor, make, line } = bindAll(bench())
      const unix: ListenAddress = { kind: 'unix', path: '/nowhere/socket' }
      await supervisor.start(make([], [unix, tcp('127.0.0.1:81')]), 2)
      await line(/worker 0 of 2 took 1: \/nowhere\/socket 81$/)
      await line(/worker 1 of 2 took 1: 81$/)
    })

    const REFUSALS = [
      {
        name: 'a worker that refuses, in its own words',
        order: 'refuse',
        says: /worker 0 refuses/,
      },
      { name: 'a later worker that refuses', order: 'refuse-1', says: /worker 1 refuses/ },
      { name: 'a worker that dies', order: 'die-at-start', says: /died as told/ },
    ]
    for (const { name, order, says } of REFUSALS) {
      it(`fails because of ${name}, and leaves no thread behind`, async () => {
        const { supervisor, make, lines } = bindAll(bench())
        const applied = await supervisor.start(make([order]), 2)
        assert.equal(applied.kind, 'refused')
        assert.match(applied.kind === 'refused' ? applied.message : '', says)
        assert.deepEqual(supervisor.serving, [])
        assert.deepEqual(
          lines.filter(line => line.startsWith('[alert]')),
          [],
        )
      })
    }
  })

  describe('changePeers', () => {
    const other = (host: string) => ({ peer: 0, address: tcp(`${host}:1`) })

    it('gives all workers the new peers, and frees the old ones when all have let go', async () => {
      const { supervisor, make, line, generations } = bindAll(bench())
      const first = make(['app', 'rest'])
      await supervisor.start(first, 2)
      const peers = [other('10.0.0.1'), other('10.0.0.2')]
      const next = generations.changePeers(first, 0, { name: 'app', peers })!
      assert.equal(generations.listsInUse, 3)
      supervisor.changePeers(next, 0)
      await line(/worker 0 got app with 2 peers/)
      await line(/worker 1 got app with 2 peers/)
      // What a worker says before its answer to a reload has been heard.
      assert.equal((await supervisor.apply(make(['app', 'rest']), 2)).kind, 'applied')
      await line(/worker 1 released 1/)
      assert.equal(generations.listsInUse, 2)
    })

    it('is what a worker starts with that takes the place of a dead one', async () => {
      const { supervisor, make, line, generations, kill, lines } = bindAll(bench())
      const first = make(['app'])
      await supervisor.start(first, 1)
      const next = generations.changePeers(first, 0, { name: 'app', peers: [] })!
      supervisor.changePeers(next, 0)
      await line(/worker 0 got app with 0 peers/)
      kill(0)
      await line(/worker 0 serves again/)
      const again = generations.changePeers(next, 0, { name: 'app', peers: [other('10.0.0.3')] })!
      supervisor.changePeers(again, 0)
      await line(/worker 0 got app with 1 peers/)
      assert.equal(lines.filter(text => text.includes('got app')).length, 2)
    })
  })

  describe('a worker that hangs', () => {
    it('lets the start fail, and is ended', async () => {
      const { supervisor, make, line, losePatience } = bindAll(bench())
      const starting = supervisor.start(make(['hang']), 2)
      await line(/worker 0 hangs/)
      losePatience()
      assert.deepEqual(await starting, {
        kind: 'refused',
        message: 'no answer in 30000 ms',
        isPartial: false,
      })
      assert.deepEqual(supervisor.serving, [])
    })

    it('is ended when it does so with a new generation, and starts with the old one', async () => {
      const { supervisor, make, line, losePatience } = bindAll(bench())
      await supervisor.start(make(), 2)
      const applying = supervisor.apply(make(['hang']), 2)
      await line(/worker 0 hangs/)
      losePatience()
      const applied = await applying
      assert.match(applied.kind === 'refused' ? applied.message : '', /worker 0 died: no answer/)
      await line(/worker 0 serves again/)
      assert.deepEqual(supervisor.serving, [0, 1])
    })

    it('is ended when it does not finish a graceful stop in time', async () => {
      const { supervisor, make, line, losePatience } = bindAll(bench())
      await supervisor.start(make(['hang-on-drain']), 1)
      const drained = supervisor.drain(1)
      await line(/worker 0 drains/)
      // First it is awaited to drain, then to end.
      for (let wait = 0; wait < 2; wait++) {
        losePatience()
        await new Promise(setImmediate)
      }
      await drained
      assert.deepEqual(supervisor.serving, [])
    })
  })

  describe('a worker that dies', () => {
    it('is reported, cleared up after, and started again at once with its index', async () => {
      const { supervisor, make, line, kill, gone } = bindAll(bench())
      await supervisor.start(make([], [tcp('127.0.0.1:0')]), 2)
      kill(1)
      assert.match(await line(/worker 1 died/), /^\[alert\] worker 1 died: Error: died as told/)
      await line(/worker 1 serves again/)
      assert.deepEqual(gone, [1])
      assert.deepEqual(supervisor.serving, [0, 1])
    })

    it('binds the ports of before when it was the first', async () => {
      const { supervisor, make, line, lines, kill } = bindAll(bench())
      await supervisor.start(make([], [tcp('127.0.0.1:0')]), 2)
      lines.length = 0
      kill(0)
      await line(/worker 0 of 2 took 1: 40000$/)
    })

    it('waits longer with each death in a row', async () => {
      const { supervisor, make, line, lines, kill, delays } = bindAll(bench())
      await supervisor.start(make(), 1)
      for (const wait of [/^$/, /in 100 ms \(death 2/, /in 200 ms \(death 3/]) {
        lines.length = 0
        kill(0)
        await line(/serves again/)
        assert.equal(
          lines.some(text => wait.test(text)),
          delays.includes(100),
        )
      }
      assert.deepEqual(
        delays.filter(ms => !isPatience(ms)),
        [100, 200],
      )
    })

    it('starts with the generation that serves, not with the one it died of', async () => {
      const { supervisor, make, line } = bindAll(bench())
      await supervisor.start(make(), 2)
      const applied = await supervisor.apply(make(['die-at-reload']), 2)
      assert.equal(applied.kind, 'refused')
      await line(/worker 0 serves again/)
      await line(/worker 0 of 2 took 1:/)
    })
  })

  describe('apply', () => {
    it('gives the generation to all and lets go of the old one', async () => {
      const { supervisor, make, line, generations } = bindAll(bench())
      await supervisor.start(make(), 2)
      const applied = await supervisor.apply(make(), 2)
      assert.equal(applied.kind, 'applied')
      await line(/worker 0 of 2 took 2/)
      await line(/worker 1 of 2 took 2/)
      await Promise.all([line(/worker 0 released 1/), line(/worker 1 released 1/)])
      assert.deepEqual(generations.inUse, [2])
    })

    it('asks one worker first, so that a refusal has changed nothing', async () => {
      const { supervisor, make, lines, generations } = bindAll(bench())
      await supervisor.start(make(), 2)
      const applied = await supervisor.apply(make(['refuse']), 2)
      assert.deepEqual(applied, {
        kind: 'refused',
        message: 'worker 0 refuses',
        isPartial: false,
      })
      assert.deepEqual(
        lines.filter(line => line.includes('took 2')),
        [],
      )
      assert.deepEqual(generations.inUse, [1])
      assert.deepEqual(supervisor.serving, [0, 1])
    })

    it('says when only some have taken it, and takes the old one again', async () => {
      const { supervisor, make, generations, line } = bindAll(bench())
      await supervisor.start(make(), 3)
      const applied = await supervisor.apply(make(['refuse-1']), 3)
      assert.equal(applied.kind === 'refused' && applied.isPartial, true)
      const again = await supervisor.apply(make(), 3)
      assert.equal(again.kind, 'applied')
      generations.drop(2)
      await Promise.all([
        line(/worker 0 released 2/),
        line(/worker 1 released 1/),
        line(/worker 2 released 2/),
      ])
      assert.deepEqual(generations.inUse, [3])
    })

    it('adds workers for a larger count, and takes none away for a smaller one', async () => {
      const { supervisor, make, line, lines } = bindAll(bench())
      await supervisor.start(make(), 1)
      await supervisor.apply(make(), 3)
      await line(/worker 2 of 3 took 2/)
      assert.deepEqual(supervisor.serving, [0, 1, 2])
      await supervisor.apply(make(), 2)
      await line(/worker 2 of 3 took 3/)
      assert.equal(supervisor.count, 3)
      assert.deepEqual(supervisor.serving, [0, 1, 2])
      assert.ok(!lines.some(text => text.includes('drains')))
    })
  })

  describe('drain', () => {
    it('resolves when every worker is drained, and starts none again', async () => {
      const { supervisor, make, lines } = bindAll(bench())
      await supervisor.start(make(), 2)
      await supervisor.drain(5000)
      assert.deepEqual(supervisor.serving, [])
      assert.ok(lines.includes('[info] worker 1 drains: 5000'))
      assert.deepEqual(
        lines.filter(line => line.startsWith('[alert]')),
        [],
      )
    })

    it('is cut short by stop', async () => {
      const { supervisor, make, line } = bindAll(bench())
      await supervisor.start(make(['hang-on-drain']), 2)
      const drained = supervisor.drain(0)
      await line(/worker 1 drains/)
      await supervisor.stop()
      await drained
      assert.deepEqual(supervisor.serving, [])
    })
  })

  it('has every worker open its logs anew', async () => {
    const { supervisor, make } = bindAll(bench())
    await supervisor.start(make(), 2)
    await supervisor.reopenLogs()
  })

  it('passes on that no more connections are to be accepted, and then starts no dead worker', async () => {
    const { supervisor, make, line, kill } = bindAll(bench())
    await supervisor.start(make(), 2)
    supervisor.stopAccepting()
    await line(/worker 0 stopped accepting/)
    await line(/worker 1 stopped accepting/)
    kill(1)
    await line(/worker 1 is not started again/)
    assert.deepEqual(supervisor.serving, [0])
  })
})

/** The bench's members, to be taken apart. */
function bindAll(bench: Bench) {
  return {
    supervisor: bench.supervisor,
    generations: bench.generations,
    lines: bench.lines,
    gone: bench.gone,
    delays: bench.delays,
    make: bench.make.bind(bench),
    kill: bench.kill.bind(bench),
    losePatience: bench.losePatience.bind(bench),
    line: bench.line.bind(bench),
  }
}
