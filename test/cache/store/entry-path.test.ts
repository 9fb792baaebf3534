// Names and places of entries' files; the example is nginx's own.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  entryPath,
  levelDirectories,
  parseEntryName,
  temporaryPath,
} from '../../../src/cache/store/entry-path.ts'

const HEX = 'b7f54b2df7773722d382f4809d65029c'

describe('entryPath', () => {
  const rows: [string, readonly number[], string][] = [
    ['the documented levels=1:2', [1, 2], `/data/nginx/cache/c/29/${HEX}`],
    ['one level of two digits', [2], `/data/nginx/cache/9c/${HEX}`],
    ['three levels', [2, 2, 1], `/data/nginx/cache/9c/02/5/${HEX}`],
    ['no levels', [], `/data/nginx/cache/${HEX}`],
  ]
  for (const [name, levels, path] of rows) {
    it(`takes the digits from the end: ${name}`, () => {
      assert.equal(entryPath('/data/nginx/cache', levels, HEX), path)
    })
  }
})

describe('levelDirectories', () => {
  it('names the directories above a file from the outermost on', () => {
    assert.deepEqual(levelDirectories('/c', [1, 2], HEX), ['/c/c', '/c/c/29'])
    assert.deepEqual(levelDirectories('/c', [], HEX), [])
  })
})

describe('parseEntryName', () => {
  it('knows an entry and a file that is being written', () => {
    assert.deepEqual(parseEntryName(HEX), { kind: 'entry', hex: HEX })
    const path = temporaryPath('/c', HEX, 'p12r0a', 0xabc)
    assert.equal(path, `/c/${HEX}.p12r0a.000000000abc`)
    const name = path.slice('/c/'.length)
    assert.deepEqual(parseEntryName(name), { kind: 'temporary', hex: HEX, run: 'p12r0a' })
  })

  const others = [
    '',
    'index.html',
    HEX.toUpperCase(),
    HEX.slice(1),
    `${HEX}0`,
    `${HEX}.run`,
    `${HEX}.run.00000000000g`,
    `${HEX}.run.000000000abc.bak`,
    `.${HEX}`,
  ]
  for (const name of others) {
    it(`leaves other people's files alone: "${name}"`, () => {
      assert.equal(parseEntryName(name), null)
    })
  }
})
