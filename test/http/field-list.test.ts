// The list of fields and the numbers of known names.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FIELD, FieldList, hashName, lookupFieldId } from '../../src/http/field-list.ts'
import { goodRequest } from './parse-text.ts'

describe('lookupFieldId', () => {
  it('knows every name of the table and no other', () => {
    for (const [key, id] of Object.entries(FIELD)) {
      const name = key.replaceAll('_', '-')
      assert.equal(lookupFieldId(name), name === 'unknown' ? 0 : id, name)
      assert.equal(lookupFieldId(`${name}x`), 0)
      assert.equal(lookupFieldId(name.slice(1)), 0)
    }
  })

  it('has one number for each name', () => {
    const ids = Object.values(FIELD)
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(Math.max(...ids) < 256)
  })
})

describe('FieldList', () => {
  it('finds every known name in any case, by id and by name', () => {
    for (const [key, id] of Object.entries(FIELD)) {
      if (id === 0 || id === FIELD.host) continue
      const name = key.replaceAll('_', '-')
      const value =
        id === FIELD.content_length ? '0' : id === FIELD.transfer_encoding ? 'chunked' : ''
      if (id === FIELD.expect) continue
      const line = `${name.toUpperCase()}: ${value}`
      const { fields } = goodRequest(`GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`)
      assert.equal(fields.findId(id), 1, name)
      assert.equal(fields.findName(name, hashName(name)), 1, name)
      assert.equal(fields.hash(1), hashName(name))
    }
  })

  it('tells names of the same hash apart', () => {
    const twin = twinOf('host')
    assert.equal(hashName(twin), hashName('host'))
    const { fields } = goodRequest(`GET / HTTP/1.1\r\nHost: a\r\n${twin}: b\r\n\r\n`)
    assert.equal(fields.id(1), 0)
    assert.equal(fields.findName(twin, hashName(twin)), 1)
    assert.equal(fields.findName('host', hashName('host')), 0)
    assert.equal(fields.findName('host', hashName('host'), 1), -1)
  })

  it('finds the next of several', () => {
    const { fields } = goodRequest(
      'GET / HTTP/1.1\r\nHost: a\r\nCookie: 1\r\nX: 2\r\nCOOKIE: 3\r\nx: 4\r\n\r\n',
    )
    assert.equal(fields.findId(FIELD.cookie), 1)
    assert.equal(fields.findId(FIELD.cookie, 2), 3)
    assert.equal(fields.findId(FIELD.cookie, 4), -1)
    assert.equal(fields.findName('x', hashName('x'), 3), 4)
    assert.equal(fields.findId(FIELD.range), -1)
  })

  it('grows beyond its first size and keeps what it has', () => {
    const list = new FieldList()
    for (let i = 0; i < 100; i++) list.add(i, i + 1, i + 2, i + 3, i + 4, i + 5, i % 80, 1)
    for (let i = 0; i < 100; i++) {
      const spans = [list.nameStart(i), list.nameEnd(i), list.valueStart(i), list.valueEnd(i)]
      assert.deepEqual(spans, [i, i + 1, i + 2, i + 3])
      assert.deepEqual([list.lineEnd(i), list.hash(i), list.id(i)], [i + 4, i + 5, i % 80])
    }
  })

  it('says where its lines are, so that they may be copied', () => {
    const text = 'GET / HTTP/1.1\r\nHost: a\r\nA:b\r\nC: d\r\n\r\n'
    const { fields } = goodRequest(text)
    const lines = [0, 1, 2].map(i => text.slice(fields.lineStart(i), fields.lineEnd(i)))
    assert.deepEqual(lines, ['Host: a\r\n', 'A:b\r\n', 'C: d\r\n'])
    assert.equal(fields.text, text)
    assert.equal(fields.isAllCanonical(), false)
    fields.hide(1)
    assert.equal(fields.isAllCanonical(), true)
  })

  it('does not find a dropped field, but finds a hidden one', () => {
    const { fields } = goodRequest('GET / HTTP/1.1\r\nHost: a\r\nCookie: 1\r\nDate: 2\r\n\r\n')
    fields.hide(1)
    fields.drop(2)
    assert.deepEqual([fields.findId(FIELD.cookie), fields.findId(FIELD.date)], [1, -1])
    assert.equal(fields.findName('date', hashName('date')), -1)
    assert.deepEqual(
      [fields.isHidden(0), fields.isHidden(1), fields.isHidden(2)],
      [false, true, true],
    )
  })
})

/** Another name with the same hash: two up in one place are 62 down in the next. */
function twinOf(name: string): string {
  for (let i = 0; i + 1 < name.length; i++) {
    const first = name.charCodeAt(i)
    const second = name.charCodeAt(i + 1)
    for (const step of [2, -2]) {
      const twin =
        name.slice(0, i) + String.fromCharCode(first + step, second - 31 * step) + name.slice(i + 2)
      if (hashName(twin) === hashName(name) && /^[a-z0-9-]+$/.test(twin)) return twin
    }
  }
  throw new Error(`no twin of ${name}`)
}
