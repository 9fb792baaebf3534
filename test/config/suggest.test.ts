// "Did you mean".

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { nearest } from '../../src/config/suggest.ts'

const KNOWN = ['weight', 'max_fails', 'backup', 'down', 'listen', 'root', 'proxy_pass']

describe('nearest', () => {
  const rows: readonly (readonly [word: string, meant: string | null])[] = [
    ['wieght', 'weight'],
    ['maxfails', 'max_fails'],
    ['Backup', 'backup'],
    ['dwon', 'down'],
    ['proxypass', 'proxy_pass'],
    ['roto', 'root'],
    ['boat', null],
    ['xy', null],
    ['', null],
    ['something_else_entirely', null],
  ]
  for (const [word, meant] of rows) {
    it(`takes "${word}" for ${meant ?? 'nothing'}`, () => assert.equal(nearest(word, KNOWN), meant))
  }

  it('does not offer the word itself', () => assert.equal(nearest('down', ['down']), null))

  it('prefers the first of equals', () => assert.equal(nearest('ab', ['ac', 'ad']), 'ac'))

  it('is quick with a very long word', () => {
    assert.equal(nearest('a'.repeat(1_000_000), KNOWN), null)
  })
})
