// From a request target to a path, and from one path to another within a server.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  findNamedLocation,
  REDIRECTS_MAX,
  readTarget,
  redirectInternally,
  setCaptures,
} from '../../src/proxy/route.ts'
import { makeExchange } from './exchange-fixture.ts'

const get = (target: string) => makeExchange([`GET ${target} HTTP/1.1`, 'Host: a'])

describe('readTarget', () => {
  const rows: readonly (readonly [target: string, uri: string, args: string])[] = [
    ['/', '/', ''],
    ['/a/b', '/a/b', ''],
    ['/a?b=c', '/a', 'b=c'],
    ['/a?', '/a', ''],
    ['/a?b?c', '/a', 'b?c'],
    ['/a%3Fb?c', '/a?b', 'c'],
    ['/a/./b/../c//d', '/a/c/d', ''],
    ['/a%2e%2e/b', '/a../b', ''],
    ['/a/%2e%2E/b', '/b', ''],
    ['/a%2Fb', '/a/b', ''],
    ['/a?x=/../..', '/a', 'x=/../..'],
    ['/%e4', '/\xe4', ''],
  ]
  for (const [target, uri, args] of rows) {
    it(`reads ${target}`, () => {
      const exchange = get(target)
      assert.equal(exchange.uri, uri)
      assert.equal(exchange.args, args)
    })
  }

  it('refuses a path that leaves the root, and leaves the exchange as it was', () => {
    const exchange = get('/good?args')
    exchange.head.target = '/../bad'
    assert.equal(readTarget(exchange)?.failure, 'bad_path')
    assert.deepEqual([exchange.uri, exchange.args], ['/good', 'args'])
  })
})

describe('redirectInternally', () => {
  it('sets path and query as they are written, and marks the exchange', () => {
    const exchange = get('/a?b')
    assert.equal(redirectInternally(exchange, '/error/404.html?from=a'), null)
    assert.deepEqual([exchange.uri, exchange.args], ['/error/404.html', 'from=a'])
    assert.equal(exchange.isInternal, true)
  })

  it('drops the query of the request where none is written', () => {
    const exchange = get('/a?b')
    redirectInternally(exchange, '/c')
    assert.equal(exchange.args, '')
  })

  it(`fails at the ${REDIRECTS_MAX + 1}th, so that a circle ends`, () => {
    const exchange = get('/a')
    for (let i = 0; i < REDIRECTS_MAX; i++) assert.equal(redirectInternally(exchange, '/a'), null)
    assert.equal(redirectInternally(exchange, '/a')?.failure, 'internal')
  })

  it('counts named locations too', () => {
    const exchange = get('/a')
    // What the search looks at.
    const server = { locations: { findNamed: () => null } }
    exchange.server = server as unknown as typeof exchange.server
    for (let i = 0; i < REDIRECTS_MAX; i++) findNamedLocation(exchange, 'x')
    assert.equal(redirectInternally(exchange, '/a')?.failure, 'internal')
  })
})

describe('setCaptures', () => {
  it('replaces numbers and adds names to those of before', () => {
    const exchange = get('/a')
    setCaptures(exchange, /^(?<host>\w+)\.(\w+)$/.exec('www.test')!)
    setCaptures(exchange, /^\/(?<path>.*)$/.exec('/x')!)
    assert.deepEqual([...exchange.captures!], ['/x', 'x'])
    assert.deepEqual({ ...exchange.namedCaptures }, { host: 'www', path: 'x' })
  })
})
