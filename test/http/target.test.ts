// Paths as nginx reads them (`$uri`, `merge_slashes`, and `proxy_pass` with a URI).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { escapeUri, normalizePath, pathEnd, splitTarget } from '../../src/http/target.ts'

const ROWS: readonly (readonly [raw: string, plain: string | null, unmerged?: string])[] = [
  ['/', '/'],
  ['/a/b', '/a/b'],
  ['/a/b/', '/a/b/'],
  ['/a.b/c..d/...', '/a.b/c..d/...'],
  ['/.a', '/.a'],
  ['/..a', '/..a'],
  ['//', '/', '//'],
  ['/a//b///c', '/a/b/c', '/a//b///c'],
  ['/.', '/'],
  ['/./', '/'],
  ['/a/.', '/a/'],
  ['/a/./b', '/a/b'],
  ['/a/..', '/'],
  ['/a/../b', '/b'],
  ['/a/b/..', '/a/'],
  ['/a/b/../../c', '/c'],
  ['/a//..', '/', '/a/'],
  ['/a//../b', '/b', '/a/b'],
  ['/a%20b', '/a b'],
  ['/%41%7A', '/Az'],
  ['/a%2fb', '/a/b'],
  ['/a/%2fb', '/a/b', '/a//b'],
  ['/a/%2e%2E/b', '/b'],
  ['/a/.%2e/b', '/b'],
  ['/a%2f..%2fb', '/b'],
  ['/a/%2e', '/a/'],
  ['/a%5cb', '/a\\b'],
  ['/a\\..\\b', '/a\\..\\b'],
  ['/a%25b', '/a%b'],
  ['/a%252e%252e/b', '/a%2e%2e/b'],
  ['/a%3fb', '/a?b'],
  ['/a%23b', '/a#b'],
  ['/caf%C3%A9', '/caf\xc3\xa9'],
  ['/%0d%0a%7f', '/\r\n\x7f'],
  ['*', '*'],
  ['', null],
  ['a', null],
  ['/..', null],
  ['/../a', null],
  ['/a/../../b', null],
  ['/%2e%2e', null],
  ['/%2e%2e/a', null],
  ['//..//..', null],
  ['/a/..%2f..%2fb', null],
  ['/%', null],
  ['/%4', null],
  ['/a%zz', null],
  ['/a%g0', null],
  ['/a%0g', null],
  ['/%00', null],
  ['/a%00b', null],
]

describe('normalizePath', () => {
  for (const [raw, plain, unmerged] of ROWS) {
    it(`${plain === null ? 'refuses' : 'makes plain'} ${raw}`, () => {
      const result = normalizePath(raw)
      if (plain === null) {
        assert.ok(typeof result !== 'string')
        assert.equal(result.failure, 'bad_path')
      } else {
        assert.equal(result, plain)
        assert.equal(normalizePath(raw, false), unmerged ?? plain)
      }
    })
  }

  it('counts empty segments as segments where slashes are not merged', () => {
    assert.equal(normalizePath('//..', false), '/')
    assert.equal(normalizePath('//../a', false), '/a')
    assert.ok(typeof normalizePath('//../..', false) !== 'string')
  })

  it('never yields a path that climbs or repeats slashes', () => {
    const parts = ['/', '.', '..', '%2e', '%2f', 'a', '//']
    const texts = parts.flatMap(a =>
      parts.flatMap(b => parts.flatMap(c => parts.map(d => a + b + c + d))),
    )
    for (const text of texts) {
      const result = normalizePath(`/${text}`)
      if (typeof result !== 'string') continue
      assert.doesNotMatch(result, /\/\/|\/\.\.?(\/|$)/, text)
      assert.ok(result.startsWith('/'))
    }
  })
})

describe('splitTarget', () => {
  for (const [target, path, args] of [
    ['/a?b=c', '/a', 'b=c'],
    ['/a', '/a', ''],
    ['/a?', '/a', ''],
    ['/a?b?c', '/a', 'b?c'],
    ['/?a=/b', '/', 'a=/b'],
  ] as const) {
    it(`of ${target}`, () => {
      assert.deepEqual(splitTarget(target), { path, args })
      assert.equal(target.slice(0, pathEnd(target)), path)
    })
  }
})

describe('escapeUri', () => {
  it('leaves a path of plain bytes as it is', () => {
    const plain = "/aZ09-._~!$&'()*+,;=:@[]/"
    assert.equal(escapeUri(plain), plain)
  })

  it('escapes what cannot stand in a request line, in upper-case hex', () => {
    assert.equal(
      escapeUri('/a b%c?d#e"f<g>h\\i^j`k{l|m}n'),
      '/a%20b%25c%3Fd%23e%22f%3Cg%3Eh%5Ci%5Ej%60k%7Bl%7Cm%7Dn',
    )
    assert.equal(escapeUri('/\r\n\x00\x1f\x7f\x80\xff'), '/%0D%0A%00%1F%7F%80%FF')
  })

  it('gives back a path that normalizePath reads as the same', () => {
    for (const [raw, plain] of ROWS) {
      if (plain !== null && plain !== '*') assert.equal(normalizePath(escapeUri(plain)), plain, raw)
    }
  })
})
