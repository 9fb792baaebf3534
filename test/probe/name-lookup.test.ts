// Lookups of names that never end, or late: who waits for whom.

import assert from 'node:assert/strict'
import type { LookupFunction } from 'node:net'
import { describe, it } from 'node:test'
import { makeLookupLanes, NameLookup } from '../../src/probe/name-lookup.ts'

/** A machine whose lookups end when the test says so, and its clock. */
function makeMachine() {
  const running = new Map<string, () => void>()
  const machine = { nowMs: 0, running }
  const lookUp: LookupFunction = (host, _options, callback) => {
    running.set(host, () => {
      running.delete(host)
      callback(null, '127.0.0.1', 4)
    })
  }
  const shared = makeLookupLanes()
  const make = () => new NameLookup(shared, lookUp, () => machine.nowMs)
  return { machine, make }
}

function look(names: NameLookup, host: string): Promise<string> {
  return new Promise(resolve => {
    names.lookUp(host, {}, (error, address) => resolve(error?.message ?? String(address)))
  })
}

describe('NameLookup', () => {
  it('looks up one name after the other', async () => {
    const { machine, make } = makeMachine()
    const found = [look(make(), 'one'), look(make(), 'two')]
    assert.deepEqual([...machine.running.keys()], ['one'])
    machine.running.get('one')!()
    assert.deepEqual([...machine.running.keys()], ['two'])
    machine.running.get('two')!()
    assert.deepEqual(await Promise.all(found), ['127.0.0.1', '127.0.0.1'])
  })

  it('lets one whose names are not found no longer wait in the way of the others', async () => {
    const { machine, make } = makeMachine()
    const [hanging, other] = [make(), make()]
    const first = look(hanging, 'silent-1')
    machine.nowMs = 1000
    machine.running.get('silent-1')!()
    await first
    void look(hanging, 'silent-2')
    const found = look(other, 'well')
    assert.deepEqual([...machine.running.keys()], ['silent-2', 'well'])
    machine.running.get('well')!()
    assert.equal(await found, '127.0.0.1')
  })

  it('takes it back when names are found quickly again', async () => {
    const { machine, make } = makeMachine()
    const names = make()
    for (const tookMs of [5000, 0]) {
      const found = look(names, 'name')
      machine.nowMs += tookMs
      machine.running.get('name')!()
      await found
    }
    void look(names, 'name')
    void look(make(), 'other')
    assert.deepEqual([...machine.running.keys()], ['name'])
  })

  it('has one lookup on its way, however many checks are made', async () => {
    const { machine, make } = makeMachine()
    const names = make()
    void look(names, 'silent')
    assert.match(await look(names, 'next'), /^the name that was looked up before "next" has not/)
    assert.deepEqual([...machine.running.keys()], ['silent'])
  })

  it('looks up nothing for a check that is over', () => {
    const { machine, make } = makeMachine()
    const [first, second, third] = [make(), make(), make()]
    void look(first, 'one')
    void look(second, 'old')
    void look(second, 'new')
    void look(third, 'stopped')
    third.stop()
    machine.running.get('one')!()
    assert.deepEqual([...machine.running.keys()], ['new'])
    machine.running.get('new')!()
    assert.deepEqual([...machine.running.keys()], [])
  })
})
