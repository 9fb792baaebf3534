// The prober with a clock that the test turns and checks that answer when the test says so.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SystemClock } from '../../src/base/clock.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import type { CheckAnswer, Checker, CheckProgress } from '../../src/probe/checker.ts'
import { GOOD } from '../../src/probe/checker.ts'
import { PROBE_LIMITS } from '../../src/probe/limits.ts'
import { type ProbeReport, Prober, type ProbeTarget } from '../../src/probe/prober.ts'
import { makeTarget, type TargetOptions } from './probe-values.ts'

const TICK_MS = 25
const BAD: CheckAnswer = {
  fault: 'body did not contain "Test Page"',
  facts: ['200', '5,120 bytes'],
}

class TestClock {
  nowMs = 1_000_310
  wallMs = 1_700_000_000_000
  wallSeconds = 0
  resync(): void {}
  refresh(): void {}
}

/** Answers when it is told to, or at once while `answer` is set. */
class ScriptedChecker implements Checker {
  readonly target: ProbeTarget
  readonly #lab: Lab
  onAnswer: ((answer: CheckAnswer) => void) | null = null
  progress: CheckProgress = { during: 'connecting', facts: [], ended: null }
  asked = 0
  isClosed = false

  constructor(target: ProbeTarget, lab: Lab) {
    this.target = target
    this.#lab = lab
  }

  start(onAnswer: (answer: CheckAnswer) => void): void {
    assert.equal(this.onAnswer, null, 'two checks of one peer at once')
    assert.equal(this.isClosed, false)
    this.asked++
    this.onAnswer = onAnswer
    this.#lab.started.push({ key: this.target.key, atMs: this.#lab.clock.nowMs })
    this.#lab.running++
    this.#lab.runningMax = Math.max(this.#lab.runningMax, this.#lab.running)
  }

  answer(answer: CheckAnswer): void {
    const { onAnswer } = this
    assert.ok(onAnswer !== null)
    this.onAnswer = null
    this.#lab.running--
    onAnswer(answer)
  }

  stop(): CheckProgress {
    if (this.onAnswer !== null) this.#lab.running--
    this.onAnswer = null
    return this.progress
  }

  close(): void {
    assert.equal(this.onAnswer, null)
    this.isClosed = true
  }
}

class Lab {
  readonly clock = new TestClock()
  readonly wheel = new TimerWheel(this.clock as unknown as SystemClock)
  readonly reports: ProbeReport[] = []
  readonly checkers = new Map<string, ScriptedChecker>()
  readonly started: { key: string; atMs: number }[] = []
  readonly mistakes: string[] = []
  /** What waits until input was read. */
  readonly input: (() => void)[] = []
  /** Comes in with the next input. */
  onInput: (() => void) | null = null
  running = 0
  runningMax = 0
  /** What every check is answered as soon as time goes on; null = the test answers. */
  answer: CheckAnswer | null = GOOD
  readonly prober = new Prober({
    onReport: report => this.reports.push(report),
    time: { clock: this.clock as unknown as SystemClock, wheel: this.wheel },
    chance: () => 0,
    onMistake: text => this.mistakes.push(text),
    afterInput: run => this.input.push(run),
    makeChecker: target => {
      const checker = new ScriptedChecker(target, this)
      this.checkers.set(target.key, checker)
      return checker
    },
  })

  /** Lets time go on, tick by tick. */
  pass(ms: number): void {
    const end = this.clock.nowMs + ms
    while (this.clock.nowMs < end) {
      this.clock.nowMs = Math.min(end, this.clock.nowMs + TICK_MS)
      this.clock.wallMs += TICK_MS
      this.turn()
      if (this.answer === null) continue
      for (const checker of this.checkers.values()) {
        if (checker.onAnswer !== null) checker.answer(this.answer)
      }
    }
  }

  /** Timers, then input, then what waited for it: a turn of the event loop. */
  turn(): void {
    this.wheel.turn()
    this.onInput?.()
    this.onInput = null
    for (const run of this.input.splice(0)) run()
  }

  /** Time goes by in which nothing of ours runs. */
  stall(ms: number): void {
    this.clock.nowMs += ms
    this.clock.wallMs += ms
    this.turn()
  }

  checker(key: string): ScriptedChecker {
    const checker = this.checkers.get(key)
    assert.ok(checker !== undefined, key)
    return checker
  }
}

function target(options: TargetOptions = {}): ProbeTarget {
  return makeTarget({
    key: 'a',
    ...options,
    probe: { intervalMs: 2000, timeoutMs: 1000, ...options.probe },
  })
}

describe('Prober', () => {
  it('asks again and again, and says what it found', () => {
    const lab = new Lab()
    lab.prober.setTargets([target()])
    lab.pass(10_000)
    assert.equal(lab.reports.length, 5)
    const report = lab.reports.at(-1)!
    assert.deepEqual(
      { ...report, target: report.target.key },
      {
        target: 'a',
        isGood: true,
        why: '',
        detail: '0 ms',
        startedAt: report.startedAt,
        tookMs: 0,
        state: 'up',
        before: 'up',
        streak: 5,
        needed: 1,
      },
    )
    const status = lab.prober.status('a')!
    assert.deepEqual([status.state, status.checks, status.fails], ['up', 5, 0])
    assert.equal(status.last, report)
  })

  it('takes a peer out and back by its rise and fall, and says which answer it was', () => {
    const lab = new Lab()
    lab.prober.setTargets([target({ probe: { rise: 2, fall: 3 } })])
    lab.answer = BAD
    lab.pass(6000)
    lab.answer = GOOD
    lab.pass(4000)
    assert.deepEqual(
      lab.reports.map(each => [each.before, each.state, `${each.streak} of ${each.needed}`]),
      [
        ['up', 'up', '1 of 3'],
        ['up', 'up', '2 of 3'],
        ['up', 'down', '3 of 3'],
        ['down', 'down', '1 of 2'],
        ['down', 'up', '2 of 2'],
      ],
    )
    const [bad] = lab.reports
    assert.equal(bad!.why, 'body did not contain "Test Page" (200, 5,120 bytes, 0 ms)')
    assert.equal(bad!.detail, '200, 5,120 bytes, 0 ms')
  })

  it('asks faster while in doubt, and slower while a peer is down', () => {
    const lab = new Lab()
    const probe = { fall: 3, doubtIntervalMs: 500, downIntervalMs: 5000 }
    lab.prober.setTargets([target({ probe })])
    lab.answer = BAD
    lab.pass(14_000)
    const times = lab.started.map(each => each.atMs)
    const gaps = times.slice(1).map((at, index) => at - times[index]!)
    for (const [index, wantedMs] of [500, 500, 5000, 5000].entries()) {
      assert.ok(Math.abs(gaps[index]! - wantedMs) <= TICK_MS, `${gaps}`)
    }
  })

  it('asks a mandatory peer at once, and lets it wait without a verdict', () => {
    const lab = new Lab()
    lab.prober.setTargets([target({ probe: { isMandatory: true } })])
    assert.equal(lab.prober.status('a')!.state, 'checking')
    lab.pass(2 * TICK_MS)
    assert.equal(lab.prober.status('a')!.state, 'up')
    assert.deepEqual([lab.reports[0]!.before, lab.reports[0]!.state], ['checking', 'up'])
  })

  it('ends a check at its timeout, whose words say how far it came', () => {
    const lab = new Lab()
    lab.answer = null
    lab.prober.setTargets([target({ probe: { isMandatory: true } })])
    lab.pass(2 * TICK_MS)
    lab.checker('a').progress = {
      during: 'reading the body',
      facts: ['200', '1,024 bytes'],
      ended: null,
    }
    lab.pass(1000 - 3 * TICK_MS)
    assert.equal(lab.reports.length, 0)
    lab.pass(4 * TICK_MS)
    const [report] = lab.reports
    assert.equal(report!.why, 'timed out after 1,000 ms while reading the body (200, 1,024 bytes)')
    assert.equal(report!.state, 'down')
    assert.ok(report!.tookMs >= 1000 && report!.tookMs <= 1000 + 2 * TICK_MS)
    lab.pass(2000)
    assert.equal(lab.checker('a').asked, 2, 'it is asked again')
  })

  it('takes an answer that waited to be read when the timeout was there', () => {
    const lab = new Lab()
    lab.answer = null
    lab.prober.setTargets([target({ probe: { isMandatory: true } })])
    lab.pass(2 * TICK_MS)
    lab.pass(1000 - 3 * TICK_MS)
    lab.onInput = () => lab.checker('a').answer(GOOD)
    lab.stall(3 * TICK_MS)
    assert.deepEqual(
      lab.reports.map(({ isGood }) => isGood),
      [true],
    )
  })

  it('gives a check more time, once, when a pause of our own was longer than its timeout', () => {
    const lab = new Lab()
    lab.answer = null
    lab.prober.setTargets([target({ probe: { isMandatory: true } })])
    lab.pass(2 * TICK_MS)
    lab.stall(1600)
    lab.pass(400)
    assert.equal(lab.reports.length, 0)
    lab.checker('a').answer(GOOD)
    assert.equal(lab.reports[0]!.isGood, true)
    lab.pass(2000)
    assert.equal(lab.checker('a').asked, 2)
    lab.stall(1600)
    lab.pass(1200)
    assert.match(lab.reports[1]!.why, /^timed out after 1,000 ms/)
  })

  it('takes a mistake of a check for a bad check, tells it once, and goes on', async () => {
    const lab = new Lab()
    lab.answer = null
    lab.prober.setTargets([target({ probe: { isMandatory: true } }), target({ key: 'b' })])
    const broken = () => {
      throw new TypeError('no such thing')
    }
    const { start, stop } = lab.checker('a')
    lab.checker('a').start = broken
    for (let i = 0; i < 60; i++) {
      lab.pass(100)
      await Promise.resolve()
      if (lab.checker('b').onAnswer !== null) lab.checker('b').answer(GOOD)
    }
    const ofA = () => lab.reports.filter(({ target: { key } }) => key === 'a')
    assert.ok(ofA().length >= 2)
    assert.equal(ofA()[0]!.why, 'the check cannot be made: no such thing')
    assert.equal(ofA()[0]!.state, 'down')
    assert.ok(lab.reports.some(({ target: { key } }) => key === 'b'))
    assert.equal(lab.mistakes.length, 1)
    assert.match(lab.mistakes[0]!, /^probe "tcp" of peer .*: .*no such thing, at prober\.test\.ts:/)
    lab.checker('a').start = start
    lab.checker('a').stop = broken
    lab.pass(4000)
    assert.equal(ofA().at(-1)!.why, 'the check cannot be made: no such thing')
    lab.checker('a').stop = stop
    lab.checker('a').onAnswer = null
    await lab.prober.close()
  })

  it('never has two checks of a peer on their way when they take longer than the interval', () => {
    const lab = new Lab()
    lab.answer = null
    lab.prober.setTargets([target({ probe: { intervalMs: 100, timeoutMs: 1000 } })])
    lab.pass(5000)
    assert.ok(lab.checker('a').asked >= 4)
    assert.equal(lab.runningMax, 1)
  })

  it('waits for what a stopped check still holds', async () => {
    const lab = new Lab()
    lab.answer = null
    lab.prober.setTargets([target()])
    lab.pass(2000)
    const { promise, resolve } = Promise.withResolvers<void>()
    lab.checker('a').progress = { during: 'the program ran', facts: [], ended: promise }
    lab.pass(10_000)
    assert.equal(lab.checker('a').asked, 1)
    const closed = lab.prober.close().then(() => 'closed')
    assert.equal(await Promise.race([closed, Promise.resolve('open')]), 'open')
    resolve()
    assert.equal(await closed, 'closed')
  })

  it('spreads a thousand peers over the interval, and keeps them apart', () => {
    const lab = new Lab()
    const all = Array.from({ length: 1000 }, (_, index) => target({ key: `peer ${index}` }))
    lab.prober.setTargets(all)
    lab.pass(20_000)
    assert.ok(Math.abs(lab.reports.length - 10_000) < 150, `${lab.reports.length}`)
    const slots = Map.groupBy(lab.started, each => Math.floor(each.atMs / 100))
    for (const [slot, checks] of [...slots].slice(1, -1)) {
      assert.ok(checks.length >= 45 && checks.length <= 55, `${checks.length} in ${slot}`)
    }
    const ofOne = lab.started.filter(each => each.key === 'peer 7')
    for (const [index, { atMs }] of ofOne.entries()) {
      if (index > 0) assert.ok(Math.abs(atMs - ofOne[index - 1]!.atMs - 2000) <= TICK_MS)
    }
  })

  it('limits how many checks of one host run, and delays no other host by it', () => {
    const lab = new Lab()
    lab.answer = null
    const dead = Array.from({ length: 2000 }, (_, index) =>
      target({ key: `dead ${index}`, address: { kind: 'tcp', host: '10.0.0.1', port: index + 1 } }),
    )
    const alive = target({ key: 'alive', address: { kind: 'tcp', host: '10.0.0.2', port: 80 } })
    lab.prober.setTargets([...dead, alive])
    for (let i = 0; i < 400; i++) {
      lab.pass(TICK_MS)
      const checker = lab.checker('alive')
      if (checker.onAnswer !== null) checker.answer(GOOD)
    }
    assert.ok(lab.runningMax <= 2 * PROBE_LIMITS.connectionsPerHostMax + 1, `${lab.runningMax}`)
    const times = lab.started.filter(each => each.key === 'alive').map(each => each.atMs)
    assert.equal(times.length, 5)
    for (const [index, atMs] of times.entries()) {
      if (index > 0) assert.ok(Math.abs(atMs - times[index - 1]! - 2000) <= TICK_MS)
    }
  })

  it('reports nothing after it was closed, and asks nobody', async () => {
    const lab = new Lab()
    lab.answer = null
    const probe = { timeoutMs: 5000 }
    lab.prober.setTargets([target({ probe }), target({ key: 'b', probe })])
    lab.pass(2000)
    await lab.prober.close()
    assert.ok(lab.checker('a').isClosed && lab.checker('b').isClosed)
    const before = lab.started.length
    lab.answer = GOOD
    lab.pass(10_000)
    lab.prober.setTargets([target({ key: 'c' })])
    assert.equal(lab.prober.askNow('a'), false)
    assert.deepEqual([lab.started.length, lab.reports.length], [before, 0])
    assert.equal(lab.prober.count, 0)
    assert.equal(lab.wheel.count, 0)
  })
})

describe('Prober.setTargets', () => {
  it('keeps verdict and times of a question that stays, wherever it stands in the file', () => {
    const lab = new Lab()
    lab.prober.setTargets([target()])
    lab.answer = BAD
    lab.pass(4000)
    const before = lab.started.at(-1)!.atMs
    const moved = { file: 'other.conf', line: 7, column: 1, endColumn: 2 }
    const again = target({ probe: { origin: moved } })
    lab.prober.setTargets([again])
    assert.equal(lab.prober.status('a')!.state, 'down')
    assert.equal(lab.prober.status('a')!.checks, 2)
    lab.pass(2000)
    assert.ok(Math.abs(lab.started.at(-1)!.atMs - before - 2000) <= TICK_MS)
    assert.equal(lab.reports.at(-1)!.target, again)
  })

  it('keeps the verdict of a question that changed, in doubt', () => {
    const lab = new Lab()
    lab.prober.setTargets([target({ probe: { rise: 2 } })])
    lab.answer = BAD
    lab.pass(4000)
    const old = lab.checker('a')
    lab.prober.setTargets([target({ probe: { rise: 2, doubtIntervalMs: 200 } })])
    assert.ok(old.isClosed)
    assert.equal(lab.prober.status('a')!.state, 'down')
    lab.answer = GOOD
    lab.pass(200 + 2 * TICK_MS)
    assert.equal(lab.reports.at(-1)!.streak, 1)
    assert.equal(lab.prober.status('a')!.state, 'down')
    lab.pass(200 + 2 * TICK_MS)
    assert.equal(lab.prober.status('a')!.state, 'up')
  })

  it('lets a new question begin with what another found, in doubt', () => {
    for (const begins of ['up', 'down'] as const) {
      const lab = new Lab()
      lab.answer = begins === 'up' ? BAD : GOOD
      const probe = {
        isMandatory: true,
        intervalMs: 60_000,
        doubtIntervalMs: 200,
        rise: 2,
        fall: 2,
      }
      lab.prober.setTargets([{ ...target({ probe }), begins }])
      assert.equal(lab.prober.status('a')!.state, begins)
      lab.pass(200 + 2 * TICK_MS)
      assert.equal(lab.reports.at(-1)!.before, begins)
      assert.equal(lab.prober.status('a')!.state, begins)
      lab.pass(200 + 2 * TICK_MS)
      assert.equal(lab.prober.status('a')!.state, begins === 'up' ? 'down' : 'up')
    }
  })

  it('stops a check whose question changed or whose target is gone', () => {
    const lab = new Lab()
    lab.answer = null
    const probe = { timeoutMs: 5000 }
    lab.prober.setTargets([target({ probe }), target({ key: 'b', probe })])
    lab.pass(2000)
    const [a, b] = [lab.checker('a'), lab.checker('b')]
    lab.prober.setTargets([target({ probe: { fall: 7 } })])
    assert.deepEqual([a.onAnswer, b.onAnswer, lab.running], [null, null, 0])
    assert.equal(lab.prober.status('b'), null)
    assert.equal(lab.reports.length, 0)
  })

  it('believes a fixed state before anything is asked, and reports it once', () => {
    const lab = new Lab()
    lab.prober.setTargets([target({ check: { kind: 'fixed', isUp: false }, probe: { fall: 3 } })])
    assert.equal(lab.prober.status('a')!.state, 'down')
    lab.answer = { fault: 'the configuration says so', facts: [] }
    lab.pass(10_000)
    assert.equal(lab.reports.length, 1)
    assert.equal(lab.prober.askNow('a'), false)
  })
})

describe('Prober.askNow', () => {
  it('asks at once, and not again within a second, nor while a check is on its way', () => {
    const lab = new Lab()
    lab.prober.setTargets([target({ probe: { intervalMs: 60_000 } })])
    lab.answer = null
    assert.equal(lab.prober.askNow('a'), true)
    assert.equal(lab.checker('a').asked, 1)
    assert.equal(lab.prober.askNow('a'), false)
    lab.checker('a').answer(GOOD)
    assert.equal(lab.prober.askNow('a'), false)
    lab.pass(PROBE_LIMITS.extraGapMs)
    assert.equal(lab.prober.askNow('a'), true)
    assert.equal(lab.prober.askNow('nobody'), false)
  })

  it('leaves the times of the other checks alone', () => {
    const lab = new Lab()
    lab.prober.setTargets([target()])
    lab.pass(4000)
    const before = lab.started.at(-1)!.atMs
    lab.pass(300)
    lab.prober.askNow('a')
    lab.pass(8000)
    const regular = lab.started.filter(each => each.atMs > before).slice(1)
    for (const [index, { atMs }] of regular.entries()) {
      assert.ok(Math.abs(atMs - before - 2000 * (index + 1)) <= 2 * TICK_MS, `${atMs - before}`)
    }
  })

  it('brings the next check forward when the answer leaves a doubt', () => {
    const lab = new Lab()
    const probe = { intervalMs: 60_000, fall: 2, doubtIntervalMs: 500 }
    lab.prober.setTargets([target({ probe })])
    lab.answer = BAD
    lab.prober.askNow('a')
    lab.pass(500 + 3 * TICK_MS)
    assert.equal(lab.prober.status('a')!.state, 'down')
  })
})

describe('Prober.forget', () => {
  it('starts a target anew, in the same list', () => {
    const lab = new Lab()
    lab.prober.setTargets([target({ probe: { isMandatory: true } })])
    lab.pass(4000)
    assert.equal(lab.prober.status('a')!.state, 'up')
    lab.prober.forget('a')
    assert.deepEqual(
      [lab.prober.status('a')!.state, lab.prober.status('a')!.checks],
      ['checking', 0],
    )
    lab.pass(2 * TICK_MS)
    assert.equal(lab.prober.status('a')!.state, 'up')
    assert.equal(lab.prober.count, 1)
  })
})
