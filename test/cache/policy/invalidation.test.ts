// What answers to unsafe methods make invalid: RFC 9111 §4.4, RFC 9110 §9.2.1.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { invalidatedTargets } from '../../../src/cache/policy/invalidation.ts'
import { request, response } from './policy-heads.ts'

function of(method: string, status: number, lines: readonly string[] = [], scheme = 'http') {
  return invalidatedTargets(request([], `${method} /a?b`), response(lines, status), scheme)
}

describe('invalidatedTargets', () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'FOO', 'get']) {
    it(`is the target after ${method}`, () => assert.deepEqual(of(method, 200), ['/a?b']))
  }
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY']) {
    it(`is nothing after ${method}`, () => {
      assert.deepEqual(of(method, 200, ['Location: /c', 'Content-Location: /d']), [])
    })
  }
  for (const status of [200, 201, 204, 299, 301, 303, 307, 399]) {
    it(`is the target after ${status}`, () => assert.deepEqual(of('POST', status), ['/a?b']))
  }
  for (const status of [400, 404, 412, 500, 503, 599]) {
    it(`is nothing after ${status}`, () => {
      assert.deepEqual(of('POST', status, ['Location: /c']), [])
    })
  }

  const PLACES: readonly (readonly [reference: string, target: string | null])[] = [
    ['/c', '/c'],
    ['c', '/c'],
    ['?c', '/a?c'],
    ['', null],
    ['/c/../d#e', '/d'],
    ['http://example.com/c?d', '/c?d'],
    ['HTTP://EXAMPLE.com:80/c', '/c'],
    ['//example.com/c', '/c'],
    ['http://example.com', '/'],
    ['http://example.com:81/c', null],
    ['http://example.org/c', null],
    ['http://example.com.example.org/c', null],
    ['https://example.com/c', null],
    ['ftp://example.com/c', null],
    ['http://', null],
    ['http://[', null],
  ]
  for (const name of ['Location', 'Content-Location']) {
    for (const [reference, target] of PLACES) {
      it(`is ${target ?? 'not'} for ${name}: ${reference}`, () => {
        const targets = of('POST', 201, [`${name}: ${reference}`])
        assert.deepEqual(targets, target === null ? ['/a?b'] : ['/a?b', target])
      })
    }
  }

  it('has both fields in it, and each target once', () => {
    const lines = ['Location: /c', 'Content-Location: /d']
    assert.deepEqual(of('POST', 201, lines), ['/a?b', '/c', '/d'])
    assert.deepEqual(of('POST', 201, ['Location: /c', 'Content-Location: /c']), ['/a?b', '/c'])
  })

  it('knows the port that goes without saying', () => {
    assert.deepEqual(of('POST', 201, ['Location: https://example.com:443/c'], 'https'), [
      '/a?b',
      '/c',
    ])
  })
})
