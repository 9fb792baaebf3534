/**
 * Tests of the benchmark's command line: what it understands and how it refuses.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeHelp, type Options, parseArguments } from '../../bench/macro/arguments.ts'
import { WORK } from '../../bench/macro/work.ts'

function parseGood(...args: string[]): Options {
  const options = parseArguments(args)
  if (typeof options === 'string') assert.fail(options)
  return options
}

describe('parseArguments', () => {
  it('measures everything three times for five seconds when nothing is said', () => {
    const options = parseGood()
    assert.equal(options.rounds, 3)
    assert.equal(options.seconds, 5)
    assert.deepEqual(
      options.work.map(item => item.name),
      WORK.filter(item => !item.isOnDemand).map(item => item.name),
    )
    assert.deepEqual(options.names.slice(0, 3), ['headgate', 'nginx', 'haproxy'])
    assert.deepEqual([options.proxyCore, options.loadCore], [0, 1])
  })

  it('selects work and proxies, in the order of the tables', () => {
    const options = parseGood('--work', '1m,small', '--only', 'nginx, headgate')
    assert.deepEqual(
      options.work.map(item => item.name),
      ['small', '1m'],
    )
    assert.deepEqual(options.names, ['headgate', 'nginx'])
  })

  it('measures what takes very long when it is named', () => {
    const options = parseGood('--work', 'cache-1000000')
    assert.deepEqual(
      options.work.map(item => item.name),
      ['cache-1000000'],
    )
  })

  it('measures additional builds next to Headgate, whatever --only says', () => {
    const args = ['--also', 'old=node /old/src/main.ts --x=1', '--also', 'new=node /n.ts']
    const options = parseGood('--only', 'nginx', ...args)
    assert.deepEqual(options.names, ['old', 'new', 'nginx'])
    assert.equal(options.also[0]?.command, 'node /old/src/main.ts --x=1')
  })

  const refusals = [
    { args: ['--work', 'tiny'], message: /^Cannot use work "tiny": known are small, / },
    { args: ['--only', 'ngnix'], message: /^Cannot use proxy "ngnix": known are headgate, nginx/ },
    { args: ['--rounds', '0'], message: /^Cannot use --rounds "0": .* from 1 to / },
    { args: ['--seconds', '1.5'], message: /^Cannot use --seconds "1.5"/ },
    { args: ['--seconds', '5s'], message: /^Cannot use --seconds "5s"/ },
    { args: ['--cores', '1'], message: /^Cannot use --cores: give two/ },
    { args: ['--cores', '1,1'], message: /^Cannot use --cores: give two/ },
    { args: ['--cores', 'a,b'], message: /^Cannot use --cores "a"/ },
    { args: ['--also', 'old'], message: /^Cannot use --also "old": .* name=command/ },
    { args: ['--also', 'old= '], message: /^Cannot use --also "old= "/ },
    { args: ['--also', 'nginx=x'], message: /^Cannot use --also "nginx=…": the name is taken/ },
    { args: ['--load', 'ab'], message: /^Cannot use --load "ab"/ },
    { args: ['--sceonds', '5'], message: /'--sceonds'/ },
    { args: ['small'], message: /small/ },
  ]
  for (const { args, message } of refusals) {
    it(`refuses ${args.join(' ')} in one line`, () => {
      const text = parseArguments(args)
      assert.ok(typeof text === 'string')
      assert.match(text, message)
      assert.ok(!text.includes('\n'))
    })
  }
})

describe('makeHelp', () => {
  it('names every kind of work', () => {
    const help = makeHelp()
    for (const item of WORK) assert.ok(help.includes(item.title))
  })
})
