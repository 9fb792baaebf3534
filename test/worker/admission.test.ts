// Rules: nginx closes idle connections to make room and says so at `warn`, refuses at `alert` when none is idle
// (`worker_connections`), and logs a lack of descriptors at `crit`; each line at most once a second.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { DescriptorLimit } from '../../src/base/descriptor-limit.ts'
import { Admission, type Evictable } from '../../src/worker/admission.ts'

type State = 'busy' | 'idle' | 'lingering' | 'closed'

class FakeConnection implements Evictable {
  state: State

  constructor(state: State) {
    this.state = state
  }

  closeIfIdle(): boolean {
    return this.#closeIf('idle')
  }

  closeIfLingering(): boolean {
    return this.#closeIf('lingering')
  }

  #closeIf(state: State): boolean {
    if (this.state !== state) return false
    this.state = 'closed'
    return true
  }
}

interface Bench {
  readonly connections: Set<FakeConnection>
  readonly clock: { wallSeconds: number }
  readonly lines: string[]
  readonly gate: Admission
  limits: string
  /** Accepts as the worker does: who may stay is counted. */
  accept(descriptor?: number): boolean
}

function bench(states: readonly State[], connectionsMax: number, openFilesMax = 1000): Bench {
  const connections = new Set(states.map(state => new FakeConnection(state)))
  const clock = { wallSeconds: 100 }
  const lines: string[] = []
  const own = { limits: `Max open files ${openFilesMax}` }
  const made: Bench = Object.assign(own, {
    connections,
    clock,
    lines,
    limits: `Max open files ${openFilesMax}`,
    gate: new Admission({
      connections,
      clock,
      descriptors: new DescriptorLimit(() => own.limits),
      log: (level, text) => lines.push(`[${level}] ${text}`),
    }),
    accept: (descriptor = 20) => {
      const mayStay = made.gate.mayAccept(descriptor)
      if (mayStay) connections.add(new FakeConnection('busy'))
      return mayStay
    },
  })
  made.gate.connectionsMax = connectionsMax
  return made
}

const states = ({ connections }: Bench) => [...connections].map(({ state }) => state).sort()

describe('Admission', () => {
  describe('at worker_connections', () => {
    it('closes an idle connection and lets the new one in', () => {
      const at = bench(['busy', 'idle', 'idle'], 3)
      assert.equal(at.accept(), true)
      assert.deepEqual(states(at), ['busy', 'busy', 'closed', 'idle'])
      assert.deepEqual(at.lines, [
        '[warn] 3 worker_connections are not enough, reusing connections',
      ])
    })

    it('closes one that only waits for its client to go', () => {
      const at = bench(['busy', 'lingering'], 2)
      assert.equal(at.accept(), true)
      assert.deepEqual(states(at), ['busy', 'busy', 'closed'])
    })

    it('refuses when every connection is busy', () => {
      const at = bench(['busy', 'busy'], 2)
      assert.equal(at.accept(), false)
      assert.deepEqual(at.lines, ['[alert] 2 worker_connections are not enough'])
    })

    it('says each of it once a second', () => {
      const at = bench(['idle', 'idle', 'idle'], 3)
      for (let i = 0; i < 3; i++) assert.equal(at.accept(), true)
      for (let i = 0; i < 3; i++) assert.equal(at.accept(), false)
      assert.equal(at.lines.length, 2)
      at.clock.wallSeconds++
      assert.equal(at.accept(), false)
      assert.equal(at.lines.length, 3)
    })

    it('comes to an idle one behind very many that are busy', () => {
      const at = bench([...Array<State>(1000).fill('busy'), 'idle'], 1001)
      let tries = 1
      while (!at.accept()) tries++
      assert.ok(tries > 1 && tries <= 4, `${tries}`)
      assert.ok(states(at).includes('closed'))
    })

    it('begins each round behind those that it looked at in vain', () => {
      const at = bench([...Array<State>(300).fill('busy'), ...Array<State>(10).fill('idle')], 310)
      assert.equal(at.accept(), false)
      for (let i = 0; i < 10; i++) assert.equal(at.accept(), true)
      assert.equal(states(at).filter(state => state === 'closed').length, 10)
    })

    it('lets everybody in below it, in silence', () => {
      const at = bench(['idle', 'busy'], 3)
      assert.equal(at.accept(), true)
      assert.deepEqual(states(at), ['busy', 'busy', 'idle'])
      assert.deepEqual(at.lines, [])
    })
  })

  describe('when descriptors run out', () => {
    it('closes an idle connection and lets the new one in', () => {
      const at = bench(['idle', 'busy'], 100, 64)
      assert.equal(at.accept(48), true)
      assert.deepEqual(states(at), ['busy', 'busy', 'closed'])
      assert.deepEqual(at.lines, ['[warn] 64 open files are not enough, reusing connections'])
    })

    it('refuses when none is idle', () => {
      const at = bench(['busy'], 100, 64)
      assert.equal(at.accept(48), false)
      assert.match(
        at.lines.join(),
        /^\[crit\] accept4\(\) failed \(.*oo many open files\): 64 open files are not/,
      )
    })

    it('does not take the numbers of those it closed for room', () => {
      const at = bench(['idle', 'idle', 'idle', 'busy'], 100, 64)
      const accepted = [48, 20, 21, 22, 23].map(descriptor => at.accept(descriptor))
      assert.deepEqual(accepted, [true, true, true, false, false])
    })

    it('accepts as ever in the next second, once they are back', () => {
      const at = bench(['busy'], 100, 64)
      assert.deepEqual([at.accept(48), at.accept(20)], [false, false])
      at.clock.wallSeconds++
      assert.deepEqual([at.accept(20), at.accept(21)], [true, true])
    })

    it('accepts at once when the limit was raised', () => {
      const at = bench(['busy'], 100, 64)
      at.limits = 'Max open files 4096'
      assert.equal(at.accept(48), true)
      assert.deepEqual(at.lines, [])
    })
  })

  it('says once a second that the system accepted nothing', () => {
    const at = bench([], 10)
    at.gate.onFailure(-23)
    at.gate.onFailure(-23)
    assert.equal(at.lines.length, 1)
    assert.match(at.lines[0]!, /^\[crit\] accept4\(\) failed \(.*oo many open files in system\)$/)
  })
})
