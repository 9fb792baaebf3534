import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'

import type { FoundAddress, NameAnswer, NameSource, Wanted } from '../../src/dns/name-source.ts'
import { NameWatch, type NameWatchOptions, type WatchedAddress } from '../../src/dns/name-watch.ts'
import { FakeTime } from './fake-time.ts'
import { address, replyTo, scriptedServer } from './scripted-server.ts'

/** Says what the test put in last. */
class ScriptedSource implements NameSource {
  answer: NameAnswer | 'hang' = found(['10.1.0.1'])
  readonly wanted: Wanted[] = []

  find(wanted: Wanted, signal: AbortSignal): Promise<NameAnswer> {
    this.wanted.push(wanted)
    if (this.answer !== 'hang') return Promise.resolve(this.answer)
    return new Promise(resolve => {
      const giveUp = (): void => resolve({ outcome: 'failed', reason: 'given up' })
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  close(): void {}
}

function found(hosts: readonly string[], ttlMs = 60_000, unknown: string[] = []): NameAnswer {
  const addresses = hosts.map(host => ({
    host,
    port: null,
    weight: null,
    priority: null,
    origin: host.includes(':') ? 'AAAA' : 'A',
  }))
  return { outcome: 'found', addresses, unknown, ttlMs }
}

function service(...rows: readonly (readonly [string, number, number, number])[]): NameAnswer {
  const addresses = rows.map(
    ([host, port, priority, weight]): FoundAddress => ({
      ...{ host, port, priority, weight },
      origin: host,
    }),
  )
  return { outcome: 'found', addresses, unknown: [], ttlMs: 60_000 }
}

const MISSING: NameAnswer = { outcome: 'missing', reason: '3: Host not found', ttlMs: 10_000 }
const FAILED: NameAnswer = { outcome: 'failed', reason: '2: Server failure' }
const HOUR = 3_600_000

async function make(options: Partial<NameWatchOptions> = {}, first?: NameAnswer) {
  const time = new FakeTime()
  const source = new ScriptedSource()
  if (first !== undefined) source.answer = first
  const changes: string[] = []
  const events: string[] = []
  const watch = new NameWatch({
    wanted: { name: 'app.example', service: null },
    source,
    retryMs: 30_000,
    holdMs: HOUR,
    onChange: addresses => changes.push(shown(addresses)),
    onEvent: ({ kind, text, count }) => events.push(`${kind}: ${text} [${count}]`),
    time,
    ...options,
  })
  await time.pass(0)
  return {
    ...{ time, source, watch, changes, events },
    /** How often it asked since the last time. */
    asked: () => source.wanted.splice(0).length,
  }
}

function shown(addresses: readonly WatchedAddress[]): string {
  return addresses
    .map(({ host, port, weight, isBackup }) =>
      [host, port ?? '', weight ?? '', isBackup ? 'backup' : ''].join(' ').trim(),
    )
    .join(', ')
}

describe('NameWatch', () => {
  it('asks at once, tells the addresses, and asks again a second after they have lived', async () => {
    const { time, watch, changes, events, asked } = await make()
    assert.deepEqual(changes, ['10.1.0.1'])
    assert.deepEqual(events, [])
    assert.equal(asked(), 1)
    await time.pass(60_999)
    assert.equal(asked(), 0)
    await time.pass(1)
    assert.equal(asked(), 1)
    await watch.close()
  })

  it('tells only what changed, whatever order the answer has', async () => {
    const { time, source, watch, changes, events } = await make({}, found(['10.1.0.2', '10.1.0.1']))
    source.answer = found(['10.1.0.1', '10.1.0.2'])
    await time.pass(61_000)
    assert.deepEqual(changes, ['10.1.0.1, 10.1.0.2'])
    source.answer = found(['10.1.0.2', '10.1.0.3'])
    await time.pass(61_000)
    assert.deepEqual(changes.slice(1), ['10.1.0.2, 10.1.0.3'])
    assert.deepEqual(events, [])
    await watch.close()
  })

  it('keeps the list that it told unchanged', async () => {
    const { time, source, watch } = await make()
    const before = watch.addresses
    source.answer = found(['10.1.0.9'])
    await time.pass(61_000)
    assert.equal(shown(before), '10.1.0.1')
    assert.equal(shown(watch.addresses), '10.1.0.9')
    await watch.close()
  })

  const RETRIES = [
    { retryMs: 30_000, expected: 30_000 },
    { retryMs: 100, expected: 1000 },
    { retryMs: 0, expected: 1000 },
  ]
  for (const { retryMs, expected } of RETRIES) {
    it(`asks again after ${expected} ms when nobody could say, with a timeout of ${retryMs}`, async () => {
      const { time, source, watch, changes, asked } = await make({ retryMs })
      source.answer = FAILED
      await time.pass(61_000)
      assert.equal(asked(), 2)
      await time.pass(expected - 1)
      assert.equal(asked(), 0)
      await time.pass(1)
      assert.equal(asked(), 1)
      assert.deepEqual(changes, ['10.1.0.1'])
      await watch.close()
    })
  }

  it('keeps the addresses for as long as nobody can say, and tells that once', async () => {
    const { time, source, watch, changes, events } = await make({ holdMs: 0 })
    source.answer = FAILED
    await time.pass(10 * HOUR)
    assert.equal(shown(watch.addresses), '10.1.0.1')
    assert.deepEqual(events, ['failed: app.example (2: Server failure) [1]'])
    source.answer = found(['10.1.0.1'])
    await time.pass(30_000)
    assert.deepEqual(events.slice(1), ['found: app.example [1]'])
    assert.deepEqual(changes, ['10.1.0.1'])
    await watch.close()
  })

  it('holds the addresses of a name that is gone, then drops them, and tells both once', async () => {
    const { time, source, watch, changes, events } = await make()
    source.answer = MISSING
    await time.pass(61_000)
    assert.deepEqual(events, ['missing: app.example (3: Host not found) [1]'])
    await time.pass(HOUR - 1)
    assert.equal(shown(watch.addresses), '10.1.0.1')
    await time.pass(1)
    assert.deepEqual(changes, ['10.1.0.1', ''])
    assert.deepEqual(events.slice(1), ['dropped: app.example (3: Host not found) [0]'])
    await time.pass(HOUR)
    assert.equal(events.length, 2)
    source.answer = found(['10.1.0.2'])
    await time.pass(11_000)
    assert.deepEqual(changes.slice(2), ['10.1.0.2'])
    assert.deepEqual(events.slice(2), ['found: app.example [1]'])
    await watch.close()
  })

  it('begins to count anew when the name was there in between', async () => {
    const { time, source, watch } = await make({ holdMs: 60_000 })
    for (const answer of [MISSING, found(['10.1.0.1']), MISSING]) {
      source.answer = answer
      await time.pass(61_000)
    }
    assert.equal(shown(watch.addresses), '10.1.0.1')
    await watch.close()
  })

  it('counts on while nobody can say', async () => {
    const { time, source, watch } = await make({ holdMs: 60_000 })
    source.answer = MISSING
    await time.pass(61_000)
    source.answer = FAILED
    await time.pass(61_000)
    assert.equal(shown(watch.addresses), '10.1.0.1')
    source.answer = MISSING
    await time.pass(30_000)
    assert.equal(shown(watch.addresses), '')
    await watch.close()
  })

  it('holds nothing with hold=0, as nginx', async () => {
    const { time, source, watch, changes, events } = await make({ holdMs: 0 })
    source.answer = MISSING
    await time.pass(61_000)
    assert.deepEqual(changes, ['10.1.0.1', ''])
    assert.deepEqual(events, ['missing: app.example (3: Host not found) [0]'])
    await watch.close()
  })

  it('asks for a missing name again when that answer has lived, and a second', async () => {
    const { time, watch, asked, events } = await make({}, MISSING)
    assert.deepEqual(events, ['missing: app.example (3: Host not found) [0]'])
    asked()
    await time.pass(10_999)
    assert.equal(asked(), 0)
    await time.pass(1)
    assert.equal(asked(), 1)
    await watch.close()
  })

  it('keeps what a question gave that nobody answers now', async () => {
    const { time, source, watch, changes } = await make({}, found(['10.1.0.1', '2001:db8::1']))
    source.answer = found(['10.1.0.2'], 60_000, ['AAAA'])
    await time.pass(61_000)
    assert.deepEqual(changes.slice(1), ['10.1.0.2, 2001:db8::1'])
    await time.pass(61_000)
    source.answer = found(['10.1.0.2'])
    await time.pass(61_000)
    assert.deepEqual(changes.slice(2), ['10.1.0.2'])
    await watch.close()
  })

  it('makes backups of services that are less wanted, and a weight of at least 1', async () => {
    const { time, source, watch, changes } = await make(
      { wanted: { name: 'app.example', service: 'http' } },
      service(['10.1.0.9', 80, 10, 0], ['10.1.0.1', 81, 10, 7], ['10.1.0.2', 80, 20, 3]),
    )
    assert.deepEqual(changes, ['10.1.0.1 81 7, 10.1.0.9 80 1, 10.1.0.2 80 3 backup'])
    source.answer = service(['10.1.0.2', 80, 20, 3])
    await time.pass(61_000)
    assert.deepEqual(changes.slice(1), ['10.1.0.2 80 3'])
    assert.deepEqual(source.wanted[0], { name: 'app.example', service: 'http' })
    await watch.close()
  })

  it('says which service it is about', async () => {
    const wanted = { name: 'app.example', service: 'http' }
    const { watch, events } = await make({ wanted }, FAILED)
    assert.deepEqual(events, ['failed: app.example (service http) (2: Server failure) [0]'])
    await watch.close()
  })

  it('goes on with what was known before it began, and tells only a difference', async () => {
    const initial: WatchedAddress[] = [
      { host: '10.1.0.1', port: null, weight: null, isBackup: false },
    ]
    const { time, source, watch, changes, events } = await make({ initial }, MISSING)
    assert.equal(shown(watch.addresses), '10.1.0.1')
    assert.deepEqual(events, ['missing: app.example (3: Host not found) [1]'])
    source.answer = found(['10.1.0.1'])
    await time.pass(11_000)
    assert.deepEqual(changes, [])
    await watch.close()
  })

  it('tells when the first answer was there, whatever it said', async () => {
    const { watch } = await make({}, FAILED)
    await watch.firstAnswer
    await watch.close()
  })

  it('leaves nothing behind when it is closed, waiting or asking', async () => {
    for (const answer of [found(['10.1.0.1']), 'hang' as const]) {
      const { time, source, watch, changes, events, asked } = await make()
      source.answer = answer
      await time.pass(answer === 'hang' ? 61_000 : 0)
      await watch.close()
      await watch.firstAnswer
      assert.equal(time.waitingCount, 0)
      asked()
      await time.pass(HOUR)
      assert.equal(asked(), 0)
      assert.deepEqual([changes, events], [['10.1.0.1'], []])
    }
  })

  const ENDINGS = [
    { name: 'while a question is on its way', hosts: [] },
    { name: 'while it waits to ask again', hosts: ['10.1.0.1', '2001:db8::1'] },
  ]
  for (const { name, hosts } of ENDINGS) {
    it(`lets the process end when it is closed ${name}`, async () => {
      await using fake = await scriptedServer(query => {
        const isIpv6 = query.questions?.[0]?.type === 'AAAA'
        const data = hosts.find(host => host.includes(':') === isIpv6)
        return data === undefined ? [] : [replyTo(query, { answers: [address(query, data, 3600)] })]
      })
      const arrived = fake.nextQuery()
      const path = new URL('./closing-program.ts', import.meta.url)
      const child = fork(path, [String(fake.server.port)], { timeout: 20_000 })
      await (hosts.length === 0 ? arrived : once(child, 'message'))
      const ended = once(child, 'exit')
      child.send('close')
      assert.deepEqual(await ended, [0, null])
    })
  }
})
