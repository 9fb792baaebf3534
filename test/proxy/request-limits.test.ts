import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SystemClock } from '../../src/base/clock.ts'
import { fail } from '../../src/base/failure.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import { defaultSettings } from '../../src/model/defaults.ts'
import { type LimitSettings, NO_LIMITS } from '../../src/model/limit-settings.ts'
import type { Exchange } from '../../src/proxy/exchange.ts'
import { finishExchange } from '../../src/proxy/finish.ts'
import type {
  ConnectionLimitRuntime,
  LimitKey,
  RequestLimitRuntime,
} from '../../src/proxy/limits.ts'
import { limitPhase } from '../../src/proxy/request-limits.ts'
import type { Handler, LocationRuntime } from '../../src/proxy/runtime.ts'
import {
  ConnectionLimitZone,
  createConnectionLimitZone,
} from '../../src/zone/connection-limit-zone.ts'
import { outcomeCount } from '../../src/zone/limit-counters.ts'
import { createRequestLimitZone, RequestLimitZone } from '../../src/zone/request-limit-zone.ts'
import { makeExchange, makeLocation } from './exchange-fixture.ts'

const TICK_MS = 25
const BYTES = 32_768

interface Options {
  readonly requests?: readonly RequestLimitRuntime[]
  readonly connections?: readonly ConnectionLimitRuntime[]
  readonly settings?: Partial<LimitSettings>
  readonly isStrict?: boolean
}

/** A location with limits, and time that stands until it is told. */
class Fixture {
  readonly clock = {
    nowMs: 100_000,
    wallMs: 0,
    wallSeconds: 0,
    resync: () => {},
    refresh: () => {},
  }
  readonly wheel = new TimerWheel(this.clock as unknown as SystemClock)
  /** Targets of the requests that went on, and when. */
  readonly passed: [target: string, ms: number][] = []
  readonly logged: string[] = []
  readonly handler: Handler
  readonly #location: LocationRuntime
  readonly #isStrict: boolean

  constructor(options: Options) {
    // What is refused so needs no answer.
    const refusing = { requestStatus: 444, connectionStatus: 444 }
    const limits = { ...NO_LIMITS, ...refusing, ...options.settings }
    const settings = { ...defaultSettings('nginx/1.30', '/prefix'), limits }
    const location = {
      ...makeLocation(settings, null),
      errorLog: {
        isWanted: () => true,
        write: (level: string, text: string) => this.logged.push(`${level} ${text}`),
      },
      response: { ofOwn: () => '' },
      limits: {
        requests: options.requests ?? [],
        connections: options.connections ?? [],
        now: () => this.clock.nowMs,
      },
    } as unknown as LocationRuntime
    this.#location = location
    this.#isStrict = options.isStrict ?? false
    this.handler = limitPhase(location, exchange => {
      this.passed.push([exchange.head.target, this.clock.nowMs - 100_000])
    })
  }

  ask(target: string): Exchange {
    const connection = {
      writeText: () => true,
      setSendTimeout: () => {},
      finishResponse: () => {},
      abort: () => {},
      mayServeNext: true,
      isHalfClosed: false,
    }
    const exchange = makeExchange([`GET ${target} HTTP/1.1`, 'Host: a'], { connection })
    Object.assign(exchange.snapshot, {
      isStrict: this.#isStrict,
      onExchangeEnd: () => {},
      services: { ...exchange.snapshot.services, clock: this.clock, wheel: this.wheel },
    })
    Object.assign(exchange, { startedMs: this.clock.nowMs })
    exchange.location = this.#location
    this.handler(exchange)
    return exchange
  }

  pass(ms: number): void {
    const end = this.clock.nowMs + ms
    while (this.clock.nowMs < end) {
      this.clock.nowMs = Math.min(end, this.clock.nowMs + TICK_MS)
      this.wheel.turn()
    }
  }
}

const keyOf = (name: string, text: string | null = null): LimitKey => ({
  name,
  render: exchange => text ?? exchange.uri,
  text: '$uri',
})

/** @param rate requests per second */
function requestLimit(
  rate: number,
  burst: number,
  delay = 0,
  key = keyOf('one'),
): RequestLimitRuntime {
  const zone = new RequestLimitZone(createRequestLimitZone(BYTES), 0, rate * 1000)
  return { key, zone, rate: rate * 1000, burst: burst * 1000, delay: delay * 1000 }
}

function connectionLimit(max: number, key = keyOf('two')): ConnectionLimitRuntime {
  return { key, zone: new ConnectionLimitZone(createConnectionLimitZone(BYTES), 0), max }
}

describe('limitPhase', () => {
  it('is no phase where nothing is limited', () => {
    const settings = defaultSettings('nginx/1.30', '/prefix')
    const next: Handler = () => {}
    assert.equal(limitPhase({ ...makeLocation(settings, null), limits: null }, next), next)
  })

  it('lets each request wait for its place in the line', () => {
    const fixture = new Fixture({ requests: [requestLimit(2, 3)] })
    const asked = ['/a', '/a', '/a', '/a', '/a'].map(target => fixture.ask(target))
    assert.deepEqual(
      asked.map(exchange => exchange.requestLimit),
      ['PASSED', 'DELAYED', 'DELAYED', 'DELAYED', 'REJECTED'],
    )
    assert.equal(asked[4]!.status, 444)
    fixture.pass(2000)
    const [, ...waited] = fixture.passed.map(([, ms]) => ms)
    const wanted = [500, 1000, 1500]
    assert.equal(waited.length, wanted.length)
    for (const [index, ms] of waited.entries()) {
      assert.ok(ms >= wanted[index]! && ms <= wanted[index]! + 2 * TICK_MS, `${ms}`)
    }
    assert.deepEqual(fixture.logged, [
      'warn delaying request, excess: 1.000, by zone "one"',
      'warn delaying request, excess: 2.000, by zone "one"',
      'warn delaying request, excess: 3.000, by zone "one"',
      'error limiting requests, excess: 4.000 by zone "one"',
    ])
    assert.equal(fixture.wheel.count, 0)
  })

  it('lets only those wait that are over the delay', () => {
    const fixture = new Fixture({ requests: [requestLimit(1, 5, 2)] })
    const asked = Array.from({ length: 5 }, () => fixture.ask('/a').requestLimit)
    assert.deepEqual(asked, ['PASSED', 'PASSED', 'PASSED', 'DELAYED', 'DELAYED'])
    fixture.pass(2100)
    assert.equal(fixture.passed.length, 5)
    assert.ok(fixture.passed[3]![1] >= 1000 && fixture.passed[3]![1] < 1100)
    assert.ok(fixture.passed[4]![1] >= 2000)
  })

  it('waits as long as the slowest of several limits wants', () => {
    const fast = requestLimit(10, 9, 0, keyOf('fast', 'all'))
    const slow = requestLimit(1, 9, 0, keyOf('slow', 'all'))
    for (const requests of [
      [fast, slow],
      [requestLimit(1, 9, 0, keyOf('slow', 'all')), requestLimit(10, 9, 0, keyOf('fast', 'all'))],
    ]) {
      const fixture = new Fixture({ requests })
      fixture.ask('/a')
      fixture.ask('/a')
      assert.match(fixture.logged.join(), /excess: 1.000, by zone "slow"/)
      fixture.pass(900)
      assert.equal(fixture.passed.length, 1)
      fixture.pass(200)
      assert.equal(fixture.passed.length, 2)
    }
  })

  it('counts a request once, wherever it is led', () => {
    const limit = requestLimit(1, 0, 0, keyOf('one', 'all'))
    const connections = connectionLimit(5, keyOf('two', 'all'))
    const fixture = new Fixture({ requests: [limit], connections: [connections] })
    const exchange = fixture.ask('/a')
    fixture.handler(exchange)
    fixture.handler(exchange)
    assert.equal(fixture.passed.length, 3)
    assert.equal(outcomeCount(limit.zone.cells, 'PASSED'), 1)
    assert.equal(outcomeCount(connections.zone.cells, 'PASSED'), 1)
    finishExchange(exchange, true)
    assert.equal(connections.zone.count, 0)
  })

  it('counts nothing of a client that leaves while it waits, and calls nobody', () => {
    const connections = connectionLimit(5)
    const fixture = new Fixture({ requests: [requestLimit(1, 5)], connections: [connections] })
    finishExchange(fixture.ask('/a'), true)
    const exchange = fixture.ask('/a')
    exchange.connection.flow!.onClientGone(fail('client_gone'))
    assert.deepEqual([exchange.status, exchange.isFinished], [499, true])
    assert.equal(fixture.wheel.count, 0)
    fixture.pass(5000)
    assert.equal(fixture.passed.length, 1)
    assert.equal(connections.zone.count, 0)
    assert.match(fixture.logged.at(-1)!, /^info client prematurely closed connection/)
  })

  it('lets a client that half-closes at once wait for its answer, and others a moment', () => {
    const fixture = new Fixture({ requests: [requestLimit(1, 9)] })
    fixture.ask('/a')
    const patient = fixture.ask('/a')
    patient.connection.flow!.onClientEnd()
    const late = fixture.ask('/a')
    fixture.pass(100)
    late.connection.flow!.onClientEnd()
    fixture.pass(3000)
    assert.equal(patient.isFinished, false)
    assert.equal(fixture.passed.length, 2)
    assert.deepEqual([late.isFinished, late.status], [true, 499])
  })

  it('takes a client that half-closes for gone where it does all as nginx', () => {
    const fixture = new Fixture({ requests: [requestLimit(1, 9)], isStrict: true })
    fixture.ask('/a')
    const exchange = fixture.ask('/a')
    exchange.connection.flow!.onClientEnd()
    fixture.pass(100)
    assert.deepEqual([exchange.isFinished, exchange.status], [true, 499])
  })

  it('does not count a key that is too long, and says so', () => {
    const limit = requestLimit(1, 0, 0, keyOf('one', 'k'.repeat(65_536)))
    const connections = connectionLimit(1, keyOf('two', 'k'.repeat(256)))
    const fixture = new Fixture({ requests: [limit], connections: [connections] })
    for (let i = 0; i < 3; i++) {
      const exchange = fixture.ask('/a')
      assert.deepEqual([exchange.requestLimit, exchange.connectionLimit], ['', ''])
    }
    assert.equal(fixture.passed.length, 3)
    assert.match(
      fixture.logged[0]!,
      /^error the value of the "\$uri" key is more than 65535 bytes: "k/,
    )
    assert.match(
      fixture.logged[1]!,
      /^error the value of the "\$uri" key is more than 255 bytes: "k/,
    )
  })

  it('gives back what it had taken where a second zone refuses', () => {
    const first = connectionLimit(5, keyOf('first', 'all'))
    const second = connectionLimit(1, keyOf('second', 'all'))
    const fixture = new Fixture({ connections: [first, second] })
    const held = fixture.ask('/a')
    const refused = fixture.ask('/a')
    assert.deepEqual([refused.status, refused.connectionLimit], [444, 'REJECTED'])
    assert.deepEqual(fixture.logged, ['error limiting connections by zone "second"'])
    finishExchange(held, true)
    assert.deepEqual([first.zone.count, second.zone.count], [0, 0])
  })

  it('refuses without a word where a zone is full', () => {
    const limit = connectionLimit(5)
    const fixture = new Fixture({ connections: [limit], settings: { connectionLogLevel: 'info' } })
    for (let i = 0; i < limit.zone.capacity; i++) fixture.ask(`/${i}`)
    assert.equal(fixture.ask('/one-more').status, 444)
    assert.deepEqual(fixture.logged, [])
  })
})
