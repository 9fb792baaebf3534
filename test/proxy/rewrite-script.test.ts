// The interpreter by itself: what a run does to an exchange, and what it comes to. That this is what nginx does is shown
// beside it (test/system/rewrite-beside-nginx.test.ts).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { BUILT_IN } from '../../src/model/origin.ts'
import type { RewriteCondition, RewriteStep } from '../../src/model/rewrite.ts'
import type { Location } from '../../src/model/route.ts'
import { literal, type Template } from '../../src/model/template.ts'
import type { Exchange } from '../../src/proxy/exchange.ts'
import { RewriteRun } from '../../src/proxy/rewrite-run.ts'
import { compileRewrite } from '../../src/proxy/rewrite-script.ts'
import { compileTemplate } from '../../src/proxy/variables.ts'
import { makeExchange, makeLocation } from './exchange-fixture.ts'

const origin = BUILT_IN
const variable = (name: string): Template => [{ variable: name }]
const regex = (pattern: string) => ({ pattern, isCaseInsensitive: false })

function set(name: string, value: Template): RewriteStep {
  return { kind: 'set', origin, name, value }
}

function rewrite(
  pattern: string,
  replacement: Template,
  flag: Extract<RewriteStep, { kind: 'rewrite' }>['flag'] = 'none',
  dropsArgs = false,
): RewriteStep {
  return { kind: 'rewrite', origin, regex: regex(pattern), replacement, dropsArgs, flag }
}

function when(
  condition: RewriteCondition,
  steps: readonly RewriteStep[],
  location: Location | null = null,
): RewriteStep {
  return { kind: 'if', origin, condition, steps, location }
}

const equal = (name: string, to: string): RewriteCondition => ({
  kind: 'equal',
  value: variable(name),
  to: literal(to),
  isNegated: false,
})

const matches = (name: string, pattern: string, isNegated = false): RewriteCondition => ({
  kind: 'regex',
  value: variable(name),
  regex: regex(pattern),
  isNegated,
})

const isFile = (path: string, isNegated = false): RewriteCondition => ({
  kind: 'file',
  test: 'file',
  path: literal(path),
  isNegated,
})

function start(target: string, steps: readonly RewriteStep[]): RewriteRun {
  const exchange = makeExchange([`GET ${target} HTTP/1.1`, 'Host: x'])
  const branch = (location: Location) => makeLocation(location.settings, location.match)
  return new RewriteRun(exchange, compileRewrite(steps, false, branch))
}

function run(target: string, steps: readonly RewriteStep[]): RewriteRun {
  const made = start(target, steps)
  assert.equal(made.run(), true)
  return made
}

function textOf(exchange: Exchange, name: string): string {
  return compileTemplate(variable(name))(exchange)
}

describe('RewriteRun', () => {
  it('changes nothing where nothing matches', () => {
    const { exchange, answer, isUriChanged } = run('/x?y', [rewrite('^/z', literal('/a'), 'last')])
    assert.deepEqual([exchange.uri, exchange.args], ['/x', 'y'])
    assert.equal(answer, null)
    assert.equal(isUriChanged, false)
    assert.equal(exchange.isInternal, false)
    assert.equal(exchange.isTargetKept, true)
  })

  it('changes the path and joins the arguments', () => {
    const { exchange, isUriChanged } = run('/a/b?y=1', [
      rewrite('^/a/(.*)$', ['/c/', { variable: '1' }, '?x=', { variable: '1' }], 'last'),
      set('never', literal('reached')),
    ])
    assert.deepEqual([exchange.uri, exchange.args], ['/c/b', 'x=b&y=1'])
    assert.equal(isUriChanged, true)
    assert.equal(exchange.ownVariables, null)
    assert.equal(exchange.isLocationKept, true)
  })

  it('drops the arguments where it is told to', () => {
    const { exchange } = run('/a?y=1', [rewrite('^', literal('/b'), 'none', true)])
    assert.equal(exchange.args, '')
  })

  it('stays in its location after break, with a path that it has not matched', () => {
    for (const steps of [
      [rewrite('^', literal('/b'), 'break')],
      [rewrite('^', literal('/b')), { kind: 'break', origin } as const],
    ]) {
      const { exchange, isUriChanged } = run('/a', steps)
      assert.equal(isUriChanged, false)
      assert.equal(exchange.isLocationKept, false)
    }
  })

  it('knows nothing of a head that comes again once a step has changed something', () => {
    for (const step of [
      rewrite('^', literal('/b')),
      set('args', literal('a')),
      set('proxy_host', literal('h')),
    ]) {
      const made = start('/a', [step])
      made.exchange.memo = {} as NonNullable<Exchange['memo']>
      made.run()
      assert.equal(made.exchange.memo, null)
    }
  })

  it('gives variables values, the last one holds', () => {
    const { exchange } = run('/a', [
      set('x', literal('1')),
      set('x', [{ variable: 'x' }, '2']),
      set('args', literal('z=3')),
    ])
    assert.equal(textOf(exchange, 'x'), '12')
    assert.equal(textOf(exchange, 'arg_z'), '3')
  })

  it('jumps over what an if has that does not hold', () => {
    const steps = [
      when(equal('uri', '/a'), [set('x', literal('a'))]),
      when(equal('uri', '/b'), [set('x', literal('b')), set('y', literal('b'))]),
      set('z', literal('z')),
    ]
    const { exchange } = run('/b', steps)
    assert.deepEqual(Object.fromEntries(exchange.ownVariables!), { x: 'b', y: 'b', z: 'z' })
    assert.deepEqual(Object.fromEntries(run('/c', steps).exchange.ownVariables!), { z: 'z' })
  })

  it('takes an empty value and 0 for no', () => {
    const steps = [
      when({ kind: 'value', value: variable('arg_x'), isNegated: false }, [set('y', literal('1'))]),
    ]
    for (const [args, isTrue] of [
      ['', false],
      ['x=', false],
      ['x=0', false],
      ['x=00', true],
      ['x=1', true],
    ] as const) {
      assert.equal(run(`/?${args}`, steps).exchange.ownVariables !== null, isTrue, args)
    }
  })

  it('keeps the captures of what matched last, and none after what did not match', () => {
    const steps = [
      when(matches('uri', '^/(?<first>a)(b)?'), [
        set('x', ['[', { variable: '1' }, { variable: '2' }, ']']),
      ]),
      when(matches('args', '^(q)'), []),
      set('y', ['<', { variable: '1' }, '>', { variable: 'first' }]),
    ]
    assert.deepEqual(Object.fromEntries(run('/a', steps).exchange.ownVariables!), {
      x: '[a]',
      y: '<>a',
    })
    assert.equal(textOf(run('/ab?q', steps).exchange, 'y'), '<q>a')
  })

  it('lets a capture take the place of what was set, and the other way', () => {
    const { exchange } = run('/a', [
      set('n', literal('set')),
      when(matches('uri', '^/(?<n>a)'), []),
      set('before', variable('n')),
      set('n', literal('again')),
    ])
    assert.equal(textOf(exchange, 'before'), 'a')
    assert.equal(textOf(exchange, 'n'), 'again')
  })

  it('ends with an answer, and does nothing more', () => {
    const { answer, exchange } = run('/a', [
      { kind: 'return', origin, status: 403, text: null },
      set('x', literal('1')),
    ])
    assert.notEqual(answer, null)
    assert.equal(exchange.ownVariables, null)
  })

  it('answers 500 when nothing is left of a path', () => {
    const { answer, exchange } = run('/a', [rewrite('^', [], 'last', true)])
    assert.notEqual(answer, null)
    assert.equal(exchange.uri, '')
  })

  it('leaves the location for that of the last if that holds', () => {
    const { location } = makeExchange(['GET / HTTP/1.1', 'Host: x'])
    const branchOf = (path: string): Location => ({
      origin,
      match: { kind: 'prefix', path, isFinal: false },
      settings: location!.settings,
      returns: null,
      action: { kind: 'files' },
      isInternal: false,
      locations: [],
    })
    const steps = [
      when(equal('arg_a', '1'), [], branchOf('/first')),
      when(equal('arg_b', '1'), [], branchOf('/second')),
    ]
    const pathOf = (target: string) => {
      const { branch, exchange } = run(target, steps)
      assert.equal(branch === null || branch === exchange.location, true)
      return branch?.config?.match
    }
    assert.equal(pathOf('/'), undefined)
    assert.deepEqual(pathOf('/?a=1'), { kind: 'prefix', path: '/first', isFinal: false })
    assert.deepEqual(pathOf('/?a=1&b=1'), { kind: 'prefix', path: '/second', isFinal: false })
  })

  it('stops where a file has to be looked at, and goes on with what was found', () => {
    const steps = [
      when(isFile('/one'), [set('x', literal('there'))]),
      when(isFile('/two', true), [set('y', literal('missing'))]),
    ]
    for (const found of [true, false]) {
      const made = start('/', steps)
      assert.equal(made.run(), false)
      assert.equal(made.fileTest?.path, '/one')
      assert.equal(made.resume(found), false)
      assert.equal(made.fileTest?.path, '/two')
      assert.equal(made.resume(found), true)
      const { ownVariables } = made.exchange
      assert.deepEqual([ownVariables!.has('x'), ownVariables!.has('y')], [found, !found])
    }
  })
})
