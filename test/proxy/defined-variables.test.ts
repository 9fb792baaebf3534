import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { BUILT_IN } from '../../src/model/origin.ts'
import type {
  GeoDefinition,
  MapDefinition,
  VariableDefinition,
} from '../../src/model/variable-definitions.ts'
import { compileDefinitions, listStable } from '../../src/proxy/defined-variables.ts'
import type { Exchange } from '../../src/proxy/exchange.ts'
import { compileTemplate, defineNames } from '../../src/proxy/variables.ts'
import { makeExchange } from './exchange-fixture.ts'

function map(name: string, source: string, parts: Partial<MapDefinition> = {}): MapDefinition {
  return {
    kind: 'map',
    origin: BUILT_IN,
    name,
    source: [{ variable: source }],
    isByHostname: false,
    isVolatile: false,
    texts: [],
    regexes: [],
    default: [{ variable: source }],
    ...parts,
  }
}

function geo(parts: Partial<GeoDefinition>): GeoDefinition {
  return {
    kind: 'geo',
    origin: BUILT_IN,
    name: 'net',
    source: null,
    isVolatile: false,
    networks: [],
    proxies: [],
    isRecursive: false,
    default: 'none',
    ...parts,
  }
}

/** An exchange under a configuration that defines these. */
function exchangeWith(
  definitions: readonly VariableDefinition[],
  lines: readonly string[] = [],
): Exchange {
  const exchange = makeExchange(['GET /path?a=1 HTTP/1.1', 'Host: example.org', ...lines])
  Object.assign(exchange.snapshot, { definedVariables: compileDefinitions(definitions) })
  return exchange
}

function value(exchange: Exchange, name: string): string {
  return compileTemplate([{ variable: name }])(exchange)
}

describe('compileDefinitions', () => {
  it('keeps a value for the exchange where its source may change', () => {
    const exchange = exchangeWith([map('frozen', 'uri'), map('fluid', 'uri', { isVolatile: true })])
    assert.deepEqual([value(exchange, 'frozen'), value(exchange, 'fluid')], ['/path', '/path'])
    exchange.uri = '/elsewhere'
    assert.deepEqual([value(exchange, 'frozen'), value(exchange, 'fluid')], ['/path', '/elsewhere'])
  })

  it('keeps nothing where nothing can change', () => {
    const exchange = exchangeWith([map('steady', 'http_host'), map('above', 'steady')])
    assert.equal(value(exchange, 'above'), 'example.org')
    assert.equal(exchange.ownVariables, null)
  })

  it('gives way to a value that was set', () => {
    const exchange = exchangeWith([map('given', 'http_host')])
    exchange.ownVariables = new Map([['given', 'set']])
    assert.equal(value(exchange, 'given'), 'set')
  })

  it('keeps the captures of a regex, and the value that goes with them', () => {
    const regexes = [
      { pattern: '^(?<head>.)(.*)$', isCaseInsensitive: false, value: [{ variable: '2' }] },
    ]
    const exchange = exchangeWith([map('tail', 'http_host', { regexes })])
    exchange.captures = ['before']
    assert.equal(value(exchange, 'tail'), 'xample.org')
    assert.equal(value(exchange, 'head'), 'e')
    assert.equal(value(exchange, '2'), 'xample.org')
    exchange.captures = ['another', 'x', 'y']
    assert.equal(value(exchange, 'tail'), 'xample.org')
    assert.equal(value(exchange, '2'), 'y')
  })

  it('lets the later of two definitions count', () => {
    const exchange = exchangeWith([map('twice', 'uri'), map('twice', 'args')])
    assert.equal(value(exchange, 'twice'), 'a=1')
  })

  it('ends definitions that go round', () => {
    const exchange = exchangeWith([map('one', 'two'), map('two', 'one'), map('free', 'http_host')])
    assert.equal(value(exchange, 'one'), '')
    assert.equal(value(exchange, 'free'), 'example.org')
  })

  it('ends a definition that asks itself twice on each round, and works out the next one', () => {
    const isVolatile = true
    const definitions = [map('one', 'two', { isVolatile }), map('two', 'one', { isVolatile })]
    const exchange = exchangeWith([...definitions, map('above', 'one'), map('free', 'http_host')])
    assert.equal(value(exchange, 'above'), '')
    const other = exchangeWith([...definitions, map('free', 'one', { default: ['end'] })])
    assert.equal(value(other, 'free'), 'end')
  })

  it('works a definition out once, however often others are made of it', () => {
    for (const source of ['http_host', 'arg_a']) {
      const chain = Array.from({ length: 90 }, (_, i) =>
        map(`m${i}`, i === 0 ? source : `m${i - 1}`),
      )
      assert.equal(value(exchangeWith(chain), 'm89'), source === 'arg_a' ? '1' : 'example.org')
      assert.deepEqual(listStable(chain).slice(0, 3), source === 'arg_a' ? [] : ['m0', 'm1', 'm2'])
    }
  })

  it('goes no deeper than a hundred definitions', () => {
    const chain = Array.from({ length: 5_000 }, (_, i) =>
      map(`m${i}`, i === 0 ? 'uri' : `m${i - 1}`),
    )
    const exchange = exchangeWith(chain)
    assert.equal(value(exchange, 'm4999'), '')
    assert.equal(value(exchange, 'm99'), '/path')
  })

  it('may define a name like those of a family', () => {
    const definitions = [map('http_x_own', 'http_host')]
    defineNames(definitions.map(({ name }) => name))
    try {
      const exchange = exchangeWith(definitions, ['X-Own: from the client'])
      assert.equal(value(exchange, 'http_x_own'), 'example.org')
    } finally {
      defineNames([])
    }
  })
})

describe('geo', () => {
  const networks = [
    { network: '192.0.2.0/24', value: 'client' },
    { network: '255.255.255.255', value: 'last' },
    { network: '203.0.113.1-203.0.113.9', value: 'range' },
  ]

  it('takes whom a trusted peer speaks for', () => {
    const exchange = exchangeWith([geo({ networks })])
    assert.equal(value(exchange, 'net'), 'client')
    const moved = exchangeWith([geo({ networks })])
    moved.realClient = { address: '203.0.113.5', port: 0 }
    assert.equal(value(moved, 'net'), 'range')
  })

  it('looks what is no address up as the last address', () => {
    for (const source of ['http_host', 'http_none']) {
      assert.equal(value(exchangeWith([geo({ networks, source })]), 'net'), 'last')
    }
  })

  it('believes proxies alone', () => {
    const fields = ['X-Forwarded-For: 203.0.113.5']
    const proxies = ['192.0.2.0/24']
    assert.equal(value(exchangeWith([geo({ networks, proxies })], fields), 'net'), 'range')
    assert.equal(
      value(exchangeWith([geo({ networks, proxies: ['10.0.0.0/8'] })], fields), 'net'),
      'client',
    )
  })
})

describe('split_clients', () => {
  it('gives each part its share, and nothing to who is left', () => {
    const split: VariableDefinition = {
      kind: 'split',
      origin: BUILT_IN,
      name: 'part',
      source: [{ variable: 'arg_n' }],
      parts: [
        { share: 1000, value: 'tenth' },
        { share: 5000, value: 'half' },
      ],
    }
    const counts = new Map<string, number>()
    const exchange = exchangeWith([split])
    for (let n = 0; n < 10_000; n++) {
      exchange.args = `n=client${n}`
      exchange.ownVariables = null
      const part = value(exchange, 'part')
      counts.set(part, (counts.get(part) ?? 0) + 1)
    }
    const near = (part: string, wanted: number) =>
      assert.ok(Math.abs(counts.get(part)! - wanted) < 300, `${part}: ${counts.get(part)}`)
    near('tenth', 1000)
    near('half', 5000)
    near('', 4000)
  })
})
