// How findings are gathered and printed.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { countText, DiagnosticList, renderDiagnostics } from '../../src/config/diagnostic.ts'
import { makeSource, originAt } from '../../src/config/source.ts'
import { LIMITS } from '../../src/model/limits.ts'

const source = makeSource('a.conf', '  user x;\n\tlisten\t80x;\n# 设置 80y;\n')
const sources = new Map([['a.conf', source]])

describe('DiagnosticList', () => {
  it('has errors only after an error', () => {
    const list = new DiagnosticList()
    list.notice('n', originAt(source, 0, 1))
    list.warning('w', originAt(source, 0, 1))
    assert.equal(list.hasErrors, false)
    assert.equal(list.isFull, false)
    list.error('e', originAt(source, 0, 1))
    assert.equal(list.hasErrors, true)
  })

  it('says that there is more instead of growing without end, and still knows of errors', () => {
    const list = new DiagnosticList()
    for (let count = 0; count < LIMITS.diagnosticsMax + 5; count++) {
      list.warning('w', originAt(source, 0, 1))
    }
    list.error('e', originAt(source, 0, 1))
    assert.equal(list.items.length, LIMITS.diagnosticsMax + 1)
    assert.equal(list.isFull, true)
    assert.match(list.items.at(-1)!.message, /the rest is not shown/)
    assert.equal(list.hasErrors, true)
  })

  it('forgets what is taken back', () => {
    const list = new DiagnosticList()
    list.warning('w', originAt(source, 0, 1))
    list.error('e', originAt(source, 0, 1))
    list.rewind(1)
    assert.deepEqual([list.items.length, list.hasErrors], [1, false])
  })
})

describe('renderDiagnostics', () => {
  it('prints place, source line, carets and hint, sorted by place', () => {
    const list = new DiagnosticList()
    list.error('invalid port', originAt(source, 18, 21), 'a port is a number')
    list.notice('no effect', originAt(source, 2, 6))
    assert.equal(
      renderDiagnostics(list.items, sources),
      [
        'a.conf:1:3: notice: no effect',
        '    user x;',
        '    ^^^^',
        'a.conf:2:9: error: invalid port',
        '    listen 80x;',
        '           ^^^',
        '  hint: a port is a number',
        '',
      ].join('\n'),
    )
  })

  it('puts carets under the right letters after wide ones', () => {
    const list = new DiagnosticList()
    const start = source.text.indexOf('80y')
    list.error('e', originAt(source, start, start + 3))
    const lines = renderDiagnostics(list.items, sources).split('\n')
    assert.equal(lines[1], '    # 设置 80y;')
    assert.equal(lines[2], `${' '.repeat(4 + 2 + 4 + 1)}^^^`)
  })

  it('never lets control characters through', () => {
    const bad = makeSource('b\x1b[31m', 'x \x1b[2J y\n')
    const list = new DiagnosticList()
    list.error('text "\x1b]0;owned\x07"', originAt(bad, 2, 3), 'h\x9b')
    const text = renderDiagnostics(list.items, new Map([[bad.file, bad]]))
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
  })

  it('shows a part of a long line', () => {
    const long = makeSource('l', `${'a '.repeat(500)}HERE${' b'.repeat(500)}`)
    const list = new DiagnosticList()
    list.error('e', originAt(long, 1000, 1004))
    const [, line = '', carets = ''] = renderDiagnostics(list.items, new Map([['l', long]])).split(
      '\n',
    )
    assert.ok(line.length < 130, `${line.length}`)
    assert.equal(line.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1), 'HERE')
  })

  it('prints what has no place in a text, and what has no text', () => {
    const list = new DiagnosticList()
    list.error('cannot open', { file: 'none', line: 0, column: 0, endColumn: 0 })
    list.error('gone', { file: 'other', line: 3, column: 1, endColumn: 2 })
    const text = renderDiagnostics(list.items, sources)
    assert.equal(text, 'none: error: cannot open\nother:3:1: error: gone\n')
  })

  it('colours only when asked', () => {
    const list = new DiagnosticList()
    list.error('e', originAt(source, 0, 1))
    assert.doesNotMatch(renderDiagnostics(list.items, sources), /\x1b/)
    assert.match(
      renderDiagnostics(list.items, sources, { color: true }),
      /\x1b\[1;31merror\x1b\[0m/,
    )
  })
})

describe('countText', () => {
  it('counts by severity', () => {
    const list = new DiagnosticList()
    assert.equal(countText(list.items), '')
    list.error('e', originAt(source, 0, 1))
    list.error('e', originAt(source, 0, 1))
    list.notice('n', originAt(source, 0, 1))
    assert.equal(countText(list.items), '2 errors, 1 notice')
  })
})
