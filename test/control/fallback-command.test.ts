import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { FallbackCommands, type GroupState } from '../../src/control/fallback-command.ts'
import { tcp } from '../harness/sample-config.ts'

function group(parts: Partial<GroupState>): GroupState {
  const virtuals = [tcp('10.0.0.100:80')]
  return { upstream: 'web', command: 'sorry', virtuals, up: 2, checking: 0, count: 2, ...parts }
}

class Bench {
  readonly runs: string[] = []
  readonly lines: string[] = []
  problem: string | null = null
  readonly commands = new FallbackCommands({
    log: (level, text) => this.lines.push(`[${level}] ${text}`),
    run: async (command, run) => {
      this.runs.push([command, ...run.arguments].join(' '))
      return this.problem
    },
    lookUp: async host => {
      if (host !== 'vip.example') throw new Error('not found')
      return '10.0.0.7'
    },
  })

  async tell(parts: Partial<GroupState>): Promise<readonly string[]> {
    this.commands.use([group(parts)])
    await this.commands.settled()
    return this.runs.splice(0)
  }
}

describe('FallbackCommands', () => {
  it('starts when the last peer goes, and stops when the first is back', async () => {
    const bench = new Bench()
    assert.deepEqual(await bench.tell({ up: 2 }), [])
    assert.deepEqual(await bench.tell({ up: 1 }), [])
    assert.deepEqual(await bench.tell({ up: 0 }), ['sorry start 10.0.0.100:80 tcp'])
    assert.deepEqual(await bench.tell({ up: 0 }), [])
    assert.deepEqual(await bench.tell({ up: 1 }), ['sorry stop 10.0.0.100:80 tcp'])
    assert.deepEqual(await bench.tell({ up: 2 }), [])
  })

  it('waits for the first checks, and does not stop because of one that is to come', async () => {
    const bench = new Bench()
    assert.deepEqual(await bench.tell({ up: 0, checking: 1 }), [])
    assert.deepEqual(await bench.tell({ up: 0, checking: 0 }), ['sorry start 10.0.0.100:80 tcp'])
    assert.deepEqual(await bench.tell({ up: 0, checking: 1 }), [])
  })

  it('is run for every address of clients', async () => {
    const bench = new Bench()
    const virtuals = [tcp('10.0.0.100:80'), tcp('10.0.0.100:443')]
    assert.deepEqual(await bench.tell({ up: 0, virtuals }), [
      'sorry start 10.0.0.100:80 tcp',
      'sorry start 10.0.0.100:443 tcp',
    ])
  })

  it('is told addresses in place of names, and a name that nobody knows as it is', async () => {
    const bench = new Bench()
    const virtuals = [tcp('vip.example:80'), tcp('nowhere.example:80')]
    assert.deepEqual(await bench.tell({ up: 0, virtuals }), [
      'sorry start 10.0.0.7:80 tcp',
      'sorry start nowhere.example:80 tcp',
    ])
  })

  it('runs nothing without a command, or for an upstream without peers', async () => {
    const bench = new Bench()
    assert.deepEqual(await bench.tell({ up: 0, command: null }), [])
    assert.deepEqual(await bench.tell({ up: 0, count: 0 }), [])
  })

  it('says what it runs, and what went wrong', async () => {
    const bench = new Bench()
    bench.problem = 'sorry: exit code 1'
    await bench.tell({ up: 0 })
    assert.deepEqual(bench.lines, [
      '[notice] fallback command sorry start 10.0.0.100:80 tcp, upstream: "web"',
      '[error] fallback command sorry start 10.0.0.100:80 tcp failed: sorry: exit code 1, ' +
        'upstream: "web"',
    ])
  })

  it('forgets an upstream that is gone', async () => {
    const bench = new Bench()
    await bench.tell({ up: 0 })
    bench.commands.use([])
    assert.deepEqual(await bench.tell({ up: 1 }), [])
  })

  it('never lets a stop overtake its start', async () => {
    const order: string[] = []
    const first = Promise.withResolvers<null>()
    const commands = new FallbackCommands({
      log: () => {},
      run: (_, { arguments: [word = ''] }) => {
        order.push(word)
        return word === 'start' ? first.promise : Promise.resolve(null)
      },
    })
    commands.use([group({ up: 0 })])
    commands.use([group({ up: 1 })])
    await Promise.resolve()
    assert.deepEqual(order, ['start'])
    first.resolve(null)
    await commands.settled()
    assert.deepEqual(order, ['start', 'stop'])
  })
})
