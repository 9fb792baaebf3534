// What the control socket takes about caches, and what it says to the rest.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  chosenCaches,
  readListOrder,
  readPurgeOrder,
} from '../../../src/control/cache/cache-orders.ts'
import { OrderRefused } from '../../../src/control/control-socket.ts'

const refused = (says: RegExp) => (error: unknown) =>
  error instanceof OrderRefused && says.test(error.message)

describe('readPurgeOrder', () => {
  const plain = { url: null, isSoft: false, cache: null }
  const ROWS: { name: string; order: unknown; expected: unknown }[] = [
    {
      name: 'a URL, whose keys a worker knows',
      order: { url: 'http://a/é' },
      expected: { ...plain, url: 'http://a/é', scope: null },
    },
    {
      name: 'a key as its bytes',
      order: { key: '/é', soft: true, cache: 'pages' },
      expected: {
        url: null,
        scope: { kind: 'keys', keys: ['/Ã©'] },
        isSoft: true,
        cache: 'pages',
      },
    },
    {
      name: 'a start, with or without an asterisk',
      order: { prefix: '/a*' },
      expected: { ...plain, scope: { kind: 'prefix', prefix: '/a', isOfKey: false } },
    },
    {
      name: 'a tag',
      order: { tag: 'red', all: false },
      expected: { ...plain, scope: { kind: 'tag', tag: 'red' } },
    },
    { name: 'all', order: { all: true }, expected: { ...plain, scope: { kind: 'all' } } },
  ]
  for (const { name, order, expected } of ROWS) {
    it(`takes ${name}`, () => assert.deepEqual(readPurgeOrder(order), expected))
  }

  const REFUSED: { name: string; order: unknown; says: RegExp }[] = [
    { name: 'nothing', order: null, says: /^a purge wants one of url, key, prefix, tag, all$/ },
    { name: 'two things', order: { all: true, tag: 'a' }, says: /wants one of/ },
    { name: 'an empty key', order: { key: '' }, says: /^"key" wants a text$/ },
    { name: 'a number', order: { tag: 3 }, says: /^"tag" wants a text$/ },
    { name: 'a list', order: ['all'], says: /^the body is no JSON object$/ },
    { name: 'a text', order: 'all', says: /^the body is no JSON object$/ },
    { name: 'a misspelt name', order: { prefx: '/a' }, says: /did you mean "prefix"\?$/ },
    { name: 'soft as a text', order: { all: true, soft: 'no' }, says: /^"soft" is true or false$/ },
    { name: 'an empty cache', order: { all: true, cache: '' }, says: /^"cache" wants a text$/ },
  ]
  for (const { name, order, says } of REFUSED) {
    it(`refuses ${name}`, () => assert.throws(() => readPurgeOrder(order), refused(says)))
  }
})

describe('readListOrder', () => {
  it('takes nothing, and everything', () => {
    assert.deepEqual(readListOrder(null), { prefix: '', countMax: 100, cache: null })
    const order = { prefix: 'http://a/', limit: 5, cache: 'pages' }
    assert.deepEqual(readListOrder(order), { prefix: 'http://a/', countMax: 5, cache: 'pages' })
  })

  for (const limit of [0, -1, 1.5, '10', 1e9, null]) {
    it(`refuses ${JSON.stringify(limit)} as a limit`, () => {
      assert.throws(() => readListOrder({ limit }), refused(/^"limit" is a number from 1 to/))
    })
  }
})

describe('chosenCaches', () => {
  const caches = [{ path: { name: 'pages' } }, { path: { name: 'images' } }]
  it('means all, or one by its name', () => {
    assert.deepEqual(chosenCaches(caches, null), caches)
    assert.deepEqual(chosenCaches(caches, 'images'), [caches[1]])
  })

  it('says which names there are', () => {
    assert.throws(() => chosenCaches(caches, 'image'), refused(/did you mean "images"\?$/))
    assert.throws(() => chosenCaches(caches, 'x'), refused(/there is pages, images$/))
    assert.throws(() => chosenCaches([], null), refused(/^the configuration has no cache$/))
  })
})
