// Words and punctuation as nginx cuts them, with their places.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { DiagnosticList } from '../../../src/config/diagnostic.ts'
import { Lexer, partOrigin, type Word } from '../../../src/config/nginx/lexer.ts'
import { makeSource } from '../../../src/config/source.ts'

function tokens(text: string): { shown: string[]; words: Word[]; messages: string[] } {
  const diagnostics = new DiagnosticList()
  const lexer = new Lexer(makeSource('t', text), diagnostics)
  const shown: string[] = []
  const words: Word[] = []
  for (let token = lexer.next(); token.kind !== 'end'; token = lexer.next()) {
    if (token.kind === 'word') {
      words.push(token.word)
      shown.push(`<${token.word.text}>`)
    } else {
      shown.push(token.kind)
    }
  }
  return { shown, words, messages: diagnostics.items.map(item => item.message) }
}

describe('Lexer', () => {
  const rows: readonly (readonly [name: string, text: string, shown: string])[] = [
    ['cuts at blanks, ";" and "{"', 'a b;c{d;}', '<a> <b> ; <c> { <d> ; }'],
    ['keeps "}" inside a word', 'a}b;', '<a}b> ;'],
    ['starts comments only where a word could start', 'a#b #c\nd', '<a#b> <d>'],
    ['takes the last line without its end', 'a #b', '<a>'],
    ['lets "${" not open a block', 'a${b}c{', '<a${b}c> {'],
    ['opens a block after "$a{"', '$a{', '<$a> {'],
    ['quotes with both quotes', `"a b" 'c;d'`, '<a b> <c;d>'],
    ['sees quotes only at the start of a word', 'a"b" c', '<a"b"> <c>'],
    ['undoes its six escapes', `"\\"\\'\\\\\\t\\r\\n"`, '<"\'\\\t\r\n>'],
    ['keeps other backslashes', 'a\\.b\\;c', '<a\\.b\\;c>'],
    ['keeps a blank after a backslash', 'a\\ b', '<a\\ b>'],
    ['has empty words', `"" ''`, '<> <>'],
    ['treats CR as a blank', 'a\r\nb', '<a> <b>'],
    ['takes a line break inside quotes', '"a\nb"', '<a\nb>'],
    ['is content with nothing', '', ''],
  ]
  for (const [name, text, shown] of rows) {
    it(name, () => {
      const found = tokens(text)
      assert.equal(found.shown.join(' '), shown)
      assert.deepEqual(found.messages, [])
    })
  }

  it('refuses what follows a closing quote', () => {
    const found = tokens('"a"b;')
    assert.equal(found.shown.join(' '), '<a> <b> ;')
    assert.deepEqual(found.messages, ['unexpected "b"'])
  })

  it('goes on after the line of a quote that is not closed', () => {
    const found = tokens('a "b c;\nd;')
    assert.equal(found.shown.join(' '), '<a> <b c> ; <d> ;')
    assert.deepEqual(found.messages, ['unexpected end of file, expecting ";" or "}"'])
  })

  it('takes a quote with more than 4096 characters for one that is not closed', () => {
    const found = tokens(`a "b;\n${'x'.repeat(5000)}\nc "d";`)
    assert.deepEqual(found.messages.slice(0, 1), [
      'too long parameter, probably missing terminating """ character',
    ])
  })

  it('points at characters inside a word, and at all of it where escapes moved them', () => {
    const [plain, escaped] = tokens('"abc" "a\\tc"').words
    assert.deepEqual(partOrigin(plain!, 1, 2), { file: 't', line: 1, column: 3, endColumn: 4 })
    assert.deepEqual(partOrigin(escaped!, 1, 2), { file: 't', line: 1, column: 7, endColumn: 13 })
  })
})
